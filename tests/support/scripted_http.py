"""Servers for the tests of the HTTP client: they send what a test wrote down, byte for byte."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any

from whirlwind.httpclient import AsyncHTTPClient
from whirlwind.simple_httpclient import SimpleAsyncHTTPClient

HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


class ScriptedServer:
    """A server that answers each request with the next reply of its script.

    A request is read up to the end of its header, and of its body if it has a length or is
    chunked. The last reply is repeated.

    Attributes:
        replies: What to send: bytes, a list of bytes sent in separate packets, or None to close
            the connection without an answer.
        requests: What was received, one item for each request.
        connections: How many connections were made.
        open: How many of them are open.
        replied: How many replies were written to the end.
        hang: Whether to leave requests unanswered.
    """

    def __init__(self, *replies: bytes | Sequence[bytes] | None, close: bool = False) -> None:
        self.replies = list(replies) or [HELLO]
        self.requests: list[bytes] = []
        self.connections = 0
        self.open = 0
        self.replied = 0
        self.hang = False
        self.port = 0
        self.arrived = asyncio.Event()
        self.closed = asyncio.Event()
        self._close = close
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    async def start(self, **options: Any) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, **options)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        try:
            while True:
                self.requests.append(await self._read_request(reader, writer))
                self.arrived.set()
                if self.hang:
                    await reader.read()
                    return
                reply = self.replies[0] if len(self.replies) == 1 else self.replies.pop(0)
                if reply is None:
                    return
                for piece in [reply] if isinstance(reply, bytes) else reply:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0)
                self.replied += 1
                if self._close:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            self.closed.set()
            writer.close()

    async def _read_request(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bytes:
        head = await reader.readuntil(b"\r\n\r\n")
        lowered = head.lower()
        if b"expect: 100-continue" in lowered:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if b"\r\ncontent-length: " in lowered:
            size = int(lowered.partition(b"\r\ncontent-length: ")[2].partition(b"\r\n")[0])
            return head + await reader.readexactly(size)
        if b"\r\ntransfer-encoding: chunked" in lowered:
            return head + await reader.readuntil(b"0\r\n\r\n")
        return head


@asynccontextmanager
async def serving(
    *replies: bytes | Sequence[bytes] | None, close: bool = False, **client_options: Any
) -> AsyncIterator[tuple[ScriptedServer, SimpleAsyncHTTPClient]]:
    """A scripted server and a client of its own."""
    server = ScriptedServer(*replies, close=close)
    await server.start()
    client: SimpleAsyncHTTPClient = AsyncHTTPClient(force_instance=True, **client_options)
    try:
        yield server, client
    finally:
        client.close()
        await server.stop()
        await turns(3)


async def turns(count: int) -> None:
    """Let the loop turn some times."""
    for _ in range(count):
        await asyncio.sleep(0)


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop turn until something holds; a test that waits in vain fails by its number."""
    for _ in range(100_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("condition did not come true")


LoopFactory = Callable[[], asyncio.AbstractEventLoop]

#: What ``run`` makes loops with; the tests of a folder set it to each kind in turn.
loop_factory: ContextVar[LoopFactory] = ContextVar("loop_factory", default=asyncio.new_event_loop)


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a test on a new loop."""
    with asyncio.Runner(loop_factory=loop_factory.get()) as runner:
        runner.run(main)
