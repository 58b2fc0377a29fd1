"""The face of a stream for those who ask a WebSocket for its stream.

Layer: HTTP. Imports from ``_net``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from whirlwind._net.ioloop import IOLoop

if TYPE_CHECKING:
    from whirlwind._http.websocket.protocol import WebSocketProtocol13


class WebSocketStream:
    """What of an ``IOStream`` makes sense while the WebSocket reads the connection itself.

    Args:
        protocol: The WebSocket.
    """

    def __init__(self, protocol: WebSocketProtocol13) -> None:
        self._protocol = protocol
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
        transport = self._protocol.transport
        return transport is None or transport.is_closing()

    def close(self, exc_info: Any = False) -> None:
        """Close the connection at once, without a close frame."""
        self._protocol._abort()

    def set_close_callback(self, callback: Callable[[], None] | None) -> None:
        """Have ``callback`` called when the connection is closed, after ``on_close``."""
        self._protocol.set_close_callback(callback)

    def set_nodelay(self, value: bool) -> None:
        """Send small messages at once, or wait for more."""
        self._protocol.set_nodelay(value)
