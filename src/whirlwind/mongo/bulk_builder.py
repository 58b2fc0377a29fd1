"""Motor 1's way to write in bulk: a builder that gathers writes one by one.

Layer: public package ``mongo``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from pymongo import (
    DeleteMany,
    DeleteOne,
    InsertOne,
    ReplaceOne,
    UpdateMany,
    UpdateOne,
    WriteConcern,
)
from pymongo.errors import InvalidOperation

from whirlwind.mongo.delegation import deliver, take_callback, warn_once


class MotorBulkOperationBuilder:
    """Gathers writes and sends them together; use ``collection.bulk_write``.

    ::

        bulk = collection.initialize_ordered_bulk_op()
        bulk.insert({"_id": 1})
        bulk.find({"_id": 2}).upsert().update({"$set": {"a": 1}})
        result = yield bulk.execute()

    Args:
        collection: The ``MotorCollection``.
        ordered: True to stop at the first error, False to try them all.
        bypass_document_validation: True to leave out the collection's checks of documents.
    """

    def __init__(
        self, collection: Any, ordered: bool = True, bypass_document_validation: bool = False
    ) -> None:
        self._bypass = bypass_document_validation
        self._collection = collection
        self._ordered = ordered
        self._writes: list[Any] = []
        self._executed = False

    def insert(self, document: Any) -> None:
        """Gather an insertion."""
        self._writes.append(InsertOne(document))

    def find(self, selector: Mapping[str, Any], collation: Any = None) -> BulkWriteOperation:
        """Return what writes to the documents that match can be gathered on."""
        if not isinstance(selector, Mapping):
            raise TypeError(f"selector must be a mapping, not {selector!r:.40}")
        return BulkWriteOperation(self._writes.append, selector, collation, False)

    def execute(
        self,
        write_concern: Mapping[str, Any] | None = None,
        callback: Callable[[Any, Any], Any] | None = None,
    ) -> asyncio.Future[dict[str, Any] | None]:
        """Send all that was gathered and return a Future of the counts.

        Args:
            write_concern: What the writes wait for, ``{"w": 2}`` for example; None as in the
                collection.
            callback: Motor 1's ``callback(result, error)``; then None is returned.

        Returns:
            A Future of a dict with ``nInserted``, ``nModified``, ``writeErrors`` …; of None
            where writes are not acknowledged.

        Raises:
            InvalidOperation: It was executed before, or nothing was gathered.
            BulkWriteError: (from the Future) A write failed; its ``details`` are such a dict.
        """
        if self._executed:
            raise InvalidOperation("a bulk operation can be executed only once")
        if not self._writes:
            raise InvalidOperation("no writes to execute")
        taken = take_callback({"callback": callback})
        self._executed = True
        target = self._collection
        if write_concern:
            target = target.with_options(write_concern=WriteConcern(**write_concern))

        async def run() -> dict[str, Any] | None:
            result = await target.bulk_write(
                self._writes,
                ordered=self._ordered,
                bypass_document_validation=self._bypass or None,
            )
            return result.bulk_api_result if result.acknowledged else None

        future = self._collection._binding.start(run)
        if taken is not None:
            deliver(future, taken)
            return None  # type: ignore[return-value]  # as Motor 1 did
        found: asyncio.Future[dict[str, Any] | None] = future
        return found


class BulkWriteOperation:
    """Writes to documents that match; made by ``MotorBulkOperationBuilder.find``."""

    def __init__(
        self,
        gather: Callable[[Any], None],
        selector: Mapping[str, Any],
        collation: Any,
        upsert: bool,
    ) -> None:
        self._gather = gather
        self._selector = selector
        self._collation = collation
        self._upsert = upsert

    def upsert(self) -> BulkWriteOperation:
        """Return the same, for writes that insert a document where none matches."""
        return BulkWriteOperation(self._gather, self._selector, self._collation, True)

    def update(self, update: Any) -> None:
        """Gather a change of all that match."""
        self._gather(UpdateMany(self._selector, update, self._upsert, self._collation))

    def update_one(self, update: Any) -> None:
        """Gather a change of the first that matches."""
        self._gather(UpdateOne(self._selector, update, self._upsert, self._collation))

    def replace_one(self, replacement: Any) -> None:
        """Gather a replacement of the first that matches."""
        self._gather(ReplaceOne(self._selector, replacement, self._upsert, self._collation))

    def remove(self) -> None:
        """Gather the removal of all that match."""
        self._check_no_upsert()
        self._gather(DeleteMany(self._selector, self._collation))

    def remove_one(self) -> None:
        """Gather the removal of the first that matches."""
        self._check_no_upsert()
        self._gather(DeleteOne(self._selector, self._collation))

    def _check_no_upsert(self) -> None:
        if self._upsert:
            raise AttributeError("a removal has no upsert()")


def initialize_ordered_bulk_op(
    collection: Any, bypass_document_validation: bool = False
) -> MotorBulkOperationBuilder:
    """Return a builder whose writes are done in order, up to the first error."""
    return _builder(collection, True, bypass_document_validation)


def initialize_unordered_bulk_op(
    collection: Any, bypass_document_validation: bool = False
) -> MotorBulkOperationBuilder:
    """Return a builder whose writes are all tried, in any order."""
    return _builder(collection, False, bypass_document_validation)


def _builder(collection: Any, ordered: bool, bypass: bool) -> MotorBulkOperationBuilder:
    name = "initialize_ordered_bulk_op" if ordered else "initialize_unordered_bulk_op"
    warn_once(f"{type(collection).__name__}.{name}", "bulk_write(requests)", stacklevel=4)
    return MotorBulkOperationBuilder(collection, ordered, bypass)
