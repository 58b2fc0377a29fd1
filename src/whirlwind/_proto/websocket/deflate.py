"""Messages compressed with DEFLATE (RFC 7692, section 7.2).

Layer: protocols. Imports from ``_base`` only.

Theory of operation
-------------------
A compressed message ends with an empty stored block, ``00 00 ff ff``, which the sender takes off
and the receiver puts back. With context takeover, one compressor works for all messages of a
connection, so that a message may refer to what the ones before it said.

What comes out of a decompressor is bounded while it is made: some bytes on the wire can stand for
a thousand times as many in memory.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any, Final

from whirlwind._base.errors import MessageTooLarge, RemoteProtocolError
from whirlwind._proto.websocket.close_codes import INVALID_DATA, MESSAGE_TOO_BIG

DEFAULT_LEVEL: Final = 6
DEFAULT_MEM_LEVEL: Final = 8

_TAIL: Final = b"\x00\x00\xff\xff"
# A stored block of no bytes, without its tail: what an empty message is (section 7.2.3.6).
_EMPTY: Final = b"\x00"


class DecompressTooLargeError(MessageTooLarge):
    """A message that is longer, decompressed, than messages may be."""


class MessageCompressor:
    """Compresses messages, one after the other.

    Args:
        persistent: True for context takeover: later messages refer to earlier ones.
        max_wbits: Size of the window, as a power of two: 9 to 15; None for 15.
        compression_options: ``compression_level`` (0 to 9, default 6) and ``mem_level`` (1 to 9,
            default 8), as ``zlib`` takes them; None for the defaults.

    Raises:
        ValueError: ``max_wbits`` is out of its range; zlib cannot compress with a window of 8.
    """

    __slots__ = ("_compressor", "_level", "_mem_level", "_wbits")

    def __init__(
        self,
        persistent: bool,
        max_wbits: int | None,
        compression_options: Mapping[str, Any] | None = None,
    ) -> None:
        self._wbits = _window(max_wbits, least=9)
        options = compression_options or {}
        self._level: int = options.get("compression_level", DEFAULT_LEVEL)
        self._mem_level: int = options.get("mem_level", DEFAULT_MEM_LEVEL)
        self._compressor = self._create() if persistent else None

    def _create(self) -> Any:
        return zlib.compressobj(self._level, zlib.DEFLATED, -self._wbits, self._mem_level)

    def compress(self, data: bytes) -> bytes:
        """Compress one message; returns the payload of its frame."""
        if not data:
            # zlib has nothing to flush the second time, and would give no block at all.
            return _EMPTY
        compressor = self._compressor or self._create()
        wire: bytes = compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)
        return wire.removesuffix(_TAIL)


class MessageDecompressor:
    """Decompresses messages, one after the other, whole or piece by piece.

    Args:
        persistent: True for context takeover: later messages refer to earlier ones.
        max_wbits: Size of the window, as a power of two: 8 to 15; None for 15.
        max_message_size: Most bytes in a message, decompressed.
        compression_options: Not needed to decompress; taken for symmetry.
    """

    __slots__ = (
        "_after_final",
        "_decompressor",
        "_left",
        "_max_size",
        "_persistent",
        "_wbits",
    )

    def __init__(
        self,
        persistent: bool,
        max_wbits: int | None,
        max_message_size: int,
        compression_options: Mapping[str, Any] | None = None,
    ) -> None:
        self._wbits = _window(max_wbits, least=8)
        self._max_size = max_message_size
        self._persistent = persistent
        self._decompressor: Any = None
        self._left = max_message_size
        self._after_final = False  # the last block said that it is the last

    def decompress(self, data: bytes) -> bytes:
        """Decompress a whole message.

        Args:
            data: The payload of its frames.

        Raises:
            DecompressTooLargeError: It is over ``max_message_size``; the rest was not made.
            RemoteProtocolError: It is not DEFLATE.
        """
        plain = self.feed(data + _TAIL)
        self._end()
        return plain

    def feed(self, data: bytes) -> bytes:
        """Decompress a piece of a message; ``finish`` ends it. Errors as in ``decompress``."""
        pieces = []
        while data:
            decompressor = self._decompressor
            if decompressor is None:
                if self._after_final and data == _TAIL:
                    break  # a sender that ends with a final block, and adds nothing to it
                decompressor = self._decompressor = zlib.decompressobj(-self._wbits)
            try:
                # One more than may come tells "just fits" from "too long"; 0 would be no limit.
                plain: bytes = decompressor.decompress(data, self._left + 1)
            except zlib.error as error:
                raise RemoteProtocolError(
                    f"message is not DEFLATE: {error}", close_code=INVALID_DATA
                ) from error
            self._left -= len(plain)
            if self._left < 0:
                raise DecompressTooLargeError(
                    f"message is over {self._max_size} bytes, decompressed (max_message_size)",
                    close_code=MESSAGE_TOO_BIG,
                )
            pieces.append(plain)
            self._after_final = decompressor.eof
            if not self._after_final:
                break
            # A final block (section 7.2.3.4): what follows it begins anew.
            data = decompressor.unused_data
            self._decompressor = None
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def finish(self) -> bytes:
        """End a message that came in pieces; return what was still missing of it."""
        plain = self.feed(_TAIL)
        self._end()
        return plain

    def _end(self) -> None:
        self._left = self._max_size
        self._after_final = False
        if not self._persistent:
            self._decompressor = None


def _window(bits: int | None, *, least: int) -> int:
    if bits is None:
        return zlib.MAX_WBITS
    if not least <= bits <= zlib.MAX_WBITS:
        raise ValueError(f"window of {bits} bits: expected {least} to {zlib.MAX_WBITS}")
    return bits
