"""Sessions and transactions.

Layer: public package ``mongo``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from pymongo.asynchronous.client_session import AsyncClientSession

from whirlwind.mongo.binding import run_without_waiting
from whirlwind.mongo.blocks import NoPlainBlock
from whirlwind.mongo.delegation import MotorObject, attribute, operation

if TYPE_CHECKING:
    # Declared methods have PyMongo's parameters, and ``session=`` among them its session. They
    # take ours and pass on its delegate; this tells type checkers so.
    _TakenForPyMongos = AsyncClientSession
else:
    _TakenForPyMongos = object


class MotorClientSession(MotorObject, NoPlainBlock, _TakenForPyMongos):
    """A session: operations that belong together; made by ``client.start_session()``.

    ::

        async with await client.start_session() as session:
            async with session.start_transaction():
                await collection.insert_one({}, session=session)

    Args:
        client: The ``MotorClient``.
        delegate: PyMongo's session.
    """

    _instead = (
        "a session ends with an operation that is waited for: write"
        " 'async with await client.start_session() as session', not 'with'"
    )

    def __init__(self, client: Any, delegate: AsyncClientSession) -> None:
        self._binding = client._binding
        self._client = client
        self._delegate = delegate

    @property
    def delegate(self) -> AsyncClientSession:
        """PyMongo's session."""
        return self._delegate

    @property
    def client(self) -> Any:
        """The ``MotorClient`` that made this session."""
        return self._client

    cluster_time = attribute[Mapping[str, Any] | None]()
    operation_time = attribute[Any]()
    has_ended = attribute[bool]()
    in_transaction = attribute[bool]()
    options = attribute[Any]()
    session_id = attribute[Mapping[str, Any]]()

    commit_transaction = operation(AsyncClientSession.commit_transaction)  # type: ignore[assignment]
    abort_transaction = operation(AsyncClientSession.abort_transaction)  # type: ignore[assignment]
    end_session = operation(AsyncClientSession.end_session)  # type: ignore[assignment]

    def advance_cluster_time(self, cluster_time: Mapping[str, Any]) -> None:
        """Take over the cluster time of another session.

        Args:
            cluster_time: Its ``cluster_time``.
        """
        self._delegate.advance_cluster_time(cluster_time)

    def advance_operation_time(self, operation_time: Any) -> None:
        """Take over the operation time of another session, for causal consistency.

        Args:
            operation_time: Its ``operation_time``, a ``bson.Timestamp``.
        """
        self._delegate.advance_operation_time(operation_time)

    def start_transaction(  # type: ignore[override]
        self,
        read_concern: Any = None,
        write_concern: Any = None,
        read_preference: Any = None,
        max_commit_time_ms: int | None = None,
    ) -> MotorTransaction:
        """Begin a transaction, at once: nothing is sent before its first operation.

        Args:
            read_concern: For the transaction; None for the session's default.
            write_concern: For the commit; None for the session's default.
            read_preference: For the transaction; None for the session's default.
            max_commit_time_ms: Longest time for the commit; None for the server's.

        Returns:
            A context for ``async with`` that commits, or aborts on an error.

        Raises:
            InvalidOperation: A transaction is in progress, or the session has ended.
        """
        run_without_waiting(
            self._delegate.start_transaction(
                read_concern, write_concern, read_preference, max_commit_time_ms
            )
        )
        return MotorTransaction(self)

    def with_transaction(  # type: ignore[override]
        self,
        coro: Callable[[MotorClientSession], Awaitable[Any]],
        read_concern: Any = None,
        write_concern: Any = None,
        read_preference: Any = None,
        max_commit_time_ms: int | None = None,
    ) -> asyncio.Future[Any]:
        """Run a coroutine function in a transaction and commit, again where the server asks.

        Args:
            coro: Called with this session, perhaps more than once; its operations must pass
                ``session=``.
            read_concern: As for ``start_transaction``.
            write_concern: As for ``start_transaction``.
            read_preference: As for ``start_transaction``.
            max_commit_time_ms: As for ``start_transaction``.

        Returns:
            A Future of what ``coro`` returned. PyMongo gives up trying again after 120 s.
        """

        async def call(_: AsyncClientSession) -> Any:
            return await coro(self)

        return self._binding.start(
            self._delegate.with_transaction,
            call,
            read_concern,
            write_concern,
            read_preference,
            max_commit_time_ms,
        )

    async def __aenter__(self) -> MotorClientSession:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.end_session()


class MotorTransaction:
    """The ``async with`` of a transaction: commits at the end, aborts when an error leaves it."""

    def __init__(self, session: MotorClientSession) -> None:
        self._session = session

    async def __aenter__(self) -> MotorTransaction:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # The block may have ended the transaction itself.
        if self._session.in_transaction:
            if error is None:
                await self._session.commit_transaction()
            else:
                await self._session.abort_transaction()
