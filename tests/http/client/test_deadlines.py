"""Timeouts of many things, with one timer for each duration."""

from __future__ import annotations

import asyncio

from tests.support.scripted_http import run

from whirlwind._http.client.deadlines import Deadlines


class ManualLoop:
    """A clock and timers that a test moves by hand."""

    def __init__(self) -> None:
        self.now = 100.0
        self.timers: list[asyncio.TimerHandle] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: object, *args: object) -> asyncio.TimerHandle:
        timer = asyncio.TimerHandle(when, callback, args, self)  # type: ignore[arg-type]
        self.timers.append(timer)
        return timer

    def get_debug(self) -> bool:
        return False

    def _timer_handle_cancelled(self, handle: object) -> None:
        pass

    def pending(self) -> list[asyncio.TimerHandle]:
        return [timer for timer in self.timers if not timer.cancelled()]

    def advance(self, seconds: float) -> None:
        self.now += seconds
        for timer in sorted(self.pending(), key=lambda timer: timer.when()):
            if timer.when() <= self.now:
                self.timers.remove(timer)
                timer._run()


def test_things_expire_in_the_order_they_began_and_not_once_removed() -> None:
    loop = ManualLoop()
    expired: list[str] = []
    deadlines: Deadlines[str] = Deadlines(loop, expired.append)  # type: ignore[arg-type]
    deadlines.add("a", 5, loop.now)
    deadlines.add("b", 5, loop.now)
    loop.advance(1)
    deadlines.add("c", 5, loop.now)
    deadlines.add("short", 1, loop.now)
    assert len(loop.pending()) == 2
    deadlines.remove("a", 5)
    loop.advance(1)
    assert expired == ["short"]
    loop.advance(3)
    assert expired == ["short", "b"]
    assert len(deadlines) == 1
    loop.advance(1)
    assert expired == ["short", "b", "c"]
    assert len(deadlines) == 0
    assert loop.pending() == []
    deadlines.remove("c", 5)


def test_durations_that_differ_each_time_leave_no_timers_behind() -> None:
    loop = ManualLoop()
    deadlines: Deadlines[int] = Deadlines(loop, lambda thing: None)  # type: ignore[arg-type]
    for number in range(1000):
        deadlines.add(number, 10 + number / 1000, loop.now)
        deadlines.remove(number, 10 + number / 1000)
    assert len(loop.pending()) <= 16
    deadlines.add(1, 5, loop.now)
    deadlines.clear()
    assert loop.pending() == []


def test_what_expires_may_end_others() -> None:
    loop = ManualLoop()
    deadlines: Deadlines[str]

    def expire(thing: str) -> None:
        expired.append(thing)
        deadlines.remove("b", 5)
        deadlines.add("again" + thing, 5, loop.now)

    expired: list[str] = []
    deadlines = Deadlines(loop, expire)  # type: ignore[arg-type]
    deadlines.add("a", 5, loop.now)
    deadlines.add("b", 5, loop.now)
    loop.advance(5)
    assert expired == ["a", "b"]
    loop.advance(5)
    assert expired == ["a", "b", "againa", "againb"]


def test_a_real_loop_calls_back() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        expired: asyncio.Future[str] = loop.create_future()
        deadlines: Deadlines[str] = Deadlines(loop, expired.set_result)
        deadlines.add("a", 0.01, loop.time())
        assert await expired == "a"

    run(main())
