"""Cursors of commands: aggregations, lists of indexes and collections.

Layer: public package ``mongo``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from whirlwind.mongo.base_cursor import MotorBaseCursor
from whirlwind.mongo.batches import Batches


class MotorCommandCursor(MotorBaseCursor):
    """The answer to a command; read like a ``MotorCursor``, but it has no query to shape."""

    def batch_size(self, batch_size: int) -> MotorCommandCursor:
        """Set how many documents the server sends at once from the next fetch on.

        Args:
            batch_size: Documents, 0 or more; 0 leaves it to the server.
        """
        self.delegate.batch_size(batch_size)
        return self

    def try_next(self) -> asyncio.Future[Any]:
        """Return a Future of the next document, or of None after one fetch that brought none."""
        if self._buffer:
            return self.binding.finished(self._buffer.popleft())
        return self.binding.start(self._try_next)

    async def _try_next(self) -> Any:
        tailable, self._tailable = self._tailable, True
        try:
            await self.fetch_next
        finally:
            self._tailable = tailable
        return self.next_object()


class MotorLatentCommandCursor(MotorCommandCursor):
    """A command that is sent when its first document is asked for; made by ``aggregate``.

    ``async for document in collection.aggregate(pipeline)`` needs no ``await`` before it.

    Args:
        collection: What the command belongs to.
        open: Sends the command and returns the source.
    """

    def __init__(self, collection: Any, open: Callable[[], Awaitable[Batches]]) -> None:
        super().__init__(collection, None)
        self._send = open
        self._batch_size: int | None = None

    def batch_size(self, batch_size: int) -> MotorCommandCursor:
        """Set how many documents the server sends at once, after the first batch.

        The first batch has its size from the command: ``aggregate(pipeline, batchSize=10)``.

        Args:
            batch_size: Documents, 0 or more; 0 leaves it to the server.
        """
        if isinstance(batch_size, bool) or not isinstance(batch_size, int):
            raise TypeError(f"batch_size must be an int, not {batch_size!r:.40}")
        if batch_size < 0:
            raise ValueError(f"batch_size must be 0 or more, not {batch_size}")
        if self._batches is not None:
            return super().batch_size(batch_size)
        self._batch_size = batch_size
        return self

    async def _open(self) -> Batches:
        if self._batches is None:
            batches = await self._send()
            if self._batch_size is not None:
                batches.cursor.batch_size(self._batch_size)
            self._batches = batches
        return self._batches


class MotorRawBatchCommandCursor(MotorLatentCommandCursor):
    """An aggregation whose items are whole batches, as bytes; of ``aggregate_raw_batches``."""
