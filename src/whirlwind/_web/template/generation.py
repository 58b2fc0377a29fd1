"""Writes the Python of a template: one function that collects pieces and joins them.

Layer: web. No I/O of its own; the loader that it is given may read files.

Blocks and included templates are written where they stand, so all of a template, its ancestors
and what it includes is one function with one set of local variables; only what is applied is a
function of its own inside it. Its names begin with ``_tt_``::

    def _tt_render():
        _tt_buffer = []
        _tt_append = _tt_buffer.append
        _tt_append(b"<b>")
        _tt_tmp = total / count
        _tt_append(_tt_escape(xhtml_escape, _tt_tmp))
        return b"".join(_tt_buffer)

An expression is a statement of its own, not an argument, because Python takes more there: a
tuple without parentheses, or a comment behind it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from whirlwind._web.template.errors import ParseError
from whirlwind._web.template.listing import Listing, note
from whirlwind._web.template.nodes import (
    Apply,
    Block,
    Control,
    Expression,
    Extends,
    File,
    Include,
    Intermediate,
    Node,
    Python,
    Statement,
    Text,
)

if TYPE_CHECKING:
    from whirlwind._web.template.loaders import BaseLoader

ENTRY: Final = "_tt_render"


class Line:
    """Where one line of generated code comes from.

    Attributes:
        listed: The line of the listing that it belongs to.
        start: Where the template's own Python starts in it, in bytes of UTF-8.
        end: Where that ends.
        column: Where it starts in the template's line.
        width: How much of the template's line a position outside of it stands for, from column.
    """

    __slots__ = ("column", "end", "listed", "start", "width")

    def __init__(self, listed: int) -> None:
        self.listed = listed
        self.start = 0
        self.end = 0
        self.column = 0
        self.width = 0


class Generated(NamedTuple):
    """The Python of one template.

    Attributes:
        code: Its text.
        lines: Where each line of it comes from.
        listing: The lines of templates that it refers to.
    """

    code: str
    lines: list[Line]
    listing: Listing


def generate(file: File, loader: BaseLoader | None) -> Generated:
    """Return the Python of a template.

    Args:
        file: The template's nodes.
        loader: Finds what the template extends and includes; None if it may not.

    Raises:
        ParseError: The template needs another one and there is no loader, or the other is broken.
    """
    return _Generator(file, loader).run()


class _Place(NamedTuple):
    """Where the generator is: the file whose nodes it writes, and how it came to it."""

    file: File
    via: str = ""
    callers: tuple[str, ...] = ()

    def enter(self, file: File, line: int) -> _Place:
        callers = (f"{self.file.name}:{line}", *self.callers)
        return _Place(file, f" (via {', '.join(callers)})", callers)


class _Output:
    """The generated lines so far, and the text that waits to be written as one piece."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.origins: list[Line] = []
        self.text: list[str] = []
        self.indent = 0


class _Generator:
    def __init__(self, file: File, loader: BaseLoader | None) -> None:
        self._main = file
        self._loader = loader
        self._listing = Listing(file)
        self._blocks: dict[str, tuple[Block, File]] = {}
        self._loaded: dict[tuple[str, str], File] = {}
        self._out = _Output()
        self._applied = 0
        self._text_at = (_Place(file), 1)

    def run(self) -> Generated:
        line_of_inheritance = self._ancestors(self._main)
        # The last definition of a block counts: ancestors first, the template itself last.
        for file in reversed(line_of_inheritance):
            self._find_blocks(file.body, file)
        root = line_of_inheritance[-1]
        place = _Place(root)
        with self._function(ENTRY, place, 1):
            self._write_body(root.body, place)
        code = "\n".join([*self._out.lines, ""])
        return Generated(code, self._out.origins, self._listing)

    # --- other templates ------------------------------------------------------------------------

    def _ancestors(self, file: File) -> list[File]:
        found = [file]
        for node in file.body:
            if isinstance(node, Extends):
                found += self._ancestors(self._load(node.path, file, node.line, "extends"))
        return found

    def _load(self, path: str, parent: File, line: int, directive: str) -> File:
        if self._loader is None:
            message = f"{{% {directive} %}} block found, but no template loader"
            raise ParseError(message, parent.name, line)
        key = (path, parent.name)
        if key not in self._loaded:
            self._loaded[key] = self._loader.load(path, parent.name).file
        return self._loaded[key]

    def _find_blocks(self, body: Sequence[Node], file: File) -> None:
        for node in body:
            if isinstance(node, Block):
                self._blocks[node.name] = (node, file)
                self._find_blocks(node.body, file)
            elif isinstance(node, Control | Apply):
                self._find_blocks(node.body, file)
            elif isinstance(node, Include):
                included = self._load(node.path, file, node.line, "include")
                self._find_blocks(included.body, included)

    # --- nodes ------------------------------------------------------------------------------------

    def _write_body(self, body: Sequence[Node], place: _Place) -> None:
        for node in body:
            if isinstance(node, Text):
                if not self._out.text:
                    self._text_at = (place, node.line)
                self._out.text.append(node.value)
            elif isinstance(node, Expression):
                self._write_expression(node, place)
            elif isinstance(node, Statement):
                self._python("", node.python, "", place)
            elif isinstance(node, Control):
                self._write_control(node, place)
            elif isinstance(node, Intermediate):
                self._write_intermediate(node, place)
            elif isinstance(node, Apply):
                self._write_apply(node, place)
            elif isinstance(node, Block):
                block, file = self._blocks[node.name]
                self._write_body(block.body, place.enter(file, node.line))
            elif isinstance(node, Extends):
                # An ancestor's is not written, so this one is in a block, or in what is included.
                message = "extends inside another directive, or in an included template"
                raise ParseError(message, place.file.name, node.line)
            else:
                included = self._load(node.path, place.file, node.line, "include")
                inside = place.enter(included, node.line)
                self._write_body(included.body, inside)

    def _write_expression(self, node: Expression, place: _Place) -> None:
        self._python(f"_tt_tmp = {node.prefix}", node.python, "", place, in_parentheses=True)
        escape = None if node.raw else place.file.autoescape
        if escape is None:
            self._with_span("_tt_append(_tt_raw(_tt_tmp))", node.python, place)
        else:
            self._with_span(f"_tt_append(_tt_escape({escape}, _tt_tmp))", node.python, place)

    def _write_control(self, node: Control, place: _Place) -> None:
        self._python("", node.python, ":", place)
        self._out.indent += 1
        start = 0
        header = node.python
        for at, inner in enumerate(node.body):
            # Each part between two headers is a suite of its own, and none may be empty.
            if isinstance(inner, Intermediate):
                self._write_suite(node.body[start:at], place, header)
                self._write_intermediate(inner, place)
                start, header = at + 1, inner.python
        self._write_suite(node.body[start:], place, header)
        self._out.indent -= 1

    def _write_suite(self, body: Sequence[Node], place: _Place, header: Python) -> None:
        before = len(self._out.lines)
        self._write_body(body, place)
        self._flush_text()
        if len(self._out.lines) == before:
            self._line("pass", place, header.line)

    def _write_intermediate(self, node: Intermediate, place: _Place) -> None:
        self._out.indent -= 1
        self._python("", node.python, ":", place)
        self._out.indent += 1

    def _write_apply(self, node: Apply, place: _Place) -> None:
        self._applied += 1
        name = f"_tt_apply{self._applied}"
        with self._function(name, place, node.function.line):
            self._write_body(node.body, place)
        self._python("_tt_tmp = ", node.function, "", place, in_parentheses=True)
        self._with_span(f"_tt_append(_tt_utf8(_tt_tmp({name}())))", node.function, place)

    @contextmanager
    def _function(self, name: str, place: _Place, line: int) -> Iterator[None]:
        self._line(f"def {name}():", place, line)
        self._out.indent += 1
        self._line("_tt_buffer = []", place, line)
        self._line("_tt_append = _tt_buffer.append", place, line)
        yield
        self._line('return b"".join(_tt_buffer)', place, line)
        self._out.indent -= 1

    # --- lines ------------------------------------------------------------------------------------

    def _flush_text(self) -> None:
        if self._out.text:
            text = "".join(self._out.text)
            self._out.text.clear()
            if text:
                self._put_line(f"_tt_append({text.encode()!r})", *self._text_at)

    def _line(self, code: str, place: _Place, line: int) -> None:
        self._flush_text()
        self._put_line(code, place, line)

    def _put_line(self, code: str, place: _Place, line: int) -> None:
        origin = Line(self._listing.place(place.file, line, place.via))
        self._put(code, origin, note(place.file, line, place.via))

    def _with_span(self, code: str, python: Python, place: _Place) -> None:
        """A line of ours for which a traceback marks all of ``python``."""
        self._flush_text()
        origin = Line(self._listing.place(place.file, python.line, place.via))
        origin.column = python.column
        origin.width = len(python.text.partition("\n")[0].encode())
        self._put(code, origin, note(place.file, python.line, place.via))

    def _python(
        self,
        prefix: str,
        python: Python,
        suffix: str,
        place: _Place,
        *,
        in_parentheses: bool = False,
    ) -> None:
        """Lines that hold Python of the template, with a record of where each of them is from."""
        self._flush_text()
        parts = python.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        if in_parentheses and len(parts) > 1:
            # Parentheses let an expression go on in the next line; the newline before the closing
            # one ends a comment. Not for a single line: ``{{ x = 1 }}`` means something in Tornado.
            prefix += "("
            parts.append(")")
        for at, part in enumerate(parts):
            line = python.line + at
            indent = "    " * self._out.indent + prefix if at == 0 else ""
            size = len(part.encode())
            origin = Line(self._listing.place(place.file, line, place.via))
            origin.start = len(indent.encode())
            origin.end = origin.start + size
            origin.column = python.column if at == 0 else 0
            origin.width = size
            self._out.origins.append(origin)
            last = at == len(parts) - 1
            ending = suffix + note(place.file, line, place.via) if last else ""
            self._out.lines.append(indent + part + ending)

    def _put(self, code: str, origin: Line, comment: str) -> None:
        self._out.origins.append(origin)
        self._out.lines.append("    " * self._out.indent + code + comment)
