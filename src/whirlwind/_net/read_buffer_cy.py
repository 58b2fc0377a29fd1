"""What has been read ahead of the program, without I/O. A kernel.

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

Searching goes through ``find``; ``stream_reads.py`` remembers how far it has looked.
"""

from __future__ import annotations

from typing import Any

try:
    import cython
except ModuleNotFoundError:  # Cython is a build tool, not a run-time requirement
    from whirlwind._base import cython


def is_compiled() -> bool:
    """True in the compiled form of this file."""
    return cython.compiled


@cython.cfunc
def _search(data: Any, delimiter: bytes, start: cython.Py_ssize_t) -> cython.Py_ssize_t:
    if cython.compiled and type(data) is bytes and len(delimiter) == 1:
        # Most delimiters are a line feed; calling the method costs twice as much as its search.
        text = cython.declare(cython.p_char, PyBytes_AsString(data))
        size: cython.Py_ssize_t = len(data)
        if start >= size:
            return -1
        mark = cython.declare(cython.p_char, PyBytes_AsString(delimiter))
        found = cython.declare(
            cython.p_char,
            cython.cast(cython.p_char, memchr(text + start, mark[0], size - start)),
        )
        return -1 if found == cython.NULL else found - text
    at: cython.Py_ssize_t = data.find(delimiter, start)
    return at


@cython.cclass
class ReadBuffer:
    """Bytes that have arrived and that nobody has taken yet.

    Attributes:
        size: How many; the same as ``len()`` and four times as fast to read.
    """

    if not cython.compiled:
        __slots__ = ("__weakref__", "_data", "_start", "size")

    def __init__(self) -> None:
        self._data: Any = b""
        self._start = 0  # bytes of _data already taken; always 0 in a bytearray
        self.size = 0

    def __len__(self) -> int:
        return self.size

    def append(self, chunk: Any) -> None:
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

    def find(self, delimiter: bytes, start: cython.Py_ssize_t = 0) -> int:
        """Return where ``delimiter`` first begins at ``start`` or later, or -1.

        Args:
            delimiter: What to look for.
            start: Bytes to leave out at the front, counted from the first byte not taken.
        """
        found: cython.Py_ssize_t = _search(self._data, delimiter, self._start + start)
        return found if found < 0 else found - self._start

    def take_until(self, delimiter: bytes, most: int | None) -> bytes | None:
        """Remove everything up to and including ``delimiter`` from the front and return it.

        Args:
            delimiter: One byte or more.
            most: Most bytes to take; None for any number.

        Returns:
            None if that is not there, or is longer.
        """
        data = self._data
        start: cython.Py_ssize_t = self._start
        found: cython.Py_ssize_t = _search(data, delimiter, start)
        if found < 0:
            return None
        end: cython.Py_ssize_t = found + len(delimiter)
        size: cython.Py_ssize_t = end - start
        if most is not None and size > most:
            return None
        if size == self.size or type(data) is bytearray:
            return self.take(size)
        chunk: bytes = data
        self._start = end
        self.size -= size
        return chunk[start:end]

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

    def take(self, size: cython.Py_ssize_t) -> bytes:
        """Remove exactly ``size`` bytes from the front and return them.

        Args:
            size: From 0 to ``len()``.
        """
        data = self._data
        start: cython.Py_ssize_t = self._start
        assert 0 <= size <= self.size
        end: cython.Py_ssize_t = start + size
        self.size -= size
        if self.size == 0:
            self._data = b""
            self._start = 0
            if type(data) is bytearray:
                return bytes(data)
            chunk: bytes = data
            return chunk[start:end] if start else chunk
        if type(data) is not bytearray:
            chunk = data
            self._start = end
            return chunk[start:end]
        taken = bytes(memoryview(data)[:size])
        del data[:size]
        return taken

    def take_into(self, target: memoryview) -> int:
        """Move bytes from the front into ``target``, as many as there are and fit.

        Returns:
            How many were moved.
        """
        size: cython.Py_ssize_t = min(self.size, len(target))
        if size:
            with memoryview(self._data) as view:
                target[:size] = view[self._start : self._start + size]
            self.advance(size)
        return size

    def advance(self, size: cython.Py_ssize_t) -> None:
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
