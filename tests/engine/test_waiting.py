"""sleep, with_timeout, multi, WaitIterator, Runner."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import datetime
import threading
import time
from collections.abc import Generator
from typing import Any

import pytest
from tests.conftest import LogWatch
from tests.engine.conftest import Run
from tests.support.loops import run as run_virtual

from whirlwind import gen
from whirlwind._engine.clock import set_clock

Steps = Generator[Any, Any, Any]
FOREVER = datetime.timedelta(seconds=1000)
NOW = datetime.timedelta(seconds=0)


def test_sleep_ends_when_its_time_has_come() -> None:
    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        ends = []
        for sleeping in [gen.sleep(2), gen.sleep(1)]:
            await sleeping
            ends.append(loop.time())
        return ends

    assert run_virtual(main()) == [2, 2]


# --- with_timeout -----------------------------------------------------------------------------


def test_what_ends_in_time_gives_its_own_outcome(run: Run) -> None:
    async def breaks() -> None:
        raise KeyError

    async def main() -> None:
        assert await gen.with_timeout(FOREVER, asyncio.sleep(0, 1)) == 1
        assert await gen.with_timeout(NOW, gen.maybe_future(2)) == 2
        with pytest.raises(KeyError):
            await gen.with_timeout(FOREVER, breaks())
        cancelled = asyncio.get_running_loop().create_future()
        waiting = gen.with_timeout(FOREVER, cancelled)
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    run(main())


def test_what_is_late_is_a_timeout_error_and_goes_on(run: Run) -> None:
    async def main() -> None:
        slow = asyncio.get_running_loop().create_future()
        with pytest.raises(TimeoutError, match=r"^Timeout$"):
            await gen.with_timeout(NOW, slow)
        with pytest.raises(gen.TimeoutError, match="too slow"):
            await gen.with_timeout(NOW, slow, message="too slow")
        with pytest.raises(TimeoutError, match="made late"):
            await gen.with_timeout(NOW, slow, message=lambda: "made late")
        assert not slow.cancelled()
        slow.set_result(1)

    run(main())


def test_a_result_that_is_there_counts_although_the_time_is_over(run: Run) -> None:
    async def main() -> None:
        sources: list[Any] = [asyncio.get_running_loop().create_future()]
        sources.append(concurrent.futures.Future())
        for source in sources:
            result = gen.with_timeout(datetime.timedelta(milliseconds=1), source)
            time.sleep(0.01)  # the loop hears of both in one turn
            source.set_result("late")
            assert await result == "late"

    run(main())


def test_an_absolute_deadline_counts_on_the_registered_clock() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        set_clock(loop, lambda: 5000 + loop.time())
        with pytest.raises(TimeoutError):
            await gen.with_timeout(5003, gen.sleep(100))
        return loop.time()

    assert run_virtual(main()) == 3


def test_without_a_registered_clock_it_counts_on_the_wall_clock(run: Run) -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError):
            await gen.with_timeout(time.time() - 1, gen.sleep(1000))
        with pytest.raises(TypeError, match="deadline"):
            await gen.with_timeout("soon", gen.sleep(1000))  # type: ignore[arg-type]

    run(main())


def test_an_error_after_the_timeout_is_logged_unless_it_is_quiet(run: Run, logs: LogWatch) -> None:
    async def main() -> None:
        for quiet in ((), KeyError):
            slow = asyncio.get_running_loop().create_future()
            with pytest.raises(TimeoutError):
                await gen.with_timeout(NOW, slow, quiet_exceptions=quiet)
            slow.set_exception(KeyError())
            await asyncio.sleep(0)

    with logs.expect("whirlwind.application", "after timeout"):
        run(main())


def test_the_timer_goes_with_the_wait(run: Run) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        handles: list[asyncio.TimerHandle] = []
        call_later = loop.call_later

        class Watching:
            def __getattr__(self, name: str) -> Any:
                return getattr(loop, name)

            def call_later(self, *args: Any, **kwargs: Any) -> asyncio.TimerHandle:
                handles.append(call_later(*args, **kwargs))
                return handles[-1]

        asyncio._set_running_loop(Watching())  # type: ignore[arg-type]
        try:
            in_time = gen.with_timeout(FOREVER, asyncio.sleep(0))
            given_up = gen.with_timeout(FOREVER, slow := loop.create_future())
        finally:
            asyncio._set_running_loop(loop)
        await in_time
        given_up.cancel()
        await asyncio.sleep(0)
        assert [handle.cancelled() for handle in handles] == [True, True]
        assert not slow.cancelled()

    run(main())


def test_a_pool_future_may_be_late_too(run: Run) -> None:
    release = threading.Event()

    async def main() -> None:
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            working = pool.submit(release.wait)
            with pytest.raises(TimeoutError):
                await gen.with_timeout(NOW, working)
            release.set()
            assert await gen.with_timeout(FOREVER, working) is True

    run(main())


# --- multi ------------------------------------------------------------------------------------


def test_multi_takes_any_iterable_and_nests(run: Run) -> None:
    async def main() -> None:
        assert await gen.multi(asyncio.sleep(0, n) for n in range(3)) == [0, 1, 2]
        assert await gen.multi({"a": [asyncio.sleep(0, 1)], "b": None}) == {"a": [1], "b": None}
        assert await gen.multi([]) == []

    run(main())


def test_multi_says_what_it_cannot_wait_for() -> None:
    with pytest.raises(gen.BadYieldError):
        gen.multi([1])


def test_cancelling_multi_cancels_its_children(run: Run) -> None:
    async def main() -> None:
        children = [asyncio.get_running_loop().create_future() for _ in range(3)]
        whole = gen.multi(children)
        whole.cancel()
        with pytest.raises(asyncio.CancelledError):
            await whole
        assert whole.cancelled()
        assert all(child.cancelled() for child in children)

    run(main())


# --- WaitIterator -----------------------------------------------------------------------------


def test_futures_come_in_the_order_in_which_they_end(run: Run) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        futures = [loop.create_future() for _ in range(3)]
        for turn in (2, 0, 1):
            loop.call_soon(futures[turn].set_result, turn)
        iterator: Any = gen.WaitIterator(*futures)
        assert not iterator.done()
        seen = []
        while not iterator.done():
            result = await iterator.next()
            assert iterator.current_future is futures[result]
            seen.append((iterator.current_index, result))
        assert seen == [(2, 2), (0, 0), (1, 1)]

    run(main())


def test_names_duplicates_and_async_for(run: Run) -> None:
    async def main() -> None:
        done = gen.maybe_future("x")
        named = gen.WaitIterator(a=done, b=asyncio.ensure_future(asyncio.sleep(0, "y")))
        assert [(named.current_index, value) async for value in named] == [("a", "x"), ("b", "y")]
        twice = gen.WaitIterator(done, done)
        assert [(twice.current_index, value) async for value in twice] == [(0, "x"), (1, "x")]
        with pytest.raises(ValueError, match="not both"):
            gen.WaitIterator(done, a=done)

    run(main())


def test_an_error_names_its_future_by_the_index(run: Run) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        broken = loop.create_future()
        broken.set_exception(KeyError("k"))
        iterator = gen.WaitIterator(loop.create_future(), broken)
        with pytest.raises(KeyError):
            await iterator.next()
        assert iterator.current_index == 1
        assert not iterator.done()

    run(main())


# --- Runner -----------------------------------------------------------------------------------


def test_a_runner_drives_a_generator_that_has_begun(run: Run) -> None:
    def body() -> Steps:
        first = yield asyncio.sleep(0, 1)
        try:
            yield gen.with_timeout(NOW, gen.sleep(1000))
        except TimeoutError:
            return first + 1

    async def main() -> None:
        generator = body()
        result: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        runner = gen.Runner(contextvars.copy_context().run, generator, result, next(generator))
        assert await result == 2
        assert runner.finished

    run(main())


def test_a_runner_goes_through_what_is_done_at_once_and_gives_others_a_turn(run: Run) -> None:
    def body() -> Steps:
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        done.set_result(1)
        one = yield done
        pool: concurrent.futures.Future[int] = concurrent.futures.Future()
        pool.set_result(2)
        two = yield pool
        turn.append("before")
        yield gen.moment
        yield None
        return one + two

    turn: list[str] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        generator = body()
        result: asyncio.Future[Any] = loop.create_future()
        runner = gen.Runner(contextvars.copy_context().run, generator, result, next(generator))
        assert turn == ["before"]
        assert not runner.finished
        loop.call_soon(turn.append, "other")
        assert await result == 3
        assert turn == ["before", "other"]
        assert runner.result_future is None
        assert runner.future is None

    run(main())


def test_an_exception_can_take_the_place_of_what_a_runner_waits_for(run: Run) -> None:
    def body(waited: asyncio.Future[None]) -> Steps:
        try:
            yield waited
        except ZeroDivisionError:
            yield object()  # nothing that one could wait for

    async def main() -> None:
        loop = asyncio.get_running_loop()
        waited: asyncio.Future[None] = loop.create_future()
        generator = body(waited)
        result: asyncio.Future[Any] = loop.create_future()
        runner = gen.Runner(contextvars.copy_context().run, generator, result, next(generator))
        assert runner.future is waited
        error = ZeroDivisionError()
        assert runner.handle_exception(ZeroDivisionError, error, None)
        with pytest.raises(gen.BadYieldError):
            await result
        assert runner.finished
        assert not runner.handle_exception(ZeroDivisionError, error, None)
        waited.set_result(None)
        await asyncio.sleep(0)

    run(main())


def test_a_runner_steps_in_its_context_and_ends_as_its_generator_does(run: Run) -> None:
    variable = contextvars.ContextVar("variable", default="outside")

    def body(ending: BaseException | None) -> Steps:
        variable.set("inside")
        yield asyncio.sleep(0)
        seen.append(variable.get())
        if ending is not None:
            raise ending

    seen: list[str] = []

    async def main() -> None:
        endings: tuple[BaseException | None, ...]
        endings = (None, ZeroDivisionError(), asyncio.CancelledError())
        for ending in endings:
            context = contextvars.copy_context()
            generator = body(ending)
            result: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            gen.Runner(context.run, generator, result, context.run(next, generator))
            outcome: Any = (await asyncio.gather(result, return_exceptions=True))[0]
            assert isinstance(outcome, type(ending))
        assert variable.get() == "outside"

    run(main())
    assert set(seen) == {"inside"}
