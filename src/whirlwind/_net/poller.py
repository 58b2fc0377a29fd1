"""Watches descriptors in place of libuv, where that does too little or too much.

Layer: net. Standard library only.

Theory of operation
-------------------
libuv stops watching a descriptor when there is an error on it, and says no more than that there is
something to read. A stream whose peer sent its last bytes and a reset in one turn reads the bytes
and is never called again. It takes descriptors to the system at the end of a turn, and ends the
process if one was closed by then. And it makes them non-blocking.

What a program gives to ``add_handler`` may be anything, so it is watched by a poller of our own,
which the loop watches as one thing: a system call a turn. A stream's socket is watched by libuv,
which costs nothing more; the poller tells of errors on it alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
from collections.abc import Callable


class Poller:
    """Watches descriptors for events, or for errors alone.

    Linux only: see ``is_there``. Events are those of ``epoll``, whose values ``IOLoop`` has.

    Args:
        loop: The loop that is to tell of them, by ``add_reader``.
        on_events: Called with a descriptor and its events, errors among them, in each turn in
            which there are some.
        on_error: Called with a descriptor, once for each error or hang-up.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        on_events: Callable[[int, int], object],
        on_error: Callable[[int], object],
    ) -> None:
        self._loop = loop
        self._on_events = on_events
        self._on_error = on_error
        self._watched: dict[int, int] = {}  # descriptors, and events; 0 for errors alone
        self._poller: select.epoll | None = None

    @staticmethod
    def is_there() -> bool:
        """Whether the system has what it takes."""
        return hasattr(select, "epoll")

    def watch(self, number: int, events: int) -> None:
        """Watch a descriptor for events; for nothing, not even errors, if there are none.

        Raises:
            OSError: It cannot be watched, or there are no descriptors left.
        """
        if events:
            self._set(number, events, events)
        else:
            self.forget(number)

    def watch_for_errors(self, number: int) -> None:
        """Watch a descriptor for errors and hang-ups alone.

        Raises:
            OSError: It cannot be watched, or there are no descriptors left.
        """
        # They are always told of. At the edge: they do not go away.
        self._set(number, 0, select.EPOLLET)

    def forget(self, number: int) -> None:
        """Watch a descriptor no longer; one that is not watched, or closed by now, is no error."""
        if self._watched.pop(number, None) is None:
            return
        if not self._watched:
            self._end()
        elif self._poller is not None:
            with contextlib.suppress(OSError):  # closed: the system has forgotten it by itself
                self._poller.unregister(number)

    def _set(self, number: int, events: int, mask: int) -> None:
        if self._poller is None:
            os.fstat(number)  # a closed one's number would be the poller's own
            self._poller = select.epoll()
            self._loop.add_reader(self._poller.fileno(), self._look)
        try:
            if number in self._watched:
                self._poller.modify(number, mask)
            else:
                self._poller.register(number, mask)
        except OSError:
            if not self._watched:
                self._end()
            raise
        self._watched[number] = events

    def _end(self) -> None:
        # A poller with nothing to watch is a descriptor that nobody closes.
        poller, self._poller = self._poller, None
        if poller is not None:
            if not self._loop.is_closed():
                self._loop.remove_reader(poller.fileno())
            poller.close()

    def _look(self) -> None:
        if self._poller is None:
            return  # the event was on its way when the last descriptor went
        for number, events in self._poller.poll(0):
            wanted = self._watched.get(number)  # none before it may have ended it
            if wanted:
                self._on_events(number, events)
            elif wanted is not None:
                self._on_error(number)
