"""A file of GridFS that is being read, and queries for files.

Layer: public package ``mongo``.

Theory of operation
-------------------
Motor's ``seek`` is an ordinary method; PyMongo's has to wait, because it may close a cursor. So
``seek`` only notes the place, which ``tell`` reports, and the next reading moves there first.

Readings are done one after the other, in the order they were called: PyMongo's file would give
two readers the same chunk.
"""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import Callable, Coroutine
from typing import Any, Final, NoReturn, TypeVar

from gridfs.asynchronous import AsyncGridOut, AsyncGridOutCursor

from whirlwind.mongo.batches import Batches, FindBatches
from whirlwind.mongo.blocks import ClosedAfterBlock
from whirlwind.mongo.cursor import MotorCursor
from whirlwind.mongo.delegation import attribute, takes_callback
from whirlwind.mongo.grid_file import GridFile

T = TypeVar("T")

_EINVAL: Final = 22


class MotorGridOut(GridFile, ClosedAfterBlock):
    """A file to read from; made by ``MotorGridFSBucket.open_download_stream``.

    ::

        file = await bucket.open_download_stream(file_id)
        async for chunk in file: ...

    Fields of its document are attributes, ``length`` and ``metadata`` for example; on one that was
    made without a document they are there after ``open()``. Other than PyMongo's, ``async for``
    goes over chunks, as Motor's does, not over lines.

    Args:
        collection: The ``MotorCollection`` that files and chunks are under.
        file_id: The file's ``_id``, where neither of the next is given.
        file_document: The file's document.
        delegate: PyMongo's file.
        session: A ``MotorClientSession``; None for one of its own.
    """

    def __init__(
        self,
        collection: Any,
        file_id: Any = None,
        file_document: Any = None,
        delegate: AsyncGridOut | None = None,
        session: Any = None,
    ) -> None:
        super().__init__(collection)
        if delegate is None:
            own = None if session is None else session.delegate
            delegate = AsyncGridOut(collection.delegate, file_id, file_document, own)
        self._delegate = delegate
        self._place: int | None = None  # to move to before the next reading
        self._stale = False  # a reading failed half-way

    @property
    def delegate(self) -> AsyncGridOut:
        """PyMongo's file."""
        return self._delegate

    aliases = attribute[list[str] | None]()
    metadata = attribute[Any]()

    @takes_callback
    def open(self) -> asyncio.Future[MotorGridOut]:
        """Fetch the file's document, where it is not there yet, and return a Future of this object.

        Raises:
            NoFile: (from the Future) There is none of this ``_id``.
        """

        async def run() -> MotorGridOut:
            async with self._turn:
                await self._delegate.open()
            return self

        return self._binding.start(run)

    @takes_callback
    def read(self, size: int = -1) -> asyncio.Future[bytes]:
        """Return a Future of the next bytes; empty at the end.

        Args:
            size: How many, fewer come only at the end; below 0 all that are left.

        Raises:
            CorruptGridFile: (from the Future) A chunk is missing, or has the wrong size.
        """
        return self._reading(self._delegate.read, size)

    @takes_callback
    def readline(self, size: int = -1) -> asyncio.Future[bytes]:
        """Return a Future of the next line with its end; empty at the end of the file.

        Args:
            size: Longest piece of a line, in bytes; below 0 the whole line.
        """
        return self._reading(self._delegate.readline, size)

    @takes_callback
    def readchunk(self) -> asyncio.Future[bytes]:
        """Return a Future of what is left of the chunk at the current place; empty at the end.

        The cheapest way to read: a chunk is what the server stores.
        """
        return self._reading(self._delegate.readchunk)

    def _reading(
        self, read: Callable[..., Coroutine[Any, Any, bytes]], *args: Any
    ) -> asyncio.Future[bytes]:
        return self._binding.start(self._read, read, *args)

    async def _read(self, read: Callable[..., Coroutine[Any, Any, bytes]], *args: Any) -> bytes:
        async with self._turn:
            if self._place is not None:
                await self._delegate.open()
                if self._stale:
                    # PyMongo goes on with the cursor that failed, unless it is moved elsewhere.
                    await self._delegate.seek(self._delegate.tell() + 1)
                    self._stale = False
                await self._delegate.seek(self._place)
                self._place = None
            before = self._delegate.tell()
            try:
                return await read(*args)
            except BaseException:
                # What was on its way is lost; the next reading begins at the same place.
                if self._place is None:
                    self._place = before
                self._stale = True
                raise

    def seek(self, pos: int, whence: int = os.SEEK_SET) -> int:
        """Set the place that the next reading begins at.

        Args:
            pos: Bytes, relative to what ``whence`` says.
            whence: ``os.SEEK_SET`` the beginning, ``SEEK_CUR`` the current place, ``SEEK_END``
                the end, for which the file must have been opened.

        Returns:
            The place.

        Raises:
            OSError: It is before the beginning, or ``whence`` is none of these.
        """
        if whence == os.SEEK_SET:
            place = pos
        elif whence == os.SEEK_CUR:
            place = self.tell() + pos
        elif whence == os.SEEK_END:
            place = int(self.length) + pos
        else:
            raise OSError(_EINVAL, f"whence must be 0, 1 or 2, not {whence!r:.40}")
        if place < 0:
            raise OSError(_EINVAL, f"place {place} is before the beginning of the file")
        self._place = place
        return place

    def tell(self) -> int:
        """Return the place that the next reading begins at, in bytes from the beginning."""
        return self._delegate.tell() if self._place is None else self._place

    @takes_callback
    def stream_to_handler(self, request_handler: Any) -> asyncio.Future[None]:
        """Write the rest of the file to a ``RequestHandler``.

        Waits after each chunk until the client has room for more, so that a slow one does not
        make the server hold the file in memory; Motor's does not wait. Headers and ``finish()``
        are the handler's.

        Args:
            request_handler: Any object with ``write`` and ``flush``.

        Raises:
            StreamClosedError: (from the Future) The client has gone.
        """

        async def run() -> None:
            while chunk := await self.readchunk():
                request_handler.write(chunk)
                flushed = request_handler.flush()
                if flushed is not None:
                    await flushed

        return self._binding.start(run)

    def close(self) -> asyncio.Future[None]:
        """Free the server's cursor; needed only for a file that is not read to its end."""

        async def run() -> None:
            async with self._turn:
                await self._delegate.close()

        return self._binding.start(run)

    def write(self, data: Any) -> NoReturn:
        """Not there: a stored file is not changed.

        Raises:
            UnsupportedOperation: Always; it is an ``OSError`` and a ``ValueError``.
        """
        raise io.UnsupportedOperation("write")

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def writable(self) -> bool:
        """False: a stored file is not changed."""
        return False

    def __aiter__(self) -> MotorGridOut:
        return self

    async def __anext__(self) -> bytes:
        chunk = await self.readchunk()
        if not chunk:
            raise StopAsyncIteration
        return chunk

    def __getattr__(self, name: str) -> Any:
        # Fields of the document that a program has added; what is here by name comes first.
        if name.startswith("_") or hasattr(AsyncGridOut, name):
            raise AttributeError(f"MotorGridOut has no attribute {name!r}")
        return getattr(self._delegate, name)


class GridOutBatches:
    """The files that a query finds.

    Args:
        cursor: PyMongo's, not started.
        collection: The ``MotorCollection`` that files and chunks are under.
    """

    def __init__(self, cursor: AsyncGridOutCursor, collection: Any) -> None:
        self.cursor: Any = cursor
        self._collection = collection
        self._found = FindBatches(cursor)

    async def next_batch(self) -> list[Any]:
        return self._wrapped(await self._found.next_batch())

    async def rest(self) -> list[Any]:
        return self._wrapped(await self._found.rest())

    def _wrapped(self, files: list[AsyncGridOut]) -> list[Any]:
        return [MotorGridOut(self._collection, delegate=file) for file in files]


class MotorGridOutCursor(MotorCursor[MotorGridOut]):
    """A query for files; made by ``MotorGridFSBucket.find``. Its items are ``MotorGridOut``.

    Each has its document already, and reads its chunks when it is read. Query flags
    (``add_option``) cannot be set, as in PyMongo.
    """

    def _source(self, delegate: Any) -> Batches:
        return GridOutBatches(delegate, self._collection)

    def add_option(self, mask: int) -> NoReturn:
        """Not there for files.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError("a query for files of GridFS takes no query flags")

    def remove_option(self, mask: int) -> NoReturn:
        """Not there for files.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError("a query for files of GridFS takes no query flags")
