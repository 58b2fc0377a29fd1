"""One connection of the HTTP client: a request goes out, a response comes in, again and again.

Layer: HTTP. Imports from ``_base`` and ``_proto``.

Theory of operation
-------------------
httptools (llhttp in its strict mode) finds the structure; it refuses what is ambiguous by
itself: lone CR or LF, folded lines, white space before a colon, two lengths, a length beside
chunks. What it lets pass is checked here: the version, transfer codings other than exactly
``chunked``, the size of the header, the number of its fields, of trailers and of 1xx responses.

A response belongs to the exchange that is under way; there is at most one. Its end is acted on
when the parser has seen all bytes of one read, so that bytes after the end are known: a
connection that got any is never used again (they would be the answer to the next request).

A head that came before, byte for byte, needs no parser (``remembered_heads.py``).

The parser cannot be told that a response to HEAD has no body. Such a response is complete with
its header, and the parser, which is waiting for a body, is thrown away.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Callable
from typing import Any, Final, Protocol

import httptools

from whirlwind._base.errors import RemoteProtocolError
from whirlwind._base.limits import BODY_CHUNK_SIZE, MAX_INFORMATIONAL, MAX_TRAILER_COUNT
from whirlwind._http.client.remembered_heads import KnownHead, known_heads, remember_head
from whirlwind._proto.http.errors import HTTPInputError
from whirlwind._proto.http.headers import HTTPHeaders, fields_from_wire
from whirlwind._proto.http1.framing import response_framing
from whirlwind._proto.http1.repeated_length import with_one_length

if sys.platform == "linux":
    import fcntl
    import termios

    # Bytes of a socket that the peer has not acknowledged: SIOCOUTQ of tcp(7), by its other name.
    _TIOCOUTQ: Final[int | None] = termios.TIOCOUTQ
else:
    _TIOCOUTQ: Final[int | None] = None

_BAD_LENGTH: Final = "Invalid character in Content-Length"
# What llhttp says, in the words of RFC 9112 and of Tornado's log.
_REASONS: Final = {
    "Content-Length can't be present with Transfer-Encoding": (
        "Message with both Transfer-Encoding and Content-Length"
    ),
    "Transfer-Encoding can't be present with Content-Length": (
        "Message with both Transfer-Encoding and Content-Length"
    ),
    "Unexpected whitespace after header value": (
        "header line cannot start with whitespace, folding not supported"
    ),
}


class Exchange(Protocol):
    """Who sent the request that a connection is waiting to have answered."""

    is_head: bool
    max_body_size: int
    upgrade: bool  # the request asks for another protocol

    def first_byte(self) -> None: ...
    def continue_received(self) -> None: ...
    def headers_received(
        self, code: int, reason: str, version: str, headers: HTTPHeaders
    ) -> None: ...
    def switched(
        self, connection: HTTPClientConnection, headers: HTTPHeaders, leftover: bytes
    ) -> None: ...
    def data_received(self, data: bytes) -> None: ...
    def response_complete(self) -> None: ...
    def connection_failed(self, error: BaseException | None) -> None: ...
    def writing_resumed(self) -> None: ...


class HTTPClientConnection(asyncio.Protocol):
    """A connection to a server, as asyncio's transports drive it.

    Args:
        key: What makes the connection what it is; the pool files it under this.
        max_header_size: Most bytes in the header of a response.
        released: Called with the connection when it can take the next request.
        lost: Called with the connection when it has ended.

    Attributes:
        key: As above.
        transport: The transport, None before the connection is made and after it is lost.
        used: Whether a response came through it already: then the server may have closed it
            while we were writing.
        unheard: Whether it ended with a request that its server has not read, or not wholly.
        writable: False while the transport's buffer is full.
    """

    def __init__(
        self,
        key: object,
        *,
        max_header_size: int,
        released: Callable[[HTTPClientConnection], None],
        lost: Callable[[HTTPClientConnection], None],
    ) -> None:
        self.key = key
        self.transport: asyncio.Transport | None = None
        self.used = False
        self.unheard = False
        self.writable = True
        self._max_header_size = max_header_size
        self._released = released
        self._lost = lost
        self._exchange: Exchange | None = None
        self._sent = True
        self._paused = False
        self._parser: Any = httptools.HttpResponseParser(self)
        self._error: BaseException | None = None
        self._begin()

    def _begin(self) -> None:
        self._fields: list[tuple[bytes, bytes]] = []
        self._reason = b""
        self._header_size = 0
        self._head = b""  # that of the response, if it came in one read
        self._unfinished: bytearray | None = None  # its beginning, if it did not
        self._unmended: BaseException | None = None
        self._in_header = True
        self._informational = 0
        self._interim = False
        self._until_close = False
        self._keep_alive = False
        self._body_size = 0
        self._trailers = 0
        self._complete = False
        self._leftover = False
        self._switched: HTTPHeaders | None = None

    # --- what the client calls ---

    @property
    def usable(self) -> bool:
        """Whether a request can be sent."""
        transport = self.transport
        return transport is not None and self._exchange is None and not transport.is_closing()

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
        """Send more of the request; nothing happens if the connection has ended."""
        if self.transport is not None:
            self.transport.write(wire)

    def request_complete(self) -> None:
        """Say that the request is sent: the connection can be used again after the response."""
        self._sent = True

    def pause(self) -> None:
        """Read nothing more until ``resume``."""
        if self.transport is not None and not self.transport.is_closing() and not self._paused:
            self._paused = True
            self.transport.pause_reading()

    def resume(self) -> None:
        """Read again."""
        if self._paused:
            self._paused = False
            if self.transport is not None and not self.transport.is_closing():
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
        self._parser = None
        transport.set_protocol(protocol)
        self._lost(self)
        return transport

    def abort(self) -> None:
        """End the connection now; its exchange hears nothing more of it."""
        self._exchange = None
        if self.transport is not None:
            self.transport.abort()

    # --- what the transport calls ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        exchange = self._exchange
        if exchange is None:
            # Bytes that nobody asked for: whatever they are, they must not become an answer.
            self.abort()
            return
        if self._in_header:
            if not self._header_size:
                exchange.first_byte()
                head_end = data.find(b"\r\n\r\n") + 4
                known = known_heads.get(data[:head_end])
                if (
                    known is not None
                    and len(data) == head_end + known.length
                    and known.length <= exchange.max_body_size
                    and head_end <= self._max_header_size
                    and not exchange.is_head
                ):
                    self._take_known(exchange, known, data[head_end:])
                    return
                # Not with empty lines before it, which the parser forgives.
                if head_end > 3 and data.startswith(b"HTTP/"):
                    self._head = data[:head_end]
            elif self._unmended is not None:
                self._header_size += len(data)
                self._mend(self._unmended, data)
                return
        self._feed(data)

    def _feed(self, data: bytes) -> None:
        exchange = self._exchange
        if exchange is None:
            return
        if self._in_header:
            self._header_size += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError as error:
            self._fail(error.__context__ or error)
            return
        except httptools.HttpParserUpgrade as upgrade:
            switched, self._switched = self._switched, None
            if switched is None:
                self._fail(HTTPInputError("server switched protocols without having been asked to"))
            elif self._header_size - len(data) + upgrade.args[0] > self._max_header_size:
                self._fail(self._header_too_large())
            else:
                exchange.switched(self, switched, data[upgrade.args[0] :])
            return
        except httptools.HttpParserError as error:
            if str(error) == _BAD_LENGTH and self._in_header and not self._informational:
                self._mend(error, data)
                return
            # After a complete response: bytes that do not belong to it.
            if not self._complete:
                self._fail(HTTPInputError(_REASONS.get(str(error), str(error))), error)
                return
            self._leftover = True
        if self._switched is not None:
            self._fail(HTTPInputError("server switched protocols, and does not say to which"))
        elif self._complete:
            self._end()
        elif self._in_header:
            if self._unfinished is None:
                self._unfinished = bytearray()
            self._unfinished += data
            if self._header_size > self._max_header_size:
                self._fail(self._header_too_large())

    def eof_received(self) -> None:
        # The transport closes, and connection_lost() decides what that means. This cannot wait
        # until then, when the socket may be gone.
        if self.used and self._exchange is not None and self.transport is not None:
            self.unheard = _has_unacknowledged(self.transport.get_extra_info("socket"))

    def connection_lost(self, exc: Exception | None) -> None:
        if isinstance(exc, OSError) and self._exchange is not None and self.transport is not None:
            self._read_rest(self.transport)
        exchange, self._exchange = self._exchange, None
        until_close = self._until_close and not self._in_header
        # The parser holds our methods; without this the two would wait for the collector.
        self._parser = None
        self.transport = None
        self._lost(self)
        if exchange is None:
            return
        # A server that closes with unread bytes before it answers with a reset.
        self.unheard = self.unheard or isinstance(exc, OSError)
        if until_close and exc is None:
            exchange.response_complete()
        else:
            exchange.connection_failed(exc)

    def pause_writing(self) -> None:
        self.writable = False

    def resume_writing(self) -> None:
        self.writable = True
        if self._exchange is not None:
            self._exchange.writing_resumed()

    # --- what the parser calls ---

    def on_message_begin(self) -> None:
        if self._complete:
            self._leftover = True

    def on_status(self, reason: bytes) -> None:
        self._reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_header:
            self._fields.append((name, value))
        else:
            # Trailers are never merged into the header; what they say about framing or access
            # comes too late to mean anything.
            self._trailers += 1
            if self._trailers > MAX_TRAILER_COUNT:
                raise HTTPInputError(f"more than {MAX_TRAILER_COUNT} trailers (MAX_TRAILER_COUNT)")

    def on_headers_complete(self) -> None:
        exchange = self._exchange
        if exchange is None or self._complete:
            self._leftover = True
            return
        code: int = self._parser.get_status_code()
        version: str = self._parser.get_http_version()
        if version not in ("1.1", "1.0") or code < 100:
            raise HTTPInputError(f"response of HTTP version {version} and status {code}")
        if self._header_size > self._max_header_size:
            # Of what came, a part may be body.
            size = sum([len(name) + len(value) + 4 for name, value in self._fields])
            if size > self._max_header_size:
                raise self._header_too_large()
        if code == 101 and exchange.upgrade and version == "1.1":
            self._switched = fields_from_wire(self._fields)
            return
        if code < 200:
            self._take_interim(code, exchange)
            return
        headers = fields_from_wire(self._fields)
        self._in_header = False
        protocol = f"HTTP/{version}"
        length = self._take_framing(code, protocol, headers, exchange)
        reason = self._reason.decode("latin-1")
        if self._head and length is not None and not exchange.is_head:
            known = KnownHead(code, reason, protocol, headers.copy(), length, self._keep_alive)
            remember_head(self._head, known)
        exchange.headers_received(code, reason, protocol, headers)
        if exchange.is_head:
            self._complete = True

    def on_body(self, data: bytes) -> None:
        exchange = self._exchange
        if self._complete or exchange is None:
            self._leftover = True
            return
        self._body_size += len(data)
        if self._body_size > exchange.max_body_size:
            what = "Body too long" if self._until_close else "chunked body too large"
            raise HTTPInputError(f"{what}: over {exchange.max_body_size} bytes (max_body_size)")
        exchange.data_received(data)

    def on_message_complete(self) -> None:
        if self._interim:
            self._interim = False
        elif self._complete:
            self._leftover = True
        else:
            self._complete = True

    # --- what follows from it ---

    def _mend(self, error: BaseException, data: bytes) -> None:
        """Go on where the length was said twice, once the head is there.

        The parser gives up at the comma; it gets the head again, with the length said once.
        """
        self._unmended = error
        wire = self._unfinished
        if wire is None:
            wire = self._unfinished = bytearray()
        # Not from its beginning: it may come byte by byte.
        end = max(0, len(wire) - 3)
        wire += data
        end = wire.find(b"\r\n\r\n", end) + 4
        if end < 4:
            if self._header_size > self._max_header_size:
                self._fail(self._header_too_large())
            return
        self._unfinished = None
        head = with_one_length(bytes(wire[:end]))
        if head is None:
            several = (
                b"," in wire[:end].lower().partition(b"content-length:")[2].partition(b"\r")[0]
            )
            what = "Multiple unequal Content-Lengths" if several else str(error)
            self._fail(HTTPInputError(what), error)
            return
        self._unmended = None
        self._fields = []
        self._reason = b""
        self._head = b""
        self._header_size = 0
        self._parser = httptools.HttpResponseParser(self)
        self._feed(head + bytes(wire[end:]))

    def _take_known(self, exchange: Exchange, known: KnownHead, body: bytes) -> None:
        """Take a whole response whose head is known; the parser does not hear of it."""
        try:
            exchange.headers_received(known.code, known.reason, known.version, known.headers.copy())
            # A callback may have ended the exchange.
            if body and self._exchange is exchange:
                exchange.data_received(body)
        except Exception as error:
            self._fail(error)
            return
        transport = self.transport
        if (
            self._exchange is exchange
            and known.keep_alive
            and self._sent
            and transport is not None
            and not transport.is_closing()
        ):
            # As in _end(), without a new beginning: the parser has seen nothing of it.
            self._exchange = None
            self.used = True
            self.resume()
            self._released(self)
            exchange.response_complete()
            return
        self._keep_alive = known.keep_alive
        self._complete = True
        self._end()

    def _take_interim(self, code: int, exchange: Exchange) -> None:
        self._informational += 1
        if self._informational > MAX_INFORMATIONAL:
            raise HTTPInputError(
                f"Too many 1xx responses: more than {MAX_INFORMATIONAL} (MAX_INFORMATIONAL)"
            )
        if code == 101:
            raise HTTPInputError("server switched protocols without having been asked to")
        self._interim = True
        self._fields = []
        self._reason = b""
        self._header_size = 1
        self._head = b""
        if code == 100:
            exchange.continue_received()

    def _take_framing(
        self, code: int, version: str, headers: HTTPHeaders, exchange: Exchange
    ) -> int | None:
        framing = response_framing(version, code, headers, answers_head=exchange.is_head)
        if framing.length is not None and framing.length > exchange.max_body_size:
            raise HTTPInputError(
                f"Content-Length too long: {framing.length} is over {exchange.max_body_size} bytes "
                "(max_body_size)"
            )
        self._until_close = framing.length is None and not framing.chunked
        option = headers.get("Connection", "").lower()
        self._keep_alive = not self._until_close and (
            "close" not in option if version == "HTTP/1.1" else "keep-alive" in option
        )
        return framing.length

    def _end(self) -> None:
        exchange, self._exchange = self._exchange, None
        reusable = self._keep_alive and self._sent and not self._leftover
        if exchange is not None and exchange.is_head:
            self._parser = httptools.HttpResponseParser(self)
        transport = self.transport
        if reusable and transport is not None and not transport.is_closing():
            self.used = True
            # The exchange may still be handing over what it has; a kept connection must read,
            # or it would not notice that the server has gone.
            self.resume()
            self._begin()
            # Before the exchange hears of its end: the request that follows wants it.
            self._released(self)
        elif transport is not None:
            transport.abort()
        if exchange is not None:
            exchange.response_complete()

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

    def _fail(self, error: BaseException, cause: BaseException | None = None) -> None:
        exchange, self._exchange = self._exchange, None
        if cause is not None:
            error.__cause__ = cause
        if self.transport is not None:
            self.transport.abort()
        if exchange is not None:
            exchange.connection_failed(error)

    def _header_too_large(self) -> RemoteProtocolError:
        return HTTPInputError(
            f"response header is over {self._max_header_size} bytes (max_header_size)", status=431
        )


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
