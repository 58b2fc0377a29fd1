"""GridFS: files in a database.

Layer: public package ``mongo``.

A file is stored as a document in one collection and chunks of its bytes in another. That is
PyMongo's doing; here are Motor's ways to call it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from gridfs.asynchronous import (
    DEFAULT_CHUNK_SIZE,
    AsyncGridFSBucket,
    AsyncGridIn,
    AsyncGridOut,
    AsyncGridOutCursor,
)
from gridfs.errors import NoFile
from pymongo.write_concern import WriteConcern

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
from whirlwind.mongo.transfer import write_to


class MotorGridFSBucket(MotorObject):
    """The files of a database, in the way of MongoDB's GridFS specification.

    ::

        bucket = motor.MotorGridFSBucket(client.test)
        file_id = await bucket.upload_from_stream("notes.txt", b"one")

    Operations of GridFS cannot be part of a transaction.

    Args:
        database: The ``MotorDatabase``.
        bucket_name: What the names of its two collections begin with.
        chunk_size_bytes: Size of a chunk of files that say nothing else, in bytes; by default
            255 KiB.
        write_concern: What a write waits for; None as in the database.
        read_preference: Which servers answer; None as in the database.
        collection: Another name for ``bucket_name``, for programs written for Motor 1.
        disable_md5: Without effect: no checksums are stored, as since PyMongo 4.

    Raises:
        TypeError: ``database`` is no ``MotorDatabase``.
        ConfigurationError: Writes would not be acknowledged.
    """

    def __init__(
        self,
        database: MotorDatabase[Any],
        bucket_name: str = "fs",
        chunk_size_bytes: int = DEFAULT_CHUNK_SIZE,
        write_concern: WriteConcern | None = None,
        read_preference: Any = None,
        collection: str | None = None,
        *,
        disable_md5: bool | None = None,
    ) -> None:
        if not isinstance(database, MotorDatabase):
            raise TypeError(f"database must be a MotorDatabase, not {database!r:.40}")
        if disable_md5 is not None:
            warn_once("disable_md5=", "nothing: no checksums are stored any more")
        self._binding = database._binding
        self._database = database
        self._name = collection or bucket_name
        self._arguments = (self._name, chunk_size_bytes, write_concern, read_preference)
        self._parent: Any = None
        self._delegate: AsyncGridFSBucket
        _ = self.delegate  # what is wrong with the arguments raises here

    @property
    def delegate(self) -> AsyncGridFSBucket:
        """PyMongo's bucket."""
        parent = self._database.delegate
        if self._parent is not parent:  # the first time, and in a forked child
            self._delegate = AsyncGridFSBucket(parent, *self._arguments)
            self._parent = parent
        return self._delegate

    @property
    def collection(self) -> Any:
        """The ``MotorCollection`` that ``files`` and ``chunks`` are under."""
        _, _, write_concern, read_preference = self._arguments
        return self._database.get_collection(
            self._name, read_preference=read_preference, write_concern=write_concern
        )

    delete = operation(AsyncGridFSBucket.delete)
    delete_by_name = operation(AsyncGridFSBucket.delete_by_name)
    rename_by_name = operation(AsyncGridFSBucket.rename_by_name)

    @takes_callback
    def rename(self, file_id: Any, new_filename: str, session: Any = None) -> asyncio.Future[None]:
        """Give a file another name.

        Args:
            file_id: Its ``_id``.
            new_filename: The name.
            session: A ``MotorClientSession``; None for one of its own.

        Raises:
            NoFile: (from the Future) There is none.
        """

        async def run() -> None:
            try:
                await self.delegate.rename(file_id, new_filename, delegate_of(session))
            except TypeError:
                # PyMongo (4.17) means to raise NoFile, with a message that takes numbers only.
                if await self.find({"_id": file_id}).limit(1).to_list():
                    raise
                raise NoFile(f"no file could be renamed: none has _id {file_id!r}") from None

        return self._binding.start(run)

    # --- writing ------------------------------------------------------------------------------

    def open_upload_stream(
        self,
        filename: str,
        chunk_size_bytes: int | None = None,
        metadata: Mapping[str, Any] | None = None,
        session: Any = None,
    ) -> MotorGridIn:
        """Return a new file to write to; nothing is sent yet.

        Args:
            filename: Its name; several files may have the same one.
            chunk_size_bytes: Size of a chunk in bytes; None for the bucket's.
            metadata: What else is to be known of it; None for nothing.
            session: A ``MotorClientSession``; None for one of its own.
        """
        file = self.delegate.open_upload_stream(
            filename, chunk_size_bytes, metadata, delegate_of(session)
        )
        return MotorGridIn(self.collection, file)

    def open_upload_stream_with_id(
        self,
        file_id: Any,
        filename: str,
        chunk_size_bytes: int | None = None,
        metadata: Mapping[str, Any] | None = None,
        session: Any = None,
    ) -> MotorGridIn:
        """Return a new file to write to, with an ``_id`` of the program's choice.

        Args:
            file_id: The ``_id``; ``close()`` raises ``FileExists`` where it is taken.
            filename: As for ``open_upload_stream``.
            chunk_size_bytes: As for ``open_upload_stream``.
            metadata: As for ``open_upload_stream``.
            session: As for ``open_upload_stream``.
        """
        file = self.delegate.open_upload_stream_with_id(
            file_id, filename, chunk_size_bytes, metadata, delegate_of(session)
        )
        return MotorGridIn(self.collection, file)

    @takes_callback
    def upload_from_stream(
        self,
        filename: str,
        source: Any,
        chunk_size_bytes: int | None = None,
        metadata: Mapping[str, Any] | None = None,
        session: Any = None,
    ) -> asyncio.Future[Any]:
        """Store a file and return a Future of its ``_id``.

        Args:
            filename: Its name.
            source: Bytes, or an object with ``read``: a file (read on a thread), or one whose
                ``read`` returns something to wait for, such as a ``MotorGridOut``.
            chunk_size_bytes: As for ``open_upload_stream``.
            metadata: As for ``open_upload_stream``.
            session: As for ``open_upload_stream``.
        """
        file = self.open_upload_stream(filename, chunk_size_bytes, metadata, session)
        return self._binding.start(_upload, file, source)

    @takes_callback
    def upload_from_stream_with_id(
        self,
        file_id: Any,
        filename: str,
        source: Any,
        chunk_size_bytes: int | None = None,
        metadata: Mapping[str, Any] | None = None,
        session: Any = None,
    ) -> asyncio.Future[None]:
        """Store a file with an ``_id`` of the program's choice.

        Args:
            file_id: The ``_id``; where it is taken, the Future raises ``FileExists``.
            filename: As for ``upload_from_stream``.
            source: As for ``upload_from_stream``.
            chunk_size_bytes: As for ``open_upload_stream``.
            metadata: As for ``open_upload_stream``.
            session: As for ``open_upload_stream``.
        """
        file = self.open_upload_stream_with_id(
            file_id, filename, chunk_size_bytes, metadata, session
        )

        async def run() -> None:
            await _upload(file, source)

        return self._binding.start(run)

    # --- reading ------------------------------------------------------------------------------

    @takes_callback
    def open_download_stream(
        self, file_id: Any, session: Any = None
    ) -> asyncio.Future[MotorGridOut]:
        """Return a Future of a file to read.

        Args:
            file_id: Its ``_id``.
            session: A ``MotorClientSession``; None for one of its own.

        Raises:
            NoFile: (from the Future) There is none.
        """
        return self._binding.start(self._open, file_id, session)

    async def _open(self, file_id: Any, session: Any) -> MotorGridOut:
        file = await self.delegate.open_download_stream(file_id, delegate_of(session))
        return MotorGridOut(self.collection, delegate=file)

    @takes_callback
    def open_download_stream_by_name(
        self, filename: str, revision: int = -1, session: Any = None
    ) -> asyncio.Future[MotorGridOut]:
        """Return a Future of a file to read.

        Args:
            filename: Its name.
            revision: Which of several: 0 the oldest, 1 the one after it …; -1 the newest, -2 the
                one before it …
            session: A ``MotorClientSession``; None for one of its own.

        Raises:
            NoFile: (from the Future) There is none.
        """
        return self._binding.start(self._open_by_name, filename, revision, session)

    async def _open_by_name(self, filename: str, revision: int, session: Any) -> MotorGridOut:
        file = await self.delegate.open_download_stream_by_name(
            filename, revision, delegate_of(session)
        )
        return MotorGridOut(self.collection, delegate=file)

    @takes_callback
    def download_to_stream(
        self, file_id: Any, destination: Any, session: Any = None
    ) -> asyncio.Future[None]:
        """Write the bytes of a file to an object.

        Args:
            file_id: The file's ``_id``.
            destination: An object with ``write``: a file (written on a thread), or one whose
                ``write`` returns something to wait for.
            session: A ``MotorClientSession``; None for one of its own.

        Raises:
            NoFile: (from the Future) There is none.
        """

        async def run() -> None:
            await _download(await self._open(file_id, session), destination)

        return self._binding.start(run)

    @takes_callback
    def download_to_stream_by_name(
        self, filename: str, destination: Any, revision: int = -1, session: Any = None
    ) -> asyncio.Future[None]:
        """Write the bytes of a file to an object.

        Args:
            filename: As for ``open_download_stream_by_name``.
            destination: As for ``download_to_stream``.
            revision: As for ``open_download_stream_by_name``.
            session: As for ``download_to_stream``.
        """

        async def run() -> None:
            await _download(await self._open_by_name(filename, revision, session), destination)

        return self._binding.start(run)

    def find(self, *args: Any, **kwargs: Any) -> MotorGridOutCursor:
        """Return a cursor over the files that match; nothing is sent yet.

        Args:
            *args: As for PyMongo's ``find``: a filter for documents of files …
            **kwargs: The same by name.
        """
        kwargs = {key: delegate_of(value) for key, value in kwargs.items()}
        return MotorGridOutCursor(self.collection, self.delegate.find(*args, **kwargs))

    def wrap(self, thing: Any) -> Any:
        """Return the object of this package for one of PyMongo's.

        Args:
            thing: A file of this bucket, or a cursor over some, not started; for anything else see
                ``MotorClient.wrap``.
        """
        if isinstance(thing, AsyncGridOutCursor):
            return MotorGridOutCursor(self.collection, thing)
        if isinstance(thing, AsyncGridOut):
            return MotorGridOut(self.collection, delegate=thing)
        if isinstance(thing, AsyncGridIn):
            return MotorGridIn(self.collection, thing)
        return self._database.wrap(thing)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._database!r}, {self._name!r})"


async def _upload(file: MotorGridIn, source: Any) -> Any:
    async with file:
        await file.write(source)
    return file._id


async def _download(file: MotorGridOut, destination: Any) -> None:
    async with file:
        async for chunk in file:
            await write_to(destination, chunk)
