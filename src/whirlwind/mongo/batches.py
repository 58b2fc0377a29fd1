"""Where a cursor's documents come from: one batch of the server at a time.

Layer: public package ``mongo``.

Theory of operation
-------------------
A server answers a query in batches. PyMongo hands their documents out one by one, each through
an awaited call; Motor's ``next_object()`` takes a document out of the batch without waiting. So
a cursor of ours holds a batch itself, and asks for one here when its own is used up. The rule
that all sources keep: **one call fetches at most once from the server**, and gives everything
that this fetch brought. How to keep it with PyMongo's public API differs:

- ``AsyncCursor`` counts what it received (``retrieved``). Take one document; what it received
  beyond what was taken is in its buffer, and ``to_list`` of exactly that number empties the
  buffer without a fetch.
- Command cursors (aggregations, ``listIndexes`` …) count nothing. When the server has no more
  (``cursor_id`` is 0, the common case) ``to_list`` empties the buffer; until then documents are
  taken one by one. Taking them in blocks would be faster, but a block that ends beyond the batch
  fetches the next one, and with large documents the next hundred.

Raw batches (``aggregate_raw_batches``) are no way around that: PyMongo asks for an empty first
batch then, which costs a second round trip.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from pymongo.asynchronous.command_cursor import AsyncCommandCursor
from pymongo.asynchronous.cursor import AsyncCursor


class Batches(Protocol):
    """A source of documents."""

    @property
    def cursor(self) -> Any:
        """PyMongo's cursor."""

    async def next_batch(self) -> list[Any]:
        """Return the next documents, after one fetch or none.

        Returns:
            An empty list when the fetch brought nothing; ``cursor.alive`` says whether another
            one may.
        """

    async def rest(self) -> list[Any]:
        """Return all documents that are left."""


class FindBatches:
    """The batches of a query.

    Args:
        cursor: Not started.
    """

    __slots__ = ("_taken", "cursor")

    def __init__(self, cursor: AsyncCursor[Any]) -> None:
        self.cursor = cursor
        self._taken = 0

    async def next_batch(self) -> list[Any]:
        cursor = self.cursor
        try:
            first = await cursor.next()
        except StopAsyncIteration:
            return []
        buffered = cursor.retrieved - self._taken - 1
        self._taken += 1 + buffered
        if buffered <= 0:
            return [first]
        return [first, *await cursor.to_list(buffered)]

    async def rest(self) -> list[Any]:
        return await self.cursor.to_list()


class CommandBatches:
    """The documents of a command cursor, and of any cursor that somebody else has started."""

    __slots__ = ("cursor",)

    def __init__(self, cursor: AsyncCommandCursor[Any] | AsyncCursor[Any]) -> None:
        self.cursor = cursor

    async def next_batch(self) -> list[Any]:
        first = await self._one()
        if first is None:
            return []
        if self.cursor.cursor_id == 0 and self.cursor.alive:
            return [first, *await self.cursor.to_list()]
        return [first]

    async def rest(self) -> list[Any]:
        return await self.cursor.to_list()

    async def _one(self) -> Any:
        # try_next fetches at most once, where next goes on until there is a document.
        try_next: Callable[[], Any] | None = getattr(self.cursor, "try_next", None)
        if try_next is not None:
            return await try_next()
        try:
            return await self.cursor.next()
        except StopAsyncIteration:
            return None
