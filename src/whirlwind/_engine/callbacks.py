"""Between callbacks and futures: ``gen.Task``, ``gen.engine``, ``return_future``.

Layer: engine. Imports from ``_base`` only.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from typing import Any

from whirlwind._base.errors import ReturnValueIgnoredError
from whirlwind._base.log import app_log
from whirlwind._base.objects import ArgReplacer
from whirlwind._engine import error_scope, runner_cy
from whirlwind._engine.coroutine import begin, call_with_result
from whirlwind._engine.keyed import only_argument
from whirlwind._engine.register import register


def _resolve(future: Any, result: Any) -> None:
    if not future.done():
        future.set_result(result)


def _reject(future: Any, error: BaseException) -> bool:
    """Give ``future`` an exception; False if it is done and the exception still needs a taker."""
    if future.done():
        return False
    future.set_exception(error)
    return True


def Task(func: Callable[..., Any], *args: Any, **kwargs: Any) -> asyncio.Future[Any]:  # noqa: N802
    """Call a function that takes a ``callback`` argument, and return a future of its result.

    For interfaces that call back instead of returning a future::

        answer = yield gen.Task(client.get, "key")    # client.get("key", callback=...)

    Args:
        func: Called at once with ``callback=`` added to its keyword arguments.
        args: Its positional arguments.
        kwargs: Its other keyword arguments.

    Returns:
        A future of what the callback is called with: its one argument, None if there is none,
        ``gen.Arguments`` if there are several or named ones. An exception that ``func`` raises is
        in the future, and so is one that is raised later by a callback that ``func`` scheduled
        on the loop.
    """
    future = runner_cy.new_future()
    if register.is_open:
        register.label(future, f"callback of {getattr(func, '__qualname__', func)}")

    def callback(*results: Any, **named: Any) -> None:
        _resolve(future, only_argument(results, named))

    with error_scope.errors_to(functools.partial(_reject, future), future.done):
        try:
            func(*args, callback=callback, **kwargs)
        except Exception as error:
            if not _reject(future, error):
                raise
    return future  # type: ignore[no-any-return]


def engine(func: Callable[..., Any]) -> Callable[..., None]:
    """Make a callback-style function of a generator function; ``@gen.coroutine`` in new code.

    The function returns nothing; it hands on its result by calling a callback of its own. An
    exception goes to the ``gen.Task`` that called it, else to the log.
    """

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> None:
        future = begin(func, args, kwargs)

        def ended(done: asyncio.Future[Any]) -> None:
            try:
                result = done.result()
                if result is not None:
                    raise ReturnValueIgnoredError(
                        f"@gen.engine function {func.__qualname__} returned {result!r:.100}, "
                        "which nobody receives; use @gen.coroutine"
                    )
            except Exception as error:
                if not error_scope.deliver_homeless(error):
                    app_log.error("error in a gen.engine function", exc_info=True)

        if future.done():
            ended(future)
        else:
            future.add_done_callback(ended)

    wrapper.__wrapped__ = func
    return wrapper


def return_future(f: Callable[..., Any]) -> Callable[..., asyncio.Future[Any]]:
    """Make a function that takes a callback return a future as well.

    Args:
        f: Has a parameter ``callback``. It is called with a callback of ours in place of its
            caller's; its own return value must be None.

    Returns:
        A function that returns a future of what the callback is called with. Callers may still
        pass a callback, by name or by position; it is then called with the result. An error that
        ``f`` raises at once is raised at once; one in what it scheduled is in the future.
    """
    replacer = ArgReplacer(f, "callback")

    @functools.wraps(f)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        future = runner_cy.new_future()
        bare = False  # a callback that is called with nothing calls the caller's with nothing

        def resolve(*results: Any, **named: Any) -> None:
            nonlocal bare
            bare = not results and not named
            _resolve(future, only_argument(results, named))

        callback, args, kwargs = replacer.replace(resolve, args, kwargs)  # type: ignore[assignment]
        with error_scope.errors_to(functools.partial(_reject, future), future.done):
            returned = f(*args, **kwargs)
            if returned is not None:
                raise ReturnValueIgnoredError(
                    f"@return_future function {f.__qualname__} returned {returned!r:.100}; "
                    "it hands on its result through the callback"
                )
        if callback is not None:
            call_with_result(lambda result: callback() if bare else callback(result), future)
        return future

    return wrapper
