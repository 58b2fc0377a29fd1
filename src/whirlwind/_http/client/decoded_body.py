"""Decompresses a response's body a bounded step at a time.

Layer: HTTP. Imports from ``_base`` and within ``_http``.

Theory of operation
-------------------
One read of the socket may hold 64 KiB of a bomb, which are 64 MiB when decompressed. So pieces are
decompressed until a limit, then the loop gets a turn, and the connection is not read meanwhile. Nor
is more decompressed while the program is busy with what it got: what waits is compressed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from typing import Protocol

from whirlwind._base.limits import INFLATED_AT_ONCE
from whirlwind._http.body_decoding import BodyDecoder, can_decode
from whirlwind._http.optional_codings import OptionalDecoder, can_decode_optional


def decoder_of(coding: str, max_size: int) -> BodyDecoder | OptionalDecoder | None:
    """Return what undoes a ``Content-Encoding``; None for what nobody here can undo."""
    if can_decode(coding):
        return BodyDecoder(coding, max_size)
    if can_decode_optional(coding):
        return OptionalDecoder(coding, max_size)
    return None


class Receiver(Protocol):
    """Who gets the decompressed body."""

    def body_piece(self, piece: bytes) -> bool:
        """Take the next piece; False if the one after it has to wait for ``go_on``."""

    def decoding_paused(self) -> None:
        """Read nothing more until ``decoding_resumed``."""

    def decoding_resumed(self) -> None:
        """All that was fed is decompressed."""

    def decoding_complete(self) -> None:
        """All of the body is decompressed, after a ``finish`` that returned False."""

    def decoding_failed(self, error: BaseException) -> None:
        """The rest cannot be decompressed, or the receiver failed to take it."""


class DecodedBody:
    """One body on its way through a decoder.

    Args:
        loop: The loop.
        decoder: Undoes the compression, within the limit for bodies.
        receiver: Who gets it.

    Attributes:
        waiting: Whether there is more to decompress than was handed on.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        decoder: BodyDecoder | OptionalDecoder,
        receiver: Receiver,
    ) -> None:
        self.waiting = False
        self._loop = loop
        self._decoder = decoder
        self._receiver: Receiver | None = receiver
        self._wire: deque[bytes] = deque()
        self._pieces: Iterator[bytes] | None = None
        self._ending = False
        self._finishing = False

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the wire.

        Raises:
            HTTPInputError: The data is damaged, or the body too large.
            Exception: What the receiver raised.
        """
        self._wire.append(data)
        if not self.waiting:
            self._run()

    def finish(self) -> bool:
        """Say that the wire bytes are complete.

        Returns:
            True if all is handed on; else the receiver hears of it later.

        Raises:
            HTTPInputError: The compressed data is cut off.
        """
        self._ending = True
        return not self.waiting and self._run()

    def go_on(self) -> None:
        """Go on after a pause."""
        if not self.waiting:
            return
        self.waiting = False
        receiver = self._receiver
        try:
            complete = self._run()
        except Exception as error:
            if receiver is not None:
                receiver.decoding_failed(error)
            return
        if complete and receiver is not None:
            if self._ending:
                receiver.decoding_complete()
            else:
                receiver.decoding_resumed()

    def stop(self) -> None:
        """Hand on nothing more."""
        self._receiver = None
        self._wire.clear()

    def _run(self) -> bool:
        """Hand on what may be; True if nothing is left."""
        room = INFLATED_AT_ONCE
        while (receiver := self._receiver) is not None:
            if self._pieces is None:
                if self._wire:
                    self._pieces = self._decoder.feed(self._wire.popleft())
                elif self._ending and not self._finishing:
                    self._finishing = True
                    self._pieces = self._decoder.finish()
                else:
                    return True
            piece = next(self._pieces, None)
            if piece is None:
                self._pieces = None
                continue
            room -= len(piece)
            wanted = receiver.body_piece(piece)
            if not wanted or room <= 0:
                self.waiting = True
                receiver.decoding_paused()
                if wanted:
                    self._loop.call_soon(self.go_on)
                return False
        return False
