"""Redirects: where they lead, what goes along, and what stays at home."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from tests.support.scripted_http import HELLO, ScriptedServer, run, serving

from whirlwind._base.limits import MAX_REDIRECT_BODY
from whirlwind._http.client.redirects import (
    Following,
    following_request,
    is_redirect,
    is_same_origin,
    redirected_headers,
    redirected_method,
    redirected_url,
)
from whirlwind._http.client.target import parse_target
from whirlwind.httpclient import HTTPClientError
from whirlwind.httputil import HTTPHeaders
from whirlwind.simple_httpclient import HTTPTimeoutError


def redirect(location: str, code: int = 302, body: bytes = b"gone") -> bytes:
    head = f"HTTP/1.1 {code} Moved\r\nLocation: {location}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE"])
def test_the_method_that_follows(code: int, method: str) -> None:
    becomes_get = (code == 303 and method != "HEAD") or (code in (301, 302) and method == "POST")
    assert redirected_method(code, method) == ("GET" if becomes_get else method)


def test_what_is_a_redirect_and_where_it_leads() -> None:
    there = HTTPHeaders({"Location": "../x?y#z"})
    assert is_redirect(302, there)
    assert not is_redirect(302, HTTPHeaders())
    assert not is_redirect(304, there)
    assert not is_redirect(300, there)
    assert redirected_url("http://a/b/c/d?e#f", there) == "http://a/b/x?y#z"


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("http://a.example/other", True),
        ("http://A.example:80/", True),
        ("https://a.example/", False),
        ("http://a.example:8080/", False),
        ("http://b.a.example/", False),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, same: bool) -> None:
    assert is_same_origin(parse_target("http://a.example/"), parse_target(url)) is same


def test_rule_9_fields_with_credentials_go_to_the_same_origin_only() -> None:
    headers = HTTPHeaders(
        {"authorization": "a", "cookie": "b", "proxy-authorization": "c", "host": "d", "x": "e"}
    )
    kept = redirected_headers(headers, body_dropped=False, same_origin=True)
    stripped = redirected_headers(headers, body_dropped=False, same_origin=False)
    assert kept is not None
    assert stripped is not None
    assert sorted(kept) == ["Authorization", "Cookie", "Proxy-Authorization", "X"]
    assert sorted(stripped) == ["X"]
    assert len(headers) == 5


def test_a_redirect_is_followed_on_the_same_connection() -> None:
    async def main() -> None:
        async with serving(redirect("/next"), HELLO) as (server, client):
            response = await client.fetch(server.url + "first")
            assert response.body == b"hello"
            assert response.effective_url == server.url + "next"
            assert response.request.url == server.url + "first"
            assert server.requests[1].startswith(b"GET /next ")
            assert server.connections == 1

    run(main())


def test_a_long_body_of_a_redirect_is_not_read() -> None:
    async def main() -> None:
        long = redirect("/next", body=bytes(MAX_REDIRECT_BODY + 1))
        async with serving(long, HELLO) as (server, client):
            assert (await client.fetch(server.url)).body == b"hello"
            assert server.connections == 2

    run(main())


def test_a_body_is_dropped_with_the_fields_that_describe_it() -> None:
    async def main() -> None:
        async with serving(redirect("/next", 303), HELLO) as (server, client):
            await client.fetch(
                server.url, method="POST", body=b"abc", headers={"Content-Type": "text/plain"}
            )
            assert server.requests[1].startswith(b"GET /next ")
            assert b"Content-" not in server.requests[1]

    run(main())


def test_a_body_is_sent_again_after_307_also_by_its_producer() -> None:
    async def produce(write: Callable[[bytes], Awaitable[None]]) -> None:
        await write(b"abc")

    async def main() -> None:
        async with serving(redirect("/next", 307), HELLO) as (server, client):
            await client.fetch(server.url, method="POST", body=b"abc")
            assert server.requests[1].startswith(b"POST /next ")
            assert server.requests[1].endswith(b"\r\n\r\nabc")
            server.replies = [redirect("/next", 308), HELLO]
            await client.fetch(server.url, method="POST", body_producer=produce)
            assert server.requests[3].endswith(b"3\r\nabc\r\n0\r\n\r\n")

    run(main())


def test_callbacks_hear_of_the_last_response_only() -> None:
    async def main() -> None:
        heard: list[object] = []
        async with serving(redirect("/next"), HELLO) as (server, client):
            await client.fetch(
                server.url, header_callback=heard.append, streaming_callback=heard.append
            )
            assert heard[0] == "HTTP/1.1 200 OK\r\n"
            assert heard[-1] == b"hello"

    run(main())


def test_rule_5_redirects_are_counted() -> None:
    async def main() -> None:
        async with serving(redirect("/again")) as (server, client):
            for most in (0, 1, 3):
                server.requests.clear()
                with pytest.raises(HTTPClientError, match="HTTP 302") as caught:
                    await client.fetch(server.url, max_redirects=most)
                assert len(server.requests) == most + 1
                assert caught.value.response is not None
            response = await client.fetch(server.url, follow_redirects=False, raise_error=False)
            assert response.headers["Location"] == "/again"

    run(main())


@pytest.mark.parametrize("location", ["ftp://a/", "file:///etc/passwd", "http://a:x/"])
def test_rule_9_a_redirect_to_what_is_no_http_is_an_error(location: str) -> None:
    async def main() -> None:
        async with serving(redirect(location)) as (server, client):
            with pytest.raises(ValueError):
                await client.fetch(server.url)
            assert not client.active

    run(main())


def test_rule_9_credentials_and_cookies_stay_with_their_origin() -> None:
    async def main() -> None:
        other = ScriptedServer()
        await other.start()
        try:
            async with serving(redirect("/same"), redirect(other.url)) as (server, client):
                await client.fetch(
                    server.url,
                    headers={"Cookie": "secret", "X": "kept"},
                    auth_username="name",
                    auth_password="password",
                )
                assert b"Authorization: Basic" in server.requests[1]
                assert b"Cookie: secret" in server.requests[1]
                assert b"Authorization" not in other.requests[0]
                assert b"Cookie" not in other.requests[0]
                assert b"X: kept" in other.requests[0]
                server.replies = [redirect(other.url)]
                await client.fetch(server.url.replace("http://", "http://name:password@"))
                assert b"Authorization: Basic" in server.requests[-1]
                assert b"Authorization" not in other.requests[1]
        finally:
            await other.stop()

    run(main())


def test_a_timeout_holds_over_redirects() -> None:
    async def main() -> None:
        async with serving(redirect("/again")) as (server, client):
            with pytest.raises(HTTPTimeoutError):
                await client.fetch(server.url, max_redirects=10**9, request_timeout=0.3)
            assert len(server.requests) > 1

    run(main())


def test_a_fetch_can_be_cancelled_between_its_hops() -> None:
    async def main() -> None:
        async with serving(redirect("/again")) as (server, client):
            fetch = client.fetch(server.url, max_redirects=10**9)
            while len(server.requests) < 3:
                await asyncio.sleep(0)
            fetch.cancel()
            await server.closed.wait()
            assert not client.active

    run(main())


def test_what_was_said_of_a_body_is_not_said_of_the_request_that_follows() -> None:
    async def main() -> None:
        moved = b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"
        async with serving(moved, HELLO) as (server, client):
            await client.fetch(server.url, method="POST", allow_nonstandard_methods=True)
            await client.fetch(server.url)
            assert [request[:6] for request in server.requests] == [b"POST /", b"GET /b", b"GET / "]
            assert server.requests[0].endswith(b"\r\n\r\n0\r\n\r\n")
            for request in server.requests[1:]:
                assert request.count(b"\r\n\r\n") == 1
            assert server.connections == 1

    run(main())


def test_a_server_does_not_say_as_whom_one_goes_on() -> None:
    for location, url in (
        ("http://me:secret@b/x?@y", "http://b/x?@y"),
        ("//me@b/x", "http://b/x"),
        ("/x@y", "http://you:yours@a/x@y"),
    ):
        assert redirected_url("http://you:yours@a/", HTTPHeaders(Location=location)) == url


def test_an_empty_location_is_the_same_page() -> None:
    assert is_redirect(302, HTTPHeaders(Location=""))
    assert redirected_url("http://a/b?c", HTTPHeaders(Location="")) == "http://a/b?c"


def test_after_303_the_fields_of_a_body_are_gone_although_the_method_stays() -> None:
    given = Following("http://a/", "GET", HTTPHeaders({"Content-Type": "a", "B": "c"}), {})
    there = HTTPHeaders(Location="/there")
    then = following_request(given, parse_target("http://a/"), 303, there)
    assert (then.drops_body, dict(then.headers or {})) == (True, {"B": "c"})
    then = following_request(given, parse_target("http://a/"), 302, there)
    assert not then.drops_body
