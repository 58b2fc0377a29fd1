"""Calls that repeat.

Layer: net. Imports from ``_base`` and ``_engine``.
"""

from __future__ import annotations

import asyncio
import datetime
import math
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from whirlwind._base.old_arguments import accepts_old
from whirlwind._net.ioloop import IOLoop

if TYPE_CHECKING:
    from random import Random


class PeriodicCallback:
    """Calls a function every so many milliseconds, on the loop that runs when it is started.

    A call that takes longer than the period makes the calls skip that would have started in the
    meantime; they stay on the schedule. What a coroutine function returns is waited for before
    the next call is scheduled.

    Args:
        callback: Called without arguments. Exceptions are logged and do not end the repetition.
        callback_time: The period, in milliseconds (not seconds) or as a ``timedelta``.
        jitter: Width of the window around ``callback_time`` that each period is chosen from, as
            a share of it: 0.1 gives 95 to 105 per cent. Keeps programs that were started at the
            same moment from working in step.
        random: Source of the jitter; the module's own generator by default.
        io_loop: The loop to run on; the current one when started by default (4.x passes it, also
            in third place).

    Attributes:
        callback_time: The period in milliseconds.
        io_loop: The loop it was started on.

    Raises:
        ValueError: ``callback_time`` is not positive.
    """

    @accepts_old("io_loop")
    def __init__(
        self,
        callback: Callable[[], Any],
        callback_time: float | datetime.timedelta,
        jitter: float | IOLoop | None = 0,
        *,
        random: Random | None = None,
        io_loop: IOLoop | None = None,
    ) -> None:
        if isinstance(jitter, IOLoop):
            io_loop, jitter = jitter, 0
        if isinstance(callback_time, datetime.timedelta):
            callback_time = callback_time / datetime.timedelta(milliseconds=1)
        if callback_time <= 0:
            raise ValueError("Periodic callback must have a positive callback_time")
        self.callback = callback
        self.callback_time = callback_time
        self.jitter = jitter or 0
        self._random: Any = random
        if self.jitter and random is None:
            # Imported here because it is heavy, and few ask for jitter. The module and not its
            # function: programs and tests replace random.random.
            import random as module

            self._random = module
        self._given_loop = io_loop
        self._active = False
        self._handle: object | None = None
        self._next_timeout = 0.0
        if io_loop is not None:
            self.io_loop = io_loop

    def start(self) -> None:
        """Begin; the first call comes after one period. Does nothing if it is running."""
        if not self._active:
            # Asked here and not in the constructor: programs make these before they have a loop.
            loop = self._given_loop or IOLoop.current()
            self.io_loop, self._active, self._next_timeout = loop, True, loop.time()
            self._plan_next()

    def stop(self) -> None:
        """End. A call that is under way ends in its own time."""
        handle, self._handle, self._active = self._handle, None, False
        if handle is not None:
            self.io_loop.remove_timeout(handle)

    def is_running(self) -> bool:
        """Return whether it was started and not stopped since."""
        return self._active

    def _run(self) -> Awaitable[None] | None:
        self._handle = None
        if not self._active:
            return None
        try:
            result = self.callback()
        except Exception:
            self.io_loop.handle_callback_exception(self.callback)
        else:
            if result is not None and isawaitable(result):
                return self._finish(result)  # the loop waits for what a callback of it returns
        self._plan_next()
        return None

    async def _finish(self, result: Awaitable[Any]) -> None:
        try:
            await result
        except asyncio.CancelledError:
            self._plan_next()  # one call was cancelled; stop() is what ends the repetition
            raise
        except Exception:
            self.io_loop.handle_callback_exception(self.callback)
        self._plan_next()

    def _plan_next(self) -> None:
        if not self._active:
            return
        self._update_next(self.io_loop.time())
        self._handle = self.io_loop.add_timeout(self._next_timeout, self._run)

    def _update_next(self, current_time: float) -> None:
        period = self.callback_time / 1000.0
        if self.jitter:
            period *= 1 + self.jitter * (self._random.random() - 0.5)
        if self._next_timeout <= current_time:
            late = current_time - self._next_timeout
            self._next_timeout += (math.floor(late / period) + 1) * period
        else:
            # The call came before its time: the wall clock was set back a little, or the timer's
            # clock runs ahead of it. The same moment again would make two calls of one.
            self._next_timeout += period
