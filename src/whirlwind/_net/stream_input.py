"""The reading half of a stream: one pending read, and the bytes that came before it.

Layer: net. Imports from ``_base``, ``_engine``, and from ``_net`` the file, the buffer and the
reads.

Theory of operation
-------------------
- A read is answered at once from what was read ahead, or from what the file has. Only a read
  that cannot be answered makes the loop watch for more.
- Where a read took less than it asked for, the file is empty, and asking again only to be told
  so is a wasted system call. The next read then goes to the loop directly (``_drained``).
- Watching goes on between reads, because a program that answers a message reads the next one.
  It stops when bytes come that nobody asked for: one chunk of them is read ahead, the others
  wait in the kernel, where they hold the peer back.
- What is large is read into the memory in which the program gets it (``ReadInto``, ``ReadWhole``),
  and everything else is taken from the file as ``bytes``, so that a message that arrives whole is
  handed on as it came.

One read is pending at a time. ``_on_readable`` is the short way of the common event: a read is
pending, nothing was read ahead. Everything else goes through ``_read_available``.
"""

from __future__ import annotations

import asyncio
from typing import Any

from whirlwind._base.limits import MAX_STREAM_TURN, READ_CHUNK_SIZE
from whirlwind._base.log import gen_log
from whirlwind._engine.runner_cy import done_future, resolve
from whirlwind._net.ioloop import IOLoop
from whirlwind._net.read_buffer_cy import ReadBuffer
from whirlwind._net.stream_errors import StreamBufferFullError, UnsatisfiableReadError
from whirlwind._net.stream_file import READ, StreamFile
from whirlwind._net.stream_reads import Read, ReadInto, ReadUntilClose, ReadWhole

# Memory to read into before the size of what comes is known. It is in use only within one
# call, so the streams share it: an idle stream then costs no buffer. More than one only where
# several threads run loops.
_scratch: list[memoryview] = []


class InputStream(StreamFile):
    """What a stream is without its writes; ``BaseIOStream`` is what programs subclass.

    Attributes:
        max_buffer_size: Most bytes to read ahead or to hold until a read is answered.
        read_chunk_size: Most bytes asked of the file at once, where no more are known to come.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = vars(cls)
        if "_short_is_final" not in own and ("read_from_fd" in own or "write_to_fd" in own):
            # Who reads in another way may hold bytes that no event of the file tells of.
            cls._short_is_final = False

    def __init__(self, io_loop: IOLoop, max_buffer_size: int, read_chunk_size: int) -> None:
        super().__init__(io_loop)
        self.max_buffer_size = max_buffer_size
        self.read_chunk_size = read_chunk_size
        self._new_future = io_loop.asyncio_loop.create_future
        self._read_buffer = ReadBuffer()
        self._read: Read | None = None
        self._read_future: asyncio.Future[Any] | None = None
        self._drained = False  # the last read took all there was, and the loop watches for more

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
        if self._close_callback is not None:
            self._watch_when_idle()
        future: asyncio.Future[bytes] = done_future(result)
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
            if not (self._read_buffer.size or read.can_be_empty or self._opening or self._closed):
                if self._drained and self._state & READ:
                    return future
                if read.by_chunks and self._ask_at_once(read, future):
                    return future
            self._try_inline_read()
        except BaseException:
            # The program learns of it here: what it would wait for is not handed out, nor kept
            # alive by the traceback.
            del future
            if type(self._read) is ReadWhole:
                self._abandon_read()
            self._read = self._read_future = None
            raise
        return future

    def _ask_at_once(self, read: Read, future: asyncio.Future[Any]) -> bool:
        """Ask the file for a chunk; return False if there is more to do than to hand it on."""
        asked = self.read_chunk_size
        try:
            data = self._receive(asked)
        except Exception as error:
            broken = self._read_failed(error)
            if broken is not None:
                raise broken from None
            return True
        if data is None:
            self._drained = True
            self._watch(READ)
            return True
        if not data:
            self.close()
            return True
        if not read.is_answered_by(data):
            self._read_buffer.append(data)
            return False
        self._drained = len(data) < asked and self._short_is_final
        self._read = self._read_future = None
        future.set_result(data)
        if self._close_callback is not None:
            self._watch_when_idle()
        return True

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
            self._opened_inline()
        if not (self._drained and self._state & READ):
            broken = self._read_or_close()
            if broken is not None:
                raise broken
        if self._closed:
            return
        if self._read is not None:
            self._watch(READ)
        elif self._close_callback is not None:
            self._watch_when_idle()

    def _answer(self) -> bool:
        """Resolve the pending read if the buffer holds what it wants."""
        read = self._read
        assert read is not None
        if isinstance(read, ReadInto):
            read.filled += self._read_buffer.take_into(read.target[read.filled :])
            if not read.satisfied:
                return False
            self._finish_read(read.result())
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
        if isinstance(read, ReadInto) and read.filled:
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
        except Exception as error:  # what a subclass raises may be anything
            return self._read_failed(error)
        return None

    def _read_failed(self, error: Exception) -> Exception | None:
        """Close for an error in reading; returns as ``_read_or_close``."""
        if isinstance(error, UnsatisfiableReadError):
            self._close_for(error)
            return None
        # The traceback leads to this stream: keeping it would make a cycle.
        error = error.with_traceback(None)
        if isinstance(error, StreamBufferFullError):
            gen_log.error("%s", error)
            self.close(exc_info=error)
            return self._closed_error()
        if self._read is not None and self._read_buffer.size:
            self._answer()  # with what came before the error
        self.close(exc_info=error)
        return None if self._is_connreset(error) else error

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
            into = read if isinstance(read, ReadInto) else None
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
                    self._finish_read(into.result())
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
        data = self._receive(size)
        if data is None:
            return None
        self._read_buffer.append(data)
        return len(data)

    def _receive(self, size: int) -> bytes | None:
        """Read up to ``size`` bytes; None if there are none for now, none at all at the end.

        A subclass that has a shorter way than ``read_from_fd`` overrides it, and takes this one
        where ``read_from_fd`` is not its own any more: programs override and patch that.
        """
        memory = _scratch.pop() if _scratch else memoryview(bytearray(READ_CHUNK_SIZE))
        if size > len(memory):
            memory = memoryview(bytearray(size))
        got = self.read_from_fd(memory if size == len(memory) else memory[:size])
        data = None if got is None else bytes(memory[:got])
        if len(memory) == READ_CHUNK_SIZE:
            _scratch.append(memory)
        return data

    def _read_on(self) -> None:
        if self._read is not None and not self._closed:
            self._handle_read()
            self._watch_what_is_needed()

    # --- events ---------------------------------------------------------------------------

    def _on_readable(self) -> None:
        read = self._read
        future = self._read_future
        if read is None or future is None or self._opening or future.done():
            self._take_event(READ)
            return
        result: bytes | int | None = None
        try:
            if not read.by_chunks or self._read_buffer.size:
                if isinstance(read, ReadInto):
                    result = self._fill(read)
                else:
                    self._take_event(READ)
            else:
                asked = self.read_chunk_size
                try:
                    data = self._receive(asked)
                    if not data:
                        self._drained = data is None
                        if data is not None:
                            self.close()
                        return
                    if read.is_answered_by(data):
                        result = data  # one message, and all of it: it need not see the buffer
                    else:
                        buffer = self._read_buffer
                        buffer.append(data)
                        size = read.size_in(buffer)
                        if size is not None:
                            result = buffer.take(size)
                except Exception as error:
                    self._report_failed_read(error)
                    return
                self._drained = len(data) < asked and self._short_is_final
                if result is not None:
                    self._read = self._read_future = None
                elif not self._drained:
                    self._take_event(READ)
        except Exception as error:
            gen_log.error("Uncaught exception, closing connection.", exc_info=True)
            self.close(exc_info=error)
            self.io_loop.handle_callback_exception(self._handle_events)
            return
        if result is not None:
            # The program goes on in here: what it raises has a traceback that knows this frame.
            del self, read
            resolve(future, result)

    def _report_failed_read(self, error: Exception) -> None:
        to_tell = self._read_failed(error)
        if to_tell is not None:
            gen_log.warning("error on read: %s", self.error or to_tell)

    def _fill(self, read: ReadInto) -> bytes | int | None:
        """Read into the memory of a pending read.

        Returns:
            What answers it, if it is satisfied; then it is pending no more.
        """
        asked = len(read.target) - read.filled
        try:
            got = self.read_from_fd(read.target[read.filled :] if read.filled else read.target)
        except Exception as error:
            self._report_failed_read(error)
            return None
        if not got:
            self._drained = got is None
            if got is not None:
                self.close()
            return None
        read.filled += got
        self._drained = got < asked and self._short_is_final
        if read.satisfied:
            self._read = self._read_future = None
            result: bytes | int = read.result()
            return result
        if not self._drained:
            self._take_event(READ)
        return None

    def _take_read_event(self) -> None:
        if self._read is not None or not self._read_buffer.size:
            self._handle_read()

    def _wanted_events(self) -> int:
        # Between reads watching goes on; bytes that nobody asked for end it.
        return READ if self._read is not None or not self._read_buffer.size else 0

    def _opened_inline(self) -> None:
        """Do what waited for the opening, but for the read that found it done."""
        raise NotImplementedError

    def _opened(self) -> None:
        self._opened_inline()
        # What came along with the last step.
        if self._read is not None and not self._closed:
            self._handle_read()

    def _watch_when_idle(self) -> None:
        if not (self._closed or self._opening or self._read_buffer.size):
            if not self._state & READ:
                self._drained = False  # nobody looked meanwhile
            self._watch(READ)

    # --- closing --------------------------------------------------------------------------

    def _closing(self) -> None:
        read, future = self._read, self._read_future
        if read is None or future is None or future.done():
            return
        if type(read) is ReadUntilClose:
            if self.error is None or self._is_connreset(self.error):
                self._finish_read(self._read_buffer.take(self._read_buffer.size))
        elif type(read) is ReadWhole:
            # The program never sees that memory: what came can be read otherwise.
            self._abandon_read()
            self._read, self._read_future = None, future

    def _pending_futures(self) -> list[asyncio.Future[Any]]:
        future, self._read, self._read_future = self._read_future, None, None
        return super()._pending_futures() if future is None else [future]
