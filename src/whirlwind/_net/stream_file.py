"""The file under a stream: what the loop watches it for, how it opens, how it ends.

Layer: net. Imports from ``_base``, and from ``_net`` the loop and the errors.

Theory of operation
-------------------
A subclass knows the file: it reads into memory it is given, writes from memory, closes. Here is
what any file has in common, below reading and writing.

Watching goes on for as long as it may be of use, since changing it costs a system call each way.
A socket is watched by the asyncio loop directly (``watch_stream``): ``_on_readable`` and
``_on_writable`` do what is common in few steps and leave the rest to ``_handle_events``, which is
also what any other file gets.

A stream that is connecting or shaking hands is *opening*: reads and writes wait, and what the
subclass has to do on each event is in ``_open_further``.

Closing fails everything that is pending, with the reason; bytes that were read ahead can still
be read. A stream is never entered twice: futures and the close callback run in turns of the loop
of their own, but for a read that ``_on_readable`` has answered, whose program goes on as the last
thing that the event does (``runner_cy.resolve``).
"""

from __future__ import annotations

import asyncio
import errno
import functools
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any, ClassVar, Final, TypeAlias

from whirlwind._base.log import gen_log
from whirlwind._net.ioloop import IOLoop
from whirlwind._net.stream_errors import (
    StreamBufferFullError,
    StreamClosedError,
    StreamOverfullError,
    UnsatisfiableReadError,
)

ExcInfo: TypeAlias = (
    bool
    | BaseException
    | tuple[type[BaseException], BaseException, TracebackType | None]
    | tuple[None, None, None]
)

READ: Final = IOLoop.READ
WRITE: Final = IOLoop.WRITE
ERROR: Final = IOLoop.ERROR

# Ways of a peer to be gone. They close the stream without a line in the log.
ERRNO_CONNRESET: Final = frozenset(
    code
    for code in (
        errno.ECONNRESET,
        errno.ECONNABORTED,
        errno.EPIPE,
        errno.ETIMEDOUT,
        getattr(errno, "WSAECONNRESET", None),
        getattr(errno, "WSAECONNABORTED", None),
        getattr(errno, "WSAETIMEDOUT", None),
    )
    if code is not None
)


class StreamFile:
    """What a stream is without its reads and writes; ``BaseIOStream`` is what programs subclass.

    Attributes:
        error: Why the stream was closed; None while it is open and after closing in order.
        io_loop: The loop that the stream runs on.
    """

    # True where a read or write of less than was asked means that the file can do no more now.
    # Not so for TLS, which stops at the end of each record.
    _short_is_final: ClassVar[bool] = False
    # True where the file is a socket, for whose events the loop has a short way.
    _is_socket: ClassVar[bool] = False

    def __init__(self, io_loop: IOLoop) -> None:
        self.io_loop = io_loop
        self.error: BaseException | None = None
        self._close_callback: Callable[[], object] | None = None
        self._state = 0  # events the loop watches for; 0: it knows nothing of the file
        self._opening = False
        self._opening_events = 0  # what an opening stream waits for
        self._closed = False

    # --- what a subclass knows ------------------------------------------------------------

    def fileno(self) -> Any:
        """Return the file's descriptor, or an object with a ``fileno`` method that has it."""
        raise NotImplementedError

    def close_fd(self) -> None:
        """Close the file. Called once, by ``close``, which is what programs call."""
        raise NotImplementedError

    def read_from_fd(self, buf: bytearray | memoryview) -> int | None:
        """Read what the file has into ``buf``, without waiting.

        Args:
            buf: Memory to fill from its beginning; not to be kept after the call.

        Returns:
            The number of bytes read; None if there are none for now, 0 at the end of the file.

        Raises:
            OSError: The file is broken; the stream closes with the error.
        """
        raise NotImplementedError

    def write_to_fd(self, data: memoryview) -> int:
        """Write from the beginning of ``data`` what the file takes, without waiting.

        Returns:
            The number of bytes written; 0 if the file takes none for now.

        Raises:
            BlockingIOError: The same as returning 0.
            OSError: The file is broken; the stream closes with the error.
        """
        raise NotImplementedError

    def get_fd_error(self) -> Exception | None:
        """Return the error that the loop reported an event for; None if the file tells none."""
        return None

    # --- closing --------------------------------------------------------------------------

    def close(self, exc_info: ExcInfo = False) -> None:
        """Close the stream now; what waits to be written is lost, and its futures say so.

        A second call does nothing.

        Args:
            exc_info: Why, for ``error`` and for everything that is pending: an exception, a
                triple as from ``sys.exc_info()``, or True for the exception being handled.
        """
        if self._closed:
            return
        error = _error_in(exc_info)
        if error is not None:
            self.error = error
        self._closing()
        self._closed = True
        if self._state:
            self._stop_watching()
        try:
            self.close_fd()
        finally:
            self._fail_pending()
            self._announce_close()

    def closed(self) -> bool:
        """Return True if the stream has been closed, by either side.

        While bytes that were read ahead are unread, a stream whose peer has closed may not
        have noticed yet.
        """
        return self._closed

    def set_close_callback(self, callback: Callable[[], object] | None) -> None:
        """Have a function called when the stream is closed.

        Also makes the stream notice that while no read is pending, as long as nothing that was
        read ahead is left to be read: the peer's end comes after it. It is called in a turn of
        the loop of its own, after the futures of pending operations have failed, and soon if
        the stream is closed already.

        Args:
            callback: Called without arguments, once; None to have none.
        """
        self._close_callback = callback
        if callback is None:
            return
        if self._closed:
            self._announce_close()
        else:
            self._watch_when_idle()

    def set_nodelay(self, value: bool) -> None:
        """Send small writes without waiting for more (``TCP_NODELAY``), where that exists."""

    def _closing(self) -> None:
        """Do what has to be done before the stream counts as closed."""

    def _pending_futures(self) -> list[asyncio.Future[Any]]:
        """Futures that fail when the stream closes; they are forgotten here."""
        return []

    def _fail_pending(self) -> None:
        for future in self._pending_futures():
            if not future.done():
                fail(future, self._closed_error())

    def _announce_close(self) -> None:
        callback, self._close_callback = self._close_callback, None
        if callback is not None:
            self.io_loop.add_callback(callback)

    def _watch_when_idle(self) -> None:
        """Watch for the end of the stream while nothing else is going on."""
        raise NotImplementedError

    def _close_for(self, error: UnsatisfiableReadError) -> None:
        gen_log.info("Unsatisfiable read, closing connection: %s", error)
        self.close(exc_info=error.with_traceback(None))
        # Closing does it, unless the stream was closed and has been read to here since.
        self._fail_pending()

    def _check_closed(self) -> None:
        if self._closed:
            raise self._closed_error()

    def _is_connreset(self, error: BaseException) -> bool:
        """Return True if ``error`` says no more than that the peer went away."""
        return isinstance(error, OSError) and error.errno in ERRNO_CONNRESET

    def _closed_error(self) -> StreamClosedError:
        if isinstance(self.error, StreamBufferFullError):
            return StreamOverfullError(self.error)
        return StreamClosedError(self.error)

    def _name(self) -> object:
        """How log lines call this stream: by its descriptor's number."""
        fileno = self.fileno()
        return fileno.fileno() if hasattr(fileno, "fileno") else fileno

    # --- events ---------------------------------------------------------------------------

    def _open_further(self, events: int) -> bool:
        """Go on with opening.

        Returns:
            True if the stream is open now; False if it waits further, or was closed.
        """
        raise NotImplementedError

    def _open_inline(self) -> bool:
        """Go on with opening without an event, if that can be of any use.

        Returns:
            As ``_open_further``.
        """
        return False

    def _opened(self) -> None:
        """Do what waited for the opening."""
        raise NotImplementedError

    def _take_read_event(self) -> None:
        raise NotImplementedError

    def _handle_write(self) -> None:
        raise NotImplementedError

    def _on_readable(self) -> None:
        """What the loop calls when there is something to read from a socket."""
        self._take_event(READ)

    def _on_writable(self) -> None:
        """What the loop calls when a socket has room."""
        self._take_event(WRITE)

    def _take_event(self, events: int) -> None:
        self.io_loop._run_callback(functools.partial(self._handle_events, None, events))

    def _handle_events(self, fd: Any, events: int) -> None:
        if self._closed:
            return
        try:
            if self._opening:
                if not self._open_further(events):
                    self._watch_what_is_needed()
                    return
                self._opened()
            else:
                if events & READ:
                    self._take_read_event()
                if events & WRITE and not self._closed:
                    self._handle_write()
                if events & ERROR and not self._closed:
                    self.close(exc_info=self.get_fd_error() or False)
            self._watch_what_is_needed()
        except Exception as error:
            gen_log.error("Uncaught exception, closing connection.", exc_info=True)
            self.close(exc_info=error)
            raise

    def _wanted_events(self) -> int:
        """What an open stream has to be told of."""
        raise NotImplementedError

    def _watch_what_is_needed(self) -> None:
        """Tell the loop what to watch for, if that has changed."""
        if self._closed:
            return
        wanted = ERROR | (self._opening_events if self._opening else self._wanted_events())
        if self._state != wanted:
            self._watch_for(wanted)

    def _watch(self, event: int) -> None:
        """Have the loop watch for ``event`` as well."""
        if not self._state & event:
            self._watch_for(self._state | event | ERROR)

    def _watch_for(self, events: int) -> None:
        """Have the loop watch for ``events`` and nothing else."""
        known = self._state
        self._state = events
        if known:
            self.io_loop.update_handler(self.fileno(), events)
        elif self._is_socket:
            self.io_loop.watch_stream(
                self.fileno(), self._handle_events, self._on_readable, self._on_writable, events
            )
        else:
            self.io_loop.add_handler(self.fileno(), self._handle_events, events)

    def _stop_watching(self) -> None:
        self.io_loop.remove_handler(self.fileno())
        self._state = 0


def fail(future: asyncio.Future[Any], error: BaseException) -> None:
    """Fail a future that the program may have no interest in."""
    future.set_exception(error)
    future.exception()  # counts as looked at: asyncio would log it otherwise


def _error_in(exc_info: Any) -> BaseException | None:
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple):
        error: BaseException | None = exc_info[1]
        return error
    return sys.exc_info()[1] if exc_info else None
