"""A guard for tests that feed a peer's worst input: they end, or they are stopped.

Something that takes quadratic time does not fail, it hangs. Inputs of some megabytes take a
linear function less than a second and a quadratic one hours, so a limit between the two decides
without measuring anything.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn


@contextmanager
def cpu_limit(seconds: float = 10.0) -> Iterator[None]:
    """Stop the block once it has used so much of the processor; main thread, POSIX only.

    Args:
        seconds: Time of this process on the processor, whatever else the machine does.
    """

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        raise AssertionError(f"still busy after {seconds} seconds of CPU: not linear")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
