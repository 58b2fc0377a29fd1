"""Targets of requests: the forms that belong to each method, and hosts."""

from __future__ import annotations

import pytest

from whirlwind._proto.http.errors import HTTPInputError
from whirlwind._proto.http1.request_target import check_target, is_host, split_target


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/"),
        ("GET", "//h/a"),
        ("GET", "http://h"),
        ("GET", "HTTP://h:80/a?b"),
        ("POST", "http://[::1]:8080/"),
        ("OPTIONS", "*"),
        ("OPTIONS", "/a"),
        ("OPTIONS", "http://h"),
        ("CONNECT", "h:443"),
        ("CONNECT", "[::1]:443"),
    ],
)
def test_a_target_of_the_right_form_is_taken(method: str, target: str) -> None:
    check_target(method, target, takes_https=False)


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "*"),
        ("GET", "h:80"),
        ("GET", "h"),
        ("GET", "http:/h"),
        ("GET", "http://"),
        ("GET", "http:///a"),
        ("GET", "http://:80/a"),
        ("GET", "http://user@h/"),
        ("GET", "http://h:65536/"),
        ("GET", "http://h,g/"),
        ("GET", "ftp://h/"),
        ("GET", "mailto:a"),
        ("OPTIONS", "*/"),
        ("options", "*"),
        ("CONNECT", "/"),
        ("CONNECT", "h"),
        ("CONNECT", "h:"),
        ("CONNECT", ":443"),
        ("CONNECT", "h:0"),
        ("CONNECT", "h:65536"),
        ("CONNECT", "h:x"),
        ("CONNECT", "user@h:443"),
        ("CONNECT", "http://h:443"),
        ("CONNECT", "*"),
    ],
)
def test_a_target_of_another_form_is_refused(method: str, target: str) -> None:
    with pytest.raises(HTTPInputError) as caught:
        check_target(method, target, takes_https=True)
    assert caught.value.status == 400


def test_https_is_not_served_where_nobody_vouches_for_the_connection() -> None:
    check_target("GET", "https://h/", takes_https=True)
    with pytest.raises(HTTPInputError) as caught:
        check_target("GET", "https://h/", takes_https=False)
    assert caught.value.status == 421


@pytest.mark.parametrize("text", ["", "a", "a:", "a:65535", "1.2.3.4", "[::1]", "[::1]:1", "%41b"])
def test_rule_11_hosts(text: str) -> None:
    assert is_host(text)


@pytest.mark.parametrize(
    "text",
    ["a b", "a:65536", "a:x", "a:1:1", "a@b", "a/b", "[::1", "[1]", "[::1%25a]", "%4", "a,b"],
)
def test_rule_11_what_is_no_host(text: str) -> None:
    assert not is_host(text)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/a?b", (None, "/a?b")),
        ("http://h:80/a?b", ("h:80", "/a?b")),
        ("HTTP://h", ("h", "/")),
        ("https://h?b", ("h", "/?b")),
        ("*", (None, "*")),
        ("h:80", (None, "h:80")),
        ("http://user@h/", (None, "http://user@h/")),
        ("//h/a", (None, "//h/a")),
    ],
)
def test_a_target_is_split_into_authority_and_path(
    target: str, expected: tuple[str | None, str]
) -> None:
    assert split_target(target) == expected
