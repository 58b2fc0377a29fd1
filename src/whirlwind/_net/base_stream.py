"""The stream: reads and writes as futures over anything that can be read without waiting.

Layer: net. Imports from ``_base``, and from ``_net`` the loop, the buffers and the reads.

Theory of operation
-------------------
A subclass knows the file: it reads into memory it is given, writes from memory, closes. This
class knows the waiting, and does as little of it as it can:

- A write goes to the file at once. Only what the file does not take is kept, and only then
  does the loop get to watch for room.
- A read is answered at once from what was read ahead, or from what the file has. Only a read
  that cannot be answered makes the loop watch for more.
- Where a read took less than it asked for, the file is empty, and asking again only to be told
  so is a wasted system call. The next read then goes to the loop directly (``_drained``).
- Watching goes on between reads, because a program that answers a message reads the next one,
  and changing what is watched costs a system call each way. It stops when bytes come that
  nobody asked for: one chunk of them is read ahead, the others wait in the kernel, where they
  hold the peer back.

One read is pending at a time, any number of writes. A write's future is resolved when the last
of its bytes is on the wire, found by counting: ``_total_write_done_index`` against the count at
the time of the write.

A stream that is connecting or shaking hands is *opening*: reads and writes wait, and what the
subclass has to do on each event is in ``_open_further``.

Closing fails everything that is pending, with the reason; bytes that were read ahead can still
be read. No event of the file runs a program's code directly: futures and the close callback
run in turns of the loop of their own, so a stream is never entered twice.
"""

from __future__ import annotations

import asyncio
import errno
import re
import sys
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Any, ClassVar, Final, TypeAlias, cast, overload

from whirlwind._base.limits import MAX_BUFFER_SIZE, MAX_STREAM_TURN, READ_CHUNK_SIZE
from whirlwind._base.log import gen_log
from whirlwind._net.ioloop import IOLoop
from whirlwind._net.stream_buffer import ReadBuffer, WriteBuffer
from whirlwind._net.stream_callbacks import (
    Callback,
    call_back,
    call_back_at_the_end,
    in_either_order,
    in_old_order,
    read_in_pieces,
)
from whirlwind._net.stream_errors import (
    StreamBufferFullError,
    StreamClosedError,
    StreamOverfullError,
    UnsatisfiableReadError,
)
from whirlwind._net.stream_reads import (
    Read,
    ReadBytes,
    ReadInto,
    ReadUntil,
    ReadUntilClose,
    ReadUntilRegex,
)

ExcInfo: TypeAlias = (
    bool
    | BaseException
    | tuple[type[BaseException], BaseException, TracebackType | None]
    | tuple[None, None, None]
)

_READ: Final = IOLoop.READ
_WRITE: Final = IOLoop.WRITE
_ERROR: Final = IOLoop.ERROR

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

# Memory to read into before the size of what comes is known. It is in use only within one
# call, so the streams share it: an idle stream then costs no buffer. More than one only where
# several threads run loops.
_scratch: list[memoryview] = []


class BaseIOStream:
    """What every stream can do; a subclass adds the file.

    Subclass it for a new kind of file: implement ``fileno``, ``close_fd``, ``read_from_fd``,
    ``write_to_fd`` and, where the file knows one, ``get_fd_error``.

    Args:
        max_buffer_size: Most bytes to read ahead or to hold until a read is answered; None
            for 100 MiB. ``read_into`` has the memory it is given on top.
        read_chunk_size: Most bytes asked of the file at once; None for 64 KiB. At most half of
            ``max_buffer_size``.
        max_write_buffer_size: Most bytes that writes may leave waiting; None for no limit.
        io_loop: An argument of Tornado up to 4, where it came first: the loop, if it is not to
            be the current one.

    Attributes:
        error: Why the stream was closed; None while it is open and after closing in order.
        io_loop: The loop that was current when the stream was made, or the one given; the stream
            runs there only.
    """

    # True where a read or write of less than was asked means that the file can do no more now.
    # Not so for TLS, which stops at the end of each record.
    _short_is_final: ClassVar[bool] = False

    def __init__(
        self,
        max_buffer_size: int | None = None,
        read_chunk_size: int | None = None,
        max_write_buffer_size: int | None = None,
        io_loop: IOLoop | None = None,
    ) -> None:
        first: Any = max_buffer_size
        if isinstance(first, IOLoop):
            io_loop, max_buffer_size, read_chunk_size, max_write_buffer_size = (
                first,
                read_chunk_size,
                max_write_buffer_size,
                cast(Any, io_loop),
            )
        self.io_loop = IOLoop.current() if io_loop is None else io_loop
        self.max_buffer_size = max_buffer_size or MAX_BUFFER_SIZE
        self.read_chunk_size = max(
            1, min(read_chunk_size or READ_CHUNK_SIZE, self.max_buffer_size // 2)
        )
        self.max_write_buffer_size = max_write_buffer_size
        self.error: BaseException | None = None
        self._new_future = self.io_loop.asyncio_loop.create_future
        self._read_buffer = ReadBuffer()
        self._read: Read | None = None
        self._read_future: asyncio.Future[Any] | None = None
        self._drained = False  # the last read took all there was, and the loop watches for more
        self._write_buffer: WriteBuffer | None = WriteBuffer()
        self._write_futures: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._total_write_index = 0
        self._total_write_done_index = 0
        self._close_callback: Callable[[], object] | None = None
        self._state: int | None = None  # events the loop watches for; None: it was never asked
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

    # --- reading --------------------------------------------------------------------------

    @overload
    def read_until_regex(
        self, regex: bytes | re.Pattern[bytes], max_bytes: int | None = None
    ) -> asyncio.Future[bytes]: ...

    @overload
    def read_until_regex(
        self,
        regex: bytes | re.Pattern[bytes],
        callback: Callback,
        max_bytes: int | None = None,
    ) -> None: ...

    def read_until_regex(
        self,
        regex: bytes | re.Pattern[bytes],
        *limit: Any,
        max_bytes: int | None = None,
        callback: Callback | None = None,
    ) -> Any:
        """Read up to and including the first match of a regular expression.

        For a fixed delimiter ``read_until`` is faster. An expression that looks ahead or
        behind, is anchored or matches without an upper bound is searched from the beginning
        each time bytes arrive: give ``max_bytes`` where the peer is not to be trusted.

        Args:
            regex: The expression, over bytes.
            max_bytes: Most bytes to read, the match included; None for ``max_buffer_size``.
            callback: Called with the result, as until Tornado 5.1; None is returned then. It may
                also be the second argument, with ``max_bytes`` as the third.

        Returns:
            Future of everything before the match and the match itself.

        Raises:
            StreamClosedError: Directly, if the stream is closed and what is left in the buffer
                holds no match. In the future, if it closes before the match comes or because
                it does not come within ``max_bytes`` (``real_error`` is then an
                ``UnsatisfiableReadError``).
            AssertionError: Another read is pending.
        """
        if limit or callback is not None:
            max_bytes, callback = in_either_order(limit, max_bytes, callback)
            future = self.read_until_regex(regex, max_bytes=max_bytes)
            return future if callback is None else call_back(self, callback, future)
        return self._start_read(ReadUntilRegex(re.compile(regex), max_bytes))

    @overload
    def read_until(
        self, delimiter: bytes, max_bytes: int | None = None
    ) -> asyncio.Future[bytes]: ...

    @overload
    def read_until(
        self, delimiter: bytes, callback: Callback, max_bytes: int | None = None
    ) -> None: ...

    def read_until(
        self,
        delimiter: bytes,
        *limit: Any,
        max_bytes: int | None = None,
        callback: Callback | None = None,
    ) -> Any:
        """Read up to and including a delimiter.

        Args:
            delimiter: One byte or more.
            max_bytes: Most bytes to read, the delimiter included; None for
                ``max_buffer_size``.
            callback: Called with the result, as until Tornado 5.1; None is returned then. It may
                also be the second argument, with ``max_bytes`` as the third.

        Returns:
            Future of everything before the delimiter and the delimiter itself.

        Raises:
            StreamClosedError: As for ``read_until_regex``.
            AssertionError: Another read is pending.
        """
        if limit or callback is not None:
            max_bytes, callback = in_either_order(limit, max_bytes, callback)
            future = self.read_until(delimiter, max_bytes=max_bytes)
            return future if callback is None else call_back(self, callback, future)
        buffer = self._read_buffer
        if buffer.size and self._read_future is None:
            # The common case of many short messages in one chunk, without the way around.
            end = buffer.find(delimiter) + len(delimiter)
            if end >= len(delimiter) and (max_bytes is None or end <= max_bytes):
                return self._answered(buffer.take(end))
        return self._start_read(ReadUntil(delimiter, max_bytes))

    @overload
    def read_bytes(self, num_bytes: int, partial: bool = False) -> asyncio.Future[bytes]: ...

    @overload
    def read_bytes(
        self,
        num_bytes: int,
        callback: Callback,
        streaming_callback: Callback | None = None,
        partial: bool = False,
    ) -> None: ...

    @overload
    def read_bytes(
        self,
        num_bytes: int,
        callback: None = None,
        *,
        streaming_callback: Callback,
        partial: bool = False,
    ) -> asyncio.Future[bytes]: ...

    def read_bytes(
        self,
        num_bytes: int,
        *old: Any,
        partial: bool = False,
        callback: Callback | None = None,
        streaming_callback: Callback | None = None,
    ) -> Any:
        """Read a number of bytes.

        Args:
            num_bytes: How many; 0 is answered at once.
            partial: True to be answered with what there is, as soon as there is a byte.
            callback: Called with the result, as until Tornado 5.1; None is returned then. It may
                also be the second argument, with the next ones behind it.
            streaming_callback: Called with each piece as it comes, as until Tornado 5.1; the
                result is then empty.

        Returns:
            Future of ``num_bytes`` bytes; with ``partial``, of 1 to ``num_bytes``.

        Raises:
            StreamClosedError: Directly, if the stream is closed and the buffer holds too few.
                In the future, if it closes before they come.
            AssertionError: Another read is pending.
            TypeError: ``num_bytes`` is not an integer.
        """
        if old or callback is not None or streaming_callback is not None:
            if len(old) == 1 and not callable(old[0]):
                partial = bool(old[0])
            elif old:  # as in 4.x
                given = [callback, streaming_callback, partial]
                given[: len(old)] = old
                callback, streaming_callback, partial = cast(Any, given)
            if streaming_callback is not None:
                future = read_in_pieces(self, streaming_callback, num_bytes)
            else:
                future = self.read_bytes(num_bytes, partial=partial)
            return future if callback is None else call_back(self, callback, future)
        if not isinstance(num_bytes, int):
            raise TypeError(f"num_bytes must be an int, not {type(num_bytes).__name__}")
        if 0 < num_bytes <= self._read_buffer.size and self._read_future is None:
            return self._answered(self._read_buffer.take(num_bytes))
        return self._start_read(ReadBytes(max(num_bytes, 0), partial))

    def read_into(
        self, buf: bytearray | memoryview, partial: bool = False, callback: Callback | None = None
    ) -> asyncio.Future[int]:
        """Read into memory of the program's own, straight from the file.

        For large messages of known size: no byte is copied on the way.

        Args:
            buf: Writable memory to fill. It must not change its size until the future is done.
            partial: True to be answered as soon as there is a byte.
            callback: Called with the result, as until Tornado 5.1; None is returned then. It may
                also stand in the place of ``partial``.

        Returns:
            Future of the number of bytes read: the size of ``buf``, or less with ``partial``.

        Raises:
            StreamClosedError: As for ``read_bytes``; the beginning of ``buf`` then holds what
                had come.
            AssertionError: Another read is pending.
        """
        if callback is not None or callable(partial):
            partial, callback = in_old_order(partial, callback, False)
            return call_back(self, callback, self.read_into(buf, partial))
        return self._start_read(ReadInto(memoryview(buf).cast("B"), partial))

    def read_until_close(
        self, callback: Callback | None = None, streaming_callback: Callback | None = None
    ) -> asyncio.Future[bytes]:
        """Read everything until the peer, or this program, closes the stream.

        Args:
            callback: Called with the result, as until Tornado 5.1; None is returned then. It is
                called with what came, too, if the stream ends with an error.
            streaming_callback: Called with each piece as it comes, as until Tornado 5.1; the
                result is then empty.

        Returns:
            Future of all bytes; of what is left in the buffer, perhaps none, if the stream is
            closed already, be it with an error: so what came before the error can be had by
            reading again.

        Raises:
            StreamClosedError: In the future: the stream ended with an error, ``real_error``.
                A reset by the peer counts as an end, since many peers end that way: a program
                that must know whether it has everything looks at ``error`` afterwards.
            AssertionError: Another read is pending.
        """
        if callback is not None or streaming_callback is not None:
            if streaming_callback is not None:
                future = read_in_pieces(self, streaming_callback, None)
            else:
                future = self.read_until_close()
            return future if callback is None else call_back_at_the_end(self, callback, future)
        if self._closed and self._read_future is None:
            future = self._new_future()
            future.set_result(self._read_buffer.take(self._read_buffer.size))
            return future
        return self._start_read(ReadUntilClose())

    def unread(self, data: bytes) -> None:
        """Put back bytes that were read and belong to whoever reads next.

        Args:
            data: What the next read gets first. No read may be pending.
        """
        if data:
            self._read_buffer.put_back(data)

    def reading(self) -> bool:
        """Return True if a read is pending."""
        return self._read_future is not None

    def _answered(self, result: bytes) -> asyncio.Future[bytes]:
        """Return the future of a read that needed nothing but the buffer."""
        future: asyncio.Future[bytes] = self._new_future()
        future.set_result(result)
        if self._close_callback is not None:
            self._watch_when_idle()
        return future

    def _start_read(self, read: Read) -> asyncio.Future[Any]:
        pending = self._read_future
        if pending is not None and not pending.cancelled():
            self._check_closed()
            raise AssertionError("Already reading")
        if pending is not None:
            self._abandon_read()
        future = self._new_future()
        self._read_future = future
        self._read = read
        try:
            self._try_inline_read()
        except BaseException:
            # The program learns of it here: what it would wait for is not handed out.
            self._read = self._read_future = None
            raise
        return future

    def _try_inline_read(self) -> None:
        """Answer the read that just began without waiting, or have the loop watch for more."""
        read = self._read
        assert read is not None
        try:
            # What was read ahead, even after closing: it may hold the answer.
            if (self._read_buffer.size or read.can_be_empty) and self._answer():
                if self._close_callback is not None:
                    self._watch_when_idle()
                return
        except UnsatisfiableReadError as error:
            self._close_for(error)
            return
        self._check_closed()
        if self._opening:
            if not self._open_inline():
                self._watch_what_is_needed()
                return
            if self._write_buffer:
                self._handle_write()
        if not (self._drained and self._state is not None and self._state & _READ):
            broken = self._read_or_close()
            if broken is not None:
                raise broken
        if self._closed:
            return
        if self._read is not None:
            self._watch(_READ)
        elif self._close_callback is not None:
            self._watch_when_idle()

    def _answer(self) -> bool:
        """Resolve the pending read if the buffer holds what it wants."""
        read = self._read
        assert read is not None
        if type(read) is ReadInto:
            read.filled += self._read_buffer.take_into(read.target[read.filled :])
            if not read.satisfied:
                return False
            self._finish_read(read.filled)
            return True
        size = read.size_in(self._read_buffer)
        if size is None:
            return False
        self._finish_read(self._read_buffer.take(size))
        return True

    def _finish_read(self, result: bytes | int) -> None:
        future = self._read_future
        assert future is not None
        self._read = self._read_future = None
        future.set_result(result)

    def _abandon_read(self) -> None:
        """Forget a read whose future was cancelled; its bytes are left to the next read."""
        read = self._read
        if type(read) is ReadInto and read.filled:
            self._read_buffer.put_back(bytes(read.target[: read.filled]))
        self._read = self._read_future = None

    def _handle_read(self) -> None:
        """Do what an event of the file calls for."""
        error = self._read_or_close()
        if error is not None:
            gen_log.warning("error on read: %s", self.error or error)

    def _read_or_close(self) -> Exception | None:
        """Read what the file has, answer the pending read, and close where the file ends.

        Returns:
            An error that closed the stream and that is more than a peer that went away.
        """
        future = self._read_future
        if future is not None and future.cancelled():
            self._abandon_read()
        try:
            if self._read_available() and not self._closed:
                self.close()
        except UnsatisfiableReadError as error:
            self._close_for(error)
        except StreamBufferFullError as error:
            gen_log.error("%s", error)
            self.close(exc_info=error.with_traceback(None))
            return self._closed_error()
        except Exception as error:  # what a subclass raises may be anything
            # The traceback leads to this stream: keeping it would make a cycle.
            error = error.with_traceback(None)
            if self._read is not None:
                self._answer()  # with what came before the error
            self.close(exc_info=error)
            return None if self._is_connreset(error) else error
        return None

    def _read_available(self) -> bool:
        """Read chunks until the read is answered, the file is empty or others must have a turn.

        Returns:
            True if the file ended.
        """
        buffer = self._read_buffer
        looked = buffer.size  # bytes in the buffer when it was last searched
        left = MAX_STREAM_TURN
        ended = False
        self._drained = False
        while True:
            read = self._read
            into = read if type(read) is ReadInto else None
            if into is not None:
                asked = len(into.target) - into.filled
                size = self.read_from_fd(into.target[into.filled :])
            else:
                # One byte beyond the limit shows whether there is more than it allows.
                asked = min(self.read_chunk_size, self.max_buffer_size + 1 - buffer.size)
                size = self._read_chunk(asked)
            if not size:
                ended = size == 0
                self._drained = size is None
                break
            left -= size
            short = size < asked and self._short_is_final
            if into is not None:
                into.filled += size
                if into.satisfied:
                    self._finish_read(into.filled)
                    self._drained = short
                    return False
            elif read is None:
                # One chunk ahead: more would fill memory that nobody asked to have filled.
                self._drained = short
                break
            else:
                have = buffer.size
                if have >= read.look_at or have > self.max_buffer_size:
                    looked = have
                    if self._answer():
                        self._drained = short
                        return False
                    if have > self.max_buffer_size:
                        raise StreamBufferFullError("Reached maximum read buffer size")
            if short:
                self._drained = True
                break
            if left <= 0:
                if not self._short_is_final:
                    # What TLS has decrypted ahead is no event of the socket.
                    self.io_loop.add_callback(self._read_on)
                break
        if self._read is not None and buffer.size > looked:
            self._answer()
        return ended

    def _read_chunk(self, size: int) -> int | None:
        """Read up to ``size`` bytes to the end of the buffer."""
        memory = _scratch.pop() if _scratch else memoryview(bytearray(READ_CHUNK_SIZE))
        if size > len(memory):
            memory = memoryview(bytearray(size))
        got = self.read_from_fd(memory if size == len(memory) else memory[:size])
        if got:
            self._read_buffer.append(memory[:got])
        if len(memory) == READ_CHUNK_SIZE:
            _scratch.append(memory)
        return got

    def _read_on(self) -> None:
        if self._read is not None and not self._closed:
            self._handle_read()
            self._watch_what_is_needed()

    # --- writing --------------------------------------------------------------------------

    def write(
        self, data: bytes | bytearray | memoryview, callback: Callback | None = None
    ) -> asyncio.Future[None]:
        """Write bytes, at once if the file takes them.

        Nothing has to be waited for before the next write; waiting for the future is how a
        program keeps pace with a slow peer. Cancelling the future does not take the bytes
        back.

        Args:
            data: Bytes to write. The memory of a large ``memoryview`` or ``bytearray`` is not
                copied and must not change before the future is done.
            callback: Called without arguments when the future would be resolved, as until Tornado
                5.1; None is returned then.

        Returns:
            Future of None, resolved when the last byte has been handed to the system. If the
            stream closes first it fails with ``StreamClosedError``; it may be dropped without
            looking.

        Raises:
            StreamClosedError: The stream is closed.
            StreamBufferFullError: More than ``max_write_buffer_size`` bytes would wait. None
                of ``data`` was taken.
            TypeError: ``data`` is no bytes.
        """
        if callback is not None:
            return call_back(self, callback, self.write(data), bare=True)
        self._check_closed()
        buffer = self._write_buffer
        assert buffer is not None
        if type(data) is not bytes:
            if not isinstance(data, bytes | bytearray | memoryview):
                raise TypeError(f"write() takes bytes or a memoryview, not {type(data).__name__}")
            view = memoryview(data)
            data = view.cast("B") if view.nbytes else b""  # sizes below are in bytes
        size = len(data)
        limit = self.max_write_buffer_size
        if limit is not None and size and len(buffer) + size > limit:
            raise StreamBufferFullError("Reached maximum write buffer size")
        future = self._new_future()
        self._total_write_index += size
        if size and not buffer and not self._opening:
            with memoryview(data) as view:
                sent = self._write_piece(view)
            if sent < 0:  # the stream is closed
                if type(data) is memoryview:
                    data.release()
                fail(future, self._closed_error())
                return future
            self._total_write_done_index += sent
            if sent == size:
                future.set_result(None)
                if self._close_callback is not None:
                    self._watch_when_idle()
                return future
            data = memoryview(data)[sent:]
        if size:
            buffer.append(data)
        if not buffer:
            future.set_result(None)
            return future
        self._write_futures.append((self._total_write_index, future))
        if not self._opening:
            if not size:
                self._handle_write()
            if not self._closed and buffer:
                self._watch(_WRITE)
        return future

    def writing(self) -> bool:
        """Return True if bytes wait to be written."""
        return bool(self._write_buffer)

    def _write_piece(self, view: memoryview) -> int:
        """Write what the file takes of ``view``; -1 if the stream was closed by an error."""
        try:
            return self.write_to_fd(view)
        except BlockingIOError:
            return 0
        except OSError as error:
            if not self._is_connreset(error):
                gen_log.warning("Write error on %s: %s", self._name(), error)
            # A peer that has seen enough may answer and close without reading to the end. Its
            # answer is in the kernel still, and closing would throw it away.
            error = error.with_traceback(None)
            self._fail_writes(StreamClosedError(error))
            self._handle_read()
            if self.error is None:
                self.error = error
            self.close(exc_info=error)
            return -1

    def _handle_write(self) -> None:
        """Write what waits, as far as the file takes it, and resolve the futures of it."""
        buffer = self._write_buffer
        assert buffer is not None
        left = MAX_STREAM_TURN
        while buffer and left > 0:
            with buffer.peek() as view:
                asked = len(view)
                sent = self._write_piece(view)
            if sent < 0:
                return
            if sent:
                buffer.advance(sent)
                self._total_write_done_index += sent
                left -= sent
            if not sent or (sent < asked and self._short_is_final):
                break
        done = self._total_write_done_index
        futures = self._write_futures
        while futures and futures[0][0] <= done:
            future = futures.popleft()[1]
            if not future.done():
                future.set_result(None)

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
        future = self._read_future
        if (
            future is not None
            and not future.cancelled()
            and type(self._read) is ReadUntilClose
            and (self.error is None or self._is_connreset(self.error))
        ):
            self._finish_read(self._read_buffer.take(self._read_buffer.size))
        self._closed = True
        if self._state is not None:
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

        Also makes the stream notice that while no read is pending. It is called in a turn of
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

    def _pending_futures(self) -> list[asyncio.Future[Any]]:
        """Futures that fail when the stream closes; they are forgotten here."""
        pending: list[asyncio.Future[Any]] = []
        if self._read_future is not None:
            pending.append(self._read_future)
        pending += [future for _, future in self._write_futures]
        self._read = self._read_future = None
        self._write_futures.clear()
        if self._write_buffer is not None:
            self._write_buffer.clear()
            self._write_buffer = None
        return pending

    def _fail_writes(self, error: StreamClosedError) -> None:
        for _, future in self._write_futures:
            if not future.done():
                fail(future, error)
        self._write_futures.clear()

    def _fail_pending(self) -> None:
        for future in self._pending_futures():
            if not future.done():
                fail(future, self._closed_error())

    def _announce_close(self) -> None:
        callback, self._close_callback = self._close_callback, None
        if callback is not None:
            self.io_loop.add_callback(callback)

    def _close_for(self, error: UnsatisfiableReadError) -> None:
        gen_log.info("Unsatisfiable read, closing connection: %s", error)
        self.close(exc_info=error.with_traceback(None))

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

    def _handle_events(self, fd: Any, events: int) -> None:
        if self._closed:
            return
        try:
            if self._opening:
                if not self._open_further(events):
                    self._watch_what_is_needed()
                    return
                # What waited for the opening, and what came along with its last step.
                if self._write_buffer:
                    self._handle_write()
                if self._read is not None and not self._closed:
                    self._handle_read()
            else:
                if events & _READ:
                    self._take_read_event()
                if events & _WRITE and not self._closed:
                    self._handle_write()
                if events & _ERROR and not self._closed:
                    self.close(exc_info=self.get_fd_error() or False)
            self._watch_what_is_needed()
        except Exception as error:
            gen_log.error("Uncaught exception, closing connection.", exc_info=True)
            self.close(exc_info=error)
            raise

    def _take_read_event(self) -> None:
        if self._read is not None or not self._read_buffer.size:
            self._handle_read()

    def _watch_what_is_needed(self) -> None:
        """Tell the loop what to watch for, if that has changed."""
        if self._closed:
            return
        if self._opening:
            wanted = self._opening_events
        else:
            # Between reads watching goes on; bytes that nobody asked for end it.
            wanted = _READ if self._read is not None or not self._read_buffer.size else 0
            if self._write_buffer:
                wanted |= _WRITE
        wanted |= _ERROR
        if self._state != wanted:
            self._watch_for(wanted)

    def _watch(self, event: int) -> None:
        """Have the loop watch for ``event`` as well."""
        if self._state is None or not self._state & event:
            self._watch_for((self._state or 0) | event | _ERROR)

    def _watch_for(self, events: int) -> None:
        """Have the loop watch for ``events`` and nothing else."""
        known = self._state is not None
        self._state = events
        if known:
            self.io_loop.update_handler(self.fileno(), events)
        else:
            self.io_loop.add_handler(self.fileno(), self._handle_events, events)

    def _stop_watching(self) -> None:
        self.io_loop.remove_handler(self.fileno())
        self._state = None

    def _watch_when_idle(self) -> None:
        """Watch for the end of the stream while nothing else is going on."""
        if not (self._closed or self._opening or self._read_buffer):
            self._watch(_READ)


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
