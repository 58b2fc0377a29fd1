"""Bodies that a program writes piece by piece: when the server asks, and only once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.support.scripted_http import HELLO, run, serving

from whirlwind.httputil import HTTPOutputError
from whirlwind.simple_httpclient import HTTPStreamClosedError

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.mark.parametrize("how", ["body", "producer"])
def test_a_second_100_asks_for_nothing(how: str) -> None:
    calls: list[int] = []

    def produce(write: Any) -> None:
        calls.append(1)
        write(b"abc")

    async def main() -> None:
        given: dict[str, Any] = {"body": b"abc"} if how == "body" else {"body_producer": produce}
        # The server sends one by itself, and these two.
        async with serving([CONTINUE, CONTINUE, HELLO], HELLO) as (server, client):
            await client.fetch(server.url, method="POST", expect_100_continue=True, **given)
            await client.fetch(server.url)
            assert server.requests[0].count(b"abc") == 1
            assert server.requests[1].startswith(b"GET ")
            assert server.connections == 1
            assert len(calls) == (how == "producer")

    run(main())


@pytest.mark.parametrize("when", ["at once", "later"])
def test_an_error_of_the_producer_is_the_error_of_the_fetch(when: str) -> None:
    async def later(write: Any) -> None:
        await write(b"a")
        raise OSError("no such tape")

    def at_once(write: Any) -> None:
        raise OSError("no such tape")

    async def main() -> None:
        async with serving() as (server, client):
            producer: Any = at_once if when == "at once" else later
            with pytest.raises(OSError, match="no such tape"):
                await client.fetch(server.url, method="POST", body_producer=producer)
            assert client.statistics().open == 0

    run(main())


def test_a_producer_that_is_cancelled_ends_the_fetch() -> None:
    async def produce(write: Any) -> None:
        raise asyncio.CancelledError

    async def main() -> None:
        async with serving() as (server, client):
            with pytest.raises(HTTPStreamClosedError, match="body_producer was cancelled"):
                await client.fetch(server.url, method="POST", body_producer=produce)

    run(main())


def test_nothing_can_be_written_after_the_answer() -> None:
    kept: list[Any] = []

    def produce(write: Any) -> None:
        kept.append(write)
        write(b"")  # no chunk: an empty one would end the body
        write(b"abc")

    async def main() -> None:
        async with serving() as (server, client):
            await client.fetch(server.url, method="POST", body_producer=produce)
            assert server.requests[0].endswith(b"\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
            with pytest.raises(HTTPStreamClosedError, match="Stream closed"):
                kept[0](b"more")

    run(main())


@pytest.mark.parametrize(("size", "message"), [(2, "1 bytes less"), (4, "more data")])
def test_a_body_has_the_length_that_was_announced(size: int, message: str) -> None:
    def produce(write: Any) -> None:
        write(bytes(size))

    async def main() -> None:
        async with serving() as (server, client):
            with pytest.raises(HTTPOutputError, match=message):
                await client.fetch(
                    server.url,
                    method="POST",
                    body_producer=produce,
                    headers={"Content-Length": "3"},
                )

    run(main())
