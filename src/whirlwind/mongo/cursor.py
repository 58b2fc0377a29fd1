"""Queries: what ``find`` returns.

Layer: public package ``mongo``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Self

from pymongo.asynchronous.cursor import AsyncCursor
from pymongo.errors import InvalidOperation

from whirlwind.mongo.base_cursor import MotorBaseCursor
from whirlwind.mongo.batches import Batches, CommandBatches, FindBatches
from whirlwind.mongo.delegation import attribute, chained, operation, warn_once
from whirlwind.mongo.document_types import T
from whirlwind.mongo.son_manipulator import manipulated

# Bits of the query flags; pymongo.CursorType has them as well.
_TAILABLE: Final = 2
_EXHAUST: Final = 64


class MotorCursor(MotorBaseCursor[T]):
    """A query; made by ``MotorCollection.find``.

    The methods that shape the query return the cursor, so that they can be chained, and raise
    ``InvalidOperation`` once the query was sent.

    Args:
        collection: The ``MotorCollection``.
        delegate: PyMongo's cursor, not started.
        query: What ``find`` was given, by name.
        options: Query flags still to be set.
        manipulate: Whether documents pass the manipulators of the database.
        started: Whether somebody else has read from the delegate.
    """

    def __init__(
        self,
        collection: Any,
        delegate: AsyncCursor[Any],
        *,
        query: Mapping[str, Any] | None = None,
        options: int = 0,
        manipulate: bool = False,
        started: bool = False,
    ) -> None:
        super().__init__(collection, None)
        self._manipulate = manipulate
        self._batches = CommandBatches(delegate) if started else self._source(delegate)
        self._started = started
        self._query = dict(query or {})
        self._options = options
        self._note_flags()

    def _source(self, delegate: Any) -> Batches:
        """Return the source for a cursor of PyMongo that is not started; for subclasses."""
        source = FindBatches(delegate)
        return manipulated(source, self._collection) if self._manipulate else source

    sort = chained(AsyncCursor[Any].sort)
    batch_size = chained(AsyncCursor[Any].batch_size)
    hint = chained(AsyncCursor[Any].hint)
    where = chained(AsyncCursor[Any].where)
    min = chained(AsyncCursor[Any].min)
    max = chained(AsyncCursor[Any].max)
    max_scan = chained(AsyncCursor[Any].max_scan)
    max_time_ms = chained(AsyncCursor[Any].max_time_ms)
    max_await_time_ms = chained(AsyncCursor[Any].max_await_time_ms)
    comment = chained(AsyncCursor[Any].comment)
    collation = chained(AsyncCursor[Any].collation)
    allow_disk_use = chained(AsyncCursor[Any].allow_disk_use)

    explain = operation(AsyncCursor[Any].explain)
    distinct = operation(AsyncCursor[Any].distinct)

    retrieved = attribute[int]()

    def limit(self, limit: int) -> Self:
        """Return at most ``limit`` documents; 0 for all."""
        self._check_not_started()
        self._check_exhaust(self._flags(), limit)
        self.delegate.limit(limit)
        self._query["limit"] = limit
        return self

    def skip(self, skip: int) -> Self:
        """Leave out the first ``skip`` documents."""
        self._check_not_started()
        self.delegate.skip(skip)
        self._query["skip"] = skip
        return self

    def add_option(self, mask: int) -> Self:
        """Set query flags, for example 2 for a tailable cursor.

        PyMongo may have to ask the server first, so flags are set when the query is sent; a
        flag that the server cannot take raises then.

        Args:
            mask: Flags of the wire protocol, joined with ``|``.
        """
        if isinstance(mask, bool) or not isinstance(mask, int):
            raise TypeError(f"mask must be an int, not {mask!r:.40}")
        self._check_not_started()
        self._check_exhaust(mask, self._query.get("limit"))
        self._options |= mask
        self._note_flags()
        return self

    def remove_option(self, mask: int) -> Self:
        """Clear query flags that ``find`` or ``add_option`` has set.

        Args:
            mask: Flags of the wire protocol, joined with ``|``.
        """
        self._check_not_started()
        self.delegate.remove_option(mask)
        self._options &= ~mask
        if "cursor_type" in self._query:
            self._query["cursor_type"] &= ~mask
        self._note_flags()
        return self

    def _flags(self) -> int:
        return self._options | int(self._query.get("cursor_type") or 0)

    def _note_flags(self) -> None:
        self._tailable = bool(self._flags() & _TAILABLE)

    def _check_exhaust(self, flags: int, limit: int | None) -> None:
        # PyMongo would find out when the query is sent.
        if flags & _EXHAUST and limit:
            raise InvalidOperation("a query has either a limit or the flag for an exhaust cursor")

    async def _open(self) -> Batches:
        if self._options:
            options, self._options = self._options, 0
            await self.delegate.add_option(options)
        return await super()._open()

    def rewind(self) -> Self:
        """Make the cursor new: the next document asked for sends the query again.

        What was fetched is forgotten, and the server's cursor is freed in the background.

        Raises:
            InvalidOperation: A batch is on its way; wait for it, or close the cursor first.
        """
        if self._pulling is not None:
            raise InvalidOperation("cannot rewind a cursor while it fetches a batch")
        used = self.delegate
        self._batches = self._source(used.clone())
        if self._started and used.alive:
            self._binding.start(used.close)
        self._buffer.clear()
        self._started = self._closed = self._failed = False
        return self

    def clone(self) -> Self:
        """Return a new cursor for the same query, not started."""
        return type(self)(
            self._collection,
            self.delegate.clone(),
            query=self._query,
            options=self._options,
            manipulate=self._manipulate,
        )

    def __copy__(self) -> Self:
        return self.clone()

    def __deepcopy__(self, memo: Any) -> Self:
        return self.clone()

    def __getitem__(self, index: int | slice) -> Self:
        """Narrow the query to one place or a slice, replacing ``skip`` and ``limit``.

        ``cursor[5]`` is a new cursor of at most one document; unlike PyMongo's it is empty
        beyond the end. ``cursor[5:20]`` changes this cursor.

        Raises:
            IndexError: A negative place, a step, or a slice without room.
        """
        self._check_not_started()
        if not isinstance(index, slice):
            if index < 0:
                raise IndexError("a cursor has no negative places")
            return self.clone().skip(index).limit(-1)
        start = index.start or 0
        if index.step is not None:
            raise IndexError("a cursor's slice has no step")
        if start < 0 or (index.stop is not None and index.stop <= start):
            raise IndexError(f"a cursor has no slice from {start} to {index.stop}")
        self.skip(start)
        return self.limit(0 if index.stop is None else index.stop - start)

    def count(self, with_limit_and_skip: bool = False, **kwargs: Any) -> Any:
        """Motor 1's count of what the query finds; use ``collection.count_documents``.

        Args:
            with_limit_and_skip: Whether ``limit`` and ``skip`` of the cursor count.
        """
        warn_once("MotorCursor.count", "MotorCollection.count_documents(filter)")
        window: dict[str, int] = {}
        if with_limit_and_skip:
            given = {name: abs(self._query.get(name) or 0) for name in ("limit", "skip")}
            window = {name: number for name, number in given.items() if number}
        return self._collection.count_documents(self._query.get("filter") or {}, **window, **kwargs)


class MotorRawBatchCursor(MotorCursor[T]):
    """A query whose items are whole batches, as bytes; made by ``find_raw_batches``."""
