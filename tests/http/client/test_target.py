"""URLs, taken apart."""

from __future__ import annotations

import pytest

from whirlwind._http.client.target import parse_target


@pytest.mark.parametrize(
    ("url", "host", "port", "authority", "path"),
    [
        ("http://a", "a", 80, "a", "/"),
        ("https://A.b:444/c?d#e", "a.b", 444, "A.b:444", "/c?d"),
        ("http://a:/x", "a", 80, "a", "/x"),
        ("http://[::1]:8080", "::1", 8080, "[::1]:8080", "/"),
        ("http://[::1]", "::1", 80, "[::1]", "/"),
        ("http://a?b", "a", 80, "a", "/?b"),
        ("http://a/b c?d e", "a", 80, "a", "/b%20c?d%20e"),
        ("http://a/\xe9%C3%A9?\u20ac", "a", 80, "a", "/%C3%A9%C3%A9?%E2%82%AC"),
        ("http://b\xfccher.example:81/", "xn--bcher-kva.example", 81, None, "/"),
        ('http://a/"<>', "a", 80, "a", "/%22%3C%3E"),
        ("http://%2Ftmp%2FA.sock/x", "%2Ftmp%2FA.sock", 80, "%2Ftmp%2FA.sock", "/x"),
        ("http://%2Ftmp%2FA.sock:8/x", "%2Ftmp%2FA.sock", 8, "%2Ftmp%2FA.sock:8", "/x"),
    ],
)
def test_a_url_says_where_to_go(
    url: str, host: str, port: int, authority: str | None, path: str
) -> None:
    target = parse_target(url)
    assert (target.host, target.port, target.path) == (host, port, path)
    assert target.authority == (authority or f"{host}:{port}")
    assert target.username is None


def test_a_url_may_hold_a_name_and_a_password() -> None:
    target = parse_target("http://me:pass%20@word@a:1/")
    assert (target.username, target.password) == ("me", "pass%20@word")
    assert target.authority == "a:1"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a/b",
        "//a/b",
        "ftp://a/",
        "javascript:x",
        "http:///a",
        "http://:80/",
        "http://a:99999/",
        "http://a:x/",
        "http://a:+1/",
        "http://a b/",
        "http://a\\@b/",
        'http://a"/',
        "http://%31%32%37.0.0.1/",
        "http://a%2Fb/",
        "http://%2F/",
        "http://%2Fa%00/",
        "http://a%/",
        "http://a%2/",
        "http://a%zz/",
        "http://a\r\n/",
        "http://a/\n",
        "ht\ntp://a/",
        "http://a/" + "x" * 600 + "\n",
    ],
)
def test_rule_4_and_9_a_url_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(ValueError):
        parse_target(url)
