"""Change streams: what happens to documents, as it happens.

Layer: public package ``mongo``.

Theory of operation
-------------------
PyMongo's stream waits for a change, and after a failure that passes (an election, a lost
connection) begins again behind the last change it gave out. Around it are a cursor's ways of
reading: a batch is one change, and one that asks while another waits shares its fetch.

Cancelling a read closes PyMongo's stream, since nobody can say whether the change on its way was
taken. ``resume_token`` says where to go on with a new one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NoReturn, Self

from pymongo.asynchronous.change_stream import AsyncChangeStream
from pymongo.errors import InvalidOperation

from whirlwind.mongo.base_cursor import MotorBaseCursor
from whirlwind.mongo.batches import Batches
from whirlwind.mongo.blocks import NoPlainBlock
from whirlwind.mongo.delegation import MotorObject, delegate_of
from whirlwind.mongo.document_types import T


class MotorChangeStream(MotorBaseCursor[T], NoPlainBlock):
    """Changes of a collection, a database or a deployment; made by their ``watch``.

    ::

        async with collection.watch() as stream:
            async for change in stream: ...

        stream = collection.watch()
        while (yield stream.fetch_next):
            change = stream.next_object()

    It is opened by ``async with`` or by the first reading. From then on no change is missed;
    there is no end but ``close()``, an error, or the end of what is watched. To look without
    waiting for the next change use ``try_next``; a read that is cancelled closes the stream.
    Needs a replica set or a sharded cluster.

    Args:
        target: What is watched.
        open: Opens PyMongo's stream.
        delegate: A stream that is open already; None for one that is not.
    """

    _instead = "write 'async with collection.watch() as stream', not 'with'"

    def __init__(
        self,
        target: Any,
        open: Callable[[], Awaitable[AsyncChangeStream[Any]]] | None,
        delegate: AsyncChangeStream[Any] | None = None,
    ) -> None:
        super().__init__(target, None if delegate is None else _Changes(delegate))
        self._send = open
        self._opening = asyncio.Lock()

    @property
    def alive(self) -> bool:
        """False when no change can come any more."""
        if self._closed:
            return False
        delegate = self.delegate
        return bool(self._buffer) or (
            bool(delegate.alive) if delegate is not None else not self._failed
        )

    @property
    def resume_token(self) -> Mapping[str, Any] | None:
        """Where ``watch(resume_after=…)`` goes on: behind the last change that was fetched.

        None before the stream is opened.
        """
        delegate = self.delegate
        return None if delegate is None else delegate.resume_token

    @property
    def cursor_id(self) -> NoReturn:
        """Not known of a stream, which changes its cursor after a failure."""
        raise AttributeError("a change stream has no cursor of its own")

    @property
    def address(self) -> NoReturn:
        """Not known of a stream, which may change its server after a failure."""
        raise AttributeError("a change stream has no server of its own")

    @property
    def session(self) -> NoReturn:
        """Not known of a stream, which may change its session after a failure."""
        raise AttributeError("a change stream does not show its session")

    def try_next(self) -> asyncio.Future[T | None]:
        """Return a Future of the next change, or of None after one fetch that brought none.

        The fetch waits for a change as long as ``max_await_time_ms`` of ``watch`` says, about a
        second by default.
        """
        if self._buffer:
            return self._binding.finished(self._buffer.popleft())
        return self._binding.start(self._try_next)

    async def _try_next(self) -> T | None:
        if self._pulling is None and self.alive:
            tailable, self._tailable = self._tailable, True
            try:
                await self.fetch_next
            finally:
                self._tailable = tailable
        return self.next_object()

    def to_list(
        self, length: int | None = None, callback: Callable[[Any, Any], Any] | None = None
    ) -> asyncio.Future[list[T]]:
        """Return a Future of the next ``length`` changes, which waits until there are so many.

        Args:
            length: How many; fewer come only if the stream ends.
            callback: As for a cursor.

        Raises:
            InvalidOperation: No length, and a stream has no end.
        """
        if length is None:
            raise InvalidOperation("a change stream has no end to make a list of: give a length")
        return super().to_list(length, callback)

    def close(self) -> asyncio.Future[None]:
        """End the stream; what was fetched and not read is dropped."""
        self._buffer.clear()
        return super().close()

    async def _open(self) -> Batches:
        async with self._opening:
            if self._batches is None:
                assert self._send is not None  # there was no delegate either
                self._batches = _Changes(await self._send())
            return self._batches

    async def _open_at_once(self) -> None:
        await self._open()

    async def __aenter__(self) -> Self:
        if self._closed:
            raise InvalidOperation("this change stream is closed; watch() makes another")
        await self._binding.start(self._open_at_once)
        return self


class _Changes:
    """A source whose batches are one change each."""

    def __init__(self, stream: AsyncChangeStream[Any]) -> None:
        self.cursor: Any = stream

    async def next_batch(self) -> list[Any]:
        change = await self.cursor.try_next()
        return [] if change is None else [change]

    async def rest(self) -> list[Any]:
        raise InvalidOperation("a change stream has no end")


def watch(
    self: MotorObject,
    pipeline: Sequence[Mapping[str, Any]] | None = None,
    full_document: str | None = None,
    resume_after: Mapping[str, Any] | None = None,
    max_await_time_ms: int | None = None,
    batch_size: int | None = None,
    collation: Any = None,
    start_at_operation_time: Any = None,
    session: Any = None,
    start_after: Mapping[str, Any] | None = None,
    comment: Any = None,
    full_document_before_change: str | None = None,
    show_expanded_events: bool | None = None,
) -> MotorChangeStream:
    """Return a stream of the changes from now on, or from a place that was noted; sends nothing.

    Other than PyMongo's it is not awaited.

    Args:
        pipeline: Stages that choose and shape the changes; None for all as they are.
        full_document: ``"updateLookup"`` for the whole document with each update.
        resume_after: A ``resume_token``, to go on behind it.
        max_await_time_ms: Longest wait of the server for a change before it answers without;
            None for its default of one second.
        batch_size: Most changes that the server sends at once.
        collation: Rules for comparing text in the pipeline.
        start_at_operation_time: A ``bson.Timestamp`` to begin at.
        session: A ``MotorClientSession``; None for one of its own.
        start_after: As ``resume_after``, behind the end of what was watched as well.
        comment: Shown in the server's log and profile.
        full_document_before_change: What to send of the document as it was.
        show_expanded_events: True for changes of indexes and options as well.
    """
    given = {
        "pipeline": None if pipeline is None else list(pipeline),
        "full_document": full_document,
        "resume_after": resume_after,
        "max_await_time_ms": max_await_time_ms,
        "batch_size": batch_size,
        "collation": collation,
        "start_at_operation_time": start_at_operation_time,
        "session": delegate_of(session),
        "start_after": start_after,
        "comment": comment,
        "full_document_before_change": full_document_before_change,
        "show_expanded_events": show_expanded_events,
    }

    async def send() -> AsyncChangeStream[Any]:
        stream: AsyncChangeStream[Any] = await self.delegate.watch(
            **{name: value for name, value in given.items() if value is not None}
        )
        return stream

    return MotorChangeStream(self, send)
