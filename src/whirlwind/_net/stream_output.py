"""The writing half of a stream: what is on the wire, and what waits for it.

Layer: net. Imports from ``_base``, ``_engine``, and from ``_net`` the reading half and the buffer.

Theory of operation
-------------------
A write goes to the file at once. Only what the file does not take is kept, and only then does
the loop get to watch for room; it goes on watching until there was room and nothing to write,
since who has filled the file once is likely to do it again.

Any number of writes may be pending. The future of each is resolved when the last of its bytes is
on the wire, found by counting: ``_total_write_done_index`` against the count at the time of the
write.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from whirlwind._base.limits import MAX_STREAM_TURN
from whirlwind._base.log import gen_log
from whirlwind._base.old_arguments import accepts_old
from whirlwind._engine.runner_cy import done_future
from whirlwind._net.ioloop import IOLoop
from whirlwind._net.stream_buffer import WriteBuffer
from whirlwind._net.stream_callbacks import Callback, call_back
from whirlwind._net.stream_errors import StreamBufferFullError, StreamClosedError
from whirlwind._net.stream_file import WRITE, fail
from whirlwind._net.stream_input import InputStream


class OutputStream(InputStream):
    """Reading and writing; ``BaseIOStream`` is what programs subclass.

    Attributes:
        max_write_buffer_size: Most bytes that writes may leave waiting; None for no limit.
    """

    def __init__(
        self,
        io_loop: IOLoop,
        max_buffer_size: int,
        read_chunk_size: int,
        max_write_buffer_size: int | None,
    ) -> None:
        super().__init__(io_loop, max_buffer_size, read_chunk_size)
        self.max_write_buffer_size = max_write_buffer_size
        self._write_buffer: WriteBuffer | None = WriteBuffer()
        self._write_futures: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._total_write_index = 0
        self._total_write_done_index = 0

    @accepts_old("callback")
    def write(
        self, data: bytes | bytearray | memoryview, callback: Callback | None = None
    ) -> asyncio.Future[None]:
        """Write bytes, at once if the file takes them.

        Nothing has to be waited for before the next write; waiting for the future is how a
        program keeps pace with a slow peer. Cancelling the future does not take the bytes
        back.

        Args:
            data: Bytes to write, or another object that holds some, such as an array. The memory
                of a large one that can change is not copied, and must not change before the future
                is done.
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
        buffer = self._write_buffer
        if buffer is None or self._closed:
            raise self._closed_error()
        if type(data) is not bytes:
            try:
                view = memoryview(data)
            except TypeError:
                kind = type(data).__name__
                raise TypeError(f"write() takes bytes or a memoryview, not {kind}") from None
            data = view.cast("B") if view.nbytes else b""  # sizes below are in bytes
        size = len(data)
        if (
            self.max_write_buffer_size is not None
            and size
            and buffer.size + size > self.max_write_buffer_size
        ):
            raise StreamBufferFullError("Reached maximum write buffer size")
        self._total_write_index += size
        if size and not buffer.size and not self._opening:
            try:
                sent = self._send(data)
            except Exception as error:
                sent = self._write_failed(error)
            if sent == size:
                self._total_write_done_index += size
                if self._close_callback is not None:
                    self._watch_when_idle()
                done: asyncio.Future[None] = done_future(None)
                return done
            future = self._new_future()
            if sent < 0:  # the stream is closed
                if type(data) is memoryview:
                    data.release()
                fail(future, self._closed_error())
                return future
            self._total_write_done_index += sent
            data = memoryview(data)[sent:]
        else:
            future = self._new_future()
        if size:
            buffer.append(data)
        if not buffer.size:
            future.set_result(None)
            return future
        self._write_futures.append((self._total_write_index, future))
        if not self._opening:
            if not size:
                self._handle_write()
            if not self._closed and buffer.size:
                self._watch(WRITE)
        return future

    def writing(self) -> bool:
        """Return True if bytes wait to be written."""
        return bool(self._write_buffer)

    def _send(self, data: bytes | memoryview) -> int:
        """Write what the file takes; as ``_receive``, for ``write_to_fd``."""
        with memoryview(data) as view:
            return self.write_to_fd(view)

    def _write_piece(self, data: bytes | memoryview) -> int:
        """Write what the file takes of ``data``; -1 if the stream was closed by an error."""
        try:
            return self._send(data)
        except Exception as error:
            return self._write_failed(error)

    def _write_failed(self, error: Exception) -> int:
        """Close for an error in writing; returns as ``_write_piece``, and raises what is a bug."""
        if isinstance(error, BlockingIOError):
            return 0
        if not isinstance(error, OSError):
            raise error
        if not self._is_connreset(error):
            gen_log.warning("Write error on %s: %s", self._name(), error)
        # A peer that has seen enough may answer and close without reading to the end. Its
        # answer is in the kernel still, and closing would throw it away.
        error = error.with_traceback(None)
        self._fail_writes(StreamClosedError(error))
        self.error = error
        self._read_or_close()
        self.error = error  # and not what reading met with, which came of the same
        self.close()
        return -1

    def _handle_write(self) -> None:
        """Write what waits, as far as the file takes it, and resolve the futures of it."""
        buffer = self._write_buffer
        assert buffer is not None
        left = MAX_STREAM_TURN
        while buffer.size and left > 0:
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

    def _fail_writes(self, error: StreamClosedError) -> None:
        for _, future in self._write_futures:
            if not future.done():
                fail(future, error)
        self._write_futures.clear()

    def _pending_futures(self) -> list[asyncio.Future[Any]]:
        pending = super()._pending_futures()
        pending += [future for _, future in self._write_futures]
        self._write_futures.clear()
        if self._write_buffer is not None:
            self._write_buffer.clear()
            self._write_buffer = None
        return pending

    # --- events ---------------------------------------------------------------------------

    def _on_writable(self) -> None:
        buffer = self._write_buffer
        if buffer is None or not buffer.size or self._opening:
            self._take_event(WRITE)
            return
        try:
            self._handle_write()
        except Exception as error:
            gen_log.error("Uncaught exception, closing connection.", exc_info=True)
            self.close(exc_info=error)
            self.io_loop.handle_callback_exception(self._handle_events)

    def _wanted_events(self) -> int:
        wanted = super()._wanted_events()
        return wanted | WRITE if self._write_buffer else wanted

    def _opened_inline(self) -> None:
        if self._write_buffer:
            self._handle_write()
