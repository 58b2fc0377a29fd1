"""The TCP server: every form of handler, TLS, errors, stopping."""

from __future__ import annotations

import asyncio
import functools
import socket
from collections.abc import Generator
from typing import Any

import pytest
from tests.conftest import LogWatch
from tests.support.streams import (
    LOOPS,
    SERVER_OPTIONS,
    Run,
    runner_of,
    trusting_context,
    until,
    within,
)

from whirlwind import gen
from whirlwind.iostream import IOStream
from whirlwind.netutil import bind_sockets
from whirlwind.tcpclient import TCPClient
from whirlwind.tcpserver import TCPServer


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest) -> Run:
    return runner_of(request.param)


class Plain(TCPServer):
    def handle_stream(self, stream: IOStream, address: Any) -> None:
        stream.write(b"plain")
        stream.close()


class Coroutine(TCPServer):
    @gen.coroutine
    def handle_stream(self, stream: IOStream, address: Any) -> Generator[Any, Any, None]:
        yield stream.write(b"coroutine")
        stream.close()


class Native(TCPServer):
    async def handle_stream(self, stream: IOStream, address: Any) -> None:
        await stream.write(b"native")
        stream.close()


def assigned() -> TCPServer:
    async def handle(stream: IOStream, address: Any) -> None:
        await stream.write(b"assigned")
        stream.close()

    server = TCPServer()
    server.handle_stream = handle  # type: ignore[method-assign]
    return server


@pytest.mark.parametrize(
    ("make", "greeting"),
    [(Plain, b"plain"), (Coroutine, b"coroutine"), (Native, b"native"), (assigned, b"assigned")],
)
def test_every_form_of_handler_is_served(run: Run, make: Any, greeting: bytes) -> None:
    async def body() -> None:
        server = make()
        server.listen(0, "127.0.0.1")
        (port,) = {sock.getsockname()[1] for sock in server._sockets.values()}
        client = TCPClient()
        for _ in range(3):
            stream = await within(client.connect("127.0.0.1", port))
            assert await within(stream.read_until_close()) == greeting
        server.stop()
        server.stop()

    run(body)


def test_bind_listens_and_start_accepts(run: Run) -> None:
    async def body() -> None:
        server = Plain()
        server.bind(0, "127.0.0.1")
        port = server._pending_sockets[0].getsockname()[1]
        server.start()
        stream = await within(TCPClient().connect("127.0.0.1", port))
        assert await within(stream.read_until_close()) == b"plain"
        with pytest.raises(RuntimeError):
            server.start()
        server.stop()
        unused = Plain()
        unused.bind(0, "127.0.0.1")
        unused.stop()

    run(body)


def test_a_server_that_was_stopped_can_listen_again(run: Run) -> None:
    async def body() -> None:
        server = Plain()
        for _ in range(3):
            server.listen(0, "127.0.0.1")
            ((port, listening),) = [
                (sock.getsockname()[1], sock) for sock in server._sockets.values()
            ]
            stream = await within(TCPClient().connect("127.0.0.1", port))
            assert await within(stream.read_until_close()) == b"plain"
            server.stop()
            assert listening.fileno() < 0
        server.bind(0, "127.0.0.1")
        server.start()
        server.stop()
        given_up = Plain()
        given_up.bind(0, "127.0.0.1")
        given_up.stop()
        given_up.start()
        given_up.stop()

    run(body)


def test_errors_of_handlers_are_logged_and_end_nothing_else(run: Run, logs: LogWatch) -> None:
    handled: list[str] = []

    class Failing(TCPServer):
        def handle_stream(self, stream: IOStream, address: Any) -> Any:
            handled.append("")
            stream.close()
            if len(handled) == 1:
                raise ZeroDivisionError("at once")
            return self.later()

        async def later(self) -> None:
            await asyncio.sleep(0)
            raise ZeroDivisionError("later")

    def reached(number: int) -> bool:
        return len(handled) == number

    async def body() -> None:
        server = Failing()
        (sock,) = bind_sockets(0, "127.0.0.1")
        server.add_socket(sock)
        for number in (1, 2):
            peer = socket.create_connection(sock.getsockname())
            await until(functools.partial(reached, number))
            peer.close()
            for _ in range(5):
                await asyncio.sleep(0)
        server.stop()

    with (
        logs.expect("whirlwind.application", "Error in connection callback"),
        logs.expect("whirlwind.application", "Exception in callback"),
    ):
        run(body)


def test_tls_servers_serve_and_survive_those_who_only_knock(run: Run, logs: LogWatch) -> None:
    async def body() -> None:
        server = Native(ssl_options=SERVER_OPTIONS)
        server.listen(0, "127.0.0.1")
        (sock,) = server._sockets.values()
        port = sock.getsockname()[1]
        socket.create_connection(("127.0.0.1", port)).close()
        stream = await within(
            TCPClient().connect("127.0.0.1", port, ssl_options=trusting_context())
        )
        assert await within(stream.read_until_close()) == b"native"
        server.stop()

    # The handler writes to the one who left; that it does not mind is for it to say.
    with logs.expect("whirlwind.application", "Exception in callback.*StreamClosedError"):
        run(body)


def test_bad_tls_options_are_found_before_the_first_connection() -> None:
    with pytest.raises(KeyError, match="certfile"):
        TCPServer(ssl_options={})
    with pytest.raises(ValueError, match="does not exist"):
        TCPServer(ssl_options={"certfile": "/no/such/file"})
    with pytest.raises(ValueError, match="keyfile"):
        TCPServer(ssl_options={**SERVER_OPTIONS, "keyfile": "/no/such/file"})


def test_a_class_of_a_program_may_have_an_io_loop_of_another_kind(run: Run) -> None:
    class Server(Native):
        io_loop: Any

        def __init__(self) -> None:
            super().__init__()
            self.io_loop = asyncio.get_running_loop()

    async def main() -> None:
        server = Server()
        (listening,) = bind_sockets(0, "127.0.0.1")
        server.add_socket(listening)
        stream = await TCPClient().connect(*listening.getsockname())
        assert await stream.read_until_close() == b"native"
        assert server.io_loop is asyncio.get_running_loop()
        server.stop()

    run(main)
