"""Lines of the log."""

from __future__ import annotations

import io
import logging
import re
import sys
from typing import Any

import pytest

from whirlwind.log import LogFormatter


def record(message: Any, *args: Any, level: int = logging.ERROR) -> logging.LogRecord:
    return logging.LogRecord("name", level, "/where/place.py", 7, message, args, None)


def plain(record: logging.LogRecord) -> str:
    return LogFormatter(color=False).format(record)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def pretend_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    # In the test itself: pytest puts its own stderr in place between a fixture and the test.
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("TERM", "xterm")


def test_a_line_has_level_time_place_and_message() -> None:
    assert re.fullmatch(
        r"\[E [0-9]{6} [0-9]{2}:[0-9]{2}:[0-9]{2} place:7\] was é", plain(record("was %s", "é"))
    )


def test_security_a_line_break_in_a_message_does_not_begin_a_record() -> None:
    assert plain(record("one\n[E forged]")).endswith("one\n    [E forged]")


def test_an_exception_follows_indented() -> None:
    failed = record("failed")
    try:
        _ = 1 // 0
    except ZeroDivisionError:
        failed.exc_info = sys.exc_info()
    lines = plain(failed).splitlines()
    assert lines[1] == "    Traceback (most recent call last):"
    assert lines[-1].startswith("    ZeroDivisionError")
    failed.exc_info = None


def test_a_stack_follows_indented() -> None:
    asked = record("here")
    asked.stack_info = "Stack (most recent call last):\n  there"
    lines = plain(asked).splitlines()
    assert lines[1:] == ["    Stack (most recent call last):", "      there"]


def test_bytes_are_shown_as_bytes() -> None:
    assert plain(record(b"\xe9")).endswith(r"b'\xe9'")
    assert plain(record("%s", b"\xe9")).endswith(r"b'\xe9'")


class Broken:
    def __str__(self) -> str:
        raise ValueError("no text")


@pytest.mark.parametrize(
    ("message", "args"), [("%s %s", (1,)), ("%d", ("x",)), ("%s", (Broken(),))]
)
def test_a_message_that_cannot_be_made_is_shown_with_its_reason(
    message: str, args: tuple[object, ...]
) -> None:
    line = plain(record(message, *args))
    assert "Bad message (" in line
    assert "place.py" in line


def test_a_terminal_gets_colors_for_the_levels_that_have_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pretend_terminal(monkeypatch)
    formatter = LogFormatter(colors={logging.ERROR: 1})
    assert re.fullmatch(r"\x1b\[31m\[E .*\]\x1b\[0m m", formatter.format(record("m")))
    assert "\x1b" not in formatter.format(record("m", level=logging.INFO))
    assert "\x1b" not in LogFormatter(color=False).format(record("m"))


@pytest.mark.parametrize("term", ["dumb", None])
def test_a_dumb_terminal_gets_none(monkeypatch: pytest.MonkeyPatch, term: str | None) -> None:
    pretend_terminal(monkeypatch)
    if term is None:
        monkeypatch.delenv("TERM")
    else:
        monkeypatch.setenv("TERM", term)
    assert "\x1b" not in LogFormatter().format(record("m"))


def test_a_file_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_terminal(monkeypatch)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert "\x1b" not in LogFormatter().format(record("m"))


def test_format_time_and_style_can_be_chosen() -> None:
    formatter = LogFormatter("{levelname} {asctime} {message}", "%Y", style="{", color=False)
    assert re.fullmatch("ERROR [0-9]{4} m", formatter.format(record("m")))
