"""The face of a stream for those who ask a request's connection for its stream.

Layer: HTTP. Imports from ``_net`` and within ``_http``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from whirlwind._http.write_callbacks import call_when_written
from whirlwind._net.ioloop import IOLoop
from whirlwind._net.tls_socket import socket_of

if TYPE_CHECKING:
    from whirlwind._http.server.exchange import Exchange


class TransportStream:
    """What of an ``IOStream`` makes sense while the server reads the connection itself.

    Args:
        exchange: The request whose connection it is.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    @property
    def socket(self) -> Any:
        """The socket, to look at; reading or writing it breaks the connection."""
        return socket_of(self._exchange)

    @property
    def io_loop(self) -> IOLoop:
        """The loop of the connection; programs for Tornado 4 take it from here."""
        loop: IOLoop = IOLoop.current()
        return loop

    def write(
        self,
        data: bytes | bytearray | memoryview,
        callback: Callable[[], object] | None = None,
    ) -> asyncio.Future[None]:
        """Write bytes as they are, for what the connection has no method for.

        Args:
            data: The bytes.
            callback: Called when the future would be resolved, as until Tornado 5.1.

        Returns:
            A future that is done when the peer has room for more; it fails with
            ``StreamClosedError`` if the connection is gone.
        """
        future = self._exchange.write_to_stream(bytes(data))
        if callback is not None:
            call_when_written(future, callback)
        return future

    def writing(self) -> bool:
        """True while bytes wait for the peer to take them; over TLS, if they are many."""
        connection = self._exchange.server_connection
        transport = connection.transport
        if transport is None or transport.get_extra_info("ssl_object") is not None:
            # TLS has bytes of its own waiting that nobody wrote, such as tickets.
            return transport is not None and connection.write_paused
        return transport.get_write_buffer_size() > 0

    def reading(self) -> bool:
        """False: the server reads by itself, nobody waits for bytes of this stream."""
        return False

    def fileno(self) -> int:
        """Return the socket's descriptor."""
        return int(self.socket.fileno())

    def closed(self) -> bool:
        """True once the connection is closed, or closing."""
        transport = self._exchange.server_connection.transport
        return transport is None or transport.is_closing()

    def close(self) -> None:
        """Close the connection; what was written is still sent."""
        self._exchange.close()

    def set_close_callback(self, callback: Callable[[], None] | None) -> None:
        """Have ``callback`` called if the connection closes before the answer is complete."""
        self._exchange.set_close_callback(callback)

    def set_nodelay(self, value: bool) -> None:
        """Does nothing: the loop's transports never delay small writes (TCP_NODELAY)."""
