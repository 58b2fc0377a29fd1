"""What all cursors share: a batch, the ways to read it, and the fetching of the next one.

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
from typing import Any, Generic, NoReturn, Self

from pymongo.errors import InvalidOperation

from whirlwind._engine.register import register
from whirlwind.mongo.batches import Batches
from whirlwind.mongo.binding import LoopBinding
from whirlwind.mongo.blocks import ClosedAfterBlock
from whirlwind.mongo.delegation import MotorObject, deliver, take_callback
from whirlwind.mongo.document_types import T
from whirlwind.mongo.session import MotorClientSession


class MotorBaseCursor(MotorObject, ClosedAfterBlock, Generic[T]):
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
        self._binding: LoopBinding = collection._binding
        self._collection = collection
        self._batches = batches
        self._buffer: deque[T] = deque()
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
        if self._buffer:
            return True  # even of a cursor that was closed, as in Motor
        delegate = self.delegate
        return not (self._closed or self._failed) and (delegate is None or bool(delegate.alive))

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

    def _check_not_started(self) -> None:
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
            return self._binding.answer(True)
        if self._pulling is not None:
            return self._pulling
        if self._closed or (self._started and not self.alive):
            return self._binding.answer(False)
        return self._start_pull()

    def next_object(self) -> T | None:
        """Take the next document of the batch that was fetched; None if it is used up."""
        return self._buffer.popleft() if self._buffer else None

    def next(self) -> asyncio.Future[T]:
        """Return a Future of the next document.

        Raises:
            StopAsyncIteration: (from the Future) There is none.
        """
        if self._buffer:
            return self._binding.finished(self._buffer.popleft())
        return self._binding.start(self.__anext__)

    def _buffer_size(self) -> int:
        """Return how many documents ``next_object`` can give before the next fetch."""
        return len(self._buffer)

    def __iter__(self) -> NoReturn:
        # Without this, Python would loop over cursor[0], cursor[1] … for ever.
        raise TypeError("a cursor has to wait for documents: write 'async for', not 'for'")

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        while not self._buffer:
            if not await self._more():
                raise StopAsyncIteration
        return self._buffer.popleft()

    def to_list(
        self, length: int | None = None, callback: Callable[[Any, Any], Any] | None = None
    ) -> asyncio.Future[list[T]]:
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
        future = self._binding.start(self._to_list, length)
        if taken is not None:
            deliver(future, taken)
            return None  # type: ignore[return-value]  # as Motor 1 did
        return future

    async def _to_list(self, length: int | None) -> list[T]:
        documents: list[T] = []
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
        self._binding.enter().call_soon(self._each, callback)

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
        pulling = self._binding.start(self._pull)
        if not pulling.done():
            self._pulling = pulling
            if register.is_open:
                register.label(pulling, f"{type(self).__name__}.fetch_next")
        return pulling

    async def _more(self, *, everything: bool = False) -> bool:
        """Wait for ``fetch_next``, in the running task where the pull can be a part of it."""
        busy = self._pulling is not None or self._closed or (self._started and not self.alive)
        if self._buffer or busy or asyncio.current_task() is None:
            return await self.fetch_next
        self._started = True
        self._pulling = pulling = self._binding.enter().create_future()
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
        """Give up what was not fetched and free the server's cursor.

        Documents that are here already can still be read. A fetch on its way is cancelled, and who
        waits for it learns that there is no more.
        Needed only for a cursor that is not read to its end; PyMongo closes one that is dropped a
        little later.
        """
        self._closed = True
        return self._binding.start(self._close)

    async def _close(self) -> None:
        pulling, puller = self._pulling, self._puller
        if pulling is not None and puller is not None:
            puller.cancel()
            await asyncio.wait([pulling])
        elif pulling is not None:  # a task that has not begun
            pulling.cancel()
        if self.delegate is not None:
            await self.delegate.close()
