"""What a program has written and the wire has not taken yet, without I/O.

Layer: net. Standard library only.

Theory of operation
-------------------
``WriteBuffer`` holds what could not be written yet. Large pieces are kept where they are and
only looked at: they may be hundreds of megabytes, and copying them would double the memory of
a program that sends them. Small pieces are copied together, so that a message built from
twenty of them leaves in one system call.

What comes the other way is in ``read_buffer_cy.py``.
"""

from __future__ import annotations

from collections import deque
from typing import Final, TypeAlias

Bytes: TypeAlias = bytes | bytearray | memoryview

# A piece above this is kept, one below is copied to others. Up to 8 KiB copying costs no more
# than a view (0.4 us, measured) and saves a system call of ten times that; from 16 KiB on the
# memory for the copy has to come from the system (8 us).
LARGE_PIECE: Final = 8192


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
