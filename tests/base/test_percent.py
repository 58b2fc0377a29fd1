"""Percent-decoding beside urllib's, and its memory."""

from __future__ import annotations

import tracemalloc
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whirlwind._base.percent import unquote, unquote_to_bytes

PIECES = st.sampled_from(["%", "%4", "%41", "%C3%A9", "%e9", "%zz", "a", "é", "\u20ac", "%%", ""])
# Short texts, which urllib decodes, and long ones, which it does not.
TEXTS = st.tuples(st.sampled_from(["", "x" * 1000]), st.lists(PIECES, max_size=12)).map(
    lambda parts: parts[0] + "".join(parts[1])
)
LONG = "x" * 1000


@given(TEXTS)
def test_bytes_are_those_that_urllib_gives(text: str) -> None:
    assert unquote_to_bytes(text.encode()) == urllib.parse.unquote_to_bytes(text)


@given(TEXTS, st.sampled_from(["utf-8", "latin-1", "shift_jis"]))
def test_text_is_that_which_urllib_gives(text: str, encoding: str) -> None:
    assert unquote(text, encoding) == urllib.parse.unquote(text, encoding=encoding)


def test_a_character_of_two_bytes_may_be_escaped_in_half() -> None:
    assert unquote("%83A", "shift_jis") == "ア"
    assert unquote(LONG + "%83A", "shift_jis") == LONG + "ア"


def test_line_breaks_stay_as_they_are() -> None:
    assert unquote(LONG + "%0d%0a\r\n\r%41\n", "utf-8") == LONG + "\r\n\r\n\rA\n"


def test_lone_surrogates_stay() -> None:
    assert unquote("\ud800%41", "utf-8") == "\ud800A"
    assert unquote(LONG + "\ud800%41", "utf-8") == LONG + "\ud800A"


@pytest.mark.parametrize("unit", ["%41", "x%41", "xx%41", "%zz", "é%41", "%e9"])
def test_security_memory_stays_a_small_multiple_of_the_input(unit: str) -> None:
    text = unit * (100_000 // len(unit))
    wire = text.encode()
    for decode in (lambda: unquote(text, "utf-8"), lambda: unquote_to_bytes(wire)):
        tracemalloc.start()
        decode()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 12 * len(text), peak / len(text)
