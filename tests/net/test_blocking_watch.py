"""Noticing a loop that is kept from running."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from tests.conftest import LogWatch
from tests.support.loops import FACTORIES

from whirlwind._net.ioloop import IOLoop


@pytest.fixture(params=FACTORIES)
def loop(request: pytest.FixtureRequest) -> Iterator[IOLoop]:
    made: IOLoop = IOLoop(asyncio_loop=FACTORIES[request.param]())
    yield made
    made.close()
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_a_callback_that_holds_the_loop_is_interrupted(loop: IOLoop) -> None:
    alarms: list[int] = []
    loop.set_blocking_signal_threshold(0.05, lambda number, frame: alarms.append(number))

    def hold() -> None:
        while not alarms:
            pass
        loop.stop()

    loop.add_callback(loop.add_callback, hold)  # after the alarm was wound up
    loop.start()
    assert alarms == [signal.SIGALRM]
    loop.set_blocking_signal_threshold(None, None)


def test_the_log_shows_where_the_loop_is_held(loop: IOLoop, logs: LogWatch) -> None:
    loop.set_blocking_log_threshold(0.05)

    def hold_the_loop() -> None:
        while not logs.records:
            pass
        loop.stop()

    loop.add_callback(loop.add_callback, hold_the_loop)
    with logs.expect(
        "whirlwind.general", r"blocked for 0\.050000 seconds in\n(?s:.*)hold_the_loop"
    ):
        loop.start()


def test_a_loop_that_runs_is_left_alone(loop: IOLoop) -> None:
    alarms: list[int] = []
    loop.set_blocking_signal_threshold(10, lambda number, frame: alarms.append(number))
    loop.add_callback(loop.add_callback, loop.stop)
    loop.start()
    assert signal.getitimer(signal.ITIMER_REAL)[0] > 10
    assert alarms == []
