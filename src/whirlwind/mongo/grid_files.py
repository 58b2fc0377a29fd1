"""Motor 1's way to use GridFS.

Layer: public package ``mongo``.
"""

from __future__ import annotations

import asyncio
from typing import Any

from gridfs.asynchronous import AsyncGridFS

from whirlwind.mongo.database import MotorDatabase
from whirlwind.mongo.delegation import (
    MotorObject,
    delegate_of,
    operation,
    takes_callback,
    warn_once,
)
from whirlwind.mongo.grid_in import MotorGridIn
from whirlwind.mongo.grid_out import MotorGridOut, MotorGridOutCursor
from whirlwind.mongo.transfer import readable


class MotorGridFS(MotorObject):
    """The files of a database, by Motor 1's names; use ``MotorGridFSBucket``.

    Args:
        database: The ``MotorDatabase``.
        collection: What the names of its two collections begin with.

    Raises:
        TypeError: ``database`` is no ``MotorDatabase``.
    """

    def __init__(self, database: MotorDatabase[Any], collection: str = "fs") -> None:
        if not isinstance(database, MotorDatabase):
            raise TypeError(f"database must be a MotorDatabase, not {database!r:.40}")
        warn_once("MotorGridFS", "MotorGridFSBucket")
        self._binding = database._binding
        self._database = database
        self._name = collection
        self._parent: Any = None
        self._delegate: AsyncGridFS
        _ = self.delegate  # what is wrong with the arguments raises here

    @property
    def delegate(self) -> AsyncGridFS:
        """PyMongo's object."""
        parent = self._database.delegate
        if self._parent is not parent:  # the first time, and in a forked child
            self._delegate = AsyncGridFS(parent, self._name)
            self._parent = parent
        return self._delegate

    @property
    def collection(self) -> Any:
        """The ``MotorCollection`` that ``files`` and ``chunks`` are under."""
        return self._database[self._name]

    delete = operation(AsyncGridFS.delete)
    list = operation(AsyncGridFS.list)
    exists = operation(AsyncGridFS.exists)  # type: ignore[arg-type]

    @takes_callback
    def new_file(self, **kwargs: Any) -> asyncio.Future[MotorGridIn]:
        """Return a Future of a new file to write to.

        Args:
            **kwargs: Fields of its document: ``filename``, ``_id``, ``content_type`` …
        """
        file = MotorGridIn(self.collection, self.delegate.new_file(**kwargs))
        return self._binding.finished(file)

    @takes_callback
    def put(self, data: Any, **kwargs: Any) -> asyncio.Future[Any]:
        """Store a file and return a Future of its ``_id``.

        Args:
            data: As for ``MotorGridIn.write``.
            **kwargs: As for ``new_file``.
        """
        return self._binding.start(self.delegate.put, readable(data), **kwargs)

    @takes_callback
    def get(self, file_id: Any, session: Any = None, **kwargs: Any) -> asyncio.Future[MotorGridOut]:
        """Return a Future of the file of an ``_id``; ``NoFile`` where there is none."""
        return self._file("get", kwargs, file_id, delegate_of(session))

    @takes_callback
    def get_version(
        self, filename: str | None = None, version: int = -1, session: Any = None, **kwargs: Any
    ) -> asyncio.Future[MotorGridOut]:
        """Return a Future of one of the files of a name; ``NoFile`` where there is none.

        Args:
            filename: The name; None for any.
            version: 0 the oldest, -1 the newest.
            session: A ``MotorClientSession``; None for one of its own.
            **kwargs: Other fields that the file's document must have.
        """
        return self._file("get_version", kwargs, filename, version, delegate_of(session))

    @takes_callback
    def get_last_version(
        self, filename: str | None = None, session: Any = None, **kwargs: Any
    ) -> asyncio.Future[MotorGridOut]:
        """Return a Future of the newest file of a name; ``NoFile`` where there is none."""
        return self._file("get_last_version", kwargs, filename, delegate_of(session))

    @takes_callback
    def find_one(
        self, filter: Any = None, session: Any = None, *args: Any, **kwargs: Any
    ) -> asyncio.Future[MotorGridOut | None]:
        """Return a Future of a file that matches, or of None.

        Args:
            filter: For documents of files, or an ``_id``.
            session: A ``MotorClientSession``; None for one of its own.
            *args: As for PyMongo's ``find_one``.
            **kwargs: As for PyMongo's ``find_one``.
        """
        return self._file("find_one", kwargs, filter, delegate_of(session), *args)

    def _file(self, method: str, kwargs: dict[str, Any], *args: Any) -> asyncio.Future[Any]:

        async def run() -> MotorGridOut | None:
            file = await getattr(self.delegate, method)(*args, **kwargs)
            return None if file is None else MotorGridOut(self.collection, delegate=file)

        return self._binding.start(run)

    def find(self, *args: Any, **kwargs: Any) -> MotorGridOutCursor:
        """Return a cursor over the files that match; as ``MotorGridFSBucket.find``."""
        kwargs = {key: delegate_of(value) for key, value in kwargs.items()}
        return MotorGridOutCursor(self.collection, self.delegate.find(*args, **kwargs))
