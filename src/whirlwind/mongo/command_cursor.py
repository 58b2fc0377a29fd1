"""Cursors of commands: aggregations, lists of indexes and collections.

Layer: public package ``mongo``.
"""

from __future__ import annotations

import asyncio
from typing import Any, Self

from whirlwind.mongo.base_cursor import MotorBaseCursor
from whirlwind.mongo.batches import Batches, CommandBatches
from whirlwind.mongo.delegation import delegate_of
from whirlwind.mongo.document_types import T
from whirlwind.mongo.son_manipulator import manipulated


class MotorCommandCursor(MotorBaseCursor[T]):
    """The answer to a command; read like a ``MotorCursor``, but it has no query to shape."""

    def batch_size(self, batch_size: int) -> Self:
        """Set how many documents the server sends at once from the next fetch on.

        Args:
            batch_size: Documents, 0 or more; 0 leaves it to the server.
        """
        self.delegate.batch_size(batch_size)
        return self

    def try_next(self) -> asyncio.Future[T | None]:
        """Return a Future of the next document, or of None after one fetch that brought none."""
        if self._buffer:
            return self._binding.finished(self._buffer.popleft())
        return self._binding.start(self._try_next)

    async def _try_next(self) -> T | None:
        tailable, self._tailable = self._tailable, True
        try:
            await self.fetch_next
        finally:
            self._tailable = tailable
        return self.next_object()


class MotorLatentCommandCursor(MotorCommandCursor[T]):
    """A command that is sent when its first document is asked for; made by ``aggregate``.

    ``async for document in collection.aggregate(pipeline)`` needs no ``await`` before it.

    Args:
        collection: What the command belongs to: a collection or a database.
        method: The name of PyMongo's method that sends it.
        *args: What it is called with.
        **kwargs: What it is called with, by name.
    """

    def __init__(self, collection: Any, method: str, /, *args: Any, **kwargs: Any) -> None:
        super().__init__(collection, None)
        self._method = method
        self._arguments = (args, {name: delegate_of(value) for name, value in kwargs.items()})
        self._batch_size: int | None = None

    def batch_size(self, batch_size: int) -> Self:
        """Set how many documents the server sends at once.

        Of an aggregation that is not started it is the size of the first batch, too; lists of
        indexes begin with a batch of the server's choice.

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
            args, kwargs = self._arguments
            size = self._batch_size
            if size is not None and self._method.startswith("aggregate"):
                kwargs = {**kwargs, "batchSize": size}
            # Of the collection as it is now: in a forked child it has another client.
            cursor = await getattr(self._collection.delegate, self._method)(*args, **kwargs)
            if size is not None:
                cursor.batch_size(size)
            self._batches = CommandBatches(cursor)
            if self._method == "aggregate":
                self._batches = manipulated(self._batches, self._collection)
        return self._batches


class MotorRawBatchCommandCursor(MotorLatentCommandCursor[T]):
    """An aggregation whose items are whole batches, as bytes; of ``aggregate_raw_batches``."""
