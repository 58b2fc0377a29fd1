"""Text of peers in log lines: nothing in it acts on a terminal or ends the line."""

from __future__ import annotations

import pytest

from whirlwind._base.limits import MAX_LOGGED_TEXT
from whirlwind._base.log_text import log_text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/a?b=c", "/a?b=c"),
        ("/\u00e9", "/\u00e9"),
        ("a\r\nb", r"a\r\nb"),
        ("\x1b[2J", r"\x1b[2J"),
        ("\x9b2J", r"\x9b2J"),
        ("a\x00\x7f", r"a\x00\x7f"),
        ("a\u2028b", r"a\u2028b"),
        ("\u202etxt", r"\u202etxt"),
    ],
)
def test_rule_16_control_characters_are_escaped(text: str, shown: str) -> None:
    assert log_text(text) == shown
    assert log_text(text).isprintable()


def test_rule_16_what_is_logged_has_a_limit() -> None:
    assert log_text("x" * MAX_LOGGED_TEXT) == "x" * MAX_LOGGED_TEXT
    longer = log_text("x" * (MAX_LOGGED_TEXT + 7))
    assert longer == "x" * MAX_LOGGED_TEXT + "... (7 more characters)"
    assert len(log_text("\x1b" * 1_000_000)) < 5 * MAX_LOGGED_TEXT
