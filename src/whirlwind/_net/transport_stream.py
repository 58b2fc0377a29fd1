"""Streams over connections that a transport of the loop has, or had.

Layer: net. Imports from ``_base`` and ``_net``.

Theory of operation
-------------------
A server reads its connections by transports. A program that takes one over for a protocol of its
own wants a stream. There are two ways to give it one.

A plain socket is what a stream knows best: it gets a descriptor of its own for the same socket,
and the transport closes the other. What the transport has not sent yet must go out first, so the
stream is *opening*, which makes its writes wait, until the transport is done.

The state of TLS cannot be moved out of a transport. There the transport stays, and
``TransportStream`` takes the place of the file: what arrives is kept until the stream reads it,
and where the stream would watch its descriptor, reading is resumed or paused. So the peer is held
back as by a socket, but for what came in one read. Writing stops when the transport has enough
(``pause_writing``). A write is done when the transport has its last byte; it holds at most its
high-water mark of bytes, which still go out when the stream is closed.
"""

from __future__ import annotations

import asyncio
import os
import socket
from typing import Any, Final, cast

from whirlwind._base.limits import MAX_STREAM_TURN
from whirlwind._net.base_stream import BaseIOStream
from whirlwind._net.ioloop import IOLoop
from whirlwind._net.iostream import IOStream, SSLIOStream
from whirlwind._net.read_buffer_cy import ReadBuffer
from whirlwind._net.tls import SSLOptions
from whirlwind._net.tls_end import bound_end
from whirlwind._net.tls_socket import socket_of

# Bytes that a transport is given at once: it takes all that it is given, and would copy it.
_PIECE: Final = 65_536


class _AfterFlush(asyncio.Protocol):
    """Waits for a transport that is closing to have sent everything."""

    def __init__(self) -> None:
        self.stream: FollowingStream | None = None
        self.lost = False
        self.error: Exception | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        self.error = exc
        stream, self.stream = self.stream, None
        if stream is not None:
            stream.flushed(exc)


class FollowingStream(IOStream):
    """A stream over the socket of a transport, which is not used any more.

    Args:
        socket: A descriptor of its own for the transport's socket.
    """

    def __init__(self, socket: socket.socket) -> None:
        super().__init__(socket)
        self._opening = True
        self._opening_events = 0

    def flushed(self, error: Exception | None) -> None:
        """The transport has sent what it had, or could not.

        Args:
            error: What went wrong; None if nothing did.
        """
        if self._closed:
            return
        self._opening = False
        if error is not None:
            self.close(exc_info=error)
            return
        if self._write_buffer:
            self._handle_write()
        if self._read is not None and not self._closed:
            self._handle_read()
        self._watch_what_is_needed()

    def _open_further(self, events: int) -> bool:
        return False


class _Receiver(asyncio.Protocol):
    """What a transport calls; hands everything on to its stream."""

    def __init__(self) -> None:
        self.stream: TransportStream | None = None
        self.ended = False  # the peer has said that it sends no more

    def data_received(self, data: bytes) -> None:
        if self.stream is not None:
            self.stream.arrived(data)

    def eof_received(self) -> None:
        # The transport of TLS closes by itself then: TLS has no half-closed connections.
        self.ended = True

    def connection_lost(self, exc: Exception | None) -> None:
        if self.ended and isinstance(exc, BrokenPipeError):
            exc = None  # the peer closed in order, and could not be told that we heard it
        stream, self.stream = self.stream, None
        if stream is not None:
            stream.transport_lost(exc)

    def pause_writing(self) -> None:
        if self.stream is not None:
            self.stream.has_room(False)

    def resume_writing(self) -> None:
        if self.stream is not None:
            self.stream.has_room(True)


class TransportStream(SSLIOStream):
    """A stream over a transport that speaks TLS.

    Args:
        transport: The transport; the stream owns it from now on.
        leftover: Bytes that were read before.
        writable: Whether the transport has room for more.
    """

    def __init__(self, transport: asyncio.Transport, leftover: bytes, writable: bool) -> None:
        # Not SSLIOStream's: there is no socket to wrap, to make non-blocking, to shake hands on.
        BaseIOStream.__init__(self)
        self.socket: Any = socket_of(transport)
        self._connect_future = None
        self._handshake_future = None
        self._handshaken = True
        self._transport: asyncio.Transport | None = transport
        self._writable = writable
        self._write_due = False  # a turn of the loop will go on writing
        self._flowing = True  # the transport reads
        self._arrived = ReadBuffer()
        self._lost = False
        self._lost_error: Exception | None = None
        if leftover:
            self._read_buffer.append(leftover)

    # --- what the transport says ---

    def arrived(self, data: bytes) -> None:
        """Bytes have come in."""
        if self._closed:
            return
        self._arrived.append(data)
        self._handle_events(None, IOLoop.READ)

    def has_room(self, room: bool) -> None:
        """The transport's buffer has become full, or has room again."""
        self._writable = room
        if room and not self._closed:
            self._handle_events(None, IOLoop.WRITE)

    def transport_lost(self, error: Exception | None) -> None:
        """The connection has ended.

        Args:
            error: What went wrong; None if the peer closed it, or we did.
        """
        self._transport = None
        self._lost = True
        self._lost_error = error
        if self._closed:
            return
        if self._read is not None:
            self._handle_read()
        if self.closed():
            return
        # What came before the end can still be read, as with any stream.
        self._read_buffer.append(self._arrived.take(self._arrived.size))
        self.close(exc_info=error or False)

    # --- what the stream asks of its file ---

    def fileno(self) -> Any:
        """Return the transport's socket, to look at."""
        return self.socket

    def read_from_fd(self, buf: bytearray | memoryview) -> int | None:
        size = self._arrived.take_into(memoryview(buf))
        if size:
            return size
        if not self._lost:
            return None
        if self._lost_error is not None:
            raise self._lost_error
        return 0

    def write_to_fd(self, data: memoryview) -> int:
        transport = self._transport
        sent = 0
        end = min(len(data), MAX_STREAM_TURN)
        while sent < end and self._writable and transport is not None:
            piece = bytes(data[sent : min(sent + _PIECE, end)])
            transport.write(piece)
            sent += len(piece)
        return sent

    def get_fd_error(self) -> Exception | None:
        return self._lost_error

    def close_fd(self) -> None:
        transport, self._transport = self._transport, None
        opened, self.socket = self.socket, None
        self._arrived.clear()
        if transport is None:
            return
        if self.error is not None:
            transport.abort()
            return
        # A peer that reads nothing does not keep the connection for ever.
        transport.close()
        bound_end(self.io_loop.asyncio_loop, transport, opened)

    def set_nodelay(self, value: bool) -> None:
        """Send small writes without waiting for the acknowledgement of earlier ones.

        Args:
            value: True for ``TCP_NODELAY``, which the loop's transports have set already.
        """
        if self.socket is not None and self.socket.family in (socket.AF_INET, socket.AF_INET6):
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, int(bool(value)))

    def connect(self, address: Any, *name: Any, **more: Any) -> Any:
        """Not for this stream: it is connected."""
        raise ValueError("the stream is connected already")

    def start_tls(
        self,
        server_side: bool,
        ssl_options: SSLOptions | None = None,
        server_hostname: str | None = None,
    ) -> Any:
        """Not for this stream: it speaks TLS."""
        raise ValueError("the stream speaks TLS already; cannot convert to SSL")

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Ask the transport, for example for ``"ssl_object"`` or ``"peercert"``."""
        return default if self._transport is None else self._transport.get_extra_info(name, default)

    def _watch(self, event: int) -> None:
        super()._watch(event)
        self._go_on_writing()

    def _watch_what_is_needed(self) -> None:
        super()._watch_what_is_needed()
        self._go_on_writing()

    def _go_on_writing(self) -> None:
        # A descriptor with room is an event each turn; a transport only tells of a change.
        if self._writable and self._write_buffer and not (self._closed or self._write_due):
            self._write_due = True
            self.io_loop.add_callback(self._write_on)

    def _write_on(self) -> None:
        self._write_due = False
        if self._writable and not self._closed:
            self._handle_events(None, IOLoop.WRITE)

    def _watch_for(self, events: int) -> None:
        self._state = events
        transport = self._transport
        flowing = bool(events & IOLoop.READ)
        if transport is None or flowing == self._flowing:
            return
        self._flowing = flowing
        if not transport.is_closing():
            transport.resume_reading() if flowing else transport.pause_reading()

    def _stop_watching(self) -> None:
        self._state = 0

    def _name(self) -> object:
        return "TLS connection"


def protocol_for(transport: asyncio.Transport) -> asyncio.Protocol:
    """Make the protocol that a transport is to be given before ``stream_over``."""
    return _Receiver() if transport.get_extra_info("ssl_object") is not None else _AfterFlush()


def stream_over(
    transport: asyncio.Transport, protocol: asyncio.Protocol, leftover: bytes, *, writable: bool
) -> IOStream:
    """Make a stream of a connection that a transport has.

    Args:
        transport: The transport. Nobody else may use it any more.
        protocol: From ``protocol_for``; the transport has it as its protocol now.
        leftover: Bytes that were read and not used: the first ones that the stream reads.
        writable: Whether the transport, by what it told its protocols, has room for more.

    Returns:
        The stream. Without TLS it has the socket, and a descriptor of its own for it.
    """
    if isinstance(protocol, _Receiver):
        protocol.stream = encrypted = TransportStream(transport, leftover, writable)
        return encrypted
    transport.pause_reading()
    own = socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno()))
    stream = FollowingStream(own)
    if leftover:
        stream._read_buffer.append(leftover)
    idle = not transport.get_write_buffer_size()
    transport.close()
    if idle:
        stream.flushed(None)
    else:
        cast(_AfterFlush, protocol).stream = stream
    return stream
