"""Undoes the compression of a message's body before its delegate sees it.

Layer: HTTP. Imports from ``_base``, ``_proto`` and within ``_http``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Protocol

from whirlwind._base.limits import INFLATED_AT_ONCE
from whirlwind._http.body_decoding import BodyDecoder, can_decode
from whirlwind._http.messages import HTTPMessageDelegate
from whirlwind._http.optional_codings import OptionalDecoder, can_decode_optional
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http.start_line import RequestStartLine, ResponseStartLine


class Receiver(Protocol):
    """What of a connection decides how a body is handed on."""

    @property
    def finished(self) -> bool:
        """True once nobody wants the rest of the body."""

    def body_limit(self) -> int:
        """Return the most bytes that the body may have."""

    def piece_size(self) -> int:
        """Return the most bytes that a delegate is given at once."""


class DecompressedMessage(HTTPMessageDelegate):
    """Stands before a delegate that wants bodies decompressed.

    A body with the ``Content-Encoding`` ``gzip`` or ``deflate``, or with ``br`` or ``zstd`` where
    their packages are installed, reaches the delegate decompressed, within the limit for bodies;
    the field is then called ``X-Consumed-Content-Encoding``. Other codings pass as they are: the
    program sees the field and decides.

    Args:
        delegate: Who receives the message.
        receiver: The connection's side of the message.
    """

    def __init__(self, delegate: HTTPMessageDelegate, receiver: Receiver) -> None:
        self._delegate = delegate
        self._receiver = receiver
        self._coding: str | None = None
        self._decoder: BodyDecoder | OptionalDecoder | None = None
        self._lost = False
        self._inflated = 0  # plain bytes since the loop had its last turn

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        coding = headers.get("Content-Encoding")
        if coding is not None and (can_decode(coding) or can_decode_optional(coding)):
            self._coding = coding
            headers.add("X-Consumed-Content-Encoding", coding)
            del headers["Content-Encoding"]
        return self._delegate.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        if self._coding is None:
            return self._delegate.data_received(chunk)
        return self._hand_on(self._coding, chunk)

    async def _hand_on(self, coding: str, chunk: bytes) -> None:
        receiver = self._receiver
        decoder = self._decoder
        if decoder is None:
            # Only now: the delegate may have set another limit when it took the head.
            most = receiver.body_limit()
            make = BodyDecoder if can_decode(coding) else OptionalDecoder
            decoder = self._decoder = make(coding, most)
        size = receiver.piece_size()
        for plain in decoder.feed(chunk):
            for at in range(0, len(plain), size):
                waiting = self._delegate.data_received(plain[at : at + size])
                if waiting is not None:
                    await waiting
                self._inflated += size
                if self._inflated >= INFLATED_AT_ONCE:
                    # One read of a bomb inflates to 64 MB: nobody else would be served meanwhile.
                    self._inflated = 0
                    await asyncio.sleep(0)
                if receiver.finished or self._lost:
                    return

    def finish(self) -> None:
        if self._decoder is not None:
            for plain in self._decoder.finish():
                self._delegate.data_received(plain)
        self._delegate.finish()

    def on_connection_close(self) -> None:
        self._lost = True
        self._delegate.on_connection_close()
