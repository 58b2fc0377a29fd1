"""What a stream holds between the program and the wire: one buffer each way, without I/O.

Layer: net. Standard library only.

Theory of operation
-------------------
``ReadBuffer`` holds what has been read ahead. It is one run of bytes, in one of two forms. A
chunk that arrives at an empty buffer is kept as the ``bytes`` object that it is, with an index
of what has been taken: most messages arrive whole, are taken whole, and are then never copied.
A second chunk turns the run into a ``bytearray``, whose appending is amortised and whose
deleting at the front only moves a pointer. Either way taking n bytes costs O(n), whatever
remains behind them. (A list of chunks was the alternative. It saves a copy of bodies of many
chunks and loses ten times its payload to object headers when a peer sends single bytes.)

``WriteBuffer`` holds what could not be written yet. Large pieces are kept where they are and
only looked at: they may be hundreds of megabytes, and copying them would double the memory of
a program that sends them. Small pieces are copied together, so that a message built from
twenty of them leaves in one system call.

Searching is not here: ``stream_reads.py`` remembers how far it has looked.
"""

from __future__ import annotations

from collections import deque
from typing import Final, TypeAlias

Bytes: TypeAlias = bytes | bytearray | memoryview

# A piece above this is kept, one below is copied to others. Up to 8 KiB copying costs no more
# than a view (0.4 us, measured) and saves a system call of ten times that; from 16 KiB on the
# memory for the copy has to come from the system (8 us).
LARGE_PIECE: Final = 8192


class ReadBuffer:
    """Bytes that have arrived and that nobody has taken yet.

    Attributes:
        size: How many; the same as ``len()`` and four times as fast to read.
    """

    __slots__ = ("_data", "_start", "size")

    def __init__(self) -> None:
        self._data: bytes | bytearray = b""
        self._start = 0  # bytes of _data already taken; always 0 in a bytearray
        self.size = 0

    def __len__(self) -> int:
        return self.size

    def append(self, chunk: Bytes) -> None:
        """Add bytes at the end.

        Args:
            chunk: Kept without a copy if it is ``bytes`` and the buffer is empty; copied else,
                so that the caller may use its memory again.
        """
        data = self._data
        self.size += len(chunk)
        if type(data) is bytearray:
            data += chunk
        elif self._start == len(data):
            self._data = chunk if type(chunk) is bytes else bytes(chunk)
            self._start = 0
        else:
            joined = bytearray(memoryview(data)[self._start :])
            joined += chunk
            self._data = joined
            self._start = 0

    def find(self, delimiter: bytes, start: int = 0) -> int:
        """Return where ``delimiter`` first begins at ``start`` or later, or -1.

        Args:
            delimiter: What to look for.
            start: Bytes to leave out at the front, counted from the first byte not taken.
        """
        found = self._data.find(delimiter, self._start + start)
        return found if found < 0 else found - self._start

    def take_until(self, delimiter: bytes, most: int | None) -> bytes | None:
        """Remove everything up to and including ``delimiter`` from the front and return it.

        Args:
            delimiter: One byte or more.
            most: Most bytes to take; None for any number.

        Returns:
            None if that is not there, or is longer.
        """
        data, start = self._data, self._start
        found = data.find(delimiter, start)
        if found < 0:
            return None
        end = found + len(delimiter)
        size = end - start
        if most is not None and size > most:
            return None
        if size == self.size or type(data) is bytearray:
            return self.take(size)
        self._start = end
        self.size -= size
        return data[start:end]  # type: ignore[return-value]

    def whole(self) -> bytes | bytearray:
        """Return all bytes for looking at, for example by a regular expression.

        The object is the buffer's own: not to be changed, and not to be kept beyond the next
        call of any method. A ``memoryview`` of it would block ``append``.
        """
        if self._start:
            # Moved to a bytearray, which forgets what is taken, so that an expression anchored
            # to the beginning or looking behind does not see it. Cutting the bytes object
            # would do as well, and copy all that remains for each line taken from a chunk.
            self._data = bytearray(memoryview(self._data)[self._start :])
            self._start = 0
        return self._data

    def peek(self, size: int) -> bytes:
        """Return up to ``size`` bytes from the front and leave them there."""
        data, start = self._data, self._start
        if isinstance(data, bytes):
            return data[start : start + size]
        return bytes(memoryview(data)[:size])

    def take(self, size: int) -> bytes:
        """Remove exactly ``size`` bytes from the front and return them.

        Args:
            size: From 0 to ``len()``.
        """
        data, start = self._data, self._start
        assert 0 <= size <= self.size
        end = start + size
        self.size -= size
        if self.size == 0:
            self._data = b""
            self._start = 0
            if isinstance(data, bytes):
                return data[start:] if start else data
            return bytes(data)
        if isinstance(data, bytes):
            self._start = end
            return data[start:end]
        taken = bytes(memoryview(data)[:size])
        del data[:size]
        return taken

    def take_into(self, target: memoryview) -> int:
        """Move bytes from the front into ``target``, as many as there are and fit.

        Returns:
            How many were moved.
        """
        size = min(self.size, len(target))
        if size:
            with memoryview(self._data) as view:
                target[:size] = view[self._start : self._start + size]
            self.advance(size)
        return size

    def advance(self, size: int) -> None:
        """Remove ``size`` bytes, from 0 to ``len()``, from the front without looking at them."""
        assert 0 <= size <= self.size
        self.size -= size
        if self.size == 0:
            self.clear()
        elif isinstance(self._data, bytes):
            self._start += size
        else:
            del self._data[:size]

    def put_back(self, data: bytes) -> None:
        """Put bytes in front of all others: they had been taken for somebody who left."""
        self._data = data + self.whole()
        self._start = 0
        self.size += len(data)

    def clear(self) -> None:
        """Remove everything."""
        self._data = b""
        self._start = 0
        self.size = 0


class WriteBuffer:
    """Bytes that wait for the wire, in order.

    A program may append to it directly, without a future for each piece, and let one
    ``stream.write(b"")`` send everything; it then counts the bytes in
    ``stream._total_write_index`` itself.

    Attributes:
        size: How many bytes; the same as ``len()`` and four times as fast to read.
    """

    __slots__ = ("_buffers", "_first", "_large_buf_threshold", "size")

    def __init__(self) -> None:
        # Views are pieces that were kept, bytearrays runs of small ones that were copied. A run is
        # closed when it is as long as a piece that would have been kept.
        self._buffers: deque[memoryview | bytearray] = deque()
        self._first = 0  # bytes of the first piece, if it is a view, that have been written
        self.size = 0
        self._large_buf_threshold = LARGE_PIECE  # the name by which programs have tuned it

    def __len__(self) -> int:
        return self.size

    def append(self, data: Bytes) -> None:
        """Add bytes at the end.

        Args:
            data: Copied if it is small. A piece over LARGE_PIECE is kept and must not change
                until it is written; a ``bytearray`` refuses to change its size meanwhile.
        """
        size = data.nbytes if type(data) is memoryview else len(data)
        if size > self._large_buf_threshold:
            view = memoryview(data)
            # Counting below is in bytes; a view of wider items, or of a matrix, counts items.
            self._buffers.append(view if view.format == "B" and view.ndim == 1 else view.cast("B"))
        elif size:
            last = self._buffers[-1] if self._buffers else None
            if type(last) is bytearray and len(last) < self._large_buf_threshold:
                last += data
            else:
                self._buffers.append(bytearray(data))
        self.size += size

    def peek(self, size: int | None = None) -> memoryview:
        """Return a view of the first bytes, from one piece only.

        Args:
            size: Most bytes to show; None for as many as lie together.

        Returns:
            Bytes to be written next, at least one if there are any. Release the view (use it
            in a ``with`` statement) before anything is appended.
        """
        if not self._buffers:
            return memoryview(b"")
        view = memoryview(self._buffers[0])
        if size is None:
            return view[self._first :] if self._first else view
        return view[self._first : self._first + size]

    def advance(self, size: int) -> None:
        """Remove ``size`` bytes, from 0 to ``len()``, from the front: they are on the wire."""
        assert 0 <= size <= self.size
        self.size -= size
        pieces = self._buffers
        while size:
            left = len(pieces[0]) - self._first
            if size < left:
                first = pieces[0]
                if isinstance(first, bytearray):
                    del first[:size]  # moves a pointer
                else:
                    self._first += size
                break
            _release(pieces.popleft())
            self._first = 0
            size -= left

    def clear(self) -> None:
        """Remove everything, and let go of the memory of others."""
        while self._buffers:
            _release(self._buffers.popleft())
        self._first = self.size = 0


def _release(piece: memoryview | bytearray) -> None:
    # Not left to the collector: while the view lives, its owner cannot resize the memory.
    if isinstance(piece, memoryview):
        piece.release()
