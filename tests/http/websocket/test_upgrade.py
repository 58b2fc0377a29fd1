"""URLs of WebSockets; the fetch itself is tested with the client."""

from __future__ import annotations

import pytest

from whirlwind._http.websocket.upgrade import http_url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("ws://a/b:c", "http://a/b:c"),
        ("WSS://a", "https://a"),
        ("http://a", "http://a"),
        ("ftp://a", "ftp://a"),
        ("nothing", "nothing"),
    ],
)
def test_a_websockets_scheme_stands_for_https_or_http(url: str, expected: str) -> None:
    assert http_url(url) == expected
