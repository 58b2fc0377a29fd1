"""A stream with the face of a transport, for connections that are not the server's own.

Layer: HTTP. Imports from ``_net``.

Programs may give an application requests whose connection is an ``HTTP1Connection`` over an
``IOStream``, or something of their own with a ``detach`` method. What follows HTTP on such a
connection reads and writes the stream, and this makes it look as if it were a transport.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from whirlwind._net.base_stream import BaseIOStream
from whirlwind._net.stream_errors import StreamClosedError

_PIECE: Final = 65_536
_HIGH: Final = 65_536  # bytes not yet written; asyncio's transports have the same limit


class StreamTransport:
    """Drives a protocol from a stream.

    Args:
        stream: A connected stream that nobody else reads.
        protocol: What is told of bytes and of the end; ``connection_made`` is not called.
    """

    def __init__(self, stream: BaseIOStream, protocol: asyncio.Protocol) -> None:
        self._stream = stream
        self._protocol = protocol
        self._resumed = asyncio.Event()
        self._resumed.set()
        self._closing = False
        self._unwritten = 0
        self._full = False
        self._written: asyncio.Future[Any] | None = None
        self._reading = asyncio.get_running_loop().create_task(self._read())

    async def _read(self) -> None:
        error: BaseException | None = None
        try:
            while not self._closing:
                await self._resumed.wait()
                data = await self._stream.read_bytes(_PIECE, partial=True)
                await self._resumed.wait()
                if not self._closing:
                    self._protocol.data_received(data)
            if self._written is not None and not self._stream.closed():
                await self._written
        except StreamClosedError as closed:
            error = closed.real_error
        finally:
            self._closing = True
            self._stream.close()
            self._protocol.connection_lost(error if isinstance(error, Exception) else None)

    def write(self, data: bytes) -> None:
        if self._closing or self._stream.closed():
            return
        size = len(data)
        self._unwritten += size
        try:
            future = self._stream.write(data)
        except StreamClosedError:
            return
        self._written = future
        if future.done():
            self._sent(size, future)
            return
        future.add_done_callback(lambda future: self._sent(size, future))
        if not self._full and self._unwritten > _HIGH:
            self._full = True
            self._protocol.pause_writing()

    def _sent(self, size: int, future: asyncio.Future[Any]) -> None:
        self._unwritten -= size
        if not future.cancelled():
            future.exception()  # the reader hears of it
        if self._full and self._unwritten <= _HIGH // 4:
            self._full = False
            self._protocol.resume_writing()

    def get_write_buffer_size(self) -> int:
        return self._unwritten

    def pause_reading(self) -> None:
        self._resumed.clear()

    def resume_reading(self) -> None:
        self._resumed.set()

    def is_closing(self) -> bool:
        return self._closing or self._stream.closed()

    def can_write_eof(self) -> bool:
        return False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return getattr(self._stream, "socket", default) if name == "socket" else default

    def close(self) -> None:
        """Close when all is written."""
        if self._closing:
            return
        self._closing = True
        self._resumed.set()
        if self._written is None or self._written.done():
            self._stream.close()
        else:
            # The reader waits for bytes, which may never come.
            self._written.add_done_callback(lambda _: self._stream.close())

    def abort(self) -> None:
        """Close now."""
        self._closing = True
        self._resumed.set()
        self._stream.close()
