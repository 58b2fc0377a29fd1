"""Compiles the Python of a template to a code object whose positions are the template's.

Layer: web. Pure.
"""

from __future__ import annotations

import ast
import zlib
from types import CodeType

from whirlwind._web.template.errors import ParseError, TemplateSyntaxError
from whirlwind._web.template.generation import Generated, Line
from whirlwind._web.template.listing import line_of


def compile_template(generated: Generated, name: str) -> CodeType:
    """Return the code object of a template.

    Args:
        generated: Its Python.
        name: The template's name.

    Raises:
        TemplateSyntaxError: The template holds Python that does not compile.
        ParseError: It holds Python that is nested too deeply, or no text at all (a NUL).
    """
    # Tracebacks look a line up by file name and keep what they found for ever: another source
    # must have another name, and no file may have it.
    digest = zlib.crc32(generated.code.encode())
    filename = f"{name} (compiled {digest:08x})"
    try:
        tree = ast.parse(generated.code, filename)
    except SyntaxError as error:
        raise _located(error, generated, generated.lines) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise ParseError(f"cannot be compiled: {_reason(error)}", name) from error
    try:
        for node in ast.walk(tree):
            if hasattr(node, "lineno"):
                _move(node, generated.lines)
        return compile(tree, filename, "exec", dont_inherit=True)
    except SyntaxError as error:
        raise _located(error, generated, None) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise ParseError(f"cannot be compiled: {_reason(error)}", name) from error


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


def _move(node: ast.AST, lines: list[Line]) -> None:
    """Give a node the position of the template's Python that it stands for."""
    # ast.AST declares none of these.
    first: Line = lines[node.lineno - 1]  # type: ignore[attr-defined]
    last: Line = lines[node.end_lineno - 1]  # type: ignore[attr-defined]
    start = node.col_offset  # type: ignore[attr-defined]
    end = node.end_col_offset  # type: ignore[attr-defined]
    left = first.column + (start - first.start if first.start <= start <= first.end else 0)
    compound = isinstance(node, ast.stmt) and hasattr(node, "body")
    if not compound and last.listed >= first.listed and last.start <= end <= last.end:
        bottom, right = last.listed, last.column + end - last.start
    else:
        # A statement with a body would cover all lines of it, and so would a call of ours.
        bottom, right = first.listed, first.column + first.width
    if (bottom, right) < (first.listed, left):
        bottom, right = first.listed, left
    node.lineno, node.col_offset = first.listed, left  # type: ignore[attr-defined]
    node.end_lineno, node.end_col_offset = bottom, right  # type: ignore[attr-defined]


def _located(error: SyntaxError, generated: Generated, lines: list[Line] | None) -> ParseError:
    """The same error with the template's line, which ``lines`` tell for positions in the code."""
    line, offset = error.lineno or 1, error.offset or 0
    if lines is not None:
        record = lines[min(line, len(lines)) - 1]
        line = record.listed
        at = offset - 1 - record.start
        inside = 0 <= at <= record.end - record.start
        offset = record.column + at + 1 if inside else record.column + record.width + 1
    file, number = generated.listing.origin(line)
    return TemplateSyntaxError(error.msg, file.name, number, line_of(file, number), offset)
