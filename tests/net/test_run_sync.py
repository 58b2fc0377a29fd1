"""``run_sync`` and its time, on asyncio's loop and on uvloop."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
from collections.abc import Generator, Iterator
from typing import Any

import pytest
from tests.support.loops import FACTORIES

from whirlwind import gen
from whirlwind._net.ioloop import IOLoop


@pytest.fixture(params=FACTORIES)
def loop(request: pytest.FixtureRequest) -> Iterator[IOLoop]:
    made: IOLoop = IOLoop(asyncio_loop=FACTORIES[request.param]())
    yield made
    made.close(all_fds=True)


@pytest.mark.parametrize("wrong", ["1", datetime.timedelta(seconds=1), [1]])
def test_a_timeout_of_run_sync_that_is_no_number_is_refused_before_anything_runs(
    loop: IOLoop, wrong: Any
) -> None:
    began: list[None] = []
    with pytest.raises(TypeError):
        loop.run_sync(lambda: began.append(None), timeout=wrong)
    loop.run_sync(lambda: asyncio.sleep(0))
    assert not began


class Busy:
    """Gives ``run_sync`` a result although its time is over, in each way that this can happen."""

    # Coroutines of ours begin when they are called: a slow machine cannot let the time pass before.

    @gen.coroutine
    def goes_on(self) -> Generator[Any, Any, str]:
        with contextlib.suppress(asyncio.CancelledError):
            yield asyncio.sleep(60)
        return "late"

    @gen.coroutine
    def fails(self) -> Generator[Any, Any, str]:
        try:
            yield asyncio.sleep(60)
        finally:
            raise ValueError("late")


def test_a_result_that_is_there_counts_although_the_time_is_over(loop: IOLoop) -> None:
    busy = Busy()
    assert loop.run_sync(busy.goes_on, timeout=0.001) == "late"
    with pytest.raises(ValueError, match="late"):
        loop.run_sync(busy.fails, timeout=0.001)
    with pytest.raises(TimeoutError):
        loop.run_sync(lambda: asyncio.sleep(60), timeout=0.001)
