"""Decompresses gzip as it arrives, with a limit on what comes out at once.

Layer: base. Standard library only.

Theory of operation
-------------------
A gzip stream is one or more members, each a header, deflated data and a trailer, with nothing
between them (RFC 1952, section 2.2). zlib decodes one member and hands back what follows it,
as a copy. A peer can send members of 20 bytes that hold nothing; to copy a whole megabyte for
each of them would take quadratic time. So zlib is fed in pieces: a small one where a member
begins, twice the size after every piece that did not end one. What is copied at a member's end
is then never more than twice what the member itself took.
"""

from __future__ import annotations

import warnings
import zlib
from typing import Final

_SMALLEST_PIECE: Final = 256
_LARGEST_PIECE: Final = 65_536


class GzipDecompressor:
    """Turns gzip-compressed bytes, cut anywhere, into plain bytes.

    For bodies of HTTP messages, where the peer decides how much comes out of a few bytes: pass
    ``max_length`` and look at ``unconsumed_tail``::

        while data:
            handle(decompressor.decompress(data, max_length))
            data = decompressor.unconsumed_tail
        ...
        decompressor.flush()

    Source: RFC 1952; several members are one stream (section 2.2).
    """

    def __init__(self) -> None:
        self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)  # 16: a gzip header, no other
        self._begun = False  # whether the current member has got any byte
        self._tail = b""

    @property
    def unconsumed_tail(self) -> bytes:
        """Input left over because of ``max_length``; pass it to ``decompress`` again."""
        return self._tail

    def decompress(self, value: bytes, max_length: int = 0) -> bytes:
        """Decompress the next bytes of the stream.

        Args:
            value: The bytes that follow, beginning with ``unconsumed_tail`` if there is one.
            max_length: Most bytes to return. 0 is no limit, which is deprecated: a few bytes
                can stand for gigabytes.

        Returns:
            What could be decompressed; empty if more input is needed first.

        Raises:
            zlib.error: The input is damaged, is not gzip, or has something else after its end;
                close the connection.
            ValueError: ``max_length`` is negative.
        """
        if max_length < 0:
            raise ValueError("max_length must be non-negative")
        if max_length == 0:
            warnings.warn(
                "GzipDecompressor.decompress without max_length is deprecated",
                DeprecationWarning,
                stacklevel=2,
            )
        wire = memoryview(value)
        at = 0
        room = max_length
        size = _SMALLEST_PIECE if not self._begun else _LARGEST_PIECE
        plain: list[bytes] = []
        # A member that is not at its end can hold output although all input was given to it, so
        # one call with nothing to feed is worth making.
        while at < len(wire) or not plain:
            piece = wire[at : at + size]
            out = self._feed(piece, room)
            plain.append(out)
            if self._member.eof:
                at += len(piece) - len(self._member.unused_data)
                self._next_member()
                size = _SMALLEST_PIECE
            else:
                at += len(piece) - len(self._member.unconsumed_tail)
                size = min(2 * size, _LARGEST_PIECE)
            if max_length:
                room -= len(out)
                if room == 0:
                    break
        self._tail = bytes(wire[at:])
        return b"".join(plain)

    def flush(self) -> bytes:
        """Say that the input is complete.

        Returns:
            What was still held back; nearly always nothing.

        Raises:
            zlib.error: The input ended inside a member: it was truncated.
            ValueError: There is an ``unconsumed_tail`` that was not passed on.
        """
        if self._tail:
            raise ValueError("unconsumed_tail must be passed to decompress before flush")
        if not self._begun:
            return b""
        rest = self._member.flush()
        if not self._member.eof:
            raise zlib.error("incomplete or truncated gzip stream")
        self._next_member()
        return rest

    def _feed(self, piece: memoryview, room: int) -> bytes:
        try:
            out = self._member.decompress(piece, room)
        except zlib.error as error:
            if self._begun:
                raise
            found = bytes(piece[:40])
            self._next_member()
            raise zlib.error(f"expected a gzip member, got {found!r}") from error
        self._begun = self._begun or len(piece) > 0
        return out

    def _next_member(self) -> None:
        self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._begun = False
