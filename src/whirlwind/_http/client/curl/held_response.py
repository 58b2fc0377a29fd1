"""What came of a response and waits for the program's callbacks.

Layer: HTTP. Imports from ``_base``.
"""

from __future__ import annotations

from collections import deque

from whirlwind._base.limits import MAX_CURL_BUFFER


class HeldResponse:
    """Header lines and pieces of a body, in the order in which they came.

    Attributes:
        max_buffer_size: Most bytes of pieces to hold.
    """

    max_buffer_size: int = MAX_CURL_BUFFER

    def __init__(self) -> None:
        self._items: deque[str | bytes] = deque()
        self._size = 0

    def __len__(self) -> int:
        return len(self._items)

    def has_room(self, size: int) -> bool:
        """Tell whether a piece of ``size`` bytes can be put in.

        One that is larger than all the room there ever is goes into an empty place; else it
        would wait for ever.
        """
        return not self._size or self._size + size <= self.max_buffer_size

    def put(self, item: str | bytes) -> None:
        """Put in a header line or a piece."""
        self._items.append(item)
        if isinstance(item, bytes):
            self._size += len(item)

    def take(self) -> str | bytes:
        """Take out the first."""
        item = self._items.popleft()
        if isinstance(item, bytes):
            self._size -= len(item)
        return item

    def clear(self) -> None:
        """Drop everything."""
        self._items.clear()
        self._size = 0
