"""Notices a loop that is kept from running, by way of SIGALRM.

Layer: net. Imports from ``_base``.

Theory of operation
-------------------
A timer of the operating system is wound up again and again by a callback of the loop; if a
callback of the program holds the loop, nobody winds it up, and the alarm interrupts that very
callback, whose stack is what one wants to see. The alarm is wound to 5/4 of the threshold every
1/4 of it: so it never goes off for less than the threshold, and for more than 5/4 always.
"""

from __future__ import annotations

import signal
import traceback
from collections.abc import Callable
from types import FrameType
from typing import Any

from whirlwind._base.log import gen_log


class BlockingWatch:
    """Watches the loop of the main thread until ``stop()``.

    Args:
        seconds: How long a callback may hold the loop.
        action: The handler of SIGALRM; None for the system's, which ends the process.
        call_later: The loop's method of that name.

    Attributes:
        seconds: As given.

    Raises:
        ValueError: Not in the main thread, where alone Python handles signals.
        RuntimeError: The platform has no interval timer.
    """

    def __init__(
        self,
        seconds: float,
        action: Callable[[int, FrameType | None], Any] | None,
        call_later: Callable[[float, Callable[[], None]], object],
    ) -> None:
        if not hasattr(signal, "setitimer"):
            raise RuntimeError("watching for a blocked loop needs SIGALRM, not on this platform")
        self.seconds = seconds
        self._call_later = call_later
        self._stopped = False
        signal.signal(signal.SIGALRM, signal.SIG_DFL if action is None else action)
        # Wound up by the loop's first turn and not here: a program may take its time to start.
        self._call_later(0, self._wind)

    def stop(self) -> None:
        """Give the alarm back to the system."""
        self._stopped = True
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)

    def _wind(self) -> None:
        if not self._stopped:
            signal.setitimer(signal.ITIMER_REAL, self.seconds * 1.25)
            self._call_later(self.seconds / 4, self._wind)

    @staticmethod
    def log(seconds: float, frame: FrameType | None) -> None:
        """Log the stack of a blocked loop."""
        stack = "".join(traceback.format_stack(frame))
        gen_log.warning("IOLoop blocked for %f seconds in\n%s", seconds, stack)
