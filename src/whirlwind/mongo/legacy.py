"""Methods of Motor 1 that PyMongo 4 has no more, over the ones that it has.

Layer: public package ``mongo``.

Each works, and warns once in a process with what replaces it. Results have the shape they had:
an ``_id`` or a list of them from ``insert``, the server's answer as a dict from ``update`` and
``remove``. ``manipulate`` is for what ``database.add_son_manipulator`` was given. Arguments that no
server has understood for years (``check_keys``, ``cache_for``, ``drop_dups``) are accepted and
without effect.
"""
# ruff: noqa: ARG001 - arguments without effect are what this file is for

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from pymongo import ReturnDocument, WriteConcern

from whirlwind.mongo.delegation import delegate_of, deliver, take_callback, warn_once

P = ParamSpec("P")
T = TypeVar("T")

_WRITE_CONCERN: Final = ("w", "wtimeout", "j", "fsync")


def deprecated(
    new: str,
) -> Callable[
    [Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]],
    Callable[Concatenate[Any, P], asyncio.Future[T]],
]:
    """Turn a coroutine function into a method that warns, starts and returns a Future.

    Args:
        new: What replaces it.
    """

    def decorate(
        function: Callable[Concatenate[Any, P], Coroutine[Any, Any, T]],
    ) -> Callable[Concatenate[Any, P], asyncio.Future[T]]:
        @functools.wraps(function)
        def call(self: Any, /, *args: Any, **kwargs: Any) -> Any:
            warn_once(f"{type(self).__name__}.{function.__name__}", new)
            callback = take_callback(kwargs)
            kwargs = {key: delegate_of(value) for key, value in kwargs.items()}
            future = self._binding.start(function, self, *args, **kwargs)
            return future if callback is None else deliver(future, callback)

        return call

    return decorate


def _writer(collection: Any, options: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Split write-concern options, which Motor 1 took with each call, from the others."""
    delegate = collection.delegate
    concern = {name: options.pop(name) for name in _WRITE_CONCERN if name in options}
    if options.pop("safe", None) is False:
        concern.setdefault("w", 0)
    if concern:
        delegate = delegate.with_options(write_concern=WriteConcern(**concern))
    return delegate, options


def _incoming(collection: Any, document: Any, manipulate: bool, *, new: bool = True) -> Any:
    """Return a document as the manipulators of the database leave it, if it has any."""
    manipulators = collection.database._manipulators
    if manipulators is None or not manipulate:
        return document
    return manipulators.to_server(document, collection, new=new)


@deprecated("insert_one(document) or insert_many(documents)")
async def insert(
    collection: Any,
    /,
    doc_or_docs: Any,
    manipulate: bool = True,
    safe: bool | None = None,
    check_keys: bool = True,
    continue_on_error: bool = False,
    **options: Any,
) -> Any:
    """Insert a document, or several, and return its ``_id``, or a list."""
    delegate, options = _writer(collection, {"safe": safe, **options})
    if isinstance(doc_or_docs, Mapping):
        doc_or_docs = _incoming(collection, doc_or_docs, manipulate)
        return (await delegate.insert_one(doc_or_docs, **options)).inserted_id
    doc_or_docs = [_incoming(collection, document, manipulate) for document in doc_or_docs]
    result = await delegate.insert_many(doc_or_docs, ordered=not continue_on_error, **options)
    return result.inserted_ids


@deprecated("replace_one({'_id': …}, document, upsert=True)")
async def save(
    collection: Any,
    /,
    to_save: Any,
    manipulate: bool = True,
    safe: bool | None = None,
    check_keys: bool = True,
    **options: Any,
) -> Any:
    """Insert a document, or replace the one that has its ``_id``; return the ``_id``."""
    delegate, options = _writer(collection, {"safe": safe, **options})
    new = "_id" not in to_save
    to_save = _incoming(collection, to_save, manipulate, new=new)
    if new:
        return (await delegate.insert_one(to_save, **options)).inserted_id
    await delegate.replace_one({"_id": to_save["_id"]}, to_save, upsert=True, **options)
    return to_save["_id"]


@deprecated("update_one, update_many or replace_one")
async def update(
    collection: Any,
    /,
    spec: Mapping[str, Any],
    document: Any,
    upsert: bool = False,
    manipulate: bool = False,
    safe: bool | None = None,
    multi: bool = False,
    check_keys: bool = True,
    **options: Any,
) -> Any:
    """Change one document, or all that match; return the server's answer."""
    delegate, options = _writer(collection, {"safe": safe, **options})
    document = _incoming(collection, document, manipulate, new=False)
    operators = next(iter(document), "").startswith("$")
    if multi and not operators:
        raise ValueError("multi=True needs update operators ($set …), not a whole document")
    change = delegate.update_many if multi else delegate.update_one
    if not operators:
        change = delegate.replace_one
    result = await change(spec, document, upsert=upsert, **options)
    return result.raw_result if result.acknowledged else None


@deprecated("delete_one or delete_many")
async def remove(
    collection: Any,
    /,
    spec_or_id: Any = None,
    safe: bool | None = None,
    multi: bool = True,
    **options: Any,
) -> Any:
    """Delete what matches a filter or has an ``_id``, everything without one."""
    delegate, options = _writer(collection, {"safe": safe, **options})
    if spec_or_id is None:
        spec_or_id = {}
    elif not isinstance(spec_or_id, Mapping):
        spec_or_id = {"_id": spec_or_id}
    delete = delegate.delete_many if multi else delegate.delete_one
    result = await delete(spec_or_id, **options)
    return result.raw_result if result.acknowledged else None


@deprecated("count_documents(filter) or estimated_document_count()")
async def count(collection: Any, /, filter: Any = None, **options: Any) -> int:
    """Count what matches; without a filter, from the collection's metadata as the server did."""
    found: int
    if not filter and not options:
        found = await collection.delegate.estimated_document_count()
    else:
        found = await collection.delegate.count_documents(filter or {}, **options)
    return found


@deprecated("find_one_and_update, find_one_and_replace or find_one_and_delete")
async def find_and_modify(
    collection: Any,
    /,
    query: Mapping[str, Any] | None = None,
    update: Any = None,
    upsert: bool = False,
    sort: Any = None,
    full_response: bool = False,
    manipulate: bool = False,
    fields: Any = None,
    remove: bool = False,
    new: bool = False,
    **options: Any,
) -> Any:
    """Change or remove one document and return it as it was, or with ``new=True`` as it is."""
    if bool(update) == bool(remove):
        raise ValueError("find_and_modify needs either update or remove")
    if isinstance(sort, Mapping):
        sort = list(sort.items())
    delegate = collection.delegate
    if full_response:
        return await _whole_answer(delegate, query, update, upsert, sort, fields, new, options)
    options |= {"projection": fields, "sort": sort}
    if remove:
        found = await delegate.find_one_and_delete(query or {}, **options)
    else:
        change = delegate.find_one_and_update
        if isinstance(update, Mapping) and not next(iter(update)).startswith("$"):
            change = delegate.find_one_and_replace
        which = ReturnDocument.AFTER if new else ReturnDocument.BEFORE
        found = await change(query or {}, update, upsert=upsert, return_document=which, **options)
    manipulators = collection.database._manipulators
    if manipulate and manipulators is not None:
        found = manipulators.to_program(found, collection)
    return found


async def _whole_answer(
    delegate: Any,
    query: Any,
    update: Any,
    upsert: bool,
    sort: Any,
    fields: Any,
    new: bool,
    options: dict[str, Any],
) -> Any:
    command: dict[str, Any] = {"findAndModify": delegate.name, "query": query or {}}
    if sort is not None:
        command["sort"] = dict(sort)
    if fields is not None:
        command["fields"] = fields if isinstance(fields, Mapping) else dict.fromkeys(fields, 1)
    if update:
        command |= {"update": update, "upsert": upsert, "new": new}
    else:
        command["remove"] = True
    return await delegate.database.command(command, **options)


@deprecated("create_index")
async def ensure_index(
    collection: Any, /, key_or_list: Any, cache_for: int = 300, **options: Any
) -> str:
    """Create an index unless it is there; return its name."""
    for gone in ("drop_dups", "dropDups", "ttl", "deprecated_unique"):
        options.pop(gone, None)
    name: str = await collection.delegate.create_index(key_or_list, **options)
    return name


@deprecated("list_collection_names()")
async def collection_names(database: Any, include_system_collections: bool = True) -> list[str]:
    """Names of the collections."""
    names: Iterable[str] = await database.delegate.list_collection_names()
    return [name for name in names if include_system_collections or not name.startswith("system.")]


@deprecated("list_database_names()")
async def database_names(client: Any) -> list[str]:
    """Names of the databases."""
    names: list[str] = await client.delegate.list_database_names()
    return names
