"""The body of an answer, out of an open file or out of what a program returns for one.

Layer: web. Imports from ``_base``, ``_engine``, ``_http`` and within ``_web``.

Theory of operation
-------------------
A small part of a file is read at once and goes out with the head, in one write. The rest of the
time the head goes first; then the kernel moves the file to the socket (``Exchange.send_file``),
where nobody wants to see the bytes on their way: no transform that changes them, no replaced
``write`` or ``flush``, no TLS. Otherwise threads read a piece, and the next one is read when the
client has room for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Iterable
from typing import Any, Final

from whirlwind._base.limits import FILE_PIECE_SIZE, WHOLE_FILE_SIZE
from whirlwind._engine.coroutine import coroutine
from whirlwind._http.server.exchange import Exchange
from whirlwind._web.answer import Answer
from whirlwind._web.static.opened_file import OpenedFile
from whirlwind._web.transforms import passes_bytes

_stock_write: Final = Answer.write
_stock_flush: Final = Answer.flush


def send_content(handler: Answer, content: Any) -> asyncio.Future[None]:
    """Send what ``get_content`` returned.

    Args:
        handler: The handler, whose head is made and not sent.
        content: Bytes, or an iterable of pieces.

    Returns:
        A future that is done when all was handed over and the client has room for more.
    """
    if isinstance(content, bytes | str):
        handler.write(content)
        return handler.flush()
    return _send_pieces(handler, content)


@coroutine
def _send_pieces(handler: Answer, content: Iterable[bytes]) -> Generator[Any, Any, None]:
    pieces = iter(content)
    try:
        for piece in pieces:
            handler.write(piece)
            yield handler.flush()
    finally:
        close = getattr(pieces, "close", None)
        if close is not None:
            close()


def send_file(handler: Answer, file: OpenedFile, offset: int, count: int) -> asyncio.Future[None]:
    """Send a part of a file.

    Args:
        handler: The handler, whose head is made and not sent.
        file: The file; keep it open until the future is done.
        offset: First byte.
        count: How many bytes; if the file has become shorter, so does the body, which the
            connection notices.

    Returns:
        A future that is done when all was handed over and the client has room for more.
    """
    if count <= WHOLE_FILE_SIZE:
        data = file.read(count, offset)
        if len(data) == count:
            handler.write(data)
            return handler.flush()
    return _send_large(handler, file, offset, count)


@coroutine
def _send_large(
    handler: Answer, file: OpenedFile, offset: int, count: int
) -> Generator[Any, Any, None]:
    if handler._transforms:
        # They want to see how the body begins along with the head.
        data = file.read(min(count, WHOLE_FILE_SIZE), offset)
        offset += len(data)
        count -= len(data)
        handler.write(data)
    yield handler.flush()
    connection = handler.request.connection
    if (
        type(connection) is Exchange
        and type(handler).write is _stock_write
        and type(handler).flush is _stock_flush
        and all(map(passes_bytes, handler._transforms))
    ):
        sent = yield connection.send_file(file.descriptor, offset, count)
        offset += sent
        count -= sent
    loop = asyncio.get_running_loop()
    while count:
        size = min(count, FILE_PIECE_SIZE)
        piece = yield loop.run_in_executor(None, file.read, size, offset)
        if not piece:
            return
        offset += len(piece)
        count -= len(piece)
        handler.write(piece)
        yield handler.flush()
