"""One WebSocket on a transport: the machine meets the loop, for server and client alike.

Layer: HTTP. Imports from ``_base``, ``_engine``, ``_net`` and ``_proto``.

Theory of operation
-------------------
``WebSocketProtocol13`` is the transport's protocol object itself; between the socket and the
program's ``on_message`` there is the machine and nothing else, no task and no turn of the loop.

Events are given to the program one by one, in the order of the wire. While it is at one that has
to be waited for, the rest stays here: further bytes are kept and, with the first of them, the
socket is paused, so that what waits is what one read brought. Reading goes on until then, which
is how a peer that goes away is noticed.

The end comes in one of three ways. Both sides have sent close frames: the transport is closed.
The peer broke the protocol: it is told so, our side is closed, and what it still sends is thrown
away for a while, since closing a socket with unread bytes resets it and loses the close frame. Or
the connection is gone. ``_end`` is reached once in each case, and tells the program.

Program code runs in the context (``contextvars``) of its handler, the same one for all calls.
"""

from __future__ import annotations

import abc
import asyncio
import contextvars
import socket
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import TracebackType
from typing import Any, Final, Protocol, cast

from whirlwind._base.errors import MessageTooLarge, RemoteProtocolError
from whirlwind._base.escape import json_encode, utf8
from whirlwind._base.limits import LINGER_SIZE, MAX_MESSAGE_SIZE, WEBSOCKET_CLOSE_TIMEOUT
from whirlwind._base.log import gen_log
from whirlwind._engine.yieldables import convert_yielded
from whirlwind._http.slow_reader import SlowReader
from whirlwind._http.websocket.errors import WebSocketClosedError
from whirlwind._http.websocket.masks import masking_keys
from whirlwind._http.websocket.stream import WebSocketStream
from whirlwind._http.websocket.stream_transport import StreamTransport
from whirlwind._net.leaving import ENDS_THE_PROGRAM, leave_loop
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.websocket.close_codes import GOING_AWAY, MAX_REASON, PROTOCOL_ERROR
from whirlwind._proto.websocket.events import Closed, Event, Failed, Ping, Pong
from whirlwind._proto.websocket.extensions import (
    Agreement,
    accept_offer,
    check_answer,
    parse_extensions,
)
from whirlwind._proto.websocket.handshake import (
    accept_value,
    check_response,
    is_complete_request,
    tokens,
)
from whirlwind._proto.websocket.machine import WebSocketMachine

_PING: Final = 0x9
_PONG: Final = 0xA

_EAGER: Final = sys.version_info >= (3, 12)

#: Says the same thing once, however many connections there are that it holds for.
de_dupe_gen_log = lru_cache(gen_log.log)


@dataclass(slots=True)
class WebSocketParams:
    """What a program decides about a WebSocket before it opens.

    Attributes:
        ping_interval: Seconds between pings; None or 0 for none.
        ping_timeout: Seconds that a pong may take; None for ``ping_interval``.
        max_message_size: Most bytes in a message from the peer, decompressed.
        compression_options: Options for compression, empty for the defaults; None for no
            compression.
    """

    ping_interval: float | None = None
    ping_timeout: float | None = None
    max_message_size: int = MAX_MESSAGE_SIZE
    compression_options: dict[str, Any] | None = None


class WebSocketDelegate(Protocol):
    """Who is told what happens on a WebSocket: a handler, or a client's connection."""

    def on_message(self, message: str | bytes) -> Awaitable[None] | None: ...
    def on_ping(self, data: bytes) -> None: ...
    def on_pong(self, data: bytes) -> None: ...
    def on_ws_connection_close(
        self, close_code: int | None = None, close_reason: str | None = None
    ) -> None: ...
    def log_exception(
        self,
        typ: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None: ...


class WebSocketProtocol(abc.ABC):
    """What every version of the protocol can do; there is one, ``WebSocketProtocol13``.

    Args:
        handler: Who is told what happens.

    Attributes:
        handler: The same.
        client_terminated: True once nothing comes from the peer any more.
        server_terminated: True once nothing may be sent any more.
    """

    def __init__(self, handler: WebSocketDelegate) -> None:
        self.handler = handler
        self.client_terminated = False
        self.server_terminated = False

    @property
    @abc.abstractmethod
    def stream(self) -> WebSocketStream | None:
        """The connection with the face of a stream; None before it is open."""

    @property
    @abc.abstractmethod
    def selected_subprotocol(self) -> str | None:
        """The subprotocol that was agreed upon; None for none."""

    @abc.abstractmethod
    async def accept_connection(self, handler: Any) -> None:
        """Answer the handshake of a handler's request, and run the connection to its end."""

    @abc.abstractmethod
    def write_message(
        self, message: str | bytes | dict[str, Any], binary: bool = False
    ) -> asyncio.Future[None]:
        """Send a message."""

    @abc.abstractmethod
    def write_ping(self, data: bytes) -> None:
        """Send a ping."""

    @abc.abstractmethod
    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Begin to close, or answer the peer that did."""

    @abc.abstractmethod
    def is_closing(self) -> bool:
        """True if nothing can be sent any more."""

    @abc.abstractmethod
    def start_pinging(self) -> None:
        """Begin to send pings, if that is wanted."""

    @abc.abstractmethod
    def set_nodelay(self, x: bool) -> None:
        """Send small messages at once, or wait for more."""

    @abc.abstractmethod
    def _abort(self) -> None:
        """End the connection now."""

    def on_connection_close(self) -> None:
        """The handler's connection is closed."""
        self._abort()


class WebSocketProtocol13(WebSocketProtocol, asyncio.Protocol):
    """A WebSocket of RFC 6455, which is version 13 of the protocol and the only one in use.

    Args:
        handler: Who is told what happens.
        mask_outgoing: Whether to mask what is sent: true for clients, and for them only.
        params: What the program decides.

    Attributes:
        transport: The transport; None before it is open, and once it is gone.
        close_code, close_reason: What the peer's close frame said; None for nothing.
    """

    # Bits of a frame's first byte (RFC 6455, section 5.2).
    FIN = 0x80
    RSV1 = 0x40
    RSV2 = 0x20
    RSV3 = 0x10
    RSV_MASK = RSV1 | RSV2 | RSV3
    OPCODE_MASK = 0x0F

    def __init__(
        self, handler: WebSocketDelegate, mask_outgoing: bool, params: WebSocketParams
    ) -> None:
        super().__init__(handler)
        self.mask_outgoing = mask_outgoing
        self.params = params
        self.transport: asyncio.Transport | None = None
        self.close_code: int | None = None
        self.close_reason: str | None = None
        self._machine: WebSocketMachine | None = None
        self._selected_subprotocol: str | None = None
        self._loop = asyncio.get_running_loop()
        self._context = contextvars.copy_context()
        self._inside = False  # program code is running in that context
        self._events: Sequence[Event] = ()  # what waits for the program
        self._waiting = False  # for the program, or for the loop's next turn
        self._blocked = False  # for the program
        self._ahead: list[bytes] = []  # wire bytes that came meanwhile
        self._reading_paused = False
        self._write_paused = False
        self._reader: SlowReader | None = None
        self._delivered = 0  # bytes on the wire when nothing was last seen to wait for the peer
        self._waiters: list[asyncio.Future[None]] = []
        self._done: asyncio.Future[None] | None = None
        self._discarding = 0  # bytes that may still be thrown away
        self._lost = False  # the connection is gone, and the program not at the end yet
        self._ended = False
        self._closed: asyncio.Future[None] | None = None
        self._close_timer: asyncio.TimerHandle | None = None
        self._pinging: asyncio.Task[None] | None = None
        self._pong_received = False
        self._pong_in_transit: asyncio.Future[None] | None = None
        self._next_pong: bytes | None = None
        self._server: Any = None
        self._stream: WebSocketStream | None = None
        self._close_callback: Callable[[], None] | None = None

    # --- the opening handshake, server ---

    @property
    def selected_subprotocol(self) -> str | None:
        return self._selected_subprotocol

    @staticmethod
    def compute_accept_value(key: str | bytes) -> str:
        """Return the ``Sec-WebSocket-Accept`` that answers a ``Sec-WebSocket-Key``."""
        return accept_value(key)

    async def accept_connection(self, handler: Any) -> None:
        """Answer the handshake of a handler's request, and wait for the end of the WebSocket.

        Args:
            handler: A ``WebSocketHandler``.
        """
        headers = handler.request.headers
        try:
            if not is_complete_request(headers):
                raise RemoteProtocolError("Missing/Invalid WebSocket headers")
            agreement = self._agree(headers)
        except RemoteProtocolError as error:
            handler.set_status(400)
            message = "Missing/Invalid WebSocket headers"
            gen_log.debug("%s: %s", message, error)
            handler.finish(message)
            return
        try:
            leftover = self._switch(handler, agreement)
        except (RuntimeError, OSError) as error:
            gen_log.debug("Connection closed during the handshake: %s", error)
            handler.on_connection_close()
            return
        context = getattr(handler, "_request_context", None)
        if context is not None:
            # What prepare() left in a variable can be reset only in the very same context.
            self._context = context
            handler._request_context = None
        try:
            self._inside = context is not None  # the handler's get() runs there, and called this
            try:
                self.start_pinging()
                waiting = self._call(handler.open, *handler.open_args, **handler.open_kwargs)
                if waiting is not None and not self._settled(waiting):
                    self._wait_for(waiting)
                waiting = None  # if it failed at once, its traceback leads to this frame
                if leftover:
                    self.data_received(leftover)
            finally:
                self._inside = False
            if not self._ended:
                self._closed = self._loop.create_future()
                await self._closed
        except asyncio.CancelledError:
            self._abort()
            raise

    def _agree(self, headers: HTTPHeaders) -> Agreement | None:
        offered = headers.get("Sec-WebSocket-Extensions")
        if offered is None:
            return None
        extensions = parse_extensions(offered)
        options = self.params.compression_options
        return None if options is None else accept_offer(extensions, options)

    def _switch(self, handler: Any, agreement: Agreement | None) -> bytes:
        """Write the answer of 101 and take the connection over; returns what was read ahead."""
        request = handler.request
        subprotocols = tokens(request.headers.get("Sec-WebSocket-Protocol"))
        selected = handler.select_subprotocol(subprotocols)
        if selected is not None:
            if selected not in subprotocols:
                raise AssertionError(
                    f"select_subprotocol() returned {selected!r}: expected one of {subprotocols}"
                )
            self._selected_subprotocol = selected
            handler.set_header("Sec-WebSocket-Protocol", selected)
        if agreement is not None:
            handler.set_header("Sec-WebSocket-Extensions", str(agreement))
        self._open(agreement)
        handler.clear_header("Content-Type")
        handler.set_status(101)
        handler.set_header("Upgrade", "websocket")
        handler.set_header("Connection", "Upgrade")
        handler.set_header(
            "Sec-WebSocket-Accept", self.compute_accept_value(request.headers["Sec-WebSocket-Key"])
        )
        connection = request.connection
        hand_over = getattr(connection, "hand_over", None)
        if hand_over is None:
            handler.finish()
            stream = handler._detach_stream()
            self.transport = cast(asyncio.Transport, StreamTransport(stream, self))
            return b""
        handler._finish_with_head()
        server = connection.server_connection.server
        self._server = server
        server.adopt(self)
        try:
            self.transport, leftover = hand_over(self)
        except RuntimeError:
            server.release(self)
            raise
        return cast(bytes, leftover)

    # --- the opening handshake, client ---

    def _process_server_headers(
        self, key: str | bytes, headers: HTTPHeaders, subprotocols: Sequence[str] | None = None
    ) -> None:
        """Check a server's answer of 101 against what was asked.

        Raises:
            RemoteProtocolError: It is not what was asked for.
        """
        self._selected_subprotocol = check_response(headers, key=key, subprotocols=subprotocols)
        self._open(
            check_answer(headers.get("Sec-WebSocket-Extensions"), self.params.compression_options)
        )

    def take_over(self, transport: asyncio.Transport, leftover: bytes) -> None:
        """Begin on a transport that has this object as its protocol already.

        Args:
            transport: The transport.
            leftover: What was read of the WebSocket's bytes along with the handshake.
        """
        self.transport = transport
        self.start_pinging()
        if leftover:
            self.data_received(leftover)

    def _open(self, agreement: Agreement | None) -> None:
        client = self.mask_outgoing
        params = self.params
        compressor = decompressor = None
        if agreement is not None:
            compressor = agreement.compressor(
                client=client, options=params.compression_options or {}
            )
            decompressor = agreement.decompressor(
                client=client, max_message_size=params.max_message_size
            )
        self._machine = WebSocketMachine(
            client=client,
            max_message_size=params.max_message_size,
            compressor=compressor,
            decompressor=decompressor,
            new_mask=masking_keys() if client else None,
        )

    # --- what the transport calls ---

    def data_received(self, data: bytes) -> None:
        if self._discarding:
            self._discarding -= len(data)
            if self._discarding <= 0:
                self._discarding = 1
                self._abort()
            return
        if self._waiting:
            self._ahead.append(data)
            transport = self.transport
            if not self._reading_paused and transport is not None and not transport.is_closing():
                self._reading_paused = True
                transport.pause_reading()
            return
        self._feed(data)

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        while self._waiting and not self._blocked and not self._ended:
            self._go_on()  # what came whole before the end counts
        self.server_terminated = True
        self.transport = None
        server, self._server = self._server, None
        if server is not None:
            server.release(self)
        self._cancel_close_timer()
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                error = WebSocketClosedError("the connection closed before all was sent")
                error.__cause__ = exc
                waiter.set_exception(error)
                waiter.exception()  # nobody need look: on_close says it as well
        if self._blocked and self.mask_outgoing and not self.client_terminated:
            # A client reads when it likes. A handler must hear of the end now: what it is at may
            # be waiting for just that.
            self._lost = True
            return
        self.client_terminated = True
        self._end()

    def pause_writing(self) -> None:
        self._write_paused = True

    def resume_writing(self) -> None:
        self._write_paused = False
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    # --- what comes in ---

    def _feed(self, data: bytes) -> None:
        machine = self._machine
        assert machine is not None
        try:
            events = machine.feed(data)
            if events:
                self._deliver(events)
        except ENDS_THE_PROGRAM as error:
            leave_loop(error)

    def _deliver(self, events: Sequence[Event]) -> None:
        """Give the program its events, until there is one that it must be waited for."""
        machine = self._machine
        assert machine is not None
        handler = self.handler
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
                        result: Any = handler.on_message(cast(str, event))
                    else:
                        self._inside = True
                        try:
                            result = self._context.run(handler.on_message, cast(str, event))
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
            # Others have their turn first: what is held here may be thousands of frames.
            self._waiting = True
            self._loop.call_soon(self._go_on)

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
            self._ahead.clear()
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

    # --- what goes out ---

    def write_message(
        self, message: str | bytes | dict[str, Any], binary: bool = False
    ) -> asyncio.Future[None]:
        """Send a message.

        Args:
            message: Text, or bytes; a dictionary is sent as JSON.
            binary: Whether it is a binary message; bytes that are sent as text must be UTF-8.

        Returns:
            A future that is done when the peer has room for more; it fails with
            ``WebSocketClosedError`` if the connection closes before.
        """
        if type(message) is str:
            data = message.encode()
        elif isinstance(message, dict):
            data = json_encode(message).encode()
        else:
            data = utf8(cast(bytes, message))
        transport = self.transport
        machine = self._machine
        if transport is None or machine is None or self.server_terminated or transport.is_closing():
            return self._refused()
        transport.write(machine.message(data, binary=binary))
        return self._room()

    def _room(self) -> asyncio.Future[None]:
        """Return a future that is done when the peer has room for more."""
        if not self._write_paused:
            done = self._done
            if done is None:
                done = self._done = self._loop.create_future()
                done.set_result(None)
            return done
        waiter: asyncio.Future[None] = self._loop.create_future()
        self._waiters.append(waiter)
        return waiter

    def _refused(self) -> asyncio.Future[None]:
        future: asyncio.Future[None] = self._loop.create_future()
        future.set_exception(WebSocketClosedError("the WebSocket is closed, or closing"))
        future.exception()
        return future

    def write_ping(self, data: bytes) -> None:
        """Send a ping; nothing happens if the connection is closing.

        Raises:
            ValueError: ``data`` is over 125 bytes.
        """
        self._write_frame(True, _PING, data)

    def _send_pong(self, data: bytes) -> None:
        """Answer a ping; while a pong waits for the peer to read, only the last one is kept.

        Source: RFC 6455, section 5.5.3. To keep them all would let a peer that sends pings, and
        does not read, fill the memory.
        """
        if self._pong_in_transit is not None:
            self._next_pong = data
            return
        sent = self._write_frame(True, _PONG, data)
        if not sent.done():
            self._pong_in_transit = sent
            sent.add_done_callback(self._pong_sent)

    def _pong_sent(self, sent: asyncio.Future[None]) -> None:
        self._pong_in_transit = None
        following, self._next_pong = self._next_pong, None
        if following is not None and not sent.cancelled() and sent.exception() is None:
            self._send_pong(following)

    def _write_frame(
        self, fin: bool, opcode: int, data: bytes, flags: int = 0
    ) -> asyncio.Future[None]:
        """Send a frame; returns a future that is done when the peer has room for more."""
        transport = self.transport
        machine = self._machine
        if transport is None or machine is None or self.server_terminated or transport.is_closing():
            return self._refused()
        transport.write(machine.frame((self.FIN if fin else 0) | flags | opcode, data))
        return self._room()

    # --- pings ---

    @property
    def ping_interval(self) -> float:
        """Seconds between pings; 0 for none."""
        return self.params.ping_interval or 0

    @property
    def ping_timeout(self) -> float:
        """Seconds that a pong may take; at most ``ping_interval``, since the next ping follows."""
        timeout = self.params.ping_timeout
        interval = self.ping_interval
        if timeout is None:
            return interval
        if interval and timeout > interval:
            de_dupe_gen_log(
                # logging.WARNING
                30,
                f"The websocket_ping_timeout ({timeout}) cannot be longer than the "
                f"websocket_ping_interval ({interval}). Setting websocket_ping_timeout={interval}",
            )
            return interval
        return timeout

    def start_pinging(self) -> None:
        """Begin to send pings, if ``ping_interval`` says so."""
        if self.ping_interval > 0 and self._pinging is None:
            self._pinging = self._loop.create_task(self.periodic_ping())

    @staticmethod
    def ping_sleep_time(*, last_ping_time: float, interval: float, now: float) -> float:
        """Return how many seconds from ``now`` the next ping is due.

        Args:
            last_ping_time: When the last one was sent.
            interval: Seconds between pings.
            now: The time, on the same clock.
        """
        return max(0.0, last_ping_time + interval - now)

    async def periodic_ping(self) -> None:
        """Send a ping every ``ping_interval`` seconds; close if ``ping_timeout`` brings no pong."""
        loop = self._loop
        interval = self.ping_interval
        timeout = self.ping_timeout
        await asyncio.sleep(interval)
        while not self.is_closing():
            sent_at = loop.time()
            self._pong_received = False
            self.write_ping(b"")
            if timeout > 0:
                await asyncio.sleep(timeout)
                if self.is_closing():
                    return
                # A pong that waits behind a message that the program is at was not missed.
                if not self._pong_received and not self._waiting:
                    self.close(reason="ping timed out")
                    return
            await asyncio.sleep(
                self.ping_sleep_time(last_ping_time=sent_at, interval=interval, now=loop.time())
            )

    # --- the end ---

    def is_closing(self) -> bool:
        return (
            self.transport is None
            or self.client_terminated
            or self.server_terminated
            or self.transport.is_closing()
        )

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Send a close frame, and close when the peer has answered, or has had time to.

        Args:
            code: 1000 to 4999, as far as it may be sent; None for none.
            reason: At most 123 bytes of UTF-8; None for none.

        Raises:
            ValueError: Code or reason may not be sent.
        """
        transport = self.transport
        if not self.server_terminated:
            if transport is not None and self._machine is not None:
                frame = self._machine.close(code, reason)
                if not transport.is_closing():
                    transport.write(frame)
            self.server_terminated = True
        if transport is None:
            return
        if self.client_terminated:
            self._close_transport(transport)
        elif self._close_timer is None:
            self._close_timer = self._loop.call_later(WEBSOCKET_CLOSE_TIMEOUT, self._abort)

    def going_away(self) -> None:
        """The server stops: close with 1001."""
        self.close(GOING_AWAY)

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

    def _close_transport(self, transport: asyncio.Transport) -> None:
        if transport.is_closing():
            return  # a transport of asyncio's TLS knows nothing of itself once closed twice
        self._cancel_close_timer()
        transport.close()
        if transport.get_extra_info("ssl_object") is not None:
            # The transport waits longer for a peer that does not answer the end of TLS.
            self._close_timer = self._loop.call_later(WEBSOCKET_CLOSE_TIMEOUT, self._abort)

    def check_time(self, tick: float) -> None:
        """End the connection if the peer has stopped to read what is written; the server asks.

        Args:
            tick: The server's clock.
        """
        transport = self.transport
        if transport is None:
            return
        reader = self._reader
        written = self._wire_bytes_out
        if reader is None:
            if written == self._delivered:
                return
            reader = self._reader = SlowReader()
        if reader.has_stopped(transport, tick):
            gen_log.info("Timeout writing to a WebSocket")
            self._abort()
        elif not reader.waits:
            self._delivered = written
            self._reader = None

    def _abort(self) -> None:
        self.client_terminated = self.server_terminated = True
        if self.transport is not None:
            self.transport.abort()

    abort = _abort

    def on_connection_close(self) -> None:
        if not self._ended:
            self._abort()

    def _cancel_close_timer(self) -> None:
        timer, self._close_timer = self._close_timer, None
        if timer is not None:
            timer.cancel()

    def _end(self) -> None:
        """Tell the program, once, that it was all."""
        if self._ended:
            return
        self._ended = True
        self._ahead.clear()
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

    # --- the transport ---

    @property
    def stream(self) -> WebSocketStream | None:
        if self._stream is None and self.transport is not None:
            self._stream = WebSocketStream(self)
        return self._stream

    def set_close_callback(self, callback: Callable[[], None] | None) -> None:
        """Have ``callback`` called when the connection is closed, after ``on_close``."""
        self._close_callback = callback

    def set_nodelay(self, x: bool) -> None:
        """Send small messages at once (True, which is the default), or wait for more."""
        sock = None if self.transport is None else self.transport.get_extra_info("socket")
        if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1 if x else 0)

    @property
    def _wire_bytes_in(self) -> int:
        return 0 if self._machine is None else self._machine.wire_bytes_in

    @property
    def _wire_bytes_out(self) -> int:
        return 0 if self._machine is None else self._machine.wire_bytes_out

    @property
    def _message_bytes_in(self) -> int:
        return 0 if self._machine is None else self._machine.message_bytes_in

    @property
    def _message_bytes_out(self) -> int:
        return 0 if self._machine is None else self._machine.message_bytes_out
