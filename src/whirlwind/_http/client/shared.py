"""What the fetches of one client have in common.

Layer: HTTP. Imports from ``_base``, ``_proto`` and this package.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable
from typing import Any, Protocol

from whirlwind._base.limits import MAX_POOL_IDLE, POOL_IDLE_TIMEOUT
from whirlwind._http.client.connection import HTTPClientConnection
from whirlwind._http.client.connector import Connector
from whirlwind._http.client.deadlines import Deadlines
from whirlwind._http.client.loop_end import LoopEnd
from whirlwind._http.client.pool import ConnectionPool
from whirlwind._http.client.prepared_request import RequestPreparer
from whirlwind._http.client.settings import SettingsReader


class Expiring(Protocol):
    """What has a time limit."""

    def expire(self) -> None:
        """End because time is up."""


def _expire(thing: Expiring) -> None:
    thing.expire()


class Shared:
    """What the fetches of one client have in common.

    Args:
        loop: The loop.
        connector: Opens connections.
        max_header_size: Most bytes in the header of a response.
        max_body_size: Most bytes in its body, before and after decompression.
        user_agent: What to send where neither request nor client says anything.
        ended: Called with each fetch at its end.
        loop_ended: A bound method, called before the loop is closed.
        max_idle, idle_timeout: For the pool.

    Attributes:
        pool: The kept connections.
        stages: Timeouts of waiting in the queue and of connecting.
        totals: Timeouts of whole fetches.
        settings: Reads what requests ask for.
        requests: Makes requests ready to be sent.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        connector: Connector,
        *,
        max_header_size: int,
        max_body_size: int,
        user_agent: str,
        ended: Callable[[Any], None],
        loop_ended: Callable[[], None],
        max_idle: int = MAX_POOL_IDLE,
        idle_timeout: float = POOL_IDLE_TIMEOUT,
    ) -> None:
        self.loop = loop
        self.connector = connector
        self.pool = ConnectionPool(loop, max_idle=max_idle, idle_timeout=idle_timeout)
        self.stages: Deadlines[Expiring] = Deadlines(loop, _expire)
        self.totals: Deadlines[Expiring] = Deadlines(loop, _expire)
        self.max_header_size = max_header_size
        self.max_body_size = max_body_size
        self.settings = SettingsReader()
        self.requests = RequestPreparer(connector.authenticator, user_agent, closes=max_idle == 0)
        self.ended = ended
        self._loop_ended = weakref.WeakMethod(loop_ended)
        self._loop_end: LoopEnd | None = None

    def new_connection(self, key: object) -> HTTPClientConnection:
        """Make the protocol of a new connection."""
        if self._loop_end is None and (ended := self._loop_ended()) is not None:
            self._loop_end = LoopEnd(ended)
        connection = HTTPClientConnection(
            self.loop,
            key,
            max_header_size=self.max_header_size,
            released=self.pool.put,
            lost=self.pool.lost,
        )
        self.pool.opened(connection)
        return connection

    def close(self) -> None:
        """End all connections and timers."""
        self.stages.clear()
        self.totals.clear()
        self.pool.close()
        self.connector.close()
        if self._loop_end is not None:
            self._loop_end.forget()
