"""The client's side of WebSockets.

Layer: HTTP. Imports from ``_base``, ``_engine``, ``_net``, ``_proto`` and within ``_http``.

The handshake is a fetch like any other, with its timeouts, TLS and credentials, until the server
answers 101; ``upgrade.py`` has the difference. Programs subclass ``WebSocketClientConnection``;
``connect_future`` is the way to its result.
"""

from __future__ import annotations

import asyncio
import base64
import contextvars
import copy
import os
import time
import weakref
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any
from urllib.parse import SplitResult, urlsplit

from whirlwind._base.errors import RemoteProtocolError
from whirlwind._base.lazy import lazy
from whirlwind._base.limits import MAX_BODY_SIZE, MAX_BUFFER_SIZE, MAX_HEADER_SIZE, MAX_MESSAGE_SIZE
from whirlwind._base.log import app_log
from whirlwind._base.old_arguments import accepts_old
from whirlwind._engine.queues import Queue, QueueFull
from whirlwind._engine.runner_cy import resolve
from whirlwind._http.client.connection import HTTPClientConnection
from whirlwind._http.client.connector import Connector
from whirlwind._http.client.errors import HTTPStreamClosedError
from whirlwind._http.client.fetch import Fetch
from whirlwind._http.client.request import HTTPRequest, _RequestProxy
from whirlwind._http.client.response import HTTPResponse
from whirlwind._http.client.shared import Shared
from whirlwind._http.websocket.errors import WebSocketClosedError, WebSocketError
from whirlwind._http.websocket.interface import WebSocketProtocol, send_ping
from whirlwind._http.websocket.params import WebSocketParams
from whirlwind._http.websocket.protocol import WebSocketProtocol13
from whirlwind._http.websocket.stream import WebSocketStream
from whirlwind._http.websocket.upgrade import UpgradeFetch, http_url
from whirlwind._net.ioloop import IOLoop
from whirlwind._net.resolver import Resolver
from whirlwind._net.stream_errors import StreamClosedError
from whirlwind._proto.http.errors import HTTPInputError
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http.start_line import RequestStartLine, ResponseStartLine
from whirlwind._proto.websocket.extensions import offer
from whirlwind._proto.websocket.handshake import VERSION
from whirlwind._version import tornado_version


class WebSocketClientConnection:
    """A WebSocket to a server; ``websocket_connect`` makes one.

    It begins to connect when it is made. Arguments are those of ``websocket_connect``, but for
    ``request``, which is an ``HTTPRequest``.

    Attributes:
        connect_future: Done when the WebSocket is open, with this object as its result.
        protocol: The WebSocket (``WebSocketProtocol13``); None before it is open.
        headers: The fields of the server's answer.
        close_code, close_reason: What the server's close frame said.
        request: The handshake's request.
        start_time, start_wall_time: When it began, on the loop's clock and in seconds since 1970.
        max_buffer_size, max_header_size, max_body_size: Limits of an answer that is no WebSocket.
        client: None; other connections in Tornado belong to a client.
    """

    client = None
    max_buffer_size = MAX_BUFFER_SIZE
    max_header_size = MAX_HEADER_SIZE
    max_body_size = MAX_BODY_SIZE
    protocol: WebSocketProtocol | None = None
    headers: HTTPHeaders | None = None
    code: int | None = None
    reason: str | None = None

    @accepts_old("io_loop")
    def __init__(
        self,
        request: HTTPRequest | _RequestProxy,
        on_message_callback: Callable[[str | bytes | None], None] | None = None,
        compression_options: dict[str, Any] | None = None,
        ping_interval: float | None = None,
        ping_timeout: float | None = None,
        max_message_size: int = MAX_MESSAGE_SIZE,
        subprotocols: list[str] | None = None,
        resolver: Any = None,
        io_loop: IOLoop | None = None,
    ) -> None:
        self.io_loop: IOLoop = IOLoop.current() if io_loop is None else io_loop
        loop = self.io_loop.asyncio_loop
        self._new_future = loop.create_future
        self._connecting: asyncio.Future[WebSocketClientConnection] | None = loop.create_future()
        self._connected: Callable[[], asyncio.Future[WebSocketClientConnection] | None] = (
            weakref.ref(self._connecting)
        )
        self._connecting_asked_for = False
        self.start_time = loop.time()
        self.start_wall_time = time.time()
        self.read_queue: Queue[str | bytes | None] = Queue(1)
        self._reader: asyncio.Future[str | bytes | None] | None = None
        self._in_line: asyncio.Future[str | bytes | None] | None = None
        self.key = base64.b64encode(os.urandom(16))
        self.close_code: int | None = None
        self.close_reason: str | None = None
        self.params = WebSocketParams(
            ping_interval=ping_interval,
            ping_timeout=ping_timeout,
            max_message_size=max_message_size,
            compression_options=compression_options,
        )
        self._on_message_callback = on_message_callback
        self._subprotocols = subprotocols
        self._closed = False
        self._context = contextvars.copy_context()
        self.request = self._handshake_request(request)
        self._shared: Shared | None = Shared(
            loop,
            Connector(loop, Resolver() if resolver is None else resolver),
            max_header_size=self.max_header_size,
            max_body_size=self.max_body_size,
            user_agent=f"Tornado/{tornado_version}",
            ended=self._fetch_ended,
            loop_ended=self._loop_ended,
        )
        fetch = UpgradeFetch(self._shared, self.request, self._on_http_response, self._upgraded)
        self._fetch: UpgradeFetch | None = fetch
        self._connecting.add_done_callback(self._connect_settled)
        fetch.start()

    @property
    def connect_future(self) -> asyncio.Future[WebSocketClientConnection]:
        """Done when the WebSocket is open, with this object as its result."""
        # The future holds this object by its result, or by its exception's traceback. Once it is
        # done and somebody has it, it is no longer held here.
        self._connecting_asked_for = True
        future = self._connecting or self._connected()
        if future is None:
            future = self.io_loop.asyncio_loop.create_future()
            future.set_result(self)
        elif future.done():
            self._connecting = None
        return future

    @lazy
    def parsed(self) -> SplitResult:
        """The URL of the handshake, taken apart."""
        parts: SplitResult = urlsplit(self.request.url)
        return parts

    @lazy
    def parsed_hostname(self) -> str:
        """The host that it names."""
        return self.parsed.hostname or ""

    def _handshake_request(self, given: HTTPRequest | _RequestProxy) -> _RequestProxy:
        """Return the request to send; the program's own stays as it is."""
        raw = given.request if isinstance(given, _RequestProxy) else given
        defaults = given.defaults if isinstance(given, _RequestProxy) else HTTPRequest._DEFAULTS
        request = copy.copy(raw)
        headers = HTTPHeaders(raw.headers)
        headers["Upgrade"] = "websocket"
        headers["Connection"] = "Upgrade"
        headers["Sec-WebSocket-Key"] = self.key.decode("ascii")
        headers["Sec-WebSocket-Version"] = VERSION
        if self._subprotocols is not None:
            headers["Sec-WebSocket-Protocol"] = ",".join(self._subprotocols)
        if self.params.compression_options is not None:
            headers["Sec-WebSocket-Extensions"] = offer(self.params.compression_options)
        request.headers = headers
        request.url = http_url(raw.url)
        return _RequestProxy(request, defaults)

    # --- what the handshake tells ---

    def _upgraded(
        self, connection: HTTPClientConnection, headers: HTTPHeaders, leftover: bytes
    ) -> None:
        """The server answered 101.

        Raises:
            WebSocketError: It is no answer to what was asked.
        """
        self.headers_received(ResponseStartLine("HTTP/1.1", 101, "Switching Protocols"), headers)
        protocol = self.get_websocket_protocol()
        if not isinstance(protocol, WebSocketProtocol13):
            raise WebSocketError(f"get_websocket_protocol() returned {protocol!r}")
        # Calls belong to whoever made this object, not to the fetch that brought the bytes.
        protocol._context = self._context
        protocol._when_lost = self._keep_the_rest
        try:
            protocol._process_server_headers(self.key, headers, self._subprotocols)
        except RemoteProtocolError as error:
            raise WebSocketError(str(error)) from error
        self.protocol = protocol
        transport = connection.hand_over(protocol)
        if self.connect_future.done():
            transport.abort()
            return
        self.connect_future.set_result(self)
        protocol.take_over(transport, leftover)

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> None:
        """The head of the server's answer is there, and it is one of 101."""
        # The code stays None, as in Tornado: programs that take any answer of the server (a test of
        # jupyter_server does) tell by it that they have a WebSocket and no response.
        self.headers = headers

    def _on_http_response(self, response: HTTPResponse) -> None:
        """There is no WebSocket: the server answered something else, or not at all."""
        if self.connect_future.done():
            return
        error = response.error
        if error is None:
            self.headers = response.headers
            self.code = response.code
            error = WebSocketError("Non-websocket response")
        elif isinstance(error, HTTPStreamClosedError) and isinstance(
            error.__cause__, HTTPInputError
        ):
            error = WebSocketError(str(error))
            error.__cause__ = response.error
        self.connect_future.set_exception(error)

    def _fetch_ended(self, fetch: Fetch) -> None:
        shared, self._shared = self._shared, None
        self._fetch = None
        if shared is not None:
            shared.close()

    def _loop_ended(self) -> None:
        if self._fetch is not None:
            self._fetch.abort()

    def _connect_settled(self, future: asyncio.Future[WebSocketClientConnection]) -> None:
        if self._connecting_asked_for:
            self._connecting = None
        if future.cancelled():
            self._loop_ended()
            if isinstance(self.protocol, WebSocketProtocol13):
                self.protocol.abort()

    # --- for the program to call ---

    @property
    def selected_subprotocol(self) -> str | None:
        """The subprotocol that the server chose; None for none."""
        return self.get_open_protocol().selected_subprotocol

    def get_open_protocol(self) -> WebSocketProtocol:
        """Return the WebSocket.

        Raises:
            WebSocketClosedError: It is not open yet.
        """
        if self.protocol is None:
            raise WebSocketClosedError("the WebSocket is not open")
        return self.protocol

    def write_message(
        self, message: str | bytes | dict[str, Any], binary: bool = False
    ) -> asyncio.Future[None]:
        """Send a message.

        Args:
            message: Text, or bytes; a dictionary is sent as JSON.
            binary: Whether it is a binary message; bytes that are sent as text must be UTF-8.

        Returns:
            A future that is done when the server has room for more. It fails with
            ``WebSocketClosedError`` if the connection closes before.

        Raises:
            WebSocketClosedError: The WebSocket is closed, or closing.
        """
        protocol = self.protocol
        if protocol is None or protocol.is_closing():
            raise WebSocketClosedError("Client connection has been closed")
        return protocol.write_message(message, binary)

    def read_message(
        self, callback: Callable[[asyncio.Future[str | bytes | None]], None] | None = None
    ) -> asyncio.Future[str | bytes | None]:
        """Read a message; not for connections with an ``on_message_callback``.

        Args:
            callback: Called with the future when it is done.

        Returns:
            A future for the message: text as ``str``, a binary one as ``bytes``, None once the
            WebSocket is closed. Until messages are read the server is held back.
        """
        if self._on_message_callback is not None:
            raise AssertionError("on_message_callback takes the messages")
        future: asyncio.Future[str | bytes | None]
        if self._closed and self.read_queue.empty():
            future = self.io_loop.asyncio_loop.create_future()
            future.set_result(None)
        elif (
            (self._reader is None or self._reader.done())
            and (self._in_line is None or self._in_line.done())
            and not self.read_queue.qsize()
        ):
            # Nobody is before this one: it need not stand in line.
            future = self._reader = self._new_future()
        else:
            future = self._in_line = self.read_queue.get()
        if callback is not None:
            self.io_loop.add_future(future, callback)
        return future

    def ping(self, data: str | bytes = b"") -> None:
        """Send a ping; ``on_pong`` is called with its answer.

        Args:
            data: At most 125 bytes.

        Raises:
            WebSocketClosedError: The WebSocket is closed, or closing.
            ValueError: ``data`` is longer.
        """
        send_ping(self.get_open_protocol(), data)

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Close the WebSocket; nothing happens if it is closed, or was never open.

        Args:
            code: 1000 to 4999, as far as it may be sent (RFC 6455, section 7.4); None for none.
            reason: At most 123 bytes of UTF-8; None for none.

        Raises:
            ValueError: Code or reason may not be sent.
        """
        if self.protocol is not None:
            self.protocol.close(code, reason)

    @property
    def stream(self) -> WebSocketStream | None:
        """The connection with the face of a stream; None before it is open."""
        return None if self.protocol is None else self.protocol.stream

    # --- hooks ---

    def get_websocket_protocol(self) -> WebSocketProtocol:
        """Return what speaks the protocol."""
        return WebSocketProtocol13(self, True, self.params)

    def on_message(self, message: str | bytes) -> Awaitable[None] | None:
        """Called with each message."""
        return self._on_message(message)

    def _on_message(self, message: str | bytes | None) -> Awaitable[None] | None:
        if self._on_message_callback is not None:
            self._on_message_callback(message)
            return None
        reader, self._reader = self._reader, None
        if reader is not None and not reader.done():
            # The connection takes a callback of the program here, and so it does the program.
            resolve(reader, message)
            return None
        try:
            self.read_queue.put_nowait(message)
        except QueueFull:
            return self.read_queue.put(message)
        return None

    def _keep_the_rest(self) -> None:
        """The connection is gone: what it still brought need not wait for its reader.

        It is no more than one read brought, and whoever does not read it leaves nothing behind.
        """
        waiting = self.read_queue
        if waiting.empty():
            return  # somebody may wait for what comes into this queue
        self.read_queue = Queue()
        while not waiting.empty():
            self.read_queue.put_nowait(waiting.get_nowait())

    def on_ping(self, data: bytes) -> None:
        """Called when the server has sent a ping, which was answered."""

    def on_pong(self, data: bytes) -> None:
        """Called when the server has answered a ping."""

    def on_connection_close(self) -> None:
        """Called when the connection is gone: the program is told None, as the last message."""
        if not self.connect_future.done():
            self.connect_future.set_exception(StreamClosedError())
        self._closed = True
        self._on_message(None)

    def on_ws_connection_close(
        self, close_code: int | None = None, close_reason: str | None = None
    ) -> None:
        """The WebSocket is closed.

        Args:
            close_code, close_reason: What the server's close frame said.
        """
        self.close_code = close_code
        self.close_reason = close_reason
        self.on_connection_close()

    def log_exception(
        self,
        typ: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Log an exception of the program's callback; override to report it elsewhere."""
        app_log.error("Uncaught exception %s", value, exc_info=(typ, value, tb))  # type: ignore[arg-type]


@accepts_old("io_loop")
def websocket_connect(
    url: str | HTTPRequest,
    callback: Callable[[asyncio.Future[WebSocketClientConnection]], None] | None = None,
    connect_timeout: float | None = None,
    on_message_callback: Callable[[str | bytes | None], None] | None = None,
    compression_options: dict[str, Any] | None = None,
    ping_interval: float | None = None,
    ping_timeout: float | None = None,
    max_message_size: int = MAX_MESSAGE_SIZE,
    subprotocols: list[str] | None = None,
    resolver: Any = None,
    io_loop: IOLoop | None = None,
) -> asyncio.Future[WebSocketClientConnection]:
    """Open a WebSocket to a server.

    Args:
        url: A URL of ``ws``, ``wss``, ``http`` or ``https``; or an ``HTTPRequest``, which also says
            header fields, TLS options and timeouts.
        callback: Called with the future when it is done.
        connect_timeout: Seconds until the connection is there; None for 20. Not with an
            ``HTTPRequest``, which has its own.
        on_message_callback: Called with each message, and with None at the end; None to use
            ``read_message``.
        compression_options: Options for compression, empty for the usual, as in
            ``WebSocketHandler.get_compression_options``; None for no compression.
        ping_interval: Seconds between pings; None for no pings.
        ping_timeout: Seconds that a pong may take; None for ``ping_interval``.
        max_message_size: Most bytes in a message; a server that sends more is told so (1009).
        subprotocols: Subprotocols to propose, best first.
        resolver: Turns names into addresses; None for the loop's own.
        io_loop: The loop to connect on; None, as always since Tornado 5.0, for the current one.

    Returns:
        A future for a ``WebSocketClientConnection``. Cancelling it stops the attempt. It fails with
        ``HTTPClientError`` where the server answers with an error or too late, with
        ``WebSocketError`` where what it answers is no WebSocket, and with ``OSError`` where it
        cannot be reached.
    """
    second: Any = callback
    if isinstance(second, IOLoop):
        io_loop, callback = second, None  # in the place that it had in 4.x
    if isinstance(url, HTTPRequest):
        if connect_timeout is not None:
            raise AssertionError("connect_timeout is the HTTPRequest's to say")
        request = url
    else:
        request = HTTPRequest(url, connect_timeout=connect_timeout)
    connection = WebSocketClientConnection(
        _RequestProxy(request, HTTPRequest._DEFAULTS),
        on_message_callback=on_message_callback,
        compression_options=compression_options,
        ping_interval=ping_interval,
        ping_timeout=ping_timeout,
        max_message_size=max_message_size,
        subprotocols=subprotocols,
        resolver=resolver,
        io_loop=io_loop,
    )
    if callback is not None:
        connection.io_loop.add_future(connection.connect_future, callback)
    return connection.connect_future
