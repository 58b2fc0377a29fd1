"""What goes out on a WebSocket: messages, pongs and the closing of our side.

Layer: HTTP. Imports from ``_base``, ``_net``, ``_proto`` and within ``_http``.

What is written goes to the transport at once. While more waits there than it wants to hold, the
futures of further messages are not done, and of pongs only the last one is kept.

The closing has a time limit: a peer that does not answer our close frame is cut off, and so is
one that does not answer the end of TLS.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any, Final, cast

from whirlwind._base.escape import json_encode, utf8
from whirlwind._base.limits import WEBSOCKET_CLOSE_TIMEOUT
from whirlwind._base.log import gen_log
from whirlwind._http.slow_reader import SlowReader
from whirlwind._http.websocket.errors import WebSocketClosedError
from whirlwind._http.websocket.interface import WebSocketDelegate, WebSocketProtocol
from whirlwind._http.websocket.params import WebSocketParams
from whirlwind._proto.websocket.close_codes import GOING_AWAY
from whirlwind._proto.websocket.machine import WebSocketMachine

_PING: Final = 0x9
_PONG: Final = 0xA


class WebSocketSender(WebSocketProtocol, asyncio.Protocol):
    """The side of a WebSocket that sends.

    Args:
        handler: Who is told what happens.
        mask_outgoing: Whether to mask what is sent: true for clients, and for them only.
        params: What the program decides.

    Attributes:
        transport: The transport; None before it is open, and once it is gone.
    """

    # Bits of a frame's first byte (RFC 6455, section 5.2).
    FIN = 0x80
    RSV1 = 0x40
    RSV2 = 0x20
    RSV3 = 0x10
    RSV_MASK = RSV1 | RSV2 | RSV3
    OPCODE_MASK = 0x0F

    # What most connections never need stands here until they do: ten thousand idle ones are held.
    _waiters: list[asyncio.Future[None]] | None = None  # for room
    _done: asyncio.Future[None] | None = None
    _pong_in_transit: asyncio.Future[None] | None = None
    _next_pong: bytes | None = None
    _reader: SlowReader | None = None
    _delivered = 0  # bytes on the wire when nothing was last seen to wait for the peer
    _close_timer: asyncio.TimerHandle | None = None

    def __init__(
        self, handler: WebSocketDelegate, mask_outgoing: bool, params: WebSocketParams
    ) -> None:
        super().__init__(handler)
        self.mask_outgoing = mask_outgoing
        self.params = params
        self.transport: asyncio.Transport | None = None
        self._machine: WebSocketMachine | None = None
        self._loop = asyncio.get_running_loop()
        self._write_paused = False

    def pause_writing(self) -> None:
        self._write_paused = True

    def resume_writing(self) -> None:
        self._write_paused = False
        waiters, self._waiters = self._waiters, None
        for waiter in waiters or ():
            if not waiter.done():
                waiter.set_result(None)

    def _writing_ended(self, exc: Exception | None) -> None:
        """Nothing goes out any more: tell those who wait for room."""
        self.server_terminated = True
        self.transport = None
        self._cancel_close_timer()
        waiters, self._waiters = self._waiters, None
        for waiter in waiters or ():
            if not waiter.done():
                error = WebSocketClosedError("the connection closed before all was sent")
                error.__cause__ = exc
                waiter.set_exception(error)
                waiter.exception()  # nobody need look: on_close says it as well

    def write_message(
        self, message: str | bytes | dict[str, Any], binary: bool = False
    ) -> asyncio.Future[None]:
        """Send a message.

        Args:
            message: Text, or bytes; a dictionary is sent as JSON.
            binary: Whether it is a binary message; bytes that are sent as text must be UTF-8.

        Returns:
            A future that is done when the peer has room for more; it fails with
            ``WebSocketClosedError`` if the connection closes before.
        """
        if type(message) is bytes:
            data = message
        elif type(message) is str:
            data = message.encode()
        elif isinstance(message, dict):
            data = json_encode(message).encode()
        else:
            if message is None:
                raise TypeError("Expected bytes, unicode, or dict; got None")
            data = utf8(cast(bytes, message))
        transport = self.transport
        machine = self._machine
        if transport is None or machine is None or self.server_terminated or transport.is_closing():
            return self._refused()
        transport.write(machine.message(data, binary=binary))
        return self._room()

    def _room(self) -> asyncio.Future[None]:
        """Return a future that is done when the peer has room for more."""
        if not self._write_paused:
            done = self._done
            if done is None:
                done = self._done = self._loop.create_future()
                done.set_result(None)
            return done
        waiter: asyncio.Future[None] = self._loop.create_future()
        if self._waiters is None:
            self._waiters = []
        self._waiters.append(waiter)
        return waiter

    def _refused(self) -> asyncio.Future[None]:
        future: asyncio.Future[None] = self._loop.create_future()
        future.set_exception(WebSocketClosedError("the WebSocket is closed, or closing"))
        future.exception()
        return future

    def write_ping(self, data: bytes) -> None:
        """Send a ping; nothing happens if the connection is closing.

        Raises:
            ValueError: ``data`` is over 125 bytes.
        """
        self._write_frame(True, _PING, data)

    def _send_pong(self, data: bytes) -> None:
        """Answer a ping; while a pong waits for the peer to read, only the last one is kept.

        Source: RFC 6455, section 5.5.3. To keep them all would let a peer that sends pings, and
        does not read, fill the memory.
        """
        if self._pong_in_transit is not None:
            self._next_pong = data
            return
        sent = self._write_frame(True, _PONG, data)
        if not sent.done():
            self._pong_in_transit = sent
            sent.add_done_callback(self._pong_sent)

    def _pong_sent(self, sent: asyncio.Future[None]) -> None:
        self._pong_in_transit = None
        following, self._next_pong = self._next_pong, None
        if following is not None and not sent.cancelled() and sent.exception() is None:
            self._send_pong(following)

    def _write_frame(
        self, fin: bool, opcode: int, data: bytes, flags: int = 0
    ) -> asyncio.Future[None]:
        """Send a frame; returns a future that is done when the peer has room for more."""
        transport = self.transport
        machine = self._machine
        if transport is None or machine is None or self.server_terminated or transport.is_closing():
            return self._refused()
        transport.write(machine.frame((self.FIN if fin else 0) | flags | opcode, data))
        return self._room()

    @property
    def _wire_bytes_out(self) -> int:
        return 0 if self._machine is None else self._machine.wire_bytes_out

    def set_nodelay(self, x: bool) -> None:
        """Send small messages at once (True, which is the default), or wait for more."""
        sock = None if self.transport is None else self.transport.get_extra_info("socket")
        if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1 if x else 0)

    # --- the closing ---

    def is_closing(self) -> bool:
        return (
            self.transport is None
            or self.client_terminated
            or self.server_terminated
            or self.transport.is_closing()
        )

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Send a close frame, and close when the peer has answered, or has had time to.

        Args:
            code: 1000 to 4999, as far as it may be sent; None for none.
            reason: At most 123 bytes of UTF-8; None for none.

        Raises:
            ValueError: Code or reason may not be sent.
        """
        transport = self.transport
        if not self.server_terminated:
            if transport is not None and self._machine is not None:
                frame = self._machine.close(code, reason)
                if not transport.is_closing():
                    transport.write(frame)
            self.server_terminated = True
        if transport is None:
            return
        if self.client_terminated:
            self._close_transport(transport)
        elif self._close_timer is None:
            self._close_timer = self._loop.call_later(WEBSOCKET_CLOSE_TIMEOUT, self._abort)

    def going_away(self) -> None:
        """The server stops: close with 1001."""
        self.close(GOING_AWAY)

    def _close_transport(self, transport: asyncio.Transport) -> None:
        if transport.is_closing():
            return  # a transport of asyncio's TLS knows nothing of itself once closed twice
        self._cancel_close_timer()
        transport.close()
        if transport.get_extra_info("ssl_object") is not None:
            # The transport waits longer for a peer that does not answer the end of TLS.
            self._close_timer = self._loop.call_later(WEBSOCKET_CLOSE_TIMEOUT, self._abort)

    def check_time(self, tick: float) -> None:
        """End the connection if the peer has stopped to read what is written; the server asks.

        Args:
            tick: The server's clock.
        """
        transport = self.transport
        if transport is None:
            return
        reader = self._reader
        written = self._wire_bytes_out
        if reader is None:
            if written == self._delivered:
                return
            reader = self._reader = SlowReader()
        if reader.has_stopped(transport, tick):
            gen_log.info("Timeout writing to a WebSocket")
            self._abort()
        elif not reader.waits:
            self._delivered = written
            self._reader = None

    def _abort(self) -> None:
        self.client_terminated = self.server_terminated = True
        if self.transport is not None:
            self.transport.abort()

    abort = _abort

    def _cancel_close_timer(self) -> None:
        timer, self._close_timer = self._close_timer, None
        if timer is not None:
            timer.cancel()
