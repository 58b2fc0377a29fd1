"""The face of a stream that a request's connection has."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.support.raw_http import echo, run, serving
from tests.support.streams import SERVER_OPTIONS, trusting_context

from whirlwind._http.messages import HTTPServerRequest
from whirlwind._net.ioloop import IOLoop

GET = b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
LAST = b"GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("whole", [True, False])
def test_bytes_can_be_written_before_an_answer_or_in_place_of_one(whole: bool) -> None:
    def answer(request: HTTPServerRequest) -> None:
        stream = request.connection.stream
        assert stream.write(memoryview(b"HTTP/1.1 100 Continue\r\n\r\n")).done()
        if whole:
            stream.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nA")
            request.connection.finish()
        else:
            echo(request)

    async def main() -> None:
        async with serving(answer) as running:
            body = b"Content-Length: 1\r\n\r\nA" if whole else b"GET /a |"
            got = await running.exchange(GET + LAST)
            assert got.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
            assert got.count(b"200 OK") == got.count(body) == 2
            assert b"500" not in got

    run(main)


def test_a_stream_says_what_it_is_of_and_closes_it() -> None:
    async def main() -> None:
        closed: list[bool] = []

        def look(request: HTTPServerRequest) -> None:
            stream = request.connection.stream
            assert stream.io_loop is IOLoop.current()
            assert stream.fileno() == stream.socket.fileno() > 0
            stream.set_nodelay(True)
            assert not stream.closed()
            stream.set_close_callback(lambda: closed.append(True))
            stream.close()
            assert stream.closed()

        async with serving(look) as running:
            assert await running.exchange(GET) == b""
        assert closed == [True]

    run(main)


def test_a_stream_says_whether_bytes_wait_for_the_peer() -> None:
    async def main() -> None:
        seen: list[bool] = []

        def look(request: HTTPServerRequest) -> None:
            stream = request.connection.stream
            seen.extend((stream.writing(), stream.reading()))
            stream.write(bytes(20_000_000))
            seen.append(stream.writing())
            stream.close()

        async with serving(look) as running:
            assert len(await running.exchange(GET)) == 20_000_000
        assert seen == [False, False, True]

    run(main)


def test_a_stream_over_tls_has_a_socket_that_tells_of_tls() -> None:
    async def main() -> None:
        seen: list[Any] = []

        def look(request: HTTPServerRequest) -> None:
            stream = request.connection.stream
            seen.extend((stream.socket.version(), stream.socket.cipher(), stream.writing()))
            echo(request)

        async with serving(look, ssl_options=SERVER_OPTIONS) as running:
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", running.port, ssl=trusting_context()
            )
            ours = writer.get_extra_info("ssl_object")
            writer.write(LAST)
            assert (await reader.read()).endswith(b"GET /a |")
            assert seen == [ours.version(), ours.cipher(), False]
            writer.close()

    run(main)
