"""Lines of a header: what splits them, and what is refused."""

from __future__ import annotations

import pytest

from whirlwind._base.limits import MAX_HEADER_COUNT, MAX_REMEMBERED_LINES
from whirlwind._proto.http.errors import HTTPInputError
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http1.field_lines import FieldLines, split_field_lines


def test_each_line_is_split_at_its_first_colon() -> None:
    assert split_field_lines(b"A: b:c\r\nD:\r\n\r\n") == [(b"A", b" b:c"), (b"D", b"")]
    assert split_field_lines(b"\r\n") == []


@pytest.mark.parametrize(
    ("block", "message"),
    [
        pytest.param(b"A: b\nC: d\r\n\r\n", "lone CR or LF", id="LF"),
        pytest.param(b"A: b\rC: d\r\n\r\n", "lone CR or LF", id="CR"),
        pytest.param(b"A: b\r\n c\r\n\r\n", "folding not supported", id="folded"),
        pytest.param(b"A: b\r\n\tc\r\n\r\n", "folding not supported", id="folded by a tab"),
        pytest.param(b"A b\r\n\r\n", "no colon", id="no colon"),
    ],
)
def test_rule_1_what_readers_read_differently_is_refused(block: bytes, message: str) -> None:
    with pytest.raises(HTTPInputError, match=message):
        split_field_lines(block)


def test_rule_5_the_number_of_fields_is_limited_before_they_are_taken_apart() -> None:
    lines = b"A: b\r\n" * MAX_HEADER_COUNT
    assert len(split_field_lines(lines + b"\r\n")) == MAX_HEADER_COUNT
    with pytest.raises(HTTPInputError, match="MAX_HEADER_COUNT") as caught:
        split_field_lines(lines + b"A b\r\n\r\n")
    assert caught.value.status == 431


def test_lines_that_were_seen_are_read_as_the_first_time() -> None:
    lines = FieldLines()
    block = b"Host: a\r\nset-cookie: b=1 \r\nSet-Cookie:c\r\n\r\n"
    for _ in range(2):
        fields = lines.fields_of(block)
        assert list(fields.get_all()) == [("Host", "a"), ("Set-Cookie", "b=1"), ("Set-Cookie", "c")]
    assert lines.fields_of(b"\r\n") == HTTPHeaders()
    # Not the same object: a program may change its own.
    assert lines.fields_of(block) is not fields


@pytest.mark.parametrize("line", [b" a: b", b"a", b"a b: c", b"a: \x00", b": c", b"a : b"])
def test_a_line_that_is_refused_is_refused_again(line: bytes) -> None:
    lines = FieldLines()
    for _ in range(2):
        with pytest.raises(HTTPInputError):
            lines.fields_of(line + b"\r\n\r\n")
    assert line not in lines


def test_rule_5_how_many_lines_are_remembered_is_bounded() -> None:
    lines = FieldLines()
    for number in range(2 * MAX_REMEMBERED_LINES):
        lines.fields_of(b"A: %d\r\n\r\n" % number)
        assert len(lines) <= MAX_REMEMBERED_LINES
    before = len(lines)
    lines.fields_of(b"A: " + b"x" * 256 + b"\r\n\r\n")
    assert len(lines) == before
