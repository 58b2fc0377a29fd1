"""Numbers: digits and nothing else."""

from __future__ import annotations

import pytest

from whirlwind._proto.http1.numbers import CR_OR_LF_RE, DIGITS, HEXDIGITS, parse_hex_int, parse_int

FORGIVEN_BY_INT = ["", "+1", "-1", " 1", "1 ", "1_0", "1\n", "\u0661", "\uff11", "0x1", "1.0"]


@pytest.mark.parametrize("text", [*FORGIVEN_BY_INT, "a"])
def test_rule_1_what_int_would_forgive_is_no_number(text: str) -> None:
    with pytest.raises(ValueError, match="not an integer"):
        parse_int(text)


@pytest.mark.parametrize("text", [*FORGIVEN_BY_INT, "g"])
def test_rule_1_what_int_would_forgive_is_no_hexadecimal_number(text: str) -> None:
    with pytest.raises(ValueError, match="not a hexadecimal integer"):
        parse_hex_int(text)


def test_digits_are_read_in_their_base() -> None:
    assert [parse_int("0"), parse_int("007"), parse_int("1234567890")] == [0, 7, 1234567890]
    assert [parse_hex_int("0"), parse_hex_int("aF"), parse_hex_int("10")] == [0, 175, 16]


def test_the_patterns_are_for_whoever_checks_by_himself() -> None:
    assert DIGITS.fullmatch("12")
    assert not DIGITS.fullmatch("1a")
    assert HEXDIGITS.fullmatch("1a")
    assert not HEXDIGITS.fullmatch("1g")
    assert CR_OR_LF_RE.search(b"a\rb")
    assert CR_OR_LF_RE.search(b"a\nb")
    assert not CR_OR_LF_RE.search(b"ab")
