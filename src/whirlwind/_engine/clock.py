"""What time it is on a loop, for deadlines that programs give as absolute numbers.

Layer: engine. Imports from ``_base`` only.

An absolute deadline (``gen.with_timeout(loop.time() + 5, …)``) counts on the clock of the
``IOLoop``, which is the wall clock unless a program or a simulation replaced it; asyncio's
timers count on a clock of their own. The loop that owns a clock registers it here, so that the
engine can turn a deadline into a delay without knowing about loops.
"""

from __future__ import annotations

import asyncio
import datetime
import time
import weakref
from collections.abc import Callable

_clocks: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Callable[[], float]] = (
    weakref.WeakKeyDictionary()
)


def set_clock(loop: asyncio.AbstractEventLoop, clock: Callable[[], float]) -> None:
    """Make ``clock`` the clock of absolute deadlines on ``loop``.

    Args:
        loop: An asyncio loop; the entry goes when the loop does.
        clock: Returns seconds since an origin of its own.
    """
    _clocks[loop] = clock


def now(loop: asyncio.AbstractEventLoop) -> float:
    """Return the time on the clock of ``loop`` in seconds; the wall clock if none was set."""
    return _clocks.get(loop, time.time)()


def delay_until(deadline: float | datetime.timedelta, loop: asyncio.AbstractEventLoop) -> float:
    """Return how many seconds remain until ``deadline``.

    Args:
        deadline: Absolute seconds on the clock of ``loop``, or a ``timedelta`` from now.
        loop: The loop whose clock counts.

    Returns:
        Seconds; 0 or less if the deadline has passed.

    Raises:
        TypeError: ``deadline`` is neither a number nor a ``timedelta``.
    """
    if isinstance(deadline, datetime.timedelta):
        return deadline.total_seconds()
    if hasattr(deadline, "__float__"):  # numbers of other libraries as well
        return deadline - now(loop)
    raise TypeError(f"Unsupported deadline {deadline!r}: expected seconds or a timedelta")
