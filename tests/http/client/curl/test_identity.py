"""What each version of libcurl is trusted with."""

from __future__ import annotations

import pytest

from whirlwind._http.client.curl.identity import (
    carried_secret,
    follow_option,
    needs_own_connection,
)


def version(text: str) -> int:
    major, minor, patch = map(int, text.split("."))
    return major << 16 | minor << 8 | patch


@pytest.mark.parametrize(
    ("libcurl", "client_cert", "proxy_credentials", "alone"),
    [
        ("8.18.0", False, True, True),
        ("8.19.0", False, True, False),
        ("8.20.0", True, False, True),
        ("8.21.0", True, False, False),
        ("7.68.0", False, False, False),
    ],
)
def test_rule_9_connections_are_shared_only_where_libcurl_keeps_identities_apart(
    libcurl: str, client_cert: bool, proxy_credentials: bool, alone: bool
) -> None:
    assert alone is needs_own_connection(
        version(libcurl), client_cert=client_cert, proxy_credentials=proxy_credentials
    )


@pytest.mark.parametrize(
    ("libcurl", "fields", "credentials", "client_cert", "carried"),
    [
        ("7.82.0", ["Cookie"], False, False, "Cookie"),
        ("7.82.0", ["Authorization"], False, False, "Authorization"),
        ("7.82.0", [], True, False, "Authorization"),
        ("7.83.0", ["Cookie", "Authorization"], True, False, None),
        ("8.22.0", [], False, True, "client_cert"),
        ("8.23.0", [], True, True, None),
        ("8.23.0", ["Proxy-Authorization"], False, False, "Proxy-Authorization"),
        ("8.23.0", ["Cookie2"], False, False, "Cookie2"),
        ("7.68.0", ["Accept"], False, False, None),
    ],
)
def test_rule_9_what_would_be_carried_to_another_origin_is_known(
    libcurl: str, fields: list[str], credentials: bool, client_cert: bool, carried: str | None
) -> None:
    found = carried_secret(
        version(libcurl), fields=fields, credentials=credentials, client_cert=client_cert
    )
    assert found == carried


def test_redirects_are_followed_as_their_codes_say_where_libcurl_can() -> None:
    assert follow_option(version("8.12.1")) == 1
    assert follow_option(version("8.13.0")) == 2
