"""Undoes the compression of a response's body, piece by piece, within a limit.

Layer: HTTP. Imports from ``_base`` and ``_proto``.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final

from whirlwind._base.gzip import GzipDecompressor
from whirlwind._base.limits import BODY_CHUNK_SIZE
from whirlwind._proto.http.errors import HTTPInputError


class _Deflate:
    """``deflate`` as servers send it: in a zlib envelope, as the RFC has it, or bare.

    Source: RFC 9110, section 8.4.1.2, with its note.
    """

    def __init__(self) -> None:
        self._zlib: zlib._Decompress | None = None
        self._ended = False
        self.unconsumed_tail = b""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        if self._zlib is None:
            # The lower half of an envelope's first byte is 8; a bare stream may have it as well,
            # but hardly with a second byte that makes the pair a multiple of 31 (RFC 1950).
            enveloped = data[0] & 0x0F == 8 and (
                len(data) < 2 or (data[0] << 8 | data[1]) % 31 == 0
            )
            self._zlib = zlib.decompressobj(zlib.MAX_WBITS if enveloped else -zlib.MAX_WBITS)
        if self._zlib.eof:
            raise zlib.error("data after the end of the deflate stream")
        plain = self._zlib.decompress(data, max_length)
        self.unconsumed_tail = self._zlib.unconsumed_tail
        if self._zlib.unused_data:
            raise zlib.error("data after the end of the deflate stream")
        return plain

    def flush(self) -> bytes:
        if self._zlib is None:
            return b""
        rest = self._zlib.flush()
        if not self._zlib.eof:
            raise zlib.error("incomplete or truncated deflate stream")
        return rest


_DECODERS: Final[dict[str, type[GzipDecompressor] | type[_Deflate]]] = {
    "gzip": GzipDecompressor,
    "x-gzip": GzipDecompressor,
    "deflate": _Deflate,
}


def can_decode(coding: str) -> bool:
    """True for the value of a ``Content-Encoding`` field that ``BodyDecoder`` undoes."""
    return coding.lower() in _DECODERS


class BodyDecoder:
    """Turns a compressed body into the plain one.

    Args:
        coding: The ``Content-Encoding``, one for which ``can_decode``.
        max_size: Most bytes of the plain body.
    """

    def __init__(self, coding: str, max_size: int) -> None:
        self._coding = coding
        self._decoder = _DECODERS[coding.lower()]()
        self._room = max_size

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the plain bytes of the next wire bytes, at most BODY_CHUNK_SIZE at once.

        Raises:
            HTTPInputError: The data is damaged, or the plain body too large; the pieces so far
                were within the limit.
        """
        while data:
            try:
                plain = self._decoder.decompress(data, BODY_CHUNK_SIZE)
            except zlib.error as error:
                raise HTTPInputError(f"invalid {self._coding} data: {error}") from error
            data = self._decoder.unconsumed_tail
            yield from self._counted(plain)
            if not plain and not data:
                return

    def finish(self) -> Iterator[bytes]:
        """Yield what is left once the wire bytes are complete.

        Raises:
            HTTPInputError: The compressed data is not at its end: it was cut off.
        """
        try:
            plain = self._decoder.flush()
        except zlib.error as error:
            raise HTTPInputError(f"invalid {self._coding} data: {error}") from error
        yield from self._counted(plain)

    def _counted(self, plain: bytes) -> Iterator[bytes]:
        self._room -= len(plain)
        if self._room < 0:
            raise HTTPInputError("decompressed body too large (max_body_size)")
        if plain:
            yield plain
