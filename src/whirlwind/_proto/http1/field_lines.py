"""The lines of a header, taken apart into names and values (RFC 9112, section 5).

Layer: protocols. Imports from ``_base`` and from within ``_proto`` only.
"""

from __future__ import annotations

from typing import Final

from whirlwind._base.limits import MAX_HEADER_COUNT, MAX_REMEMBERED_LINES
from whirlwind._proto.http.errors import HTTPInputError
from whirlwind._proto.http.headers import HTTPHeaders, field_from_wire, fields_of

# Longer lines are cookies and tokens of one client each.
_LONGEST_REMEMBERED: Final = 256


def split_field_lines(block: bytes) -> list[tuple[bytes, bytes]]:
    """Take the lines of a header apart.

    What stands in names and values is not looked at: ``fields_from_wire`` does that.

    Args:
        block: All lines, each with its CRLF, and the empty line that ends them.

    Returns:
        Name and value of each field, in wire order; values with the white space around them.

    Raises:
        HTTPInputError: A line ends with a lone CR or LF, is folded, or has no colon (400); there
            are more than MAX_HEADER_COUNT (431).

    Source: RFC 9112, sections 2.2, 5 and 5.2.
    """
    return [_split(line) for line in _lines_of(block)]


class FieldLines(dict[bytes, tuple[str, str]]):
    """Lines against the name and the value that each holds: look up a line to have it read.

    Lines are remembered, up to a bound in number and size, because the header of a client changes
    in one or two lines from request to request. What is read of a line depends on its bytes alone.

    Raises:
        HTTPInputError: The line is folded, has no colon, its name is no token, or its value holds
            a control character.
    """

    __slots__ = ()

    def __missing__(self, line: bytes) -> tuple[str, str]:
        field = field_from_wire(*_split(line))
        if len(line) <= _LONGEST_REMEMBERED:
            if len(self) >= MAX_REMEMBERED_LINES:
                self.clear()
            self[line] = field
        return field

    def fields_of(self, block: bytes) -> HTTPHeaders:
        """Return the fields of a header; arguments and errors as for ``split_field_lines``."""
        return fields_of([self[line] for line in _lines_of(block)])


def _lines_of(block: bytes) -> list[bytes]:
    ends = block.count(b"\r\n")
    if block.count(b"\n") != ends or block.count(b"\r") != ends:
        raise HTTPInputError("a line of the header ends with a lone CR or LF: expected CRLF")
    if ends - 1 > MAX_HEADER_COUNT:
        raise HTTPInputError(
            f"more than {MAX_HEADER_COUNT} header fields (MAX_HEADER_COUNT)", status=431
        )
    return block[:-2].split(b"\r\n")[:-1]


def _split(line: bytes) -> tuple[bytes, bytes]:
    name, colon, value = line.partition(b":")
    if line[:1] in (b" ", b"\t"):
        raise HTTPInputError(
            f"header line {line[:40]!r} cannot start with whitespace, folding not supported"
        )
    if not colon:
        raise HTTPInputError(f"no colon in header line {line[:40]!r}")
    return name, value
