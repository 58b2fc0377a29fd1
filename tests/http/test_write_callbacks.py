"""Callbacks of what writes an answer: by the server's connection, and by one over a stream."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from tests.support.raw_http import RawClient, run

from whirlwind import web
from whirlwind._http.write_callbacks import call_when_written
from whirlwind.httpclient import AsyncHTTPClient
from whirlwind.httpserver import HTTPServer
from whirlwind.httputil import HTTPHeaders, HTTPServerRequest, ResponseStartLine
from whirlwind.ioloop import IOLoop
from whirlwind.iostream import IOStream
from whirlwind.simple_httpclient import SimpleAsyncHTTPClient
from whirlwind.tcpserver import TCPServer
from whirlwind.testing import bind_unused_port

Answer = Callable[[HTTPServerRequest], None]


class OverStreams(HTTPServer):
    """Every connection is held as a stream."""

    def handle_stream(self, stream: IOStream, address: Any) -> Any:
        return super().handle_stream(stream, address)


@contextlib.asynccontextmanager
async def asking(server: HTTPServer) -> AsyncIterator[RawClient]:
    listening, port = bind_unused_port()
    server.add_socket(listening)
    client = RawClient(*await asyncio.open_connection("127.0.0.1", port))
    await client.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    try:
        yield client
    finally:
        client.close()
        server.stop()
        await server.close_all_connections(0)


@pytest.mark.parametrize("kind", [HTTPServer, OverStreams])
def test_each_write_of_an_answer_calls_back(kind: type[HTTPServer]) -> None:
    def answer(request: HTTPServerRequest) -> None:
        connection: Any = request.connection

        def body() -> None:
            connection.write(b"body", callback=connection.finish)

        headers = HTTPHeaders({"Content-Length": "4"})
        connection.write_headers(ResponseStartLine("", 200, "OK"), headers, callback=body)

    async def main() -> None:
        async with asking(kind(answer)) as client:
            assert await client.answer() == (200, b"body")

    run(main)


def test_a_request_and_its_stream_write_with_callbacks() -> None:
    def answer(request: HTTPServerRequest) -> None:
        def body() -> None:
            request.connection.stream.write(b"body", request.finish)

        request.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", body)

    async def main() -> None:
        async with asking(HTTPServer(answer)) as client:
            assert await client.answer() == (200, b"body")

    run(main)


def test_flush_calls_back() -> None:
    class Handler(web.RequestHandler):
        @web.asynchronous
        def get(self) -> None:
            self.set_header("Content-Length", "4")
            self.write("bo")
            self.flush(callback=self.rest)

        def rest(self) -> None:
            self.finish("dy")

    async def main() -> None:
        application = web.Application([("/", Handler)], log_function=lambda handler: None)
        async with asking(HTTPServer(application)) as client:
            assert await client.answer() == (200, b"body")

    run(main)


def test_a_write_that_fails_or_is_cancelled_does_not_call_back() -> None:
    async def main() -> None:
        told: list[str] = []
        futures = [asyncio.get_running_loop().create_future() for _ in range(3)]
        for name, future in zip("abc", futures, strict=True):
            call_when_written(future, functools.partial(told.append, name))
        futures[0].set_exception(OSError())
        futures[1].cancel()
        futures[2].set_result(None)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert told == ["c"]

    run(main)


# --- io_loop=, which these took at the time of such callbacks ---


@pytest.mark.parametrize("positional", [True, False])
def test_servers_and_clients_work_on_the_loop_that_they_are_given(positional: bool) -> None:
    async def main() -> None:
        loop = IOLoop.current()
        server = HTTPServer(lambda request: request.connection.finish(), io_loop=loop)
        assert server.io_loop is loop
        if positional:
            client = AsyncHTTPClient(loop, force_instance=True)
            assert AsyncHTTPClient(loop) is AsyncHTTPClient()
        else:
            client = SimpleAsyncHTTPClient(io_loop=loop, force_instance=True)
        assert client.io_loop is loop
        client.close()

    run(main)


def test_a_client_can_be_made_for_another_loop_than_the_current_one() -> None:
    other = IOLoop(make_current=False)

    async def main() -> None:
        client = AsyncHTTPClient(io_loop=other)
        assert client.io_loop is other
        assert AsyncHTTPClient(io_loop=other) is client
        assert AsyncHTTPClient() is not client
        client.close()

    run(main)
    other.close()


def test_a_tcp_server_accepts_on_the_loop_that_it_is_given() -> None:
    other = IOLoop(make_current=False)
    found: asyncio.Future[IOStream] = other.asyncio_loop.create_future()

    class Server(TCPServer):
        def handle_stream(self, stream: IOStream, address: Any) -> None:
            found.set_result(stream)

    server = Server(io_loop=other)
    listening, port = bind_unused_port()
    server.add_socket(listening)

    async def main() -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        stream = await found
        assert stream.io_loop is other
        stream.close()
        writer.close()
        server.stop()

    other.run_sync(main)
    other.close()
