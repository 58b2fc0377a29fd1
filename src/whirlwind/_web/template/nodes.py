"""What a template consists of once it has been parsed.

Layer: web. Data only.
"""

from __future__ import annotations

from typing import NamedTuple


class Python(NamedTuple):
    """A piece of Python as it stands in a template.

    Attributes:
        text: The Python.
        line: The line in which it starts, from 1.
        column: Where it starts in that line, in bytes of UTF-8, from 0.
    """

    text: str
    line: int
    column: int


class Text(NamedTuple):
    """Text that goes out as it is, its white space already filtered."""

    value: str
    line: int


class Expression(NamedTuple):
    """Python whose value goes out.

    Attributes:
        python: The expression.
        raw: Whether it goes out unescaped whatever the file says.
        prefix: What stands before the expression in the generated code.
    """

    python: Python
    raw: bool = False
    prefix: str = ""


class Statement(NamedTuple):
    """Python that is run: an assignment, an import, ``break``."""

    python: Python


class Control(NamedTuple):
    """A statement with a body, whose end is ``{% end %}``: ``if``, ``for``, ``while``, ``try``."""

    python: Python
    body: list[Node]


class Intermediate(NamedTuple):
    """A further header in the body of a Control: ``else``, ``elif``, ``except``, ``finally``."""

    python: Python


class Apply(NamedTuple):
    """A part of the output that passes through a function."""

    function: Python
    body: list[Node]


class Block(NamedTuple):
    """A named part that templates further down the line of inheritance can replace."""

    name: str
    line: int
    body: list[Node]


class Include(NamedTuple):
    """Another template, in this place."""

    path: str
    line: int


class Extends(NamedTuple):
    """Another template, whose blocks this one replaces. Means something outermost only."""

    path: str
    line: int


Node = Text | Expression | Statement | Control | Intermediate | Apply | Block | Include | Extends


class File:
    """One parsed template.

    Attributes:
        name: The template's name.
        source: Its text.
        autoescape: The function that every expression passes through, as Python; None for none.
        body: The nodes, outermost first.
    """

    __slots__ = ("autoescape", "body", "name", "source")

    def __init__(self, name: str, source: str, autoescape: str | None) -> None:
        self.name = name
        self.source = source
        self.autoescape = autoescape
        self.body: list[Node] = []
