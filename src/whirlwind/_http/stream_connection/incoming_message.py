"""One HTTP/1 message on its way from a stream to a delegate.

Layer: HTTP. Imports from ``_base``, ``_engine``, ``_net`` and ``_proto``.

Theory of operation
-------------------
One coroutine reads the head, then the body, and waits for the delegate wherever that is not ready;
nothing is read meanwhile, so the peer is held back. A timeout is a timer that closes the stream:
the read that is pending fails then, and the flag that the timer set says why.

A delegate's calls all run in one copy of the context, so that what one of them sets in a context
variable is seen by the next, and by nobody else.
"""

from __future__ import annotations

import asyncio
import contextvars
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Generator
from typing import TYPE_CHECKING, Any, Final

from whirlwind._base.limits import (
    CHUNK_COST,
    CHUNKS_AT_ONCE,
    LINGER_SIZE,
    LINGER_TIMEOUT,
    MAX_INFORMATIONAL,
    MAX_STREAM_TURN,
)
from whirlwind._base.log import app_log, gen_log
from whirlwind._engine.coroutine import coroutine
from whirlwind._http.messages import HTTPMessageDelegate
from whirlwind._http.refusal import log_refusal, refusal
from whirlwind._net.iostream import IOStream
from whirlwind._net.stream_errors import StreamClosedError
from whirlwind._proto.http.errors import HTTPInputError
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http.start_line import RequestStartLine, ResponseStartLine
from whirlwind._proto.http1.chunked import ChunkedDecoder
from whirlwind._proto.http1.framing import BodyFraming, response_framing
from whirlwind._proto.http1.next_head import oversized
from whirlwind._proto.http1.request_head import begins_with_lf_line, with_crlf
from whirlwind._proto.http1.response_head import read_response_head

if TYPE_CHECKING:
    from whirlwind._http.stream_connection.connection import HTTP1Connection

_HEAD_END: Final = rb"\r?\n\r?\n"
_PIECE: Final = 65_536  # bytes thrown away at once


class _DelegateError(Exception):
    """A delegate raised, and it was logged: no more of the message is for it."""


class IncomingMessage:
    """Reads one message for a connection.

    Args:
        connection: Whose stream it comes from.
        delegate: What receives it.

    Attributes:
        reading: True from the call of ``read`` until the last byte of the body.
        has_head: True once the head is there.
    """

    def __init__(self, connection: HTTP1Connection, delegate: HTTPMessageDelegate) -> None:
        self._connection = connection
        self._delegate = delegate
        self._variables = contextvars.copy_context()
        self._decoder: ChunkedDecoder | None = None
        self._informed = False  # the delegate must hear of the end, good or bad
        self._late = False  # a timer closed the stream
        self._timer: Any = None
        self._turn = 0  # bytes read since the loop last had a turn
        self._thrown_away = 0
        self.reading = False
        self.has_head = False

    @coroutine
    def read(self) -> Generator[Any, Any, bool]:
        """Read the message; see ``HTTP1Connection.read_response``."""
        connection = self._connection
        stream = connection.stream
        if stream is None:
            raise RuntimeError("cannot read: the stream was detached")
        self.reading = True
        try:
            if not (yield from self._read(stream)):
                return False
            if self._informed:
                return True  # answered early: the rest of the request was for nobody
            yield from self._settle(stream)
            return connection.holds(stream)
        except HTTPInputError as error:
            yield from self._refuse(stream, error)
            return False
        except _DelegateError:
            connection.close()
            return False
        finally:
            self.reading = False
            self._stop_timer()
            self._end()
            connection.message_over()

    def answered_early(self) -> None:
        """The answer is complete before the request: give the peer some time to notice."""
        if self._connection.stream is not None:
            self._start_timer(self._connection.stream, LINGER_TIMEOUT)

    # --- the parts ---

    def _read(self, stream: IOStream) -> Generator[Any, Any, bool]:
        connection = self._connection
        informational = 0
        while True:
            head = yield from self._read_head(stream)
            if head is None:
                return False
            self.has_head = True
            start_line: RequestStartLine | ResponseStartLine
            if connection.is_client:
                self._informed = True
                start_line, headers = read_response_head(head)
                code = start_line.code
                framing = None
            else:
                start_line, headers, framing, expects = self._take_request(head)
                self._informed = True
                code = 0
            yield from self._call(self._delegate.headers_received, start_line, headers)
            if not connection.holds(stream):
                self._informed = False  # it knows: it took the stream
                return False
            if framing is not None:
                break
            if code >= 200:
                method = "" if connection.request is None else connection.request.method
                framing = response_framing(
                    start_line.version, code, headers, answers_head=method == "HEAD"
                )
                expects = False
                break
            informational += 1
            self._check_informational(code, headers, informational)
        most = connection.body_limit()
        if framing.length is not None and framing.length > most:
            raise HTTPInputError(
                f"Content-Length too long: {framing.length} bytes announced, "
                f"{most} accepted (max_body_size)"
            )
        if expects and not (connection.head_sent or connection.finished):
            stream.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if framing.length != 0 and not (yield from self._read_body(stream, framing)):
            return False
        self.reading = False
        self._stop_timer()
        if not self._is_wanted():
            stream.close()
            return True
        self._run(self._delegate.finish)
        self._informed = False
        return True

    def _read_head(self, stream: IOStream) -> Generator[Any, Any, bytes | None]:
        """Return a head; None if it took too long."""
        params = self._connection.params
        most = params.max_header_size
        if self._connection.is_client:
            future = stream.read_until_regex(_HEAD_END, max_bytes=most)
        else:
            # A stream closes itself over its own limit, and an answer must be possible. So what
            # is looked for is the end of the head, or the first byte that is too much.
            future = stream.read_until_regex(
                _HEAD_END + rb"|(?<=[\x00-\xff]{%d})[\x00-\xff]" % most
            )
        if params.header_timeout and not future.done():
            self._start_timer(stream, params.header_timeout)
        try:
            head: bytes = yield future
        except StreamClosedError:
            if self._late:
                return None
            raise
        finally:
            self._stop_timer()
        if len(head) > most:
            raise oversized(head, most)
        return head

    def _take_request(self, head: bytes) -> tuple[RequestStartLine, HTTPHeaders, BodyFraming, bool]:
        connection = self._connection
        # RFC 9112, section 2.2: an empty line before a request is skipped.
        head = head.removeprefix(b"\r\n")
        if begins_with_lf_line(head):
            head = with_crlf(head) or head
        method, target, version, block = connection.params.heads.read(head)
        connection.request = RequestStartLine(method, target, version)
        keep = not block.close if version == "HTTP/1.1" else block.keep_alive
        connection.keep_alive = keep and connection.keep_alive
        framing = BodyFraming(block.chunked, None if block.chunked else block.content_length or 0)
        expects = block.expects_continue and block.has_body and version == "HTTP/1.1"
        return connection.request, block.headers.copy(), framing, expects

    @staticmethod
    def _check_informational(code: int, headers: HTTPHeaders, count: int) -> None:
        """Refuse what is no 1xx response to go on after.

        Source: RFC 9110, section 15.2; RFC 9112, section 6.3, rule 1.
        """
        if code < 100:
            raise HTTPInputError(f"response with status {code}: expected 100 to 999")
        if code == 101:
            # What follows is not HTTP; a delegate that wants it has taken the stream.
            raise HTTPInputError("server switched protocols without having been asked to")
        if "Content-Length" in headers or "Transfer-Encoding" in headers:
            raise HTTPInputError(f"Response code {code} cannot have body")
        if count > MAX_INFORMATIONAL:
            raise HTTPInputError(
                f"Too many 1xx responses: more than {MAX_INFORMATIONAL} (MAX_INFORMATIONAL)"
            )

    def _read_body(self, stream: IOStream, framing: BodyFraming) -> Generator[Any, Any, bool]:
        """Give the delegate the body; False if it took too long."""
        timeout = self._connection.body_timeout
        if timeout and self._timer is None:
            self._start_timer(stream, timeout)
        try:
            if framing.chunked:
                yield from self._read_chunked(stream)
            elif framing.length is not None:
                yield from self._read_counted(stream, framing.length)
            else:
                yield from self._read_until_close(stream)
        except StreamClosedError:
            if not self._is_wanted():
                return True
            if not self._late:
                raise
            gen_log.info("Timeout reading body from %s", self._connection.context)
            return False
        return True

    def _read_counted(self, stream: IOStream, left: int) -> Generator[Any, Any, None]:
        size = self._connection.params.chunk_size
        while left:
            data: bytes = yield stream.read_bytes(min(size, left), partial=True)
            left -= len(data)
            yield from self._hand_on(data)

    def _read_chunked(self, stream: IOStream) -> Generator[Any, Any, None]:
        size = self._connection.params.chunk_size
        decoder = ChunkedDecoder(max_body=self._connection.body_limit(), at_once=CHUNKS_AT_ONCE)
        complete = False
        while not complete:
            wire: bytes = yield stream.read_bytes(size, partial=True)
            pieces: list[bytes] = []
            while wire:
                found = decoder.feed(wire)
                pieces += found
                wire = decoder.leftover
                complete = decoder.done
                if complete:
                    stream.unread(wire)
                    break
                # A body of chunks of one byte each takes a thousand times the work of another.
                if self._is_turn_over(CHUNK_COST * len(found)) or wire:
                    yield asyncio.sleep(0)
            # One piece of what came together: the bounds of chunks mean nothing.
            yield from self._hand_on(b"".join(pieces))

    def _read_until_close(self, stream: IOStream) -> Generator[Any, Any, None]:
        size = self._connection.params.chunk_size
        most = self._connection.body_limit()
        left = most
        while True:
            try:
                data: bytes = yield stream.read_bytes(size, partial=True)
            except StreamClosedError as error:
                if error.real_error is not None or self._late:
                    raise  # cut off: what came is not all there is
                return
            left -= len(data)
            if left < 0:
                raise HTTPInputError(f"Body too long: over {most} bytes (max_body_size)")
            yield from self._hand_on(data)

    def _hand_on(self, data: bytes) -> Generator[Any, Any, None]:
        if not self._is_wanted():
            self._thrown_away += len(data)
            if self._thrown_away > LINGER_SIZE:
                raise StreamClosedError()
        elif data:
            yield from self._call(self._delegate.data_received, data)
        if self._is_turn_over(len(data)):
            yield asyncio.sleep(0)

    def _is_turn_over(self, work: int) -> bool:
        """True if others must have a turn: a peer faster than we are would keep them waiting."""
        self._turn += work
        if self._turn < MAX_STREAM_TURN:
            return False
        self._turn = 0
        return True

    def _settle(self, stream: IOStream) -> Generator[Any, Any, None]:
        """Wait until nothing more goes the other way."""
        connection = self._connection
        if connection.owes() and connection.holds(stream) and not stream.closed():
            stream.set_close_callback(connection.lost)
            yield connection.settled()
            if connection.holds(stream):
                stream.set_close_callback(None)

    # --- ends ---

    def _is_wanted(self) -> bool:
        connection = self._connection
        return connection.is_client or not connection.finished

    def _refuse(self, stream: IOStream, error: HTTPInputError) -> Generator[Any, Any, None]:
        connection = self._connection
        log_refusal(error, connection.context)
        if connection.is_client or connection.head_sent or stream.closed():
            connection.close()
            return
        answer = refusal(error, in_head=connection.request is None, now=time.time())
        connection.give_up()
        self.has_head = False
        self._end()
        self._start_timer(stream, LINGER_TIMEOUT)
        try:
            yield stream.write(answer)
            yield from self._linger(stream)
        except StreamClosedError:
            pass
        connection.close()

    def _linger(self, stream: IOStream) -> Generator[Any, Any, None]:
        """Throw away what the client still sends: unread bytes would reset the connection.

        With TLS, which has no half-closed connections, the stream is closed at once.
        """
        if stream.socket is None or isinstance(stream.socket, ssl.SSLSocket):
            return
        try:
            stream.socket.shutdown(socket.SHUT_WR)
        except OSError:
            return  # the client has gone
        while self._thrown_away <= LINGER_SIZE:
            self._thrown_away += len((yield stream.read_bytes(_PIECE, partial=True)))

    def _end(self) -> None:
        """Tell a delegate that has begun and not finished."""
        if self._informed:
            self._informed = False
            try:
                self._variables.run(self._delegate.on_connection_close)
            except Exception:
                app_log.error("Uncaught exception", exc_info=True)

    # --- the delegate ---

    def _run(self, method: Callable[..., Any], *args: Any) -> Any:
        try:
            return self._variables.run(method, *args)
        except HTTPInputError:
            raise
        except Exception as error:
            app_log.error("Uncaught exception", exc_info=True)
            raise _DelegateError from error

    def _call(self, method: Callable[..., Any], *args: Any) -> Generator[Any, Any, None]:
        waiting: Awaitable[None] | None = self._run(method, *args)
        if waiting is None:
            return
        try:
            yield self._variables.run(asyncio.ensure_future, waiting)
        except HTTPInputError:
            raise
        except Exception as error:
            app_log.error("Uncaught exception", exc_info=True)
            raise _DelegateError from error

    # --- time ---

    def _start_timer(self, stream: IOStream, timeout: float) -> None:
        self._stop_timer()
        self._timer = stream.io_loop.call_later(timeout, self._time_out, stream)

    def _stop_timer(self) -> None:
        timer, self._timer = self._timer, None
        stream = self._connection.stream
        if timer is not None and stream is not None:
            stream.io_loop.remove_timeout(timer)

    def _time_out(self, stream: IOStream) -> None:
        self._timer = None
        self._late = True
        stream.close()
