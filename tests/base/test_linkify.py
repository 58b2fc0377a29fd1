"""Links in plain text."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.work import cpu_limit

from whirlwind.escape import linkify


def a(href: str, shown: str | None = None, more: str = "") -> str:
    return f'<a href="{href}"{more}>{href if shown is None else shown}</a>'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("no link", "no link", id="plain"),
        pytest.param("at http://a.com/x.", f"at {a('http://a.com/x')}.", id="end of a sentence"),
        pytest.param("(http://a.com/x)", f"({a('http://a.com/x')})", id="in parentheses"),
        pytest.param("http://a.com/x_(y)", a("http://a.com/x_(y)"), id="parentheses inside"),
        pytest.param("http://a.com/x(y", f"{a('http://a.com/x')}(y", id="left open"),
        pytest.param("http://a.com/x_(y_(z))", f"{a('http://a.com/x_')}(y_(z))", id="two levels"),
        pytest.param("www.a.com", a("http://www.a.com", "www.a.com"), id="www"),
        pytest.param("xwww.a.com", "xwww.a.com", id="www inside a word"),
        pytest.param("www.", "www.", id="www and no more"),
        pytest.param("http:/", "http:/", id="scheme and no more"),
        pytest.param('"http://a.com"', f"&quot;{a('http://a.com')}&quot;", id="in quotes"),
        pytest.param("<http://a.com>", f"&lt;{a('http://a.com')}&gt;", id="in angle brackets"),
        pytest.param("'http://a.com'", f"&#x27;{a('http://a.com')}&#x27;", id="single quotes"),
        pytest.param(
            "http://a.com/?x=1&y=2", a("http://a.com/?x=1&amp;y=2"), id="ampersand inside"
        ),
        pytest.param("http://a.com/&", f"{a('http://a.com/')}&amp;", id="ampersand at the end"),
        pytest.param("http://a.com/é", a("http://a.com/é"), id="not ASCII"),
        pytest.param("javascript:alert(1)", "javascript:alert(1)", id="javascript"),
        pytest.param("javascript://x%0aalert(1)", "javascript://x%0aalert(1)", id="with slashes"),
        pytest.param("ftp://www.a.com", "ftp://www.a.com", id="nothing inside another scheme's"),
    ],
)
def test_addresses_become_links_and_the_rest_is_escaped(text: str, expected: str) -> None:
    assert linkify(text) == expected
    assert linkify(text.encode()) == expected


def test_markup_cannot_leave_the_attribute() -> None:
    html = linkify('http://a.com/"onclick="alert(1)"\'<b>')
    assert html.count('"') == 2
    assert "<b>" not in html


def test_only_permitted_schemes_are_linked() -> None:
    assert linkify("ftp://a.com http://b.com", permitted_protocols=["ftp"]) == (
        f"{a('ftp://a.com')} http://b.com"
    )


def test_a_scheme_can_be_required() -> None:
    assert linkify("www.a.com http://b.com", require_protocol=True) == (
        f"www.a.com {a('http://b.com')}"
    )


def test_attributes_are_fixed_or_made_for_each_link() -> None:
    assert linkify("http://a.com", extra_params=' rel="nofollow" ') == a(
        "http://a.com", more=' rel="nofollow"'
    )
    html = linkify("www.a.com http://b.com", extra_params=lambda href: f"data-of={href}")
    assert html == a("http://www.a.com", "www.a.com", " data-of=http://www.a.com") + " " + a(
        "http://b.com", more=" data-of=http://b.com"
    )


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        pytest.param("http://a.com/" + "x" * 17, None, id="30 characters are short"),
        pytest.param("http://a.com/" + "x" * 18, "http://a.com/xxxxxxxx...", id="path"),
        pytest.param("http://a.com/one/two/" + "x" * 30, "http://a.com/one...", id="first part"),
        pytest.param("http://a.com/one.two?" + "x" * 30, "http://a.com/one...", id="extension"),
        pytest.param("http://" + "x" * 38, None, id="a host of 45 characters"),
        pytest.param("http://" + "x" * 39, "http://" + "x" * 23 + "...", id="one more"),
        pytest.param("http://abcdefghijklmnop.com/aaa/b", None, id="dots would be longer"),
    ],
)
def test_long_addresses_are_shown_cut_and_whole_in_the_title(
    address: str, shown: str | None
) -> None:
    more = "" if shown is None else f' title="{address}"'
    assert linkify(address, shorten=True) == a(address, shown, more)


def test_a_character_reference_is_never_cut_in_half() -> None:
    html = linkify("http://abcdef.com/abcdef&" + "g" * 30, shorten=True)
    assert html.endswith(">http://abcdef.com/abcdef...</a>")


HOSTILE: list[Any] = [
    pytest.param("a-", id="scheme that never ends"),
    pytest.param("a", id="word"),
    pytest.param("http://a(", id="parentheses that never close"),
    pytest.param("(", id="parentheses"),
    pytest.param("http://a,", id="punctuation"),
    pytest.param("&", id="references"),
    pytest.param("www.", id="www"),
    pytest.param("http://a(b)(c", id="groups"),
]


@pytest.mark.parametrize("unit", HOSTILE)
@pytest.mark.parametrize("start", ["", "http://a", "http://a("])
def test_security_linkify_is_linear(unit: str, start: str) -> None:
    with cpu_limit():
        linkify(start + unit * 100_000, shorten=True)
        linkify(start + unit * 100_000 + " ")
