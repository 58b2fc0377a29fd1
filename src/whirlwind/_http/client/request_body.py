"""Sends the body of a request that a ``body_producer`` writes piece by piece.

Layer: HTTP. Imports from ``_proto`` and this package.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from typing import Any

from whirlwind._http.client.connection import HTTPClientConnection
from whirlwind._http.client.errors import HTTPStreamClosedError
from whirlwind._http.client.program_calls import call_in
from whirlwind._proto.http.errors import HTTPOutputError


class ProducedBody:
    """One body on its way to one connection.

    Args:
        loop: The loop.
        connection: Where it goes; its head is sent.
        length: Bytes that the head announced; None for chunks.
        failed: Called with what is wrong, at most once, and not after ``stop``.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        connection: HTTPClientConnection,
        length: int | None,
        failed: Callable[[BaseException], None],
    ) -> None:
        self._loop = loop
        self._connection: HTTPClientConnection | None = connection
        self._unsent = length
        self._failed = failed
        self._running: asyncio.Future[Any] | None = None
        self._drained: asyncio.Future[None] | None = None

    def start(self, context: contextvars.Context, producer: Any) -> None:
        """Call the producer, in the context of who asked."""
        try:
            running = call_in(context, self._loop, producer, self.write)
            if running is None:
                self._complete()
        except Exception as error:
            self._fail(error)
            return
        if running is not None:
            self._running = running
            running.add_done_callback(self._ended)

    def write(self, piece: bytes) -> asyncio.Future[None]:
        """Send a piece of the body; what the producer is given.

        Returns:
            A future that is done when there is room for more.

        Raises:
            HTTPOutputError: There are more bytes than were announced.
            HTTPStreamClosedError: The connection has ended, or the answer is there.
        """
        connection = self._connection
        if connection is None:
            raise HTTPStreamClosedError("Stream closed")
        if self._unsent is None:
            if piece:  # an empty chunk would be the last one
                connection.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        else:
            self._unsent -= len(piece)
            if self._unsent < 0:
                raise HTTPOutputError("Tried to write more data than Content-Length")
            connection.write(piece)
        if self._drained is None or self._drained.done():
            self._drained = self._loop.create_future()
        if connection.writable:
            self._drained.set_result(None)
        return self._drained

    def writing_resumed(self) -> None:
        """Let the producer go on: the connection has room again."""
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    def stop(self) -> None:
        """End the producer: nobody reads its body any more."""
        self._connection = None
        if self._running is not None:
            self._running.cancel()
        if self._drained is not None:
            self._drained.cancel()

    def _ended(self, running: asyncio.Future[Any]) -> None:
        self._running = None
        if running.cancelled():
            self._fail(HTTPStreamClosedError("body_producer was cancelled"))
            return
        error = running.exception()
        try:
            if error is not None:
                raise error
            self._complete()
        except Exception as failure:
            self._fail(failure)

    def _complete(self) -> None:
        connection = self._connection
        if connection is None:
            return  # the answer came first
        if self._unsent is None:
            connection.write(b"0\r\n\r\n")
        elif self._unsent:
            raise HTTPOutputError(f"Tried to write {self._unsent} bytes less than Content-Length")
        connection.request_complete()

    def _fail(self, error: BaseException) -> None:
        if self._connection is not None:
            self._connection = None
            self._failed(error)
