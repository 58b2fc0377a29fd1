"""``callback`` and ``streaming_callback`` arguments of streams, as until Tornado 5.1.

Layer: net. Imports from ``_base`` and ``_net``.

A function given to a stream is called in a turn of the loop of its own, in the context of the
call that gave it. If the stream closes first it is not called: the close callback tells. An
exception of it closes the stream, and goes where exceptions of the loop's callbacks go.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from typing import Any, Protocol, TypeVar, cast

from whirlwind._base.log import app_log
from whirlwind._net.ioloop import IOLoop
from whirlwind._net.stream_errors import StreamClosedError

_T = TypeVar("_T")

Callback = Callable[..., object]


class _Closable(Protocol):
    io_loop: IOLoop
    error: BaseException | None

    def close(self, exc_info: Any = False) -> None: ...


class _Stream(_Closable, Protocol):
    read_chunk_size: int

    def read_bytes(self, num_bytes: int, partial: bool = False) -> asyncio.Future[bytes]: ...

    def _is_connreset(self, error: BaseException) -> bool: ...


def call_back(
    stream: _Closable, callback: Callback, future: asyncio.Future[Any], *, bare: bool = False
) -> asyncio.Future[Any]:
    """Have ``callback`` called with the result of ``future``.

    Args:
        stream: Whose operation it is.
        callback: Not called if the operation fails or is cancelled.
        future: The operation's.
        bare: True to call it without the result.

    Returns:
        None, which is what a method returns that was given a callback. The type is that of the
        method without one, for programs that are checked.
    """

    def finished(done: asyncio.Future[Any]) -> None:
        if not done.cancelled() and done.exception() is None:
            give(stream, callback, *(() if bare else (done.result(),)))

    future.add_done_callback(finished)
    return cast(Any, None)  # type: ignore[no-any-return]


def call_back_at_the_end(
    stream: Any, callback: Callback, future: asyncio.Future[bytes]
) -> asyncio.Future[bytes]:
    """Have ``callback`` called with everything up to the end, and be it an end by an error.

    As ``call_back``, for ``read_until_close``: its callback is the one that also tells of the
    end. What came before an error is what a program of that time expects to be given.
    """

    def finished(done: asyncio.Future[bytes]) -> None:
        if done.cancelled():
            return
        rest = done if done.exception() is None else stream.read_until_close()
        give(stream, callback, rest.result())

    future.add_done_callback(finished)
    return cast(Any, None)  # type: ignore[no-any-return]


def in_old_order(limit: Any, callback: Any, default: Any = None) -> tuple[Any, Callback]:
    """Sort out arguments by position: up to 5.1 the callback came first.

    Args:
        limit: What stands in the place of another argument, and may be the callback.
        callback: What stands in the place of the callback.
        default: The other argument, where it was not given.

    Returns:
        The other argument, and the callback.
    """
    if callable(limit):
        return default if callback is None else callback, limit
    return limit, callback


def in_either_order(
    given: tuple[Any, ...], other: _T | None, callback: Callback | None
) -> tuple[_T | None, Callback | None]:
    """Sort out a callback and another argument, which are of kinds that cannot be mistaken.

    Args:
        given: What was given by position, in the order of 6 or of 4.
        other: What was given by name.
        callback: What was given by name.

    Raises:
        TypeError: There are too many.
    """
    if len(given) > 2:
        raise TypeError(f"expected a callback and one more, got {len(given)} arguments")
    for value in given:
        if callable(value):
            callback = value
        elif value is not None:
            other = value
    return other, callback


def read_in_pieces(stream: _Stream, sink: Callback, size: int | None) -> asyncio.Future[bytes]:
    """Read, and give each piece to a function as it comes.

    Args:
        stream: Where to read; no other read can be pending meanwhile.
        sink: Called with each piece.
        size: How many bytes; None for all until the stream is closed.

    Returns:
        Future of no bytes, resolved after the last piece. Fails with ``StreamClosedError`` if the
        stream closes before ``size`` bytes came.

    Raises:
        StreamClosedError: The stream is closed, and ``size`` was given.
    """
    result: asyncio.Future[bytes] = stream.io_loop.asyncio_loop.create_future()
    left = size

    def ask() -> None:
        most = stream.read_chunk_size if left is None else min(left, stream.read_chunk_size)
        stream.read_bytes(most, partial=True).add_done_callback(arrived)

    def arrived(done: asyncio.Future[bytes]) -> None:
        nonlocal left
        if done.cancelled() or result.done():
            return
        error = done.exception()
        if error is not None:
            ended(error)
            return
        piece = done.result()
        if left is not None:
            left -= len(piece)
        if not give(stream, sink, piece) or result.done():
            return
        if left == 0:
            result.set_result(b"")
            return
        try:
            ask()
        except StreamClosedError as closed:
            ended(closed)

    def ended(error: BaseException) -> None:
        why = stream.error
        if size is None and (why is None or stream._is_connreset(why)):
            result.set_result(b"")
        else:
            result.set_exception(error)
            result.exception()  # counts as looked at

    if size == 0:
        result.set_result(b"")
        return result
    try:
        ask()
    except StreamClosedError as closed:
        if size is not None:
            raise
        ended(closed)
    return result


def give(stream: _Closable, callback: Callback, *args: object) -> bool:
    """Call a callback of a stream's; returns False if it failed, which closes the stream."""
    failed = False

    def call() -> object:
        nonlocal failed
        try:
            return callback(*args)
        except Exception as error:
            failed = True
            app_log.error("Uncaught exception, closing connection.", exc_info=True)
            stream.close(exc_info=error)
            raise

    stream.io_loop._run_homeless(functools.update_wrapper(call, callback, ("__qualname__",)))
    return not failed
