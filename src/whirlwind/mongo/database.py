"""Databases.

Layer: public package ``mongo``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Generic, NoReturn

from bson.codec_options import CodecOptions
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from whirlwind.mongo import change_stream, legacy, old_commands
from whirlwind.mongo.batches import CommandBatches
from whirlwind.mongo.collection import MotorCollection
from whirlwind.mongo.command_cursor import MotorCommandCursor, MotorLatentCommandCursor
from whirlwind.mongo.delegation import (
    MotorObject,
    attribute,
    delegate_of,
    operation,
    takes_callback,
    warn_once,
)
from whirlwind.mongo.document_types import D
from whirlwind.mongo.son_manipulator import Manipulators


class MotorDatabase(MotorObject, Generic[D]):
    """A database: ``client.name`` or ``client["name"]``.

    Methods have PyMongo's names and parameters. Those that talk to the server start at once and
    return a Future; ``aggregate`` returns a cursor without talking to it.

    Args:
        client: The ``MotorClient``.
        name: The database's name.
        codec_options: How documents are decoded; None as in the client.
        read_preference: Which servers answer; None as in the client.
        write_concern: What a write waits for; None as in the client.
        read_concern: How settled data must be; None as in the client.
    """

    def __init__(
        self,
        client: Any,
        name: str,
        codec_options: CodecOptions[Any] | None = None,
        read_preference: Any = None,
        write_concern: WriteConcern | None = None,
        read_concern: ReadConcern | None = None,
    ) -> None:
        self._binding = client._binding
        self._client = client
        self._name = name
        self._options = (codec_options, read_preference, write_concern, read_concern)
        self._manipulators: Manipulators | None = None
        self._parent: Any = None
        self._delegate: AsyncDatabase[Any]
        _ = self.delegate  # a name that cannot be one raises here

    @property
    def delegate(self) -> AsyncDatabase[Any]:
        """PyMongo's database."""
        parent = self._client.delegate
        if self._parent is not parent:  # the first time, and in a forked child
            self._delegate = parent.get_database(self._name, *self._options)
            self._parent = parent
        return self._delegate

    @property
    def client(self) -> Any:
        """The ``MotorClient`` that this database belongs to."""
        return self._client

    name = attribute[str]()
    codec_options = attribute[CodecOptions[Any]]()
    read_preference = attribute[Any]()
    read_concern = attribute[ReadConcern]()
    write_concern = attribute[WriteConcern]()

    command = operation(AsyncDatabase[D].command)  # type: ignore[arg-type]
    dereference = operation(AsyncDatabase[D].dereference)  # type: ignore[arg-type]
    list_collection_names = operation(AsyncDatabase[D].list_collection_names)  # type: ignore[arg-type]

    watch = change_stream.watch

    collection_names = legacy.collection_names
    current_op = old_commands.current_op
    profiling_level = old_commands.profiling_level
    set_profiling_level = old_commands.set_profiling_level
    profiling_info = old_commands.profiling_info
    add_user = old_commands.add_user
    remove_user = old_commands.remove_user

    @takes_callback
    def create_collection(self, name: str, **kwargs: Any) -> asyncio.Future[MotorCollection[D]]:
        """Create a collection and return a Future of it.

        Args:
            name: Its name.
            **kwargs: As for PyMongo's ``create_collection``.

        Raises:
            CollectionInvalid: (from the Future) It exists.
        """
        return self._binding.start(self._create_collection, name, kwargs)

    async def _create_collection(self, name: str, kwargs: dict[str, Any]) -> MotorCollection[D]:
        given = {key: delegate_of(value) for key, value in kwargs.items()}
        await self.delegate.create_collection(name, **given)
        wanted = ("codec_options", "read_preference", "write_concern", "read_concern")
        return self.get_collection(name, **{key: given.get(key) for key in wanted})

    @takes_callback
    def drop_collection(
        self, name_or_collection: str | MotorCollection[Any], *args: Any, **kwargs: Any
    ) -> asyncio.Future[dict[str, Any]]:
        """Drop a collection; one that is not there is no error.

        Args:
            name_or_collection: Its name, or the object.
            *args: As for PyMongo's ``drop_collection``: session, comment, encrypted fields.
            **kwargs: The same by name.
        """
        return self._start("drop_collection", name_or_collection, args, kwargs)

    @takes_callback
    def validate_collection(
        self, name_or_collection: str | MotorCollection[Any], *args: Any, **kwargs: Any
    ) -> asyncio.Future[dict[str, Any]]:
        """Have the server check a collection, and return a Future of what it says.

        Args:
            name_or_collection: Its name, or the object.
            *args: As for PyMongo's ``validate_collection``: scandata, full, session …
            **kwargs: The same by name.

        Raises:
            CollectionInvalid: (from the Future) It is not valid.
        """
        return self._start("validate_collection", name_or_collection, args, kwargs)

    def _start(self, method: str, target: Any, args: Any, kwargs: Any) -> asyncio.Future[Any]:
        given = {key: delegate_of(value) for key, value in kwargs.items()}
        positional = [delegate_of(value) for value in (target, *args)]
        return self._binding.start(getattr(self.delegate, method), *positional, **given)

    @takes_callback
    def list_collections(
        self, session: Any = None, **kwargs: Any
    ) -> asyncio.Future[MotorCommandCursor]:
        """Return a Future of a cursor over the descriptions of the collections.

        Args:
            session: A ``MotorClientSession``; None for one of its own.
            **kwargs: As for PyMongo's ``list_collections``.
        """
        return self._binding.start(
            self._cursor, "list_collections", session=delegate_of(session), **kwargs
        )

    @takes_callback
    def cursor_command(
        self, command: Any, value: Any = 1, **kwargs: Any
    ) -> asyncio.Future[MotorCommandCursor]:
        """Run a command that answers with a cursor and return a Future of the cursor.

        Args:
            command: Its name, or the whole command.
            value: What stands beside the name.
            **kwargs: As for PyMongo's ``cursor_command``.
        """
        given = {key: delegate_of(argument) for key, argument in kwargs.items()}
        return self._binding.start(self._cursor, "cursor_command", command, value, **given)

    async def _cursor(self, method: str, *args: Any, **kwargs: Any) -> MotorCommandCursor:
        cursor = await getattr(self.delegate, method)(*args, **kwargs)
        return MotorCommandCursor(self, CommandBatches(cursor))

    def aggregate(
        self, pipeline: Sequence[Mapping[str, Any]], session: Any = None, **kwargs: Any
    ) -> MotorLatentCommandCursor:
        """Return a cursor over a pipeline of the database, such as ``$currentOp``.

        Args:
            pipeline: The stages.
            session: A ``MotorClientSession``; None for one of its own.
            **kwargs: Options of the ``aggregate`` command.
        """

        return MotorLatentCommandCursor(self, "aggregate", pipeline, session=session, **kwargs)

    # --- manipulators, of Motor 1 and 2 -------------------------------------------------------

    def add_son_manipulator(self, manipulator: Any) -> None:
        """Have documents changed on their way through this object; use a ``TypeRegistry``.

        Which methods that touches is said in ``son_manipulator``.

        Args:
            manipulator: Has ``will_copy``, ``transform_incoming`` and ``transform_outgoing``; used
                before those that are there.
        """
        warn_once("add_son_manipulator", "a bson.codec_options.TypeRegistry in codec_options")
        if self._manipulators is None:
            self._manipulators = Manipulators()
        self._manipulators.add(manipulator)

    @property
    def incoming_manipulators(self) -> list[str]:
        """Names of the classes of those that change the document itself on its way in."""
        return self._names_of("incoming")

    @property
    def incoming_copying_manipulators(self) -> list[str]:
        """Names of the classes of those that copy the document on its way in."""
        return self._names_of("incoming_copying")

    @property
    def outgoing_manipulators(self) -> list[str]:
        """Names of the classes of those that change the document itself on its way out."""
        return self._names_of("outgoing")

    @property
    def outgoing_copying_manipulators(self) -> list[str]:
        """Names of the classes of those that copy the document on its way out."""
        return self._names_of("outgoing_copying")

    def _names_of(self, kind: str) -> list[str]:
        found = [] if self._manipulators is None else getattr(self._manipulators, kind)
        return [type(manipulator).__name__ for manipulator in found]

    # --- the database as an object ------------------------------------------------------------

    def get_collection(
        self,
        name: str,
        codec_options: CodecOptions[Any] | None = None,
        read_preference: Any = None,
        write_concern: WriteConcern | None = None,
        read_concern: ReadConcern | None = None,
    ) -> MotorCollection[D]:
        """Return a collection with options of its own.

        Args:
            name: Its name.
            codec_options: How documents are decoded; None as in the database.
            read_preference: Which servers answer; None as in the database.
            write_concern: What a write waits for; None as in the database.
            read_concern: How settled data must be; None as in the database.
        """
        return MotorCollection(
            self, name, codec_options, read_preference, write_concern, read_concern
        )

    def with_options(
        self,
        codec_options: CodecOptions[Any] | None = None,
        read_preference: Any = None,
        write_concern: WriteConcern | None = None,
        read_concern: ReadConcern | None = None,
    ) -> MotorDatabase[D]:
        """Return this database with other options; what is None stays.

        Args:
            codec_options: How documents are decoded.
            read_preference: Which servers answer.
            write_concern: What a write waits for.
            read_concern: How settled data must be.
        """
        return type(self)(
            self._client,
            self._name,
            self.codec_options if codec_options is None else codec_options,
            self.read_preference if read_preference is None else read_preference,
            self.write_concern if write_concern is None else write_concern,
            self.read_concern if read_concern is None else read_concern,
        )

    def wrap(self, thing: Any) -> Any:
        """Return the object of this package for one of PyMongo's; see ``MotorClient.wrap``."""
        return self._client.wrap(thing)

    def __getattr__(self, name: str) -> MotorCollection[D]:
        if name.startswith("_"):
            raise AttributeError(
                f"MotorDatabase has no attribute {name!r}; the collection is database[{name!r}]"
            )
        return self[name]

    def __getitem__(self, name: str) -> MotorCollection[D]:
        return MotorCollection(self, name)

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(
            f"client.{self._name} was called, but no such method exists: every other name of a"
            f" MotorClient is that of a database{old_commands.instead_of(self._name)}"
        )

    def __bool__(self) -> NoReturn:
        raise NotImplementedError(
            "a database is neither true nor false; compare it: database is not None"
        )

    def __eq__(self, other: object) -> bool:
        if isinstance(other, MotorDatabase):
            return bool(self.delegate == other.delegate)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.delegate)
