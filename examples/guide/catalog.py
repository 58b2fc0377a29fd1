"""The patterns as the page shows them: title, explanation and source, out of the files that run."""

from __future__ import annotations

import ast
import html
import importlib
import io
import keyword
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from examples.guide.pattern import Pattern

# Module of each pattern, in the order of the page.
MODULES = [
    "fetch",
    "callbacks",
    "threads",
    "parallel_list",
    "parallel_dict",
    "interleave",
    "motor_loop",
]


@dataclass(frozen=True)
class Entry:
    """One pattern.

    Attributes:
        slug: The module's name, also the last part of ``/run/…``.
        title: First line of the module's docstring, without its full stop.
        lead: The rest of the docstring, as HTML.
        handler: The request handler.
        file: Name of the file.
        source: The file from below its docstring, as HTML, a ``span`` a line.
    """

    slug: str
    title: str
    lead: str
    handler: type[Pattern]
    file: str
    source: str


def load() -> list[Entry]:
    """Import the patterns and read their files."""
    return [_entry(name) for name in MODULES]


def _entry(name: str) -> Entry:
    module = importlib.import_module(f"examples.guide.patterns.{name}")
    path = Path(str(module.__file__))
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    title, _, lead = (ast.get_docstring(tree) or "").partition("\n")
    return Entry(
        slug=name,
        title=title.rstrip("."),
        lead=re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(" ".join(lead.split()))),
        handler=_handler(module),
        file=path.name,
        source=highlight(text, start=tree.body[0].end_lineno or 0),
    )


def _handler(module: Any) -> type[Pattern]:
    (handler,) = (
        thing
        for thing in vars(module).values()
        if isinstance(thing, type)
        and issubclass(thing, Pattern)
        and thing.__module__ == module.__name__
    )
    return handler


def highlight(text: str, start: int) -> str:
    """Return Python source as HTML.

    Args:
        text: A whole file.
        start: Lines to leave out at its top; blank ones after them go as well.

    Returns:
        One ``<span class="line" data-line="N">`` a line, N the line's number in the file.
    """
    lines = text.splitlines()
    while start < len(lines) and not lines[start]:
        start += 1
    marks: dict[int, list[tuple[int, int, str]]] = {}
    for row, left, right, kind in _marks(text):
        marks.setdefault(row, []).append((left, right, kind))
    shown = []
    for number, line in enumerate(lines[start:], start + 1):
        at = 0
        pieces = []
        for left, right, kind in marks.get(number, []):
            pieces.append(html.escape(line[at:left]))
            pieces.append(f'<span class="{kind}">{html.escape(line[left:right])}</span>')
            at = right
        pieces.append(html.escape(line[at:]))
        shown.append(f'<span class="line" data-line="{number}">{"".join(pieces)}\n</span>')
    return "".join(shown)


def _marks(text: str) -> Iterator[tuple[int, int, int, str]]:
    """Yield row, first column, column after the last and CSS class of what gets a colour."""
    before = ""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        (row, left), (last_row, right) = token.start, token.end
        kind = ""
        if token.type == tokenize.COMMENT:
            kind = "comment"
        elif token.type == tokenize.STRING or tokenize.tok_name[token.type].startswith("FSTRING"):
            kind = "string"
        elif token.type == tokenize.NUMBER:
            kind = "number"
        elif token.type == tokenize.NAME and keyword.iskeyword(token.string):
            # What the page is about stands out from the other keywords.
            kind = "yield" if token.string == "yield" else "keyword"
        elif token.type == tokenize.NAME and before in ("def", "class"):
            kind = "defined"
        elif token.string == "@" or before == "@":
            kind = "decorator"
        if kind and row == last_row and right > left:
            yield row, left, right, kind
        before = token.string
