"""The server itself: sockets of all kinds, TLS, delegates, what may be replaced."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import LogWatch
from tests.support.loops import FACTORIES, LoopFactory
from tests.support.raw_http import echo, run, serving
from tests.support.streams import pair, until

import whirlwind.testing
from whirlwind import web, websocket
from whirlwind._http.messages import HTTPMessageDelegate, HTTPServerRequest
from whirlwind._http.server.httpserver import HTTPServer
from whirlwind._net.iostream import IOStream, SSLIOStream
from whirlwind._net.sockets import bind_sockets, bind_unix_socket
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http.start_line import RequestStartLine, ResponseStartLine

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


class Around:
    """What agents put around a method: it has all the attributes of the method, and is called."""

    def __init__(self, inside: Any, call: Callable[..., Any]) -> None:
        self.inside = inside
        self.call = call

    def __get__(self, instance: Any, owner: Any) -> Around:
        bound = functools.partial(self.call, instance)
        return Around(self.inside.__get__(instance, owner), bound)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inside, name)

    def __call__(self, *args: Any) -> Any:
        return self.call(*args)


@pytest.mark.parametrize("agent", [False, True])
def test_a_replaced_start_request_sees_every_request(
    monkeypatch: pytest.MonkeyPatch, agent: bool
) -> None:
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

    put = Around(stock, wrapped) if agent else wrapped
    monkeypatch.setattr(HTTPServer, "start_request", put)

    async def main() -> None:
        async with serving(echo) as running:
            assert (await running.exchange(LAST)).endswith(b"GET /a |")

    run(main)
    assert seen == ["/a"]


def test_a_start_request_of_a_program_finds_a_task_for_each_connection() -> None:
    tasks: list[asyncio.Task[Any] | None] = []

    class Watched(HTTPMessageDelegate):
        def __init__(self, inner: HTTPMessageDelegate) -> None:
            self.inner = inner

        def headers_received(self, start_line: Any, headers: HTTPHeaders) -> Any:
            tasks.append(asyncio.current_task())
            return self.inner.headers_received(start_line, headers)

        def data_received(self, chunk: bytes) -> Any:
            tasks.append(asyncio.current_task())
            return self.inner.data_received(chunk)

        def finish(self) -> None:
            tasks.append(asyncio.current_task())
            self.inner.finish()

    class Server(HTTPServer):
        def start_request(self, server_conn: object, request_conn: Any) -> HTTPMessageDelegate:
            tasks.append(asyncio.current_task())
            return Watched(super().start_request(server_conn, request_conn))

    async def main() -> None:
        (listening,) = bind_sockets(0, "127.0.0.1")
        server = Server(echo)
        server.add_socket(listening)
        first, second = [await asyncio.open_connection(*listening.getsockname()) for _ in range(2)]
        for reader, writer in (first, second, first):
            writer.write(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\na")
            await reader.readuntil(b"\r\n\r\n")
        seen = [tasks[at] for at in (0, 4, 8)]
        assert tasks == [task for task in seen for _ in range(4)]
        assert seen[0] is seen[2] is not seen[1]
        for task in seen:
            assert task is not None
            assert not task.done()
        for _, writer in (first, second):
            writer.close()
            await writer.wait_closed()
        await until(lambda: all(task is not None and task.done() for task in seen))
        server.stop()
        await server.close_all_connections()

    run(main)


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


# --- connections that are held as streams ---


def watched(seen: list[Any]) -> type[HTTPServer]:
    """A server whose handle_stream a program overrode."""

    class Watched(HTTPServer):
        def handle_stream(self, stream: IOStream, address: Any) -> Any:
            seen.append((stream, address))
            return super().handle_stream(stream, address)

    return Watched


@asynccontextmanager
async def listening(server: HTTPServer) -> AsyncIterator[tuple[Any, ...]]:
    """The address of a server that is ended afterwards."""
    [listening] = bind_sockets(0, "127.0.0.1")
    address = listening.getsockname()
    server.add_sockets([listening])
    try:
        yield address
    finally:
        server.stop()
        await server.close_all_connections()


@pytest.mark.parametrize("tls", [False, True])
def test_an_overridden_handle_stream_is_called_for_every_connection(tls: bool) -> None:
    seen: list[Any] = []
    requests: list[tuple[Any, ...]] = []

    def look(request: HTTPServerRequest) -> None:
        certificate = request.get_ssl_certificate()
        requests.append((request.protocol, request.remote_ip, request.path, certificate))
        echo(request)

    async def main() -> None:
        options = {"certfile": str(CERTIFICATE), "keyfile": str(KEY)} if tls else None
        async with listening(watched(seen)(look, ssl_options=options)) as address:
            for _ in range(2):
                streams = await asyncio.open_connection(*address, ssl=trusting() if tls else None)
                assert (await ask(*streams)).endswith(b"GET /a |")

    run(main)
    assert [isinstance(stream, SSLIOStream) for stream, _ in seen] == [tls, tls]
    assert [address[0] for _, address in seen] == ["127.0.0.1"] * 2
    assert requests == [("https" if tls else "http", "127.0.0.1", "/a", None)] * 2


def test_a_function_can_be_assigned_to_handle_stream() -> None:
    async def main() -> None:
        server = HTTPServer(echo)
        seen: list[Any] = []

        async def handle(stream: IOStream, address: Any) -> None:
            seen.append(address)
            await stream.write(await stream.read_until(b"\n"))
            stream.close()

        server.handle_stream = handle  # type: ignore[method-assign]
        async with listening(server) as address:
            reader, writer = await asyncio.open_connection(*address)
            writer.write(b"not HTTP\n")
            assert await reader.read() == b"not HTTP\n"
            writer.close()
        assert len(seen) == 1

    run(main)


def test_handle_stream_serves_a_stream_from_elsewhere() -> None:
    async def main() -> None:
        server = HTTPServer(echo, protocol="https")
        ours, theirs = pair()
        server.handle_stream(ours, ("192.0.2.1", 80))
        await theirs.write(
            b"PUT /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
            + LAST
        )
        answers = await theirs.read_until_close()
        assert answers.count(b"HTTP/1.1 200 OK") == 2
        assert b"PUT /a |abc" in answers
        await server.close_all_connections()

    run(main)


def test_an_application_is_served_over_streams() -> None:
    class Handler(web.RequestHandler):
        async def post(self) -> None:
            self.write("first ")
            await self.flush()
            self.write(f"{self.get_argument('a')} {self.get_body_argument('b')}")

    async def main() -> None:
        server = watched([])(web.Application([("/x", Handler)]))
        async with listening(server) as address:
            reader, writer = await asyncio.open_connection(*address)
            fields = [
                "POST /x?a=1 HTTP/1.1",
                "Host: h",
                "Connection: close",
                "Content-Type: application/x-www-form-urlencoded",
                "Content-Length: 3",
            ]
            writer.write("\r\n".join([*fields, "", "b=2"]).encode())
            assert (await reader.read()).endswith(b"6\r\nfirst \r\n3\r\n1 2\r\n0\r\n\r\n")
            writer.close()

    run(main)


def test_websockets_are_served_over_streams() -> None:
    class Echo(websocket.WebSocketHandler):
        async def on_message(self, message: str | bytes) -> None:
            await self.write_message(message)

    async def main() -> None:
        async with listening(watched([])(web.Application([("/a", Echo)]))) as address:
            client = await websocket.websocket_connect(f"ws://127.0.0.1:{address[1]}/a")
            for size in (1, 300_000):
                await client.write_message("x" * size)
                assert await client.read_message() == "x" * size
            client.close()
            assert await client.read_message() is None

    run(main)


def test_rule_7_an_answer_that_a_handler_stops_midway_is_not_whole() -> None:
    class Handler(web.RequestHandler):
        async def get(self) -> None:
            self.write("some")
            await self.flush()
            self._stop_answer()

    async def main() -> None:
        for kind in (HTTPServer, watched([])):
            async with listening(kind(web.Application([("/a", Handler)]))) as address:
                answer = await ask(*await asyncio.open_connection(*address))
                assert answer.endswith(b"\r\n\r\n4\r\nsome\r\n")

    run(main)


def test_a_request_over_a_stream_is_given_up_when_its_client_goes() -> None:
    gone: list[bool] = []

    async def main() -> None:
        begun = asyncio.Event()

        def hang(request: HTTPServerRequest) -> None:
            request.connection.set_close_callback(lambda: gone.append(True))
            begun.set()

        async with listening(watched([])(hang)) as address:
            _, writer = await asyncio.open_connection(*address)
            writer.write(LAST)
            await begun.wait()
            writer.close()
            await until(lambda: gone)

    run(main)


def test_closing_lets_an_answer_over_a_stream_finish() -> None:
    async def main() -> None:
        waiting: list[HTTPServerRequest] = []
        server = watched([])(waiting.append)
        async with listening(server) as address:
            busy = await asyncio.open_connection(*address)
            idle = await asyncio.open_connection(*address)
            busy[1].write(LAST)
            await until(lambda: waiting)
            server.stop()
            closing = asyncio.ensure_future(server.close_all_connections())
            assert await idle[0].read() == b""
            assert not closing.done()
            echo(waiting[0])
            assert (await busy[0].read()).endswith(b"GET /a |")
            assert await closing == 0
            for _, writer in (busy, idle):
                writer.close()

    run(main)


def test_an_answer_over_a_stream_that_takes_too_long_is_cut_off() -> None:
    async def main() -> None:
        waiting: list[HTTPServerRequest] = []
        server = watched([])(waiting.append)
        async with listening(server) as address:
            reader, writer = await asyncio.open_connection(*address)
            writer.write(LAST)
            await until(lambda: waiting)
            assert await server.close_all_connections(timeout=0) == 1
            assert await reader.read() == b""
            writer.close()

    run(main)


def test_settings_can_be_read_and_changed_for_connections_to_come() -> None:
    async def main() -> None:
        server = HTTPServer(
            echo, no_keep_alive=True, chunk_size=7, max_header_size=8, idle_connection_timeout=9,
            max_body_size=10, body_timeout=11, decompress_request=True,
        )  # fmt: skip
        assert vars(server.conn_params) == {
            "no_keep_alive": True,
            "chunk_size": 7,
            "max_header_size": 8,
            "header_timeout": 9,
            "max_body_size": 10,
            "body_timeout": 11,
            "decompress": True,
            "heads": server.conn_params.heads,
        }
        server = HTTPServer(echo)
        async with listening(server) as address:
            post = b"POST / HTTP/1.0\r\nContent-Length: 4\r\n\r\nbody"
            for limit, status in ((4, b"200"), (3, b"400")):
                server.conn_params.max_body_size = limit
                reader, writer = await asyncio.open_connection(*address)
                writer.write(post)
                assert (await reader.read()).split(b" ")[1] == status
                writer.close()

    run(main)


def test_what_a_proxy_says_is_believed_for_one_request_only() -> None:
    seen: list[tuple[Any, ...]] = []

    def look(request: HTTPServerRequest) -> None:
        seen.append((request.remote_ip, request.protocol))
        echo(request)

    async def main() -> None:
        forwarded = LAST.replace(b"Connection: close", b"X-Real-Ip: 192.0.2.7\r\nX-Scheme: https")
        for kind in (HTTPServer, watched([])):
            for xheaders in (True, False):
                async with listening(kind(look, xheaders=xheaders)) as address:
                    reader, writer = await asyncio.open_connection(*address)
                    writer.write(forwarded + LAST)
                    await reader.read()
                    writer.close()

    run(main)
    plain = ("127.0.0.1", "http")
    assert seen == [("192.0.2.7", "https"), plain, plain, plain] * 2


def test_a_start_request_that_was_assigned_sees_every_request() -> None:
    async def main() -> None:
        seen: list[object] = []
        for kind in (HTTPServer, watched([])):
            server = kind(echo)
            stock = server.start_request

            def start(server_conn: object, request_conn: Any, stock: Any = stock) -> Any:
                finish = request_conn.finish

                def watched_finish() -> None:
                    seen.append(request_conn)
                    finish()

                request_conn.finish = watched_finish
                return stock(server_conn, request_conn)

            server.start_request = start  # type: ignore[method-assign]
            async with listening(server) as address:
                streams = await asyncio.open_connection(*address)
                assert (await ask(*streams)).endswith(b"GET /a |")
        assert len(seen) == 2

    run(main)


# --- detaching ---


@pytest.mark.parametrize("kind", [HTTPServer, watched([])], ids=["transports", "streams"])
@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("loop", FACTORIES.values(), ids=FACTORIES)
def test_rule_2_a_handler_takes_a_connection_over_with_all_that_the_client_sent(
    kind: type[HTTPServer], tls: bool, loop: Any
) -> None:
    over: list[asyncio.Future[None]] = []

    class Handler(web.RequestHandler):
        def get(self) -> None:
            self.request.connection.write_headers(
                ResponseStartLine("", 101, "Switching Protocols"), HTTPHeaders({"Upgrade": "shout"})
            )
            over.append(asyncio.ensure_future(self.shout(self.detach())))

        async def shout(self, stream: IOStream) -> None:
            assert isinstance(stream, SSLIOStream) == tls
            closed = asyncio.Event()
            stream.set_close_callback(closed.set)
            stream.write(b"hello\n")
            while (line := await stream.read_until(b"\n")) != b"end\n":
                await stream.write(line.upper())
            await closed.wait()

    async def main() -> None:
        options = {"certfile": str(CERTIFICATE), "keyfile": str(KEY)} if tls else None
        server = kind(web.Application([("/a", Handler)]), ssl_options=options)
        async with listening(server) as address:
            reader, writer = await asyncio.open_connection(
                *address, ssl=trusting() if tls else None
            )
            writer.write(b"GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\n")
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
            assert await reader.readline() == b"hello\n"
            assert await reader.readline() == b"GET /B HTTP/1.1\n"
            writer.write(b"x" * 60_000 + b"\nend\n")
            assert await reader.readexactly(60_001) == b"X" * 60_000 + b"\n"
            writer.close()
            await over[0]

    run(main, loop)


@pytest.mark.parametrize("factory", FACTORIES.values(), ids=FACTORIES)
def test_a_peer_that_never_ends_its_tls_does_not_hold_the_server(factory: LoopFactory) -> None:
    options = {"certfile": str(CERTIFICATE), "keyfile": str(KEY)}

    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with serving(echo, ssl_options=options) as running:
            silent = socket.socket()
            silent.setblocking(False)
            await loop.sock_connect(silent, ("127.0.0.1", running.port))
            # A client by hand: what it does not read, it does not answer.
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            client = trusting().wrap_bio(incoming, outgoing, server_hostname="h")
            while True:
                try:
                    client.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    await loop.sock_sendall(silent, outgoing.read())
                    incoming.write(await loop.sock_recv(silent, 65536))
            await loop.sock_sendall(silent, outgoing.read())
            client.write(LAST.replace(b"close", b"keep-alive"))
            await loop.sock_sendall(silent, outgoing.read())
            incoming.write(await loop.sock_recv(silent, 65536))
            running.server.stop()
            # Far below the 30 s that loops give by default, and that requests get to finish.
            await asyncio.wait_for(running.server.close_all_connections(), 8)
            silent.close()

    run(main, factory)


@pytest.mark.parametrize("kind", [HTTPServer, watched([])], ids=["transports", "streams"])
@pytest.mark.parametrize("taken", [True, False])
def test_rule_2_after_a_101_that_was_finished_no_byte_is_read_as_http(
    kind: type[HTTPServer], taken: bool
) -> None:
    over: list[asyncio.Future[None]] = []
    asked: list[str] = []

    class Handler(web.RequestHandler):
        def get(self) -> None:
            asked.append(self.request.path)
            self.set_status(101)
            self.set_header("Connection", "Upgrade")
            self.finish()
            if taken:
                over.append(asyncio.ensure_future(self.repeat(self.detach())))

        async def repeat(self, stream: IOStream) -> None:
            await stream.write(await stream.read_bytes(3))
            stream.close()

    async def main() -> None:
        async with listening(kind(web.Application([("/.*", Handler)]))) as address:
            reader, writer = await asyncio.open_connection(*address)
            writer.write(b"GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n")
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
            rest = b""
            # With bytes that nobody wanted, the connection ends with a reset.
            with contextlib.suppress(ConnectionResetError):
                while data := await reader.read(1000):
                    rest += data
            assert rest == (b"GET" if taken else b"")
            writer.close()
            for future in over:
                await future

    run(main)
    assert asked == ["/a"]
