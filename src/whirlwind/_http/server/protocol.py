"""The server's side of one connection: bytes become requests, one after the other.

Layer: HTTP. Imports from ``_base``, ``_net`` and ``_proto``.

Theory of operation
-------------------
Bytes that came in and were not used yet are ``_held``; ``_pump`` uses them as far as the state
allows, which is one of:

- no exchange: a head is awaited, ``_begin`` makes an exchange of it;
- an exchange that reads: its body is awaited, ``RequestBody`` gives it to the delegate;
- an exchange that does not: its answer is awaited, and nothing is read meanwhile.

One request is in progress at a time, so answers are in order. A client that sends on meanwhile
(pipelining, or a body faster than its handler takes it) is held back: the first bytes too many
are kept, and with them the socket is paused. Pausing only then costs two system calls where a
client really sends ahead, and nothing for all others. Reading goes on while a handler works,
which is how a client that goes away is noticed. A client that does not read its answers is given
no more of them: its next request waits until it has made room.

An answer that is complete before its request was read ends the connection: what follows on the
wire is the rest of a body nobody wants. It is thrown away until the client has closed its side,
up to a bound, because closing a socket with unread bytes resets it, and the answer may be lost.

A head that is not whole yet is looked through in ``_proto/http1/next_head.py``; how long a
connection may wait for what it waits for is the business of its ``ConnectionWatch``.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

from whirlwind._base.limits import LINGER_SIZE, TLS_SHUTDOWN_TIMEOUT
from whirlwind._base.log import app_log
from whirlwind._http.messages import HTTPServerRequest
from whirlwind._http.refusal import log_refusal, refusal
from whirlwind._http.server.body import RequestBody
from whirlwind._http.server.connection_watch import ConnectionWatch
from whirlwind._http.server.context import RequestContext
from whirlwind._http.server.exchange import Exchange, status_line
from whirlwind._net.delivery import delivery
from whirlwind._net.iostream import IOStream
from whirlwind._net.leaving import ENDS_THE_PROGRAM, leave_loop
from whirlwind._net.resets import reset_when_closed
from whirlwind._net.stream_errors import StreamClosedError
from whirlwind._net.transport_stream import protocol_for, stream_over
from whirlwind._proto.http.errors import HTTPInputError
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http.start_line import RequestStartLine
from whirlwind._proto.http.status import responses
from whirlwind._proto.http1.next_head import next_head
from whirlwind._proto.http1.request_head import RequestHead

if TYPE_CHECKING:
    from whirlwind._http.server.httpserver import HTTPServer

# Requests answered in one go before the loop looks at other connections: 64 take about 1 ms.
_TURN: Final = 64

_new_request = HTTPServerRequest.__new__


class ServerProtocol(asyncio.Protocol):
    """One connection of a server; Tornado's ``HTTP1ServerConnection`` for whoever asks.

    Args:
        server: The server that accepted it.

    Attributes:
        server: The same.
        transport: The loop's transport; None once the connection is gone.
        exchange: The request in progress and its answer; None between requests.
        blocked: True while the delegate of a body is not ready for more of it.
        reading_paused: True while the socket is not read.
        closing: True once no further request will be taken.
        write_paused: True while the peer has no room for more.
        done: A future that is done, for writes that need not wait.
    """

    __slots__ = (
        "_address",
        "_body",
        "_end_timer",
        "_half_closed",
        "_held",
        "_lingering",
        "_lost",
        "_pumping",
        "_searched",
        "_task",
        "_waiters",
        "_watch",
        "blocked",
        "closing",
        "direct",
        "done",
        "exchange",
        "reading_paused",
        "server",
        "transport",
        "write_paused",
    )

    def __init__(self, server: HTTPServer) -> None:
        self.server = server
        self.transport: asyncio.Transport | None = None
        self._address: Any = None
        self.closing = False
        self.direct = server.direct()
        self.exchange: Exchange | None = None
        self._held = b""
        self._searched = 0  # bytes of _held known to hold no end of a head; 0 before the first
        self._body: RequestBody | None = None
        self.blocked = False
        self._pumping = False
        self.reading_paused = False
        self.write_paused = False
        self._lost = False
        self._half_closed = False
        self._lingering = 0  # bytes thrown away since an early answer, plus one
        self._watch = ConnectionWatch(server.tick)
        self._waiters: list[asyncio.Future[None]] | None = None
        self._end_timer: asyncio.TimerHandle | None = None  # while the end of TLS is awaited
        self._task: asyncio.Task[None] | None = None
        self.done = server.done_future()

    # --- transport callbacks ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        # Now, because nobody can tell any more once the client has gone: uvloop asks the socket.
        self._address = transport.get_extra_info("peername")
        self.server.connection_opened(self)

    def data_received(self, data: bytes) -> None:
        if self._held:
            data = self._held + data
        elif self.exchange is None and not (self.closing or self._pumping or self.write_paused):
            # Most requests are a head that the same client has sent before, in one read.
            known = self.server.heads.remembered.get(data)
            if known is not None and self.direct is not None and not known[3].has_body:
                try:
                    self._begin(known)
                except HTTPInputError as error:
                    self.refuse(error)
                except ENDS_THE_PROGRAM as error:
                    leave_loop(error)
                return
        self._held = data
        if not self._pumping:
            try:
                self._pump()
            except ENDS_THE_PROGRAM as error:
                leave_loop(error)

    def eof_received(self) -> bool:
        exchange = self.exchange
        if exchange is None or self.transport is None:
            return False
        if exchange.reading and (self._body is None or not self._body.is_complete()):
            return False
        if self.transport.get_extra_info("ssl_object") is not None:
            return False  # TLS has no half-closed connections
        # The client may have gone, or may only have nothing more to say. It is told apart when
        # the answer is written; handlers that asked hear of it now, as Tornado's do.
        self.closing = self._half_closed = True
        exchange.keep_alive = False
        if exchange.reading:
            return True  # a delegate that takes its time still gets the rest of the body
        try:
            self._tell_of_the_end(exchange)
        except ENDS_THE_PROGRAM as error:
            leave_loop(error)
        return not exchange.finished

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        self.closing = True
        self.transport = None
        self._held = b""
        self._body = None
        if self._end_timer is not None:
            self._end_timer.cancel()
            self._end_timer = None
        exchange, self.exchange = self.exchange, None
        waiters, self._waiters = self._waiters, None
        for waiter in waiters or ():
            if not waiter.done():
                waiter.set_exception(StreamClosedError(real_error=exc))
                waiter.exception()  # nobody need look: the close callback says it as well
        self._leave_server()
        if exchange is not None:
            self._tell_of_the_end(exchange)

    def task(self) -> asyncio.Task[None]:
        """Return a task that stands for this connection, and ends with it."""
        task = self._task
        if task is None:
            loop = self.server.asyncio_loop
            task = self._task = loop.create_task(_wait_for(loop.create_future()))
            # The loop may be closed in the turn in which the connection ends.
            task._log_destroy_pending = False  # type: ignore[attr-defined]
        return task

    def _leave_server(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None
        try:
            self.server.connection_closed(self)
        except Exception as error:
            self._log_failure(error)

    def _tell_of_the_end(self, exchange: Exchange) -> None:
        """Tell whoever is at a request; what a program's callback raises ends nothing else."""
        try:
            exchange.connection_lost()
        except Exception as error:
            self._log_failure(error)

    def pause_writing(self) -> None:
        self.write_paused = True

    def resume_writing(self) -> None:
        self.write_paused = False
        waiters, self._waiters = self._waiters, None
        for waiter in waiters or ():
            if not waiter.done():
                waiter.set_result(None)
        if self._held:
            # In a turn of its own: the transport is in the middle of its writing.
            self.server.asyncio_loop.call_soon(self.go_on)

    # --- what comes in ---

    def _pump(self) -> None:
        self._pumping = True
        server = self.server
        turns = _TURN
        ahead = False  # whole requests are held that wait for something
        try:
            while self._held and not self.blocked:
                exchange = self.exchange
                if exchange is None:
                    if self.closing:
                        self._throw_away()
                        break
                    if self.write_paused:
                        ahead = True  # resume_writing() goes on
                        break
                    transport = self.transport
                    if transport is None or transport.is_closing():
                        self._held = b""  # the client has gone: nobody reads these answers
                        break
                    if not turns:
                        ahead = True
                        server.asyncio_loop.call_soon(self.go_on)
                        break
                    turns -= 1
                    searched = self._searched
                    head, self._held, self._searched = next_head(
                        self._held, searched, server.heads, server.max_header_size
                    )
                    if head is None:
                        if self._searched and not searched:
                            self._watch.moved = True
                        break
                    self._begin(head)
                elif exchange.reading and self._body is not None:
                    body = self._body
                    self._held = body.take(self._held)
                    body.deliver()
                    if self._held and self._body is body and not self.blocked:
                        # Very many chunks: the rest in another turn, after other connections.
                        self.server.asyncio_loop.call_soon(self.go_on)
                        break
                else:
                    break
        except HTTPInputError as error:
            self.refuse(error)
        finally:
            self._pumping = False
        # What is left where a head is awaited is the beginning of one: the rest has to be read.
        if self._held and (ahead or self.exchange is not None):
            if not self.reading_paused and not self._lost:
                self.reading_paused = True
                self._pause_reading()
        elif self.reading_paused and not self.blocked:
            self.reading_paused = False
            if self.transport is not None:
                self.transport.resume_reading()

    def _pause_reading(self) -> None:
        if self.transport is not None:
            self.transport.pause_reading()

    def go_on(self) -> None:
        if self._pumping or self._lost:
            return
        try:
            self._pump()
        except ENDS_THE_PROGRAM as error:
            leave_loop(error)

    def _throw_away(self) -> None:
        self._lingering += len(self._held)
        self._held = b""
        if self._lingering > LINGER_SIZE:
            self.abort()

    def _begin(self, head: RequestHead) -> None:
        """Give a request to the program, or what is there of it.

        Raises:
            HTTPInputError: It is to be refused.
        """
        method, target, version, block = head
        self.exchange = exchange = Exchange(self, method, version, block)
        self._watch.moved = True
        direct = self.direct
        if direct is None:
            exchange.direct = False
            make = partial(self.server.start_request, self, exchange)
        else:
            request = _new_request(HTTPServerRequest)
            request.method = method
            request.uri = target
            request.version = version
            request.connection = exchange
            request._block = block
            request._start_time = self.server.clock()
            if "?" not in target and target[0] == "/":
                request.path = target
            if not block.has_body:
                try:
                    direct.receive_request(request)
                except HTTPInputError:
                    raise
                except Exception as error:
                    self.program_failed(error)
                return
            make = partial(direct.receive_head, request)
        self._body = RequestBody(self, exchange)
        self._body.begin(make, RequestStartLine(method, target, version))

    # --- what a body says and asks ---

    def holds_bytes(self) -> bool:
        """True if bytes that came in were not used yet."""
        return bool(self._held)

    def lingers(self) -> bool:
        """True while what comes in is thrown away, until the client closes its side."""
        return self._lingering > 0

    def note_progress(self) -> None:
        """The state has changed: what the timer measures begins now."""
        self._watch.moved = True

    def body_ended(self) -> None:
        """The whole body of the request is there."""
        self._body = None
        self._watch.moved = True

    # --- what goes out ---

    def send(self, wire: bytes) -> asyncio.Future[None]:
        """Write bytes; the future is done when the peer has room for more."""
        transport = self.transport
        if transport is None or transport.is_closing():
            return self._failed()
        transport.write(wire)
        if not self.write_paused:
            return self.done
        waiter: asyncio.Future[None] = self.server.asyncio_loop.create_future()
        if self._waiters is None:
            self._waiters = []
        self._waiters.append(waiter)
        return waiter

    def _failed(self) -> asyncio.Future[None]:
        future: asyncio.Future[None] = self.server.asyncio_loop.create_future()
        future.set_exception(StreamClosedError())
        future.exception()
        return future

    def exchange_finished(self, exchange: Exchange) -> None:
        """An answer is complete: take the next request, or close."""
        if self.exchange is not exchange:
            return
        self.exchange = None
        self._watch.moved = True
        if exchange.reading:
            self._body = None
            # Whoever was not ready for more of the body need not be asked again.
            self.blocked = False
            exchange.reading = False
            delegate, exchange.delegate = exchange.delegate, None
            if delegate is not None:
                try:
                    delegate.on_connection_close()
                except Exception as error:
                    self._log_failure(error)
            self._linger()
        elif not exchange.keep_alive or self.closing:
            self.close()
        elif self._held and not self._pumping and not self.blocked:
            self._pump()

    def _linger(self) -> None:
        self.closing = True
        self._lingering = 1
        self._watch.moved = True  # the time to close its side begins now for the client
        transport = self.transport
        if transport is None or transport.is_closing():
            return
        if not transport.can_write_eof():
            self._held = b""
            self.close()
            return
        transport.write_eof()
        if self.reading_paused:
            self.reading_paused = False
            transport.resume_reading()
        self._held = b""

    # --- errors ---

    def refuse(self, error: HTTPInputError) -> None:
        """Answer what is no request, if an answer is still possible, and close."""
        log_refusal(error, self.peer())
        exchange, self.exchange = self.exchange, None
        if self.transport is not None and (exchange is None or not exchange.head_sent):
            self.transport.write(refusal(error, in_head=exchange is None, now=self.server.clock()))
        self._give_up(exchange)

    def program_failed(self, error: BaseException) -> None:
        """A delegate raised: no answer can be trusted to come."""
        self._log_failure(error)
        exchange, self.exchange = self.exchange, None
        if exchange is not None and not exchange.head_sent:
            self.send(
                status_line(500, responses[500]) + b"Connection: close\r\nContent-Length: 0\r\n\r\n"
            )
        self._give_up(exchange)

    def _give_up(self, exchange: Exchange | None) -> None:
        """Nothing more is read but to be thrown away, and nothing written."""
        self._body = None
        self.blocked = False
        self._held = b""
        self._linger()
        if exchange is not None:
            self._tell_of_the_end(exchange)
            exchange.reading = False
            exchange.finished = True

    def _log_failure(self, error: BaseException) -> None:
        app_log.error("Uncaught exception", exc_info=error)

    # --- the server's questions ---

    def context_for(self, headers: HTTPHeaders | None) -> RequestContext:
        """Return the client's address and scheme, as this server is to see them."""
        server = self.server
        protocol = server.protocol or ("http" if server.ssl_options is None else "https")
        context = RequestContext(self._address, protocol, server.trusted_downstream)
        if headers is not None and server.xheaders:
            context.apply_forwarded(headers)
        return context

    def peer(self) -> str:
        """Return the client's address, for the log."""
        return str(self.context_for(None))

    def is_closing(self) -> bool:
        """True once no further request will be taken."""
        return self.closing

    def is_gone(self) -> bool:
        """True once the connection is closed, or closing: nothing written arrives any more."""
        return self.transport is None or self.transport.is_closing()

    def is_idle(self) -> bool:
        """True while no request is in progress."""
        return self.exchange is None

    def check_time(self, tick: float) -> None:
        """Close the connection if what it waits for has taken too long.

        Args:
            tick: The server's clock.
        """
        self._watch.check(self, tick)

    def stop_after_answer(self) -> None:
        """Close now if nothing is in progress, else after the answer that is.

        Nor is a client waited for that has closed its side: most of them are gone.
        """
        self.closing = True
        if self.exchange is None or self._half_closed:
            self.close()
        else:
            self.exchange.keep_alive = False

    def detach(self) -> IOStream:
        """Hand the connection over to a stream, with the bytes that were read and not used.

        Without TLS the stream has the socket and a descriptor of its own, and its writes follow
        what the transport still has to send. With TLS it goes on over the transport.

        Raises:
            RuntimeError: The connection is gone.
        """
        if self.transport is None:
            raise RuntimeError("cannot detach: the connection is closed")
        writable = not self.write_paused
        protocol = protocol_for(self.transport)
        transport, leftover = self.hand_over(protocol)
        return stream_over(transport, protocol, leftover, writable=writable)

    def hand_over(self, protocol: asyncio.BaseProtocol) -> tuple[asyncio.Transport, bytes]:
        """Give the transport to another protocol; this connection has nothing to do with it then.

        Works for TLS as well. What was written still goes out, before what the other writes.

        Args:
            protocol: What the transport calls from now on; ``connection_made`` is not called.

        Returns:
            The transport, and the bytes that were read and not used: the first ones of the new
            protocol, which nobody may read as HTTP.

        Raises:
            RuntimeError: The connection is gone.
        """
        transport = self.transport
        if transport is None or self._lost:
            raise RuntimeError("cannot hand over: the connection is closed")
        leftover, self._held = self._held, b""
        self.exchange = None
        self._body = None
        self.closing = self._lost = True
        self.transport = None
        transport.set_protocol(protocol)
        if self.reading_paused:
            self.reading_paused = False
            transport.resume_reading()
        self._leave_server()
        waiters, self._waiters = self._waiters, None
        for waiter in waiters or ():
            # Whether the peer has room is the other protocol's to ask from now on.
            if not waiter.done():
                waiter.set_result(None)
        return transport, leftover

    def close(self) -> None:
        """Take no further request, send what was written, and close."""
        self.closing = True
        transport = self.transport
        if transport is None or transport.is_closing():
            return
        tls = transport.get_extra_info("ssl_object") is not None
        transport.close()
        if tls and self._end_timer is None:
            self._await_end()

    def _await_end(self) -> None:
        self._end_timer = self.server.asyncio_loop.call_later(TLS_SHUTDOWN_TIMEOUT, self._end_tls)

    def _end_tls(self) -> None:
        """Close what the client does not end itself, unless it still reads."""
        self._end_timer = None
        if self.transport is None:
            return
        seen = delivery(self.transport.get_extra_info("socket"))
        if seen is not None and seen.outstanding:
            self._await_end()
        else:
            self.transport.abort()

    def cut_off(self) -> bool:
        """Close at once; True if somebody loses an answer by it, or the end of one."""
        transport = self.transport
        loses = self.exchange is not None or (
            transport is not None and transport.get_write_buffer_size() > 0
        )
        self.abort()
        return loses

    def reset(self) -> None:
        """Close at once, and so that the client's system says that something is missing."""
        if self.transport is not None:
            reset_when_closed(self.transport.get_extra_info("socket"))
        self.abort()

    def abort(self) -> None:
        """Close at once, whatever was not sent yet."""
        self.closing = True
        if self.transport is not None:
            self.transport.abort()


async def _wait_for(never: asyncio.Future[None]) -> None:
    await never
