"""What stands for the event loop where there is none."""

from __future__ import annotations

import asyncio
import inspect

import pytest
from tests.conftest import LogWatch
from tests.support.raw_http import run

from whirlwind._web.no_loop import without_loop

REFUSED = "without an event loop only handlers that never wait can run"


def test_it_can_be_asked_for_and_refuses_to_wait() -> None:
    with without_loop():
        loop = asyncio.get_running_loop()
        assert (loop.is_running(), loop.is_closed(), loop.get_debug()) == (True, False, False)
        for call in (loop.time, loop.create_future, lambda: loop.call_later(1, print)):
            with pytest.raises(RuntimeError, match=REFUSED):
                call()


def test_a_coroutine_that_gets_no_task_is_closed() -> None:
    closed = []

    async def never() -> None:
        closed.append("begun")

    coroutine = never()
    with without_loop(), pytest.raises(RuntimeError, match=r"loop\.create_task\(\) was called"):
        asyncio.create_task(coroutine)  # noqa: RUF006
    assert inspect.getcoroutinestate(coroutine) == inspect.CORO_CLOSED
    assert closed == []


def test_what_a_loop_would_have_reported_is_logged(logs: LogWatch) -> None:
    with without_loop(), logs.expect("whirlwind.application", "^something happened$"):
        asyncio.get_running_loop().call_exception_handler({"message": "something happened"})


def test_the_loop_that_was_running_is_running_afterwards() -> None:
    with without_loop():
        pass
    with pytest.raises(RuntimeError, match="no running event loop"):
        asyncio.get_running_loop()

    async def main() -> None:
        before = asyncio.get_running_loop()
        with pytest.raises(ValueError, match="x"), without_loop():
            raise ValueError("x")
        assert asyncio.get_running_loop() is before

    run(main)
