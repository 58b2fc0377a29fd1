"""The HTTP server: sockets, settings, and what requests are given to.

Layer: HTTP. Imports from ``_base``, ``_net`` and ``_proto``.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Awaitable, Iterable
from typing import Any, Final, Protocol

from whirlwind._base.configurable import Configurable
from whirlwind._base.limits import (
    HEADER_TIMEOUT,
    IDLE_CONNECTION_TIMEOUT,
    MAX_BODY_SIZE,
    SHUTDOWN_TIMEOUT,
)
from whirlwind._base.log import gen_log
from whirlwind._base.old_arguments import accepts_old
from whirlwind._base.stock_methods import is_stock
from whirlwind._http.messages import (
    DirectDelegate,
    HTTPConnection,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
)
from whirlwind._http.server.context import RequestContext
from whirlwind._http.server.forwarded import ForwardedRequest
from whirlwind._http.server.listening import accept_on, log_handshakes
from whirlwind._http.server.protocol import ServerProtocol
from whirlwind._http.server.whole_request import CallableDelegate, RequestCallback
from whirlwind._http.stream_connection.connection import HTTP1Connection
from whirlwind._http.stream_connection.parameters import HTTP1ConnectionParameters
from whirlwind._http.stream_connection.server_connection import HTTP1ServerConnection
from whirlwind._net.ioloop import IOLoop
from whirlwind._net.iostream import IOStream, SSLIOStream
from whirlwind._net.tcpserver import TCPServer
from whirlwind._net.tls import ssl_options_to_context

# The timer looks this many times while the shortest of the timeouts passes, and at least every
# few seconds: timeouts are late by a quarter at most, and idle servers wake rarely.
_LOOKS: Final = 4
_LONGEST_LOOK: Final = 5.0


class Successor(Protocol):
    """A protocol that follows HTTP on a connection, such as a WebSocket."""

    def going_away(self) -> None:
        """The server stops: say so to the peer, and close."""

    def abort(self) -> None:
        """Close at once."""

    def check_time(self, tick: float) -> None:
        """The server's timer asks: does the peer still take what is written?"""


class HTTPServer(TCPServer, Configurable, HTTPServerConnectionDelegate):
    """An HTTP/1 server without blocking.

    Give it a ``web.Application``, a router, any ``HTTPServerConnectionDelegate``, or a function
    that takes an ``HTTPServerRequest`` and writes to its ``connection``.

    >>> server = HTTPServer(application)  # doctest: +SKIP
    >>> server.listen(8888)  # doctest: +SKIP

    Args:
        request_callback: What requests are given to.
        no_keep_alive: Close every connection after one answer.
        xheaders: Believe ``X-Real-Ip``, ``X-Forwarded-For``, ``X-Scheme`` and
            ``X-Forwarded-Proto``; only behind a proxy that sets them.
        ssl_options: An ``ssl.SSLContext``, or a dictionary of arguments for one, to serve TLS.
        protocol: ``"http"`` or ``"https"`` where a proxy hides which it is; None to tell by
            the socket.
        decompress_request: Decompress bodies of requests: gzip and deflate, and with the extra
            ``compression`` br and zstd; limits then hold for the plain body as well as for the
            compressed one.
        chunk_size: Most bytes of a body handed on at once; None for 64 KiB.
        max_header_size: Most bytes of a request's head; None for 64 KiB.
        idle_connection_timeout: Seconds a connection may wait between requests; None for 3600.
        body_timeout: Seconds a request's body may take; None for no limit.
        max_body_size: Most bytes of a request's body; None for ``max_buffer_size``.
        max_buffer_size: Most bytes waiting in memory on one connection; None for 100 MiB.
        trusted_downstream: Addresses of proxies that ``X-Forwarded-For`` may name on its right.

    Attributes:
        request_callback, xheaders, protocol: As given.
        trusted_downstream: As given, as a set.
        conn_params: The settings of connections, an ``HTTP1ConnectionParameters``. A change holds
            for connections that are accepted afterwards.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # Configurable calls initialize(); TCPServer's constructor is called from there.
        pass

    @accepts_old("io_loop")
    def initialize(
        self,
        request_callback: RequestCallback | HTTPServerConnectionDelegate,
        no_keep_alive: bool = False,
        xheaders: bool = False,
        ssl_options: dict[str, Any] | ssl.SSLContext | None = None,
        protocol: str | None = None,
        decompress_request: bool = False,
        chunk_size: int | None = None,
        max_header_size: int | None = None,
        idle_connection_timeout: float | None = None,
        body_timeout: float | None = None,
        max_body_size: int | None = None,
        max_buffer_size: int | None = None,
        trusted_downstream: Iterable[str] | None = None,
        io_loop: IOLoop | None = None,
    ) -> None:
        TCPServer.__init__(
            self,
            ssl_options=ssl_options,
            max_buffer_size=max_buffer_size,
            read_chunk_size=chunk_size,
            io_loop=io_loop,
        )
        self.request_callback = request_callback
        self.xheaders = xheaders
        self.protocol = protocol
        self.trusted_downstream = frozenset(trusted_downstream or ())
        self.conn_params = HTTP1ConnectionParameters(
            no_keep_alive=no_keep_alive,
            chunk_size=chunk_size,
            max_header_size=max_header_size,
            header_timeout=idle_connection_timeout or IDLE_CONNECTION_TIMEOUT,
            max_body_size=max_body_size,
            body_timeout=body_timeout,
            decompress=decompress_request,
        )
        self._adopt_params()
        self.clock = time.time
        self.tick = 0.0
        self._delegate = (
            request_callback
            if isinstance(request_callback, HTTPServerConnectionDelegate)
            else CallableDelegate(request_callback)
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._done: asyncio.Future[None] | None = None
        self._connections: set[ServerProtocol] = set()
        self._adopted: set[Successor] = set()
        self._streams: set[HTTP1ServerConnection] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._look = 0.0
        self._drained: asyncio.Future[None] | None = None
        self._closing = False  # no connection is taken any more, however late it comes

    @classmethod
    def configurable_base(cls) -> type[Configurable]:
        return HTTPServer

    @classmethod
    def configurable_default(cls) -> type[Configurable]:
        return HTTPServer

    def _adopt_params(self) -> None:
        """Take over what a program set in ``conn_params``; the connections ask us for it."""
        params = self.conn_params
        self.keep_alive = not params.no_keep_alive
        self.decompress_request = params.decompress
        self.chunk_size = params.chunk_size
        self.max_header_size = params.max_header_size
        self.idle_connection_timeout: float = params.header_timeout or IDLE_CONNECTION_TIMEOUT
        self.body_timeout = params.body_timeout
        self.max_body_size = params.max_body_size or self.max_buffer_size or MAX_BODY_SIZE
        self.heads = params.heads
        self.heads.takes_https = bool(
            self.ssl_options is not None or self.protocol == "https" or self.xheaders
        )

    # --- sockets ---

    def add_sockets(self, sockets: Iterable[socket.socket]) -> None:
        """Begin to accept connections on listening sockets.

        Connections are read without streams, unless ``handle_stream`` was overridden or assigned
        by now: then each connection is given to it.

        Args:
            sockets: Sockets that listen, of TCP or of Unix; the server closes them.
        """
        if not is_stock(self.handle_stream, _handle_stream):
            super().add_sockets(sockets)
            return
        self._begin_again()
        loop = self.asyncio_loop
        context = None
        if self.ssl_options is not None:
            context = ssl_options_to_context(self.ssl_options, server_side=True)
            if context is not self.ssl_options:
                # A context of the program's own says itself what it negotiates (RFC 7301).
                context.set_alpn_protocols(["http/1.1"])
            log_handshakes(context)
        for listening in sockets:
            self._sockets[listening.fileno()] = listening
            # What stop() of the base class calls before it closes the socket.
            serving = accept_on(loop, self._accept, listening, context)
            self._handlers[listening.fileno()] = serving.close

    def _accept(self) -> ServerProtocol:
        self._adopt_params()
        return ServerProtocol(self)

    def handle_stream(self, stream: IOStream, address: Any) -> Awaitable[None] | None:
        """Serve one connection that is held as a stream.

        Call it with a stream from elsewhere. Override it to look at connections before they are
        served; the server then makes a stream of each connection it accepts, which costs speed.

        Args:
            stream: The connection; the server owns it from now on.
            address: The peer, as its family of addresses has it.
        """
        protocol = self.protocol or ("https" if isinstance(stream, SSLIOStream) else "http")
        connection = HTTP1ServerConnection(
            stream, self.conn_params, RequestContext(address, protocol, self.trusted_downstream)
        )
        self._streams.add(connection)
        if self._timer is None:
            self._start_timer()
        connection.start_serving(self)

        def over(_: object) -> None:
            self._streams.discard(connection)
            self._one_less()

        connection.done.add_done_callback(over)
        return None

    async def close_all_connections(self, timeout: float | None = None) -> int:
        """Close every connection: idle ones now, others when their answer is complete.

        WebSockets are closed with code 1001; they do not count as requests.

        Call ``stop`` first, or new ones come.

        Args:
            timeout: Seconds that requests in progress get; then they are cut off. 0 cuts them off
                at once; None stands for SHUTDOWN_TIMEOUT, and logs a warning if any were.

        Returns:
            How many requests were cut off.
        """
        self._closing = self._stopped
        for connection in self._open():
            connection.stop_after_answer()
        for successor in list(self._adopted):
            successor.going_away()
        if not self._open() and not self._adopted:
            return 0
        loop = self.asyncio_loop
        drained = self._drained
        if drained is None:
            drained = self._drained = loop.create_future()
        cut_off = 0

        def cut() -> None:
            nonlocal cut_off
            for connection in self._open():
                cut_off += connection.cut_off()
            for successor in list(self._adopted):
                successor.abort()

        timer = loop.call_later(SHUTDOWN_TIMEOUT if timeout is None else timeout, cut)
        try:
            # Not the future itself: others may wait for the same end, and be cancelled.
            await asyncio.wait([drained])
        finally:
            timer.cancel()
            if drained.done() and self._drained is drained:
                self._drained = None
        if cut_off and timeout is None:
            gen_log.warning(
                "%d requests took longer than %d s to finish (SHUTDOWN_TIMEOUT)",
                cut_off,
                SHUTDOWN_TIMEOUT,
            )
        return cut_off

    def _open(self) -> list[ServerProtocol | HTTP1ServerConnection]:
        return [*self._connections, *self._streams]

    # --- what connections ask ---

    @property
    def asyncio_loop(self) -> asyncio.AbstractEventLoop:
        """The loop that this server's connections live on."""
        loop = self._loop
        if loop is None:
            loop = self._loop = self._loop_to_serve_on().asyncio_loop
        return loop

    def done_future(self) -> asyncio.Future[None]:
        """Return a future that is done, the same one for all who need nothing else."""
        done = self._done
        if done is None:
            done = self._done = self.asyncio_loop.create_future()
            done.set_result(None)
        return done

    def direct(self) -> DirectDelegate | None:
        """Return what takes whole requests; None if ``start_request`` must be called."""
        delegate = self._delegate
        if (
            isinstance(delegate, DirectDelegate)
            and is_stock(self.start_request, _start_request)
            and not self.decompress_request
            and delegate.takes_requests()
        ):
            return delegate
        return None

    def connection_opened(self, connection: ServerProtocol) -> None:
        """A connection was accepted."""
        self._connections.add(connection)
        if self._timer is None:
            self._start_timer()
        if self._closing and self._stopped:
            # Its handshake took longer than the others: nobody waits for its requests.
            connection.abort()

    def _start_timer(self) -> None:
        self.tick = self.asyncio_loop.time()
        timeouts = [HEADER_TIMEOUT, self.idle_connection_timeout, self.body_timeout or 60.0]
        self._look = min(min(timeouts) / _LOOKS, _LONGEST_LOOK)
        self._timer = self.asyncio_loop.call_later(self._look, self._check_times)

    def connection_closed(self, connection: ServerProtocol) -> None:
        """A connection is gone."""
        self._connections.discard(connection)
        try:
            self.on_close(connection)
        finally:
            self._one_less()

    def _one_less(self) -> None:
        """A connection is gone: the timer ends with the last one, and so does the closing."""
        if self._open() or self._adopted:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    def adopt(self, successor: Successor) -> None:
        """A protocol follows HTTP on one of the connections, and ends with this server."""
        self._adopted.add(successor)
        if self._drained is not None:
            self.asyncio_loop.call_soon(successor.going_away)

    def release(self, successor: Successor) -> None:
        """The connection of a protocol that was adopted is gone."""
        self._adopted.discard(successor)
        self._one_less()

    def look_within(self, timeout: float) -> None:
        """See to it that a connection's own timeout is noticed in time."""
        look = timeout / _LOOKS
        if self._timer is not None and look < self._look:
            self._timer.cancel()
            self._look = look
            self._timer = self.asyncio_loop.call_later(look, self._check_times)

    def _check_times(self) -> None:
        loop = self.asyncio_loop
        tick = self.tick = loop.time()
        self._timer = loop.call_later(self._look, self._check_times)
        for connection in [*self._open(), *self._adopted]:
            connection.check_time(tick)

    # --- delegates ---

    def start_request(
        self, server_conn: object, request_conn: HTTPConnection
    ) -> HTTPMessageDelegate:
        """A request has begun, or is about to: find what receives it. Monitoring agents wrap this.

        Args:
            server_conn: The connection, the same object for all its requests.
            request_conn: Where this request's answer goes.
        """
        delegate = self._delegate.start_request(server_conn, request_conn)
        if self.xheaders and isinstance(request_conn, HTTP1Connection):
            return ForwardedRequest(delegate, request_conn)
        return delegate

    def on_close(self, server_conn: object) -> None:
        """A connection has closed."""
        self._delegate.on_close(server_conn)


_start_request: Final = HTTPServer.start_request
_handle_stream: Final = HTTPServer.handle_stream
