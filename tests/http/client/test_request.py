"""Requests: what they remember, and the client's defaults."""

from __future__ import annotations

import datetime
import inspect
from typing import Any

import pytest
from tests.support.scripted_http import run, serving

from whirlwind.httpclient import HTTPRequest, _RequestProxy
from whirlwind.httputil import HTTPHeaders


def test_what_is_not_said_is_none_and_takes_no_room() -> None:
    request = HTTPRequest("http://host/")
    assert request.method == "GET"
    assert request.body is None
    assert list(request.headers.get_all()) == []
    for name, parameter in inspect.signature(HTTPRequest).parameters.items():
        if name not in ("url", "method", "headers", "if_modified_since", "use_gzip"):
            assert getattr(request, name) == parameter.default, name
            assert name not in vars(request)


def test_every_argument_becomes_an_attribute() -> None:
    skipped = ("url", "method", "headers", "body", "if_modified_since", "use_gzip")
    names = [name for name in inspect.signature(HTTPRequest).parameters if name not in skipped]
    assert len(names) == 27
    for name in names:
        value = object()
        request = HTTPRequest("http://host/", **{name: value})  # type: ignore[arg-type]
        assert getattr(request, name) is value, name


def test_body_and_headers_are_converted_when_they_are_set() -> None:
    request = HTTPRequest("http://host/", body="ü", headers={"A": "1"})
    assert request.body == b"\xc3\xbc"
    assert request.headers["A"] == "1"
    request.body = "x"
    assert request.body == b"x"
    request.headers = None
    assert isinstance(request.headers, HTTPHeaders)


def test_a_date_becomes_a_header() -> None:
    date = datetime.datetime(2014, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    request = HTTPRequest("http://host/", if_modified_since=date)
    assert request.headers["If-Modified-Since"] == "Thu, 02 Jan 2014 03:04:05 GMT"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"use_gzip": False}, False),
        ({"use_gzip": False, "decompress_response": True}, True),
        ({}, None),
    ],
)
def test_the_old_name_of_decompressing_counts_if_the_new_one_is_absent(
    given: dict[str, bool], expected: bool | None
) -> None:
    assert HTTPRequest("http://host/", **given).decompress_response is expected  # type: ignore[arg-type]


def test_a_proxy_fills_in_what_the_request_leaves_open() -> None:
    request = HTTPRequest("http://host/", user_agent="me", max_redirects=0)
    proxy = _RequestProxy(request, {"user_agent": "you", "max_redirects": 5, "auth_mode": "basic"})
    assert (proxy.user_agent, proxy.max_redirects, proxy.auth_mode) == ("me", 0, "basic")
    assert proxy.ca_certs is None
    assert _RequestProxy(request, None).auth_mode is None
    with pytest.raises(AttributeError):
        _ = proxy.nonsense


def test_the_fields_that_were_added_are_there_after_the_fetch() -> None:
    async def main() -> None:
        async with serving() as (server, client):
            given = {"X-A": "1"}
            request = HTTPRequest(server.url, "POST", headers=given, body=b"abc")
            response = await client.fetch(request)
            assert response.request is request
            seen = dict(response.request.headers)
            assert seen == {
                "X-A": "1",
                "Host": server.url[7:-1],
                "User-Agent": client._shared.connector._user_agent,
                "Content-Length": "3",
                "Content-Type": "application/x-www-form-urlencoded",
                "Accept-Encoding": "gzip",
            }
            assert given == {"X-A": "1"}
            response = await client.fetch(server.url)
            assert response.request.headers["Host"] == server.url[7:-1]

    run(main())


def test_a_request_that_is_fetched_again_says_what_its_program_said() -> None:
    async def main() -> None:
        async with serving() as (server, client), serving() as (other, _):
            request = HTTPRequest(server.url, "POST", body=b"abc", headers={"A": "b"})
            await client.fetch(request)
            request.headers["C"] = "d"
            request.headers["User-Agent"] = "mine"
            request.url, request.method, request.body = other.url, "GET", None
            await client.fetch(request)
            sent = other.requests[0]
            assert sent.startswith(b"GET / HTTP/1.1\r\nA: b\r\nUser-Agent: mine\r\nC: d\r\n")
            assert f"Host: {other.url[7:-1]}\r\n".encode() in sent
            assert b"Content" not in sent
            assert request.headers["Host"] == other.url[7:-1]

    run(main())


def test_rule_6_credentials_that_were_added_stay_with_their_fetch() -> None:
    async def main() -> None:
        async with serving() as (server, client):
            request = HTTPRequest(server.url, auth_username="u", auth_password="p")
            await client.fetch(request)
            assert request.headers["Authorization"] == "Basic dTpw"
            request.auth_username = None
            await client.fetch(request)
            assert b"Authorization" not in server.requests[1]
            assert "Authorization" not in request.headers

    run(main())


def test_after_a_redirect_the_fields_are_those_of_the_request_itself() -> None:
    async def main() -> None:
        async with serving() as (other, _):
            moved = b"HTTP/1.1 302 Found\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n"
            async with serving(moved % other.url.encode()) as (server, client):
                response = await client.fetch(server.url, headers={"A": "b"})
                assert response.effective_url == other.url
                assert response.request.headers["Host"] == server.url[7:-1]

    run(main())


def test_headers_that_were_not_sent_are_not_there() -> None:
    async def main() -> None:
        async with serving() as (server, client):
            request = HTTPRequest(server.url)
            fetch = client.fetch(request)
            assert list(request.headers) == []
            await fetch
            assert "Host" in request.headers
            request.headers = {"A": "b"}
            assert list(request.headers) == ["A"]

    run(main())


@pytest.mark.parametrize("body", [5, ["a"], bytearray(b"a"), memoryview(b"a")])
def test_a_body_is_bytes_text_or_nothing(body: Any) -> None:
    with pytest.raises(TypeError, match="Expected bytes"):
        HTTPRequest("http://a/", method="POST", body=body)
    request = HTTPRequest("http://a/")
    with pytest.raises(TypeError, match="Expected bytes"):
        request.body = body
