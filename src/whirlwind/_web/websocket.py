"""Handlers for WebSockets.

Layer: web. Imports from ``_base``, ``_http``, ``_proto`` and within ``_web``.

Theory of operation
-------------------
A WebSocket begins as a GET. ``get`` decides about it and hands the connection to a
``WebSocketProtocol13``, which from then on calls this object: ``open``, ``on_message`` and so on.
``get`` itself waits until the WebSocket has ended, so that what runs "after the request" (a
subclass's ``get``, an agent's ``_execute``) runs then, in the same task and context.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, NoReturn

from whirlwind._base.limits import MAX_MESSAGE_SIZE
from whirlwind._base.log import gen_log
from whirlwind._http.websocket.errors import WebSocketClosedError
from whirlwind._http.websocket.interface import WebSocketProtocol, send_ping
from whirlwind._http.websocket.params import WebSocketParams
from whirlwind._http.websocket.protocol import WebSocketProtocol13
from whirlwind._net.iostream import IOStream
from whirlwind._proto.websocket.handshake import VERSION, asks_for_upgrade, asks_for_websocket
from whirlwind._web.handler import RequestHandler

# What belongs to an answer over HTTP, which is complete once the WebSocket is open.
_HTTP_ONLY: Final = (
    "write",
    "redirect",
    "set_header",
    "set_cookie",
    "set_status",
    "flush",
    "finish",
)


def _refuse(*_: Any, **__: Any) -> NoReturn:
    raise RuntimeError("Method not supported for Web Sockets")


class WebSocketHandler(RequestHandler):
    """Talks to one peer over a WebSocket; derive from it and define ``on_message``.

    >>> class Echo(WebSocketHandler):
    ...     def on_message(self, message):
    ...         self.write_message("You said: " + message)

    ``open`` and ``on_message`` may be plain functions, ``gen.coroutine`` or ``async def``. The next
    message is not delivered before the last one is done with; a peer that sends faster is held
    back.

    Attributes:
        ws_connection: The WebSocket (``WebSocketProtocol13``); None before and after.
        close_code, close_reason: What the peer's close frame said; set before ``on_close``.
        open_args, open_kwargs: What the groups of the rule's pattern said; ``open`` gets them.
    """

    ws_connection: WebSocketProtocol | None = None
    close_code: int | None = None
    close_reason: str | None = None
    open_args: tuple[Any, ...] = ()
    open_kwargs: dict[str, Any] = {}
    _close_told = False  # on_close() was called
    _outlives_request = True

    # --- the handshake ---

    async def get(self, *args: Any, **kwargs: Any) -> None:
        """Answer the handshake, and wait for the WebSocket to end.

        Override to answer plain requests on the same path, and call this one for the others.
        """
        self.open_args = args
        self.open_kwargs = kwargs
        headers = self.request.headers
        if not asks_for_websocket(headers):
            self._refuse_handshake(400, 'Can "Upgrade" only to "WebSocket".')
            return
        if not asks_for_upgrade(headers):
            self._refuse_handshake(400, '"Connection" must be "Upgrade".')
            return
        refusal = self._check_cross_origin(self.check_origin)
        if refusal is not None:
            gen_log.debug("Cross origin websockets not allowed: %s", refusal)
            self._refuse_handshake(403, "Cross origin websockets not allowed")
            return
        connection = self.get_websocket_protocol()
        if connection is None:
            self.set_status(426, "Upgrade Required")
            self.set_header("Sec-WebSocket-Version", VERSION)
            return
        self.ws_connection = connection
        await connection.accept_connection(self)

    def _refuse_handshake(self, status: int, message: str) -> None:
        self.set_status(status)
        self.finish(message)

    def get_websocket_protocol(self) -> WebSocketProtocol | None:
        """Return what speaks the version of the protocol that the client wants; None for none."""
        if self.request.headers.get("Sec-WebSocket-Version") != VERSION:
            return None
        params = WebSocketParams(
            ping_interval=self.ping_interval,
            ping_timeout=self.ping_timeout,
            max_message_size=self.max_message_size,
            compression_options=self.get_compression_options(),
        )
        return WebSocketProtocol13(self, False, params)

    def check_origin(self, origin: str) -> bool:
        """Decide whether a page of another origin may open this WebSocket; override to allow more.

        Not asked about pages of the same origin as far as the browser's fields tell, nor for
        clients that are no browsers. The default asks ``check_trusted_origin``. To return True
        for all exposes users to pages that act in their name, unless something other than
        cookies tells who they are.

        Args:
            origin: Scheme, host and port of the page, such as ``"https://example.com"``; or
                ``"null"``.
        """
        return self.check_trusted_origin(origin)

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        """Override to choose a subprotocol.

        Args:
            subprotocols: What the client proposes, best first.

        Returns:
            One of them; None for none, which clients may take for a refusal.
        """
        return None

    @property
    def selected_subprotocol(self) -> str | None:
        """The subprotocol that was chosen; None for none."""
        if self.ws_connection is None:
            raise AssertionError("there is a subprotocol only while the WebSocket is open")
        return self.ws_connection.selected_subprotocol

    def get_compression_options(self) -> dict[str, Any] | None:
        """Override to compress messages where the client can.

        Returns:
            None for no compression, which is the default: it costs memory (300 KB a connection)
            and time. Else a dictionary, empty for the usual, with ``compression_level`` (0 to 9,
            default 6), ``mem_level`` (1 to 9, default 8), and true values of
            ``server_no_context_takeover`` and ``client_no_context_takeover``, which save memory.
        """
        return None

    @property
    def ping_interval(self) -> float | None:
        """Seconds between pings, setting ``websocket_ping_interval``; None for no pings."""
        return self.settings.get("websocket_ping_interval")

    @property
    def ping_timeout(self) -> float | None:
        """Seconds that a pong may take, setting ``websocket_ping_timeout``; None: the interval."""
        return self.settings.get("websocket_ping_timeout")

    @property
    def max_message_size(self) -> int:
        """Most bytes in a message, setting ``websocket_max_message_size``; by default 10 MiB.

        A peer that sends more is told so with close code 1009.
        """
        size: int = self.settings.get("websocket_max_message_size", MAX_MESSAGE_SIZE)
        return size

    # --- for the program to define ---

    def _nothing_to_open(self, *args: Any, **kwargs: Any) -> Awaitable[None] | None:
        pass

    #: Called when the WebSocket is open, with what the groups of the rule's pattern said.
    open: Callable[..., Awaitable[None] | None] = _nothing_to_open

    def on_message(self, message: str | bytes) -> Awaitable[None] | None:
        """Called with each message, text as ``str`` and binary as ``bytes``; define it."""
        raise NotImplementedError

    def on_ping(self, data: bytes) -> None:
        """Called when the peer has sent a ping, which was answered."""

    def on_pong(self, data: bytes) -> None:
        """Called when the peer has answered a ping."""

    def on_close(self) -> None:
        """Called when the WebSocket is closed, whoever closed it; also where it never opened."""

    # --- for the program to call ---

    def write_message(
        self, message: str | bytes | dict[str, Any], binary: bool = False
    ) -> asyncio.Future[None]:
        """Send a message.

        Args:
            message: Text, or bytes; a dictionary is sent as JSON.
            binary: Whether it is a binary message; bytes that are sent as text must be UTF-8.

        Returns:
            A future that is done when the peer has room for more: wait for it, or a slow peer
            lets messages pile up in memory. It fails with ``WebSocketClosedError`` if the
            connection closes before.

        Raises:
            WebSocketClosedError: The WebSocket is closed, or closing.
        """
        connection = self.ws_connection
        if connection is None or connection.is_closing():
            raise WebSocketClosedError("the WebSocket is closed, or closing")
        return connection.write_message(message, binary)

    def ping(self, data: str | bytes = b"") -> None:
        """Send a ping; ``on_pong`` is called with its answer.

        Args:
            data: At most 125 bytes.

        Raises:
            WebSocketClosedError: The WebSocket is closed, or closing.
            ValueError: ``data`` is longer.
        """
        send_ping(self.ws_connection, data)

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Close the WebSocket; nothing happens if it is closed.

        Args:
            code: 1000 to 4999, as far as it may be sent (RFC 6455, section 7.4); None for none.
            reason: At most 123 bytes of UTF-8; None for none.

        Raises:
            ValueError: Code or reason may not be sent.
        """
        connection = self.ws_connection
        if connection is not None:
            connection.close(code, reason)
            self.ws_connection = None

    def set_nodelay(self, value: bool) -> None:
        """Send small messages at once (True, which is the default), or wait for more."""
        if self.ws_connection is None:
            raise AssertionError("set_nodelay() is for a WebSocket that is open")
        self.ws_connection.set_nodelay(value)

    @property
    def stream(self) -> Any:
        """The connection with the face of a stream, as Tornado 4 had it; None when it is closed."""
        connection = self.ws_connection
        if connection is not None and connection.stream is not None:
            return connection.stream
        return getattr(self.request.connection, "stream", None)

    # --- what the connection calls ---

    def on_connection_close(self) -> None:
        connection, self.ws_connection = self.ws_connection, None
        if connection is not None:
            connection.on_connection_close()
        if self._close_told:
            return  # told by the connection, and before that by the client's going during get()
        self._close_told = True
        try:
            self.on_close()
        finally:
            self._break_cycles()

    def on_ws_connection_close(
        self, close_code: int | None = None, close_reason: str | None = None
    ) -> None:
        """The WebSocket is closed.

        Args:
            close_code, close_reason: What the peer's close frame said.
        """
        self.close_code = close_code
        self.close_reason = close_reason
        self.on_connection_close()

    def _finish_with_head(self) -> None:
        """The head that was set is the whole answer: send it, and be done with HTTP."""
        self.flush()
        # Agents that count requests wait for this call. The bytes that follow are left alone:
        # the connection was switched.
        self.request.connection.finish()
        self._finished = True
        self._log()
        self.on_finish()
        self._refuse_http()

    def _detach_stream(self) -> IOStream:
        self._refuse_http()
        return self.detach()

    def _refuse_http(self) -> None:
        for name in _HTTP_ONLY:
            setattr(self, name, _refuse)

    def _break_cycles(self) -> None:
        # finish() comes by here as well, when the WebSocket is about to open.
        if self.get_status() != 101 or self._close_told:
            super()._break_cycles()
