"""Timeouts of many things that mostly end before their time.

Layer: HTTP. Standard library only.

Theory of operation
-------------------
Nearly all requests of a client have the same timeout and none of them needs it. A timer of the
loop for each costs two microseconds; a place in a dictionary costs a tenth. Things that wait
equally long expire in the order they began, and a dictionary keeps that order: for each
duration there is one dictionary and one timer, which stands at the deadline of the first entry
that was there when it was set. Removing an entry leaves the timer alone; when it fires too
early it is set again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Generic, TypeVar

_T = TypeVar("_T")

# Durations are few (those of the client's requests); a program that computes a new one for each
# request would otherwise leave an empty dictionary and a timer behind for each.
_IDLE_GROUPS: Final = 16


class _Group(Generic[_T]):
    __slots__ = ("deadlines", "duration", "timer")

    def __init__(self, duration: float) -> None:
        self.duration = duration
        self.deadlines: dict[_T, float] = {}
        self.timer: asyncio.TimerHandle | None = None


class Deadlines(Generic[_T]):
    """Calls a function for each thing whose time is up.

    Args:
        loop: Whose clock and timers count.
        expire: Called with what was added and not removed in time.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, expire: Callable[[_T], None]) -> None:
        self._loop = loop
        self._expire = expire
        self._groups: dict[float, _Group[_T]] = {}

    def __len__(self) -> int:
        return sum(len(group.deadlines) for group in self._groups.values())

    def add(self, thing: _T, duration: float, now: float) -> None:
        """Begin the time of ``thing``.

        Args:
            thing: What to call back with; not in ``duration``'s group already.
            duration: Seconds, also what ``remove`` wants to know.
            now: The time on the loop's clock.
        """
        group = self._groups.get(duration)
        if group is None:
            group = self._groups[duration] = _Group(duration)
        group.deadlines[thing] = now + duration
        if group.timer is None:
            group.timer = self._loop.call_at(now + duration, self._fire, group)

    def remove(self, thing: _T, duration: float) -> None:
        """End the time of ``thing``; nothing happens if it was not running."""
        group = self._groups.get(duration)
        if group is None:
            return
        group.deadlines.pop(thing, None)
        if not group.deadlines and len(self._groups) > _IDLE_GROUPS:
            self._drop(group)

    def clear(self) -> None:
        """Forget everything, timers included."""
        for group in list(self._groups.values()):
            self._drop(group)

    def _drop(self, group: _Group[_T]) -> None:
        if group.timer is not None:
            group.timer.cancel()
            group.timer = None
        group.deadlines.clear()
        self._groups.pop(group.duration, None)

    def _fire(self, group: _Group[_T]) -> None:
        group.timer = None
        # Timers of a loop may come a tick early, by its clock's resolution.
        now = self._loop.time() + 1e-3
        due = []
        for thing, deadline in group.deadlines.items():
            if deadline > now:
                group.timer = self._loop.call_at(deadline, self._fire, group)
                break
            due.append(thing)
        for thing in due:
            del group.deadlines[thing]
        if not group.deadlines:
            self._groups.pop(group.duration, None)
        for thing in due:
            self._expire(thing)
