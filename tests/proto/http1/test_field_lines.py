"""Lines of a header: what splits them, and what is refused."""

from __future__ import annotations

import pytest

from whirlwind._base.limits import MAX_HEADER_COUNT
from whirlwind._proto.http.errors import HTTPInputError
from whirlwind._proto.http1.field_lines import split_field_lines


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
