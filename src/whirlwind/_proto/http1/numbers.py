"""Numbers as HTTP/1 writes them: digits and nothing else (RFC 9110, section 8.6).

Layer: protocols. Standard library only.

``int()`` also takes signs, white space, underscores and the digits of every script. A server that
takes what its proxy refuses, or the reverse, disagrees with it about where a message ends.
"""

from __future__ import annotations

import re
from typing import Final

#: What ends a line, and may stand in none.
CR_OR_LF_RE: Final = re.compile(b"\r|\n")
DIGITS: Final = re.compile(r"[0-9]+")
HEXDIGITS: Final = re.compile(r"[0-9a-fA-F]+")


def parse_int(s: str) -> int:
    """Read a decimal number.

    Args:
        s: ASCII digits, at least one.

    Returns:
        The number, 0 or more.

    Raises:
        ValueError: Anything else is in ``s``.
    """
    if DIGITS.fullmatch(s) is None:
        raise ValueError(f"not an integer: {s[:40]!r}")
    return int(s)


def parse_hex_int(s: str) -> int:
    """Read a hexadecimal number, such as the size of a chunk.

    Args:
        s: ASCII digits and the letters A to F of either case, at least one.

    Returns:
        The number, 0 or more.

    Raises:
        ValueError: Anything else is in ``s``.
    """
    if HEXDIGITS.fullmatch(s) is None:
        raise ValueError(f"not a hexadecimal integer: {s[:40]!r}")
    return int(s, 16)
