"""What comes in on a WebSocket, and the program that is given it.

Layer: HTTP. Imports from ``_base``, ``_engine``, ``_net``, ``_proto`` and within ``_http``.

Theory of operation
-------------------
Between the socket and the program's ``on_message`` there is the machine and nothing else, no task
and no turn of the loop. Events are given to the program one by one, in the order of the wire. While
it is at one that has to be waited for, the rest stays here: further bytes are kept and, with the
first of them, the socket is paused, so that what waits is what one read brought. Reading goes on
until then, which is how a peer that goes away is noticed.

The end comes in one of three ways. Both sides have sent close frames: the transport is closed.
The peer broke the protocol: it is told so, our side is closed, and what it still sends is thrown
away for a while, since closing a socket with unread bytes resets it and loses the close frame. Or
the connection is gone. ``_end`` is reached once in each case, and tells the program.

Program code runs in the context (``contextvars``) of its handler, the same one for all calls.
"""

from __future__ import annotations

import asyncio
import contextvars
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final, cast

from whirlwind._base.errors import MessageTooLarge, RemoteProtocolError
from whirlwind._base.limits import LINGER_SIZE
from whirlwind._base.log import gen_log
from whirlwind._engine.yieldables import convert_yielded
from whirlwind._http.websocket.interface import WebSocketDelegate
from whirlwind._http.websocket.params import WebSocketParams
from whirlwind._http.websocket.sender import WebSocketSender
from whirlwind._http.websocket.stream import WebSocketStream
from whirlwind._net.leaving import ENDS_THE_PROGRAM, leave_loop
from whirlwind._proto.websocket.close_codes import MAX_REASON, PROTOCOL_ERROR
from whirlwind._proto.websocket.events import Closed, Event, Failed, Ping, Pong

_PING: Final = 0x9
_PONG: Final = 0xA

_EAGER: Final = sys.version_info >= (3, 12)


class WebSocketConnection(WebSocketSender):
    """A WebSocket's connection, both ways, from its opening to its end.

    Args:
        handler: Who is told what happens.
        mask_outgoing: Whether to mask what is sent: true for clients, and for them only.
        params: What the program decides.

    Attributes:
        close_code, close_reason: What the peer's close frame said; None for nothing.
    """

    close_code: int | None = None
    close_reason: str | None = None
    _events: Sequence[Event] = ()  # what waits for the program
    _blocked = False  # something waits for the program
    _ahead: list[bytes] | None = None  # wire bytes that came meanwhile
    _reading_paused = False
    _lost = False  # the connection is gone, and the program not at the end yet
    _when_lost: Callable[[], None] | None = None
    _ended = False
    _closed: asyncio.Future[None] | None = None
    _pinging: asyncio.Task[None] | None = None
    _pong_received = False
    _server: Any = None
    _stream: WebSocketStream | None = None
    _close_callback: Callable[[], None] | None = None

    def __init__(
        self, handler: WebSocketDelegate, mask_outgoing: bool, params: WebSocketParams
    ) -> None:
        super().__init__(handler, mask_outgoing, params)
        self._context = contextvars.copy_context()
        self._inside = False  # program code is running in that context
        self._waiting = False  # for the program, or for the loop's next turn
        self._discarding = 0  # bytes that may still be thrown away

    # --- what the transport calls ---

    def data_received(self, data: bytes) -> None:
        if self._discarding:
            self._discarding -= len(data)
            if self._discarding <= 0:
                self._discarding = 1
                self._abort()
            return
        if self._waiting:
            if self._ahead is None:
                self._ahead = []
            self._ahead.append(data)
            transport = self.transport
            if not self._reading_paused and transport is not None and not transport.is_closing():
                self._reading_paused = True
                transport.pause_reading()
            return
        # As _feed() does it, without the cost of a call.
        try:
            machine: Any = self._machine
            events = machine.feed(data)
            if events:
                self._deliver(events)
            elif machine.more:
                self._go_on_later()
        except ENDS_THE_PROGRAM as error:
            leave_loop(error)

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        while self._waiting and not self._blocked and not self._ended:
            self._go_on()  # what came whole before the end counts
        self._writing_ended(exc)
        server, self._server = self._server, None
        if server is not None:
            server.release(self)
        if self._blocked and self._when_lost is not None:
            self._when_lost()
        if self._blocked and self.mask_outgoing and not self.client_terminated:
            # A client reads when it likes. A handler must hear of the end now: what it is at may
            # be waiting for just that.
            self._lost = True
            return
        self.client_terminated = True
        self._end()

    # --- what comes in ---

    def _feed(self, data: bytes) -> None:
        machine = self._machine
        assert machine is not None
        try:
            events = machine.feed(data)
            if events:
                self._deliver(events)
            elif machine.more:  # fragments without end, of one message
                self._go_on_later()
        except ENDS_THE_PROGRAM as error:
            leave_loop(error)

    def _deliver(self, events: Sequence[Event]) -> None:
        """Give the program its events, until there is one that it must be waited for."""
        machine = self._machine
        assert machine is not None
        handler: Any = self.handler  # a cast of each event to its type would be a call
        waiting: asyncio.Future[Any] | None
        at = 0
        for event in events:
            at += 1
            kind = type(event)
            if kind is str or kind is bytes:
                if self.client_terminated:
                    continue
                # As _call() does it, without the cost of a call that takes any arguments.
                try:
                    if self._inside:
                        result: Any = handler.on_message(event)
                    else:
                        self._inside = True
                        try:
                            result = self._context.run(handler.on_message, event)
                        finally:
                            self._inside = False
                    if result is None:
                        continue
                    waiting = self._as_future(result)
                    result = None  # a failed one leads to this frame by its traceback
                except (Exception, asyncio.CancelledError) as error:
                    self._program_failed(error)
                    continue
            elif kind is Ping:
                waiting = self._handle_message(_PING, cast(Ping, event).data)
            elif kind is Pong:
                waiting = self._handle_message(_PONG, cast(Pong, event).data)
            elif at > 1 and self.mask_outgoing:
                # Whoever waits to read the message before has his turn first: to answer it is no
                # use any more once the end was told.
                self._events = events[at - 1 :]
                self._go_on_later()
                return
            elif kind is Closed:
                closed = cast(Closed, event)
                self.client_terminated = True
                self.close_code = closed.code
                self.close_reason = closed.reason
                self.close(closed.code)
                return
            else:
                self._fail(cast(Failed, event).error)
                return
            if waiting is not None and not self._settled(waiting):
                self._events = events[at:]
                self._wait_for(waiting)
                return
            waiting = None
        if machine.more and not self.client_terminated:
            self._go_on_later()

    def _handle_message(self, opcode: int, data: bytes) -> asyncio.Future[Any] | None:
        """Take a ping or a pong; returns what it must be waited for, or None."""
        if opcode == _PONG:
            self._pong_received = True
            return self._call(self.handler.on_pong, data)
        self._send_pong(data)
        return self._call(self.handler.on_ping, data)

    def _wait_for(self, waiting: asyncio.Future[Any]) -> None:
        self._waiting = self._blocked = True
        waiting.add_done_callback(self._program_ready)

    def _program_ready(self, future: asyncio.Future[Any]) -> None:
        self._blocked = False
        self._settled(future)
        self._go_on()
        self._let_go()

    def _go_on_later(self) -> None:
        # Others have their turn first: what the machine holds may be thousands of frames.
        self._waiting = True
        self._loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        if self._blocked:
            return
        self._waiting = False
        try:
            events, self._events = self._events, ()
            if events:
                self._deliver(events)
            elif self._machine is not None and self._machine.more:
                self._feed(b"")
        except ENDS_THE_PROGRAM as error:
            leave_loop(error)
        if not self._waiting and self._ahead:
            data = b"".join(self._ahead)
            self._ahead = None
            if self._discarding or self._ended:
                return
            self._feed(data)
        if not self._waiting and self._lost:
            self.client_terminated = True
            self._end()
        if not self._waiting and self._reading_paused:
            self._reading_paused = False
            if self.transport is not None and not self.transport.is_closing():
                self.transport.resume_reading()

    def _call(
        self, callback: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> asyncio.Future[Any] | None:
        """Call the program; returns what it must be waited for, or None."""
        try:
            if self._inside:
                result = callback(*args, **kwargs)
            else:
                self._inside = True
                try:
                    result = self._context.run(callback, *args, **kwargs)
                finally:
                    self._inside = False
            return None if result is None else self._as_future(result)
        except (Exception, asyncio.CancelledError) as error:
            self._program_failed(error)
            return None
        finally:
            result = None  # a failed one leads to this frame by its traceback

    _run_callback = _call

    def _as_future(self, result: Any) -> asyncio.Future[Any]:
        if asyncio.isfuture(result):
            return result
        if asyncio.iscoroutine(result):
            loop = self._loop
            if _EAGER and not self._inside and loop.get_task_factory() is None:
                make: Callable[..., asyncio.Task[Any]] = asyncio.Task
                return make(result, loop=loop, context=self._context, eager_start=True)
            return loop.create_task(result, context=self._context)
        return asyncio.wrap_future(convert_yielded(result))

    def _settled(self, future: asyncio.Future[Any]) -> bool:
        """True if a future is done; its exception is the program's failure."""
        if not future.done():
            return False
        # Not raised here: its traceback would hold this frame, which holds the future.
        error = asyncio.CancelledError() if future.cancelled() else future.exception()
        if error is not None:
            if not isinstance(error, Exception | asyncio.CancelledError):
                raise error
            self._program_failed(error)
        return True

    def _program_failed(self, error: BaseException) -> None:
        """An exception of the program ends the connection: it lost count of it."""
        self.handler.log_exception(type(error), error, error.__traceback__)
        self._abort()

    # --- the end ---

    def _fail(self, error: RemoteProtocolError) -> None:
        """Tell a peer that broke the protocol, and end."""
        gen_log.debug("WebSocket failed: %s", error)
        transport = self.transport
        # What was wrong, in words: the peer's programmer has nothing else to go by.
        reason = "message too big" if isinstance(error, MessageTooLarge) else str(error)
        self.close(
            error.close_code or PROTOCOL_ERROR,
            reason.encode()[:MAX_REASON].decode("utf-8", "ignore"),
        )
        self.client_terminated = True
        self._discarding = LINGER_SIZE
        if transport is not None:
            if transport.can_write_eof():
                transport.write_eof()
            else:
                self._close_transport(transport)
        self._end()

    def on_connection_close(self) -> None:
        if not self._ended:
            self._abort()

    def set_close_callback(self, callback: Callable[[], None] | None) -> None:
        """Have ``callback`` called when the connection is closed, after ``on_close``."""
        self._close_callback = callback

    def _end(self) -> None:
        """Tell the program, once, that it was all."""
        if self._ended:
            return
        self._ended = True
        self._ahead = None
        self._events = ()
        pinging, self._pinging = self._pinging, None
        if pinging is not None:
            pinging.cancel()
        if self._machine is not None:
            self._machine.feed_eof()
        try:
            self._call(self.handler.on_ws_connection_close, self.close_code, self.close_reason)
        except ENDS_THE_PROGRAM as error:
            leave_loop(error)
        finally:
            if self._closed is not None and not self._closed.done():
                self._closed.set_result(None)
            callback, self._close_callback = self._close_callback, None
            if callback is not None:
                self._loop.call_soon(callback)
            self._let_go()

    def _let_go(self) -> None:
        """Leave the handler alone once there is nothing to tell it any more: it may hold us."""
        if self._ended and not self._blocked:
            self.handler = cast(WebSocketDelegate, None)
            self._when_lost = None
            if self._stream is not None:
                self._stream.connection_ended()
