"""The stream: reads and writes as futures over anything that can be read without waiting.

Layer: net. Imports from ``_base``, and from ``_net`` the halves of a stream and the reads.

What a stream does is in four files, each on the one before: ``stream_file.py`` (watching, opening,
closing), ``stream_input.py``, ``stream_output.py``, and this one, which has the methods of reading
as programs call them, with the arguments of every version of Tornado.
"""

from __future__ import annotations

import asyncio
import operator
import re
from typing import Any, Final, cast, overload

from whirlwind._base.limits import MAX_BUFFER_SIZE, READ_CHUNK_SIZE
from whirlwind._base.old_arguments import accepts_old
from whirlwind._engine.runner_cy import done_future
from whirlwind._net.ioloop import IOLoop
from whirlwind._net.stream_callbacks import (
    Callback,
    call_back,
    call_back_at_the_end,
    in_either_order,
    in_old_order,
    read_in_pieces,
)
from whirlwind._net.stream_output import OutputStream
from whirlwind._net.stream_reads import (
    ReadBytes,
    ReadInto,
    ReadUntil,
    ReadUntilClose,
    ReadUntilRegex,
    ReadWhole,
)

# From this size on a read gets memory of its own, into which the file is read directly. Below, a
# chunk that also holds what comes next costs a copy and saves system calls.
WHOLE_FROM: Final = 32_768

_NO_BYTES: Final = ReadBytes(0, False)


class BaseIOStream(OutputStream):
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

    @accepts_old("io_loop")
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
        most = max_buffer_size or MAX_BUFFER_SIZE
        super().__init__(
            IOLoop.current() if io_loop is None else io_loop,
            most,
            max(1, min(read_chunk_size or READ_CHUNK_SIZE, most // 2)),
            max_write_buffer_size,
        )
        # A read of bytes remembers nothing, and most programs ask for the same number again.
        self._last_read_bytes = _NO_BYTES

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

    @accepts_old("limit", "callback")
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

    @accepts_old("limit", "callback")
    def read_until(
        self,
        delimiter: bytes,
        *limit: Any,
        max_bytes: int | None = None,
        callback: Callback | None = None,
    ) -> Any:
        """Read up to and including a delimiter.

        Args:
            delimiter: One byte or more, in an object of any kind that holds bytes.
            max_bytes: Most bytes to read, the delimiter included; None for
                ``max_buffer_size``.
            callback: Called with the result, as until Tornado 5.1; None is returned then. It may
                also be the second argument, with ``max_bytes`` as the third.

        Returns:
            Future of everything before the delimiter and the delimiter itself.

        Raises:
            StreamClosedError: As for ``read_until_regex``.
            AssertionError: Another read is pending.
            TypeError: ``delimiter`` is no bytes.
        """
        if limit or callback is not None:
            max_bytes, callback = in_either_order(limit, max_bytes, callback)
            future = self.read_until(delimiter, max_bytes=max_bytes)
            return future if callback is None else call_back(self, callback, future)
        if type(delimiter) is not bytes:
            delimiter = bytes(memoryview(delimiter))
        buffer = self._read_buffer
        if buffer.size and self._read_future is None:
            # The common case of many short messages in one chunk, without the way around.
            line = buffer.take_until(delimiter, max_bytes)
            if line is not None:
                if self._close_callback is not None:
                    self._watch_when_idle()
                return done_future(line)
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

    @accepts_old("old", "callback", "streaming_callback")
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
        if type(num_bytes) is not int:
            # As an index: integers of array libraries, which come out of parsed headers, count.
            try:
                num_bytes = operator.index(num_bytes)
            except TypeError:
                kind = type(num_bytes).__name__
                raise TypeError(f"num_bytes must be an int, not {kind}") from None
        if 0 < num_bytes <= self._read_buffer.size and self._read_future is None:
            return self._answered(self._read_buffer.take(num_bytes))
        if WHOLE_FROM <= num_bytes <= self.max_buffer_size and not partial:
            return self._start_read(ReadWhole(num_bytes))
        read = self._last_read_bytes
        if num_bytes != read.wanted or partial != read.partial:
            read = self._last_read_bytes = ReadBytes(max(num_bytes, 0), partial)
        return self._start_read(read)

    @accepts_old("callback")
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
            TypeError: ``buf`` is no memory, or cannot be written.
        """
        if callback is not None or callable(partial):
            partial, callback = in_old_order(partial, callback, False)
            return call_back(self, callback, self.read_into(buf, partial))
        target = memoryview(buf).cast("B")
        if target.readonly:
            raise TypeError(
                f"read_into() needs memory that can be written, not {type(buf).__name__}"
            )
        return self._start_read(ReadInto(target, partial))

    @accepts_old("callback", "streaming_callback")
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
