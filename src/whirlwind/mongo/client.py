"""The client: connections to a deployment, and where databases come from.

Layer: public package ``mongo``.

Theory of operation
-------------------
The PyMongo client is made with the Motor client, so that a bad URI raises where it is written,
and connects with its first operation. Its connections and its monitors live on one event loop
(see ``binding``), and have to end before that loop does. Programs written for Motor often never
close their client, so three ends are looked after:

- the loop ends in order (``asyncio.run``): asynchronous generators are closed by the loop, and
  the client keeps one open whose closing closes PyMongo's client;
- the client is dropped: the same generator goes with it;
- the interpreter exits with a loop that merely stopped: the client is closed then.

A forked child gets a new PyMongo client at its first call: the parent's connections are the
parent's. Databases and collections notice and follow.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import weakref
from collections.abc import AsyncGenerator, Mapping
from typing import Any, Final, Generic, NoReturn, Self

from bson.codec_options import CodecOptions
from pymongo import AsyncMongoClient
from pymongo.asynchronous.change_stream import AsyncChangeStream
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.command_cursor import AsyncCommandCursor
from pymongo.asynchronous.cursor import AsyncCursor
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.client_options import ClientOptions
from pymongo.driver_info import DriverInfo
from pymongo.read_concern import ReadConcern
from pymongo.server_description import ServerDescription
from pymongo.topology_description import TopologyDescription
from pymongo.write_concern import WriteConcern

from whirlwind._version import version
from whirlwind.mongo import change_stream, legacy, old_commands, settings
from whirlwind.mongo.batches import CommandBatches
from whirlwind.mongo.binding import LoopBinding, io_loop_of
from whirlwind.mongo.collection import MotorCollection
from whirlwind.mongo.command_cursor import MotorCommandCursor
from whirlwind.mongo.cursor import MotorCursor
from whirlwind.mongo.database import MotorDatabase
from whirlwind.mongo.delegation import (
    MotorObject,
    attribute,
    delegate_of,
    operation,
    takes_callback,
)
from whirlwind.mongo.document_types import D
from whirlwind.mongo.session import MotorClientSession

Address = tuple[str, int | None]

# By identity: two clients of the same servers are equal, and both have to be closed.
_clients: Final[weakref.WeakValueDictionary[int, MotorClient[Any]]] = weakref.WeakValueDictionary()
# PyMongo clients that a forked child inherited. To drop one would close the parent's sessions
# and complain of a client that was not closed.
_inherited: Final[list[Any]] = []


class MotorClient(MotorObject, Generic[D]):
    """Connections to a MongoDB deployment, with Motor's interface.

    Make one for a program, before or after its event loop starts, and take databases from it::

        client = motor.MotorClient("mongodb://localhost:27017")
        collection = client.test.things

    Args:
        *args: As for PyMongo's client: host or URI, port …
        io_loop: The ``IOLoop`` or asyncio loop to run on; None for the loop of the first call.
        document_class: What documents are decoded to; None for ``dict``.
        **kwargs: Options, as for PyMongo's client.

    Raises:
        ConfigurationError: An option is wrong.
        InvalidURI: The URI is.
        TypeError: ``io_loop`` is not a loop.
    """

    HOST = AsyncMongoClient.HOST
    PORT = AsyncMongoClient.PORT

    _loop_face = staticmethod(io_loop_of)
    _family = ""

    def __init__(
        self,
        *args: Any,
        io_loop: Any = None,
        document_class: type[D] | None = None,
        **kwargs: Any,
    ) -> None:
        if document_class is not None:
            kwargs["document_class"] = document_class
        self._binding = LoopBinding(io_loop, self._loop_face, self._family)
        kwargs["driver"] = _driver(kwargs.get("driver"))
        self._arguments = (args, kwargs)
        self._delegate: AsyncMongoClient[Any] | None = AsyncMongoClient(*args, **kwargs)
        self._keeper: AsyncGenerator[None, None] | None = None
        self._closing: asyncio.Future[None] | None = None
        _clients[id(self)] = self

    @property
    def delegate(self) -> AsyncMongoClient[Any]:
        """PyMongo's client."""
        if self._delegate is None:  # in a forked child
            args, kwargs = self._arguments
            self._delegate = AsyncMongoClient(*args, **kwargs)
        if self._keeper is None:
            self._keep()
        return self._delegate

    def _keep(self) -> None:
        # The hooks that tell a loop of its asynchronous generators are there while it runs.
        delegate = self._delegate
        if delegate is None or self._closing is not None:
            return
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return
        self._keeper = _close_with_the_loop(delegate)
        try:
            self._keeper.asend(None).send(None)
        except StopIteration:
            pass  # it stands at its yield

    # --- the deployment -----------------------------------------------------------------------

    codec_options = attribute[CodecOptions[Any]]()
    read_preference = attribute[Any]()
    read_concern = attribute[ReadConcern]()
    write_concern = attribute[WriteConcern]()
    options = attribute[ClientOptions]()
    nodes = attribute[frozenset[Address]]()
    topology_description = attribute[TopologyDescription]()

    list_database_names = operation(AsyncMongoClient[D].list_database_names)
    server_info = operation(AsyncMongoClient[D].server_info)
    bulk_write = operation(AsyncMongoClient[D].bulk_write)
    watch = change_stream.watch

    database_names = legacy.database_names
    fsync = old_commands.fsync
    unlock = old_commands.unlock
    max_pool_size = settings.max_pool_size
    min_pool_size = settings.min_pool_size
    max_idle_time_ms = settings.max_idle_time_ms
    local_threshold_ms = settings.local_threshold_ms
    server_selection_timeout = settings.server_selection_timeout
    retry_writes = settings.retry_writes
    retry_reads = settings.retry_reads
    event_listeners = settings.event_listeners
    max_bson_size = settings.max_bson_size
    max_message_size = settings.max_message_size
    max_write_batch_size = settings.max_write_batch_size

    @property
    def io_loop(self) -> Any:
        """The loop that this client runs on; ``get_io_loop()`` gives the same."""
        return self.get_io_loop()

    @property
    def address(self) -> Address | None:
        """Host and port of the server that takes writes, as far as known; None before that."""
        servers = [server for server in self._servers() if server.is_writable]
        return servers[0].address if len(servers) == 1 else None

    @property
    def primary(self) -> Address | None:
        """Address of the replica set's primary, as far as known."""
        found = self._addresses("RSPrimary")
        return next(iter(found), None)

    @property
    def secondaries(self) -> set[Address]:
        """Addresses of the replica set's secondaries, as far as known."""
        return self._addresses("RSSecondary")

    @property
    def arbiters(self) -> set[Address]:
        """Addresses of the replica set's arbiters, as far as known."""
        return self._addresses("RSArbiter")

    @property
    def is_primary(self) -> bool:
        """True if a server that takes writes is known."""
        return self.address is not None

    @property
    def is_mongos(self) -> bool:
        """True if the client talks to the router of a sharded cluster, as far as known."""
        return bool(self._addresses("Mongos"))

    def _servers(self) -> list[ServerDescription]:
        # PyMongo's own properties of these names wait for a server; attributes cannot.
        return list(self.topology_description.server_descriptions().values())

    def _addresses(self, kind: str) -> set[Address]:
        return {server.address for server in self._servers() if server.server_type_name == kind}

    # --- operations ---------------------------------------------------------------------------

    @takes_callback
    def drop_database(
        self,
        name_or_database: str | MotorDatabase[Any],
        session: Any = None,
        comment: Any = None,
    ) -> asyncio.Future[None]:
        """Drop a database; one that is not there is no error.

        Args:
            name_or_database: Its name, or the object.
            session: A ``MotorClientSession``; None for one of its own.
            comment: Shown in the server's log and profile.
        """
        return self._binding.start(
            self.delegate.drop_database,
            delegate_of(name_or_database),
            delegate_of(session),
            comment,
        )

    @takes_callback
    def list_databases(
        self, session: Any = None, comment: Any = None, **kwargs: Any
    ) -> asyncio.Future[MotorCommandCursor]:
        """Return a Future of a cursor over the descriptions of the databases.

        Args:
            session: A ``MotorClientSession``; None for one of its own.
            comment: Shown in the server's log and profile.
            **kwargs: Options of the ``listDatabases`` command.
        """

        async def run() -> MotorCommandCursor:
            cursor = await self.delegate.list_databases(delegate_of(session), comment, **kwargs)
            return MotorCommandCursor(self, CommandBatches(cursor))

        return self._binding.start(run)

    @takes_callback
    def start_session(
        self,
        causal_consistency: bool | None = None,
        default_transaction_options: Any = None,
        snapshot: bool | None = False,
    ) -> asyncio.Future[MotorClientSession]:
        """Return a Future of a session, for ``async with await client.start_session()``.

        Args:
            causal_consistency: Whether reads see the session's own writes; None for yes, unless
                ``snapshot``.
            default_transaction_options: For transactions that set none.
            snapshot: Whether all reads see one moment.
        """

        async def run() -> MotorClientSession:
            session = self.delegate.start_session(
                causal_consistency, default_transaction_options, snapshot
            )
            return MotorClientSession(self, session)

        return self._binding.start(run)

    def close(self) -> asyncio.Future[None]:
        """Close all connections; the client cannot be used afterwards.

        While the client's loop runs this only starts the closing, and the Future may be waited
        for; operations on their way end with an error. When it does not run, all is closed when
        this returns.

        Raises:
            WrongLoopError: Another loop runs, or the client's loop does on another thread.
        """
        if self._closing is not None:
            return self._closing
        loop = self._binding.loop
        if loop is not None and loop.is_closed():
            # Its transports went with it; what is left is to be forgotten quietly.
            self._closing = loop.create_future()
            self._closing.set_result(None)
            return self._closing
        loop = self._binding.enter()
        # Not eagerly: a program may end with a close() that it does not wait for, and asyncio.run
        # then cancels this task after its first step. See there.
        self._closing = closing = loop.create_task(self._close())
        if not loop.is_running():
            loop.run_until_complete(closing)
        return closing

    async def _close(self) -> None:
        # Cancelled here, it has done nothing, and the loop closes the keeper afterwards, in order;
        # a closing that is cut short leaves connections behind.
        await asyncio.sleep(0)
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            await keeper.aclose()
        elif self._delegate is not None:
            await self._delegate.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    # --- databases ----------------------------------------------------------------------------

    def get_database(
        self,
        name: str | None = None,
        codec_options: CodecOptions[Any] | None = None,
        read_preference: Any = None,
        write_concern: WriteConcern | None = None,
        read_concern: ReadConcern | None = None,
    ) -> MotorDatabase[D]:
        """Return a database with options of its own.

        Args:
            name: Its name; None for the one in the URI.
            codec_options: How documents are decoded; None as in the client.
            read_preference: Which servers answer; None as in the client.
            write_concern: What a write waits for; None as in the client.
            read_concern: How settled data must be; None as in the client.

        Raises:
            ConfigurationError: No name, here or in the URI.
        """
        if name is None:
            name = self.delegate.get_default_database().name
        return MotorDatabase(
            self, name, codec_options, read_preference, write_concern, read_concern
        )

    def get_default_database(
        self,
        default: str | None = None,
        codec_options: CodecOptions[Any] | None = None,
        read_preference: Any = None,
        write_concern: WriteConcern | None = None,
        read_concern: ReadConcern | None = None,
    ) -> MotorDatabase[D]:
        """Return the database that the URI names.

        Args:
            default: The name to take where the URI has none.
            codec_options: How documents are decoded; None as in the client.
            read_preference: Which servers answer; None as in the client.
            write_concern: What a write waits for; None as in the client.
            read_concern: How settled data must be; None as in the client.

        Raises:
            ConfigurationError: No name, here or in the URI.
        """
        name = self.delegate.get_default_database(default).name
        return MotorDatabase(
            self, name, codec_options, read_preference, write_concern, read_concern
        )

    def wrap(self, thing: Any) -> Any:
        """Return the object of this package for one of PyMongo's asynchronous API.

        Args:
            thing: A database, collection, cursor, change stream or session of this client's
                delegate; anything else is returned as it is.
        """
        if isinstance(thing, AsyncDatabase):
            return self._wrap_database(thing)
        if isinstance(thing, AsyncCollection):
            return self._wrap_collection(thing)
        if isinstance(thing, AsyncCursor):
            collection = self._wrap_collection(thing.collection)
            return MotorCursor(collection, thing, started=thing.retrieved > 0)
        if isinstance(thing, AsyncCommandCursor):
            return MotorCommandCursor(self, CommandBatches(thing))
        if isinstance(thing, AsyncChangeStream):
            return change_stream.MotorChangeStream(self, None, thing)
        if isinstance(thing, AsyncClientSession):
            return MotorClientSession(self, thing)
        return thing

    def _wrap_database(self, database: AsyncDatabase[Any]) -> MotorDatabase[Any]:
        return self.get_database(database.name, **_options_of(database))

    def _wrap_collection(self, collection: AsyncCollection[Any]) -> MotorCollection[Any]:
        database = self._wrap_database(collection.database)
        return database.get_collection(collection.name, **_options_of(collection))

    # --- the client as an object --------------------------------------------------------------

    def __getattr__(self, name: str) -> MotorDatabase[D]:
        if name.startswith("_"):
            raise AttributeError(
                f"MotorClient has no attribute {name!r}; the database is client[{name!r}]"
            )
        return self[name]

    def __getitem__(self, name: str) -> MotorDatabase[D]:
        return MotorDatabase(self, name)

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("a MotorClient cannot be called")

    def __eq__(self, other: object) -> bool:
        if isinstance(other, MotorClient):
            return bool(self.delegate == other.delegate)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.delegate)

    # --- the ends -----------------------------------------------------------------------------

    def _leave_to_parent(self) -> None:
        """Begin anew in a forked child; called by the interpreter after a fork."""
        if self._delegate is not None and self._binding.loop is not None:
            _inherited.append((self._delegate, self._keeper))
            self._delegate = self._keeper = None
        self._binding.release()

    def _close_at_exit(self) -> None:
        """Close the client if its loop only stopped; called when the interpreter exits."""
        loop = self._binding.loop
        if loop is not None and not loop.is_closed() and not loop.is_running():
            self.close()


class AsyncIOMotorClient(MotorClient[D]):
    """``MotorClient`` for programs without an ``IOLoop``: its loop is an asyncio event loop.

    Args:
        *args: As for ``MotorClient``.
        io_loop: The asyncio loop to run on; None for the loop of the first call.
        **kwargs: As for ``MotorClient``.
    """

    _loop_face = staticmethod(lambda loop: loop)
    _family = "AsyncIO"


def _driver(programs: DriverInfo | None) -> DriverInfo:
    """Return what servers are told in the handshake; a layer above ours adds its name to it."""
    if programs is None:
        return DriverInfo("whirlwind", version)
    if not isinstance(programs, DriverInfo):
        raise TypeError(f"driver must be a DriverInfo, not {programs!r:.40}")
    return DriverInfo(
        f"whirlwind|{programs.name}",
        f"{version}|{programs.version}" if programs.version else version,
        programs.platform,
    )


def _options_of(thing: AsyncDatabase[Any] | AsyncCollection[Any]) -> Mapping[str, Any]:
    return {
        "codec_options": thing.codec_options,
        "read_preference": thing.read_preference,
        "write_concern": thing.write_concern,
        "read_concern": thing.read_concern,
    }


async def _close_with_the_loop(delegate: AsyncMongoClient[Any]) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        await delegate.close()


def _after_fork() -> None:
    for client in list(_clients.values()):
        client._leave_to_parent()


def _at_exit() -> None:
    for client in list(_clients.values()):
        client._close_at_exit()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_after_fork)
atexit.register(_at_exit)
