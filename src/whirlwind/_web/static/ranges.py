"""Which part of a file a client asks for (RFC 9110, section 14).

Layer: web. Standard library only.

Only one range is answered with a part. Several of them, which the RFC lets a server ignore, would
be a way to make it send a file many times over; what is no range at all is ignored as well.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from whirlwind._web.static.times import parse_date

# Above the size of any file, below where turning text into an integer becomes slow.
_MOST_DIGITS = 18


class Part(NamedTuple):
    """Bytes ``start`` to ``stop - 1`` of a file of ``size`` bytes.

    Attributes:
        satisfiable: False if no byte of the file is in the range that was asked for.
    """

    start: int
    stop: int
    size: int
    satisfiable: bool = True

    def content_range(self) -> str:
        """Return the value of Content-Range.

        Source: RFC 9110, section 14.4.
        """
        if not self.satisfiable:
            return f"bytes */{self.size}"
        return f"bytes {self.start}-{self.stop - 1}/{self.size}"


def part_wanted(value: str | None, size: int) -> Part | None:
    """Return the part of a file that a Range field asks for.

    Args:
        value: The field; None if there is none.
        size: The file's size in bytes.

    Returns:
        The part; None for the whole file, whether the field asks for all of it, for several
        parts, or for something that is no range.

    Source: RFC 9110, sections 14.1.2 and 14.2.
    """
    if not value:
        return None
    unit, _, wanted = value.partition("=")
    # Without the dash it is no range either; Tornado reads it as one without an end.
    first, _, last = wanted.partition("-")
    first, last = first.strip(" \t"), last.strip(" \t")
    if unit.strip(" \t").lower() != "bytes" or not (first or last):
        return None
    try:
        start = _number(first) if first else None
        end = _number(last) if last else None
    except ValueError:
        return None
    if start is None:
        assert end is not None
        start, stop = max(size - end, 0), size
    else:
        stop = size if end is None else min(end + 1, size)
    if start >= stop:
        return Part(0, 0, size, satisfiable=False)
    return None if stop - start == size else Part(start, stop, size)


def _number(text: str) -> int:
    # int() would also take signs, underscores and the digits of other scripts.
    if not (text.isascii() and text.isdigit()):
        raise ValueError(text)
    text = text.lstrip("0")
    return 10**_MOST_DIGITS if len(text) > _MOST_DIGITS else int(text or "0")


def range_counts(if_range: str | None, etag: str | None, modified: datetime | None) -> bool:
    """True if a Range field is to be looked at: the client's part is of the file as it is now.

    Args:
        if_range: The If-Range field; None if there is none.
        etag: Ours, with quotes; None for none.
        modified: When the file was last modified, in UTC; None if that is not known.

    Source: RFC 9110, section 13.1.5.
    """
    if if_range is None:
        return True
    if_range = if_range.strip(" \t")
    if if_range.startswith(('"', "W/")):
        # Strong comparison: equal in every byte is what puts parts together.
        return if_range == etag and not if_range.startswith("W/")
    date = parse_date(if_range)
    return date is not None and modified is not None and date == modified.replace(microsecond=0)
