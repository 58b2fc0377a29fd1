"""Chunked bodies, the decoding side (RFC 9112, section 7.1), without I/O.

Layer: protocols. Imports from ``_base`` and from within ``_proto`` only.

Theory of operation
-------------------
A chunked body is a run of chunks: a size line, that many bytes, CRLF. A chunk of size zero
ends it, followed by trailer lines and an empty line::

    4;note=x CRLF  Wiki CRLF  0 CRLF  Expires: never CRLF  CRLF

Wire bytes come cut anywhere. Body bytes are handed on at once (one chunk may be larger than
memory), so all that is ever held back is one unfinished line, and lines have a limit.

llhttp is not used here: it reads on into the message that follows, and gives no way to stop at
the end of this one, which a server that takes one request at a time needs.

Two rules are stricter than the old advice to be liberal in what one accepts, because a server
that relaxes them can disagree with a proxy in front of it about where a message ends:

- a line ends with CRLF, never with a lone LF, and holds no CR of its own;
- a size is 1 to 16 hexadecimal digits. ``int(text, 16)`` would also take a sign, spaces,
  ``0x`` and underscores, so it runs only after the pattern has matched.

Extensions mean nothing here, but their form is checked: what is between a size and its line's end
is where readers have disagreed. They are bounded line by line and all together, since a peer can
send thousands of bytes of them for each byte of the body.
"""

from __future__ import annotations

import enum
import re
from typing import Final

from whirlwind._base.late_pattern import late_pattern
from whirlwind._base.limits import (
    MAX_CHUNK_EXTENSION,
    MAX_CHUNK_EXTENSIONS,
    MAX_TRAILER_COUNT,
)
from whirlwind._proto.http.errors import HTTPInputError

_TOKEN: Final = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
_QUOTED: Final = rb'"(?:[\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*+"'
# chunk-size [ chunk-ext ], RFC 9112, sections 7.1 and 7.1.1; white space goes around ; and = only.
# The quantifiers never give back what they took: linear whatever the peer sends.
_SIZE_LINE: Final = re.compile(
    rb"([0-9A-Fa-f]{1,16})(?:[ \t]*+;[ \t]*+%b(?:[ \t]*+=[ \t]*+(?:%b|%b))?+)*+"
    % (_TOKEN, _TOKEN, _QUOTED)
)
# CR without LF, or LF without CR, in a line whose CRLF is not there yet.
_LONE_END: Final = late_pattern(rb"\r(?=.)|\n", re.DOTALL)
# field-line of a trailer, RFC 9112, section 5: what is not of this form is refused, not skipped.
_TRAILER_LINE: Final = late_pattern(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*")


class _Expect(enum.Enum):
    SIZE = enum.auto()  # the line that opens a chunk
    DATA = enum.auto()  # the chunk's bytes
    CRLF = enum.auto()  # the two bytes that close it
    TRAILER = enum.auto()  # lines after the last chunk, up to an empty one
    NOTHING = enum.auto()  # the body is complete


class ChunkedDecoder:
    """Turns the wire bytes of one chunked body into the bytes of that body.

    Feed it until ``done``; it never waits and never raises for lack of bytes.

    Args:
        max_body: Most body bytes to accept in all; None for no limit.
        at_once: Most chunks to take in one call of ``feed``; None for no limit. A peer can put
            40,000 chunks into one read, which takes as long as a thousand requests.

    Attributes:
        done: True once the closing empty line has been seen.
        trailers: Trailer lines, raw, without CRLF. They are never merged into the header: a
            field that decides about framing or access means nothing after the body.
        leftover: Wire bytes that ``feed`` did not take: after the body, the start of the next
            message; before its end, what is over ``at_once``, to be fed again.
    """

    __slots__ = (
        "_at_once",
        "_expect",
        "_extensions",
        "_held",
        "_left",
        "_received",
        "leftover",
        "max_body",
        "trailers",
    )

    def __init__(self, *, max_body: int | None, at_once: int | None = None) -> None:
        self.trailers: list[bytes] = []
        self.leftover = b""
        self.max_body = max_body
        self._at_once = at_once
        self._extensions = 0  # bytes of extensions in all size lines so far
        self._expect = _Expect.SIZE
        self._held = b""  # wire bytes of an unfinished line
        self._left = 0  # bytes still to come in the current chunk
        self._received = 0  # body bytes that chunks announced so far

    @property
    def done(self) -> bool:
        return self._expect is _Expect.NOTHING

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next wire bytes and return the body pieces found in them.

        Args:
            data: Wire bytes, cut anywhere; must not be fed after ``done``.

        Returns:
            Body pieces in order, none of them empty. An empty list means that more bytes are
            needed, unless ``done`` is now true.

        Raises:
            HTTPInputError: The peer broke the grammar or passed a limit (``status`` 431 for
                trailers, else 400); close the connection.

        Source: RFC 9112, sections 7.1 to 7.1.2.
        """
        wire = self._held + data if self._held else data
        at = 0
        chunks = 0
        pieces: list[bytes] = []
        while self._expect is not _Expect.NOTHING:
            if self._expect is _Expect.DATA:
                piece = wire[at : at + self._left]
                if not piece:
                    break
                pieces.append(piece)
                at += len(piece)
                self._left -= len(piece)
                if self._left == 0:
                    self._expect = _Expect.CRLF
            elif self._expect is _Expect.CRLF:
                # Refused at the first wrong byte: whether the second is there must not matter.
                if not b"\r\n".startswith(wire[at : at + 2]):
                    raise HTTPInputError(
                        f"improperly terminated chunk: ends with {wire[at : at + 2]!r}, not CRLF"
                    )
                if len(wire) - at < 2:
                    break
                at += 2
                self._expect = _Expect.SIZE
                chunks += 1
                if chunks == self._at_once:
                    self._held = b""
                    self.leftover = wire[at:]
                    return pieces
            else:
                end = wire.find(b"\r\n", at)
                self._check_line(len(wire) - at - 1 if end < 0 else end - at)
                if end < 0:
                    # At once: the peer that ends its lines otherwise waits for an answer.
                    if _LONE_END().search(wire, at) is not None:
                        raise self._bad_line(wire[at:])
                    break
                self._take_line(wire[at:end])
                at = end + 2
        if self.done:
            self.leftover = wire[at:]
            self._held = b""
        else:
            self.leftover = b""
            self._held = wire[at:]
        return pieces

    def _check_line(self, size: int) -> None:
        if size > MAX_CHUNK_EXTENSION:
            raise HTTPInputError(
                f"line in chunked body is over {MAX_CHUNK_EXTENSION} bytes (MAX_CHUNK_EXTENSION)"
            )

    def _bad_line(self, line: bytes) -> HTTPInputError:
        if self._expect is _Expect.TRAILER:
            return HTTPInputError(f"bad trailer line {line[:40]!r}")
        return HTTPInputError(f"invalid chunk size line {line[:40]!r}")

    def _take_line(self, line: bytes) -> None:
        if self._expect is _Expect.TRAILER:
            if not line:
                self._expect = _Expect.NOTHING
                return
            if _TRAILER_LINE().fullmatch(line) is None:
                raise self._bad_line(line)
            if len(self.trailers) >= MAX_TRAILER_COUNT:
                raise HTTPInputError(
                    f"more than {MAX_TRAILER_COUNT} trailer fields (MAX_TRAILER_COUNT)", status=431
                )
            self.trailers.append(line)
            return
        match = _SIZE_LINE.fullmatch(line)
        if match is None:
            raise self._bad_line(line)
        self._left = int(match[1], 16)
        self._extensions += len(line) - len(match[1])
        if self._extensions > MAX_CHUNK_EXTENSIONS:
            raise HTTPInputError(
                f"chunk extensions of one body are over {MAX_CHUNK_EXTENSIONS} bytes "
                "(MAX_CHUNK_EXTENSIONS)"
            )
        # Refused when announced, not when received: the peer may never send the bytes.
        self._received += self._left
        if self.max_body is not None and self._received > self.max_body:
            raise HTTPInputError(
                f"chunked body too large: over {self.max_body} bytes (max_body_size)"
            )
        self._expect = _Expect.DATA if self._left else _Expect.TRAILER
