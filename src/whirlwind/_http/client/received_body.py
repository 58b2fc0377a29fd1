"""The body of one response on its way from the connection to whoever wants it.

Layer: HTTP. Imports from ``_base`` and this package.

A body is kept, or handed to the program's ``streaming_callback``; before either it may pass a
decoder. Where one of them cannot take more at once, the connection is not read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from whirlwind._http.client.connection import HTTPClientConnection
from whirlwind._http.client.decoded_body import DecodedBody, decoder_of
from whirlwind._http.client.streamed_body import StreamedBody


class BodyOwner(Protocol):
    """Whose body it is."""

    def body_complete(self) -> None:
        """All of it is there, after a ``finish`` that returned False."""

    def body_failed(self, error: BaseException) -> None:
        """The rest cannot be decompressed, or the program failed to take it."""

    def callback_failed(self, error: BaseException) -> None:
        """A callback that had to be waited for has failed."""


class ReceivedBody:
    """One body.

    Args:
        loop: The loop.
        connection: Where it comes from; None where there is none.
        owner: Whose it is.
        stream: Calls the program's ``streaming_callback``; None to keep the body.
        coding: Its ``Content-Encoding``, if that is to be undone.
        max_size: Most bytes after decompression.

    Attributes:
        pieces: What is kept of it.
        is_decoded: Whether a decoder is there for its coding.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        connection: HTTPClientConnection | None,
        owner: BodyOwner,
        stream: Callable[[bytes], asyncio.Future[Any] | None] | None,
        coding: str | None,
        max_size: int,
    ) -> None:
        self.pieces: list[bytes] = []
        self._connection = connection
        self._owner: BodyOwner | None = owner
        self._ended = False
        self._streamed: StreamedBody | None = None
        if stream is not None:
            self._streamed = StreamedBody(
                stream,
                paused=self.decoding_paused,
                resumed=self._resume,
                failed=owner.callback_failed,
            )
        decoder = None if coding is None else decoder_of(coding, max_size)
        self.is_decoded = decoder is not None
        self._decoded: DecodedBody | None = None
        if decoder is not None:
            self._decoded = DecodedBody(loop, decoder, self)

    def feed(self, data: bytes) -> None:
        """Take the next bytes.

        Raises:
            HTTPInputError: They are damaged, or the body too large.
            CallbackError: The program's callback failed.
        """
        if self._decoded is not None:
            self._decoded.feed(data)
        elif self._streamed is None:
            self.pieces.append(data)
        else:
            self._streamed.feed(data)

    def finish(self) -> bool:
        """Say that no more comes.

        Returns:
            True if all is handed on; else the owner hears of it later.

        Raises:
            HTTPInputError: The compressed data is cut off.
        """
        self._connection = None
        if self._decoded is not None and not self._decoded.finish():
            return False
        if self._streamed is not None and self._streamed.busy:
            self._ended = True
            return False
        return True

    def stop(self) -> None:
        """Hand on nothing more, and forget everybody: they refer to one another."""
        self._owner = None
        self._connection = None
        streamed, self._streamed = self._streamed, None
        if streamed is not None:
            streamed.stop()
        if self._decoded is not None:
            self._decoded.stop()
            self._decoded = None

    # --- what the decoder tells (see decoded_body.Receiver) ---

    def body_piece(self, piece: bytes) -> bool:
        streamed = self._streamed
        if streamed is None:
            self.pieces.append(piece)
            return True
        streamed.feed(piece)
        return not streamed.busy

    def decoding_paused(self) -> None:
        if self._connection is not None:
            self._connection.pause()

    def decoding_resumed(self) -> None:
        if self._connection is not None and not (self._streamed and self._streamed.busy):
            self._connection.resume()

    def decoding_complete(self) -> None:
        if self._streamed is not None and self._streamed.busy:
            self._ended = True
        elif self._owner is not None:
            self._owner.body_complete()

    def decoding_failed(self, error: BaseException) -> None:
        if self._owner is not None:
            self._owner.body_failed(error)

    def _resume(self) -> None:
        if self._decoded is not None and self._decoded.waiting:
            self._decoded.go_on()
        elif self._ended:
            if self._owner is not None:
                self._owner.body_complete()
        elif self._connection is not None:
            self._connection.resume()
