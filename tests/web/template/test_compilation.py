"""Tracebacks and syntax errors show lines of templates."""

from __future__ import annotations

import sys
import traceback
from typing import Any

import pytest

from whirlwind.template import DictLoader, ParseError, Template, TemplateSyntaxError

TEMPLATES: dict[str, str | bytes] = {
    "plain.html": "a\nb\n  <b>ä{{ one / (1 - 1) }}</b>",
    "includes.html": "x\n{% include plain.html %}",
    "base.html": "B\n{% block c %}{% end %}",
    "child.html": "{% extends base.html %}\n{% block c %}\n{% include plain.html %}{% end %}",
    "long.html": "{{ (one\n  + one / 0) }}",
    "loop.html": "\n{% for i in one %}{% end %}",
    "value.html": "\n<p>{{ bad }}</p>",
    "applied.html": "\n{% apply bad.no %}{% end %}",
    "twice.html": "{% if one > 1 %}{% include plain.html %}{% end %}\n{% include plain.html %}",
}


class Bad:
    def __str__(self) -> str:
        raise ValueError("no text")


def last_frame_of_template(name: str) -> traceback.FrameSummary:
    template = DictLoader(TEMPLATES).load(name)
    with pytest.raises((ArithmeticError, TypeError, ValueError, AttributeError)) as caught:
        template.generate(one=1, bad=Bad())
    frames = traceback.TracebackException.from_exception(caught.value).stack
    return next(frame for frame in reversed(frames) if "(compiled " in frame.filename)


@pytest.mark.parametrize(
    ("name", "line", "shown"),
    [
        ("plain.html", 3, "<b>ä{{ one / (1 - 1) }}</b>  # plain.html:3"),
        ("includes.html", 5, "<b>ä{{ one / (1 - 1) }}</b>  # plain.html:3 (via includes.html:2)"),
        (
            "child.html",
            8,
            "<b>ä{{ one / (1 - 1) }}</b>  # plain.html:3 (via child.html:3, base.html:2)",
        ),
        ("long.html", 2, "+ one / 0) }}  # long.html:2"),
        ("loop.html", 2, "{% for i in one %}{% end %}  # loop.html:2"),
        ("value.html", 2, "<p>{{ bad }}</p>  # value.html:2"),
        ("applied.html", 2, "{% apply bad.no %}{% end %}  # applied.html:2"),
        ("twice.html", 8, "<b>ä{{ one / (1 - 1) }}</b>  # plain.html:3 (via twice.html:2)"),
    ],
)
def test_a_traceback_shows_the_line_of_the_template(name: str, line: int, shown: str) -> None:
    frame = last_frame_of_template(name)
    assert frame.filename.startswith(f"{name} (compiled ")
    assert (frame.lineno, frame.line) == (line, shown)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("plain.html", "one / (1 - 1)"),
        ("includes.html", "one / (1 - 1)"),
        ("long.html", "one / 0"),
        # Python itself marks less of it since 3.13.
        ("loop.html", "one" if sys.version_info >= (3, 13) else "for i in one"),
        ("value.html", "bad"),
        ("applied.html", "bad.no"),
    ],
)
def test_a_traceback_marks_the_part_that_failed(name: str, part: str) -> None:
    frame: Any = last_frame_of_template(name)
    template = DictLoader(TEMPLATES).load(name)
    listing = template._builtin["__loader__"].get_source()
    wire = listing.split("\n")[frame.lineno - 1].encode()
    assert wire[frame.colno : frame.end_colno].decode() == part


def test_templates_of_one_name_do_not_show_one_anothers_lines() -> None:
    for zero in ("0", "00"):
        with pytest.raises(ZeroDivisionError) as caught:
            Template(f"{{{{ 1 / {zero} }}}}").generate()
        text = "".join(traceback.format_exception(caught.value))
        assert f"{{{{ 1 / {zero} }}}}  # <string>:1" in text


@pytest.mark.parametrize(
    ("source", "line", "offset", "message"),
    [
        ("a\nb{{ 1 + }}", 2, None, "invalid syntax"),
        ("{{ x y }}", 1, 6, "invalid syntax"),
        ("\n{% if a b %}{% end %}", 2, None, "invalid syntax"),
        ("{% from os import * %}", 1, None, "import [*] only allowed at module level"),
        ("{% if x %}\n{% else %}{% else %}{% end %}", 2, None, "invalid syntax"),
        ("{% try %}x{% end %}", 1, None, "expected 'except' or 'finally' block"),
        ("\n{{ (1 }}", 2, 4, "was never closed"),
        ("{{ 'a }}", 1, 4, "unterminated string"),
        ("{% set x = 1\ny = 2 %}", 1, None, "unexpected indent"),
        ("{{ " + "(" * 1000 + " }}", 1, None, "too many nested parentheses"),
    ],
)
def test_python_that_does_not_compile_is_shown_with_its_line(
    source: str, line: int, offset: int | None, message: str
) -> None:
    with pytest.raises(SyntaxError, match=message) as caught:
        Template(source, name="t.html")
    error = caught.value
    assert isinstance(error, ParseError)
    assert (error.filename, error.lineno) == ("t.html", line)
    assert error.text == source.split("\n")[line - 1]
    if offset is not None:
        assert error.offset == offset
    assert 'File "t.html", line' in "".join(traceback.format_exception(error))


@pytest.mark.parametrize("source", ["{{ " + "-" * 100_000 + "1 }}", "{{ '\0' }}"])
def test_what_python_cannot_even_parse_is_a_parse_error(source: str) -> None:
    with pytest.raises(ParseError):
        Template(source)


def test_the_error_can_be_made_by_name() -> None:
    error = TemplateSyntaxError("no", "t", 3, "text", 2)
    assert str(error) == "no at t:3"
    assert (error.msg, error.filename, error.lineno, error.offset) == ("no", "t", 3, 2)
