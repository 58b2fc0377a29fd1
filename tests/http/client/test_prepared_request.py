"""Requests made ready: those that say nothing but their URL are made ready once."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.scripted_http import run, serving

from whirlwind._base.limits import MAX_TARGETS
from whirlwind._http.client.settings import Settings
from whirlwind.httpclient import HTTPRequest


def test_a_plain_request_is_written_once_and_says_what_another_would() -> None:
    async def main() -> None:
        async with serving() as (server, client):
            for _ in range(2):
                await client.fetch(server.url + "a")
            await client.fetch(server.url + "a", headers={"Accept-Encoding": "gzip"})
            requests = client._shared.requests
            settings = Settings(client.defaults)
            first = requests.plain(server.url + "a", settings)
            assert first is not None
            assert first is requests.plain(server.url + "a", settings)
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


def test_what_changes_the_bytes_or_the_connection_is_told_apart() -> None:
    async def main() -> None:
        async with serving() as (_, client):
            requests = client._shared.requests
            checked, unchecked, plain = (
                requests.plain("https://h/", Settings(options))
                for options in (
                    {"decompress_response": True},
                    {"decompress_response": True, "validate_cert": False},
                    {},
                )
            )
            assert checked is not None
            assert unchecked is not None
            assert plain is not None
            assert checked.key == plain.key != unchecked.key
            assert b"gzip" in checked.head
            assert b"gzip" not in plain.head
            for url in ("http://u:p@h/", "http://h/" + "a" * 512):
                assert requests.plain(url, Settings({})) is None
            for option in ("proxy_host", "client_cert", "network_interface", "ssl_options"):
                assert requests.plain("https://h/", Settings({option: "x"})) is None

    run(main())


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
    async def main() -> None:
        async with serving() as (_, client):
            for number in range(MAX_TARGETS + 1):
                client._shared.requests.plain(f"http://h/{number}", Settings({}))
            assert len(client._shared.requests._plain) == 1

    run(main())
