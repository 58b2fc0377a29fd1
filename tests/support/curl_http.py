"""What the tests of the client on libcurl talk to, besides scripted servers."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pycurl
from tests.support.scripted_http import ScriptedServer, turns

from whirlwind import testing
from whirlwind.curl_httpclient import CurlAsyncHTTPClient

CERTIFICATE = str(Path(testing.__file__).parent / "test.crt")
KEY = str(Path(testing.__file__).parent / "test.key")
NAME = "foo.example.com"  # whom the certificate is for


def here(*servers: SecureServer) -> Callable[[Any], None]:
    """Make a ``prepare_curl_callback`` that finds these servers by the name of the certificate."""
    places = [f"{NAME}:{server.port}:127.0.0.1" for server in servers]
    return lambda handle: handle.setopt(pycurl.RESOLVE, places)


@asynccontextmanager
async def curl_serving(
    *replies: bytes | Sequence[bytes] | None, close: bool = False, **client_options: Any
) -> AsyncIterator[tuple[ScriptedServer, CurlAsyncHTTPClient]]:
    """A scripted server and a client of its own."""
    server = ScriptedServer(*replies, close=close)
    await server.start()
    client = CurlAsyncHTTPClient(force_instance=True, **client_options)
    try:
        yield server, client
    finally:
        client.close()
        await server.stop()
        await turns(3)


class Listener:
    """A server that serves each connection in a task of its own; a base.

    Attributes:
        port: Its port.
    """

    def __init__(self) -> None:
        self.port = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Any:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self._tls())
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error: object) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await turns(3)

    def _tls(self) -> ssl.SSLContext | None:
        return None

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._run(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._serve(reader, writer)
        except (asyncio.IncompleteReadError, OSError):
            pass  # the client has hung up
        finally:
            # Not close(): over TLS it waits for an answer, which nobody gives any more.
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError


class SecureServer(Listener):
    """A server on TLS that asks for a certificate, and takes it or none.

    Attributes:
        location: Where it redirects to; "" for an answer of its own.
        seen: Of each request: its head, and whether a certificate was shown.
        connections: How many connections were made.
    """

    def __init__(self, location: str = "") -> None:
        super().__init__()
        self.location = location
        self.seen: list[tuple[bytes, bool]] = []
        self.connections = 0

    @property
    def url(self) -> str:
        return f"https://{NAME}:{self.port}/"

    def _tls(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE, KEY)
        context.load_verify_locations(CERTIFICATE)
        context.verify_mode = ssl.CERT_OPTIONAL
        return context

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        shown = bool(writer.get_extra_info("peercert"))
        while True:
            self.seen.append((await reader.readuntil(b"\r\n\r\n"), shown))
            status = f"302 Found\r\nLocation: {self.location}" if self.location else "200 OK"
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())


class TunnelProxy(Listener):
    """A proxy for ``CONNECT``.

    Attributes:
        seen: The heads that came.
    """

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[bytes] = []

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.seen.append(head)
        port = int(head.split(b" ")[1].rpartition(b":")[2])
        there, back = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(b"HTTP/1.1 200 Tunnel\r\nX-Proxy: yes\r\n\r\n")
            await asyncio.gather(self._pass_on(reader, back), self._pass_on(there, writer))
        finally:
            back.transport.abort()

    async def _pass_on(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            sink.write(data)
        sink.write_eof()
