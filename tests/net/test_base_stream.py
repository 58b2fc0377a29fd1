"""Reads, writes, limits and closing, over real sockets on both kinds of loop."""

from __future__ import annotations

import asyncio
import functools
import gc
import socket
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from tests.conftest import LogWatch
from tests.support.streams import (
    LOOPS,
    Run,
    pair,
    reset,
    runner_of,
    stream_and_socket,
    tcp_sockets,
    tls_pair,
    turns,
    until,
    within,
)

from whirlwind._net import whole_cy
from whirlwind.iostream import (
    IOStream,
    StreamBufferFullError,
    StreamClosedError,
    UnsatisfiableReadError,
)


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest) -> Run:
    return runner_of(request.param)


READS: dict[str, tuple[Callable[[IOStream], asyncio.Future[Any]], Any]] = {
    "until": (lambda stream: stream.read_until(b"\r\n"), b"one\r\n"),
    "regex": (lambda stream: stream.read_until_regex(rb"\r?\n"), b"one\r\n"),
    "bytes": (lambda stream: stream.read_bytes(7), b"one\r\ntw"),
    "into": (lambda stream: stream.read_into(bytearray(7)), 7),
    "until close": (lambda stream: stream.read_until_close(), b"one\r\ntwo"),
}


@pytest.mark.parametrize("kind", READS)
@pytest.mark.parametrize("cut", range(9))
def test_where_the_bytes_are_cut_does_not_matter(run: Run, kind: str, cut: int) -> None:
    start, expected = READS[kind]

    async def body() -> None:
        for early in (True, False):
            stream, peer = stream_and_socket()
            if early:
                peer.send(b"one\r\ntwo"[:cut])
            future = start(stream)
            if not early:
                peer.send(b"one\r\ntwo"[:cut])
            await turns(3)
            peer.send(b"one\r\ntwo"[cut:])
            peer.close()
            assert await within(future) == expected
            stream.close()

    run(body)


def test_a_read_that_the_buffer_can_answer_takes_no_turn_of_the_loop(run: Run) -> None:
    async def body() -> None:
        stream, peer = stream_and_socket()
        peer.send(b"one\ntwo\nthree")
        futures = [
            stream.read_until(b"\n"),
            stream.read_until_regex(b"\n"),
            stream.read_bytes(1),
            stream.read_bytes(10, partial=True),
        ]
        assert [future.result() for future in futures] == [b"one\n", b"two\n", b"t", b"hree"]
        target = bytearray(3)
        peer.send(b"ab")
        assert stream.read_into(target, partial=True).result() == 2
        assert target == b"ab\0"
        assert stream.read_bytes(0).result() == b""
        stream.close()
        peer.close()

    run(body)


def test_bytes_that_are_put_back_come_first(run: Run) -> None:
    async def body() -> None:
        stream, peer = stream_and_socket()
        stream.set_close_callback(lambda: None)
        peer.send(b"one two")
        assert await within(stream.read_bytes(4)) == b"one "
        stream.unread(b"")
        stream.unread(b"1 ")
        assert await within(stream.read_bytes(5)) == b"1 two"
        stream.unread(b"three")
        await turns(3)
        peer.close()
        assert await within(stream.read_until_close()) == b"three"
        stream.close()

    run(body)


def test_a_write_that_the_socket_takes_is_done_at_once(run: Run) -> None:
    async def body() -> None:
        stream, peer = stream_and_socket()
        assert stream.write(b"now").done()
        assert peer.recv(10) == b"now"
        assert not stream.writing()
        stream.close()
        peer.close()

    run(body)


def test_each_write_tells_when_its_last_byte_is_on_the_wire(run: Run) -> None:
    async def body() -> None:
        stream, peer = pair()
        done: list[int] = []

        def note(number: int, _: object) -> None:
            done.append(number)

        sizes = [3_000_000, 5, 2_000_000, 1]
        futures = [stream.write(bytes([number]) * size) for number, size in enumerate(sizes)]
        for number, future in enumerate(futures):
            future.add_done_callback(functools.partial(note, number))
        assert not futures[0].done()
        got = 0
        for number, size in enumerate(sizes):
            assert await within(peer.read_bytes(size)) == bytes([number]) * size
            got += size
        await within(asyncio.gather(*futures))
        assert done == [0, 1, 2, 3]
        assert stream._total_write_done_index == stream._total_write_index == sum(sizes)
        stream.close()
        peer.close()

    run(body)


def test_frames_can_be_appended_to_the_write_buffer_directly(run: Run) -> None:
    async def body() -> None:
        stream, peer = pair()
        frames = [bytearray([number]) * 700_000 for number in range(4)]
        for frame in frames:
            view = memoryview(frame)
            assert stream._write_buffer is not None
            stream._write_buffer.append(view)
            stream._total_write_index += view.nbytes
        written = stream.write(b"")
        target = bytearray(2_800_000)
        assert await within(peer.read_into(target)) == len(target)
        assert target == b"".join(frames)
        await within(written)
        stream.close()
        peer.close()
        assert stream._write_buffer is None

    run(body)


def test_one_read_at_a_time(run: Run) -> None:
    async def body() -> None:
        stream, peer = stream_and_socket()
        first = stream.read_bytes(1)
        with pytest.raises(AssertionError, match="Already reading"):
            stream.read_bytes(1)
        peer.send(b"x")
        assert await within(first) == b"x"
        stream.close()
        peer.close()

    run(body)


def test_a_cancelled_read_loses_no_byte(run: Run) -> None:
    async def body() -> None:
        for late in (True, False):
            for start in (READS["bytes"][0], READS["into"][0], READS["until close"][0]):
                stream, peer = stream_and_socket()
                peer.send(b"ab")
                future = start(stream)
                future.cancel()
                assert stream.reading()
                assert stream._read_future is future
                if late:
                    peer.send(b"c")
                    await until(lambda: not stream.reading())
                else:
                    peer.send(b"c")
                assert await within(stream.read_bytes(3)) == b"abc"
                stream.close()
                peer.close()

    run(body)


def test_max_bytes_is_reached_and_not_passed(run: Run, logs: LogWatch) -> None:
    starts: tuple[Callable[[IOStream], asyncio.Future[bytes]], ...] = (
        lambda stream: stream.read_until(b"\n", max_bytes=4),
        lambda stream: stream.read_until_regex(rb"\n", max_bytes=4),
    )

    async def body() -> None:
        for start in starts:
            for late in (False, True):
                for wire, fits in ((b"abc\n", True), (b"abcd\n", False)):
                    stream, peer = stream_and_socket()
                    if not late:
                        peer.send(wire)
                    future = start(stream)
                    if late:
                        peer.send(wire)
                    if fits:
                        assert await within(future) == wire
                    else:
                        with pytest.raises(StreamClosedError) as caught:
                            await within(future)
                        assert isinstance(caught.value.real_error, UnsatisfiableReadError)
                        assert stream.closed()
                    stream.close()
                    peer.close()

    run(body)


@pytest.mark.parametrize("late", [False, True])
def test_the_read_buffer_is_filled_and_not_overfilled(run: Run, logs: LogWatch, late: bool) -> None:
    async def body(size: int, start: Callable[[IOStream], asyncio.Future[bytes]]) -> Any:
        stream, peer = stream_and_socket(max_buffer_size=1000)
        if not late:
            peer.send(b"x" * size)
            peer.close()
            try:
                return await within(start(stream))
            finally:
                stream.close()
        future = start(stream)
        peer.send(b"x" * size)
        peer.close()
        try:
            return await within(future)
        finally:
            stream.close()

    async def fits() -> None:
        assert await body(1000, IOStream.read_until_close) == b"x" * 1000
        assert await body(1001, lambda stream: stream.read_bytes(1000)) == b"x" * 1000

    run(fits)

    async def over() -> None:
        for start in (IOStream.read_until_close, lambda stream: stream.read_until(b"y")):
            with pytest.raises(StreamBufferFullError) as caught:
                await body(1001, start)
            assert isinstance(caught.value, StreamClosedError)
            assert isinstance(caught.value.real_error, StreamBufferFullError)

    with logs.expect("whirlwind.general", "Reached maximum", 2 if not late else 4):
        run(over)


def test_reading_into_memory_is_not_bound_by_the_buffer(run: Run) -> None:
    async def body() -> None:
        stream, peer = stream_and_socket(max_buffer_size=100)
        peer.send(b"x" * 1000)
        assert await within(stream.read_into(bytearray(1000))) == 1000
        stream.close()
        peer.close()

    run(body)


def test_the_write_buffer_is_filled_and_not_overfilled(run: Run) -> None:
    async def body() -> None:
        stream, peer = pair(max_write_buffer_size=1000)
        while not stream.writing():
            stream.write(b"x" * 1000)
        held = len(stream._write_buffer or b"")
        pending = stream.write(b"y" * (1000 - held)) if held < 1000 else None
        with pytest.raises(StreamBufferFullError):
            stream.write(b"z")
        assert not stream.closed()
        total = stream._total_write_index
        await within(peer.read_bytes(total))
        if pending is not None:
            await within(pending)
        await until(lambda: not stream.writing())
        assert stream.write(b"z").done()
        stream.close()
        peer.close()

    run(body)


def test_everything_pending_fails_with_the_reason(run: Run) -> None:
    async def body() -> None:
        stream, peer = stream_and_socket()
        order: list[str] = []
        stream.set_close_callback(lambda: order.append("callback"))
        read = stream.read_bytes(10)
        write = stream.write(b"x" * 10_000_000)
        read.add_done_callback(lambda _: order.append("read"))
        write.add_done_callback(lambda _: order.append("write"))
        reason = ValueError("enough")
        stream.close(exc_info=reason)
        for future in (read, write):
            with pytest.raises(StreamClosedError) as caught:
                await within(future)
            assert caught.value.real_error is reason
            assert caught.value.__cause__ is reason
        await until(lambda: len(order) == 3)
        assert order == ["read", "write", "callback"]
        with pytest.raises(StreamClosedError):
            stream.write(b"more")
        with pytest.raises(StreamClosedError):
            stream.read_bytes(1)
        peer.close()

    run(body)


def test_close_takes_its_reason_in_every_form(run: Run) -> None:
    async def body() -> None:
        error = ValueError("x")
        for form in (error, (ValueError, error, None)):
            stream, peer = stream_and_socket()
            stream.close(exc_info=form)
            assert stream.error is error
            peer.close()
        stream, peer = stream_and_socket()
        try:
            raise error
        except ValueError:
            stream.close(exc_info=True)
        assert stream.error is error
        peer.close()
        stream, peer = stream_and_socket()
        stream.close(exc_info=(None, None, None))
        assert stream.error is None
        peer.close()

    run(body)


def test_what_was_read_ahead_can_be_read_after_the_end(run: Run) -> None:
    async def body() -> None:
        stream, peer = stream_and_socket()
        peer.send(b"one\ntwo")
        peer.close()
        assert await within(stream.read_until(b"\n")) == b"one\n"
        with pytest.raises(StreamClosedError):
            await within(stream.read_until(b"\n"))
        assert stream.closed()
        assert stream.read_bytes(1).result() == b"t"
        assert stream.read_until_close().result() == b"wo"
        assert stream.read_until_close().result() == b""

    run(body)


def test_an_idle_stream_notices_that_its_peer_has_gone(run: Run) -> None:
    async def body() -> None:
        stream, peer = stream_and_socket()
        closed: list[bool] = []
        stream.set_close_callback(lambda: closed.append(stream.closed()))
        peer.close()
        await until(lambda: closed)
        assert closed == [True]
        stream.set_close_callback(lambda: closed.append(False))
        await until(lambda: len(closed) == 2)

    run(body)


def test_unread_bytes_hold_the_end_back_until_they_are_read(run: Run) -> None:
    async def body() -> None:
        stream, peer = stream_and_socket()
        closed: list[None] = []
        stream.set_close_callback(lambda: closed.append(None))
        peer.send(b"hello")
        peer.close()
        await turns(20)
        assert not closed
        assert await within(stream.read_bytes(3)) == b"hel"
        assert await within(stream.read_bytes(2)) == b"lo"
        await until(lambda: closed)

    run(body)


def test_a_peer_that_sends_to_nobody_is_held_back(run: Run) -> None:
    async def body() -> None:
        stream, peer = pair(read_chunk_size=1000)
        stream.set_close_callback(lambda: None)
        peer.write(b"x" * 5_000_000)
        await turns(50)
        assert len(stream._read_buffer) <= 1000
        assert peer.writing()
        assert len(await within(stream.read_bytes(5_000_000))) == 5_000_000
        stream.close()
        peer.close()

    run(body)


@pytest.mark.parametrize("stage", ["idle", "until", "regex", "bytes", "into", "writing"])
def test_a_reset_reaches_whoever_waits(run: Run, stage: str) -> None:
    async def body() -> None:
        ours, theirs = tcp_sockets()
        stream = IOStream(ours)
        closed: list[BaseException | None] = []
        stream.set_close_callback(lambda: closed.append(stream.error))
        waiting: asyncio.Future[Any] | None = None
        if stage == "writing":
            waiting = stream.write(b"x" * 50_000_000)
        elif stage != "idle":
            waiting = READS[stage][0](stream)
        await turns(2)
        reset(theirs)
        if waiting is not None:
            with pytest.raises(StreamClosedError) as caught:
                await within(waiting)
            assert isinstance(caught.value.real_error, ConnectionError)
        await until(lambda: closed)
        assert isinstance(closed[0], ConnectionError)

    run(body)


def test_reading_to_the_end_takes_a_reset_for_the_end_and_says_so(run: Run) -> None:
    async def body() -> None:
        ours, theirs = tcp_sockets()
        stream = IOStream(ours)
        future = stream.read_until_close()
        theirs.send(b"hello")
        await turns(5)
        reset(theirs)
        assert await within(future) == b"hello"
        assert isinstance(stream.error, ConnectionResetError)

    run(body)


def test_an_answer_that_came_before_the_reset_is_not_lost(run: Run) -> None:
    async def body() -> None:
        ours, theirs = tcp_sockets()
        stream = IOStream(ours)
        future = stream.read_until(b"\n")
        blocked = stream.write(b"x" * 50_000_000)
        theirs.send(b"too large\n")
        reset(theirs)
        # The socket is readable and broken at once; the write may be told first.
        assert await within(future) == b"too large\n"
        with pytest.raises(StreamClosedError):
            await within(blocked)
        stream.close()

    run(body)


def test_half_a_connection_still_carries_bytes(run: Run) -> None:
    async def body() -> None:
        ours, theirs = tcp_sockets()
        stream = IOStream(ours)
        ours.shutdown(socket.SHUT_WR)
        assert theirs.recv(1) == b""
        theirs.sendall(b"answer")
        theirs.close()
        assert await within(stream.read_until_close()) == b"answer"

    run(body)


def test_one_fast_peer_does_not_keep_the_loop_to_itself(run: Run) -> None:
    async def body() -> None:
        stream, peer = await tls_pair()
        written = stream.write(bytes(20_000_000))
        reading = peer.read_bytes(20_000_000)
        passed = 0
        while not reading.done():
            await asyncio.sleep(0)
            passed += 1
        assert len(reading.result()) == 20_000_000
        assert passed > 10
        await within(written)
        stream.close()
        peer.close()

    run(body)


def test_what_cannot_be_written_is_refused(run: Run) -> None:
    async def body() -> None:
        stream, peer = stream_and_socket()
        with pytest.raises(TypeError, match="not str"):
            stream.write("text")  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="must be an int"):
            stream.read_bytes(1.5)  # type: ignore[call-overload]
        assert stream.write(b"").done()
        assert stream.write(memoryview(b"")).done()
        assert stream.write(bytearray(b"bytes")).done()
        assert peer.recv(10) == b"bytes"
        stream.close()
        peer.close()

    run(body)


def test_a_stream_that_ended_with_an_error_leaves_no_cycle(run: Run) -> None:
    async def body() -> None:
        ours, theirs = tcp_sockets()
        stream = IOStream(ours)
        future = stream.read_bytes(1)
        reset(theirs)
        await until(future.done)
        await turns(3)
        del future, ours, theirs
        gc.collect()
        gc.disable()
        try:
            alive = [thing for thing in gc.get_objects() if thing is stream]
            assert alive
            del alive
            gc.set_debug(gc.DEBUG_SAVEALL)
            del stream
            gc.collect()
            found = [thing for thing in gc.garbage if isinstance(thing, IOStream)]
            assert found == []
        finally:
            gc.set_debug(0)
            gc.garbage.clear()
            gc.enable()

    run(body)


def test_what_came_of_a_large_message_can_be_read_after_the_peer_has_gone(run: Run) -> None:
    async def body() -> None:
        for closed_before in (True, False):
            stream, peer = stream_and_socket()
            if closed_before:
                peer.sendall(b"x" * 50_000)
                peer.close()
                with pytest.raises(StreamClosedError):
                    await within(stream.read_bytes(100_000))
                # Again, now that it is known to be closed.
                with pytest.raises(StreamClosedError):
                    await within(stream.read_bytes(100_000))
            else:
                future = stream.read_bytes(100_000)
                peer.sendall(b"x" * 50_000)
                await turns(3)
                peer.close()
                with pytest.raises(StreamClosedError):
                    await within(future)
            assert await within(stream.read_bytes(40_000)) == b"x" * 40_000
            assert await stream.read_until_close() == b"x" * 10_000

    run(body)


def test_a_cancelled_read_of_a_large_message_leaves_its_bytes_to_the_next(run: Run) -> None:
    async def body() -> None:
        stream, peer = stream_and_socket()
        future = stream.read_bytes(100_000)
        peer.sendall(b"x" * 50_000)
        await turns(3)
        future.cancel()
        peer.sendall(b"y" * 50_000)
        assert await within(stream.read_bytes(100_000)) == b"x" * 50_000 + b"y" * 50_000
        stream.close()
        peer.close()

    run(body)


def test_a_large_message_is_read_into_the_memory_in_which_it_is_handed_on(run: Run) -> None:
    size = 20_000_000

    async def body() -> None:
        stream, peer = stream_and_socket()
        sending = asyncio.get_running_loop().run_in_executor(None, peer.sendall, bytes(size))
        tracemalloc.start()
        try:
            message = await within(stream.read_bytes(size))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        await sending
        assert len(message) == size
        assert peak < (1.1 if whole_cy.is_compiled() else 2.1) * size
        stream.close()
        peer.close()

    run(body)


def test_a_stream_takes_no_notice_of_how_its_file_is_read_where_that_is_overridden(
    run: Run,
) -> None:
    class Shouting(IOStream):
        def read_from_fd(self, buf: bytearray | memoryview) -> int | None:
            size = super().read_from_fd(buf)
            if size:
                buf[:size] = bytes(buf[:size]).upper()
            return size

        def write_to_fd(self, data: memoryview) -> int:
            sent = super().write_to_fd(memoryview(bytes(data).upper()))
            return sent

    async def body() -> None:
        ours, peer = socket.socketpair()
        stream = Shouting(ours)
        for _ in range(2):  # asked of the file at once, and after waiting
            future = stream.read_until(b"\n")
            peer.send(b"one\n")
            assert await within(future) == b"ONE\n"
        await stream.write(b"two")
        assert peer.recv(10) == b"TWO"
        # And set on one stream only, as programs do in tests.
        stream.read_from_fd = lambda buf: None  # type: ignore[method-assign]
        future = stream.read_bytes(3)
        peer.send(b"abc")
        await turns(3)
        assert not future.done()
        stream.close()
        peer.close()
        with pytest.raises(StreamClosedError):
            await future

    run(body)
