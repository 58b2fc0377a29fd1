"""Cookies, read as browsers write them."""

from __future__ import annotations

import pytest

from whirlwind._proto.http.cookies import parse_cookie


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("a=b; c=d", {"a": "b", "c": "d"}),
        ("a=b=c", {"a": "b=c"}),
        ("a=b;c", {"a": "b", "": "c"}),
        (" a = b ;; ", {"a": "b"}),
        ("a=1; a=2", {"a": "2"}),
        ("a=b,c=d", {"a": "b,c=d"}),
        ('a="b\\073c"', {"a": "b;c"}),
        ('a="b\\"c"', {"a": 'b"c'}),
        ('a="\\\\"', {"a": "\\"}),
        ('a="\\400"', {"a": "400"}),
        ('a="', {"a": '"'}),
        ('a="b', {"a": '"b'}),
        ("", {}),
        ("a=\xa0b", {"a": "\xa0b"}),
    ],
)
def test_cookies_are_read(header: str, expected: dict[str, str]) -> None:
    assert parse_cookie(header) == expected


def test_rule_13_the_value_of_one_cookie_cannot_set_another() -> None:
    cookies = parse_cookie('a="x; _xsrf=evil; b="; _xsrf=good')
    assert cookies["_xsrf"] == "good"
    assert cookies["a"] == '"x'


def test_rule_6_unquoting_takes_one_pass() -> None:
    # Two megabytes: the quadratic form of this took minutes for a hundredth of it.
    value = "\\073" * 500_000
    assert parse_cookie(f'a="{value}"') == {"a": ";" * 500_000}
    assert parse_cookie('a="' + "\\" * 1_000_001 + '"')["a"] == "\\" * 500_000 + "\\"
