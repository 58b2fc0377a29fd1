"""Whom a request is sent to, and what it tells them of who is asking."""

from __future__ import annotations

from typing import Any

import pytest

from whirlwind._http.client.authentication import Authenticator
from whirlwind._http.client.route import Route, route_of
from whirlwind._http.client.target import parse_target
from whirlwind.httputil import HTTPHeaders

PROXY = {"proxy_host": "p", "proxy_port": 8}
NAMED = {**PROXY, "proxy_username": "u", "proxy_password": "w"}
BASIC = "Basic dTp3"  # u:w


def route(
    url: str, options: dict[str, Any], fields: dict[str, str] | None = None, *, is_http: bool = True
) -> Route:
    return route_of(
        parse_target(url),
        "GET",
        HTTPHeaders(fields or {}),
        options,
        Authenticator(lambda: "c"),
        is_http=is_http,
    )


def test_most_requests_go_to_their_server_and_say_nothing_of_themselves() -> None:
    found = route("http://h/", {})
    assert found[1:] == (None, None, None)
    assert (found.key.host, found.key.proxy) == ("h", None)


@pytest.mark.parametrize(
    ("url", "options", "named", "credentials"),
    [
        ("http://u:w@h/a", {}, None, {"Authorization": BASIC}),
        ("http://h/", {"auth_username": "u", "auth_password": "w"}, None, {"Authorization": BASIC}),
        # The URL is nearer to the request than the arguments, which may be a client's defaults.
        ("http://u:w@h/", {"auth_username": "x"}, None, {"Authorization": BASIC}),
        ("http://h/a", PROXY, "http://h/a", {}),
        ("http://h/a", NAMED, "http://h/a", {"Proxy-Authorization": BASIC}),
        ("https://h/a", NAMED, None, {}),
        (
            "http://u:w@h/a",
            NAMED,
            "http://h/a",
            {"Authorization": BASIC, "Proxy-Authorization": BASIC},
        ),
        ("https://u:w@h/a", NAMED, None, {"Authorization": BASIC}),
    ],
)
def test_who_is_asking_is_told_to_whom_it_concerns(
    url: str, options: dict[str, Any], named: str | None, credentials: dict[str, str]
) -> None:
    found = route(url, options)
    assert (found.named, found.credentials) == (named, credentials)


def test_only_a_proxy_that_takes_requests_serves_all_hosts_with_one_connection() -> None:
    keys = [route(f"http://{host}/", PROXY).key for host in ("a", "b")]
    assert keys[0] == keys[1]
    tunnels = [route(f"http://{host}/", PROXY, is_http=False).key for host in ("a", "b")]
    assert len({*keys, *tunnels}) == 3
    assert route("http://a/", PROXY, is_http=False).named is None


def test_a_field_of_the_programs_own_is_for_the_proxy() -> None:
    own = {"Proxy-Authorization": "Bearer x"}
    assert route("http://h/", PROXY, own).credentials == own
    assert route("https://h/", PROXY, own).credentials == {}
    assert route("https://h/", PROXY, own).key != route("https://h/", PROXY).key
    # A name for the proxy among the arguments replaces it.
    assert route("http://h/", NAMED, own).credentials == {"Proxy-Authorization": BASIC}


def test_accounts_are_filed_under_the_status_that_asks_for_them() -> None:
    digest = {"auth_mode": "digest", "proxy_auth_mode": "digest"}
    found = route("http://u:w@h/", {**NAMED, **digest})
    assert found.credentials == {}
    assert found.accounts is not None
    assert [found.accounts[code].place for code in (401, 407)] == [
        ("http", "h", 80),
        ("proxy", "p", 8),
    ]
    assert set(route("https://u:w@h/", NAMED).accounts or {}) == {401}
