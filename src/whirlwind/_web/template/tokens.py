"""Cuts the source of a template into text, expressions and directives.

Layer: web. Pure functions.

::

    text {{ expression }} text {% directive %} text {# comment #} {{! not an expression }}

The end of an expression or a directive is the first ``}}`` or ``%}`` after it, whatever Python
stands between them: a template cannot hold ``"}}"`` in a string, as in Tornado.
"""

from __future__ import annotations

import enum
import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final, NamedTuple

from whirlwind._base.late_pattern import late_pattern
from whirlwind._web.template.errors import ParseError

_OPENING: Final = late_pattern(r"\{[{%#]")


class Kind(enum.Enum):
    """What a token is."""

    TEXT = enum.auto()
    EXPRESSION = enum.auto()
    DIRECTIVE = enum.auto()


class Token(NamedTuple):
    """A piece of a template.

    Attributes:
        kind: Text, expression or directive; comments leave no token.
        value: The text as it stands, or what is between the braces, without blanks at its ends.
        line: Line in which the value starts, from 1.
        column: Where in that line it starts, in bytes of UTF-8, from 0, as Python's parser counts.
    """

    kind: Kind
    value: str
    line: int
    column: int


class _Lines:
    """Where the lines of a source begin."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._starts = [0, *(match.end() for match in re.finditer("\n", source))]

    def place(self, at: int) -> tuple[int, int]:
        line = bisect_right(self._starts, at)
        # A column costs the length of its line. Who puts all of a template into one line gets
        # none, and loses nothing but the marks under a traceback's line.
        before = at - self._starts[line - 1]
        if before > 1000:
            return line, before
        return line, len(self._source[at - before : at].encode())


def tokenize(source: str, name: str) -> Iterator[Token]:
    """Yield the tokens of a template in order, in time linear in its size.

    Args:
        source: The whole template.
        name: Its name, for errors.

    Raises:
        ParseError: An expression, a directive or a comment has no end, or nothing in it.
    """
    lines = _Lines(source)
    text_from = at = 0

    def text(end: int) -> Iterator[Token]:
        if end > text_from:
            yield Token(Kind.TEXT, source[text_from:end], *lines.place(text_from))

    while match := _OPENING().search(source, at):
        start = match.start()
        opening = match[0]
        after = source[start + 2 : start + 3]
        if opening == "{{" and after == "{":
            at = start + 1  # of more than two braces the last two open the expression
            continue
        yield from text(start)
        if after == "!":
            yield Token(Kind.TEXT, opening, *lines.place(start))
            text_from = at = start + 3
            continue
        kind, closing = _ENDS[opening]
        end = source.find(closing, start + 2)
        line = lines.place(start)[0]
        if end < 0:
            raise ParseError(f"Missing end {kind} {closing}", name, line)
        text_from = at = end + 2
        if opening == "{#":
            continue
        value = source[start + 2 : end]
        left = len(value) - len(value.lstrip())
        value = value.strip()
        if opening == "{{":
            if not value:
                raise ParseError("Empty expression", name, line)
            yield Token(Kind.EXPRESSION, value, *lines.place(start + 2 + left))
        else:
            if not value:
                raise ParseError("Empty block tag ({% %})", name, line)
            yield Token(Kind.DIRECTIVE, value, *lines.place(start + 2 + left))
    yield from text(len(source))


_ENDS: Final = {"{{": ("expression", "}}"), "{%": ("block", "%}"), "{#": ("comment", "#}")}
