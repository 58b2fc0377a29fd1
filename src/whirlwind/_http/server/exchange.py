"""One request and its answer on a server's connection.

Layer: HTTP. Imports from ``_base``, ``_net`` and ``_proto``.

Theory of operation
-------------------
The socket's protocol object lives as long as the connection; an exchange lives as long as one
request. It is made for each of them so that a program which still holds the connection of a
request long answered cannot write into the answer of another.

An answer is framed in one of four ways, decided when its head is written (RFC 9112, section 6.3):
it has no body (HEAD, 1xx, 204, 304); it announces its length; it is chunked; or, to an HTTP/1.0
client, it ends with the connection.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from whirlwind._http.messages import HTTPConnection, HTTPMessageDelegate
from whirlwind._http.server.context import RequestContext
from whirlwind._http.server.file_sending import FileSending, file_sending
from whirlwind._http.server.stream import TransportStream
from whirlwind._http.write_callbacks import call_when_written
from whirlwind._net.iostream import IOStream
from whirlwind._proto.http.dates import format_timestamp
from whirlwind._proto.http.errors import HTTPOutputError
from whirlwind._proto.http.headers import HTTPHeaders, check_value, encode_fields
from whirlwind._proto.http.start_line import RequestStartLine, ResponseStartLine
from whirlwind._proto.http1.chunked import ChunkedDecoder
from whirlwind._proto.http1.framing import CHUNKED_FIELD, answer_framing
from whirlwind._proto.http1.request_head import HeaderBlock
from whirlwind._proto.http1.response_framing import allowed_framing

if TYPE_CHECKING:
    from whirlwind._http.server.protocol import ServerProtocol

_CLOSE = b"Connection: close\r\n"
_KEEP_ALIVE = b"Connection: Keep-Alive\r\n"

_date: tuple[int, bytes] = (-1, b"")

_status_lines: dict[tuple[int, str], bytes] = {}


def status_line(code: int, reason: str) -> bytes:
    """Return the first line of an answer, with its CRLF.

    Raises:
        HTTPOutputError: The reason holds a control character or one above U+00FF, or the code
            is not of three digits.
    """
    line = _status_lines.get((code, reason))
    if line is None:
        if not 100 <= code <= 999:
            raise HTTPOutputError(f"status code {code!r} is not of three digits")
        check_value("reason", reason)
        line = f"HTTP/1.1 {code} {reason}\r\n".encode("latin-1")
        if len(_status_lines) < 256:
            _status_lines[code, reason] = line
    return line


def date_line(now: float) -> bytes:
    """Return the Date field, with its CRLF; one is made for each second.

    Source: RFC 9110, section 6.6.1: an origin server with a clock sends it with all answers of
    2xx to 4xx.
    """
    global _date
    second = int(now)
    if _date[0] != second:
        _date = (second, f"Date: {format_timestamp(second)}\r\n".encode("ascii"))
    return _date[1]


class Exchange(HTTPConnection):
    """Where the answer to one request is written; ``request.connection`` of a handler.

    Attributes:
        server_connection: The connection under it, the same for all its requests.
        delegate: What receives the request; None once it is complete.
        reading: True while the request's body is still coming in.
        finished: True once the answer is complete.
        keep_alive: True if the connection stays open after this answer.
        sending: A file that is on its way, if one is.
        direct: True where nobody looks on: a handler may then write its head as bytes.
    """

    variables: contextvars.Context  # what the delegate runs in, once there is one
    delegate: HTTPMessageDelegate | None = None
    reading = False
    finished = False
    direct = True
    head_sent = False
    body_timeout: float | None = None
    max_body: int | None = None
    decoder: ChunkedDecoder | None = None
    sending: FileSending | None = None
    _chunked = False
    _silent = False  # nothing of a body goes out
    _bypassed = False  # bytes went out through the face of a stream
    _switched = False  # what follows the head is not HTTP
    _left: int | None = None  # bytes of the announced length still to be written
    _close_callback: Callable[[], None] | None = None
    _context: RequestContext | None = None

    def __init__(
        self, connection: ServerProtocol, method: str, version: str, block: HeaderBlock
    ) -> None:
        self.server_connection = connection
        self.method = method
        self.version = version
        self.block = block
        # A chunked request of HTTP/1.0 is kept as well, against RFC 9112, section 6.1, and as
        # Tornado's suite wants it.
        keep = not block.close if version == "HTTP/1.1" else block.keep_alive
        self.keep_alive = keep and connection.server.keep_alive

    # --- what the program may ask ---

    @property
    def context(self) -> RequestContext:
        """The client's address and scheme."""
        context = self._context
        if context is None:
            context = self._context = self.server_connection.context_for(self.block.headers)
        return context

    @property
    def stream(self) -> TransportStream:
        """The connection with the face of a stream, to close it or to look at its socket."""
        return TransportStream(self)

    @property
    def no_keep_alive(self) -> bool:
        return not self.server_connection.server.keep_alive

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Ask the transport, as ``asyncio.BaseTransport.get_extra_info``."""
        transport = self.server_connection.transport
        return default if transport is None else transport.get_extra_info(name, default)

    def set_close_callback(self, callback: Callable[[], None] | None) -> None:
        """Have ``callback`` called if the connection closes before the answer is complete."""
        self._close_callback = callback

    def set_max_body_size(self, max_body_size: int) -> None:
        """Set the most bytes that the body of this request may have.

        Has an effect until the body begins: call it from ``prepare`` of a handler with
        ``stream_request_body``, or from ``headers_received``.
        """
        self.max_body = max_body_size
        if self.decoder is not None:
            self.decoder.max_body = max_body_size

    def body_limit(self) -> int:
        """Return the most bytes that the body of this request may have."""
        most = self.max_body
        return self.server_connection.server.max_body_size if most is None else most

    def piece_size(self) -> int:
        """Return the most bytes of a body that a delegate is given at once."""
        return self.server_connection.server.chunk_size

    def set_body_timeout(self, timeout: float) -> None:
        """Set how many seconds the body of this request may take to come in."""
        self.body_timeout = timeout
        self.server_connection.server.look_within(timeout)

    # --- the answer ---

    def can_begin(self) -> bool:
        """True if nothing of an answer was sent, and one still can be."""
        return not (self.head_sent or self.finished or self.server_connection.closing)

    def write_headers(
        self,
        start_line: RequestStartLine | ResponseStartLine,
        headers: HTTPHeaders,
        chunk: bytes | None = None,
        callback: Callable[[], object] | None = None,
    ) -> asyncio.Future[None]:
        """Write the head of the answer, and a first piece of its body along with it.

        Args:
            start_line: A ``ResponseStartLine``; a code of 1xx leaves the answer itself to come,
                but for 101, after which the connection is to be taken over.
            headers: Its fields. Without ``Content-Length`` or ``Transfer-Encoding`` the body is
                chunked, or ends with the connection for an HTTP/1.0 client.
            chunk: The first piece of the body.
            callback: Called when the future would be resolved, as until Tornado 5.1.

        Returns:
            A future that is done when the peer has room for more.

        Raises:
            HTTPOutputError: A field or the reason holds what may not be sent, the body is longer
                than announced, or the answer has begun already. Nothing was sent.

        Source: RFC 9112, section 6.3.
        """
        if callback is not None:
            future = self.write_headers(start_line, headers, chunk)
            call_when_written(future, callback)
            return future
        if not isinstance(start_line, ResponseStartLine):
            raise TypeError(f"a server writes a ResponseStartLine, not {start_line!r}")
        if self.head_sent:
            raise HTTPOutputError("the head of this answer was written already")
        code = start_line.code
        headers = allowed_framing(headers, code, self.method, self.version)
        head = status_line(code, start_line.reason or "") + encode_fields(headers)
        if code < 200 and code != 101:
            # An HTTP/1.0 client knows no answer before the answer (RFC 9110, section 15.2).
            return self._send(head + b"\r\n" if self.version == "HTTP/1.1" else b"")
        self._switched = code == 101
        if "Date" not in headers and code >= 200:
            head += date_line(self.server_connection.server.clock())
        try:
            framing = answer_framing(self.method, self.version, code, headers)
        except HTTPOutputError:
            # No error page either, as with every length that does not hold: Tornado's suite wants
            # the connection closed, since a program that frames by itself is not to be trusted.
            self.server_connection.abort()
            raise
        if framing.adds_field:
            head += CHUNKED_FIELD
        if framing.closes:
            self.keep_alive = False
        self._chunked = framing.chunked
        self._silent = framing.silent
        self._left = None if framing.silent else framing.length
        head += self.connection_field(headers)
        wire = self._frame(chunk) if chunk else b""
        self.head_sent = True
        return self._send(head + b"\r\n" + wire)

    def connection_field(self, headers: HTTPHeaders | None = None) -> bytes:
        """Return the Connection field that the answer needs: a line, or nothing."""
        if headers is not None:
            stated = headers.get("Connection")
            if stated is not None:
                if "close" in stated.lower():
                    self.keep_alive = False
                return b""
        if not self.keep_alive:
            # HTTP/1.0 ends by itself, but the answer says 1.1, which a proxy keeps: one that asked
            # for the end is told of it.
            return _CLOSE if self.version == "HTTP/1.1" or self.block.close else b""
        if self.server_connection.is_closing() or self.reading:
            # Without the rest of the request, nobody knows where the next one begins.
            self.keep_alive = False
            return _CLOSE
        return b"" if self.version == "HTTP/1.1" else _KEEP_ALIVE

    def answer(self, head: bytes, body: bytes) -> asyncio.Future[None]:
        """Write a whole answer, head and body at once.

        Args:
            head: First line and fields, without the empty line; Connection is added. The
                request is no CONNECT.
            body: The whole body; it is left out where the request was a HEAD.

        Returns:
            A future that is done when the peer has room for more.
        """
        if self.finished:
            raise HTTPOutputError("this request was answered already")
        self.head_sent = True
        connection = self.server_connection
        if self.method == "HEAD":
            body = b""
            self._silent = True
        if (
            self.keep_alive
            and self.version == "HTTP/1.1"
            and not self.reading
            and not connection.closing
        ):
            transport = connection.transport
            if transport is not None and not connection.write_paused:
                transport.write(b"".join((head, b"\r\n", body)))
                return connection.done
            return connection.send(b"".join((head, b"\r\n", body)))
        return connection.send(b"".join((head, self.connection_field(), b"\r\n", body)))

    def write(
        self, chunk: bytes, callback: Callable[[], object] | None = None
    ) -> asyncio.Future[None]:
        """Write a piece of the body; the future is done when the peer has room for more.

        Raises:
            HTTPOutputError: The body becomes longer than announced.
        """
        if callback is not None:
            future = self.write(chunk)
            call_when_written(future, callback)
            return future
        if self.finished:
            raise HTTPOutputError("this request was answered already")
        if chunk and not self.head_sent:
            # Tornado 4's interface: a program that writes its head itself, as bytes.
            self.head_sent = True
        return self._send(self._frame(chunk))

    # --- files as bodies ---

    def send_file(self, file: int, offset: int, count: int) -> asyncio.Future[int]:
        """Send a part of a file as the next piece of the body, by ``os.sendfile`` if that can be.

        The head must have been written, and nothing else may be until the future is done.

        Args:
            file: A descriptor of a regular file; keep it open until the future is done.
            offset: First byte to send.
            count: How many bytes.

        Returns:
            A future of how many bytes were sent: fewer than ``count`` where the file ended, and 0
            where this connection or this file cannot; read and ``write`` the rest then.
        """
        sending = file_sending(self, file, offset, count)
        if sending is None:
            none_sent: asyncio.Future[int]
            none_sent = self.server_connection.server.asyncio_loop.create_future()
            none_sent.set_result(0)
            return none_sent
        self.sending = sending
        sending.start()
        return sending.future

    def awaits_bytes(self, count: int) -> bool:
        """True if ``count`` more bytes of a body may go out as they are, without framing."""
        left = self._left
        return left is not None and count <= left and not self._silent and self.sending is None

    def count_sent(self, count: int) -> None:
        """Bytes of the body went out on another way than ``write``."""
        if self._left is not None:
            self._left -= count

    def write_raw(self, wire: bytes) -> asyncio.Future[None]:
        """Write bytes as they are, head and framing being the caller's: Tornado 4's interface."""
        self.head_sent = True
        return self._send(wire)

    def write_to_stream(self, wire: bytes) -> asyncio.Future[None]:
        """Write bytes that count for nothing: a program writes to the stream by itself.

        It may still write an answer in the usual way; it also may have written all of it.
        """
        self._bypassed = True
        return self._send(wire)

    def finish(self) -> None:
        """The answer is complete: the connection takes the next request, or closes.

        Raises:
            HTTPOutputError: Less was written than announced; the connection is closed.
        """
        if self.finished:
            return
        if not (self.head_sent or self._bypassed):
            # A program whose head was refused, or that wrote none: the client must hear something.
            self.keep_alive = False
            self._send(
                status_line(500, "Internal Server Error")
                + b"Content-Length: 0\r\n"
                + _CLOSE
                + b"\r\n"
            )
        if self._left and not self.server_connection.is_gone():
            missing = self._left
            self.server_connection.abort()
            raise HTTPOutputError(f"Tried to write {missing} bytes less than Content-Length")
        if self._chunked and not self._silent:
            self._send(b"0\r\n\r\n")
        self.finished = True
        self._close_callback = None
        if not self.reading:
            self.delegate = None
        if self._switched:
            # The next bytes are not HTTP. They are for whoever detaches the connection, as some
            # programs do after finish(); if nobody does, for nobody.
            self.server_connection.server.asyncio_loop.call_soon(self._end_unless_taken)
            return
        self.server_connection.exchange_finished(self)

    def _end_unless_taken(self) -> None:
        if self.server_connection.exchange is self:
            self.close()

    def break_off(self) -> None:
        """End the answer where it is, and the connection with it.

        The client can tell that the answer is not whole: a length is not reached, the last chunk
        is missing, or, where the answer was to end with the connection, that is reset.
        """
        if self.finished:
            return
        self.keep_alive = False
        self.finished = True
        self._close_callback = None
        if self.sending is not None:
            self.sending.connection_lost()
        if not self.reading:
            self.delegate = None
        connection = self.server_connection
        ends_with_connection = self._left is None and not self._chunked and not self._silent
        if self.head_sent and ends_with_connection:
            connection.reset()
        elif connection.write_paused:
            connection.abort()
        connection.exchange_finished(self)

    def detach(self) -> IOStream:
        """Take the connection out of the server's hands; see ``RequestHandler.detach``."""
        self.finished = True
        self._close_callback = None
        self.delegate = None
        return self.server_connection.detach()

    def hand_over(self, protocol: asyncio.BaseProtocol) -> tuple[asyncio.Transport, bytes]:
        """Give the transport to another protocol; see ``ServerProtocol.hand_over``."""
        handed = self.server_connection.hand_over(protocol)
        self.finished = True
        self._close_callback = None
        self.delegate = None
        return handed

    def close(self) -> None:
        """Close the connection at once; what was written is still sent."""
        self.keep_alive = False
        self.server_connection.close()

    # --- inside ---

    def _frame(self, chunk: bytes) -> bytes:
        if self._silent:
            return b""
        left = self._left
        if left is not None:
            left -= len(chunk)
            if left < 0:
                self.server_connection.abort()
                raise HTTPOutputError("Tried to write more data than Content-Length")
            self._left = left
        elif self._chunked and chunk:
            return b"%x\r\n%b\r\n" % (len(chunk), chunk)
        return bytes(chunk)

    def _send(self, wire: bytes) -> asyncio.Future[None]:
        if self.finished:
            raise HTTPOutputError("this request was answered already")
        return self.server_connection.send(wire)

    def connection_lost(self) -> None:
        """The connection is gone: tell whoever still waits for something of this exchange."""
        if self.sending is not None and self.server_connection.transport is None:
            self.sending.connection_lost()  # a client that only said all it has to say still reads
        callback, self._close_callback = self._close_callback, None
        delegate, self.delegate = self.delegate, None
        if self.reading:
            # Either finish() of the delegate or this; once it has finished, the callback.
            if delegate is not None:
                delegate.on_connection_close()
        elif callback is not None:
            callback()
