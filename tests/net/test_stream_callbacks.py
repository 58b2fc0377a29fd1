"""Streams with callbacks instead of futures, in the order of arguments of 4.x and of 5.1."""

from __future__ import annotations

import functools
import socket
from collections.abc import Callable
from typing import Any

import pytest
from tests.conftest import LogWatch
from tests.support.streams import (
    LOOPS,
    Run,
    runner_of,
    stream_and_socket,
    turns,
    until,
)

from whirlwind import gen
from whirlwind.ioloop import IOLoop
from whirlwind.iostream import IOStream, StreamClosedError


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest) -> Run:
    return runner_of(request.param)


CALLS: dict[str, Callable[[IOStream, Callable[..., Any]], Any]] = {
    "until, second": lambda s, f: s.read_until(b"\n", f),
    "until, by name": lambda s, f: s.read_until(b"\n", callback=f),
    "until, then the limit": lambda s, f: s.read_until(b"\n", f, 100),
    "until, limit by name": lambda s, f: s.read_until(b"\n", f, max_bytes=100),
    "regex, second": lambda s, f: s.read_until_regex(rb"\r?\n", f),
    "regex, limit by name": lambda s, f: s.read_until_regex(rb"\r?\n", f, max_bytes=100),
    "bytes, second": lambda s, f: s.read_bytes(4, f),
    "bytes, by name": lambda s, f: s.read_bytes(4, callback=f),
    "bytes, partial by name": lambda s, f: s.read_bytes(4, f, partial=True),
    "bytes, all by position": lambda s, f: s.read_bytes(4, f, None, True),
}


@pytest.mark.parametrize("kind", CALLS)
@pytest.mark.parametrize("early", [True, False])
def test_a_read_calls_back_with_its_bytes_and_returns_none(
    run: Run, kind: str, early: bool
) -> None:
    async def body() -> None:
        stream, peer = stream_and_socket()
        told: list[bytes] = []
        if early:
            peer.send(b"one\ntwo")
        assert CALLS[kind](stream, told.append) is None
        assert told == []  # never before the call returns
        if not early:
            peer.send(b"one\ntwo")
        await until(lambda: told)
        assert told == [b"one\n"]
        assert await stream.read_bytes(3) == b"two"
        stream.close()
        peer.close()

    run(body)


def test_limits_still_stand_in_second_place_where_there_is_no_callback(run: Run) -> None:
    async def body() -> None:
        stream, peer = stream_and_socket()
        peer.send(b"one\ntwo")
        assert await stream.read_until(b"\n", 4) == b"one\n"
        assert await stream.read_bytes(9, True) == b"two"
        with pytest.raises(TypeError):
            stream.read_until(b"\n", 4, None, 5)  # type: ignore[call-overload]
        stream.close()
        peer.close()

    run(body)


def test_read_into_write_and_connect_call_back(run: Run) -> None:
    async def body() -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        stream = IOStream(socket.socket())
        told: list[Any] = []
        assert stream.connect(listener.getsockname(), functools.partial(told.append, "up")) is None
        await until(lambda: told)
        peer = IOStream(listener.accept()[0])
        listener.close()
        assert stream.write(b"four", functools.partial(told.append, "written")) is None
        memory = bytearray(4)
        assert peer.read_into(memory, callback=told.append) is None
        await until(lambda: len(told) == 3)
        assert sorted(map(str, told)) == ["4", "up", "written"]
        assert memory == b"four"
        stream.close()
        peer.close()

    run(body)


def test_reading_until_close_calls_back_with_everything_before_the_close_callback(
    run: Run,
) -> None:
    async def body() -> None:
        stream, peer = stream_and_socket()
        told: list[Any] = []
        stream.set_close_callback(functools.partial(told.append, "closed"))
        stream.read_until_close(told.append)
        peer.send(b"all")
        peer.close()
        await until(lambda: len(told) == 2)
        assert told == [b"all", "closed"]

    run(body)


def test_reading_until_close_calls_back_when_the_end_is_an_error(run: Run) -> None:
    async def body() -> None:
        stream, peer = stream_and_socket()
        told: list[bytes] = []
        stream.read_until_close(told.append)
        peer.send(b"before")
        await turns(3)
        stream.close(exc_info=OSError("broken"))
        await until(lambda: told)
        assert told == [b"before"]
        peer.close()

    run(body)


def test_a_callback_is_not_called_when_the_stream_closes_first(run: Run) -> None:
    async def body() -> None:
        stream, peer = stream_and_socket()
        told: list[Any] = []
        stream.set_close_callback(functools.partial(told.append, "closed"))
        stream.read_until(b"\n", told.append)
        peer.close()
        await until(lambda: told)
        await turns(3)
        assert told == ["closed"]
        with pytest.raises(StreamClosedError):
            stream.read_until(b"\n", told.append)

    run(body)


@pytest.mark.parametrize("size", [None, 7])
def test_pieces_are_handed_on_as_they_come_and_the_result_is_empty(
    run: Run, size: int | None
) -> None:
    async def body() -> None:
        stream, peer = stream_and_socket()
        pieces: list[bytes] = []
        told: list[bytes] = []
        if size is None:
            stream.read_until_close(told.append, pieces.append)
        else:
            stream.read_bytes(size, told.append, pieces.append)
        peer.send(b"one")
        await until(lambda: pieces)
        assert pieces == [b"one"]
        peer.send(b"four")
        await until(lambda: len(pieces) == 2)
        if size is None:
            peer.close()
        await until(lambda: told)
        assert pieces == [b"one", b"four"]
        assert told == [b""]
        stream.close()
        peer.close()

    run(body)


def test_pieces_can_be_waited_for_with_a_future(run: Run) -> None:
    async def body() -> None:
        stream, peer = stream_and_socket()
        pieces: list[bytes] = []
        peer.send(b"one")
        assert await stream.read_bytes(3, streaming_callback=pieces.append) == b""
        assert await stream.read_bytes(0, streaming_callback=pieces.append) == b""
        peer.send(b"two")
        peer.close()
        assert await stream.read_until_close(streaming_callback=pieces.append) == b""
        assert await stream.read_until_close(streaming_callback=pieces.append) == b""
        assert b"".join(pieces) == b"onetwo"
        with pytest.raises(StreamClosedError):
            stream.read_bytes(1, streaming_callback=pieces.append)

    run(body)


def test_a_stream_that_closes_before_the_last_piece_fails_the_future(run: Run) -> None:
    async def body() -> None:
        stream, peer = stream_and_socket()
        pieces: list[bytes] = []
        future = stream.read_bytes(9, streaming_callback=pieces.append)
        peer.send(b"one")
        peer.close()
        with pytest.raises(StreamClosedError):
            await future
        assert pieces == [b"one"]

    run(body)


def test_an_exception_of_a_callback_closes_the_stream_and_is_logged(
    run: Run, logs: LogWatch
) -> None:
    async def body() -> None:
        stream, peer = stream_and_socket()

        def fails(data: bytes) -> None:
            raise KeyError("callback")

        stream.read_bytes(1, fails)
        peer.send(b"x")
        with (
            logs.expect("whirlwind.application", "Exception in callback"),
            logs.expect("whirlwind.application", "Uncaught exception, closing connection"),
        ):
            await until(stream.closed)
        assert isinstance(stream.error, KeyError)
        peer.close()

    run(body)


def test_an_exception_of_a_callback_goes_to_the_task_that_waits(run: Run, logs: LogWatch) -> None:
    async def body() -> None:
        stream, peer = stream_and_socket()

        def one_byte(callback: Callable[[int], None]) -> None:
            stream.read_bytes(1, lambda data: callback(int(data)))

        peer.send(b"7")
        assert await gen.Task(one_byte) == 7
        peer.send(b"x")
        with (
            logs.expect("whirlwind.application", "Uncaught exception, closing connection"),
            pytest.raises(ValueError, match="invalid literal"),
        ):
            await gen.Task(one_byte)
        peer.close()

    run(body)


def test_a_failing_sink_ends_the_reading(run: Run, logs: LogWatch) -> None:
    async def body() -> None:
        stream, peer = stream_and_socket()
        peer.send(b"one")
        pieces: list[bytes] = []

        def sink(piece: bytes) -> None:
            pieces.append(piece)
            raise KeyError("sink")

        stream.read_bytes(9, lambda data: pieces.append(b"never"), sink)
        with (
            logs.expect("whirlwind.application", "Exception in callback"),
            logs.expect("whirlwind.application", "Uncaught exception, closing connection"),
        ):
            await until(stream.closed)
        await turns(3)
        assert pieces == [b"one"]
        peer.close()

    run(body)


def test_the_loop_may_be_the_first_argument_after_the_socket(run: Run) -> None:
    async def body() -> None:
        ours, theirs = socket.socketpair()
        loop = IOLoop.current()
        stream = IOStream(ours, loop, 1000)
        other = IOStream(theirs, io_loop=loop, max_buffer_size=2000)
        assert (stream.io_loop, stream.max_buffer_size) == (loop, 1000)
        assert (other.io_loop, other.max_buffer_size) == (loop, 2000)
        stream.close()
        other.close()

    run(body)


def test_a_connection_that_fails_is_logged_where_a_callback_was_given(
    run: Run, logs: LogWatch
) -> None:
    async def body() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            address = listener.getsockname()
        stream = IOStream(socket.socket())
        told: list[str] = []
        stream.set_close_callback(functools.partial(told.append, "closed"))
        with logs.expect("whirlwind.general", "Connect error on .*refused"):
            stream.connect(address, functools.partial(told.append, "never"))
            await until(lambda: told)
            await turns(2)
        assert told == ["closed"]

    run(body)
