"""One HTTP/1 message each way over a stream, on either side.

Layer: HTTP. Imports from ``_base``, ``_net`` and ``_proto``.

Theory of operation
-------------------
A server reads a request and writes its answer; a client writes a request and reads the answer to
it. What goes out is written here, what comes in is read by ``IncomingMessage``. The two meet in
three places: the framing of an answer depends on the request that was read, that of a response on
the request that was written; and reading a message ends only when the one going the other way is
complete as well (``settled``), since the next message may not begin before.

An answer that is complete before its request was read ends the connection. What still comes of
the request is read and thrown away, within bounds, because closing a socket with unread bytes
resets it, and the answer may be lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from whirlwind._base.old_arguments import accepts_old
from whirlwind._http.decompression import DecompressedMessage
from whirlwind._http.messages import HTTPConnection, HTTPMessageDelegate
from whirlwind._http.server.exchange import status_line
from whirlwind._http.stream_connection.incoming_message import IncomingMessage
from whirlwind._http.stream_connection.parameters import HTTP1ConnectionParameters
from whirlwind._http.write_callbacks import call_when_written
from whirlwind._net.iostream import IOStream
from whirlwind._net.resets import reset_when_closed
from whirlwind._net.stream_errors import StreamClosedError
from whirlwind._proto.http.errors import HTTPOutputError
from whirlwind._proto.http.headers import HTTPHeaders, encode_fields
from whirlwind._proto.http.start_line import RequestStartLine, ResponseStartLine
from whirlwind._proto.http1.framing import (
    CHUNKED_FIELD,
    OutgoingBody,
    OutgoingFraming,
    answer_framing,
    request_framing,
    request_line,
)
from whirlwind._proto.http1.response_framing import allowed_framing


class HTTP1Connection(HTTPConnection):
    """Reads and writes one HTTP/1 message over a stream that a program holds.

    As a client, write a request (``write_headers``, ``write``, ``finish``) and call
    ``read_response``; when that is done the next request may follow. As a server, call
    ``read_response`` to read one request; its delegate writes the answer. For all requests of a
    connection in turn there is ``HTTP1ServerConnection``.

    Args:
        stream: The stream; others must not read or write it meanwhile.
        is_client: True for a client, False for a server.
        params: Settings; None for the defaults.
        context: Anything the program wants to find at its delegates' connection. A server's
            context has ``remote_ip`` and ``protocol``; requests take them from there.

    Attributes:
        is_client, context: As given.
        params: As given, or the defaults.
        stream: The stream; None after ``detach``.
        no_keep_alive: That of ``params``.
    """

    def __init__(
        self,
        stream: IOStream,
        is_client: bool,
        params: HTTP1ConnectionParameters | None = None,
        context: object | None = None,
    ) -> None:
        self.is_client = is_client
        self.stream: IOStream | None = stream
        self.params = HTTP1ConnectionParameters() if params is None else params
        self.context = context
        self.no_keep_alive = self.params.no_keep_alive
        self._new_future = stream.io_loop.asyncio_loop.create_future
        self._max_body_size = self.params.max_body_size or stream.max_buffer_size
        self._body_timeout = self.params.body_timeout
        self._close_callback: Callable[[], object] | None = None
        self._nodelay = False
        self._incoming: IncomingMessage | None = None
        self._begin()

    def _begin(self) -> None:
        """Forget the messages that went each way: the next ones may come."""
        self.request: RequestStartLine | None = None
        self.keep_alive = not self.no_keep_alive
        self.head_sent = False
        self.finished = False
        self._switched = False  # what follows the head that was written is not HTTP
        self._body = OutgoingBody(chunked=False, length=None)
        self._last_write: asyncio.Future[None] | None = None
        self._settled: asyncio.Future[None] = self._new_future()

    # --- reading ---

    def read_response(self, delegate: HTTPMessageDelegate) -> asyncio.Future[bool]:
        """Read one message: on a client a response, on a server a request.

        Args:
            delegate: What receives it. On a client ``headers_received`` is called for every 1xx
                response as well. If the message does not come to its end,
                ``on_connection_close`` is called, if anything was before.

        Returns:
            A future, done when the message was read and the one in the other direction was
            written: true, unless the stream was detached, the message was refused or took too
            long, or the delegate raised (which is logged); the stream is closed then.

        Raises:
            StreamClosedError: In the future: the stream closed before the message was complete.
        """
        if not self.is_client and self.finished and self._settled.done():
            if self.stream is not None and self.stream.closed():
                # A stream hands out what it read ahead even now: requests after the last one.
                closed: asyncio.Future[bool] = self._new_future()
                closed.set_exception(StreamClosedError(self.stream.error))
                return closed
            self._begin()
        if self.params.decompress:
            delegate = DecompressedMessage(delegate, self)
        incoming = self._incoming = IncomingMessage(self, delegate)
        return incoming.read()

    def body_limit(self) -> int:
        """Return the most bytes that the body of the message that comes in may have."""
        return self._max_body_size

    def piece_size(self) -> int:
        """Return the most bytes of a body that a delegate is given at once."""
        return self.params.chunk_size

    def set_max_body_size(self, max_body_size: int) -> None:
        """Set the most bytes that the body may have, in place of ``params.max_body_size``.

        Call it before the body begins: from ``headers_received`` at the latest.
        """
        self._max_body_size = max_body_size

    def set_body_timeout(self, timeout: float) -> None:
        """Set how many seconds the body may take, in place of ``params.body_timeout``.

        Call it before the body begins: from ``headers_received`` at the latest.
        """
        self._body_timeout = timeout

    @property
    def body_timeout(self) -> float | None:
        """How many seconds the body may take; None for no limit."""
        return self._body_timeout

    # --- closing ---

    def set_close_callback(self, callback: Callable[[], object] | None) -> None:
        """Have ``callback`` called if the stream closes while a server owes an answer.

        While a message is read, its delegate's ``on_connection_close`` is called instead.

        Args:
            callback: Called without arguments, once; None to have none.
        """
        self._close_callback = callback

    def close(self) -> None:
        """Close the stream."""
        if self.stream is not None:
            self.stream.close()
        self._close_callback = None
        self.settle()

    def detach(self) -> IOStream:
        """Take the stream out of HTTP's hands, for a protocol of another kind.

        Call it from ``headers_received`` of a delegate, or after a 101 was written. The delegate
        hears nothing more.

        Returns:
            The stream, with what the peer sent ahead still to be read.

        Raises:
            RuntimeError: It was detached before.
        """
        stream = self.stream
        if stream is None:
            raise RuntimeError("cannot detach: the stream was detached before")
        self.stream = None
        self._close_callback = None
        stream.set_close_callback(None)
        self.settle()
        return stream

    def give_up(self) -> None:
        """The request was refused: nothing that the program writes goes out any more."""
        self.finished = True
        self._close_callback = None
        self.settle()

    def lost(self) -> None:
        """The stream closed while an answer was owed."""
        callback, self._close_callback = self._close_callback, None
        self.settle()
        if callback is not None:
            callback()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Ask for ``"socket"``, ``"ssl_object"`` or ``"peername"``, as a transport is asked."""
        socket = None if self.stream is None else self.stream.socket
        if socket is None:
            return default
        if name == "socket":
            return socket
        if name == "ssl_object":
            return socket if hasattr(socket, "getpeercert") else default
        if name == "peername":
            try:
                return socket.getpeername()
            except OSError:
                return default
        return default

    # --- writing ---

    @accepts_old("callback")
    def write_headers(
        self,
        start_line: RequestStartLine | ResponseStartLine,
        headers: HTTPHeaders,
        chunk: bytes | None = None,
        callback: Callable[[], object] | None = None,
    ) -> asyncio.Future[None]:
        """Write the head of a message, and a first piece of its body along with it.

        Args:
            start_line: A ``RequestStartLine`` on a client; on a server a ``ResponseStartLine``,
                where a code of 1xx leaves the answer itself to come, but for 101, after which
                the stream is to be detached.
            headers: The fields. Without ``Content-Length`` or ``Transfer-Encoding`` the body of
                an answer is chunked, or ends with the connection for an HTTP/1.0 client; so is
                that of a POST, PUT or PATCH, and other requests have none.
            chunk: The first piece of the body.
            callback: Called when the future would be resolved, as until Tornado 5.1.

        Returns:
            A future of None, done when everything is written; it fails with
            ``StreamClosedError`` if the stream is closed.

        Raises:
            HTTPOutputError: The head holds what may not be sent, the body is longer than
                announced, or the head was written already. Nothing was sent.

        Source: RFC 9112, sections 3 to 6.
        """
        if callback is not None:
            future = self.write_headers(start_line, headers, chunk)
            call_when_written(future, callback)
            return future
        if self.is_client and self.finished and self._settled.done() and not self.is_reading():
            self._begin()
        if self.head_sent:
            raise HTTPOutputError("the head of this message was written already")
        if isinstance(start_line, ResponseStartLine) != (not self.is_client):
            wanted = "RequestStartLine" if self.is_client else "ResponseStartLine"
            raise TypeError(f"expected a {wanted}, got {start_line!r}")
        if isinstance(start_line, RequestStartLine):
            head = request_line(start_line.method, start_line.path)
            framing = request_framing(start_line.method, headers)
        else:
            method, _, version = self._answered()
            headers = allowed_framing(headers, start_line.code, method, version)
            head = status_line(start_line.code, start_line.reason or "")
            if start_line.code < 200 and start_line.code != 101:
                # An HTTP/1.0 client knows no answer before the answer (RFC 9110, section 15.2).
                head += encode_fields(headers) + b"\r\n"
                return self._write(head if version == "HTTP/1.1" else b"")
            framing = self._frame_answer(start_line.code, headers)
        head += encode_fields(headers)
        if framing.adds_field:
            head += CHUNKED_FIELD
        self._body = OutgoingBody(
            chunked=framing.chunked, length=framing.length, silent=framing.silent
        )
        wire = self._frame(chunk) if chunk else b""
        if isinstance(start_line, RequestStartLine):
            self.request = start_line
        else:
            self._switched = start_line.code == 101
            if framing.closes:
                self.keep_alive = False
            head += self._connection_field(headers)
        self.head_sent = True
        return self._write(head + b"\r\n" + wire)

    def _answered(self) -> RequestStartLine:
        # A program that answers without having read is taken to answer a plain GET.
        return self.request or RequestStartLine("GET", "/", "HTTP/1.1")

    def _frame_answer(self, code: int, headers: HTTPHeaders) -> OutgoingFraming:
        method, _, version = self._answered()
        try:
            return answer_framing(method, version, code, headers)
        except HTTPOutputError:
            self.close()
            raise

    def _connection_field(self, headers: HTTPHeaders) -> bytes:
        stated = headers.get("Connection")
        if stated is not None:
            if "close" in stated.lower():
                self.keep_alive = False
            return b""
        modern = self.request is None or self.request.version == "HTTP/1.1"
        if not self.keep_alive:
            return b"Connection: close\r\n" if modern else b""
        return b"" if modern else b"Connection: Keep-Alive\r\n"

    @accepts_old("callback")
    def write(
        self, chunk: bytes, callback: Callable[[], object] | None = None
    ) -> asyncio.Future[None]:
        """Write a piece of the body.

        Returns:
            As ``write_headers``.

        Raises:
            HTTPOutputError: The body becomes longer than announced; the stream is closed.
        """
        if callback is not None:
            future = self.write(chunk)
            call_when_written(future, callback)
            return future
        if self.finished:
            raise HTTPOutputError("this message is complete already")
        if chunk and not self.head_sent:
            # Tornado 4's interface: a program that writes its head itself, as bytes.
            self.head_sent = True
        return self._write(self._frame(chunk))

    def write_raw(self, wire: bytes) -> asyncio.Future[None]:
        """Write bytes as they are, head and framing being the caller's: Tornado 4's interface."""
        self.head_sent = True
        return self._write(wire)

    def finish(self) -> None:
        """The message is complete.

        Raises:
            HTTPOutputError: Less was written than announced; the stream is closed.
        """
        if self.finished:
            return
        if not (self.head_sent or self.is_client):
            # A program whose head was refused, or that wrote none: the client must hear something.
            self.keep_alive = False
            self._write(
                status_line(500, "Internal Server Error")
                + b"Content-Length: 0\r\nConnection: close\r\n\r\n"
            )
        try:
            end = self._body.end()
        except HTTPOutputError:
            self.close()
            raise
        if end:
            self._write(end)
        self.finished = True
        last = self._last_write
        if last is None or last.done():
            self._sent()
        else:
            last.add_done_callback(self._sent)

    def break_off(self) -> None:
        """End the message where it is, and the connection with it.

        The peer can tell that it is not whole: a length is not reached, the last chunk is missing,
        or, where the message was to end with the connection, that is reset.
        """
        if self.finished:
            return
        self.finished = True
        body = self._body
        ends_with_connection = body.left is None and not body.chunked and not body.silent
        if self.stream is not None and self.head_sent and ends_with_connection:
            reset_when_closed(self.stream.socket)
        self.close()

    def _sent(self, _: object = None) -> None:
        """All of the message is written."""
        self._last_write = None
        if self._settled.done():
            return  # closed or detached meanwhile
        if self._switched and self.stream is not None:
            # The next bytes are for whoever detaches the stream, as some programs do after
            # finish(); if nobody does, for nobody.
            self.stream.io_loop.add_callback(self._end_unless_detached)
            return
        if not self.is_client:
            if self._incoming is not None and self._incoming.reading:
                self.keep_alive = False
                self._incoming.answered_early()
            elif not self.keep_alive and self.stream is not None:
                self.stream.set_close_callback(None)
                self.stream.close()
        self.settle()

    def _end_unless_detached(self) -> None:
        if self.stream is not None:
            self.close()

    def _frame(self, chunk: bytes) -> bytes:
        try:
            return self._body.frame(chunk)
        except HTTPOutputError:
            self.close()
            raise

    def _write(self, wire: bytes) -> asyncio.Future[None]:
        stream = self.stream
        if self.finished:
            raise HTTPOutputError("this message is complete already")
        if stream is None:
            raise HTTPOutputError("the stream was detached")
        if not self._nodelay:
            # A head and a body that follow each other must not wait for acknowledgements.
            self._nodelay = True
            if not stream.closed():
                stream.set_nodelay(True)
        try:
            self._last_write = stream.write(wire)
        except StreamClosedError as error:
            self._last_write = self._new_future()
            self._last_write.set_exception(error)
            self._last_write.exception()  # nobody need look: the close callback says it as well
        return self._last_write

    # --- what the two directions say to each other ---

    def message_over(self) -> None:
        """The message that came in is over: the two must not keep each other alive."""
        self._incoming = None

    def is_reading(self) -> bool:
        """True while a message comes in."""
        return self._incoming is not None and self._incoming.reading

    def holds(self, stream: IOStream) -> bool:
        """False once ``stream`` was detached."""
        return self.stream is stream

    def has_begun(self) -> bool:
        """True once the head of the message that is read has come, unless it was refused."""
        return self._incoming is not None and self._incoming.has_head

    def owes(self) -> bool:
        """True while the message that goes out is not complete, and somebody waits for it."""
        begun = self.head_sent if self.is_client else True
        return begun and not self._settled.done()

    def settled(self) -> asyncio.Future[None]:
        """Return a future that is done when nothing more goes out."""
        return self._settled

    def settle(self) -> None:
        """Nothing more goes out."""
        if not self._settled.done():
            self._settled.set_result(None)
