"""What a WebSocket can do, and who is told what happens on it.

Layer: HTTP. Imports from ``_base`` and within ``_http``.
"""

from __future__ import annotations

import abc
import asyncio
from collections.abc import Awaitable
from types import TracebackType
from typing import Any, Protocol

from whirlwind._base.escape import utf8
from whirlwind._http.websocket.errors import WebSocketClosedError
from whirlwind._http.websocket.stream import WebSocketStream


class WebSocketDelegate(Protocol):
    """Who is told what happens on a WebSocket: a handler, or a client's connection."""

    def on_message(self, message: str | bytes) -> Awaitable[None] | None: ...
    def on_ping(self, data: bytes) -> None: ...
    def on_pong(self, data: bytes) -> None: ...
    def on_ws_connection_close(
        self, close_code: int | None = None, close_reason: str | None = None
    ) -> None: ...
    def log_exception(
        self,
        typ: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None: ...


class WebSocketProtocol(abc.ABC):
    """What every version of the protocol can do; there is one, ``WebSocketProtocol13``.

    Args:
        handler: Who is told what happens.

    Attributes:
        handler: The same.
        client_terminated: True once nothing comes from the peer any more.
        server_terminated: True once nothing may be sent any more.
    """

    def __init__(self, handler: WebSocketDelegate) -> None:
        self.handler = handler
        self.client_terminated = False
        self.server_terminated = False

    @property
    @abc.abstractmethod
    def stream(self) -> WebSocketStream | None:
        """The connection with the face of a stream; None before it is open."""

    @property
    @abc.abstractmethod
    def selected_subprotocol(self) -> str | None:
        """The subprotocol that was agreed upon; None for none."""

    @abc.abstractmethod
    async def accept_connection(self, handler: Any) -> None:
        """Answer the handshake of a handler's request, and run the connection to its end."""

    @abc.abstractmethod
    def write_message(
        self, message: str | bytes | dict[str, Any], binary: bool = False
    ) -> asyncio.Future[None]:
        """Send a message."""

    @abc.abstractmethod
    def write_ping(self, data: bytes) -> None:
        """Send a ping."""

    @abc.abstractmethod
    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Begin to close, or answer the peer that did."""

    @abc.abstractmethod
    def is_closing(self) -> bool:
        """True if nothing can be sent any more."""

    @abc.abstractmethod
    def start_pinging(self) -> None:
        """Begin to send pings, if that is wanted."""

    @abc.abstractmethod
    def set_nodelay(self, x: bool) -> None:
        """Send small messages at once, or wait for more."""

    @abc.abstractmethod
    def _abort(self) -> None:
        """End the connection now."""

    def on_connection_close(self) -> None:
        """The handler's connection is closed."""
        self._abort()


def send_ping(connection: WebSocketProtocol | None, data: str | bytes) -> None:
    """Send a ping for a handler or a client's connection.

    Args:
        connection: The WebSocket; None if it is closed.
        data: At most 125 bytes.

    Raises:
        WebSocketClosedError: The WebSocket is closed, or closing.
        ValueError: ``data`` is longer.
    """
    if connection is None or connection.is_closing():
        raise WebSocketClosedError("the WebSocket is closed, or closing")
    connection.write_ping(utf8(data))
