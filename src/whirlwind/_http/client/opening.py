"""A connection on its way to be opened, for one fetch.

Layer: HTTP. Imports from ``_base`` and this package.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Protocol

from whirlwind._base.log import gen_log
from whirlwind._http.client.connection import HTTPClientConnection
from whirlwind._http.client.connector import Progress
from whirlwind._http.client.prepared_request import PreparedRequest
from whirlwind._http.client.shared import Shared


class Opener(Protocol):
    """Who wants the connection."""

    def connection_opened(self, connection: HTTPClientConnection) -> None:
        """It is there."""

    def fail(self, error: BaseException) -> None:
        """It could not be opened."""


class Opening:
    """One connection that is being opened.

    Args:
        shared: What the client has.
        prepared: For which request.
        opener: Who wants it, and is told how it ended unless ``cancel`` comes first.

    Attributes:
        progress: What it is doing.
    """

    def __init__(self, shared: Shared, prepared: PreparedRequest, opener: Opener) -> None:
        self.progress = Progress()
        self._shared = shared
        self._prepared = prepared
        self._opener: Opener | None = opener
        self._made: list[HTTPClientConnection] = []
        self._task: asyncio.Task[None] | None = shared.loop.create_task(self._open())

    def cancel(self) -> None:
        """Open it no more; nothing happens once it has ended."""
        self._opener = None
        task, self._task = self._task, None
        if task is not None:
            task.cancel()

    async def _open(self) -> None:
        prepared = self._prepared
        try:
            await self._shared.connector.connect(
                prepared.key, prepared.target, self._make, self.progress
            )
        except BaseException as error:
            for connection in self._made:
                connection.abort()
                self._shared.pool.lost(connection)
            if not isinstance(error, Exception):
                raise
            if isinstance(error, ssl.SSLError):
                gen_log.warning("SSL Error on %s: %s", prepared.target.authority, error)
            opener = self._ended()
            if opener is not None:
                opener.fail(error)
            return
        opener = self._ended()
        if opener is None:
            self._made[0].abort()  # cancelled in the turn in which it was opened
            return
        try:
            opener.connection_opened(self._made[0])
        except Exception as error:
            opener.fail(error)

    def _ended(self) -> Opener | None:
        # The opener may end from here: it must not cancel the task that tells it.
        self._task = None
        opener, self._opener = self._opener, None
        return opener

    def _make(self) -> HTTPClientConnection:
        connection = self._shared.new_connection(self._prepared.key)
        self._made.append(connection)
        return connection
