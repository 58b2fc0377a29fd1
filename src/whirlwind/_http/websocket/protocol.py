"""The WebSocket that programs know: its opening handshake, for server and client, and its pings.

Layer: HTTP. Imports from ``_base``, ``_net``, ``_proto`` and within ``_http``.

``WebSocketProtocol13`` is the transport's protocol object itself. ``sender.py`` has what goes out
and the closing, ``connection.py`` what comes in and the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

from whirlwind._base.errors import RemoteProtocolError
from whirlwind._base.log import gen_log
from whirlwind._http.websocket.connection import WebSocketConnection
from whirlwind._http.websocket.masks import masking_keys
from whirlwind._http.websocket.stream import WebSocketStream
from whirlwind._http.websocket.stream_transport import StreamTransport
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.websocket.extensions import (
    Agreement,
    accept_offer,
    check_answer,
    parse_extensions,
)
from whirlwind._proto.websocket.handshake import (
    accept_value,
    check_response,
    is_complete_request,
    tokens,
)
from whirlwind._proto.websocket.machine import WebSocketMachine


class WebSocketProtocol13(WebSocketConnection):
    """A WebSocket of RFC 6455, which is version 13 of the protocol and the only one in use.

    Args:
        handler: Who is told what happens.
        mask_outgoing: Whether to mask what is sent: true for clients, and for them only.
        params: What the program decides.
    """

    _selected_subprotocol: str | None = None

    # --- the opening handshake, server ---

    @property
    def selected_subprotocol(self) -> str | None:
        return self._selected_subprotocol

    @staticmethod
    def compute_accept_value(key: str | bytes) -> str:
        """Return the ``Sec-WebSocket-Accept`` that answers a ``Sec-WebSocket-Key``."""
        return accept_value(key)

    async def accept_connection(self, handler: Any) -> None:
        """Answer the handshake of a handler's request, and wait for the end of the WebSocket.

        Args:
            handler: A ``WebSocketHandler``.
        """
        headers = handler.request.headers
        try:
            if not is_complete_request(headers):
                raise RemoteProtocolError("Missing/Invalid WebSocket headers")
            agreement = self._agree(headers)
        except RemoteProtocolError as error:
            handler.set_status(400)
            message = "Missing/Invalid WebSocket headers"
            gen_log.debug("%s: %s", message, error)
            handler.finish(message)
            return
        # What the program does wrong is its own error, and no sign that the client has gone.
        self._select_subprotocol(handler)
        if handler._write_buffer:
            raise RuntimeError("Cannot send body with status code HTTP101")
        try:
            leftover = self._switch(handler, agreement)
        except (RuntimeError, OSError) as error:
            gen_log.debug("Connection closed during the handshake: %s", error)
            handler.on_connection_close()
            return
        context = getattr(handler, "_request_context", None)
        if context is not None:
            # What prepare() left in a variable can be reset only in the very same context.
            self._context = context
            handler._request_context = None
        try:
            self._inside = context is not None  # the handler's get() runs there, and called this
            try:
                self.start_pinging()
                waiting = self._call(handler.open, *handler.open_args, **handler.open_kwargs)
                if waiting is not None and not self._settled(waiting):
                    self._wait_for(waiting)
                waiting = None  # if it failed at once, its traceback leads to this frame
                if leftover:
                    self.data_received(leftover)
            finally:
                self._inside = False
            if not self._ended:
                self._closed = self._loop.create_future()
                await self._closed
        except asyncio.CancelledError:
            self._abort()
            raise

    def _agree(self, headers: HTTPHeaders) -> Agreement | None:
        offered = headers.get("Sec-WebSocket-Extensions")
        if offered is None:
            return None
        extensions = parse_extensions(offered)
        options = self.params.compression_options
        return None if options is None else accept_offer(extensions, options)

    def _select_subprotocol(self, handler: Any) -> None:
        subprotocols = tokens(handler.request.headers.get("Sec-WebSocket-Protocol"))
        selected = handler.select_subprotocol(subprotocols)
        if selected:
            if selected not in subprotocols:
                raise AssertionError(
                    f"select_subprotocol() returned {selected!r}: expected one of {subprotocols}"
                )
            self._selected_subprotocol = selected
            handler.set_header("Sec-WebSocket-Protocol", selected)

    def _switch(self, handler: Any, agreement: Agreement | None) -> bytes:
        """Write the answer of 101 and take the connection over; returns what was read ahead."""
        request = handler.request
        if agreement is not None:
            handler.set_header("Sec-WebSocket-Extensions", str(agreement))
        self._open(agreement)
        handler.clear_header("Content-Type")
        handler.set_status(101)
        handler.set_header("Upgrade", "websocket")
        handler.set_header("Connection", "Upgrade")
        handler.set_header(
            "Sec-WebSocket-Accept", self.compute_accept_value(request.headers["Sec-WebSocket-Key"])
        )
        connection = request.connection
        hand_over = getattr(connection, "hand_over", None)
        if hand_over is None:
            handler.finish()
            stream = handler._detach_stream()
            self.transport = cast(asyncio.Transport, StreamTransport(stream, self))
            return b""
        handler._finish_with_head()
        server = connection.server_connection.server
        self._server = server
        server.adopt(self)
        try:
            self.transport, leftover = hand_over(self)
        except RuntimeError:
            server.release(self)
            raise
        return cast(bytes, leftover)

    # --- the opening handshake, client ---

    def _process_server_headers(
        self, key: str | bytes, headers: HTTPHeaders, subprotocols: Sequence[str] | None = None
    ) -> None:
        """Check a server's answer of 101 against what was asked.

        Raises:
            RemoteProtocolError: It is not what was asked for.
        """
        self._selected_subprotocol = check_response(headers, key=key, subprotocols=subprotocols)
        self._open(
            check_answer(headers.get("Sec-WebSocket-Extensions"), self.params.compression_options)
        )

    def take_over(self, transport: asyncio.Transport, leftover: bytes) -> None:
        """Begin on a transport that has this object as its protocol already.

        Args:
            transport: The transport.
            leftover: What was read of the WebSocket's bytes along with the handshake.
        """
        self.transport = transport
        self.start_pinging()
        if leftover:
            # Whoever waits to connect has two turns to go on first (one for a time limit around
            # it): a callback for messages mostly uses the connection that is being waited for.
            self._waiting = True
            self._ahead = [leftover]
            self._loop.call_soon(self._loop.call_soon, self._go_on)

    def _open(self, agreement: Agreement | None) -> None:
        client = self.mask_outgoing
        params = self.params
        compressor = decompressor = None
        if agreement is not None:
            compressor = agreement.compressor(
                client=client, options=params.compression_options or {}
            )
            decompressor = agreement.decompressor(
                client=client, max_message_size=params.max_message_size
            )
        self._machine = WebSocketMachine(
            client=client,
            max_message_size=params.max_message_size,
            compressor=compressor,
            decompressor=decompressor,
            new_mask=masking_keys() if client else None,
        )

    # --- pings ---

    @property
    def ping_interval(self) -> float:
        """Seconds between pings; 0 for none."""
        return self.params.ping_interval or 0

    @property
    def ping_timeout(self) -> float:
        """Seconds that a pong may take; at most ``ping_interval``, since the next ping follows."""
        return self.params.pong_time()

    def start_pinging(self) -> None:
        """Begin to send pings, if ``ping_interval`` says so."""
        if self.ping_interval > 0 and self._pinging is None:
            self._pinging = self._loop.create_task(self.periodic_ping())

    @staticmethod
    def ping_sleep_time(*, last_ping_time: float, interval: float, now: float) -> float:
        """Return how many seconds from ``now`` the next ping is due.

        Args:
            last_ping_time: When the last one was sent.
            interval: Seconds between pings.
            now: The time, on the same clock.
        """
        return max(0.0, last_ping_time + interval - now)

    async def periodic_ping(self) -> None:
        """Send a ping every ``ping_interval`` seconds; close if ``ping_timeout`` brings no pong."""
        loop = self._loop
        interval = self.ping_interval
        timeout = self.ping_timeout
        await asyncio.sleep(interval)
        while not self.is_closing():
            sent_at = loop.time()
            self._pong_received = False
            self.write_ping(b"")
            if timeout > 0:
                await asyncio.sleep(timeout)
                if self.is_closing():
                    return
                # A pong that waits behind a message that the program is at was not missed.
                if not self._pong_received and not self._waiting:
                    self.close(reason="ping timed out")
                    return
            await asyncio.sleep(
                self.ping_sleep_time(last_ping_time=sent_at, interval=interval, now=loop.time())
            )

    # --- the transport ---

    @property
    def stream(self) -> WebSocketStream | None:
        if self._stream is None and self.transport is not None:
            self._stream = WebSocketStream(self)
        return self._stream

    @property
    def _wire_bytes_in(self) -> int:
        return 0 if self._machine is None else self._machine.wire_bytes_in

    @property
    def _message_bytes_in(self) -> int:
        return 0 if self._machine is None else self._machine.message_bytes_in

    @property
    def _message_bytes_out(self) -> int:
        return 0 if self._machine is None else self._machine.message_bytes_out
