"""The body of one request, on its way from the wire to a delegate.

Layer: HTTP. Imports from ``_base`` and ``_proto``.

Theory of operation
-------------------
Made for requests that have a body, and for all requests of delegates that take them piece by
piece. The delegate may wait, for the head and for each piece; until it is ready the connection is
``blocked``, which holds the client back. So no more of a body is here than came in one read.

A body of very many tiny chunks costs time for each chunk rather than for each byte. Only so many
of them are decoded at once; what is left goes back to the connection, which lets others have a
turn before it comes with the rest.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from whirlwind._base.limits import CHUNKS_AT_ONCE
from whirlwind._http.decompression import DecompressedMessage
from whirlwind._http.messages import HTTPMessageDelegate
from whirlwind._http.server.exchange import Exchange
from whirlwind._proto.http.errors import HTTPInputError
from whirlwind._proto.http.start_line import RequestStartLine
from whirlwind._proto.http1.chunked import ChunkedDecoder

if TYPE_CHECKING:
    from whirlwind._http.server.protocol import ServerProtocol


_Result = TypeVar("_Result")


class RequestBody:
    """Frames the body of one request, and gives it to the request's delegate.

    Args:
        connection: Where the bytes come from.
        exchange: The request and its answer.
    """

    __slots__ = ("_connection", "_exchange", "_opened", "_pieces", "_remaining")

    def __init__(self, connection: ServerProtocol, exchange: Exchange) -> None:
        self._connection = connection
        self._exchange = exchange
        self._opened = False  # the delegate has taken the head
        self._pieces: deque[bytes] = deque()
        self._remaining = 0  # bytes of the announced length still to come

    def begin(self, make: Callable[[], HTTPMessageDelegate], start_line: RequestStartLine) -> None:
        """Make the delegate, give it the head, and prepare for the body.

        Raises:
            HTTPInputError: The request is to be refused.
        """
        exchange = self._exchange
        exchange.reading = True
        try:
            exchange.variables = contextvars.copy_context()
            delegate = self._run(make)
            if self._connection.server.decompress_request:
                delegate = DecompressedMessage(delegate, exchange)
            exchange.delegate = delegate
            headers = exchange.block.headers.copy()
            waiting = self._run(delegate.headers_received, start_line, headers)
        except HTTPInputError:
            raise
        except Exception as error:
            self._connection.program_failed(error)
            return
        if waiting is None or not self._must_wait(waiting, self._open):
            self._open()

    def _open(self) -> None:
        """The delegate has taken the head: check what is announced, and ask for it."""
        connection = self._connection
        exchange = self._exchange
        if connection.exchange is not exchange:
            return
        block = exchange.block
        most = exchange.body_limit()
        if block.chunked:
            exchange.decoder = ChunkedDecoder(max_body=most, at_once=CHUNKS_AT_ONCE)
        else:
            self._remaining = block.content_length or 0
            if self._remaining > most:
                raise HTTPInputError(
                    f"Content-Length too long: {self._remaining} bytes announced, "
                    f"{most} accepted (max_body_size)"
                )
        self._opened = True
        connection.note_progress()
        if not block.has_body:
            self.deliver()
        elif (
            block.expects_continue
            and exchange.version == "HTTP/1.1"
            and not connection.holds_bytes()
            and not exchange.head_sent
        ):
            connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def take(self, wire: bytes) -> bytes:
        """Take what belongs to the body; ``deliver`` hands it on.

        Args:
            wire: The next bytes of the connection.

        Returns:
            What is left: the beginning of the next request or, while the body is not complete,
            more of it for another turn of the loop.

        Raises:
            HTTPInputError: The framing is broken, or the body passes its limit.
        """
        if not self._opened:
            return wire
        decoder = self._exchange.decoder
        leftover = b""
        if decoder is not None:
            # One piece of what came together: the bounds of chunks mean nothing.
            data = b"".join(decoder.feed(wire))
            leftover = decoder.leftover
        else:
            data = wire
            if len(wire) > self._remaining:
                data = wire[: self._remaining]
                leftover = wire[self._remaining :]
            self._remaining -= len(data)
        size = self._connection.server.chunk_size
        if len(data) > size:
            self._pieces.extend(data[at : at + size] for at in range(0, len(data), size))
        elif data:
            self._pieces.append(data)
        return leftover

    def deliver(self) -> None:
        """Give the delegate what it is ready for.

        Raises:
            HTTPInputError: The delegate refuses the request.
        """
        connection = self._connection
        exchange = self._exchange
        pieces = self._pieces
        delegate = exchange.delegate
        try:
            while pieces and connection.exchange is exchange and delegate is not None:
                waiting = self._run(delegate.data_received, pieces.popleft())
                if waiting is not None and self._must_wait(waiting, self.deliver):
                    return
            if connection.exchange is not exchange or not self.is_complete():
                return
            exchange.reading = False
            connection.body_ended()
            if delegate is not None:
                self._run(delegate.finish)
        except HTTPInputError:
            raise
        except Exception as error:
            connection.program_failed(error)

    def is_complete(self) -> bool:
        """True if the whole body has come in, though perhaps not to the delegate yet."""
        decoder = self._exchange.decoder
        return self._opened and (not self._remaining if decoder is None else decoder.done)

    def _run(self, call: Callable[..., _Result], *args: Any) -> _Result:
        """Call a delegate, in the context of its request.

        One that was made by a ``start_request`` of somebody else finds a current task, which is
        the connection's: monitoring agents tell by it which of several requests they are in.
        """
        exchange = self._exchange
        if exchange.direct or asyncio.current_task() is not None:
            return exchange.variables.run(call, *args)
        loop = self._connection.server.asyncio_loop
        task = self._connection.task()
        asyncio.tasks._enter_task(loop, task)
        try:
            return exchange.variables.run(call, *args)
        finally:
            asyncio.tasks._leave_task(loop, task)

    def _must_wait(self, waiting: Awaitable[None], then: Callable[[], None]) -> bool:
        """Hold the body back until the delegate is ready, then go on with ``then``.

        Returns:
            False if it is ready now; ``then`` is the caller's to do.
        """
        future = self._run(asyncio.ensure_future, waiting)
        if future.done() and not future.cancelled() and future.exception() is None:
            return False
        connection = self._connection

        def ready(future: asyncio.Future[None]) -> None:
            connection.blocked = False
            error = asyncio.CancelledError() if future.cancelled() else future.exception()
            if connection.exchange is self._exchange:
                if isinstance(error, HTTPInputError):
                    connection.refuse(error)
                    return
                if error is not None:
                    connection.program_failed(error)
                    return
                try:
                    then()
                except HTTPInputError as malformed:
                    connection.refuse(malformed)
            connection.go_on()

        connection.blocked = True
        future.add_done_callback(ready)
        return True
