"""Undoes the compression of a request's body before its delegate sees it.

Layer: HTTP. Imports from ``_proto`` and within ``_http``.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING

from whirlwind._http.client.decoding import BodyDecoder
from whirlwind._http.messages import HTTPMessageDelegate
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http.start_line import RequestStartLine, ResponseStartLine

if TYPE_CHECKING:
    from whirlwind._http.server.exchange import Exchange


class DecompressedRequest(HTTPMessageDelegate):
    """Stands before a delegate, for servers with ``decompress_request``.

    A body with ``Content-Encoding: gzip`` reaches the delegate decompressed, within the limit for
    bodies; the field is then called ``X-Consumed-Content-Encoding``. Other codings pass as they
    are: the program sees the field and decides.

    Args:
        delegate: Who receives the request.
        exchange: The request and its answer.
    """

    def __init__(self, delegate: HTTPMessageDelegate, exchange: Exchange) -> None:
        self._delegate = delegate
        self._exchange = exchange
        self._coding: str | None = None
        self._decoder: BodyDecoder | None = None

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        coding = headers.get("Content-Encoding")
        if coding is not None and coding.lower() == "gzip":
            self._coding = coding
            headers.add("X-Consumed-Content-Encoding", coding)
            del headers["Content-Encoding"]
        return self._delegate.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        if self._coding is None:
            return self._delegate.data_received(chunk)
        return self._hand_on(self._coding, chunk)

    async def _hand_on(self, coding: str, chunk: bytes) -> None:
        exchange = self._exchange
        server = exchange.server_connection.server
        decoder = self._decoder
        if decoder is None:
            # Only now: the delegate may have set another limit when it took the head.
            most = server.max_body_size if exchange.max_body is None else exchange.max_body
            decoder = self._decoder = BodyDecoder(coding, most)
        size = server.chunk_size
        for plain in decoder.feed(chunk):
            for at in range(0, len(plain), size):
                waiting = self._delegate.data_received(plain[at : at + size])
                if waiting is not None:
                    await waiting
                if exchange.finished:
                    return

    def finish(self) -> None:
        if self._decoder is not None:
            for plain in self._decoder.finish():
                self._delegate.data_received(plain)
        self._delegate.finish()

    def on_connection_close(self) -> None:
        self._delegate.on_connection_close()
