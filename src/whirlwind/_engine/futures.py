"""Small things that programs do with futures.

Layer: engine. Imports from ``_base`` only.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, overload

from whirlwind._base.log import app_log
from whirlwind._engine.coroutine import call_with_result

P = ParamSpec("P")
T = TypeVar("T")
AnyFuture = Any  # an asyncio future or a pool's; the two share no base class


def future_add_done_callback(future: AnyFuture, callback: Callable[[Any], Any]) -> None:
    """Call ``callback(future)`` when the future is done, and at once if it is.

    A pool's future calls from a thread of the pool.
    """
    if future.done():
        callback(future)
    else:
        future.add_done_callback(callback)


def future_set_result_unless_cancelled(future: AnyFuture, value: Any) -> None:
    """Set the result, unless the future was cancelled.

    Raises:
        asyncio.InvalidStateError: It is done in another way.
    """
    if not future.cancelled():
        future.set_result(value)


def future_set_exception_unless_cancelled(future: AnyFuture, exc: BaseException) -> None:
    """Set the exception, unless the future was cancelled; then it is logged.

    Raises:
        asyncio.InvalidStateError: It is done in another way.
    """
    if future.cancelled():
        app_log.error("Exception after Future was cancelled", exc_info=exc)
    else:
        future.set_exception(exc)


def future_set_exc_info(
    future: AnyFuture, exc_info: tuple[type | None, BaseException | None, Any]
) -> None:
    """Set the exception of a ``sys.exc_info()`` triple, unless the future was cancelled.

    Raises:
        Exception: The triple is empty: the caller is not handling an exception.
    """
    error = exc_info[1]
    if error is None:
        raise Exception("future_set_exc_info was called with no exception")
    future_set_exception_unless_cancelled(future, error)


def chain_future(a: AnyFuture, b: AnyFuture) -> None:
    """Give the outcome of ``a`` to ``b``, unless ``b`` is done by then.

    Args:
        a: An asyncio future, or a pool's; the latter may end in any thread.
        b: An asyncio future of the current loop.
    """

    def copy(done: AnyFuture) -> None:
        if b.done():
            return
        if done.cancelled():
            b.cancel()
        elif (error := done.exception()) is not None:
            b.set_exception(error)
        else:
            b.set_result(done.result())

    if isinstance(a, concurrent.futures.Future):
        loop = asyncio.get_event_loop()
        if a.done():
            loop.call_soon(copy, a)
        else:
            a.add_done_callback(functools.partial(call_in_loop, loop, copy))
    else:
        future_add_done_callback(a, copy)


def call_in_loop(
    loop: asyncio.AbstractEventLoop, callback: Callable[[Any], Any], future: AnyFuture
) -> None:
    """Call ``callback(future)`` in the loop's thread; do nothing if the loop is closed."""
    try:
        loop.call_soon_threadsafe(callback, future)
    except RuntimeError:
        if not loop.is_closed():
            raise


class DummyExecutor(concurrent.futures.Executor):
    """An executor that runs each function at once, in the thread that submits it.

    For tests, and for interfaces that want an executor where none is worth having.
    """

    def submit(
        self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> concurrent.futures.Future[Any]:
        """Run ``fn`` and return a future that is done."""
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        try:
            return future
        finally:
            del future  # it holds the error, whose traceback holds this frame

    def shutdown(self, wait: bool = True, cancel_futures: bool = False) -> None:
        """Do nothing; there is nothing to shut down."""


dummy_executor = DummyExecutor()


@overload
def run_on_executor(method: Callable[P, T], /) -> Callable[P, asyncio.Future[T]]: ...


@overload
def run_on_executor(
    *, executor: str = ..., io_loop: str = ...
) -> Callable[[Callable[P, T]], Callable[P, asyncio.Future[T]]]: ...


def run_on_executor(*args: Any, **kwargs: Any) -> Any:
    """Decorate a method so that calling it runs it on an executor and returns a future.

    Use it bare (``@run_on_executor``), or with the name of the attribute that holds the executor
    (``@run_on_executor(executor="_pool")``); the default name is ``executor``. Another name,
    ``io_loop``, that of the loop of the future, is taken as in Tornado 4; without it that is the
    current loop. A caller of the
    method may pass ``callback=``, which is then called with the result.

    Raises:
        ValueError: Positional arguments beyond the method, or keywords other than ``executor``
            and ``io_loop``.
    """

    def decorate(
        method: Callable[..., Any], attribute: str = "executor", of_loop: str | None = None
    ) -> Callable[..., Any]:
        @functools.wraps(method)
        def wrapper(self: Any, *args: Any, **kwargs: Any) -> asyncio.Future[Any]:
            callback = kwargs.pop("callback", None)
            loop = asyncio.get_event_loop() if of_loop is None else getattr(self, of_loop)
            loop = getattr(loop, "asyncio_loop", loop)  # an IOLoop's, in a program of 4.x
            future: asyncio.Future[Any] = loop.create_future()
            chain_future(getattr(self, attribute).submit(method, self, *args, **kwargs), future)
            if callback is not None:
                call_with_result(callback, future)
            return future

        return wrapper

    if args and kwargs:
        raise ValueError("run_on_executor takes the method, or executor=, not both")
    if len(args) == 1:
        return decorate(args[0])
    if args or set(kwargs) - {"executor", "io_loop"}:
        raise ValueError(f"unexpected arguments of run_on_executor: {args!r:.100} {kwargs!r:.100}")
    return functools.partial(
        decorate,
        attribute=kwargs.get("executor", "executor"),
        of_loop=kwargs.get("io_loop"),
    )
