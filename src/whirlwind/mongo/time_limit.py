"""Time limits that reach the server.

Layer: public package ``mongo``.

``gen.with_timeout`` stops the waiting, not the work: the server would go on with a query that
nobody waits for. The limit set here goes with every operation, as the server's ``maxTimeMS``.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
from collections.abc import Iterator
from typing import Final

import pymongo
from pymongo.errors import ExecutionTimeout

from whirlwind._engine.clock import delay_until

# PyMongo takes 0 for no limit at all.
_SHORTEST: Final = 1e-6


@contextlib.contextmanager
def deadline(limit: float | datetime.timedelta | None) -> Iterator[None]:
    """Give the operations that are started in the block no more time than until ``limit``.

    ::

        limit = timedelta(seconds=2)
        with mongo.deadline(limit):
            found = yield gen.with_timeout(limit, things.find_one({"name": "owl"}))

        with mongo.deadline(self.deadline):  # of a RequestHandler with a handler_timeout
            found = yield things.find_one({"name": "owl"})

    What is left of the time when a command is sent goes with it as ``maxTimeMS``, less the time
    that the way to the server takes. A cursor counts where it fetches, not where it was made. In
    blocks within blocks the nearest limit holds.

    Args:
        limit: As ``gen.with_timeout`` takes it: a ``timedelta`` from now, or absolute seconds on
            the clock of the ``IOLoop``; None for no limit.

    Raises:
        PyMongoError: (from the operations) Time is up, here or at the server; ``timeout`` of the
            error is True.
        ExecutionTimeout: At once, ``limit`` is in the past.
        TypeError: It is neither a number nor a ``timedelta``.
    """
    if limit is None:
        yield
        return
    seconds = delay_until(limit, asyncio.get_event_loop())
    if seconds <= 0:
        raise ExecutionTimeout(f"the deadline is {-seconds:.3f} s in the past")
    with pymongo.timeout(max(seconds, _SHORTEST)):
        yield
