"""The kinds of read that a stream knows, and when each has what it wants; without I/O.

Layer: net. Imports from ``_net`` what has no I/O.

Theory of operation
-------------------
A stream appends what arrives to its ``ReadBuffer`` and asks the pending read how many bytes
from the front answer it (``size_in``). Reads that search remember how far they have looked:
when bytes arrive one at a time, each byte is looked at a bounded number of times.

For a delimiter of n bytes the next search begins n - 1 bytes before the end of the last. For a
regular expression it depends on the expression. One that matches at most n bytes and looks
neither ahead nor behind can be treated the same way, because whether it matches some bytes
depends on those bytes alone. ``\\r?\\n\\r?\\n`` is such a one. Any other has to start again at
the beginning; then the buffer is searched when it has doubled or when nothing more has arrived
for now, and ``max_bytes`` bounds the rest.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, ClassVar, Final

from whirlwind._net.read_buffer_cy import ReadBuffer
from whirlwind._net.stream_errors import UnsatisfiableReadError
from whirlwind._net.whole_cy import Whole

try:
    # Nothing public tells how long a match can be. Private, hence optional: without it every
    # expression counts as one whose matches have no bound.
    from re import _constants as _re_codes  # type: ignore[attr-defined]
    from re import _parser as _re_parser  # type: ignore[attr-defined]
except ImportError:  # pragma: no cover - no known Python from 3.11 on
    _re_codes = _re_parser = None

NEVER: Final = 1 << 62  # larger than any buffer

# Matches longer than this gain too little from resuming to be worth the trouble.
_LONGEST_RESUMED: Final = 1024


class Read:
    """What a stream is asked to read.

    Attributes:
        look_at: Buffered bytes from which on it pays to call ``size_in`` although more bytes
            are there to be read at once.
        can_be_empty: True if no bytes at all may answer it.
        by_chunks: True if a chunk may answer it, and nothing else has to be done with one.
    """

    __slots__ = ()

    look_at: int
    can_be_empty: bool
    by_chunks: ClassVar[bool] = True

    def is_answered_by(self, data: bytes) -> bool:
        """Return True if ``data``, where nothing was read before it, answers this read entirely.

        False is no answer: ``size_in`` has it.
        """
        return False

    def size_in(self, buffer: ReadBuffer) -> int | None:
        """Return how many bytes from the front of ``buffer`` answer this read.

        Returns:
            0 or more; None if more bytes are needed.

        Raises:
            UnsatisfiableReadError: No further bytes can answer it.
        """
        raise NotImplementedError


class ReadBytes(Read):
    """A number of bytes, or with ``partial`` at least one and at most that number."""

    __slots__ = ("can_be_empty", "look_at", "partial", "wanted")

    def __init__(self, wanted: int, partial: bool) -> None:
        self.wanted = wanted
        self.partial = partial
        self.look_at = 1 if partial else wanted
        self.can_be_empty = wanted == 0

    def is_answered_by(self, data: bytes) -> bool:
        return len(data) == self.wanted or (self.partial and 0 < len(data) < self.wanted)

    def size_in(self, buffer: ReadBuffer) -> int | None:
        have = buffer.size
        if have >= self.wanted:
            return self.wanted
        return have if self.partial and have else None


class ReadInto(Read):
    """Bytes for memory that the program owns; they do not go through the buffer.

    Attributes:
        target: The program's memory, as bytes.
        filled: How many of its bytes hold data.
    """

    __slots__ = ("_partial", "can_be_empty", "filled", "target")

    look_at = NEVER
    by_chunks = False

    def __init__(self, target: memoryview, partial: bool) -> None:
        self.can_be_empty = not target
        self.target = target
        self.filled = 0
        self._partial = partial

    @property
    def satisfied(self) -> bool:
        return self.filled == len(self.target) or (self._partial and self.filled > 0)

    def size_in(self, buffer: ReadBuffer) -> int | None:
        return None

    def result(self) -> Any:
        """Return what answers the read once it is satisfied: how many bytes have been read."""
        return self.filled


class ReadWhole(ReadInto):
    """A large number of bytes, read into the memory in which the program gets them."""

    __slots__ = ("_whole",)

    def __init__(self, wanted: int) -> None:
        self._whole = Whole(wanted)
        super().__init__(self._whole.view(), False)

    def result(self) -> bytes:
        self.target.release()
        return self._whole.finish()


class ReadUntilClose(Read):
    """Everything, up to the end of the stream."""

    __slots__ = ()

    look_at = NEVER
    can_be_empty = False
    by_chunks = False

    def size_in(self, buffer: ReadBuffer) -> int | None:
        return None


class ReadUntil(Read):
    """Up to and including a delimiter."""

    __slots__ = ("_delimiter", "_looked", "_max_bytes")

    look_at = 0
    can_be_empty = False

    def __init__(self, delimiter: bytes, max_bytes: int | None) -> None:
        self._delimiter = delimiter
        self._max_bytes = max_bytes
        self._looked = 0  # the delimiter does not begin before this index

    def is_answered_by(self, data: bytes) -> bool:
        at = data.find(self._delimiter)
        end = len(data)
        return 0 <= at == end - len(self._delimiter) and (
            self._max_bytes is None or end <= self._max_bytes
        )

    def size_in(self, buffer: ReadBuffer) -> int | None:
        at = buffer.find(self._delimiter, self._looked)
        size = len(self._delimiter)
        limit = self._max_bytes
        if at >= 0:
            if limit is not None and at + size > limit:
                raise _not_found(self._delimiter, limit)
            return at + size
        have = buffer.size
        if limit is not None and have >= limit:
            raise _not_found(self._delimiter, limit)
        if have >= size:
            self._looked = have - size + 1
        return None


class ReadUntilRegex(Read):
    """Up to and including the end of the first match of a regular expression."""

    __slots__ = ("_longest", "_looked", "_max_bytes", "_regex", "look_at")

    # An expression may match no bytes at all, but not before there are some: a loop that reads
    # with one would never let go of the event loop.
    can_be_empty = False

    def __init__(self, regex: re.Pattern[bytes], max_bytes: int | None) -> None:
        self.look_at = 0
        self._regex = regex
        self._max_bytes = max_bytes
        self._looked = 0  # no match begins before this index
        self._longest = longest_match(regex)

    def size_in(self, buffer: ReadBuffer) -> int | None:
        # The offset is not given as ``search(data, at)`` for expressions that look behind or
        # are anchored: those have no bound and are searched from 0.
        match = self._regex.search(buffer.whole(), self._looked)
        limit = self._max_bytes
        if match is not None:
            if limit is not None and match.end() > limit:
                raise _not_found(self._regex, limit)
            return match.end()
        have = buffer.size
        # At exactly the limit an expression that looks ahead may still find its match.
        if limit is not None and have > limit:
            raise _not_found(self._regex, limit)
        if self._longest is None:
            self.look_at = 2 * have
        else:
            self._looked = max(0, have - self._longest + 1)
        return None


@lru_cache(maxsize=256)
def longest_match(regex: re.Pattern[bytes]) -> int | None:
    """Return the most bytes that a match of ``regex`` can have; None if no bound is known.

    None as well where a match depends on bytes outside it: anchors, word boundaries, looking
    ahead or behind.
    """
    if _re_parser is None:  # pragma: no cover
        return None
    parsed = _re_parser.parse(regex.pattern, regex.flags)
    longest = parsed.getwidth()[1]
    if not 0 < longest <= _LONGEST_RESUMED or _looks_outside(parsed):
        return None
    return int(longest)


def _looks_outside(node: Any) -> bool:
    """True if a parsed expression, or any part of it, examines bytes that it does not match."""
    outside = (_re_codes.AT, _re_codes.ASSERT, _re_codes.ASSERT_NOT)
    if isinstance(node, _re_parser.SubPattern | list | tuple):
        return any(_looks_outside(part) for part in node)
    return any(node is code for code in outside)


def _not_found(wanted: bytes | re.Pattern[bytes], limit: int) -> UnsatisfiableReadError:
    return UnsatisfiableReadError(f"delimiter {wanted!r} not found within {limit} bytes")
