"""Heads that need no parser: they mean what the parser says, to whoever asks.

Whole heads are remembered the second time that they come in a row on one connection.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.scripted_http import HELLO, run, serving

from whirlwind._base.limits import MAX_REMEMBERED_RESPONSES
from whirlwind._http.client.response_head import known_heads, read_head
from whirlwind._http.client.response_parser import ResponseParser
from whirlwind._proto.http.headers import HTTPHeaders
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
            server.replies = [HELLO, HELLO]
            for _ in range(2):
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
                for _ in range(2):
                    assert (await client.fetch(server.url)).headers["A"] == str(number)
            assert len(known_heads) == 1


def test_a_head_that_comes_once_is_not_remembered() -> None:
    async def main() -> None:
        async with serving() as (server, client):
            for number in range(5):
                field = f"\r\nEtag: {number}\r\n\r\n".encode()
                server.replies = [HELLO.replace(b"\r\n\r\n", field)]
                response = await client.fetch(server.url)
                assert (response.headers["Etag"], response.body) == (str(number), b"hello")
            assert not known_heads
            assert server.connections == 1

    run(main())

    run(main())


def test_the_end_of_a_connection_is_part_of_what_a_head_means() -> None:
    async def main() -> None:
        closing = HELLO.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        async with serving(closing) as (server, client):
            for _ in range(3):
                await client.fetch(server.url)
            assert (server.connections, client.statistics().open) == (3, 0)

    run(main())


HEADS = [
    pytest.param("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", True, id="usual"),
    pytest.param("HTTP/1.1 404 \r\ncontent-length:2\r\nA:\tb\xe9 \r\n\r\n", True, id="odd"),
    pytest.param(
        "HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: Keep-Alive\r\n\r\n", True, id="1.0"
    ),
    pytest.param("HTTP/1.1 200 OK\r\nA: 1\r\nA: 2\r\nContent-Length: 02\r\n\r\n", True, id="twice"),
    pytest.param("HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n", False, id="204"),
    pytest.param("HTTP/1.1 304 No\r\nContent-Length: 2\r\n\r\n", False, id="304"),
    pytest.param("HTTP/1.1 103 Hints\r\nContent-Length: 2\r\n\r\n", False, id="1xx"),
    pytest.param("HTTP/1.1 200 OK\r\n\r\n", False, id="no length"),
    pytest.param("HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n", False, id="sign"),
    pytest.param("HTTP/1.1 200 OK\r\nContent-Length: \xb2\r\n\r\n", False, id="other digits"),
    pytest.param(f"HTTP/1.1 200 OK\r\nContent-Length: {'0' * 18}2\r\n\r\n", False, id="long"),
    pytest.param(
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n", False, id="two"
    ),
    pytest.param(
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
        False,
        id="two framings",
    ),
    pytest.param("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n a: b\r\n\r\n", False, id="folded"),
    pytest.param("HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\n", False, id="space before colon"),
    pytest.param("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nA: b\0\r\n\r\n", False, id="NUL"),
    pytest.param("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nA: b\rc\r\n\r\n", False, id="lone CR"),
    pytest.param("HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\n", False, id="lone LF"),
    pytest.param("HTTP/1.1  200 OK\r\nContent-Length: 2\r\n\r\n", False, id="two spaces"),
    pytest.param("HTTP/1.1 600 OK\r\nContent-Length: 2\r\n\r\n", False, id="600"),
    pytest.param("HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\n", False, id="2.0"),
    pytest.param("ICY 200 OK\r\nContent-Length: 2\r\n\r\n", False, id="not HTTP"),
]


@pytest.mark.parametrize(("text", "is_usual"), HEADS)
def test_rule_1_only_what_the_parser_takes_is_read_without_it_and_means_the_same(
    text: str, is_usual: bool
) -> None:
    wire = text.encode("latin-1")
    for _ in range(2):  # the second time, its lines are known
        head = read_head(wire)
        assert (head is not None) is is_usual
    if head is not None:
        heard = Heard()
        parser = ResponseParser(1000)
        parser.receiver = heard
        parser.feed(wire + b"x" * head.length)
        assert heard.head == (head.code, head.reason, head.version, list(head.headers.get_all()))
        assert (parser.complete, parser.leftover) == (True, False)
        assert parser.keep_alive is head.keep_alive


LINES = st.sampled_from(
    [
        *(
            "A: b",
            "A: \t",
            "A:\x80",
            "A: \x7f",
            "A: b\n",
            "\0",
            "\r",
            "",
            "no colon",
            " folded",
            "a b: c",
        ),
        *(
            "Content-Length: 1",
            "content-length: 1",
            "Content-Length: 1, 1",
            "Content-Encoding: gzip",
        ),
        *("Connection: close", "Connection: x, Close", "Transfer-Encoding: chunked"),
        *("Upgrade: x", "Trailer: x"),
    ]
)
STATUS = st.sampled_from(
    [
        *("HTTP/1.1 200 OK", "HTTP/1.0 200 OK", "HTTP/1.1 404", "HTTP/1.1 204 ", "HTTP/1.1 101 Up"),
        *("http/1.1 200 OK", "HTTP/1.1 200 \xe9", "HTTP/1.1 099 A", "HTTP/1.1 200\tOK"),
    ]
)


@given(STATUS, st.lists(LINES, max_size=5))
def test_rule_1_what_is_read_without_the_parser_is_what_the_parser_reads(
    status: str, lines: list[str]
) -> None:
    wire = "\r\n".join([status, *lines, "", ""]).encode("latin-1")
    wire = wire[: wire.index(b"\r\n\r\n") + 4]
    head = read_head(wire)
    if head is not None:
        heard = Heard()
        parser = ResponseParser(1000)
        parser.receiver = heard
        parser.feed(wire + b"x" * head.length)
        assert heard.head == (head.code, head.reason, head.version, list(head.headers.get_all()))
        assert (parser.complete, parser.keep_alive) == (True, head.keep_alive)


class Heard:
    """What a parser told."""

    is_head = False
    max_body_size = 1000
    upgrade = False

    def __init__(self) -> None:
        self.head: Any = None
        self.pieces: list[bytes] = []

    def interim_received(self, *_: object) -> None:
        raise AssertionError("nobody asked for that")

    def headers_received(self, code: int, reason: str, version: str, headers: HTTPHeaders) -> None:
        self.head = code, reason, version, list(headers.get_all())

    def data_received(self, data: bytes) -> None:
        self.pieces.append(data)
