"""A file of GridFS that is being written.

Layer: public package ``mongo``.

Theory of operation
-------------------
PyMongo's file object has no protection against two calls at once, and one whose write was cut
short counts its chunks wrongly afterwards: it would store a damaged file and say nothing. So

- calls are done one after the other, in the order they were made: a program may start a
  ``write`` and a ``close`` and wait for the last one only;
- after a write that failed or was cancelled the file cannot be completed any more: ``write`` and
  ``close`` say so, ``abort`` removes what was stored.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable, Iterable
from types import TracebackType
from typing import Any, Final, NoReturn, TypeVar

from gridfs.asynchronous import AsyncGridIn
from pymongo.errors import InvalidOperation

from whirlwind.mongo.delegation import takes_callback
from whirlwind.mongo.grid_file import GridFile
from whirlwind.mongo.transfer import Source, readable

T = TypeVar("T")

# Attributes that read a field of another name, which PyMongo's ``set`` takes literally.
_FIELDS: Final = {"content_type": "contentType", "name": "filename"}
_FIXED: Final = frozenset({"_id", "length", "chunk_size", "upload_date", "md5", "closed"})
_OWN: Final = frozenset({"_binding", "_delegate", "_turn", "_damage"})


class MotorGridIn(GridFile):
    """A file to write to; made by ``MotorGridFSBucket.open_upload_stream``.

    ::

        async with bucket.open_upload_stream("notes.txt") as file:
            await file.write(b"one")

    The file is there for readers once ``close()`` is done. Fields of its document are attributes.
    ``set`` changes one before and after ``close``; fields of the program's own may be assigned
    until then.

    Args:
        collection: The ``MotorCollection`` that files and chunks are under.
        delegate: PyMongo's file; None makes one.
        session: A ``MotorClientSession``; None for one of its own.
        **kwargs: Fields of the file's document where ``delegate`` is None: ``filename``,
            ``_id``, ``chunk_size`` …
    """

    def __init__(
        self,
        collection: Any,
        delegate: AsyncGridIn | None = None,
        session: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(collection)
        if delegate is None:
            own = None if session is None else session.delegate
            delegate = AsyncGridIn(collection.delegate, own, **kwargs)
        self._delegate = delegate
        self._damage: BaseException | None = None

    @property
    def delegate(self) -> AsyncGridIn:
        """PyMongo's file."""
        return self._delegate

    @takes_callback
    def write(self, data: Any) -> asyncio.Future[None]:
        """Write bytes, or all that can be read from an object.

        Args:
            data: Bytes; text where the file has a field ``encoding``; or an object with ``read``,
                ordinary (files are read on a thread) or asynchronous.

        Returns:
            A Future that is done when the data was taken over; some of it may be stored with the
            next write or ``close`` only.

        Raises:
            ValueError: (from the Future) The file is closed.
            InvalidOperation: (from the Future) A write before failed or was cancelled.
        """
        return self._binding.start(self._write, [data])

    @takes_callback
    def writelines(self, sequence: Iterable[Any]) -> asyncio.Future[None]:
        """Write one piece after the other; nothing is put between them.

        Args:
            sequence: Pieces as for ``write``.
        """
        return self._binding.start(self._write, sequence)

    async def _write(self, pieces: Iterable[Any]) -> None:
        async with self._turn:
            if self._delegate.closed:
                raise ValueError("cannot write to a file of GridFS that is closed")
            self._check_whole()
            for piece in pieces:
                source = readable(piece)
                try:
                    await self._delegate.write(source)
                except BaseException as error:
                    # What is no data at all is refused before anything is taken of it.
                    if isinstance(source, Source) or not isinstance(error, TypeError):
                        self._damage = error
                    raise

    def _check_whole(self) -> None:
        if self._damage is not None:
            raise InvalidOperation(
                f"a write of this file ended with {type(self._damage).__name__}: the file is not"
                " whole and cannot be completed; abort() removes what was stored"
            ) from self._damage

    @takes_callback
    def close(self) -> asyncio.Future[None]:
        """Store what is left and make the file known; on a closed file it does nothing.

        Raises:
            FileExists: (from the Future) There is a file of this ``_id``.
            InvalidOperation: (from the Future) A write before failed or was cancelled.
        """
        return self._binding.start(self._close)

    async def _close(self) -> None:
        async with self._turn:
            if self._delegate.closed:
                return
            self._check_whole()
            try:
                await self._delegate.close()
            except BaseException as error:
                self._damage = error
                raise

    @takes_callback
    def abort(self) -> asyncio.Future[None]:
        """Give up the file and remove what was stored of it."""
        return self._in_turn(self._delegate.abort)

    @takes_callback
    def set(self, name: str, value: Any) -> asyncio.Future[None]:
        """Set a field of the file's document; on a closed file it is changed at the server.

        Args:
            name: The field, by its name in the document or as the attribute that reads it.
            value: Anything that BSON can hold.

        Raises:
            AttributeError: It is one that the file has from what is written.
        """
        if name in _FIXED:
            raise AttributeError(f"{name} of a file of GridFS cannot be set")
        return self._in_turn(self._delegate.set, _FIELDS.get(name, name), value)

    def _in_turn(self, function: Callable[..., Awaitable[T]], *args: Any) -> asyncio.Future[T]:
        async def run() -> T:
            async with self._turn:
                return await function(*args)

        return self._binding.start(run)

    def read(self, size: int = -1) -> NoReturn:
        """Not there: the file is for writing.

        Raises:
            UnsupportedOperation: Always; it is an ``OSError`` and a ``ValueError``.
        """
        raise io.UnsupportedOperation("read")

    def readable(self) -> bool:
        """False: the file is for writing."""
        return False

    def writeable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """False: a file of GridFS is written from its beginning to its end."""
        return False

    async def __aenter__(self) -> MotorGridIn:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # No abort() after an error: where the file was refused because another one has its _id,
        # that would remove the other one. PyMongo closes the object and stores no document.
        async with self._turn:
            if error is not None:
                await self._delegate.__aexit__(kind, error, traceback)
                return
        await self.close()

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _OWN:
            super().__setattr__(name, value)
        elif name.startswith("_") or hasattr(type(self), name) or self._delegate.closed:
            raise AttributeError(f"set a field of the file with: await file.set({name!r}, value)")
        else:
            setattr(self._delegate, name, value)  # stored by close()

    def __getattr__(self, name: str) -> Any:
        # Fields of the document that a program has added; what is here by name comes first.
        if name.startswith("_") or hasattr(AsyncGridIn, name):
            raise AttributeError(f"MotorGridIn has no attribute {name!r}")
        return getattr(self._delegate, name)
