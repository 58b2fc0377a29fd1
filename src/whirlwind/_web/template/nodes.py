"""What a template consists of once it has been parsed.

Layer: web. Data only.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Python:
    """A piece of Python as it stands in a template.

    Attributes:
        text: The Python.
        line: The line in which it starts, from 1.
        column: Where it starts in that line, in bytes of UTF-8, from 0.
    """

    text: str
    line: int
    column: int


@dataclass(slots=True)
class Text:
    """Text that goes out as it is, its white space already filtered."""

    value: str
    line: int


@dataclass(slots=True)
class Expression:
    """Python whose value goes out.

    Attributes:
        python: The expression.
        raw: Whether it goes out unescaped whatever the file says.
        prefix: What stands before the expression in the generated code.
    """

    python: Python
    raw: bool = False
    prefix: str = ""


@dataclass(slots=True)
class Statement:
    """Python that is run: an assignment, an import, ``break``."""

    python: Python


@dataclass(slots=True)
class Control:
    """A statement with a body, whose end is ``{% end %}``: ``if``, ``for``, ``while``, ``try``."""

    python: Python
    body: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Intermediate:
    """A further header in the body of a Control: ``else``, ``elif``, ``except``, ``finally``."""

    python: Python


@dataclass(slots=True)
class Apply:
    """A part of the output that passes through a function."""

    function: Python
    body: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Block:
    """A named part that templates further down the line of inheritance can replace."""

    name: str
    line: int
    body: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Include:
    """Another template, in this place."""

    path: str
    line: int


@dataclass(slots=True)
class Extends:
    """Another template, whose blocks this one replaces. Means something outermost only."""

    path: str
    line: int


Node = Text | Expression | Statement | Control | Intermediate | Apply | Block | Include | Extends


@dataclass(slots=True, eq=False)
class File:
    """One parsed template.

    Attributes:
        name: The template's name.
        source: Its text.
        autoescape: The function that every expression passes through, as Python; None for none.
        body: The nodes, outermost first.
    """

    name: str
    source: str
    autoescape: str | None
    body: list[Node] = field(default_factory=list)
