"""Heads that came before: they mean what they meant, to whoever asks, and only if they may."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.scripted_http import HELLO, run, serving

from whirlwind._base.limits import MAX_REMEMBERED_RESPONSES
from whirlwind._http.client.remembered_heads import known_heads
from whirlwind.iostream import UnsatisfiableReadError
from whirlwind.simple_httpclient import HTTPStreamClosedError


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    known_heads.clear()
    yield
    known_heads.clear()


def test_a_head_that_came_before_means_the_same_and_belongs_to_nobody() -> None:
    async def main() -> None:
        reply = b"HTTP/1.1 203 So so\r\nA: 1\r\na: 2\r\nContent-Length: 5\r\n\r\nhello"
        async with serving(reply) as (server, client):
            for body in (b"hello", b"other", b"third"):
                server.replies = [reply.replace(b"hello", body)]
                lines: list[str] = []
                response = await client.fetch(server.url, header_callback=lines.append)
                assert (response.code, response.reason, response.body) == (203, "So so", body)
                assert response.headers.get_list("A") == ["1", "2"]
                assert lines[0] == "HTTP/1.1 203 So so\r\n"
                response.headers["A"] = "changed"
            assert len(known_heads) == 1
            assert server.connections == 1

    run(main())


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n", id="no length"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", id="chunks"
        ),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" + HELLO, id="1xx before it"),
        pytest.param(b"\r\n" + HELLO, id="empty line before it"),
        pytest.param(b"\r\n\r\n" + HELLO, id="two of them"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nA: \0\r\n\r\na", id="refused"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nA: " + b"a" * 2048 + b"\r\n\r\n", id="long"
        ),
    ],
)
def test_rule_1_what_means_more_than_its_bytes_is_not_remembered(reply: bytes) -> None:
    async def main() -> None:
        async with serving(reply, close=True) as (server, client):
            for _ in range(2):
                await _outcome(client.fetch(server.url))
            assert not known_heads

    run(main())


async def _outcome(fetch: object) -> None:
    try:
        await fetch  # type: ignore[misc]
    except HTTPStreamClosedError:
        pass


def test_an_answer_to_head_is_none_to_get() -> None:
    async def main() -> None:
        head = HELLO.removesuffix(b"hello")
        async with serving(head) as (server, client):
            await client.fetch(server.url, method="HEAD")
            assert not known_heads
            server.replies = [HELLO]
            assert (await client.fetch(server.url)).body == b"hello"
            assert list(known_heads) == [head]
            server.replies = [head]
            assert (await client.fetch(server.url, method="HEAD")).body == b""
            assert server.connections == 1

    run(main())


def test_rule_7_a_known_head_with_too_little_or_too_much_behind_it_is_an_error() -> None:
    async def main() -> None:
        async with serving(HELLO) as (server, client):
            await client.fetch(server.url)
            # Bytes behind the response: it is whole, and its connection is not used again.
            server.replies = [HELLO + b"x"]
            assert (await client.fetch(server.url)).body == b"hello"
            server.replies = [HELLO]
            await client.fetch(server.url)
            assert server.connections == 2
        async with serving(HELLO[:-1], close=True) as (server, client):
            with pytest.raises(HTTPStreamClosedError):
                await client.fetch(server.url)

    run(main())


def test_rule_5_the_limits_of_whoever_asks_hold_for_a_known_head() -> None:
    async def main() -> None:
        async with serving(HELLO) as (server, client):
            await client.fetch(server.url)
        async with serving(HELLO, max_body_size=4) as (server, client):
            with pytest.raises(HTTPStreamClosedError, match="max_body_size"):
                await client.fetch(server.url)
        async with serving(HELLO, max_header_size=18) as (server, client):
            with pytest.raises(UnsatisfiableReadError, match="max_header_size"):
                await client.fetch(server.url)

    run(main())


def test_rule_5_no_more_than_so_many_are_remembered() -> None:
    async def main() -> None:
        async with serving() as (server, client):
            for number in range(MAX_REMEMBERED_RESPONSES + 1):
                field = f"\r\nA: {number}\r\n\r\n".encode()
                server.replies = [HELLO.replace(b"\r\n\r\n", field)]
                assert (await client.fetch(server.url)).headers["A"] == str(number)
            assert len(known_heads) == 1

    run(main())


def test_the_end_of_a_connection_is_part_of_what_a_head_means() -> None:
    async def main() -> None:
        closing = HELLO.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        async with serving(closing) as (server, client):
            for _ in range(3):
                await client.fetch(server.url)
            assert (server.connections, client.statistics().open) == (3, 0)

    run(main())
