"""The connections of a client that wait for their next request.

Layer: HTTP. Imports from ``_base``.

Theory of operation
-------------------
Many a server closes after its answer and does not say so. A request that finds such a connection
is sent once more, on a new one, if it may be. One that may not (POST) goes over a kept connection
only where there is a reason to believe that it is kept: another one to the same place was used
twice, or this one has been silent for a while. What is opened beside a connection that waits for
its proof is not kept, or a program that does nothing but POST would collect them.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from whirlwind._base.limits import (
    MAX_POOL_IDLE,
    MAX_TRUSTED,
    POOL_IDLE_TIMEOUT,
    TRUSTED_AFTER,
)
from whirlwind._http.client.connection import HTTPClientConnection


@dataclass(frozen=True, slots=True)
class PoolStatistics:
    """What a pool holds.

    Attributes:
        idle: Connections that wait for a request.
        open: Connections in all, those in use included.
        keys: Number of different destinations among those that wait.
    """

    idle: int
    open: int
    keys: int


class ConnectionPool:
    """Keeps connections open between requests.

    Args:
        loop: Whose timers count.
        max_idle: Most connections to keep while nobody uses them; the oldest go first.
        idle_timeout: Seconds after which an unused connection is closed.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        max_idle: int = MAX_POOL_IDLE,
        idle_timeout: float = POOL_IDLE_TIMEOUT,
    ) -> None:
        self._loop = loop
        self._max_idle = max_idle
        self._idle_timeout = idle_timeout
        self._closed = False
        self._open: set[HTTPClientConnection] = set()
        # With the time since when, and in that order, so that one timer serves for all of them;
        # and, for each key, a stack: what was used last is the least likely to have been closed
        # by its server.
        self._idle: dict[HTTPClientConnection, float] = {}
        self._stacks: dict[object, list[HTTPClientConnection]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._trusted: set[object] = set()  # keys of servers that keep connections

    def statistics(self) -> PoolStatistics:
        """Return what the pool holds now."""
        return PoolStatistics(len(self._idle), len(self._open), len(self._stacks))

    def opened(self, connection: HTTPClientConnection) -> None:
        """Count a new connection, which is in use."""
        self._open.add(connection)

    def take(self, key: object) -> HTTPClientConnection | None:
        """Return a connection to use, no longer kept here; None if there is none."""
        stack = self._stacks.get(key)
        while stack:
            connection = stack.pop()
            del self._idle[connection]
            if not stack:
                del self._stacks[connection.key]
            if connection.usable:
                return connection
            connection.abort()
        return None

    def take_trusted(self, key: object) -> HTTPClientConnection | None:
        """Return a connection for a request that may be sent only once; None if there is none."""
        is_trusted = key in self._trusted
        oldest = self._loop.time() - TRUSTED_AFTER / 1000
        while stack := self._stacks.get(key):
            connection = stack[-1 if is_trusted else 0]
            if not is_trusted and self._idle[connection] > oldest:
                return None
            self._remove(connection, stack)
            if connection.usable and connection.is_silent:
                connection.is_spare = False
                return connection
            connection.abort()
        return None

    def distrust(self, key: object) -> None:
        """Say that a server has closed a connection that was kept."""
        self._trusted.discard(key)

    def put(self, connection: HTTPClientConnection) -> None:
        """Keep a connection that nobody uses any more."""
        key = connection.key
        if connection.reused and key not in self._trusted:
            if len(self._trusted) >= MAX_TRUSTED:
                self._trusted.clear()
            self._trusted.add(key)
        is_surplus = connection.is_spare and key in self._stacks and key not in self._trusted
        if self._closed or self._max_idle == 0 or is_surplus:
            connection.abort()
            return
        if len(self._idle) >= self._max_idle:
            oldest = next(iter(self._idle))
            self._remove(oldest, self._stacks[oldest.key])
            oldest.abort()
        now = self._idle[connection] = self._loop.time()
        stack = self._stacks.get(connection.key)
        if stack is None:
            self._stacks[connection.key] = [connection]
        else:
            stack.append(connection)
        if self._timer is None:
            self._timer = self._loop.call_at(now + self._idle_timeout, self._expire)

    def lost(self, connection: HTTPClientConnection) -> None:
        """Forget a connection that has ended."""
        self._open.discard(connection)
        if connection in self._idle:
            self._remove(connection, self._stacks[connection.key])

    def drain(self) -> None:
        """End the connections that nobody uses; those in use end after it, none is kept."""
        self._closed = True
        for connection in list(self._idle):
            self._remove(connection, self._stacks[connection.key])
            connection.abort()

    def close(self) -> None:
        """End all connections, those in use included; none is kept from now on."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._idle.clear()
        self._stacks.clear()
        for connection in list(self._open):
            connection.abort()
        self._open.clear()

    def _remove(self, connection: HTTPClientConnection, stack: list[HTTPClientConnection]) -> None:
        if stack[-1] is connection:
            stack.pop()
        else:
            stack.remove(connection)
        if not stack:
            del self._stacks[connection.key]
        del self._idle[connection]

    def _expire(self) -> None:
        self._timer = None
        # Timers of a loop may come a tick early, by its clock's resolution.
        due = self._loop.time() - self._idle_timeout + 1e-3
        while self._idle:
            oldest, since = next(iter(self._idle.items()))
            if since > due:
                self._timer = self._loop.call_at(since + self._idle_timeout, self._expire)
                return
            self._remove(oldest, self._stacks[oldest.key])
            oldest.abort()
