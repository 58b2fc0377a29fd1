"""Queries, hosts with ports, names with passwords."""

from __future__ import annotations

from typing import Any

import pytest

from whirlwind._proto.http.urls import (
    encode_username_password,
    is_absolute,
    qs_to_qsl,
    split_host_and_port,
    url_concat,
)


@pytest.mark.parametrize(
    ("url", "args", "expected"),
    [
        ("http://e.com/foo", {"c": "d"}, "http://e.com/foo?c=d"),
        ("http://e.com/foo?a=b#f", [("c", "d e&")], "http://e.com/foo?a=b&c=d+e%26#f"),
        ("/p?a", (("a", "1"), ("a", "2")), "/p?a=&a=1&a=2"),
        ("/p;x?a=%20", {"y": "\xe9"}, "/p;x?a=+&y=%C3%A9"),
        ("/p?a=%20", {}, "/p?a=%20"),
        ("/p?a=%20", None, "/p?a=%20"),
    ],
)
def test_arguments_are_added_to_a_query(url: str, args: Any, expected: str) -> None:
    assert url_concat(url, args) == expected


def test_arguments_that_are_no_pairs_are_refused() -> None:
    with pytest.raises(TypeError, match="dict, list or tuple"):
        url_concat("/", "a=b")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("netloc", "expected"),
    [
        ("localhost:80", ("localhost", 80)),
        ("localhost", ("localhost", None)),
        ("[::1]:80", ("[::1]", 80)),
        ("[::1]", ("[::1]", None)),
        ("a:", ("a:", None)),
        ("a:b", ("a:b", None)),
        ("a:\u0663", ("a:\u0663", None)),
        ("a:" + "9" * 5000, ("a:" + "9" * 5000, None)),
    ],
)
def test_a_host_is_divided_from_its_port(netloc: str, expected: tuple[str, int | None]) -> None:
    assert split_host_and_port(netloc) == expected


def test_lists_of_values_become_pairs() -> None:
    assert list(qs_to_qsl({"a": [b"1", b"2"], "b": [b"3"]})) == [
        ("a", b"1"),
        ("a", b"2"),
        ("b", b"3"),
    ]


def test_credentials_are_composed_and_encoded() -> None:
    assert encode_username_password("u\u0301", "p:x") == b"\xc3\xba:p:x"
    assert encode_username_password(b"\xff", b"\xfe") == b"\xff:\xfe"


def test_a_path_from_the_root_and_a_url_are_absolute() -> None:
    for path in ("/", "/a", "//h/a", "http://h/a", "https:a"):
        assert is_absolute(path)
    for path in ("", "a", "a/b", "\\a", "ftp://h", "httpx"):
        assert not is_absolute(path)
