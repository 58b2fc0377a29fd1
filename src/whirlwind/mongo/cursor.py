"""Cursors: what ``find`` returns, and the part that all cursors share.

Layer: public package ``mongo``.

Theory of operation
-------------------
A cursor holds the rest of one batch (``_buffer``) and a source of batches. It is lazy: nothing
is sent before the first document is asked for. Whoever asks while the buffer has documents gets
one without a turn of the loop; whoever asks when it is empty starts a *pull*: one task that
fetches one batch. Two who ask at once share the pull, so that a cursor never has two fetches on
the wire.

A pull ends with True (the buffer has documents) or False (the cursor is at its end, or a
tailable cursor has nothing new). An error ends it as well, and the cursor: what was buffered
before has been handed out by then.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, TypeVar, cast

from pymongo.asynchronous.cursor import AsyncCursor
from pymongo.errors import InvalidOperation

from whirlwind.mongo.batches import Batches, CommandBatches, FindBatches
from whirlwind.mongo.binding import LoopBinding
from whirlwind.mongo.delegation import (
    MotorObject,
    attribute,
    chained,
    delegate_of,
    deliver,
    operation,
    take_callback,
    warn_once,
)
from whirlwind.mongo.session import MotorClientSession

C = TypeVar("C", bound="MotorBaseCursor")

_TAILABLE: Final = 2  # bit of the query flags; pymongo.CursorType.TAILABLE

# Declarations read from this: to a type checker an instance, whose methods need no receiver.
_PYMONGO: Final = cast("AsyncCursor[Any]", AsyncCursor)


class MotorBaseCursor(MotorObject):
    """Documents of a server, handed out of batches.

    Four ways to read it, which may be mixed::

        async for document in cursor: ...

        while (yield cursor.fetch_next):
            document = cursor.next_object()

        documents = yield cursor.to_list(length=100)

        cursor.each(callback=on_document)

    Args:
        collection: What the cursor reads from: the object that made it.
        batches: The source.
    """

    def __init__(self, collection: Any, batches: Batches | None) -> None:
        self.binding: LoopBinding = collection.binding
        self._collection = collection
        self._batches = batches
        self._buffer: deque[Any] = deque()
        self._pulling: asyncio.Future[bool] | None = None
        self._puller: asyncio.Task[Any] | None = None
        self._tailable = False
        self._started = False
        self._closed = False
        self._failed = False

    # --- what it is ---------------------------------------------------------------------------

    @property
    def delegate(self) -> Any:
        """PyMongo's cursor; None for a latent cursor that has not been started."""
        return None if self._batches is None else self._batches.cursor

    @property
    def collection(self) -> Any:
        """The object that made this cursor: a collection, a database or a client."""
        return self._collection

    @property
    def started(self) -> bool:
        """True once something has been asked of the server."""
        return self._started

    @property
    def closed(self) -> bool:
        """True once ``close`` was called."""
        return self._closed

    @property
    def alive(self) -> bool:
        """False when no document can come any more.

        It can be true although none comes: the end is known only when the server has said so.
        """
        if self._closed or self._failed:
            return False
        delegate = self.delegate
        return bool(self._buffer) or delegate is None or bool(delegate.alive)

    @property
    def cursor_id(self) -> int | None:
        """The server's number for this cursor; 0 when it has no more, None before the start."""
        delegate = self.delegate
        return None if delegate is None else delegate.cursor_id

    @property
    def address(self) -> tuple[str, int] | None:
        """Host and port of the server that answered; None before the start."""
        delegate = self.delegate
        return None if delegate is None else delegate.address

    @property
    def session(self) -> MotorClientSession | None:
        """The session that the cursor was made with; None for one of its own."""
        delegate = self.delegate
        found = None if delegate is None else delegate.session
        return None if found is None else MotorClientSession(self._collection.client, found)

    def check_not_started(self) -> None:
        """Raise if it is too late to change the query.

        Raises:
            InvalidOperation: The cursor was started. ``rewind()`` or ``clone()`` starts afresh.
        """
        if self._started:
            raise InvalidOperation("cannot set options after the query was sent")

    # --- documents ----------------------------------------------------------------------------

    @property
    def fetch_next(self) -> asyncio.Future[bool]:
        """A Future of whether ``next_object()`` has a document; fetches a batch where needed.

        Use it where a loop cannot be an ``async for``: ``while (yield cursor.fetch_next)``. The
        Future is already done while the batch lasts, so that a coroutine goes on at once.

        Raises:
            PyMongoError: (from the Future) The fetch failed.
        """
        if self._buffer:
            return self.binding.answer(True)
        if self._pulling is not None:
            return self._pulling
        if self._closed or (self._started and not self.alive):
            return self.binding.answer(False)
        return self._start_pull()

    def next_object(self) -> Any:
        """Take the next document of the batch that was fetched; None if it is used up."""
        return self._buffer.popleft() if self._buffer else None

    def next(self) -> asyncio.Future[Any]:
        """Return a Future of the next document.

        Raises:
            StopAsyncIteration: (from the Future) There is none.
        """
        if self._buffer:
            return self.binding.finished(self._buffer.popleft())
        return self.binding.start(self.__anext__)

    def __aiter__(self: C) -> C:
        return self

    async def __anext__(self) -> Any:
        while not self._buffer:
            if not await self._more():
                raise StopAsyncIteration
        return self._buffer.popleft()

    def to_list(
        self, length: int | None = None, callback: Callable[[Any, Any], Any] | None = None
    ) -> asyncio.Future[list[Any]]:
        """Return a Future of the next documents as a list.

        Args:
            length: Most documents to return, 0 or more; None for all. Those beyond it stay in
                the cursor for the next call.
            callback: Motor 1's ``callback(result, error)``; then None is returned.

        Returns:
            An empty list at the end.

        Raises:
            InvalidOperation: The cursor is tailable, a list of it would never be complete.
            PyMongoError: (from the Future) A fetch failed; documents read before are lost.
        """
        if length is not None:
            if isinstance(length, bool) or not isinstance(length, int):
                raise TypeError(f"length must be an int or None, not {length!r:.40}")
            if length < 0:
                raise ValueError(f"length must be 0 or more, not {length}")
        if self._tailable:
            raise InvalidOperation("a tailable cursor has no end to make a list of")
        given = {"callback": callback}
        taken = take_callback(given)
        future = self.binding.start(self._to_list, length)
        if taken is not None:
            deliver(future, taken)
            return None  # type: ignore[return-value]  # as Motor 1 did
        return future

    async def _to_list(self, length: int | None) -> list[Any]:
        documents: list[Any] = []
        buffer = self._buffer
        while True:
            if length is None or len(documents) + len(buffer) <= length:
                documents.extend(buffer)
                buffer.clear()
            else:
                documents.extend(buffer.popleft() for _ in range(length - len(documents)))
            if len(documents) == length or not await self._more(everything=length is None):
                return documents

    def each(self, callback: Callable[[Any, Any], Any]) -> None:
        """Call ``callback(document, error)`` for each document, then once with two Nones.

        The first call comes on a later turn of the loop. An error ends the loop with
        ``callback(None, error)``. What the callback raises ends the loop and goes to the loop's
        exception handler.

        Args:
            callback: Called with a document and None. If it returns False the loop ends; None
                and other false values do not end it.
        """
        if not callable(callback):
            raise TypeError(f"callback must be callable, not {callback!r:.40}")
        self.binding.enter().call_soon(self._each, callback)

    def _each(self, callback: Callable[[Any, Any], Any]) -> None:
        # One batch in a turn of the loop, so that a long result lets others have theirs.
        while self._buffer:
            if callback(self._buffer.popleft(), None) is False:
                return
        self.fetch_next.add_done_callback(lambda pulled: self._each_pulled(pulled, callback))

    def _each_pulled(
        self, pulled: asyncio.Future[bool], callback: Callable[[Any, Any], Any]
    ) -> None:
        if pulled.cancelled():
            callback(None, asyncio.CancelledError())
        elif (error := pulled.exception()) is not None:
            callback(None, error)
        elif pulled.result():
            self._each(callback)
        else:
            callback(None, None)

    # --- fetching -----------------------------------------------------------------------------

    def _start_pull(self) -> asyncio.Future[bool]:
        self._started = True
        pulling = self.binding.start(self._pull)
        if not pulling.done():
            self._pulling = pulling
        return pulling

    async def _more(self, *, everything: bool = False) -> bool:
        """Wait for ``fetch_next``, in the running task where the pull can be a part of it."""
        busy = self._pulling is not None or self._closed or (self._started and not self.alive)
        if self._buffer or busy or asyncio.current_task() is None:
            return await self.fetch_next
        self._started = True
        self._pulling = pulling = self.binding.enter().create_future()
        try:
            more = await self._pull(everything=everything)
        except asyncio.CancelledError:
            pulling.cancel()
            raise
        except Exception as error:
            pulling.set_exception(error)
            pulling.exception()  # it is raised here; nobody else need have asked
            raise
        if not pulling.done():
            pulling.set_result(more)
        return more

    async def _pull(self, *, everything: bool = False) -> bool:
        self._puller = asyncio.current_task()
        try:
            batches = await self._open()
            while True:
                documents = await (batches.rest() if everything else batches.next_batch())
                if documents:
                    self._buffer.extend(documents)
                    return True
                # A server may answer with an empty batch and have more.
                if self._tailable or not batches.cursor.alive:
                    return False
        except asyncio.CancelledError:
            self._failed = True
            # Who closes a cursor that somebody reads ends it, and does not cancel the reader.
            if self._puller is not None and self._closed and self._puller.uncancel() == 0:
                return False
            raise
        except Exception:
            self._failed = True
            raise
        finally:
            # A task that failed keeps its traceback, and so this frame and the cursor.
            self._pulling = self._puller = None

    async def _open(self) -> Batches:
        assert self._batches is not None
        return self._batches

    # --- the end ------------------------------------------------------------------------------

    def close(self) -> asyncio.Future[None]:
        """Give up the rest and free the server's cursor.

        A fetch on its way is cancelled, and who waits for it learns that there is no more.
        Needed only for a cursor that is not read to its end; PyMongo closes one that is dropped a
        little later.
        """
        self._closed = True
        self._buffer.clear()
        return self.binding.start(self._close)

    async def _close(self) -> None:
        pulling, puller = self._pulling, self._puller
        if pulling is not None and puller is not None:
            puller.cancel()
            await asyncio.wait([pulling])
        elif pulling is not None:  # a task that has not begun
            pulling.cancel()
        if self.delegate is not None:
            await self.delegate.close()

    async def __aenter__(self: C) -> C:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


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
        super().__init__(collection, (CommandBatches if started else FindBatches)(delegate))
        self._started = started
        self._filter = filter
        self._window: dict[str, int] = {}
        self._options = options
        self._tailable = tailable or bool(options & _TAILABLE)

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
        self._batches = FindBatches(used.clone())
        if self._started and used.alive:
            self.binding.start(used.close)
        self._buffer.clear()
        self._started = self._closed = self._failed = False
        return self

    def clone(self) -> MotorCursor:
        """Return a new cursor for the same query, not started."""
        copy = MotorCursor(
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
