"""A server of ours and a client that sends bytes as they are, on one loop, over real sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from whirlwind._http.messages import HTTPServerRequest
from whirlwind._http.server.httpserver import HTTPServer
from whirlwind._net.ioloop import IOLoop
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http.start_line import ResponseStartLine


def run(
    main: Callable[[], Coroutine[Any, Any, None]],
    factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
) -> None:
    """Run one test on a loop of its own; ten seconds are for ever."""
    loop = (
        IOLoop(make_current=False)
        if factory is None
        else IOLoop(make_current=False, asyncio_loop=factory())
    )

    async def bounded() -> None:
        await asyncio.wait_for(main(), 10)

    try:
        loop.run_sync(bounded)
    finally:
        loop.close()


class RawClient:
    """One connection: what is sent, and all that comes back."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def head(self) -> bytes:
        """Read up to the empty line that ends a head."""
        return await self.reader.readuntil(b"\r\n\r\n")

    async def answer(self) -> tuple[int, bytes]:
        """Read one answer that announces its length; return status and body."""
        head = await self.head()
        body = b""
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                body = await self.reader.readexactly(int(line[15:]))
        return int(head.split(b" ")[1]), body

    async def rest(self) -> bytes:
        """Read until the server closes."""
        return await self.reader.read()

    def close(self) -> None:
        self.writer.close()


class Serving:
    """A server on a port of its own.

    Attributes:
        server: The server.
        port: Its port.
    """

    def __init__(self, server: HTTPServer) -> None:
        self.server = server
        self.port = 0
        self.clients: list[RawClient] = []

    async def connect(self, **options: Any) -> RawClient:
        client = RawClient(*await asyncio.open_connection("127.0.0.1", self.port, **options))
        self.clients.append(client)
        return client

    async def exchange(self, data: bytes) -> bytes:
        """Send ``data`` and nothing more, on a connection of its own; return all that comes."""
        client = await self.connect()
        await client.send(data)
        client.writer.write_eof()
        answer = await client.rest()
        client.close()
        return answer


@asynccontextmanager
async def serving(
    callback: Any, *, kind: type[HTTPServer] = HTTPServer, **options: Any
) -> AsyncIterator[Serving]:
    """Serve for the length of a block; afterwards nothing of it is left open."""
    server = kind(callback, **options)
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    # A crowd in this very thread may come before the first of it is accepted; a connection that the
    # kernel has no place for tries again after seconds.
    listening.listen(2048)
    listening.setblocking(False)
    running = Serving(server)
    running.port = listening.getsockname()[1]
    server.add_socket(listening)
    try:
        yield running
    finally:
        for client in running.clients:
            client.close()
        server.stop()
        await server.close_all_connections()


def echo(request: HTTPServerRequest) -> None:
    """Answer with what was understood of the request."""
    text = f"{request.method} {request.path} {request.query}|".encode() + request.body
    request.connection.write_headers(
        ResponseStartLine("", 200, "OK"),
        HTTPHeaders({"Content-Length": str(len(text))}),
        text,
    )
    request.connection.finish()
