"""Motor 1's and 2's way to change documents on their way to the server and back.

Layer: public package ``mongo``.

Theory of operation
-------------------
A database *object* has manipulators; another object of the same name has none. On the way in they
see what ``insert`` and ``save`` are given, and ``update`` with ``manipulate=True``; the ones that
change the document itself come first, so that the program's own gets its ``_id``, the ones that
copy it after that; the newest first. On the way out they see what ``find``, ``find_one`` and
``aggregate`` bring, and ``find_and_modify`` with ``manipulate=True``; the oldest first. The
methods of today (``insert_one``, ``find_one_and_update`` …) pass by them. Source: observed, PyMongo
3.9 and 3.13.

Where a database has none, which is every program of today's, nothing here runs.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, MutableMapping
from typing import Any, Concatenate, ParamSpec, TypeVar

from bson.objectid import ObjectId

from whirlwind.mongo.batches import Batches
from whirlwind.mongo.delegation import deliver, take_callback

__all__ = ["NamespaceInjector", "ObjectIdInjector", "ObjectIdShuffler", "SONManipulator"]

P = ParamSpec("P")
T = TypeVar("T")

Document = MutableMapping[str, Any]


class SONManipulator:
    """Changes documents on their way; a base for those of programs.

    It is that of ``pymongo.son_manipulator``, which PyMongo has no more: replace the import. A
    program need not use it, the three methods are enough.
    """

    def will_copy(self) -> bool:
        """Return True if the ``transform_…`` methods return a new document."""
        return False

    def transform_incoming(self, son: Document, collection: Any) -> Document:
        """Return what goes to the server.

        Args:
            son: The document.
            collection: The ``MotorCollection`` that it goes to.
        """
        return son

    def transform_outgoing(self, son: Document, collection: Any) -> Document:
        """Return what the program gets.

        Args:
            son: The document.
            collection: The ``MotorCollection`` that it comes from.
        """
        return son


class ObjectIdInjector(SONManipulator):
    """Gives documents without an ``_id`` one."""

    def transform_incoming(self, son: Document, collection: Any) -> Document:
        son.setdefault("_id", ObjectId())
        return son


class ObjectIdShuffler(SONManipulator):
    """Puts the ``_id`` first."""

    def will_copy(self) -> bool:
        return True

    def transform_incoming(self, son: Document, collection: Any) -> Document:
        return {"_id": son["_id"], **son} if "_id" in son else son


class NamespaceInjector(SONManipulator):
    """Notes the name of its collection in each document, as ``_ns``."""

    def transform_incoming(self, son: Document, collection: Any) -> Document:
        son["_ns"] = collection.name
        return son


class Manipulators:
    """Those of one database object, each list with the newest first."""

    def __init__(self) -> None:
        self.incoming: list[Any] = []
        self.incoming_copying: list[Any] = []
        self.outgoing: list[Any] = []
        self.outgoing_copying: list[Any] = []

    def add(self, manipulator: Any) -> None:
        """Add one, to be used before those that are there.

        Raises:
            AttributeError: It lacks one of the three methods.
        """
        copies = manipulator.will_copy()
        if _changes(manipulator, "transform_incoming"):
            (self.incoming_copying if copies else self.incoming).insert(0, manipulator)
        if _changes(manipulator, "transform_outgoing"):
            (self.outgoing_copying if copies else self.outgoing).insert(0, manipulator)

    def to_server(self, document: Any, collection: Any, *, new: bool) -> Any:
        """Return what is sent for a document of the program.

        Args:
            document: Is changed by those that do not copy.
            collection: The ``MotorCollection``.
            new: Whether it is inserted, and gets an ``_id`` where it has none.
        """
        for manipulator in self.incoming:
            document = manipulator.transform_incoming(document, collection)
        if new and "_id" not in document:
            document["_id"] = ObjectId()
        for manipulator in self.incoming_copying:
            document = manipulator.transform_incoming(document, collection)
        return document

    def to_program(self, document: Any, collection: Any) -> Any:
        """Return what the program gets for a document of the server; None for None."""
        if document is None:
            return None
        for manipulator in (*reversed(self.outgoing), *reversed(self.outgoing_copying)):
            document = manipulator.transform_outgoing(document, collection)
        return document


def _changes(manipulator: Any, method: str) -> bool:
    return getattr(type(manipulator), method) is not getattr(SONManipulator, method)


class ManipulatedBatches:
    """A source whose documents have passed the manipulators.

    Args:
        batches: Where they come from.
        manipulators: Of the database.
        collection: The ``MotorCollection`` that they come from.
    """

    def __init__(self, batches: Batches, manipulators: Manipulators, collection: Any) -> None:
        self._batches = batches
        self._manipulators = manipulators
        self._collection = collection

    @property
    def cursor(self) -> Any:
        """PyMongo's cursor."""
        return self._batches.cursor

    async def next_batch(self) -> list[Any]:
        return self._manipulated(await self._batches.next_batch())

    async def rest(self) -> list[Any]:
        return self._manipulated(await self._batches.rest())

    def _manipulated(self, documents: list[Any]) -> list[Any]:
        return [self._manipulators.to_program(each, self._collection) for each in documents]


def manipulated(batches: Batches, collection: Any) -> Batches:
    """Return a source whose documents pass the manipulators of the database, if it has any.

    Args:
        batches: Where they come from.
        collection: The ``MotorCollection``; a database has no documents of its own to change.
    """
    database = getattr(collection, "_database", None)
    manipulators: Manipulators | None = getattr(database, "_manipulators", None)
    if manipulators is None:
        return batches
    return ManipulatedBatches(batches, manipulators, collection)


def outgoing(
    method: Callable[Concatenate[Any, P], asyncio.Future[T]],
) -> Callable[Concatenate[Any, P], asyncio.Future[T]]:
    """Let the document that a method's Future brings pass the manipulators on the way out.

    The method takes ``manipulate=False`` for not doing so.
    """

    @functools.wraps(method)
    def call(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        manipulators = self._database._manipulators
        if manipulators is None and not kwargs:  # the common case, at the cost of a call
            return method(self, *args, **kwargs)
        manipulate = kwargs.pop("manipulate", True)
        callback = take_callback(kwargs)

        async def run() -> Any:
            return manipulators.to_program(await method(self, *args, **kwargs), self)

        if manipulators is None or not manipulate:
            future = method(self, *args, **kwargs)
        else:
            future = self._binding.start(run)
        return future if callback is None else deliver(future, callback)

    return call
