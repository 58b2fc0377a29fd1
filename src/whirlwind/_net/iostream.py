"""Streams over sockets, with and without TLS, and over pipes.

Layer: net. Imports from ``_base`` and ``_net``.

Theory of operation
-------------------
An ``IOStream`` that connects is opening until the socket says that it can be written to: then
the socket's error tells whether the connection is there.

An ``SSLIOStream`` is opening until its handshake is done. It takes a connected socket that is
wrapped already, or connects a plain one and wraps that. The handshake says in which direction
it has to wait, and that is what the stream watches for. Afterwards the socket object reads and
writes like any other, except that it can hold bytes that it has decrypted and that no event
tells of; hence a read always asks the socket before it waits, and a short read means nothing.

``start_tls`` turns the one into the other. Bytes that were read ahead in the clear would then
pass for bytes that came encrypted, so a stream that has any refuses.
"""

from __future__ import annotations

import asyncio
import errno
import functools
import os
import socket as sockets
import ssl
import sys
from types import MethodType
from typing import Any, ClassVar, Final, TypeVar, overload

from whirlwind._base.log import gen_log
from whirlwind._base.old_arguments import accepts_old
from whirlwind._net.base_stream import BaseIOStream
from whirlwind._net.ioloop import IOLoop
from whirlwind._net.stream_callbacks import Callback, call_back, in_either_order
from whirlwind._net.stream_file import ERRNO_CONNRESET, fail
from whirlwind._net.tls import SSLOptions, default_client_context, default_server_context
from whirlwind._net.tls import ssl_wrap_socket as wrap_socket

_Self = TypeVar("_Self", bound="IOStream")

# What connect() says when it has begun. EAGAIN is no beginning: it means that the backlog of a
# Unix socket is full. Only Windows uses it for this.
_IN_PROGRESS: Final = (
    frozenset({errno.EWOULDBLOCK, errno.EINPROGRESS})
    if sys.platform == "win32"
    else frozenset({errno.EINPROGRESS})
)


class IOStream(BaseIOStream):
    """A stream over a socket.

    Args:
        socket: Connected or not; the stream owns it from now on and makes it non-blocking.
        args: As for ``BaseIOStream``.
        kwargs: As for ``BaseIOStream``.

    Attributes:
        socket: The socket; None when the stream is closed or has become another by
            ``start_tls``.
    """

    _short_is_final: ClassVar[bool] = True
    _is_socket: ClassVar[bool] = True

    def __init__(self, socket: sockets.socket, *args: Any, **kwargs: Any) -> None:
        self.socket: Any = socket
        self.socket.setblocking(False)
        self._connect_future: asyncio.Future[Any] | None = None
        super().__init__(*args, **kwargs)

    def fileno(self) -> Any:
        """Return the socket, which the loop takes for its descriptor; None once closed."""
        return self.socket

    def close_fd(self) -> None:
        self.socket.close()
        self.socket = None

    def get_fd_error(self) -> Exception | None:
        code = self.socket.getsockopt(sockets.SOL_SOCKET, sockets.SO_ERROR)
        return OSError(code, os.strerror(code)) if code else None

    def read_from_fd(self, buf: bytearray | memoryview) -> int | None:
        try:
            return self.socket.recv_into(buf)  # type: ignore[no-any-return]
        except BlockingIOError:
            return None

    def _receive(self, size: int) -> bytes | None:
        # Memory of the right size from the start: a message that arrives whole is not copied.
        method: Any = self.read_from_fd
        if type(method) is not MethodType or method.__func__ is not _read_from_socket:
            return super()._receive(size)
        try:
            return self.socket.recv(size)  # type: ignore[no-any-return]
        except BlockingIOError:
            return None

    def write_to_fd(self, data: memoryview) -> int:
        return self.socket.send(data)  # type: ignore[no-any-return]

    def _send(self, data: bytes | memoryview) -> int:
        method: Any = self.write_to_fd
        if type(method) is not MethodType or method.__func__ is not _write_to_socket:
            return super()._send(data)
        return self.socket.send(data)  # type: ignore[no-any-return]

    def set_nodelay(self, value: bool) -> None:
        """Send small writes without waiting for the acknowledgement of earlier ones.

        For protocols in which a message is written in pieces that the peer answers one by one.

        Args:
            value: True for ``TCP_NODELAY``; False lets the system collect small writes.
        """
        if self.socket is None or self.socket.family not in (sockets.AF_INET, sockets.AF_INET6):
            return
        try:
            self.socket.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_NODELAY, int(bool(value)))
        except OSError as error:
            # The peer may be gone already (EINVAL), which the next read or write will tell.
            if error.errno != errno.EINVAL and error.errno not in ERRNO_CONNRESET:
                raise

    # --- connecting -----------------------------------------------------------------------

    @overload
    def connect(
        self: _Self, address: Any, server_hostname: str | None = None
    ) -> asyncio.Future[_Self]: ...

    @overload
    def connect(
        self, address: Any, callback: Callback, server_hostname: str | None = None
    ) -> None: ...

    @accepts_old("name", "callback")
    def connect(
        self,
        address: Any,
        *name: Any,
        server_hostname: str | None = None,
        callback: Callback | None = None,
    ) -> Any:
        """Connect the socket.

        Reads and writes may begin at once; they wait for the connection. A host name is
        resolved by the system, which blocks: ``TCPClient`` does it in the background.

        Args:
            address: What the socket's family takes: ``(host, port)``, a path.
            server_hostname: The name that the peer's certificate must hold; not used without
                TLS.
            callback: Called without arguments when the future would be resolved, as until Tornado
                5.1; None is returned then. It may also be the second argument, with
                ``server_hostname`` as the third.

        Returns:
            Future of this stream, resolved when it is connected. Fails with
            ``StreamClosedError``, ``real_error`` telling why.
        """
        if name or callback is not None:
            server_hostname, callback = in_either_order(name, server_hostname, callback)
            future = self.connect(address, server_hostname=server_hostname)
            if callback is None:
                return future
            future.add_done_callback(functools.partial(_log_connect_error, address))
            return call_back(self, callback, future, bare=True)
        self._opening = True
        self._opening_events = IOLoop.WRITE
        future = self._connect_future = self._new_future()
        try:
            self.socket.connect(address)
        except OSError as error:
            if error.errno not in _IN_PROGRESS:
                self.close(exc_info=error.with_traceback(None))
                return future
        self._watch(IOLoop.WRITE)
        return future

    def _open_further(self, events: int) -> bool:
        error = self.get_fd_error()
        if error is not None:
            self.close(exc_info=error)
            return False
        future, self._connect_future = self._connect_future, None
        if future is not None and not future.done():
            future.set_result(self)
        self._opening = False
        return True

    def _pending_futures(self) -> list[asyncio.Future[Any]]:
        pending = super()._pending_futures()
        if self._connect_future is not None:
            pending.append(self._connect_future)
            self._connect_future = None
        return pending

    # --- TLS ------------------------------------------------------------------------------

    def start_tls(
        self,
        server_side: bool,
        ssl_options: SSLOptions | None = None,
        server_hostname: str | None = None,
    ) -> asyncio.Future[SSLIOStream]:
        """Turn this stream into one that speaks TLS.

        For protocols that begin in the clear and agree on TLS. Nothing may be pending. This
        stream is of no use afterwards; its close callback moves to the new one.

        Args:
            server_side: True if the peer began the TLS connection.
            ssl_options: A context, or a dict as for ``ssl_options_to_context``. None: as a
                client, check the peer against the system's authorities; as a server, a
                context without certificate, which few clients accept.
            server_hostname: As a client, the name that the peer's certificate must hold;
                needed where certificates are checked.

        Returns:
            Future of the new stream, resolved after the handshake. Fails with the error of a
            handshake that went wrong, an ``ssl.SSLError`` or another ``OSError``. Cancelling
            it closes the connection.

        Raises:
            ValueError: Something is pending, or bytes have been read ahead: they came in the
                clear and must not pass for encrypted ones.
        """
        if (
            self._read_future is not None
            or self._opening
            or self._closed
            or self._write_futures
            or self._write_buffer
            or self._read_buffer
        ):
            raise ValueError("IOStream is not idle; cannot convert to SSL")
        options: Any = ssl_options
        if options is None:
            options = default_server_context() if server_side else default_client_context()
        socket = self.socket
        wrapped = wrap_socket(
            socket,
            options,
            server_hostname=server_hostname,
            server_side=server_side,
            do_handshake_on_connect=False,
        )
        # The new socket object has taken over the descriptor, and the number with it.
        if self._state:
            self.io_loop.remove_handler(wrapped)
            self._state = 0
        self.socket = None
        self._closed = True
        callback, self._close_callback = self._close_callback, None
        stream = SSLIOStream(
            wrapped,
            ssl_options=options,
            max_buffer_size=self.max_buffer_size,
            read_chunk_size=self.read_chunk_size,
            max_write_buffer_size=self.max_write_buffer_size,
            io_loop=self.io_loop,
        )
        stream.set_close_callback(callback)
        future = stream.wait_for_handshake()
        # Nobody else has the new stream: a program that does not wait for it cannot close it.
        future.add_done_callback(lambda future: stream.close() if future.cancelled() else None)
        return future


# What the shorter ways of an IOStream stand for.
_read_from_socket: Final = IOStream.read_from_fd
_write_to_socket: Final = IOStream.write_to_fd


def _log_connect_error(address: Any, future: asyncio.Future[Any]) -> None:
    # Who gave a callback has no future to learn it from.
    error = None if future.cancelled() else future.exception()
    if error is not None:
        gen_log.warning("Connect error on %s: %s", address, getattr(error, "real_error", error))


def _tell_of_cuts(socket: Any) -> None:
    # Python takes a connection that was cut for one that ended unless told not to; to whoever
    # can cut it, that is a way of shortening a message (RFC 8446, 6.1).
    socket.suppress_ragged_eofs = False


class SSLIOStream(IOStream):
    """A stream that speaks TLS over a socket.

    Give it a connected socket that ``ssl_wrap_socket`` has wrapped with
    ``do_handshake_on_connect=False``, or a plain one, a client's, and call ``connect`` unless it
    is connected. Reads and writes may begin before the handshake is done.

    Args:
        args: As for ``IOStream``.
        ssl_options: A context, or a dict as for ``ssl_options_to_context``, for wrapping after
            ``connect``; None to check the peer against the system's authorities.
        kwargs: As for ``BaseIOStream``.
    """

    _short_is_final: ClassVar[bool] = False

    def __init__(self, *args: Any, ssl_options: SSLOptions | None = None, **kwargs: Any) -> None:
        self._ssl_options: SSLOptions = (
            default_client_context() if ssl_options is None else ssl_options
        )
        super().__init__(*args, **kwargs)
        self._server_hostname: str | None = None
        self._handshaken = False
        self._handshake_future: asyncio.Future[Any] | None = None
        if isinstance(self.socket, ssl.SSLSocket):
            _tell_of_cuts(self.socket)
        try:
            self.socket.getpeername()
        except OSError:
            return  # not connected yet
        # Begun in a turn of its own: the program has no future yet that could fail.
        self._opening = True
        self._opening_events = IOLoop.WRITE
        self._watch(IOLoop.WRITE)

    def reading(self) -> bool:
        """Return True if a read is pending or the handshake waits for the peer."""
        return super().reading() or (self._opening and self._opening_events == IOLoop.READ)

    def writing(self) -> bool:
        """Return True if bytes wait to be written, those of the handshake included."""
        return super().writing() or (self._opening and self._opening_events == IOLoop.WRITE)

    @overload
    def connect(
        self: _Self, address: Any, server_hostname: str | None = None
    ) -> asyncio.Future[_Self]: ...

    @overload
    def connect(
        self, address: Any, callback: Callback, server_hostname: str | None = None
    ) -> None: ...

    @accepts_old("name", "callback")
    def connect(
        self,
        address: Any,
        *name: Any,
        server_hostname: str | None = None,
        callback: Callback | None = None,
    ) -> Any:
        """Connect the socket and shake hands.

        Args:
            address: What the socket's family takes: ``(host, port)``, a path.
            server_hostname: The name that the peer's certificate must hold; needed unless the
                options say that certificates are not checked.
            callback: Called without arguments when the future would be resolved, as until Tornado
                5.1; None is returned then. It may also be the second argument, with
                ``server_hostname`` as the third.

        Returns:
            Future of this stream, resolved when the handshake is done. Fails with the error
            of a connection or handshake that went wrong, an ``ssl.SSLError`` or another
            ``OSError``; with ``StreamClosedError`` if the program closed the stream.
        """
        if name or callback is not None:
            server_hostname, callback = in_either_order(name, server_hostname, callback)
            future = self.connect(address, server_hostname=server_hostname)
            if callback is None:
                return future
            future.add_done_callback(functools.partial(_log_connect_error, address))
            return call_back(self, callback, future, bare=True)
        assert isinstance(self, SSLIOStream)
        self._server_hostname = server_hostname
        future = self._handshake_future = self._new_future()
        super().connect(address)
        return future

    @accepts_old("callback")
    def wait_for_handshake(self: _Self, callback: Callback | None = None) -> asyncio.Future[_Self]:
        """Wait until the handshake is done.

        Args:
            callback: Called without arguments when the future would be resolved, as until Tornado
                5.1; None is returned then.

        Returns:
            Future of this stream. Fails with the error of a handshake that went wrong, an
            ``ssl.SSLError`` or another ``OSError``; with ``StreamClosedError`` if the program
            closed the stream.

        Raises:
            RuntimeError: Somebody waits for it already.
        """
        assert isinstance(self, SSLIOStream)
        if callback is not None:
            return call_back(self, callback, self.wait_for_handshake(), bare=True)
        if self._handshake_future is not None and not self._handshake_future.done():
            raise RuntimeError("Already waiting")
        future = self._handshake_future = self._new_future()
        if self._handshaken:
            self._handshake_done()
        elif self._closed:
            self._fail_pending()
        return future

    def _open_further(self, events: int) -> bool:
        if not isinstance(self.socket, ssl.SSLSocket):
            if not super()._open_further(events):
                return False
            self._opening = True  # the connection is there, the handshake is to come
            if not self._wrap():
                return False
        return self._shake_hands()

    def _open_inline(self) -> bool:
        # The last message of the handshake, and data after it, may be there already.
        return isinstance(self.socket, ssl.SSLSocket) and self._shake_hands()

    def _wrap(self) -> bool:
        # Wrapping moves the descriptor to another object; the loop must not hold the old one.
        self.io_loop.remove_handler(self.socket)
        self._state = 0
        try:
            self.socket = wrap_socket(
                self.socket,
                self._ssl_options,
                server_hostname=self._server_hostname,
                server_side=False,
                do_handshake_on_connect=False,
            )
        except (OSError, ValueError) as error:  # peer gone, bad options, no name to check
            self.close(exc_info=error.with_traceback(None))
            return False
        _tell_of_cuts(self.socket)
        return True

    def _shake_hands(self) -> bool:
        try:
            self.socket.do_handshake()
        except ssl.SSLWantReadError:
            self._opening_events = IOLoop.READ
        except ssl.SSLWantWriteError:
            self._opening_events = IOLoop.WRITE
        except (OSError, ValueError) as error:  # SSLError is an OSError
            if isinstance(error, ssl.SSLError) and not self._is_connreset(error):
                gen_log.warning("SSL Error on %s %s: %s", self._name(), self._peer(), error)
            # Anything else is a peer that went away, port scanners most of all: no line.
            self.close(exc_info=error.with_traceback(None))
        else:
            self._opening = False
            self._handshaken = True
            self._handshake_done()
            return True
        return False

    def _is_connreset(self, error: BaseException) -> bool:
        # A cut without the farewell of TLS comes as an error of a class of its own.
        gone = isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError)
        return gone or super()._is_connreset(error)

    def _handshake_done(self) -> None:
        future, self._handshake_future = self._handshake_future, None
        if future is not None and not future.done():
            future.set_result(self)

    def _peer(self) -> object:
        try:
            return self.socket.getpeername()
        except OSError:
            return "(not connected)"

    def _fail_pending(self) -> None:
        future, self._handshake_future = self._handshake_future, None
        if future is not None and not future.done():
            # What was wrong with the handshake is what its waiter asks about; to the others it
            # is a reason for the stream being closed.
            fail(future, self.error or self._closed_error())
        super()._fail_pending()

    def close_fd(self) -> None:
        if self._handshaken and self.error is None:
            # Tell the peer that this is the end and not a cut (RFC 8446, 6.1), as far as that
            # takes no waiting; the answer is not waited for.
            try:
                self.socket.unwrap()
            except (OSError, ValueError):
                pass
        super().close_fd()

    def read_from_fd(self, buf: bytearray | memoryview) -> int | None:
        try:
            return self.socket.recv_into(buf)  # type: ignore[no-any-return]
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
            return None

    def write_to_fd(self, data: memoryview) -> int:
        try:
            return self.socket.send(data)  # type: ignore[no-any-return]
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return 0


class PipeIOStream(BaseIOStream):
    """A stream over a pipe, or over anything else that has a descriptor and can wait.

    Not for files on a disk, which loops cannot watch.

    Args:
        fd: An open descriptor; the stream owns it from now on and makes it non-blocking.
        args: As for ``BaseIOStream``.
        kwargs: As for ``BaseIOStream``.

    Attributes:
        fd: The descriptor.
    """

    _short_is_final: ClassVar[bool] = True

    def __init__(self, fd: int, *args: Any, **kwargs: Any) -> None:
        self.fd = fd
        os.set_blocking(fd, False)
        super().__init__(*args, **kwargs)

    def fileno(self) -> int:
        """Return the descriptor."""
        return self.fd

    def close_fd(self) -> None:
        os.close(self.fd)

    def read_from_fd(self, buf: bytearray | memoryview) -> int | None:
        try:
            return os.readv(self.fd, [buf])
        except BlockingIOError:
            return None
        except OSError as error:
            if error.errno != errno.EBADF:
                raise
            # Readers of the pipe are gone: its writing end becomes readable to say so, and is not.
            self.error = error.with_traceback(None)
            return 0

    def write_to_fd(self, data: memoryview) -> int:
        return os.write(self.fd, data)
