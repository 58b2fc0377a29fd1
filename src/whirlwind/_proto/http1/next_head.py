"""The next request's head, in wire bytes that come cut anywhere.

Layer: protocols. Imports from ``_base`` and from within ``_proto`` only.

A head ends with the first CRLF CRLF, so what was searched once is not searched again. Lines that
end with LF alone are looked for meanwhile: a head that has them throughout is read as if they
ended with CRLF, and one that has both is refused as soon as it shows.
"""

from __future__ import annotations

from typing import Final

from whirlwind._base.late_pattern import late_pattern
from whirlwind._proto.http.errors import HTTPInputError
from whirlwind._proto.http1.request_head import (
    RequestHead,
    RequestHeadReader,
    begins_with_lf_line,
    with_crlf,
)

_EMPTY_LINES: Final = late_pattern(rb"(?:\r\n)+")


def next_head(
    wire: bytes, searched: int, heads: RequestHeadReader, most: int
) -> tuple[RequestHead | None, bytes, int]:
    """Take the next head off the wire.

    Args:
        wire: What came in and was not used yet; at least one byte.
        searched: What the last call returned so, if ``wire`` is what it left, or begins with it;
            else 0.
        heads: Takes the head apart.
        most: Most bytes of a head.

    Returns:
        What the head says, None if it is not all there yet; the bytes that are left; and how many
        of them are known to hold no end of a head: 0 if no head has begun there.

    Raises:
        HTTPInputError: The head breaks the grammar or a limit.

    Source: RFC 9112, section 2.2.
    """
    if wire[0] == 13:  # empty lines before a request are skipped
        # However many: with one alone it would matter where they are cut.
        lines = _EMPTY_LINES().match(wire)
        wire = wire if lines is None else wire[lines.end() :]
        if not wire or wire == b"\r":
            return None, wire, 0
    end = wire.find(b"\r\n\r\n", searched)
    if end < 0:
        mended = _mended(wire, searched)
        if mended is not None:
            return next_head(mended, 0, heads, most)
        if len(wire) > most:
            raise oversized(wire, most)
        return None, wire, max(len(wire) - 3, 1)
    end += 4
    if end > most:
        raise oversized(wire, most)
    if end == len(wire):
        head = wire
        rest = b""
    else:
        head = wire[:end]
        rest = wire[end:]
    try:
        return heads.remembered.get(head) or heads.read(head), rest, 0
    except HTTPInputError:
        # An empty line with CRLF may also stand in the body, after a head with LF.
        if not begins_with_lf_line(wire) or (mended := with_crlf(wire)) is None:
            raise
        return next_head(mended, 0, heads, most)


def _mended(wire: bytes, searched: int) -> bytes | None:
    """Return the wire with CRLF for LF, if a whole head with LF alone begins it."""
    if begins_with_lf_line(wire):
        return with_crlf(wire)  # looked at as a whole each time: a CR in it may come later
    if wire.count(b"\n", searched) != wire.count(b"\r\n", max(searched - 1, 0)):
        raise HTTPInputError("a line of the header ends with a lone LF: expected CRLF")
    return None


def oversized(head: bytes, most: int) -> HTTPInputError:
    """Return why a head that is over its limit is refused.

    Args:
        head: What came of it, more than ``most`` bytes.
        most: The limit.

    Source: RFC 9110, section 15.5.15 (414); RFC 6585, section 5 (431).
    """
    if head.find(b"\n", 0, most) < 0:  # the target alone is too long
        return HTTPInputError(f"request line is over {most} bytes (max_header_size)", status=414)
    return HTTPInputError(f"header is over {most} bytes (max_header_size)", status=431)
