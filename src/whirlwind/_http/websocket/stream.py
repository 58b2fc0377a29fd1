"""The face of a stream for those who ask a WebSocket for its stream.

Layer: HTTP. Imports from ``_net``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from whirlwind._net.ioloop import IOLoop

if TYPE_CHECKING:
    from whirlwind._http.websocket.connection import WebSocketConnection


class WebSocketStream:
    """What of an ``IOStream`` makes sense while the WebSocket reads the connection itself.

    Args:
        protocol: The WebSocket.
    """

    def __init__(self, protocol: WebSocketConnection) -> None:
        self._protocol: WebSocketConnection | None = protocol
        self._socket: Any = None
        if protocol.transport is not None:
            self._socket = protocol.transport.get_extra_info("socket")

    @property
    def socket(self) -> Any:
        """The socket, to look at; reading or writing it breaks the connection."""
        return self._socket

    @property
    def io_loop(self) -> IOLoop:
        """The loop of the connection; programs for Tornado 4 take it from here."""
        loop: IOLoop = IOLoop.current()
        return loop

    def fileno(self) -> int:
        """Return the socket's descriptor."""
        return int(self._socket.fileno())

    def closed(self) -> bool:
        """True once the connection is closed, or closing."""
        transport = None if self._protocol is None else self._protocol.transport
        return transport is None or transport.is_closing()

    def connection_ended(self) -> None:
        """It is closed, and the WebSocket is not needed any more."""
        self._protocol = None

    def close(self, exc_info: Any = False) -> None:
        """Close the connection at once, without a close frame."""
        if self._protocol is not None:
            self._protocol._abort()

    def set_close_callback(self, callback: Callable[[], None] | None) -> None:
        """Have ``callback`` called when the connection is closed, after ``on_close``."""
        if self._protocol is not None:
            self._protocol.set_close_callback(callback)

    def set_nodelay(self, value: bool) -> None:
        """Send small messages at once, or wait for more."""
        if self._protocol is not None:
            self._protocol.set_nodelay(value)
