"""Writing: what writes accept, and which error remains when several are met."""

from __future__ import annotations

import array
import mmap
from typing import Any

import pytest
from tests.support.streams import LOOPS, Run, runner_of, stream_and_socket, until, within

from whirlwind.iostream import StreamClosedError


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest) -> Run:
    return runner_of(request.param)


def _mapped(content: bytes) -> mmap.mmap:
    memory = mmap.mmap(-1, len(content))
    memory[:] = content
    return memory


@pytest.mark.parametrize(
    "data",
    [
        bytearray(b"12345678"),
        memoryview(b"12345678").cast("B", (2, 4)),
        array.array("b", b"12345678"),
        array.array("i", b"12345678"),
        _mapped(b"12345678"),
    ],
    ids=lambda data: type(data).__name__,
)
@pytest.mark.parametrize("behind", [0, 3_000_000], ids=["at once", "later"])
def test_whatever_holds_bytes_can_be_written(run: Run, data: Any, behind: int) -> None:
    async def body() -> None:
        stream, peer = stream_and_socket()
        peer.setblocking(False)
        stream.write(bytes(behind))
        written = stream.write(data)
        assert written.done() == (not behind)
        got = bytearray()

        def read() -> bool:
            try:
                got.extend(peer.recv(1_000_000))
            except BlockingIOError:
                pass
            return len(got) == behind + 8

        await until(read)
        await within(written)
        assert got[behind:] == b"12345678"
        stream.close()
        peer.close()

    run(body)


@pytest.mark.parametrize("data", ["text", None, 5, [b"bytes"], memoryview(b"abcd")[::2]])
def test_what_holds_none_is_refused_and_harms_nothing(run: Run, data: Any) -> None:
    async def body() -> None:
        stream, peer = stream_and_socket()
        with pytest.raises(TypeError):
            stream.write(data)
        await within(stream.write(b"ok"))
        assert peer.recv(10) == b"ok"
        stream.close()
        peer.close()

    run(body)


def test_the_error_of_a_write_remains_where_reading_meets_another(run: Run) -> None:
    async def body() -> None:
        stream, peer = stream_and_socket()
        peer.send(b"unread by the stream, so that closing resets")
        stream.write(bytes(3_000_000))
        writing = stream.write(b"more")
        peer.close()
        with pytest.raises(StreamClosedError) as caught:
            await within(writing)
        assert isinstance(stream.error, BrokenPipeError)
        assert caught.value.real_error is stream.error

    run(body)
