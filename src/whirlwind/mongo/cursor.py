"""Queries: what ``find`` returns.

Layer: public package ``mongo``.
"""

from __future__ import annotations

from typing import Any, Final, cast

from pymongo.asynchronous.cursor import AsyncCursor
from pymongo.errors import InvalidOperation

from whirlwind.mongo.base_cursor import MotorBaseCursor
from whirlwind.mongo.batches import Batches, CommandBatches, FindBatches
from whirlwind.mongo.delegation import attribute, chained, delegate_of, operation, warn_once

# Declarations read from this: to a type checker an instance, whose methods need no receiver.
_PYMONGO: Final = cast("AsyncCursor[Any]", AsyncCursor)

_TAILABLE: Final = 2  # bit of the query flags; pymongo.CursorType.TAILABLE


class MotorCursor(MotorBaseCursor):
    """A query; made by ``MotorCollection.find``.

    The methods that shape the query return the cursor, so that they can be chained, and raise
    ``InvalidOperation`` once the query was sent.

    Args:
        collection: The ``MotorCollection``.
        delegate: PyMongo's cursor, not started.
        filter: What ``find`` was given, for ``count``.
        options: Query flags still to be set.
    """

    def __init__(
        self,
        collection: Any,
        delegate: AsyncCursor[Any],
        *,
        filter: Any = None,
        tailable: bool = False,
        options: int = 0,
        started: bool = False,
    ) -> None:
        super().__init__(collection, None)
        self._batches = CommandBatches(delegate) if started else self._source(delegate)
        self._started = started
        self._filter = filter
        self._window: dict[str, int] = {}
        self._options = options
        self._tailable = tailable or bool(options & _TAILABLE)

    def _source(self, delegate: Any) -> Batches:
        """Return the source for a cursor of PyMongo that is not started; for subclasses."""
        return FindBatches(delegate)

    sort = chained(_PYMONGO.sort)
    batch_size = chained(_PYMONGO.batch_size)
    hint = chained(_PYMONGO.hint)
    where = chained(_PYMONGO.where)
    min = chained(_PYMONGO.min)
    max = chained(_PYMONGO.max)
    max_scan = chained(_PYMONGO.max_scan)
    max_time_ms = chained(_PYMONGO.max_time_ms)
    max_await_time_ms = chained(_PYMONGO.max_await_time_ms)
    comment = chained(_PYMONGO.comment)
    collation = chained(_PYMONGO.collation)
    allow_disk_use = chained(_PYMONGO.allow_disk_use)

    explain = operation(_PYMONGO.explain)
    distinct = operation(_PYMONGO.distinct)

    retrieved = attribute[int]()

    def limit(self, limit: int) -> MotorCursor:
        """Return at most ``limit`` documents; 0 for all."""
        self.check_not_started()
        self.delegate.limit(limit)
        self._window["limit"] = abs(limit)
        return self

    def skip(self, skip: int) -> MotorCursor:
        """Leave out the first ``skip`` documents."""
        self.check_not_started()
        self.delegate.skip(skip)
        self._window["skip"] = skip
        return self

    def add_option(self, mask: int) -> MotorCursor:
        """Set query flags, for example 2 for a tailable cursor.

        PyMongo may have to ask the server first, so flags are set when the query is sent; a
        flag that the server cannot take raises then.

        Args:
            mask: Flags of the wire protocol, joined with ``|``.
        """
        if isinstance(mask, bool) or not isinstance(mask, int):
            raise TypeError(f"mask must be an int, not {mask!r:.40}")
        self.check_not_started()
        self._options |= mask
        self._tailable = self._tailable or bool(mask & _TAILABLE)
        return self

    def remove_option(self, mask: int) -> MotorCursor:
        """Clear query flags that ``find`` or ``add_option`` has set.

        Args:
            mask: Flags of the wire protocol, joined with ``|``.
        """
        self.check_not_started()
        self.delegate.remove_option(mask)
        self._options &= ~mask
        if mask & _TAILABLE:
            self._tailable = False
        return self

    async def _open(self) -> Batches:
        if self._options:
            options, self._options = self._options, 0
            await self.delegate.add_option(options)
        return await super()._open()

    def rewind(self) -> MotorCursor:
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
            self.binding.start(used.close)
        self._buffer.clear()
        self._started = self._closed = self._failed = False
        return self

    def clone(self) -> MotorCursor:
        """Return a new cursor for the same query, not started."""
        copy = type(self)(
            self._collection,
            self.delegate.clone(),
            filter=self._filter,
            tailable=self._tailable,
            options=self._options,
        )
        copy._window = dict(self._window)
        return copy

    def __copy__(self) -> MotorCursor:
        return self.clone()

    def __deepcopy__(self, memo: Any) -> MotorCursor:
        return self.clone()

    def __getitem__(self, index: int | slice) -> MotorCursor:
        """Narrow the query to one place or a slice, replacing ``skip`` and ``limit``.

        ``cursor[5]`` is a new cursor of at most one document; unlike PyMongo's it is empty
        beyond the end. ``cursor[5:20]`` changes this cursor.

        Raises:
            IndexError: A negative place, a step, or a slice without room.
        """
        self.check_not_started()
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
        window = self._window if with_limit_and_skip else {}
        window = {name: value for name, value in window.items() if value}
        return self._collection.count_documents(delegate_of(self._filter) or {}, **window, **kwargs)


class MotorRawBatchCursor(MotorCursor):
    """A query whose items are whole batches, as bytes; made by ``find_raw_batches``."""
