"""Repetition, on a loop whose time passes only while everybody waits."""

from __future__ import annotations

import asyncio
import datetime
import random
from collections.abc import Iterator
from typing import Any

import pytest
from tests.conftest import LogWatch
from tests.support.loops import VirtualTimeLoop

from whirlwind import gen
from whirlwind._net.asyncio_loop import PollIOLoop
from whirlwind._net.ioloop import IOLoop
from whirlwind._net.periodic import PeriodicCallback


@pytest.fixture
def loop() -> Iterator[IOLoop]:
    asyncio_loop = VirtualTimeLoop()
    made: IOLoop = PollIOLoop(asyncio_loop=asyncio_loop, time_func=asyncio_loop.time)
    yield made
    made.close()


def run_for(loop: IOLoop, seconds: float) -> None:
    loop.call_later(seconds, loop.stop)
    loop.start()


@pytest.mark.parametrize("period", [1000, datetime.timedelta(seconds=1)])
def test_the_callback_runs_once_a_period_beginning_after_the_first(
    loop: IOLoop, period: Any
) -> None:
    times: list[float] = []
    periodic = PeriodicCallback(lambda: times.append(loop.time()), period)
    assert not periodic.is_running()
    periodic.start()
    periodic.start()  # once is enough
    assert periodic.is_running()
    assert periodic.io_loop is loop
    run_for(loop, 3.5)
    periodic.stop()
    assert not periodic.is_running()
    run_for(loop, 3)
    assert times == pytest.approx([1, 2, 3])


@pytest.mark.parametrize("style", ["await", "yield"])
def test_a_slow_coroutine_makes_calls_skip_and_keeps_the_schedule(loop: IOLoop, style: str) -> None:
    times: list[float] = []

    async def slow() -> None:
        times.append(loop.time())
        await asyncio.sleep(1.5)

    @gen.coroutine
    def old_slow() -> Any:
        times.append(loop.time())
        yield gen.sleep(1.5)

    periodic = PeriodicCallback(slow if style == "await" else old_slow, 1000)
    periodic.start()
    run_for(loop, 6)
    periodic.stop()
    run_for(loop, 2)
    assert times == pytest.approx([1, 3, 5])


def test_a_callback_that_stops_the_repetition_is_not_called_again(loop: IOLoop) -> None:
    times: list[float] = []

    def once() -> None:
        times.append(loop.time())
        periodic.stop()

    periodic = PeriodicCallback(once, 1000)
    periodic.start()
    run_for(loop, 5)
    assert times == pytest.approx([1])


def test_exceptions_are_logged_and_the_repetition_goes_on(loop: IOLoop, logs: LogWatch) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    async def fail_later() -> None:
        raise ZeroDivisionError

    periodics = [PeriodicCallback(fail, 1000), PeriodicCallback(fail_later, 1000)]
    with logs.expect("whirlwind.application", "Exception in callback", count=4):
        for periodic in periodics:
            periodic.start()
        run_for(loop, 2.5)
    for periodic in periodics:
        periodic.stop()


def test_jitter_comes_from_the_generator_that_was_given(loop: IOLoop) -> None:
    times: list[float] = []
    periodic = PeriodicCallback(
        lambda: times.append(loop.time()), 1000, jitter=0.5, random=random.Random(7)
    )
    periodic.start()
    run_for(loop, 5)
    periodic.stop()
    expected = random.Random(7)
    moment = 0.0
    for time in times:
        moment += 1 + 0.5 * (expected.random() - 0.5)
        assert time == pytest.approx(moment)
    assert len(times) >= 4


def test_a_period_must_be_positive() -> None:
    for period in (0, -1, datetime.timedelta(0)):
        with pytest.raises(ValueError, match="positive callback_time"):
            PeriodicCallback(print, period)


def test_a_loop_can_be_given_as_third_argument_or_by_name(loop: IOLoop) -> None:
    other: IOLoop = IOLoop(make_current=False)
    assert PeriodicCallback(print, 1000, other).io_loop is other
    periodic = PeriodicCallback(print, 1000, io_loop=other)
    periodic.start()
    assert periodic.io_loop is other
    periodic.stop()
    other.close()


def test_a_clock_that_is_set_back_does_not_make_two_calls_of_one() -> None:
    asyncio_loop = VirtualTimeLoop()
    wall = [0.0]  # what the wall clock is behind by
    loop = PollIOLoop(asyncio_loop=asyncio_loop, time_func=lambda: asyncio_loop.time() - wall[0])
    times: list[float] = []

    def note() -> None:
        times.append(asyncio_loop.time())
        if len(times) == 1:
            wall[0] = 0.1

    periodic = PeriodicCallback(note, 1000)
    periodic.start()
    run_for(loop, 4)
    periodic.stop()
    loop.close()
    assert times == pytest.approx([1, 2.1, 3.1])
