"""Reading: what reads accept, what an empty stream answers, files that hold bytes back."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest
from tests.support.streams import (
    LOOPS,
    Run,
    reset,
    runner_of,
    stream_and_socket,
    tcp_sockets,
    turns,
    until,
    within,
)

from whirlwind.iostream import IOStream, StreamClosedError


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest) -> Run:
    return runner_of(request.param)


class Five:
    """An integer of another library."""

    def __index__(self) -> int:
        return 5


def test_a_number_of_bytes_may_be_any_integer(run: Run) -> None:
    async def body() -> None:
        stream, peer = stream_and_socket()
        peer.send(b"0123456789")
        assert await within(stream.read_bytes(Five())) == b"01234"  # type: ignore[call-overload]
        assert await within(stream.read_bytes(Five(), partial=True)) == b"56789"  # type: ignore[call-overload]
        stream.close()
        peer.close()

    run(body)


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_a_delimiter_may_be_any_bytes(run: Run, kind: Any) -> None:
    async def body() -> None:
        stream, peer = stream_and_socket()
        peer.send(b"one\ntwo\n")
        assert await within(stream.read_until(kind(b"\n"))) == b"one\n"
        assert await within(stream.read_until(kind(b"\n"), max_bytes=4)) == b"two\n"
        for wrong in ("\n", None, 10):
            with pytest.raises(TypeError):
                stream.read_until(wrong)  # type: ignore[call-overload]
        assert not stream.reading()
        stream.close()
        peer.close()

    run(body)


@pytest.mark.parametrize("wrong", [b"abc", memoryview(b"abc"), "abc", None])
def test_memory_that_cannot_be_written_is_refused_and_harms_nothing(run: Run, wrong: Any) -> None:
    async def body() -> None:
        stream, peer = stream_and_socket()
        peer.send(b"abc")
        with pytest.raises(TypeError):
            stream.read_into(wrong)
        assert not stream.reading()
        assert await within(stream.read_bytes(3)) == b"abc"
        stream.close()
        peer.close()

    run(body)


@pytest.mark.parametrize(
    ("start", "answer"),
    [
        (lambda stream: stream.read_until_regex(rb"x*"), b""),
        (lambda stream: stream.read_until_regex(rb"[a-z]*"), b"one"),
        (lambda stream: stream.read_until_regex(rb"$"), b"one"),
        (lambda stream: stream.read_until(b""), b""),
    ],
    ids=["nothing matches", "something matches", "the end matches", "empty delimiter"],
)
def test_what_no_bytes_can_answer_still_waits_for_some(
    run: Run, start: Callable[[IOStream], asyncio.Future[bytes]], answer: bytes
) -> None:
    async def body() -> None:
        stream, peer = stream_and_socket()
        reading = start(stream)
        await turns(3)
        assert not reading.done()
        peer.send(b"one")
        assert await within(reading) == answer
        await within(stream.read_bytes(3 - len(answer)))
        reading = start(stream)
        peer.close()
        with pytest.raises(StreamClosedError):
            await within(reading)
        with pytest.raises(StreamClosedError):
            start(stream)

    run(body)


class Decoded(IOStream):
    """Takes all that the socket has, as a decoder does, and hands it on two bytes at a time."""

    def __init__(self, sock: socket.socket) -> None:
        self.held = b""
        super().__init__(sock)

    def read_from_fd(self, buf: bytearray | memoryview) -> int | None:
        if not self.held:
            memory = bytearray(100)
            size = super().read_from_fd(memory)
            if not size:
                return size
            self.held = bytes(memory[:size])
        piece = self.held[:2]
        self.held = self.held[2:]
        buf[: len(piece)] = piece
        return len(piece)


def test_bytes_that_a_stream_of_another_kind_holds_back_are_found(run: Run) -> None:
    async def body() -> None:
        ours, peer = socket.socketpair()
        stream = Decoded(ours)
        line = stream.read_until(b"\n")
        await turns(2)
        peer.send(b"line\nbytesinto")
        assert await within(line) == b"line\n"
        assert await within(stream.read_bytes(5)) == b"bytes"
        assert await within(stream.read_into(bytearray(4))) == 4
        peer.send(b"0123456789")
        assert await within(stream.read_bytes(1)) == b"0"
        await turns(3)
        assert await within(stream.read_bytes(9)) == b"123456789"
        reading = stream.read_bytes(40_000)  # takes its memory at once
        peer.send(bytes(40_000))
        assert await within(reading) == bytes(40_000)
        stream.close()
        peer.close()

    run(body)


@pytest.mark.parametrize("reason", [None, ValueError("why")])
@pytest.mark.parametrize("kind", ["until", "regex"])
def test_a_closed_stream_fails_a_read_that_nothing_in_it_can_answer(
    run: Run, kind: str, reason: Exception | None
) -> None:
    async def body() -> None:
        stream, peer = stream_and_socket()
        peer.send(b"x\n" + b"y" * 50)
        assert await within(stream.read_until(b"\n")) == b"x\n"
        stream.close(exc_info=reason or False)
        method: Any = stream.read_until if kind == "until" else stream.read_until_regex
        with pytest.raises(StreamClosedError) as caught:
            await within(method(b"\n", max_bytes=10))
        assert caught.value.real_error is reason
        assert not stream.reading()
        assert await within(stream.read_until_close()) == b"y" * 50
        peer.close()

    run(body)


def test_an_error_before_any_byte_answers_no_read(run: Run) -> None:
    async def body() -> None:
        ours, theirs = tcp_sockets()
        stream = IOStream(ours)
        reading = stream.read_until_regex(rb"x*")
        reset(theirs)
        with pytest.raises(StreamClosedError) as caught:
            await within(reading)
        assert isinstance(caught.value.real_error, ConnectionResetError)

    run(body)


def test_what_came_while_nobody_watched_is_read_at_once(run: Run) -> None:
    async def body() -> None:
        stream, peer = stream_and_socket()
        closed: list[None] = []
        stream.set_close_callback(lambda: closed.append(None))
        first = stream.read_until(b"\n")
        peer.send(b"one\nand")
        assert await within(first) == b"one\n"
        peer.send(b"two\n")
        await turns(3)  # there is more than was asked for: watching ends
        assert await within(stream.read_bytes(10, partial=True)) == b"and"
        second = stream.read_until(b"\n")
        assert second.done()
        assert second.result() == b"two\n"
        stream.close()
        await until(lambda: closed)
        peer.close()

    run(body)
