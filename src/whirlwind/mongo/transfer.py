"""Where the bytes of an upload come from, and where those of a download go.

Layer: public package ``mongo``.

Theory of operation
-------------------
PyMongo reads from any object with ``read`` and writes to any with ``write``, on the loop, and
takes it for asynchronous only if the method is a coroutine function. Two things are added here:

- files of the operating system are read and written on a thread, as with Motor, so that a slow
  disk holds up nobody else;
- a method that returns something to wait for is waited for, whatever kind of method it is: a
  ``MotorGridOut``, an ``IOStream``, a response with back-pressure.
"""

from __future__ import annotations

import asyncio
import inspect
import io
from typing import Any


def readable(source: Any) -> Any:
    """Return what PyMongo is to be given for a source of bytes.

    Args:
        source: Bytes of any type, text, or an object with ``read``; what is none of them is
            left to PyMongo to refuse.
    """
    if isinstance(source, bytearray | memoryview):
        return bytes(source)
    return source if getattr(source, "read", None) is None else Source(source)


class Source:
    """A readable object whose ``read`` is a coroutine function.

    Args:
        source: Has ``read(size)``, ordinary or asynchronous.
    """

    def __init__(self, source: Any) -> None:
        self._read = source.read
        self._on_thread = _is_file(source)

    async def read(self, size: int) -> bytes:
        """Read up to ``size`` bytes, as many as there are before the end.

        Streams give what has arrived; PyMongo takes less than it asked for to be the end.
        """
        pieces: list[bytes] = []
        missing = size
        while missing > 0:
            piece = await self._piece(missing)
            if not piece:
                break
            pieces.append(piece)
            missing -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def _piece(self, size: int) -> bytes:
        if self._on_thread:
            piece = await asyncio.to_thread(self._read, size)
        else:
            piece = self._read(size)
            if inspect.isawaitable(piece):
                piece = await piece
        if not isinstance(piece, bytes | bytearray | memoryview):
            raise TypeError(f"read() must return bytes, not {type(piece).__name__}")
        return bytes(piece)


async def write_to(destination: Any, data: bytes) -> None:
    """Write bytes to an object, and wait until it has taken them.

    Args:
        destination: Has ``write(data)``, ordinary or asynchronous.
        data: The bytes.
    """
    if _is_file(destination):
        await asyncio.to_thread(_write_all, destination, data)
        return
    written = destination.write(data)
    if inspect.isawaitable(written):
        await written


def _write_all(file: Any, data: bytes) -> None:
    left = memoryview(data)
    while left:
        # A raw file may take a part, or with O_NONBLOCK nothing, which it says with None.
        left = left[file.write(left) or 0 :]


def _is_file(thing: Any) -> bool:
    return isinstance(thing, io.IOBase) and not isinstance(thing, io.BytesIO)
