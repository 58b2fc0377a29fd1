"""Methods that return a future, and call back where a program of Tornado 4 or 5 asks for it.

Layer: web. Imports from ``_base`` and ``_engine``.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from whirlwind._base.log import gen_log
from whirlwind._engine.coroutine import call_with_result, coroutine
from whirlwind._engine.runner_cy import done_future, new_future
from whirlwind._web.auth.errors import AuthError

P = ParamSpec("P")
T = TypeVar("T")


def takes_callback(
    method: Callable[P, Coroutine[Any, Any, T]],
) -> Callable[P, asyncio.Future[T]]:
    """Make a method of an ``async def`` that runs at once and can be given a callback.

    The callback may be named, ``callback=``, or be any positional argument: its place was
    different in each version, and no argument of these methods is a function otherwise. It is
    called with the result, and with None after an ``AuthError``, which is logged: programs of the
    time test for None. Any other exception goes where those of callbacks go.
    """
    start = coroutine(method)

    @functools.wraps(method)
    def wrapper(*args: Any, **kwargs: Any) -> asyncio.Future[T]:
        args, callback = _without_callback(args, kwargs)
        future = start(*args, **kwargs)
        if callback is not None:
            call_with_result(callback, _none_for_auth_error(future))
        return future

    return wrapper


def takes_callback_at_once(method: Callable[P, None]) -> Callable[P, None]:
    """The same for a method that has nothing to wait for.

    It raises its exceptions and returns None, as in Tornado 6; a ``gen.coroutine`` of older
    programs may yield that. The callback is called with nothing, once the method has returned.
    """

    @functools.wraps(method)
    def wrapper(*args: Any, **kwargs: Any) -> None:
        args, callback = _without_callback(args, kwargs)
        method(*args, **kwargs)
        if callback is not None:
            call_with_result(lambda _: callback(), done_future(None))

    return wrapper


def _without_callback(
    args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], Callable[..., Any] | None]:
    """Take the callback out of a call's arguments, self being the first of them."""
    callback = kwargs.pop("callback", None)
    if callback is not None:
        return args, callback
    for place, value in enumerate(args[1:], 1):
        if callable(value):
            return args[:place] + args[place + 1 :], value
    return args, None


def _none_for_auth_error(future: asyncio.Future[Any]) -> asyncio.Future[Any]:
    outcome: asyncio.Future[Any] = new_future()

    def copy(done: asyncio.Future[Any]) -> None:
        if done.cancelled():
            outcome.cancel()
            return
        error = done.exception()
        if isinstance(error, AuthError):
            gen_log.warning("%s", error)
            outcome.set_result(None)
        elif error is not None:
            outcome.set_exception(error)
        else:
            outcome.set_result(done.result())

    future.add_done_callback(copy)
    return outcome
