"""One connection of the HTTP client: a request goes out, a response comes in, again and again.

Layer: HTTP. Imports from ``_base``, ``_proto`` and this package.

Theory of operation
-------------------
A response that came whole, in one read, and whose head is of the usual kind, needs no parser
(``response_head.py``). All others are read by one (``response_parser.py``).

A response belongs to the exchange that is under way; there is at most one. Its end is acted on
when all bytes of one read were looked at, so that bytes after the end are known: a connection that
got any is never used again (they would be the answer to the next request).
"""

from __future__ import annotations

import asyncio
import os
import select
import socket
import ssl
import sys
from collections.abc import Callable
from typing import Any, Final, Protocol

from whirlwind._base.limits import BODY_CHUNK_SIZE
from whirlwind._http.client.response_head import (
    ResponseHead,
    known_heads,
    read_head,
    remember_head,
)
from whirlwind._http.client.response_parser import ResponseParser, ResponseReceiver, Switch
from whirlwind._proto.http.errors import HTTPInputError
from whirlwind._proto.http.headers import HTTPHeaders

if sys.platform == "linux":
    import fcntl
    import termios

    # Bytes of a socket that the peer has not acknowledged: SIOCOUTQ of tcp(7), by its other name.
    _TIOCOUTQ: Final[int | None] = termios.TIOCOUTQ
else:
    _TIOCOUTQ: Final[int | None] = None


class Exchange(ResponseReceiver, Protocol):
    """Who sent the request that a connection is waiting to have answered."""

    # Whether it only wants to know of the whole response, if that is plain.
    is_quiet: bool

    def first_byte(self) -> None: ...
    def whole_response(self, head: ResponseHead, headers: HTTPHeaders, body: bytes) -> None: ...
    def switched(
        self, connection: HTTPClientConnection, headers: HTTPHeaders, leftover: bytes
    ) -> None: ...
    def response_complete(self) -> None: ...
    def connection_failed(self, error: BaseException | None) -> None: ...
    def writing_resumed(self) -> None: ...


class HTTPClientConnection(asyncio.Protocol):
    """A connection to a server, as asyncio's transports drive it.

    Args:
        loop: The loop.
        key: What makes the connection what it is; the pool files it under this.
        max_header_size: Most bytes in the header of a response.
        released: Called with the connection when it can take the next request.
        lost: Called with the connection when it has ended.

    Attributes:
        key: As above.
        transport: The transport, None before the connection is made and after it is lost.
        used: Whether a response came through it already: then the server may have closed it
            while we were writing.
        reused: Whether two or more did: its server keeps connections.
        is_spare: Whether it was opened beside others, for a request that may be sent only once.
        unheard: Whether it ended with a request that its server has not read, or not wholly.
        sending: Whether it ended before all of the request was handed to the system.
        writable: False while the transport's buffer is full.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        key: object,
        *,
        max_header_size: int,
        released: Callable[[HTTPClientConnection], None],
        lost: Callable[[HTTPClientConnection], None],
    ) -> None:
        self.key = key
        self._loop = loop
        self.transport: asyncio.Transport | None = None
        self.used = False
        self.reused = False
        self.is_spare = False
        self.unheard = False
        self.sending = False
        self.writable = True
        self._max_header_size = max_header_size
        self._released = released
        self._lost = lost
        self._exchange: Exchange | None = None
        self._sent = True
        self._paused = False
        self._cut = False
        self._ended_unseen = False
        self._last_head = b""
        self._parser: ResponseParser | None = None

    # --- what the client calls ---

    @property
    def usable(self) -> bool:
        """Whether a request can be sent."""
        transport = self.transport
        return transport is not None and self._exchange is None and not transport.is_closing()

    @property
    def is_silent(self) -> bool:
        """Whether nothing came that nobody has read yet: not even the end."""
        assert self.transport is not None
        sock = self.transport.get_extra_info("socket")
        if sock is None or not hasattr(select, "poll"):
            return True
        poll = select.poll()
        poll.register(sock.fileno(), select.POLLIN)
        return not poll.poll(0)

    def send(self, exchange: Exchange, wire: bytes, *, complete: bool) -> None:
        """Send a request, or its beginning.

        Args:
            exchange: Who gets the response.
            wire: The first bytes.
            complete: Whether that is all; if not, ``write`` and ``request_complete`` follow.
        """
        assert self.transport is not None
        self._exchange = exchange
        self._sent = complete
        self.transport.write(wire)

    def write(self, wire: bytes) -> None:
        """Send more of the request; nothing happens if the connection has ended, or is ending."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(wire)
        else:
            # Whoever waits for room waits for the end, which comes in one of the next turns.
            self.writable = False

    def request_complete(self) -> None:
        """Say that the request is sent: the connection can be used again after the response."""
        self._sent = True

    def pause(self) -> None:
        """Read nothing more until ``resume``."""
        if self.transport is not None and not self.transport.is_closing() and not self._paused:
            self._paused = True
            if self._parser is None or not self._parser.behind:
                self.transport.pause_reading()

    def resume(self) -> None:
        """Read again."""
        if self._paused:
            self._paused = False
            if self._parser is not None and self._parser.behind:
                self._go_on_later()
            elif self.transport is not None and not self.transport.is_closing():
                self.transport.resume_reading()

    def hand_over(self, protocol: asyncio.BaseProtocol) -> asyncio.Transport:
        """Give the transport to another protocol, after the server has switched to it.

        Args:
            protocol: What the transport calls from now on; ``connection_made`` is not called.

        Raises:
            RuntimeError: The connection is gone.
        """
        transport = self.transport
        if transport is None:
            raise RuntimeError("cannot hand over: the connection is closed")
        self.transport = None
        self._exchange = None
        self._drop_parser()
        transport.set_protocol(protocol)
        self._lost(self)
        return transport

    def abort(self) -> None:
        """End the connection now; its exchange hears nothing more of it."""
        self._exchange = None
        if self._parser is not None:
            self._parser.receiver = None
        if self.transport is not None:
            self.transport.abort()

    # --- what the transport calls ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        # uvloop says nothing of an end without a farewell but that the connection is lost.
        self._cut = self._ended_unseen = transport.get_extra_info("ssl_object") is not None

    def data_received(self, data: bytes) -> None:
        exchange = self._exchange
        if exchange is None:
            # Bytes that nobody asked for: whatever they are, they must not become an answer.
            self.abort()
            return
        parser = self._parser
        if parser is None or not parser.begun:
            exchange.first_byte()
            end = data.find(b"\r\n\r\n") + 4
            wire = data[:end]
            head = known_heads.get(wire)
            is_known = head is not None
            if head is None and end >= 4:
                head = read_head(wire)
            if (
                head is not None
                and len(data) == end + head.length
                and head.length <= exchange.max_body_size
                and end <= self._max_header_size
                and not exchange.is_head
            ):
                if is_known:
                    headers = head.own_headers()
                elif wire != self._last_head:
                    self._last_head = wire
                    headers = head.headers
                else:
                    remember_head(wire, head)
                    headers = head.own_headers()
                self._take_whole(exchange, head, headers, data[end:])
                return
            if parser is None:
                parser = self._parser = ResponseParser(self._max_header_size)
            parser.receiver = exchange
        try:
            parser.feed(data)
        except Exception as error:
            self._parsing_failed(exchange, error)
        else:
            self._parsed(parser)

    def _parsed(self, parser: ResponseParser) -> None:
        if parser.complete:
            self._end(parser.keep_alive and not parser.leftover)
        elif parser.behind and parser.receiver is not None and not self._paused:
            if self.transport is not None and not self.transport.is_closing():
                self.transport.pause_reading()
            self._go_on_later()

    def _go_on_later(self) -> None:
        self._loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        """Parse what one turn of the loop had no room for."""
        parser, exchange = self._parser, self._exchange
        if parser is None or exchange is None or not parser.behind or self._paused:
            return
        try:
            parser.go_on()
        except Exception as error:
            self._parsing_failed(exchange, error)
            return
        self._read_again(parser)
        self._parsed(parser)

    def _read_again(self, parser: ResponseParser) -> None:
        transport = self.transport
        if transport is None or transport.is_closing() or self._paused or parser.behind:
            return
        transport.resume_reading()

    def _parsing_failed(self, exchange: Exchange, error: Exception) -> None:
        if isinstance(error, Switch):
            exchange.switched(self, error.headers, error.leftover)
        else:
            self._fail(error)

    def eof_received(self) -> None:
        # The transport closes, and connection_lost() decides what that means. This cannot wait
        # until then, when the socket may be gone.
        self._ended_unseen = False
        self._cut = self.transport is not None and _lacks_farewell(
            self.transport.get_extra_info("ssl_object")
        )
        if self.used and self._exchange is not None and self.transport is not None:
            self.unheard = _has_unacknowledged(self.transport.get_extra_info("socket"))

    def connection_lost(self, exc: Exception | None) -> None:
        if isinstance(exc, OSError) and self._exchange is not None and self.transport is not None:
            self._read_rest(self.transport)
        parser = self._parser
        # What came before is part of the response, whether there was a turn for it or not.
        while parser is not None and parser.behind and self._exchange is not None:
            self._paused = False
            self._go_on()
        exchange, self._exchange = self._exchange, None
        until_close = parser is not None and parser.until_close
        self.sending = not (self._sent and self.writable)
        self._drop_parser()
        self.transport = None
        self._lost(self)
        if exchange is None:
            return
        # A server that closes with unread bytes before it answers with a reset. Of an end that
        # uvloop hides (see connection_made) nothing is known, and what may be sent twice is.
        self.unheard = self.unheard or isinstance(exc, OSError) or self._ended_unseen
        if until_close and exc is None and self._cut:
            exchange.connection_failed(
                HTTPInputError("a body without length ended without the farewell of TLS")
            )
        elif until_close and exc is None:
            exchange.response_complete()
        else:
            exchange.connection_failed(exc)

    def pause_writing(self) -> None:
        self.writable = False

    def resume_writing(self) -> None:
        self.writable = True
        if self._exchange is not None:
            self._exchange.writing_resumed()

    # --- what follows from it ---

    def _take_whole(
        self, exchange: Exchange, head: ResponseHead, headers: HTTPHeaders, body: bytes
    ) -> None:
        """Take a response that came whole; the parser does not hear of it."""
        quiet = exchange.is_quiet and head.is_plain
        if not quiet:
            try:
                exchange.headers_received(head.code, head.reason, head.version, headers)
                # A callback may have ended the exchange.
                if body and self._exchange is exchange:
                    exchange.data_received(body)
            except Exception as error:
                self._fail(error)
                return
            if self._exchange is not exchange:
                return
        self._exchange = None
        # Before the exchange hears of its end: the request that follows wants the connection.
        self._release(head.keep_alive)
        if quiet:
            exchange.whole_response(head, headers, body)
        else:
            exchange.response_complete()

    def _release(self, reusable: bool) -> None:
        transport = self.transport
        if transport is None:
            return
        # Behind a body that its server does not read, the next request would wait for ever.
        if not (reusable and self._sent and self.writable) or transport.is_closing():
            transport.abort()
            return
        self.reused = self.used
        self.used = True
        # The exchange may still be handing over what it has; a kept connection must read,
        # or it would not notice that the server has gone.
        if self._paused:
            self.resume()
        self._released(self)

    def _end(self, reusable: bool) -> None:
        exchange, self._exchange = self._exchange, None
        if self._parser is not None:
            self._parser.begin()
        self._release(reusable)
        if exchange is not None:
            exchange.response_complete()

    def _drop_parser(self) -> None:
        parser, self._parser = self._parser, None
        if parser is not None:
            parser.close()

    def _read_rest(self, transport: asyncio.Transport) -> None:
        """Read what came before a write failed.

        A server that refuses a request without reading its body answers and closes, and the
        reset that follows fails our writing. asyncio's transport then reads no more, although
        the answer, which says why, is there.
        """
        sock = transport.get_extra_info("socket")
        if sock is None or transport.get_extra_info("ssl_object") is not None:
            return
        try:
            with socket.socket(fileno=os.dup(sock.fileno())) as own:
                own.setblocking(False)
                while self._exchange is not None and (data := own.recv(BODY_CHUNK_SIZE)):
                    self.data_received(data)
        except OSError:
            pass  # there is no more: the connection's own error tells of it

    def _fail(self, error: BaseException) -> None:
        exchange, self._exchange = self._exchange, None
        if self._parser is not None:
            self._parser.receiver = None
        if self.transport is not None:
            self.transport.abort()
        if exchange is not None:
            exchange.connection_failed(error)


def _lacks_farewell(tls: Any) -> bool:
    """True if a connection over TLS ended without ``close_notify``.

    Whoever carries the bytes can end a TCP connection; only the server can say that it is the end.

    Source: RFC 9112, section 9.8: a response that the end of the connection would complete is
    incomplete without it.
    """
    if tls is None:
        return False
    try:
        # After a farewell there is nothing to read; without it, OpenSSL waits for more.
        return bool(tls.read(1))
    except ssl.SSLZeroReturnError:
        return False
    except (ssl.SSLError, ValueError):
        return True


def _has_unacknowledged(sock: Any) -> bool:
    """True if the peer closed a connection before it got all that was written to it.

    The packet that closes acknowledges what its sender had received by then. What is not
    acknowledged when it is here, the peer has not seen; what is, the peer may have acted upon.
    """
    if _TIOCOUTQ is None or sock is None:
        return False  # nothing is known
    try:
        waiting = fcntl.ioctl(sock.fileno(), _TIOCOUTQ, bytes(4))
    except OSError:
        return False
    return waiting != bytes(4)
