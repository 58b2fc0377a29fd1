"""The lines of a header, taken apart into names and values (RFC 9112, section 5).

Layer: protocols. Imports from ``_base`` and from within ``_proto`` only.
"""

from __future__ import annotations

from whirlwind._base.limits import MAX_HEADER_COUNT
from whirlwind._proto.http.errors import HTTPInputError


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
    ends = block.count(b"\r\n")
    if block.count(b"\n") != ends or block.count(b"\r") != ends:
        raise HTTPInputError("a line of the header ends with a lone CR or LF: expected CRLF")
    if ends - 1 > MAX_HEADER_COUNT:
        raise HTTPInputError(
            f"more than {MAX_HEADER_COUNT} header fields (MAX_HEADER_COUNT)", status=431
        )
    pairs = []
    for line in block[:-2].split(b"\r\n")[:-1]:
        name, colon, value = line.partition(b":")
        if line[:1] in (b" ", b"\t"):
            raise HTTPInputError(
                f"header line {line[:40]!r} cannot start with whitespace, folding not supported"
            )
        if not colon:
            raise HTTPInputError(f"no colon in header line {line[:40]!r}")
        pairs.append((name, value))
    return pairs
