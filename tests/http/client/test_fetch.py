"""Fetches against a server that sends scripted bytes."""

from __future__ import annotations

import asyncio
import contextvars
import errno
import gc
import gzip
import socket
import struct
import zlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.conftest import LogWatch
from tests.support.scripted_http import HELLO, LoopFactory, run, serving, until

from whirlwind._base.limits import MAX_INFORMATIONAL, MAX_TRAILER_COUNT
from whirlwind.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from whirlwind.httputil import HTTPHeaders, HTTPOutputError
from whirlwind.iostream import UnsatisfiableReadError
from whirlwind.simple_httpclient import HTTPStreamClosedError, HTTPTimeoutError


def test_a_response_has_what_the_server_sent() -> None:
    async def main() -> None:
        reply = b"HTTP/1.1 200 Fine\r\nContent-Length: 5\r\nA: 1\r\na: 2\r\n\r\nhello"
        async with serving(reply) as (server, client):
            response = await client.fetch(server.url + "path?query#fragment")
            assert (response.code, response.reason, response.body) == (200, "Fine", b"hello")
            assert response.headers.get_list("A") == ["1", "2"]
            assert response.buffer.read() == b"hello"
            assert response.effective_url == server.url + "path?query#fragment"
            assert response.error is None
            assert response.time_info["redirect"] == 0
            assert response.request_time is not None
            assert response.request_time >= 0
            assert set(response.time_info) == {
                "queue",
                "namelookup",
                "connect",
                "appconnect",
                "pretransfer",
                "starttransfer",
                "total",
                "redirect",
            }
            head = server.requests[0].decode()
            assert head.startswith("GET /path?query HTTP/1.1\r\n")
            assert f"\r\nHost: 127.0.0.1:{server.port}\r\n" in head
            assert "\r\nAccept-Encoding: gzip\r\n" in head

    run(main())


BODIES = [
    pytest.param(HELLO, b"hello", id="length"),
    pytest.param(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nT: v\r\n\r\n",
        b"hello",
        id="chunks",
    ),
    pytest.param(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + HELLO,
        b"hello",
        id="1xx",
    ),
    pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", b"", id="204"),
]


@pytest.mark.parametrize(("reply", "body"), BODIES)
def test_where_the_bytes_are_cut_does_not_matter(reply: bytes, body: bytes) -> None:
    async def main() -> None:
        async with serving(reply) as (server, client):
            for cut in range(1, len(reply)):
                server.replies = [[reply[:cut], reply[cut:]]]
                response = await client.fetch(server.url)
                assert response.body == body, cut
                assert "Link" not in response.headers
                assert "T" not in response.headers
            server.replies = [[reply[i : i + 1] for i in range(len(reply))]]
            assert (await client.fetch(server.url)).body == body
            assert server.connections == 1

    run(main())


def test_a_body_without_length_ends_with_the_connection() -> None:
    async def main() -> None:
        for version in (b"1.0", b"1.1"):
            reply = b"HTTP/" + version + b" 200 OK\r\n\r\nhello"
            async with serving(reply, close=True) as (server, client):
                assert (await client.fetch(server.url)).body == b"hello"
                assert (await client.fetch(server.url)).body == b"hello"
                assert server.connections == 2

    run(main())


def test_a_connection_is_used_again_and_only_if_it_may_be() -> None:
    async def main() -> None:
        async with serving() as (server, client):
            for reply in (
                HELLO,
                HELLO.replace(b"1.1", b"1.0").replace(
                    b"\r\n\r\n", b"\r\nConnection: keep-alive\r\n\r\n"
                ),
            ):
                server.replies = [reply]
                for _ in range(3):
                    await client.fetch(server.url)
            assert server.connections == 1
            assert client.statistics().idle == 1
            for reply in (
                HELLO.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
                HELLO.replace(b"1.1", b"1.0"),
                HELLO + b"more",
                HELLO + HELLO,
            ):
                before = server.connections
                server.replies = [reply]
                assert (await client.fetch(server.url)).body == b"hello"
                assert client.statistics().idle == 0
                server.replies = [HELLO]
                await client.fetch(server.url)
                assert server.connections == before + 1

    run(main())


def test_head_has_no_body_whatever_its_length_says() -> None:
    async def main() -> None:
        reply = b"HTTP/1.1 200 OK\r\nContent-Length: 500000000\r\n\r\n"
        async with serving(reply) as (server, client):
            for _ in range(2):
                response = await client.fetch(server.url, method="HEAD")
                assert response.body == b""
                assert response.headers["Content-Length"] == "500000000"
            server.replies = [HELLO]
            assert (await client.fetch(server.url)).body == b"hello"
            assert server.connections == 1

    run(main())


# --- requests ---


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"method": "POST", "body": "\xe9"}, b"\r\nContent-Length: 2\r\n"),
        ({"method": "POST", "body": b""}, b"\r\nContent-Length: 0\r\n"),
        ({"method": "POST", "body": b"x"}, b"\r\n\r\nx"),
        ({"method": "POST", "body": b"x" * 100_000}, b"\r\n\r\n" + b"x" * 100_000),
        ({"method": "POST", "body": b"x"}, b"Content-Type: application/x-www-form-urlencoded\r\n"),
        ({"method": "DELETE"}, b"DELETE / HTTP/1.1\r\n"),
        ({"method": "PUT", "allow_nonstandard_methods": True}, b"chunked\r\n"),
        ({"method": "FOO", "allow_nonstandard_methods": True}, b"FOO / HTTP/1.1\r\n"),
        ({"headers": {"x-y": "z"}}, b"\r\nX-Y: z\r\n"),
        ({"headers": {"Host": "other"}}, b"\r\nHost: other\r\n"),
        ({"headers": {"User-Agent": b"bytes"}}, b"\r\nUser-Agent: bytes\r\n"),
        ({"user_agent": "me"}, b"\r\nUser-Agent: me\r\n"),
        ({"if_modified_since": 1359312200}, b"If-Modified-Since: Sun, 27 Jan 2013 18:43:20 GMT"),
        ({"auth_username": "a", "auth_password": "b"}, b"\r\nAuthorization: Basic YTpi\r\n"),
        ({"expect_100_continue": True, "method": "POST", "body": b"xy"}, b"\r\n\r\nxy"),
    ],
)
def test_a_request_says_what_was_asked_for(options: dict[str, Any], expected: bytes) -> None:
    async def main() -> None:
        async with serving() as (server, client):
            await client.fetch(server.url, **options)
            assert expected in server.requests[0]

    run(main())


def test_no_compression_is_asked_for_if_it_is_not_wanted() -> None:
    async def main() -> None:
        async with serving() as (server, client):
            await client.fetch(server.url, decompress_response=False)
            assert b"Accept-Encoding" not in server.requests[0]

    run(main())


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"method": "POST"}, ValueError),
        ({"body": b"x"}, ValueError),
        ({"method": "FOO"}, KeyError),
        ({"auth_username": "a", "auth_mode": "none"}, ValueError),
        ({"network_interface": "lo"}, ValueError),
        ({"proxy_host": "x"}, ValueError),
        ({"proxy_host": "x", "proxy_port": 0}, ValueError),
        ({"proxy_host": "http://x/", "proxy_port": 1}, ValueError),
        ({"proxy_host": "https://x", "proxy_port": 1}, ValueError),
        (
            {
                "proxy_host": "x",
                "proxy_port": 1,
                "proxy_username": "a",
                "proxy_auth_mode": "none",
            },
            ValueError,
        ),
    ],
)
def test_a_request_that_cannot_be_sent_opens_no_connection(
    options: dict[str, Any], error: type[Exception]
) -> None:
    async def main() -> None:
        async with serving() as (server, client):
            with pytest.raises(error):
                await client.fetch(server.url, **options)
            assert server.connections == 0
            assert not client.active

    run(main())


@pytest.mark.parametrize(
    "options",
    [
        {"headers": {"A": "b\r\nC: d"}},
        {"headers": {"A": "b\nC: d"}},
        {"headers": {"A": "b\0"}},
        {"headers": {"A\r\nB": "c"}},
        {"headers": {"A B": "c"}},
        {"headers": {"Host": "a\r\nX: y"}},
        {"user_agent": "a\r\nX: y"},
        {"method": "GET / HTTP/1.1\r\nX: y\r\n\r\nGET", "allow_nonstandard_methods": True},
        {"method": "G T", "allow_nonstandard_methods": True},
    ],
)
def test_rule_4_nothing_is_sent_that_could_start_a_line(options: dict[str, Any]) -> None:
    async def main() -> None:
        async with serving() as (server, client):
            with pytest.raises(ValueError):
                await client.fetch(server.url, **options)
            assert server.requests == []

    run(main())


@pytest.mark.parametrize("path", ["a\r\nX: y", "a\nb", "a\tb", "a\0b", "a\x7f", "?\r\n"])
def test_rule_4_a_url_with_control_characters_is_refused(path: str) -> None:
    async def main() -> None:
        async with serving() as (server, client):
            with pytest.raises(ValueError, match="control character"):
                await client.fetch(server.url + path)
            assert server.requests == []

    run(main())


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Length": "5"},
        {"Content-Length": "+0"},
        {"Transfer-Encoding": "chunked"},
        {"Transfer-Encoding": "gzip, chunked"},
    ],
)
def test_rule_1_a_request_with_ambiguous_framing_is_not_sent(headers: dict[str, str]) -> None:
    async def main() -> None:
        async with serving() as (server, client):
            with pytest.raises(ValueError):
                await client.fetch(server.url, headers=headers)
            twice = HTTPHeaders()
            twice.add("Host", "a")
            twice.add("Host", "b")
            with pytest.raises(ValueError, match="Host"):
                await client.fetch(server.url, headers=twice)
            assert server.requests == []

    run(main())


def test_a_length_that_differs_from_the_body_is_put_right() -> None:
    async def main() -> None:
        async with serving() as (server, client):
            headers = {"Content-Length": "50"}
            await client.fetch(server.url, method="POST", body=b"abc", headers=headers)
            assert b"Content-Length: 3\r\n" in server.requests[0]
            assert b"50" not in server.requests[0].partition(b"\r\n")[2].replace(
                b"%d" % server.port, b""
            )

    run(main())


# --- responses that are refused ---

REFUSED = [
    pytest.param(b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", id="folded line"),
    pytest.param(b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", id="space before the colon"),
    pytest.param(b"HTTP/1.1 200 OK\nContent-Length: 0\n\n", id="LF only"),
    pytest.param(b"HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n", id="bare CR"),
    pytest.param(b"HTTP/1.1 200 OK\r\nA: b\0\r\n\r\n", id="NUL"),
    pytest.param(
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", id="two lengths"
    ),
    pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na", id="signed length"),
    pytest.param(
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"1\r\na\r\n0\r\n\r\n",
        id="length and chunks",
    ),
    pytest.param(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", id="two codings"
    ),
    pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: x\r\n\r\n", id="unknown coding"),
    pytest.param(
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", id="chunks in HTTP/1.0"
    ),
    pytest.param(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n",
        id="chunk size of another form",
    ),
    pytest.param(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
        id="chunk without its CRLF",
    ),
    pytest.param(b"HTTP/1.1 204 No Content\r\nContent-Length: 1\r\n\r\na", id="204 with a body"),
    pytest.param(b"HTTP/2.0 200 OK\r\n\r\n", id="HTTP/2.0"),
    pytest.param(b"HTTP/1.1 099 x\r\nContent-Length: 0\r\n\r\n", id="status below 100"),
    pytest.param(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", id="101"),
    pytest.param(b"garbage", id="garbage"),
    pytest.param(
        b"HTTP/1.1 100 Continue\r\n\r\n" * (MAX_INFORMATIONAL + 1) + HELLO, id="too many 1xx"
    ),
    pytest.param(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
        + b"T: v\r\n" * (MAX_TRAILER_COUNT + 1)
        + b"\r\n",
        id="too many trailers",
    ),
]


@pytest.mark.parametrize("reply", REFUSED)
def test_rule_1_an_ambiguous_response_is_refused(reply: bytes) -> None:
    async def main() -> None:
        async with serving(reply, close=True) as (server, client):
            with pytest.raises(HTTPStreamClosedError):
                await client.fetch(server.url)
            assert client.statistics().idle == 0

    run(main())


def test_rule_5_limits_hold_at_and_not_one_over() -> None:
    async def main() -> None:
        interim = b"HTTP/1.1 100 Continue\r\n\r\n" * MAX_INFORMATIONAL
        trailers = b"0\r\n" + b"T: v\r\n" * MAX_TRAILER_COUNT + b"\r\n"
        chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        async with serving() as (server, client):
            for reply in (interim + HELLO, chunked + trailers):
                server.replies = [reply]
                assert (await client.fetch(server.url)).code == 200

    run(main())


@pytest.mark.parametrize(
    "reply",
    [
        HELLO,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"hello"),
    ],
)
def test_rule_5_a_body_over_the_limit_is_an_error(reply: bytes) -> None:
    plain = b"gzip" not in reply
    size = 5 if plain else len(reply.partition(b"\r\n\r\n")[2])

    async def main() -> None:
        async with serving(reply, close=True, max_body_size=size) as (server, client):
            assert (await client.fetch(server.url)).body == b"hello"
        async with serving(reply, close=True, max_body_size=4) as (server, client):
            with pytest.raises(HTTPStreamClosedError, match="max_body_size"):
                await client.fetch(server.url)

    run(main())


def test_rule_5_a_compressed_bomb_is_stopped_early() -> None:
    async def main() -> None:
        bomb = gzip.compress(bytes(50_000_000))
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(
            bomb
        )
        seen: list[int] = []
        async with serving(head + bomb, max_body_size=200_000) as (server, client):
            with pytest.raises(HTTPStreamClosedError, match="decompressed body too large"):
                await client.fetch(server.url, streaming_callback=lambda b: seen.append(len(b)))
            assert sum(seen) <= 200_000

    run(main())


def test_rule_5_a_header_over_the_limit_is_an_error() -> None:
    async def main() -> None:
        fields = b"Content-Length: 0\r\nA: " + b"b" * 100 + b"\r\n"
        reply = b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n"
        for cut in (1, 60, len(reply) - 1):
            async with serving([reply[:cut], reply[cut:]], max_header_size=len(reply)) as (s, c):
                await c.fetch(s.url)
            async with serving([reply[:cut], reply[cut:]], max_header_size=100) as (s, c):
                with pytest.raises(UnsatisfiableReadError, match="max_header_size"):
                    await c.fetch(s.url)

    run(main())


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(HELLO[:-1], id="length"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", id="chunks"
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-", id="header"),
    ],
)
def test_rule_7_a_truncated_response_is_an_error(reply: bytes) -> None:
    async def main() -> None:
        async with serving(reply, close=True) as (server, client):
            with pytest.raises(HTTPStreamClosedError, match="in the middle of the response"):
                await client.fetch(server.url)

    run(main())


def test_rule_7_a_truncated_compressed_body_is_an_error() -> None:
    async def main() -> None:
        data = gzip.compress(b"hello")[:-3]
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(
            data
        )
        async with serving(head + data) as (server, client):
            with pytest.raises(HTTPStreamClosedError, match="truncated"):
                await client.fetch(server.url)

    run(main())


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        ("gzip", gzip.compress(b"hel") + gzip.compress(b"lo")),
        ("x-gzip", gzip.compress(b"hello")),
        ("deflate", zlib.compress(b"hello")),
        ("Deflate", zlib.compress(b"hello")[2:-4]),
    ],
)
def test_compression_is_undone(coding: str, data: bytes) -> None:
    async def main() -> None:
        head = (
            f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {len(data)}\r\n\r\n"
        )
        async with serving(head.encode() + data) as (server, client):
            response = await client.fetch(server.url)
            assert response.body == b"hello"
            assert "Content-Encoding" not in response.headers
            assert response.headers["X-Consumed-Content-Encoding"] == coding
            response = await client.fetch(server.url, decompress_response=False)
            assert response.body == data

    run(main())


# --- errors of status, timeouts, cancelling ---


def test_a_status_that_is_no_success_is_an_error_unless_told_otherwise() -> None:
    async def main() -> None:
        reply = b"HTTP/1.1 404 Nope\r\nContent-Length: 2\r\n\r\nhi"
        async with serving(reply) as (server, client):
            with pytest.raises(HTTPClientError, match="HTTP 404: Nope") as caught:
                await client.fetch(server.url)
            assert caught.value.response is not None
            assert caught.value.response.body == b"hi"
            response = await client.fetch(server.url, raise_error=False)
            assert response.code == 404
            with pytest.raises(HTTPClientError):
                response.rethrow()
            server.replies = [b"garbage"]
            with pytest.raises(HTTPStreamClosedError):
                await client.fetch(server.url, raise_error=False)

    run(main())


def test_timeouts_say_what_ran_out() -> None:
    async def main() -> None:
        async with serving(max_clients=1) as (server, client):
            server.hang = True
            first = client.fetch(server.url, request_timeout=0)
            await server.arrived.wait()
            with pytest.raises(HTTPTimeoutError, match="in request queue"):
                await client.fetch(server.url, request_timeout=0.01)
            assert not client.queue
            first.cancel()
            server.hang = False
            await client.fetch(server.url)
            server.hang = True
            with pytest.raises(HTTPTimeoutError, match="during request") as caught:
                await client.fetch(server.url, request_timeout=0.01)
            assert caught.value.code == 599

    run(main())


class StuckResolver:
    """Never finds a name."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def resolve(self, host: str, port: int, family: int = 0) -> Any:
        self.asked.set()
        await asyncio.get_running_loop().create_future()


def test_a_connection_that_does_not_come_says_at_which_stage_it_was() -> None:
    async def main() -> None:
        async with serving(resolver=(resolver := StuckResolver())) as (server, client):
            fetch = client.fetch("http://nowhere/", connect_timeout=100)
            await resolver.asked.wait()
            next(iter(client.active)).expire()
            with pytest.raises(HTTPTimeoutError, match="while resolving nowhere"):
                await fetch
            assert not client.active
        async with serving() as (server, client):
            # The server waits for a request, the client for a handshake.
            fetch = client.fetch(server.url.replace("http:", "https:"), connect_timeout=100)
            await until(lambda: server.connections == 1)
            next(iter(client.active)).expire()
            with pytest.raises(HTTPTimeoutError, match="during TLS handshake with 127"):
                await fetch
            await server.closed.wait()

    run(main())


def test_cancelling_a_fetch_ends_its_connection() -> None:
    async def main() -> None:
        async with serving() as (server, client):
            server.hang = True
            fetch = client.fetch(server.url)
            await server.arrived.wait()
            assert fetch.cancel()
            await server.closed.wait()
            await until(lambda: client.statistics().open == 0)
            assert not client.active
            assert fetch.cancelled()

    run(main())


def test_cancelling_reaches_a_fetch_that_is_awaited_queued_or_connecting() -> None:
    async def main() -> None:
        async with serving(max_clients=1, resolver=(resolver := StuckResolver())) as (_, client):

            async def wait() -> None:
                await client.fetch("http://nowhere/")

            connecting = asyncio.ensure_future(wait())
            await resolver.asked.wait()
            queued = client.fetch("http://nowhere/")
            assert len(client.queue) == 1
            queued.cancel()
            assert len(client.queue) == 0
            connecting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await connecting
            assert not client.active

    run(main())


def test_a_fair_queue_serves_who_waited_longest() -> None:
    async def main() -> None:
        for most in (1, 2):
            async with serving(max_clients=most) as (server, client):
                fetches = [client.fetch(f"{server.url}{n}") for n in range(10)]
                assert len(client.active) == most
                assert len(client.queue) == 10 - most
                await asyncio.gather(*fetches)
                asked = [int(request.split()[1][1:]) for request in server.requests]
                # With two connections the server may read them in any order.
                assert (asked if most == 1 else sorted(asked)) == list(range(10))
                assert server.connections == most

    run(main())


def test_closing_a_client_lets_its_fetches_come_to_their_end() -> None:
    # Two parts of a program may have the loop's client, and one of them closes it after use.
    async def main() -> None:
        async with serving(max_clients=1) as (server, client):
            await client.fetch(server.url)
            assert client.statistics().idle == 1
            fetches = [client.fetch(server.url) for _ in range(3)]
            client.close()
            client.close()
            with pytest.raises(RuntimeError, match="closed"):
                client.fetch(server.url)
            assert [(await fetch).code for fetch in fetches] == [200, 200, 200]
            await until(lambda: client.statistics().open == 0)
            assert client.statistics().idle == 0

    run(main())


def test_closing_a_client_closes_the_connections_that_it_kept() -> None:
    async def main() -> None:
        async with serving() as (server, client):
            await client.fetch(server.url)
            client.close()
            assert client.statistics().open == 0
            await server.closed.wait()

    run(main())


# --- kept connections ---


def test_a_kept_connection_that_ends_leaves_the_pool() -> None:
    async def main() -> None:
        async with serving() as (server, client):
            await client.fetch(server.url)
            await server.stop()
            await until(lambda: client.statistics().open == 0)
            assert client.statistics().idle == 0

    run(main())


def test_rule_9_only_a_connection_of_the_same_identity_is_used_again() -> None:
    async def main() -> None:
        async with serving() as (server, client):
            await client.fetch(server.url)
            await client.fetch(server.url, network_interface="127.0.0.1")
            await client.fetch(server.url, allow_ipv6=False)
            await client.fetch(server.url.replace("127.0.0.1", "localhost"), allow_ipv6=False)
            assert server.connections == 4
            assert client.statistics().keys == 4

    run(main())


# --- streams ---


def test_header_lines_and_body_pieces_come_as_they_arrive() -> None:
    async def main() -> None:
        lines: list[str] = []
        pieces: list[bytes] = []
        async with serving([HELLO[:-3], HELLO[-3:]]) as (server, client):
            response = await client.fetch(
                server.url, header_callback=lines.append, streaming_callback=pieces.append
            )
            assert lines == ["HTTP/1.1 200 OK\r\n", "Content-Length: 5\r\n", "\r\n"]
            assert b"".join(pieces) == b"hello"
            assert response.body == b""

    run(main())


def test_nothing_is_read_while_a_streaming_callback_is_busy() -> None:
    async def main() -> None:
        size = 50_000_000
        reply = [b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size, bytes(size)]
        seen = 0
        gate = asyncio.Event()
        busy = asyncio.Event()

        async def take(piece: bytes) -> None:
            nonlocal seen
            seen += len(piece)
            busy.set()
            await gate.wait()

        async with serving(reply) as (server, client):
            fetch = client.fetch(server.url, streaming_callback=take)
            await busy.wait()
            for _ in range(2000):
                await asyncio.sleep(0)
            assert seen < 1_000_000
            # More than all buffers on the way can hold: the server cannot have got rid of it.
            assert server.replied == 0
            assert not fetch.done()
            gate.set()
            await fetch
            assert seen == size
            assert (await client.fetch(server.url, method="HEAD")).code == 200
            assert server.connections == 1

    run(main())


@pytest.mark.parametrize("kind", ["header", "streaming", "coroutine"])
def test_an_error_in_a_callback_ends_the_fetch(kind: str, logs: LogWatch) -> None:
    def fail(piece: object) -> None:
        raise ZeroDivisionError("boo")

    async def fail_later(piece: bytes) -> None:
        raise ZeroDivisionError("boo")

    kinds: dict[str, dict[str, Any]] = {
        "header": {"header_callback": fail},
        "streaming": {"streaming_callback": fail},
        "coroutine": {"streaming_callback": fail_later},
    }

    async def main() -> None:
        async with serving() as (server, client):
            with pytest.raises(HTTPStreamClosedError, match="boo") as caught:
                await client.fetch(server.url, **kinds[kind])
            assert isinstance(caught.value.__cause__, ZeroDivisionError)
            assert not client.active

    with logs.expect("whirlwind.application", "Uncaught exception"):
        run(main())


def test_callbacks_see_the_context_of_who_asked() -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="none")

    async def main() -> None:
        seen: list[str] = []

        async def produce(write: Callable[[bytes], Awaitable[None]]) -> None:
            seen.append(variable.get())
            await write(b"x")

        async with serving() as (server, client):
            await client.fetch(server.url)
            await client.fetch(server.url)
            variable.set("mine")
            await client.fetch(
                server.url,
                method="POST",
                body_producer=produce,
                header_callback=lambda line: seen.append(variable.get()),
                streaming_callback=lambda piece: seen.append(variable.get()),
            )
            assert server.connections == 1
            assert set(seen) == {"mine"}

    run(main())


@pytest.mark.parametrize("length", [None, "5"])
@pytest.mark.parametrize("expect", [False, True])
def test_a_body_comes_from_its_producer(length: str | None, expect: bool) -> None:
    async def produce(write: Callable[[bytes], Awaitable[None]]) -> None:
        await write(b"abc")
        await write(b"")
        await write(b"de")

    async def main() -> None:
        headers = {} if length is None else {"Content-Length": length}
        async with serving() as (server, client):
            for _ in range(2):
                await client.fetch(
                    server.url,
                    method="PUT",
                    headers=headers,
                    body_producer=produce,
                    expect_100_continue=expect,
                )
            body = server.requests[0].partition(b"\r\n\r\n")[2]
            assert body == (b"abcde" if length else b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
            await client.fetch(server.url)  # over the connection of the first
            assert server.connections == 2

    run(main())


@pytest.mark.parametrize(("length", "message"), [("4", "more data"), ("9", "4 bytes less")])
def test_a_producer_must_keep_to_its_length(length: str, message: str) -> None:
    def produce(write: Callable[[bytes], Awaitable[None]]) -> None:
        write(b"abcde")

    async def main() -> None:
        async with serving() as (server, client):
            with pytest.raises(HTTPOutputError, match=message):
                await client.fetch(
                    server.url,
                    method="POST",
                    headers={"Content-Length": length},
                    body_producer=produce,
                )
            await until(lambda: client.statistics().open == 0)

    run(main())


def test_a_producer_waits_for_a_slow_server_and_ends_with_the_fetch() -> None:
    async def main() -> None:
        written = 0
        ended = asyncio.Event()

        async def produce(write: Callable[[bytes], Awaitable[None]]) -> None:
            nonlocal written
            try:
                while True:
                    await write(bytes(100_000))
                    written += 100_000
            finally:
                ended.set()

        class Deaf(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                self.transport = transport
                made.append(transport)

            def data_received(self, data: bytes) -> None:
                self.transport.pause_reading()  # type: ignore[attr-defined]

        made: list[asyncio.BaseTransport] = []
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Deaf, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        client = AsyncHTTPClient(force_instance=True)
        fetch = client.fetch(f"http://127.0.0.1:{port}/", method="POST", body_producer=produce)
        before = -1
        while written != before or not written:
            before = written
            for _ in range(50):
                await asyncio.sleep(0)
        assert written < 20_000_000
        fetch.cancel()
        await ended.wait()
        client.close()
        server.close()
        for transport in made:
            transport.close()
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    run(main())


# --- nothing is left behind ---


def test_a_fetch_leaves_no_cycle_for_the_collector() -> None:
    async def main() -> None:
        async with serving() as (server, client):
            for _ in range(3):
                await client.fetch(server.url)
            gc.collect()
            gc.disable()
            try:
                for _ in range(5):
                    await client.fetch(HTTPRequest(server.url))
                gc.set_debug(gc.DEBUG_SAVEALL)
                gc.collect()
                left = [type(thing).__name__ for thing in gc.garbage]
            finally:
                gc.set_debug(0)
                gc.garbage.clear()
                gc.enable()
            assert not {name for name in left if "Fetch" in name or "HTTP" in name}

    run(main())


def test_timers_are_few_and_end_with_the_client(loop_kind: LoopFactory) -> None:
    if loop_kind is not asyncio.new_event_loop:
        return  # uvloop does not show its timers

    async def main() -> None:
        async with serving(max_clients=50) as (server, client):
            await asyncio.gather(*[client.fetch(server.url) for _ in range(200)])
            shared = client._shared
            assert len(shared.totals) == len(shared.stages) == 0
            loop = asyncio.get_running_loop()
            timers = [t for t in loop._scheduled if not t.cancelled()]  # type: ignore[attr-defined]
            assert len(timers) <= 3
            client.close()
            timers = [t for t in loop._scheduled if not t.cancelled()]  # type: ignore[attr-defined]
            assert timers == []

    run(main())


def test_a_request_shows_what_was_sent_of_it() -> None:
    async def main() -> None:
        ok = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        async with serving(ok, ok, ok) as (server, client):
            response = await client.fetch(server.url)
            sent = response.request.headers
            assert sorted(sent) == ["Accept-Encoding", "Host", "User-Agent"]
            assert sent["host"] == server.url.split("/")[2]

            request = HTTPRequest(server.url, "POST", {"X": "1"}, "a=b", auth_username="me")
            await client.fetch(request)
            assert request.headers["Content-Length"] == "3"
            assert request.headers["Authorization"].startswith("Basic ")
            assert request.headers["X"] == "1"
            # A field that the program sets then goes with the others of the program's.
            request.headers["Y"] = "2"
            await client.fetch(request)
            assert request.headers["Y"] == "2"

    run(main())


def test_a_request_that_is_sent_again_has_only_its_own_fields_and_those_of_the_second_time() -> (
    None
):
    async def main() -> None:
        ok = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        async with serving(ok, ok) as (server, client):
            request = HTTPRequest(server.url, "POST", {"X": "1"}, "a=b", user_agent="one")
            await client.fetch(request)
            request.method, request.body, request.user_agent = "GET", None, "two"
            await client.fetch(request)
            assert request.headers["User-Agent"] == "two"
            assert sorted(request.headers) == ["Accept-Encoding", "Host", "User-Agent", "X"]

    run(main())


def test_what_was_sent_is_that_of_the_request_before_the_redirect() -> None:
    async def main() -> None:
        moved = b"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n"
        ok = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        async with serving(moved, ok) as (server, client):
            response = await client.fetch(server.url, method="POST", body="a=b")
            assert response.request.url == server.url
            assert response.request.headers["Content-Length"] == "3"

    run(main())


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"


@pytest.mark.parametrize("option", ["streaming_callback", "header_callback"])
def test_a_callback_that_fails_on_what_the_parser_read_is_the_cause(
    option: str, logs: LogWatch
) -> None:
    # Through httptools, which wraps the exception: its own cause has to come out whole.
    def fail(_: object) -> None:
        raise LookupError("mine")

    async def main() -> None:
        async with serving(CHUNKED, close=True) as (server, client):
            with pytest.raises(HTTPStreamClosedError, match=r"a callback failed.*mine") as failure:
                await client.fetch(server.url, **{option: fail})
            assert isinstance(failure.value.__cause__, LookupError)

    with logs.expect("whirlwind.application", "Uncaught exception"):
        run(main())


def test_the_header_callback_sees_1xx_responses_first() -> None:
    async def main() -> None:
        reply = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + HELLO
        async with serving(reply) as (server, client):
            lines: list[str] = []
            await client.fetch(server.url, header_callback=lines.append)
            assert "".join(lines) == reply.decode().removesuffix("hello")

    run(main())


def test_a_connection_that_was_reset_is_an_error_of_both_kinds() -> None:
    async def main() -> None:
        async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

        server = await asyncio.start_server(reset, "127.0.0.1", 0)
        client = AsyncHTTPClient(force_instance=True)
        try:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(ConnectionResetError, match="reset before a response") as failure:
                await client.fetch(f"http://127.0.0.1:{port}/")
            assert isinstance(failure.value, HTTPStreamClosedError)
            assert failure.value.code == 599
            assert failure.value.errno == errno.ECONNRESET
        finally:
            client.close()
            server.close()

    run(main())


@pytest.mark.parametrize("room", [0, -1], ids=["enough", "one byte too few"])
@pytest.mark.parametrize("chunked", [False, True])
def test_rule_5_max_header_size_counts_all_of_the_header(room: int, chunked: bool) -> None:
    reply = CHUNKED if chunked else HELLO
    size = reply.index(b"\r\n\r\n") + 4 + room

    async def main() -> None:
        async with serving(reply, close=True, max_header_size=size) as (server, client):
            assert (await client.fetch(server.url)).body == b"hello"

    if not room:
        run(main())
        return
    with pytest.raises(UnsatisfiableReadError):
        run(main())


def test_a_url_may_be_bytes() -> None:
    async def main() -> None:
        redirect = b"HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n"
        async with serving(redirect, HELLO) as (server, client):
            response = await client.fetch(server.url.encode() + b"here")  # type: ignore[arg-type]
            assert response.effective_url == server.url + "there"

    run(main())


@pytest.mark.parametrize(("url", "error"), [(None, ValueError), (5, TypeError)])
def test_what_is_no_url_is_an_error_of_the_fetch(url: Any, error: type[Exception]) -> None:
    async def main() -> None:
        for most in (None, 1):
            async with serving(max_clients_per_host=most) as (_, client):
                future = client.fetch(url)
                with pytest.raises(error):
                    await future

    run(main())


@pytest.mark.parametrize(("method", "nonstandard"), [(None, False), (5, False), (None, True)])
def test_what_is_no_method_is_named(method: Any, nonstandard: bool) -> None:
    async def main() -> None:
        async with serving() as (server, client):
            with pytest.raises((KeyError, ValueError), match=str(method)):
                await client.fetch(server.url, method=method, allow_nonstandard_methods=nonstandard)

    run(main())


def test_what_is_no_text_is_a_type_error_as_a_header() -> None:
    async def main() -> None:
        async with serving() as (server, client):
            for headers in ({"A": 5}, {"A": None}):
                with pytest.raises(TypeError, match="value of header 'A'"):
                    await client.fetch(server.url, headers=headers)

    run(main())


def test_empty_options_are_none() -> None:
    async def main() -> None:
        async with serving(defaults={"user_agent": ""}) as (server, client):
            await client.fetch(server.url, user_agent="", network_interface="")
            assert b"\r\nUser-Agent: Tornado/" in server.requests[0]

    run(main())


@pytest.mark.parametrize("size", [0, None])
def test_no_buffer_size_is_the_usual_one(size: Any) -> None:
    async def main() -> None:
        async with serving(max_buffer_size=size) as (server, client):
            assert (await client.fetch(server.url)).body == b"hello"

    run(main())
