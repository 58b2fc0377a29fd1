"""Files from the disk to the socket, without passing through this process's memory.

Layer: HTTP. Imports from ``_base``, ``_net`` and within ``_http``.

Theory of operation
-------------------
``os.sendfile`` writes to the socket under the loop's transport, so nothing that the transport holds
may still be on its way: its write buffer has to be empty. Both kinds of loop say when it is, once
their limit is set to 0: writing is "paused" until nothing is left. From then on pieces go out
until the socket is full, and again when it is writable.

``loop.sendfile`` would be the way if uvloop had it (0.23 raises NotImplementedError). Both loops
refuse ``add_writer`` for a descriptor that belongs to a transport; a duplicate of it is another
descriptor to them, and to epoll, and nobody can close it under our feet. It is closed as soon as
the sending ends, since the peer sees no end of the connection before.

Back-pressure is the socket's: a slow reader costs a descriptor and no memory.
"""

from __future__ import annotations

import asyncio
import errno
import os
import sys
from typing import TYPE_CHECKING, Final

from whirlwind._base.limits import MAX_STREAM_TURN
from whirlwind._net.stream_errors import StreamClosedError

if TYPE_CHECKING:
    from whirlwind._http.server.exchange import Exchange
    from whirlwind._http.server.protocol import ServerProtocol

# Said of files, and of file systems, that cannot be sent this way, and of nothing else.
_UNABLE: Final = frozenset(
    {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EOVERFLOW}
)


class FileSending:
    """The sending of one part of a file as (part of) the body of one answer.

    Args:
        exchange: The answer, whose head was written and announced the length.
        file: The file's descriptor; stays open until ``future`` is done.
        offset: First byte to send.
        count: How many bytes.

    Attributes:
        future: Done when all was sent, with ``count``; with less where the file ended or cannot
            be sent this way; with ``StreamClosedError`` when the connection is gone. Cancelling
            it ends the sending.
    """

    __slots__ = (
        "_connection",
        "_exchange",
        "_file",
        "_left",
        "_limits",
        "_loop",
        "_offset",
        "_socket",
        "_waits",
        "future",
        "sent",
    )

    def __init__(self, exchange: Exchange, file: int, offset: int, count: int) -> None:
        self._exchange = exchange
        self._connection: ServerProtocol = exchange.server_connection
        self._file = file
        self._offset = offset
        self._left = count
        self.sent = 0
        self._socket = -1
        self._waits = False
        self._limits = (0, 0)
        self._loop = self._connection.server.asyncio_loop
        self.future: asyncio.Future[int] = self._loop.create_future()

    def start(self) -> None:
        """Send as much as can be sent at once, and see to it that the rest follows."""
        connection = self._connection
        transport = connection.transport
        assert transport is not None
        self._socket = os.dup(transport.get_extra_info("socket").fileno())
        self.future.add_done_callback(self._release)
        self._limits = transport.get_write_buffer_limits()
        transport.set_write_buffer_limits(high=0)
        empty = connection.send(b"")
        if empty.done():
            self._go_on(empty)
        else:
            empty.add_done_callback(self._go_on)

    def connection_lost(self) -> None:
        """The connection is gone: nobody is left to send to."""
        self._fail(StreamClosedError())

    def _go_on(self, empty: asyncio.Future[None]) -> None:
        if self.future.done():
            return
        error = empty.exception()
        if error is not None:
            self._fail(error)
            return
        self._step()

    def _step(self) -> None:
        """Send until the socket is full or this turn's share is used up."""
        if self._exchange.finished:
            self._fail(StreamClosedError())  # somebody ended the answer meanwhile
            return
        share = MAX_STREAM_TURN
        while self._left and share:
            try:
                moved = os.sendfile(self._socket, self._file, self._offset, min(self._left, share))
            except (BlockingIOError, InterruptedError):
                break
            except OSError as error:
                if error.errno in _UNABLE:
                    self._end()
                else:
                    # Reset, or shut for writing: the transport may be the last to notice.
                    self._connection.abort()
                    self._fail(StreamClosedError(real_error=error))
                return
            if not moved:  # the file is shorter than it was
                self._end()
                return
            self._offset += moved
            self.sent += moved
            self._left -= moved
            share -= moved
            self._exchange.count_sent(moved)
        if not self._left:
            self._end()
        elif not self._waits:
            self._waits = True
            self._loop.add_writer(self._socket, self._writable)

    def _writable(self) -> None:
        if not self.future.done():
            self._step()

    def _end(self) -> None:
        self._release(self.future)
        self.future.set_result(self.sent)

    def _fail(self, error: BaseException) -> None:
        if self.future.done():
            return
        self._release(self.future)
        self.future.set_exception(error)
        self.future.exception()  # nobody need look: the close callback says it as well

    def _release(self, _: asyncio.Future[int]) -> None:
        # Called before the future is done, and by the future for whoever cancels it.
        descriptor, self._socket = self._socket, -1
        if descriptor < 0:
            return
        if self._waits:
            self._loop.remove_writer(descriptor)
        os.close(descriptor)
        self._exchange.sending = None
        transport = self._connection.transport
        if transport is not None:
            low, high = self._limits
            transport.set_write_buffer_limits(high=high, low=low)


def file_sending(exchange: Exchange, file: int, offset: int, count: int) -> FileSending | None:
    """Return the sending of a file, not started yet; None where it must be read and written.

    That is: with TLS, without ``os.sendfile``, for bodies that are chunked, of another length or
    left out, and on connections that are closed.
    """
    transport = exchange.server_connection.transport
    if (
        sys.platform == "win32"
        or not hasattr(os, "sendfile")
        or transport is None
        or transport.is_closing()
        or transport.get_extra_info("ssl_object") is not None
        or transport.get_extra_info("socket") is None
        or not exchange.awaits_bytes(count)
    ):
        return None
    return FileSending(exchange, file, offset, count)
