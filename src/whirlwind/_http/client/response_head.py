"""Heads of responses of the usual kind, taken apart without the parser.

Layer: HTTP. Imports from ``_base`` and ``_proto``.

Theory of operation
-------------------
Nearly all responses have a head that says how long the body is, and nothing else about where it
ends. For a response that came whole, in one read, such a head is all there is to understand. Its
lines are looked up in a memory of lines, so that only those cost time that were not seen before:
a date, a tag. What is unusual in any way (and what is wrong in any way) is left to the parser,
which is strict; nothing is accepted here that it would refuse.

A server says much the same again and again; its date changes once a second. A head that came twice
in a row on a connection is remembered as a whole. One for all clients: what it means does not
depend on who asked.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from whirlwind._base.limits import MAX_HEADER_COUNT, MAX_REMEMBERED_RESPONSES
from whirlwind._proto.http.errors import HTTPInputError
from whirlwind._proto.http.headers import HTTPHeaders, fields_of, flat_copy
from whirlwind._proto.http1.field_lines import FieldLines

_LONGEST: Final = 2048
# Not 1xx, and neither 204 nor 304, whose bodies are another matter.
_STATUS_LINE: Final = re.compile(
    rb"(HTTP/1\.[01]) (20[0-35-9]|2[1-9][0-9]|30[0-35-9]|3[1-9][0-9]|[45][0-9][0-9]) ([\x20-\x7e]*)"
)
_MOST_DIGITS: Final = 18


class ResponseHead(NamedTuple):
    """What a head means.

    Attributes:
        code, reason, version: Its status line.
        headers: Its fields; to be copied before others see them.
        length: Bytes of the body behind it.
        keep_alive: Whether the connection can be used again.
        is_plain: Whether it is a success whose body is what it looks like: not compressed.
        is_flat: Whether no field is repeated.
    """

    code: int
    reason: str
    version: str
    headers: HTTPHeaders
    length: int
    keep_alive: bool
    is_plain: bool
    is_flat: bool

    def own_headers(self) -> HTTPHeaders:
        """Return a copy of the fields."""
        return flat_copy(self.headers) if self.is_flat else self.headers.copy()


class _StatusLines(dict[bytes, tuple[int, str, str] | None]):
    def __missing__(self, line: bytes) -> tuple[int, str, str] | None:
        found = _STATUS_LINE.fullmatch(line)
        if found is None:
            return None
        version, code, reason = found.groups()
        status = int(code), reason.decode("ascii"), version.decode("ascii")
        if len(line) <= _LONGEST:
            if len(self) >= MAX_REMEMBERED_RESPONSES:
                self.clear()
            self[line] = status
        return status


known_heads: Final[dict[bytes, ResponseHead]] = {}
_status_lines: Final = _StatusLines()
_lines: Final = FieldLines()


def keeps_alive(version: str, connection: str | None) -> bool:
    """Whether a connection can be used again, by the ``Connection`` field of a response.

    Source: RFC 9112, section 9.3.
    """
    if connection is None:
        return version == "HTTP/1.1"
    option = connection.lower()
    return "close" not in option if version == "HTTP/1.1" else "keep-alive" in option


def read_head(wire: bytes) -> ResponseHead | None:
    """Take a head apart.

    Args:
        wire: Its bytes, with the empty line that ends it.

    Returns:
        What it means; None if the parser has to look at it.
    """
    status_line, *lines = wire[:-4].split(b"\r\n")
    status = _status_lines[status_line]
    if status is None or len(lines) > MAX_HEADER_COUNT:
        return None
    try:
        # A lone CR or LF may stand in no name and in no value, so that no line with one passes.
        pairs = [_lines[line] for line in lines]
    except HTTPInputError:
        return None  # the parser says what is wrong
    headers = fields_of(pairs)
    fields = headers._fields
    length = fields.get("Content-Length")
    if (
        type(length) is not str
        or not (length.isdecimal() and length.isascii())
        or len(length) > _MOST_DIGITS
        or "Transfer-Encoding" in fields
    ):
        return None
    code, reason, version = status
    if "Connection" in fields:
        keep_alive = keeps_alive(version, headers["Connection"])
    else:
        keep_alive = version == "HTTP/1.1"
    return ResponseHead(
        code,
        reason,
        version,
        headers,
        int(length),
        keep_alive,
        code < 300 and "Content-Encoding" not in fields,
        len(fields) == len(pairs),
    )


def remember_head(wire: bytes, head: ResponseHead) -> None:
    """Remember a head.

    Args:
        wire: Its bytes, with the empty line that ends it.
        head: What it means; its fields must not be changed any more.
    """
    if len(wire) > _LONGEST:
        return
    if len(known_heads) >= MAX_REMEMBERED_RESPONSES:
        # All at once: to find the one that was used least costs more than to take them apart again.
        known_heads.clear()
    known_heads[wire] = head
