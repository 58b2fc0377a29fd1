"""What a coroutine may yield, beyond what the kernel knows by type.

Layer: engine. Imports from ``_base`` only.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import inspect
from collections.abc import Generator
from typing import Any

from whirlwind._base.errors import BadYieldError
from whirlwind._engine import runner_cy

FUTURES = (concurrent.futures.Future, asyncio.Future)


def is_future(x: object) -> bool:
    """Tell whether ``x`` is a future: of asyncio, of a coroutine, or of a pool of threads."""
    return isinstance(x, FUTURES)


@functools.singledispatch
def convert_yielded(yielded: Any) -> Any:
    """Turn what a coroutine yielded into a future.

    A ``functools.singledispatch`` function: ``convert_yielded.register(type, function)`` makes
    objects of another library yieldable. The function is given the object and returns a future.

    Args:
        yielded: A future, any awaitable, a list or dict of them, or None for one turn of the
            loop.

    Returns:
        An asyncio future, or the ``concurrent.futures.Future`` that was given.

    Raises:
        BadYieldError: It is nothing that can be waited for; the message names the likely mistake.
    """
    if yielded is None or yielded is runner_cy.moment:
        return runner_cy.moment
    if isinstance(yielded, list | dict):
        return runner_cy.multi(yielded)
    if is_future(yielded):
        return yielded
    if inspect.isawaitable(yielded):
        return asyncio.ensure_future(yielded)
    raise BadYieldError(f"yielded unknown object {yielded!r:.200}{_hint(yielded)}")


def _hint(yielded: object) -> str:
    """Name the mistake that most likely led to yielding this object."""
    if isinstance(yielded, Generator):
        return (
            f": {getattr(yielded, '__name__', 'it')} is a generator and no coroutine; "
            "decorate it with @gen.coroutine, or use 'yield from'"
        )
    if inspect.isasyncgen(yielded):
        return ": an asynchronous generator is read with 'async for', in an 'async def'"
    if isinstance(yielded, type):
        return ": a class; was a call of it meant?"
    if inspect.iscoroutinefunction(yielded) or getattr(yielded, "__tornado_coroutine__", False):
        return ": a coroutine function that was not called; add the parentheses"
    if callable(yielded):
        return ": a function that was not called, or that needs gen.Task"
    if isinstance(yielded, tuple | set | frozenset):
        return ": yield a list to wait for several things at once"
    return ": expected a future, an awaitable, or a list or dict of them"
