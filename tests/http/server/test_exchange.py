"""Answers that end before they are whole, and requests that nobody reads to their end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.support.loops import FACTORIES
from tests.support.raw_http import echo, run, serving

from whirlwind._base.limits import LINGER_SIZE
from whirlwind._http.messages import (
    HTTPConnection,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    HTTPServerRequest,
)
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http.start_line import ResponseStartLine

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
OK = ResponseStartLine("", 200, "OK")


@pytest.mark.parametrize("factory", FACTORIES.values(), ids=FACTORIES)
@pytest.mark.parametrize("fields", [{}, {"Content-Length": "9"}])
def test_rule_7_a_broken_off_answer_has_no_end(fields: dict[str, str], factory: Any) -> None:
    def begin(request: HTTPServerRequest) -> None:
        exchange = request.connection
        exchange.write_headers(OK, HTTPHeaders(fields), b"begun")
        exchange.break_off()
        exchange.break_off()
        assert exchange.finished

    async def main() -> None:
        async with serving(begin) as running:
            client = await running.connect()
            await client.send(GET + GET)
            wire = await client.rest()
            assert wire.count(b"HTTP/1.1 200") == 1
            assert wire.endswith(b"begun" if fields else b"begun\r\n")

    run(main, factory)


@pytest.mark.parametrize("factory", FACTORIES.values(), ids=FACTORIES)
def test_rule_7_one_that_was_to_end_with_its_connection_is_reset(factory: Any) -> None:
    kept: list[Any] = []

    def begin(request: HTTPServerRequest) -> None:
        request.connection.write_headers(OK, HTTPHeaders(), b"begun")
        kept.append(request.connection)

    async def main() -> None:
        async with serving(begin) as running:
            client = await running.connect()
            await client.send(GET.replace(b"1.1", b"1.0"))
            await client.reader.readuntil(b"begun")
            kept[0].break_off()
            with pytest.raises(ConnectionResetError):
                await client.rest()

    run(main, factory)


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_whoever_asks_for_the_end_of_the_connection_is_told_of_it(version: bytes) -> None:
    """nginx asks in HTTP/1.0, and keeps a connection whose answer says 1.1 and not that it ends."""

    async def main() -> None:
        async with serving(echo) as running:
            asked = GET.replace(b"1.1", version).replace(
                b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"
            )
            answer = await running.exchange(asked)
            assert b"\r\nConnection: close\r\n" in answer

    run(main)


def test_an_answer_that_never_began_is_only_a_connection_that_closes() -> None:
    async def main() -> None:
        async with serving(lambda request: request.connection.break_off()) as running:
            assert await running.exchange(GET) == b""

    run(main)


def test_rule_5_nothing_is_kept_for_a_reader_that_answered_and_never_gets_ready() -> None:
    protocols: list[Any] = []

    class Stuck(HTTPMessageDelegate):
        def __init__(self, connection: Any) -> None:
            self.connection = connection

        def data_received(self, chunk: bytes) -> asyncio.Future[None]:
            protocols.append(self.connection.server_connection)
            self.connection.write_headers(OK, HTTPHeaders({"Content-Length": "2"}), b"ok")
            asyncio.get_running_loop().call_soon(self.connection.finish)
            return asyncio.get_running_loop().create_future()

    class Delegate(HTTPServerConnectionDelegate):
        def start_request(self, server_conn: object, request_conn: HTTPConnection) -> Stuck:
            return Stuck(request_conn)

    async def main() -> None:
        async with serving(Delegate()) as running:
            client = await running.connect()
            await client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\n\r\nx")
            assert await client.answer() == (200, b"ok")
            [protocol] = protocols
            sent = 0
            while protocol.transport is not None:
                try:
                    await client.send(b"x" * 65_536)
                except ConnectionError:
                    break
                sent += 65_536
                assert len(protocol._held) == 0
                await asyncio.sleep(0)
            assert sent > LINGER_SIZE

    run(main)
