"""Collections.

Layer: public package ``mongo``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Generic, NoReturn, TypeVar

from bson.codec_options import CodecOptions
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from whirlwind.mongo import bulk_builder, change_stream, legacy, old_commands
from whirlwind.mongo.command_cursor import MotorLatentCommandCursor, MotorRawBatchCommandCursor
from whirlwind.mongo.cursor import MotorCursor, MotorRawBatchCursor
from whirlwind.mongo.delegation import MotorObject, attribute, delegate_of, operation
from whirlwind.mongo.document_types import D
from whirlwind.mongo.son_manipulator import outgoing

C = TypeVar("C", bound=MotorCursor[Any])

# What the first arguments of ``find`` are, in their order.
_FIND: Final = ("filter", "projection", "skip", "limit", "no_cursor_timeout", "cursor_type")


class MotorCollection(MotorObject, Generic[D]):
    """A collection: ``database.name`` or ``database["name"]``.

    Methods have PyMongo's names and parameters. Those that talk to the server start at once and
    return a Future; ``find``, ``aggregate``, ``watch`` and the ``list_…`` of this class return a
    cursor without talking to it.

    Args:
        database: The ``MotorDatabase``.
        name: The collection's name.
        codec_options: How documents are decoded; None as in the database.
        read_preference: Which servers answer; None as in the database.
        write_concern: What a write waits for; None as in the database.
        read_concern: How settled data must be; None as in the database.
    """

    def __init__(
        self,
        database: Any,
        name: str,
        codec_options: CodecOptions[Any] | None = None,
        read_preference: Any = None,
        write_concern: WriteConcern | None = None,
        read_concern: ReadConcern | None = None,
    ) -> None:
        self._binding = database._binding
        self._database = database
        self._name = name
        self._options = (codec_options, read_preference, write_concern, read_concern)
        self._parent: Any = None
        self._delegate: AsyncCollection[Any]
        _ = self.delegate  # a name that cannot be one raises here

    @property
    def delegate(self) -> AsyncCollection[Any]:
        """PyMongo's collection."""
        parent = self._database.delegate
        if self._parent is not parent:  # the first time, and in a forked child
            self._delegate = parent.get_collection(self._name, *self._options)
            self._parent = parent
        return self._delegate

    @property
    def database(self) -> Any:
        """The ``MotorDatabase`` that this collection belongs to."""
        return self._database

    @property
    def client(self) -> Any:
        """The ``MotorClient`` that this collection belongs to."""
        return self._database.client

    name = attribute[str]()
    full_name = attribute[str]()
    codec_options = attribute[CodecOptions[Any]]()
    read_preference = attribute[Any]()
    read_concern = attribute[ReadConcern]()
    write_concern = attribute[WriteConcern]()

    insert_one = operation(AsyncCollection[D].insert_one)
    insert_many = operation(AsyncCollection[D].insert_many)
    replace_one = operation(AsyncCollection[D].replace_one)
    update_one = operation(AsyncCollection[D].update_one)
    update_many = operation(AsyncCollection[D].update_many)
    delete_one = operation(AsyncCollection[D].delete_one)
    delete_many = operation(AsyncCollection[D].delete_many)
    bulk_write = operation(AsyncCollection[D].bulk_write)

    find_one = outgoing(operation(AsyncCollection[D].find_one))
    find_one_and_delete = operation(AsyncCollection[D].find_one_and_delete)  # type: ignore[arg-type]
    find_one_and_replace = operation(AsyncCollection[D].find_one_and_replace)  # type: ignore[arg-type]
    find_one_and_update = operation(AsyncCollection[D].find_one_and_update)  # type: ignore[arg-type]
    count_documents = operation(AsyncCollection[D].count_documents)  # type: ignore[arg-type]
    estimated_document_count = operation(AsyncCollection[D].estimated_document_count)  # type: ignore[arg-type]
    distinct = operation(AsyncCollection[D].distinct)  # type: ignore[arg-type]

    create_index = operation(AsyncCollection[D].create_index)  # type: ignore[arg-type]
    create_indexes = operation(AsyncCollection[D].create_indexes)  # type: ignore[arg-type]
    drop_index = operation(AsyncCollection[D].drop_index)  # type: ignore[arg-type]
    drop_indexes = operation(AsyncCollection[D].drop_indexes)  # type: ignore[arg-type]
    index_information = operation(AsyncCollection[D].index_information)
    create_search_index = operation(AsyncCollection[D].create_search_index)  # type: ignore[arg-type]
    create_search_indexes = operation(AsyncCollection[D].create_search_indexes)  # type: ignore[arg-type]
    drop_search_index = operation(AsyncCollection[D].drop_search_index)  # type: ignore[arg-type]
    update_search_index = operation(AsyncCollection[D].update_search_index)  # type: ignore[arg-type]

    drop = operation(AsyncCollection[D].drop)
    options = operation(AsyncCollection[D].options)
    rename = operation(AsyncCollection[D].rename)  # type: ignore[arg-type]

    watch = change_stream.watch

    insert = legacy.insert
    save = legacy.save
    update = legacy.update
    remove = legacy.remove
    count = legacy.count
    find_and_modify = legacy.find_and_modify
    ensure_index = legacy.ensure_index
    map_reduce = old_commands.map_reduce
    inline_map_reduce = old_commands.inline_map_reduce
    reindex = old_commands.reindex
    initialize_ordered_bulk_op = bulk_builder.initialize_ordered_bulk_op
    initialize_unordered_bulk_op = bulk_builder.initialize_unordered_bulk_op

    # --- cursors ------------------------------------------------------------------------------

    def find(self, *args: Any, **kwargs: Any) -> MotorCursor[D]:
        """Return a cursor over the documents that match; nothing is sent yet.

        Args:
            *args: As for PyMongo's ``find``: filter, projection, skip, limit …
            **kwargs: The same by name; ``manipulate=False`` as in Motor 1.
        """
        manipulate = kwargs.pop("manipulate", True)
        return self._find(MotorCursor, "find", args, kwargs, manipulate)

    def find_raw_batches(self, *args: Any, **kwargs: Any) -> MotorRawBatchCursor[bytes]:
        """Return a cursor whose items are the server's batches, undecoded.

        Decode one with ``bson.decode_all``; use it to pass documents on unread.

        Args:
            *args: As for ``find``.
            **kwargs: As for ``find``.
        """
        return self._find(MotorRawBatchCursor, "find_raw_batches", args, kwargs, False)

    def _find(self, kind: type[C], method: str, args: Any, kwargs: Any, manipulate: bool) -> C:
        kwargs = {key: delegate_of(value) for key, value in kwargs.items()}
        query = dict(zip(_FIND, args, strict=False)) | kwargs
        cursor = getattr(self.delegate, method)(*args, **kwargs)
        return kind(self, cursor, query=query, manipulate=manipulate)

    def aggregate(
        self,
        pipeline: Sequence[Mapping[str, Any]],
        session: Any = None,
        let: Mapping[str, Any] | None = None,
        comment: Any = None,
        **kwargs: Any,
    ) -> MotorLatentCommandCursor[dict[str, Any]]:
        """Return a cursor over the result of a pipeline; sent when its first document is asked for.

        Args:
            pipeline: The stages.
            session: A ``MotorClientSession``; None for one of its own.
            let: Variables of the pipeline.
            comment: Shown in the server's log and profile.
            **kwargs: Options of the ``aggregate`` command, such as ``batchSize``.
        """
        return MotorLatentCommandCursor(
            self, "aggregate", pipeline, session=session, let=let, comment=comment, **kwargs
        )

    def aggregate_raw_batches(
        self, pipeline: Sequence[Mapping[str, Any]], session: Any = None, **kwargs: Any
    ) -> MotorRawBatchCommandCursor[bytes]:
        """Return a cursor whose items are the batches of an aggregation, undecoded.

        Args:
            pipeline: The stages.
            session: A ``MotorClientSession``; None for one of its own.
            **kwargs: Options of the ``aggregate`` command.
        """

        return MotorRawBatchCommandCursor(
            self, "aggregate_raw_batches", pipeline, session=session, **kwargs
        )

    def list_indexes(self, session: Any = None, comment: Any = None) -> MotorLatentCommandCursor:
        """Return a cursor over the descriptions of the indexes.

        Args:
            session: A ``MotorClientSession``; None for one of its own.
            comment: Shown in the server's log and profile.
        """

        return MotorLatentCommandCursor(self, "list_indexes", session=session, comment=comment)

    def list_search_indexes(
        self, name: str | None = None, session: Any = None, comment: Any = None, **kwargs: Any
    ) -> MotorLatentCommandCursor:
        """Return a cursor over the descriptions of the search indexes.

        Args:
            name: Of one index; None for all.
            session: A ``MotorClientSession``; None for one of its own.
            comment: Shown in the server's log and profile.
            **kwargs: Options of the aggregation.
        """

        return MotorLatentCommandCursor(
            self, "list_search_indexes", name, session=session, comment=comment, **kwargs
        )

    # --- the collection as an object ----------------------------------------------------------

    def with_options(
        self,
        codec_options: CodecOptions[Any] | None = None,
        read_preference: Any = None,
        write_concern: WriteConcern | None = None,
        read_concern: ReadConcern | None = None,
    ) -> MotorCollection[D]:
        """Return this collection with other options; what is None stays.

        Args:
            codec_options: How documents are decoded.
            read_preference: Which servers answer.
            write_concern: What a write waits for.
            read_concern: How settled data must be.
        """
        return type(self)(
            self._database,
            self._name,
            self.codec_options if codec_options is None else codec_options,
            self.read_preference if read_preference is None else read_preference,
            self.write_concern if write_concern is None else write_concern,
            self.read_concern if read_concern is None else read_concern,
        )

    def wrap(self, thing: Any) -> Any:
        """Return the object of this package for one of PyMongo's; see ``MotorClient.wrap``."""
        return self.client.wrap(thing)

    def __getattr__(self, name: str) -> MotorCollection[D]:
        if name.startswith("_"):
            raise AttributeError(
                f"MotorCollection has no attribute {name!r}; the collection is collection[{name!r}]"
            )
        return self[name]

    def __getitem__(self, name: str) -> MotorCollection[D]:
        return type(self)(self._database, f"{self._name}.{name}", *self._options)

    def __iter__(self) -> NoReturn:
        # Without this, Python would loop over collection[0], collection[1] … for ever.
        raise TypeError("a collection is no list of documents: write 'async for' over its find()")

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        last = self._name.rpartition(".")[2]
        raise TypeError(
            f"{last!r} was called, but no such method exists: every other name of a"
            f" MotorCollection is that of a collection{old_commands.instead_of(last)}"
        )

    def __bool__(self) -> NoReturn:
        raise NotImplementedError(
            "a collection is neither true nor false; compare it: collection is not None"
        )

    def __eq__(self, other: object) -> bool:
        if isinstance(other, MotorCollection):
            return bool(self.delegate == other.delegate)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.delegate)
