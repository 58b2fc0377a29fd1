"""Requests made ready: those that say nothing but their URL are made ready once."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.scripted_http import run, serving

from whirlwind._base.limits import MAX_TARGETS
from whirlwind._http.client.authentication import Authenticator
from whirlwind._http.client.prepared_request import PreparedRequest, RequestPreparer
from whirlwind._http.client.request import _RequestProxy
from whirlwind._http.client.settings import Settings
from whirlwind.httpclient import HTTPRequest
from whirlwind.httputil import HTTPHeaders


def test_a_plain_request_is_written_once_and_says_what_another_would() -> None:
    async def main() -> None:
        async with serving() as (server, client):
            for _ in range(2):
                await client.fetch(server.url + "a")
            await client.fetch(server.url + "a", headers={"Accept-Encoding": "gzip"})
            reader = client._shared.settings
            plain = reader.read(_RequestProxy(HTTPRequest(server.url), client.defaults)).plain
            assert plain is not None
            assert list(plain) == [server.url + "a"]
            first = plain[server.url + "a"]
            assert server.requests[:2] == [first.head] * 2
            assert sorted(server.requests[2].split(b"\r\n")) == sorted(first.head.split(b"\r\n"))

    run(main())


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"user_agent": "x"}, b"\r\nUser-Agent: x\r\n"),
        ({"auth_username": "x"}, b"\r\nAuthorization: Basic eDo=\r\n"),
        ({"headers": {"A": "b"}}, b"\r\nA: b\r\n"),
        ({"method": "HEAD"}, b"HEAD / HTTP"),
        ({"if_modified_since": 0.5}, b"\r\nIf-Modified-Since: Thu, 01 Jan 1970"),
    ],
)
def test_a_request_that_says_more_is_written_on_its_own(
    options: dict[str, Any], expected: bytes
) -> None:
    async def main() -> None:
        async with serving() as (server, client):
            await client.fetch(server.url)
            await client.fetch(HTTPRequest(server.url, **options))
            await client.fetch(server.url)
            assert expected in server.requests[1]
            assert server.requests[0] == server.requests[2] != server.requests[1]

    run(main())


def prepared(url: str, settings: Settings, **said: Any) -> PreparedRequest:
    preparer = RequestPreparer(Authenticator(lambda: "c"), "agent")
    what: dict[str, Any] = {"method": "GET", "headers": None, "body": None, **said}
    return preparer.prepare(url, settings=settings, has_producer=False, is_http=True, **what)


def test_what_changes_the_bytes_or_the_connection_is_told_apart() -> None:
    checked, unchecked, plain = (
        prepared("https://h/", Settings(options))
        for options in (
            {"decompress_response": True},
            {"decompress_response": True, "validate_cert": False},
            {},
        )
    )
    assert checked.key == plain.key != unchecked.key
    assert b"gzip" in checked.head
    assert b"gzip" not in plain.head


def test_rule_6_what_says_more_than_its_url_or_who_asks_is_not_remembered() -> None:
    settings = Settings({"allow_nonstandard_methods": True})
    for said in ({"method": "HEAD"}, {"body": b""}, {"headers": HTTPHeaders({"A": "b"})}):
        prepared("http://h/", settings, **said)
    for url in ("http://u:p@h/", "http://h/" + "a" * 512):
        prepared(url, settings)
    assert settings.plain == {}
    prepared("http://h/", settings)
    assert list(settings.plain) == ["http://h/"]


def test_a_default_that_a_program_changes_later_counts_from_then_on() -> None:
    async def main() -> None:
        async with serving() as (server, client):
            await client.fetch(server.url)
            client.defaults["user_agent"] = "later"
            await client.fetch(server.url)
            client.defaults["decompress_response"] = False
            del client.defaults["user_agent"]
            await client.fetch(server.url)
            agents = [b"later" in request for request in server.requests]
            assert agents == [False, True, False]
            assert [b"gzip" in request for request in server.requests] == [True, True, False]

    run(main())


def test_rule_5_plain_requests_are_remembered_up_to_a_limit() -> None:
    settings = Settings({})
    for number in range(MAX_TARGETS + 1):
        prepared(f"http://h/{number}", settings)
    assert settings.plain is not None
    assert len(settings.plain) == 1


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"A": "b"},
        {"Content-Type": "a/b"},
        {"A": "b", "Content-Length": "0"},
        {"User-Agent": "me"},
        {"Host": "other"},
        {"Accept-Encoding": "br"},
        {"Proxy-Authorization": "secret"},
    ],
)
def test_heads_say_the_same_whichever_way_they_are_written(
    method: str, fields: dict[str, str]
) -> None:
    body = None if method == "GET" else b"abc"
    settings = Settings({"decompress_response": True})
    head = prepared("http://h/x?y", settings, method=method, body=body, headers=HTTPHeaders(fields))
    lines = head.head.decode("latin-1").split("\r\n")
    assert lines[0] == f"{method} /x?y HTTP/1.1"
    assert lines[-2:] == ["", ""]
    seen = dict(line.split(": ", 1) for line in lines[1:-2])
    assert len(seen) == len(lines) - 3
    expected = {"Host": "h", "User-Agent": "agent", "Accept-Encoding": "gzip", **fields}
    expected.pop("Proxy-Authorization", None)
    if body is not None:
        expected["Content-Length"] = "3"
    if method == "POST":
        expected.setdefault("Content-Type", "application/x-www-form-urlencoded")
    assert seen == expected
