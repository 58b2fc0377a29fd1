"""How long a handler may take.

Layer: web. Imports within ``_web``.

A timer is set where a handler waits, and only there: one that does not wait has no time to lose.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from whirlwind._web.base_handler import BaseHandler


def timeout_of(own: float | None, settings: Mapping[str, Any]) -> float | None:
    """Return the seconds that a handler may take, None for as long as it likes.

    Args:
        own: The handler's ``handler_timeout``; None where it has none, ``math.inf`` where it
            wants none.
        settings: The application's settings.

    Raises:
        ValueError: It is not above 0.
    """
    timeout = settings.get("handler_timeout") if own is None else own
    if timeout is None or timeout == math.inf:
        return None
    if not timeout > 0:
        raise ValueError(f"handler_timeout is {timeout!r}: expected seconds, above 0")
    return float(timeout)


def limit_wait(handler: BaseHandler, future: asyncio.Future[Any]) -> None:
    """Cancel what a handler waits for, if it still does when its time is over.

    Args:
        handler: The handler.
        future: What it waits for.
    """
    due = handler._due_at
    if due is None or future.done():
        return
    timer = asyncio.get_running_loop().call_at(due, _expire, handler, future)
    future.add_done_callback(lambda _: timer.cancel())


def _expire(handler: BaseHandler, future: asyncio.Future[Any]) -> None:
    # The timeout may have been lifted since.
    if handler._finished or timeout_of(handler.handler_timeout, handler.settings) is None:
        return
    handler._time_is_over = True
    future.cancel()
