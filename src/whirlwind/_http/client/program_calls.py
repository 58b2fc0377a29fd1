"""Calls functions that the program gave to a request.

Layer: HTTP. Standard library only.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
from typing import Any


class CallbackError(Exception):
    """Stands for an exception of the program's own callback, which is its cause."""


def call_in(
    context: contextvars.Context, loop: asyncio.AbstractEventLoop, function: Any, argument: Any
) -> asyncio.Future[Any] | None:
    """Call a function of the program's.

    Args:
        context: The context of who asked; callbacks come from the connection, in another one.
        loop: The loop.
        function: What to call; may be a coroutine function.
        argument: With what.

    Returns:
        The future of what the function returned, if that is awaitable; else None.
    """
    return context.run(_call, function, argument, loop)


def _call(
    function: Any, argument: Any, loop: asyncio.AbstractEventLoop
) -> asyncio.Future[Any] | None:
    result = function(argument)
    if result is not None and (asyncio.isfuture(result) or inspect.isawaitable(result)):
        # Here, inside the context, since a task takes a copy of the one it is made in.
        return asyncio.ensure_future(result, loop=loop)
    return None
