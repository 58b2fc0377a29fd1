"""Event loops for tests: both kinds that programs run on, and one with a clock of its own."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

import uvloop

_T = TypeVar("_T")

WATCHDOG = 20  # seconds

LoopFactory = Callable[[], asyncio.AbstractEventLoop]


class _ImpatientSelector(selectors.DefaultSelector):
    """Instead of sleeping until the next timer is due, moves the clock there."""

    def __init__(self, advance: Callable[[float], None]) -> None:
        super().__init__()
        self._advance = advance

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        # Without a timer only another thread can wake the loop; one that has nothing to say for
        # so long means that everybody waits for somebody else.
        ready: list[tuple[selectors.SelectorKey, int]] = super().select(
            WATCHDOG if timeout is None else 0
        )
        if not ready and timeout is None:
            raise RuntimeError("everybody waits, and nobody is left to wake them")
        if not ready and timeout:
            self._advance(timeout)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A loop whose time passes only while everybody waits, and then at once."""

    def __init__(self) -> None:
        self._virtual_now = 0.0
        super().__init__(_ImpatientSelector(self._advance))

    def _advance(self, seconds: float) -> None:
        self._virtual_now += seconds

    def time(self) -> float:
        return self._virtual_now


FACTORIES: Mapping[str, LoopFactory] = {
    "asyncio": asyncio.SelectorEventLoop,
    "uvloop": uvloop.new_event_loop,
}


def run(main: Coroutine[Any, Any, _T], factory: LoopFactory = VirtualTimeLoop) -> _T:
    """Run a coroutine on a new loop and close the loop."""
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main)
