"""chain_future, the setters, executors."""

from __future__ import annotations

import asyncio
import concurrent.futures
import sys
import threading
from typing import Any

import pytest
from tests.conftest import LogWatch
from tests.engine.conftest import Run

from whirlwind import concurrent as door
from whirlwind.ioloop import IOLoop


def test_chain_future_copies_result_error_and_cancellation(run: Run) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()

        def pair() -> tuple[asyncio.Future[int], asyncio.Future[int]]:
            a, b = loop.create_future(), loop.create_future()
            door.chain_future(a, b)
            return a, b

        a, b = pair()
        a.set_result(1)
        assert await b == 1
        a, b = pair()
        a.set_exception(KeyError())
        with pytest.raises(KeyError):
            await b
        a, b = pair()
        a.cancel()
        with pytest.raises(asyncio.CancelledError):
            await b
        a, b = pair()
        b.set_result(2)
        a.set_result(1)
        await asyncio.sleep(0)
        assert b.result() == 2

    run(main())


def test_chain_future_takes_a_pools_future(run: Run) -> None:
    release = threading.Event()

    async def main() -> None:
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            result: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
            door.chain_future(pool.submit(release.wait), result)
            asyncio.get_running_loop().call_soon(release.set)
            assert await result is True

    run(main())


def test_setters_respect_a_cancelled_future_and_lose_no_error(run: Run, logs: LogWatch) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        cancelled = loop.create_future()
        cancelled.cancel()
        door.future_set_result_unless_cancelled(cancelled, 1)
        with logs.expect("whirlwind.application", "after Future was cancelled"):
            door.future_set_exception_unless_cancelled(cancelled, KeyError())
        future = loop.create_future()
        try:
            raise KeyError("k")
        except KeyError:
            door.future_set_exc_info(future, sys.exc_info())
        with pytest.raises(KeyError):
            await future
        with pytest.raises(Exception, match="no exception"):
            door.future_set_exc_info(loop.create_future(), (None, None, None))

    run(main())


def test_add_done_callback_calls_at_once_if_the_future_is_done(run: Run) -> None:
    async def main() -> None:
        seen: list[Any] = []
        future = asyncio.get_running_loop().create_future()
        door.future_add_done_callback(future, seen.append)
        assert seen == []
        future.set_result(1)
        door.future_add_done_callback(future, seen.append)
        assert seen == [future]
        await asyncio.sleep(0)
        assert seen == [future, future]

    run(main())


def test_is_future_knows_both_kinds_and_coroutines() -> None:
    assert door.is_future(concurrent.futures.Future())
    assert door.is_future(door.dummy_executor.submit(int))
    assert not door.is_future(1)


def test_the_dummy_executor_runs_at_once() -> None:
    assert door.dummy_executor.submit(divmod, 7, 2).result() == (3, 1)
    assert isinstance(door.dummy_executor.submit(divmod, 7, 0).exception(), ZeroDivisionError)
    door.dummy_executor.shutdown()


class Worker:
    def __init__(self, pool: concurrent.futures.Executor) -> None:
        self.executor = self.own_pool = pool

    @door.run_on_executor
    def thread(self, extra: str) -> str:
        return threading.current_thread().name[:4] + extra

    @door.run_on_executor(executor="own_pool")
    def breaks(self) -> None:
        raise KeyError


def test_run_on_executor_runs_there_and_gives_a_future(run: Run) -> None:
    async def main() -> None:
        with concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="pool") as pool:
            worker = Worker(pool)
            assert await worker.thread("!") == "pool!"
            seen: list[str] = []
            await worker.thread("?", callback=seen.append)  # type: ignore[call-arg]
            await asyncio.sleep(0)
            assert seen == ["pool?"]
            with pytest.raises(KeyError):
                await worker.breaks()

    run(main())


@pytest.mark.parametrize(
    ("args", "kwargs"), [((1, 2), {}), ((), {"loop": 1}), ((1,), {"executor": "x"})]
)
def test_run_on_executor_says_what_it_does_not_take(args: Any, kwargs: Any) -> None:
    with pytest.raises(ValueError, match="run_on_executor"):
        door.run_on_executor(*args, **kwargs)


def test_the_future_of_an_executor_is_one_of_the_named_loop(run: Run) -> None:
    class Worker:
        executor = door.dummy_executor

        def __init__(self) -> None:
            self._loop = IOLoop.current()

        @door.run_on_executor(io_loop="_loop")
        def work(self) -> int:
            return 7

    async def main() -> None:
        future = Worker().work()
        assert future.get_loop() is asyncio.get_running_loop()
        assert await future == 7

    run(main())
