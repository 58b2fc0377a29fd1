"""Hears of errors on sockets that libuv has stopped watching.

Layer: net. Standard library only.

Theory of operation
-------------------
libuv stops watching a descriptor when there is an error on it, and says no more than that there is
something to read. A stream whose peer sent its last bytes and a reset in one turn reads the bytes
and is never called again. To ask the system at each event whether there is an error costs a system
call a message; a poller of our own, which looks at errors alone and is itself watched by the loop,
costs one when a connection comes, one when it goes, and nothing in between.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
from collections.abc import Callable


class ErrorWatch:
    """Watches descriptors for errors and hang-ups, each of which is told once.

    Linux only: see ``is_there``.

    Args:
        loop: The loop that is to tell of them, by ``add_reader``.
        told: Called with the descriptor.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, told: Callable[[int], object]) -> None:
        self._loop = loop
        self._told = told
        self._watched: set[int] = set()
        self._poller: select.epoll | None = None

    @staticmethod
    def is_there() -> bool:
        """Whether the system has what it takes."""
        return hasattr(select, "epoll")

    def add(self, number: int) -> None:
        """Watch a descriptor.

        Raises:
            OSError: It cannot be watched, or there are no descriptors left.
        """
        if self._poller is None:
            self._poller = select.epoll()
            self._loop.add_reader(self._poller.fileno(), self._look)
        try:
            # Errors and hang-ups are always told of. At the edge only: they do not go away.
            self._poller.register(number, select.EPOLLET)
        except OSError:
            if not self._watched:
                self._end()
            raise
        self._watched.add(number)

    def remove(self, number: int) -> None:
        """Watch a descriptor no longer; one that is not watched, or closed by now, is no error."""
        if number not in self._watched:
            return
        self._watched.remove(number)
        if not self._watched:
            self._end()
        elif self._poller is not None:
            with contextlib.suppress(OSError):  # closed: the system has forgotten it by itself
                self._poller.unregister(number)

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
        for number, _events in self._poller.poll(0):
            if number in self._watched:  # as long as none before it ended it
                self._told(number)
