"""``multipart/form-data`` as it comes in, part by part, without I/O.

Layer: protocols. Imports from ``_base`` and ``_proto`` only.

Theory of operation
-------------------
A delimiter stands at the start of a line and is all that its line holds::

    --boundary CRLF header CRLF CRLF data CRLF --boundary CRLF … CRLF --boundary-- epilogue

Wire bytes come cut anywhere. Data is handed on at once; what is held back is an unfinished
header, which has a limit, or an end of the data that may turn out to begin a delimiter, which is
never longer than the delimiter and two bytes. Each byte of the data is searched once: a
delimiter has its only CR at its start, so what may begin one is found by looking for that CR.

The CRLF before a delimiter belongs to the delimiter, and the one that ends a header's last line
may be that of the delimiter as well, where the data is empty; so the search for the delimiter
starts there.

``parse_multipart_form_data`` reads whole bodies and forgives what Tornado forgives. Here nobody's
old client is waited for, and what comes before the first delimiter is refused: RFC 2046 wants it
ignored, others read it as a part, and what readers disagree about carries attacks.
"""

from __future__ import annotations

import enum
from typing import Final, NamedTuple, TypeAlias

from whirlwind._base.errors import LocalProtocolError
from whirlwind._base.late_pattern import late_pattern
from whirlwind._base.limits import (
    MAX_BOUNDARY_SIZE,
    MAX_FIELD_SIZE,
    MAX_MULTIPART_PARTS,
    MAX_PART_HEADER_SIZE,
)
from whirlwind._proto.http.errors import HTTPInputError
from whirlwind._proto.http.forms import read_part_header
from whirlwind._proto.http.headers import HTTPHeaders

# Percent-encoding brings into names what could not stand in the header itself.
_CONTROL: Final = late_pattern(r"[\x00-\x1f\x7f]")


class PartBegan(NamedTuple):
    """A part's header is there.

    Attributes:
        headers: Its fields.
        name: The name of the form's field.
        filename: The name that the sender gave its file; None if the part is no file, and for a
            file input that was left empty.
    """

    headers: HTTPHeaders
    name: str
    filename: str | None


class PartData(NamedTuple):
    """A piece of the current part's data.

    Attributes:
        data: The piece, never empty; where pieces end means nothing.
    """

    data: bytes


class PartEnded:
    """The current part is complete."""

    __slots__ = ()


PartEvent: TypeAlias = PartBegan | PartData | PartEnded

_ENDED: Final = PartEnded()


class _Expect(enum.Enum):
    FIRST = enum.auto()  # the delimiter before the first part, without the CRLF of the others
    AFTER_DELIMITER = enum.auto()  # CRLF, or -- after the last part
    HEADER = enum.auto()  # a part's header and the empty line after it
    DATA = enum.auto()  # a part's data and the delimiter after it
    EPILOGUE = enum.auto()  # nothing that anybody wants
    NOTHING = enum.auto()  # the body has ended, or is refused


class MultipartDecoder:
    """Turns the bytes of one multipart body into events: a part begins, its data, it ends.

    Args:
        boundary: The boundary, as the Content-Type has it, without quotes.
        max_parts: Most parts in the body.
        max_part_header_size: Most bytes in the header of one part.
        max_field_size: Most bytes of a part that is no file.
        max_file_size: Most bytes of a part that is a file; None for no limit but the body's own.

    Attributes:
        done: True once the delimiter that ends the body has been seen.

    Raises:
        HTTPInputError: The boundary is empty, or longer than RFC 2046 allows.

    Source: RFC 7578; RFC 2046, section 5.1.1.
    """

    __slots__ = (
        "_count",
        "_delimiter",
        "_error",
        "_expect",
        "_held",
        "_is_file",
        "_max_field_size",
        "_max_file_size",
        "_max_part_header_size",
        "_max_parts",
        "_searched",
        "_size",
        "done",
    )

    def __init__(
        self,
        boundary: bytes,
        *,
        max_parts: int = MAX_MULTIPART_PARTS,
        max_part_header_size: int = MAX_PART_HEADER_SIZE,
        max_field_size: int = MAX_FIELD_SIZE,
        max_file_size: int | None = None,
    ) -> None:
        if not 1 <= len(boundary) <= MAX_BOUNDARY_SIZE:
            raise HTTPInputError(
                f"multipart boundary of {len(boundary)} bytes: expected 1 to {MAX_BOUNDARY_SIZE}"
            )
        if b"\r" in boundary or b"\n" in boundary:
            raise HTTPInputError(f"multipart boundary {boundary[:40]!r} has a line end")
        self.done = False
        self._delimiter = b"\r\n--" + boundary
        self._expect = _Expect.FIRST
        self._held = b""
        self._searched = 0  # bytes of an unfinished header known to hold no end of it
        self._count = 0
        self._size = 0  # bytes of the current part's data
        self._is_file = False
        self._error: tuple[str, int] | None = None
        self._max_parts = max_parts
        self._max_part_header_size = max_part_header_size
        self._max_field_size = max_field_size
        self._max_file_size = max_file_size

    def feed(self, wire: bytes) -> list[PartEvent]:
        """Take the next bytes of the body and return what they complete.

        Args:
            wire: The bytes, cut anywhere.

        Returns:
            Events in order. Those before something that is refused are returned, and the error
            comes with the next call.

        Raises:
            HTTPInputError: The body breaks the format (status 400), or passes a limit (413).
                Every later call raises the same.
            LocalProtocolError: The end was fed already.
        """
        self._check_usable()
        self._held = self._held + wire if self._held else wire
        events: list[PartEvent] = []
        try:
            while self._step(events):
                pass
        except HTTPInputError as error:
            self._fail(error)
            if not events:
                raise
        return events

    def feed_eof(self) -> list[PartEvent]:
        """Say that the body has ended.

        Returns:
            An empty list: whatever the body held was returned by ``feed``.

        Raises:
            HTTPInputError: The delimiter after the last part is missing.
            LocalProtocolError: The end was fed already.
        """
        self._check_usable()
        if not self.done:
            self._fail(HTTPInputError("no final boundary found"))
            self._check_usable()
        self._expect = _Expect.NOTHING
        return []

    def _check_usable(self) -> None:
        if self._error is not None:
            message, status = self._error
            raise HTTPInputError(message, status=status)
        if self._expect is _Expect.NOTHING:
            raise LocalProtocolError("the end of this multipart body was fed already")

    def _fail(self, error: HTTPInputError) -> None:
        # What it says, not itself: its traceback holds frames that hold this.
        self._error = (str(error), error.status or 400)
        self._expect = _Expect.NOTHING
        self._held = b""

    def _step(self, events: list[PartEvent]) -> bool:
        """Go one state further; False if that takes more bytes."""
        expect = self._expect
        if expect is _Expect.DATA:
            return self._take_data(events)
        if expect is _Expect.HEADER:
            return self._take_header(events)
        if expect is _Expect.AFTER_DELIMITER:
            return self._begin_part()
        if expect is _Expect.FIRST:
            return self._take_first()
        self._held = b""
        return False

    def _take_first(self) -> bool:
        held = self._held
        # An empty line before the first boundary is common.
        delimiter = self._delimiter if held.startswith(b"\r") else self._delimiter[2:]
        if held.startswith(delimiter):
            self._held = held[len(delimiter) :]
            self._expect = _Expect.AFTER_DELIMITER
            return True
        if not delimiter.startswith(held):
            raise HTTPInputError(f"body begins with {held[:8]!r}, not with its boundary")
        return False

    def _begin_part(self) -> bool:
        held = self._held
        if held.startswith(b"--"):
            self._expect = _Expect.EPILOGUE
            self.done = True
            return True
        if held.startswith(b"\r\n"):
            self._count += 1
            if self._count > self._max_parts:
                raise HTTPInputError(
                    f"too many parts: more than {self._max_parts} (max_parts)", status=413
                )
            self._held = held[2:]
            self._searched = 0
            self._expect = _Expect.HEADER
            return True
        if held not in (b"", b"\r", b"-"):
            # Behind a later delimiter it cannot be: there, it would have been data.
            raise HTTPInputError(f"first boundary is followed by {held[:8]!r}, not CRLF")
        return False

    def _take_header(self, events: list[PartEvent]) -> bool:
        held = self._held
        if held.startswith(b"\r\n"):
            raise HTTPInputError("part missing headers")
        most = self._max_part_header_size
        end = held.find(b"\r\n\r\n", self._searched, most + 4)
        if end < 0:
            if len(held) >= most + 4:
                raise HTTPInputError(
                    f"part header too large: more than {most} bytes (max_part_header_size)",
                    status=413,
                )
            self._searched = max(len(held) - 3, 0)
            return False
        header = held[:end]
        if header.count(b"\n") != header.count(b"\r\n"):
            raise HTTPInputError("a line of a part's header ends with a lone LF: expected CRLF")
        # One with a colon in it would pass for a field.
        if self._find_delimiter(b"\r\n" + header + b"\r\n")[1]:
            raise HTTPInputError("part missing headers: a boundary stands in its header")
        headers, name, parameters = read_part_header(header)
        if len(headers.get_list("Content-Disposition")) > 1:
            raise HTTPInputError("part has more than one Content-Disposition")
        filename = parameters.get("filename") or None
        for text in (name, filename or ""):
            if _CONTROL().search(text):
                raise HTTPInputError(f"control character in the name {text[:40]!r} of a part")
        events.append(PartBegan(headers, name, filename))
        self._is_file = filename is not None
        self._size = -2  # the CRLF that the data is searched from is not part of it
        self._held = held[end + 2 :]
        self._expect = _Expect.DATA
        return True

    def _take_data(self, events: list[PartEvent]) -> bool:
        held = self._held
        at, found = self._find_delimiter(held)
        if self._size < 0 and at < 2 and not found:
            return False
        self._give(held[:at], events)
        if not found:
            self._held = held[at:]
            return False
        events.append(_ENDED)
        self._held = held[at + len(self._delimiter) :]
        self._expect = _Expect.AFTER_DELIMITER
        return True

    def _find_delimiter(self, held: bytes) -> tuple[int, bool]:
        """Where the next delimiter begins, and True; else where one may begin, and False."""
        delimiter = self._delimiter
        at = held.find(delimiter)
        while at >= 0:
            end = at + len(delimiter)
            after = held[end : end + 2]
            if after in (b"\r\n", b"--"):
                return at, True
            if after in (b"", b"\r", b"-"):
                return at, False
            # A longer line that begins like a boundary is data.
            at = held.find(delimiter, end)
        begins = held.rfind(b"\r", max(len(held) - len(delimiter) + 1, 0))
        if begins >= 0 and delimiter.startswith(held[begins:]):
            return begins, False
        return len(held), False

    def _give(self, data: bytes, events: list[PartEvent]) -> None:
        if self._size < 0:
            data = data[2:]
            self._size = 0
        most = self._max_file_size if self._is_file else self._max_field_size
        over = most is not None and self._size + len(data) > most
        if over:
            data = data[: (most or 0) - self._size]
        if data:
            self._size += len(data)
            events.append(PartData(data))
        if over:
            kind = "file" if self._is_file else "field"
            raise HTTPInputError(f"{kind} is over {most} bytes (max_{kind}_size)", status=413)
