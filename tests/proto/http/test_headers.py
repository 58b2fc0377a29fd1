"""Header fields: the mapping, what it reads, and what it refuses to write."""

from __future__ import annotations

import copy
import pickle

import pytest

from whirlwind._base.limits import MAX_HEADER_COUNT, MAX_HEADER_NAMES
from whirlwind._proto.http import headers as module
from whirlwind._proto.http.errors import HTTPInputError, HTTPOutputError
from whirlwind._proto.http.headers import (
    HTTPHeaders,
    _normalize_header,
    encode_fields,
    fields_from_wire,
)


def test_names_ignore_case() -> None:
    headers = HTTPHeaders({"content-TYPE": "text/html"}, x_y="1")
    assert headers["Content-Type"] == headers["CONTENT-TYPE"] == "text/html"
    assert "content-type" in headers
    assert headers.get("X_Y") == "1"
    assert list(headers) == ["Content-Type", "X_y"]
    del headers["content-type"]
    assert headers.get("Content-Type") is None
    assert headers.get("Content-Type", "none") == "none"
    assert 5 not in headers  # type: ignore[comparison-overlap]
    with pytest.raises(KeyError):
        headers["Content-Type"]


def test_repeated_fields_are_kept_apart_and_joined_when_asked_for() -> None:
    headers = HTTPHeaders()
    for value in ("a", "a", "b"):
        headers.add("set-cookie", value)
    headers.add("Other", "c")
    assert headers["Set-Cookie"] == headers.get("Set-Cookie") == "a,a,b"
    assert headers.get_list("SET-COOKIE") == ["a", "a", "b"]
    assert headers.get_list("nothing") == []
    assert list(headers.get_all()) == [
        ("Set-Cookie", "a"),
        ("Set-Cookie", "a"),
        ("Set-Cookie", "b"),
        ("Other", "c"),
    ]
    assert str(headers) == "Set-Cookie: a\nSet-Cookie: a\nSet-Cookie: b\nOther: c\n"
    headers["Set-Cookie"] = "d"
    assert headers.get_list("Set-Cookie") == ["d"]


def test_copies_do_not_share_repeated_fields() -> None:
    headers = HTTPHeaders()
    headers.add("A", "1")
    headers.add("A", "2")
    copies = [
        headers.copy(),
        copy.copy(headers),
        copy.deepcopy(headers),
        HTTPHeaders(headers),
        pickle.loads(pickle.dumps(headers)),
    ]
    for other in copies:
        assert other == headers
        other.add("A", "3")
        assert other.get_list("A") == ["1", "2", "3"]
    assert headers.get_list("A") == ["1", "2"]


def test_a_list_handed_out_is_not_the_one_kept() -> None:
    headers = HTTPHeaders()
    headers.add("A", "1")
    headers.add("A", "2")
    headers.get_list("A").append("3")
    assert headers.get_list("A") == ["1", "2"]


def test_pairs_keep_the_last_value_of_a_name() -> None:
    assert HTTPHeaders([("a", "1"), ("a", "2")]).get_list("A") == ["2"]


@pytest.mark.parametrize("ending", ["\r\n", "\n", ""])
def test_lines_are_read_with_and_without_their_ending(ending: str) -> None:
    headers = HTTPHeaders()
    headers.parse_line("Content-Type:  text/html \t" + ending)
    headers.parse_line(ending)
    assert dict(headers) == {"Content-Type": "text/html"}


def test_a_header_is_read_line_by_line() -> None:
    headers = HTTPHeaders.parse("A: 1\r\nB: x\u0085y\r\nA: 2\r\n\r\n")
    assert list(headers.get_all()) == [("A", "1"), ("A", "2"), ("B", "x\x85y")]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        pytest.param(" folded", "folding", id="obs-fold"),
        pytest.param("\tfolded", "folding", id="obs-fold with a tab"),
        pytest.param("A : b", "name", id="space before the colon"),
        pytest.param("A\t: b", "name", id="tab before the colon"),
        pytest.param(": b", "name", id="no name"),
        pytest.param("A b: c", "name", id="space in the name"),
        pytest.param("\u00c4: b", "name", id="name outside of ASCII"),
        pytest.param("A", "colon", id="no colon"),
        pytest.param("A: b\r", "value", id="bare CR at the end"),
        pytest.param("A: b\rC: d", "value", id="bare CR"),
        pytest.param("A: b\nC: d", "value", id="bare LF"),
        pytest.param("A: b\0", "value", id="NUL"),
        pytest.param("A: \x0bb", "value", id="white space that is no HTTP white space"),
        pytest.param("A: b\x7f", "value", id="DEL"),
        pytest.param("A: \u20ac", "value", id="a character that is no byte"),
    ],
)
def test_rule_1_a_line_that_peers_could_read_differently_is_refused(
    line: str, message: str
) -> None:
    with pytest.raises(HTTPInputError, match=message):
        HTTPHeaders().parse_line(line)
    if "\n" not in line:  # in a text of several lines, LF alone ends one, as it does in Tornado
        with pytest.raises(HTTPInputError):
            HTTPHeaders.parse("X: y\r\n" + line + "\r\n")


def test_rule_1_a_bare_cr_at_the_very_end_is_no_line_ending() -> None:
    with pytest.raises(HTTPInputError, match="value"):
        HTTPHeaders.parse("A: b\r\nC: d\r")


def test_text_that_was_utf_8_may_hold_any_character_but_controls() -> None:
    headers = HTTPHeaders.parse("A: \u20ac\r\n", _chars_are_bytes=False)
    assert headers["A"] == "\u20ac"
    with pytest.raises(HTTPInputError):
        HTTPHeaders.parse("A: \u20ac\0\r\n", _chars_are_bytes=False)


def test_fields_of_a_parser_get_our_own_checks() -> None:
    headers = fields_from_wire([(b"set-COOKIE", b" a "), (b"X", b"\xe9\t1"), (b"Set-Cookie", b"b")])
    assert list(headers.get_all()) == [("Set-Cookie", "a"), ("Set-Cookie", "b"), ("X", "\xe9\t1")]
    for name, value in [
        (b"a b", b""),
        (b"", b""),
        (b"a\xff", b""),
        (b"a", b"\x01"),
        (b"a", b"b\rc"),
    ]:
        with pytest.raises(HTTPInputError):
            fields_from_wire([(name, value)])


def test_rule_5_the_number_of_fields_is_limited() -> None:
    pair = (b"A", b"b")
    assert len(fields_from_wire([pair] * MAX_HEADER_COUNT).get_list("A")) == MAX_HEADER_COUNT
    with pytest.raises(HTTPInputError, match="MAX_HEADER_COUNT"):
        fields_from_wire([pair] * (MAX_HEADER_COUNT + 1))


def test_rule_5_remembered_names_are_limited_in_number_and_length() -> None:
    for number in range(MAX_HEADER_NAMES + 5):
        HTTPHeaders().add(f"x-{number}", "")
        _normalize_header(f"y-{number}")
        fields_from_wire([(b"z-%d" % number, b"")])
    for memory in (module._spellings, module._tokens, module._wire_tokens):
        assert len(memory) <= MAX_HEADER_NAMES
    assert _normalize_header("long-" * 20) == "Long-" * 20
    assert "long-" * 20 not in module._spellings


def test_rule_6_adding_a_field_again_costs_the_same_each_time() -> None:
    # Joined at each addition, 20,000 values would be 200 million pieces copied; kept apart, the
    # list of them grows by one.
    headers = HTTPHeaders()
    for _ in range(20_000):
        headers.add("A", "b")
    assert isinstance(headers._fields["A"], list)
    assert len(headers["A"]) == 2 * 20_000 - 1


def test_fields_are_written_in_order_with_their_line_endings() -> None:
    headers = HTTPHeaders({"content-length": "5", "X": "\xe9"})
    headers.add("Set-Cookie", "a")
    assert encode_fields(headers) == b"Content-Length: 5\r\nX: \xe9\r\nSet-Cookie: a\r\n"
    headers.add("Set-Cookie", "b")
    headers["Tab"] = "a\tb"
    assert encode_fields(headers) == (
        b"Content-Length: 5\r\nX: \xe9\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nTab: a\tb\r\n"
    )
    assert encode_fields(HTTPHeaders()) == b""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("A", "b\r\nC: d"),
        ("A", "b\rc"),
        ("A", "b\nc"),
        ("A", "b\0c"),
        ("A", "b\x1b[2Jc"),
        ("A", "\u20ac"),
        ("A", "b\u010ac"),  # its low byte is LF
        ("A\r\nB", "c"),
        ("A B", "c"),
        ("A:", "c"),
        ("", "c"),
        ("A\u0130", "c"),
    ],
)
def test_rule_4_nothing_is_written_that_could_start_a_line(name: str, value: str) -> None:
    alone = HTTPHeaders({name: value})
    with pytest.raises(HTTPOutputError):
        encode_fields(alone)
    repeated = HTTPHeaders()
    repeated.add("Set-Cookie", "1")
    repeated.add("Set-Cookie", "2")
    repeated[name] = value
    with pytest.raises(HTTPOutputError):
        encode_fields(repeated)


def test_a_value_that_is_no_string_is_refused_by_name() -> None:
    headers = HTTPHeaders()
    headers["Content-Length"] = 5  # type: ignore[assignment]
    with pytest.raises(HTTPOutputError, match=r"Content-Length.* is int"):
        encode_fields(headers)
