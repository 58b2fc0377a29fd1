"""Who begins next, where each host has a limit of its own.

Layer: HTTP. Standard library only.

Theory of operation
-------------------
Whoever waits longest begins next, except that those whose host is busy are passed over, so that a
slow host holds up nobody but itself. To look for the first in line that may begin would take time
with every request that may not: so each host has a line, and a heap holds the first of each line
whose host has room. Entries of the heap that are no longer true are thrown away when they come up.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from itertools import count
from typing import Generic, TypeVar

_T = TypeVar("_T")

# Host and port; None for what has no host, and no limit.
Place = tuple[str, int] | None


class HostLine(Generic[_T]):
    """A line with a limit for each host.

    Args:
        most: How many of one host may be under way at once, 1 or more.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._numbers = count()
        self._begun: dict[Place, int] = {}
        self._lines: dict[Place, OrderedDict[_T, int]] = {}
        self._first: list[tuple[int, Place]] = []

    def has_room(self, place: Place) -> bool:
        """Whether one more of this host may begin."""
        return place is None or self._begun.get(place, 0) < self._most

    def begin(self, place: Place) -> None:
        """Count one that begins."""
        self._begun[place] = self._begun.get(place, 0) + 1

    def end(self, place: Place) -> None:
        """Count one that began and has ended."""
        left = self._begun[place] - 1
        if left:
            self._begun[place] = left
        else:
            del self._begun[place]
        self._offer(place)

    def add(self, thing: _T, place: Place) -> None:
        """Put one at the end of the line."""
        line = self._lines.get(place)
        if line is None:
            line = self._lines[place] = OrderedDict()
        line[thing] = next(self._numbers)
        if len(line) == 1:
            self._offer(place)

    def remove(self, thing: _T, place: Place) -> None:
        """Take one out of the line that waits no more."""
        line = self._lines[place]
        del line[thing]
        if not line:
            del self._lines[place]
        self._offer(place)

    def pop(self) -> _T | None:
        """Take out and count the one that begins next; None if nobody may."""
        while self._first:
            number, place = heapq.heappop(self._first)
            line = self._lines.get(place)
            if line is None or not self.has_room(place):
                continue
            thing, its_number = next(iter(line.items()))
            if its_number != number:
                continue
            self.begin(place)
            self.remove(thing, place)
            return thing
        return None

    def _offer(self, place: Place) -> None:
        line = self._lines.get(place)
        if line is not None and self.has_room(place):
            heapq.heappush(self._first, (next(iter(line.values())), place))
