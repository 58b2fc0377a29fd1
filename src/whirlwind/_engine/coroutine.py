"""The decorator ``@gen.coroutine`` and the engine's slow paths.

Layer: engine. Imports from ``_base`` only.

The kernel (``runner_cy.py``) knows generators, futures, lists and dicts by their exact types. What
comes by less often is settled here: ``callback=`` arguments, functions that are no generators,
yielded objects of other types.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, ParamSpec, TypeVar, overload

from whirlwind._base.log import app_log
from whirlwind._engine import error_scope, runner_cy
from whirlwind._engine.keyed import YieldPoint, results_of
from whirlwind._engine.runner_cy import start
from whirlwind._engine.yieldables import convert_yielded

P = ParamSpec("P")
T = TypeVar("T")


@overload
def coroutine(func: Callable[P, Generator[Any, Any, T]]) -> Callable[P, asyncio.Future[T]]: ...


@overload
def coroutine(func: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, asyncio.Future[T]]: ...


@overload
def coroutine(func: Callable[P, T]) -> Callable[P, asyncio.Future[T]]: ...


def coroutine(func: Callable[..., Any]) -> Callable[..., Any]:
    """Make a coroutine function of a generator function.

    Inside, ``yield`` waits for a future, an awaitable, or a list or dict of them, and gives its
    result. The function runs at once up to the first thing that is not ready; its caller gets a
    future, and can yield it, await it, or go on and look later.

    An ordinary function is accepted too: its result, or its exception, is in the future.

    Args:
        func: The function. Its parameters stay as they are. If it has no parameter ``callback``,
            callers may pass that keyword nevertheless, and it is called with the result.

    Returns:
        A function with the same parameters that returns a future.
    """

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return start(func, args, kwargs)

    wrapper.__wrapped__ = func
    wrapper.__tornado_coroutine__ = True  # type: ignore[attr-defined]
    return wrapper


Dress = Callable[[Callable[..., Any]], Callable[..., Any]]
_dress: Dress | None = None


def dress_with(dress: Dress) -> None:
    """Have every coroutine function called by way of another, those decorated already too.

    For an extension of the engine that must see each step of the generators.

    Args:
        dress: Given a function, returns what is called in its place.
    """
    global start, _dress
    start = _start_dressed
    _dress = dress


def begin(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Begin a coroutine, with a ``callback=`` argument passed on like any other."""
    return runner_cy.start_as_is(function if _dress is None else _dress(function), args, kwargs)


def _start_dressed(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    assert _dress is not None
    return runner_cy.start(_dress(function), args, kwargs)


def is_coroutine_function(func: Any) -> bool:
    """Tell whether ``func`` was made by ``@gen.coroutine``.

    Native coroutine functions are not meant; ``inspect.iscoroutinefunction`` knows those.
    """
    return getattr(func, "__tornado_coroutine__", False)


def call_with_result(callback: Callable[[Any], Any], future: asyncio.Future[Any]) -> None:
    """Call ``callback`` with the result of ``future``, once there is one, through the loop.

    A callback style has no place for an exception: it goes to the scope in which the call was
    made (``error_scope``), and to the log if there is none.
    """

    def deliver(done: asyncio.Future[Any]) -> None:
        try:
            result = done.result()
        except (Exception, asyncio.CancelledError) as error:
            if not error_scope.deliver_homeless(error):
                app_log.error("error in a coroutine that was called with callback=", exc_info=True)
            return
        try:
            callback(result)
        except Exception as error:
            if not error_scope.deliver_homeless(error):
                app_log.error("Exception in callback %r", callback, exc_info=True)

    future.add_done_callback(deliver)


def _takes_callback(function: Callable[..., Any]) -> bool:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return True  # built in, and its own business
    return any(p.name == "callback" or p.kind is p.VAR_KEYWORD for p in parameters)


def _start_with_callback(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> asyncio.Future[Any]:
    if _takes_callback(function):
        future: asyncio.Future[Any] = runner_cy.start_as_is(function, args, kwargs)
        return future
    callback = kwargs.pop("callback")
    future = runner_cy.start_as_is(function, args, kwargs)
    if callback is not None:
        call_with_result(callback, future)
    return future


def _take_plain(task: Any, function: Callable[..., Any], made: Any) -> None:
    """Settle the future of a coroutine function that made something else than a generator."""
    if isinstance(made, Generator):
        runner_cy.adopt(task, made)  # a generator by its methods only, as other compilers make
    elif inspect.iscoroutine(made) and inspect.iscoroutinefunction(inspect.unwrap(function)):
        # @gen.coroutine above async def: the one thing it can mean is the coroutine's result.
        runner_cy.adopt(task, _waits_for(made))
    else:
        runner_cy.plain_result(task, made)


def _waits_for(awaitable: Awaitable[T]) -> Generator[Any, Any, T]:
    result: T = yield awaitable
    return result


def _convert(task: Any, yielded: Any) -> Any:
    if isinstance(yielded, YieldPoint):
        results = results_of(task)
        # An error raised below keeps this frame; a frame that kept the task, which will keep the
        # error, would be a reference cycle.
        del task
        return results.start(yielded)
    del task
    return convert_yielded(yielded)


def _report_extra_error(error: BaseException, quiet: type | tuple[type, ...]) -> None:
    if not isinstance(error, quiet) and not isinstance(error, asyncio.CancelledError):
        app_log.error(
            "Multiple exceptions in yield list: the first was raised, this is another",
            exc_info=error,
        )


runner_cy.install(_convert, _start_with_callback, _take_plain, _report_extra_error)
