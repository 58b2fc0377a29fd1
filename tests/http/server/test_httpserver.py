"""The server itself: sockets of all kinds, TLS, delegates, what may be replaced."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import LogWatch
from tests.support.raw_http import echo, run, serving

import whirlwind.testing
from whirlwind._http.messages import HTTPMessageDelegate, HTTPServerRequest
from whirlwind._http.server.httpserver import HTTPServer
from whirlwind._net.sockets import bind_sockets, bind_unix_socket
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http.start_line import RequestStartLine

CERTIFICATE = Path(whirlwind.testing.__file__).parent / "test.crt"
KEY = CERTIFICATE.with_suffix(".key")
LAST = b"GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(LAST)
    answer = await reader.read()
    writer.close()
    return answer


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(CERTIFICATE))
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@pytest.mark.parametrize("form", ["dict", "context"])
def test_tls_is_served_with_options_in_either_form(form: str) -> None:
    options: Any = {"certfile": str(CERTIFICATE), "keyfile": str(KEY)}
    if form == "context":
        options = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        options.load_cert_chain(CERTIFICATE, KEY)
    seen: list[tuple[str, object]] = []

    def look(request: HTTPServerRequest) -> None:
        seen.append((request.protocol, request.get_ssl_certificate()))
        echo(request)

    async def main() -> None:
        async with serving(look, ssl_options=options) as running:
            streams = await asyncio.open_connection("127.0.0.1", running.port, ssl=trusting())
            assert (await ask(*streams)).endswith(b"GET /a |")

    run(main)
    assert seen == [("https", None)]


def test_a_failed_handshake_is_logged_and_harms_nobody_else(logs: LogWatch) -> None:
    options = {"certfile": str(CERTIFICATE), "keyfile": str(KEY)}

    async def main() -> None:
        async with serving(echo, ssl_options=options) as running:
            plain = await running.connect()
            await plain.send(LAST)
            with contextlib.suppress(ConnectionResetError):
                await plain.rest()
            streams = await asyncio.open_connection("127.0.0.1", running.port, ssl=trusting())
            assert (await ask(*streams)).endswith(b"GET /a |")

    with logs.expect("whirlwind.general", "SSL Error"):
        run(main)


def test_a_unix_socket_is_served(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    addresses = []

    def look(request: HTTPServerRequest) -> None:
        addresses.append(request.remote_ip)
        echo(request)

    async def main() -> None:
        server = HTTPServer(look)
        server.add_socket(bind_unix_socket(path))
        assert (await ask(*await asyncio.open_unix_connection(path))).endswith(b"GET /a |")
        server.stop()
        await server.close_all_connections()

    run(main)
    assert addresses == ["0.0.0.0"]


def test_listening_begins_at_once_and_ends_with_stop() -> None:
    async def main() -> None:
        server = HTTPServer(echo)
        [listening] = bind_sockets(0, "127.0.0.1")
        address = listening.getsockname()
        server.add_sockets([listening])
        assert listening in server._sockets.values()
        assert (await ask(*await asyncio.open_connection(*address))).endswith(b"GET /a |")
        server.stop()
        server.stop()
        with pytest.raises(ConnectionRefusedError):
            while True:
                (await asyncio.open_connection(*address))[1].close()
                await asyncio.sleep(0)
        await server.close_all_connections()

    run(main)


def test_bind_then_start_serves_in_this_process() -> None:
    async def main() -> None:
        server = HTTPServer(echo)
        server.bind(0, "127.0.0.1", family=socket.AF_INET)
        server.start()
        [listening] = server._sockets.values()
        streams = await asyncio.open_connection(*listening.getsockname())
        assert (await ask(*streams)).endswith(b"GET /a |")
        server.stop()
        await server.close_all_connections()

    run(main)


def test_a_replaced_start_request_sees_every_request(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    stock = HTTPServer.start_request

    class Watched(HTTPMessageDelegate):
        def __init__(self, inner: HTTPMessageDelegate) -> None:
            self.inner = inner

        def headers_received(self, start_line: Any, headers: HTTPHeaders) -> Any:
            assert isinstance(start_line, RequestStartLine)
            seen.append(start_line.path)
            return self.inner.headers_received(start_line, headers)

        def data_received(self, chunk: bytes) -> Any:
            return self.inner.data_received(chunk)

        def finish(self) -> None:
            self.inner.finish()

    def wrapped(self: HTTPServer, server_conn: object, request_conn: Any) -> HTTPMessageDelegate:
        return Watched(stock(self, server_conn, request_conn))

    monkeypatch.setattr(HTTPServer, "start_request", wrapped)

    async def main() -> None:
        async with serving(echo) as running:
            assert (await running.exchange(LAST)).endswith(b"GET /a |")

    run(main)
    assert seen == ["/a"]


def test_a_subclass_is_made_with_its_own_initialize() -> None:
    class Mine(HTTPServer):
        def initialize(self, *args: Any, **kwargs: Any) -> None:
            super().initialize(*args, **kwargs)
            self.mine = True

    async def main() -> None:
        assert Mine(echo).mine

    run(main)


def test_context_variables_of_one_request_are_not_those_of_the_next() -> None:
    variable = contextvars.ContextVar("variable", default="unset")
    seen: list[str] = []

    def look(request: HTTPServerRequest) -> None:
        seen.append(variable.get())
        variable.set("of a request")
        echo(request)

    async def main() -> None:
        async with serving(look) as running:
            await running.exchange(LAST.replace(b"Connection: close\r\n", b"") + LAST)

    run(main)
    assert seen == ["unset", "unset"]
