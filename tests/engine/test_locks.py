"""Locks: order, timeouts, cancelling, and what each says about itself."""

from __future__ import annotations

import asyncio
import datetime
import gc
import weakref
from collections.abc import Awaitable, Callable, Generator
from typing import Any

import pytest
from tests.support.loops import FACTORIES, LoopFactory, run

from whirlwind import gen, locks
from whirlwind._engine.clock import set_clock
from whirlwind._engine.waiters import Waiter

SECOND = datetime.timedelta(seconds=1)
NO_TIME = datetime.timedelta(0)


@pytest.fixture(params=list(FACTORIES))
def factory(request: pytest.FixtureRequest) -> LoopFactory:
    return FACTORIES[request.param]


async def turn() -> None:
    """Let everything that is ready now run."""
    await asyncio.sleep(0)


async def wait_for_future(future: asyncio.Future[Any]) -> Any:
    """A coroutine to make a task of, which waits for a future."""
    return await future


async def let_go(task: asyncio.Future[Any]) -> None:
    """Wait for a cancelled task."""
    with pytest.raises(asyncio.CancelledError):
        await task


# --- what need not wait -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(lambda: locks.Lock().acquire(), id="Lock"),
        pytest.param(lambda: locks.Semaphore().acquire(), id="Semaphore"),
        pytest.param(lambda: locks.BoundedSemaphore(2).acquire(), id="BoundedSemaphore"),
    ],
)
def test_a_free_lock_is_acquired_without_a_turn_of_the_loop(
    start: Callable[[], asyncio.Future[Any]], factory: LoopFactory
) -> None:
    async def main() -> None:
        passed: list[str] = []
        asyncio.get_running_loop().call_soon(passed.append, "turn")
        future = start()
        assert future.done()
        await future
        assert passed == []

    run(main(), factory)


def test_an_event_that_is_set_is_waited_for_without_a_turn_of_the_loop() -> None:
    async def main() -> None:
        event = locks.Event()
        event.set()
        assert event.wait().done()
        assert event.wait(timeout=0).done()

    run(main())


def test_a_lock_can_be_made_where_no_loop_is_and_serve_one_loop_after_another() -> None:
    lock = locks.Lock()

    async def main() -> None:
        async with lock:
            waiting = lock.acquire()
            assert not waiting.done()
        await waiting
        lock.release()

    for factory in FACTORIES.values():
        run(main(), factory)
    assert lock.statistics() == locks.LockStatistics(locked=False, waiting=0)


# --- order ------------------------------------------------------------------------------------


def test_those_who_wait_longest_get_the_lock_first(factory: LoopFactory) -> None:
    async def main() -> None:
        lock = locks.Lock()
        order: list[int] = []

        async def visitor(number: int) -> None:
            async with lock:
                order.append(number)
                await turn()

        await asyncio.gather(*[visitor(number) for number in range(10)])
        assert order == list(range(10))

    run(main(), factory)


def test_a_newcomer_does_not_overtake_the_line_in_the_turn_of_the_release() -> None:
    async def main() -> None:
        lock = locks.Lock()
        await lock.acquire()
        first = lock.acquire()
        lock.release()
        newcomer = lock.acquire()
        assert first.done()
        assert not newcomer.done()
        lock.release()
        assert newcomer.done()
        lock.release()

    run(main())


def test_so_many_hold_a_semaphore_as_it_has_permits() -> None:
    async def main() -> None:
        semaphore = locks.Semaphore(3)
        inside = most = 0

        async def visitor() -> None:
            nonlocal inside, most
            async with semaphore:
                inside += 1
                most = max(most, inside)
                await turn()
                inside -= 1

        await asyncio.gather(*[visitor() for _ in range(10)])
        assert most == 3
        assert semaphore.statistics() == locks.SemaphoreStatistics(value=3, waiting=0)

    run(main())


def test_a_semaphore_may_be_released_by_anybody_and_grows() -> None:
    async def main() -> None:
        semaphore = locks.Semaphore(0)
        waiting = semaphore.acquire()
        semaphore.release()
        assert waiting.done()
        semaphore.release()
        semaphore.release()
        assert semaphore.statistics().value == 2

    run(main())


def test_a_bounded_semaphore_does_not_grow() -> None:
    async def main() -> None:
        semaphore = locks.BoundedSemaphore(1)
        await semaphore.acquire()
        semaphore.release()
        with pytest.raises(ValueError, match="released too many times"):
            semaphore.release()

    run(main())


def test_a_semaphore_needs_a_number_that_is_not_negative() -> None:
    for kind in (locks.Semaphore, locks.BoundedSemaphore):
        with pytest.raises(ValueError, match="must be >= 0, not -1"):
            kind(-1)


def test_an_unlocked_lock_cannot_be_released() -> None:
    with pytest.raises(RuntimeError, match="release unlocked lock"):
        locks.Lock().release()


def test_notify_wakes_as_many_as_it_says_in_order() -> None:
    async def main() -> None:
        condition = locks.Condition()
        waiting = [condition.wait() for _ in range(5)]
        condition.notify()
        assert [future.done() for future in waiting] == [True, False, False, False, False]
        condition.notify(2)
        assert [future.done() for future in waiting] == [True, True, True, False, False]
        condition.notify_all()
        assert await asyncio.gather(*waiting) == [True] * 5
        condition.notify()  # nobody: it is gone
        assert not condition.wait().done()

    run(main())


def test_an_event_wakes_everybody_even_if_cleared_in_the_same_turn() -> None:
    async def main() -> None:
        event = locks.Event()
        waiting = [asyncio.ensure_future(event.wait()) for _ in range(3)]
        await turn()
        event.set()
        event.clear()
        await asyncio.gather(*waiting)
        assert not event.is_set()
        assert not event.wait().done()

    run(main())


# --- with statements --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [locks.Lock, locks.Semaphore, locks.BoundedSemaphore])
def test_the_lock_is_released_when_the_block_fails(kind: Callable[[], locks.Lock]) -> None:
    async def main() -> None:
        lock = kind()
        with pytest.raises(KeyError):
            async with lock:
                raise KeyError
        with pytest.raises(KeyError), await lock.acquire():
            raise KeyError
        assert lock.acquire().done()

    run(main())


@pytest.mark.parametrize("kind", [locks.Lock, locks.Semaphore, locks.BoundedSemaphore])
def test_a_plain_with_says_what_to_write_instead(kind: Callable[[], Any]) -> None:
    with pytest.raises(RuntimeError, match=r"async with.*with \(yield lock.acquire\(\)\)"), kind():
        pass


# --- timeouts ---------------------------------------------------------------------------------


def waits(timeout: Any) -> dict[str, Callable[[], Awaitable[Any]]]:
    """Something to wait for in vain, from each lock."""
    lock, semaphore = locks.Lock(), locks.Semaphore(0)

    async def hold() -> None:
        await lock.acquire()
        await lock.acquire(timeout=timeout)

    return {
        "Lock": hold,
        "Semaphore": lambda: semaphore.acquire(timeout=timeout),
        "Event": lambda: locks.Event().wait(timeout=timeout),
    }


@pytest.mark.parametrize("name", ["Lock", "Semaphore", "Event"])
@pytest.mark.parametrize("timeout", [0, 0.0, 1, NO_TIME, -SECOND])
def test_a_timeout_that_has_passed_ends_the_wait_in_the_next_turn(
    name: str, timeout: Any, factory: LoopFactory
) -> None:
    async def main() -> None:
        task = asyncio.ensure_future(waits(timeout)[name]())
        await turn()
        await turn()
        await turn()
        assert task.done()
        with pytest.raises(TimeoutError, match="timed out"):
            await task

    run(main(), factory)


@pytest.mark.parametrize("name", ["Lock", "Semaphore", "Event"])
def test_a_timedelta_counts_from_now(name: str) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        with pytest.raises(TimeoutError):
            await waits(5 * SECOND)[name]()
        assert loop.time() == pytest.approx(5)

    run(main())


@pytest.mark.parametrize("name", ["Lock", "Semaphore", "Event"])
def test_a_number_is_a_point_in_time_on_the_clock_of_the_loop(name: str) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        set_clock(loop, lambda: loop.time() + 1_000)
        with pytest.raises(TimeoutError):
            await waits(1_005)[name]()
        assert loop.time() == pytest.approx(5)

    run(main())


def test_a_condition_reads_false_when_the_timeout_passes() -> None:
    async def main() -> None:
        condition = locks.Condition()
        assert await condition.wait(timeout=0) is False
        assert await condition.wait(timeout=SECOND) is False
        waiting = condition.wait(timeout=SECOND)
        condition.notify()
        assert await waiting is True

    run(main())


@pytest.mark.parametrize("timeout", ["soon", object()])
def test_something_else_than_a_timeout_is_refused_and_leaves_nobody_in_line(timeout: Any) -> None:
    async def main() -> None:
        condition = locks.Condition()
        with pytest.raises(TypeError, match="expected seconds or a timedelta"):
            condition.wait(timeout=timeout)
        assert condition.statistics().waiting == 0

    run(main())


def test_what_comes_in_time_comes_even_if_the_timeout_passes_in_the_same_turn() -> None:
    async def main() -> None:
        lock = locks.Lock()
        await lock.acquire()
        waiting = lock.acquire(timeout=0)
        lock.release()
        await turn()
        await waiting
        lock.release()
        assert not lock.statistics().locked

    run(main())


def test_lines_do_not_grow_by_waiters_whose_time_has_passed() -> None:
    async def main() -> None:
        condition, semaphore, event = locks.Condition(), locks.Semaphore(0), locks.Event()
        patient = condition.wait()
        failed: list[asyncio.Future[Any]] = []
        for _ in range(1_000):
            condition.wait(timeout=SECOND)
            failed += [semaphore.acquire(timeout=SECOND), event.wait(timeout=SECOND)]
        assert condition.statistics().waiting == 1_001
        await asyncio.wait(failed)
        assert {type(future.exception()) for future in failed} == {TimeoutError}
        assert condition.statistics().waiting == 1
        assert semaphore.statistics().waiting == 0
        assert event.statistics().waiting == 0
        condition.notify()
        assert await patient

    run(main())


def test_a_timer_goes_when_the_wait_is_over() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        condition = locks.Condition()
        notified = condition.wait(timeout=SECOND)
        cancelled = condition.wait(timeout=SECOND)
        condition.notify()
        cancelled.cancel()
        alive = [timer for timer in loop._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]
        assert alive == []
        assert await notified

    run(main())


# --- cancelling -------------------------------------------------------------------------------


def test_a_cancelled_waiter_leaves_the_line_at_once() -> None:
    async def main() -> None:
        lock = locks.Lock()
        await lock.acquire()
        first, second = lock.acquire(), lock.acquire()
        assert first.cancel()
        assert lock.statistics().waiting == 1
        lock.release()
        assert second.done()
        assert first.cancelled()

    run(main())


async def holder(lock: Any, log: list[str], name: str) -> None:
    async with lock:
        log.append(name)


@pytest.mark.parametrize(
    "make", [locks.Lock, locks.Semaphore, locks.BoundedSemaphore], ids=lambda kind: kind.__name__
)
def test_a_lock_given_to_a_task_that_is_cancelled_before_it_runs_is_handed_on(
    make: Callable[[], Any], factory: LoopFactory
) -> None:
    async def main() -> None:
        lock = make()
        log: list[str] = []
        await lock.acquire()
        first = asyncio.ensure_future(holder(lock, log, "first"))
        second = asyncio.ensure_future(holder(lock, log, "second"))
        await turn()
        lock.release()  # now the first has it, and does not know
        assert first.cancel("changed my mind")
        with pytest.raises(asyncio.CancelledError, match="changed my mind"):
            await first
        await second
        assert log == ["second"]
        with await lock.acquire(timeout=0):
            pass

    run(main(), factory)


@pytest.mark.parametrize(
    "make", [locks.Lock, locks.Semaphore, locks.BoundedSemaphore], ids=lambda kind: kind.__name__
)
def test_a_lock_given_to_a_cancelled_task_is_free_if_nobody_else_waits(
    make: Callable[[], Any],
) -> None:
    async def main() -> None:
        lock = make()
        await lock.acquire()
        only = asyncio.ensure_future(holder(lock, [], "only"))
        await turn()
        lock.release()
        only.cancel()
        await let_go(only)
        assert lock.acquire().done()
        lock.release()
        assert "unlocked" in repr(lock)

    run(main())


def test_coroutines_of_ours_hand_on_as_tasks_do(factory: LoopFactory) -> None:
    async def main() -> None:
        lock = locks.Lock()
        log: list[str] = []

        @gen.coroutine
        def visit(name: str) -> Generator[Any, Any, None]:
            with (yield lock.acquire()):
                log.append(name)

        await lock.acquire()
        first, second = visit("first"), visit("second")
        lock.release()
        assert first.cancel()
        await second
        await let_go(first)
        assert log == ["second"]
        assert not lock.statistics().locked

    run(main(), factory)


def test_a_whole_line_that_is_cancelled_in_the_turn_of_the_release_loses_nothing() -> None:
    async def main() -> None:
        lock = locks.Lock()
        await lock.acquire()
        line = [asyncio.ensure_future(holder(lock, [], str(n))) for n in range(5)]
        await turn()
        lock.release()
        for task in line:
            task.cancel()
        for task in line:
            await let_go(task)
        assert lock.statistics() == locks.LockStatistics(locked=False, waiting=0)

    run(main())


def test_a_notification_of_a_cancelled_waiter_goes_to_the_next() -> None:
    async def main() -> None:
        condition = locks.Condition()
        first = asyncio.ensure_future(wait_for_future(condition.wait()))
        second = asyncio.ensure_future(wait_for_future(condition.wait()))
        await turn()
        condition.notify()
        first.cancel()
        await let_go(first)
        assert await second is True

    run(main())


def test_a_notification_of_all_is_not_passed_to_those_who_come_after_it() -> None:
    async def main() -> None:
        condition = locks.Condition()
        first = asyncio.ensure_future(wait_for_future(condition.wait()))
        await turn()
        condition.notify_all()
        later = condition.wait()
        first.cancel()
        await let_go(first)
        assert not later.done()

    run(main())


def test_a_waiter_cancelled_before_its_callbacks_ran_reads_as_cancelled() -> None:
    async def main() -> None:
        lock = locks.Lock()
        await lock.acquire()
        waiter = lock.acquire()
        seen: list[bool] = []
        waiter.add_done_callback(lambda future: seen.append(future.cancelled()))
        lock.release()
        assert waiter.cancel("enough")
        assert not waiter.cancel()
        assert waiter.cancelled()
        assert waiter.done()
        for look in (waiter.result, waiter.exception):
            with pytest.raises(asyncio.CancelledError, match="enough"):
                look()
        with pytest.raises(asyncio.CancelledError, match="enough"):
            await waiter
        await turn()
        assert seen == [True]
        assert not lock.statistics().locked

    run(main())


def test_a_waiter_cannot_be_cancelled_once_its_callbacks_ran() -> None:
    async def main() -> None:
        lock = locks.Lock()
        await lock.acquire()
        waiter = lock.acquire()
        lock.release()
        await turn()
        assert not waiter.cancel()
        with await waiter:
            assert lock.statistics().locked
        assert not lock.statistics().locked

    run(main())


def test_a_timeout_around_the_wait_cancels_it(factory: LoopFactory) -> None:
    async def main() -> None:
        lock = locks.Lock()
        await lock.acquire()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await lock.acquire()
        assert lock.statistics() == locks.LockStatistics(locked=True, waiting=0)

    run(main(), factory)


def test_a_waiter_that_somebody_else_resolved_is_passed_over() -> None:
    async def main() -> None:
        lock = locks.Lock()
        await lock.acquire()
        odd, next_one = lock.acquire(timeout=SECOND), lock.acquire()
        odd.set_exception(KeyError())
        lock.release()
        await next_one
        await asyncio.sleep(2)  # on the clock of the loop
        with pytest.raises(KeyError):
            await odd

    run(main())


# --- what they leave behind, and say about themselves -----------------------------------------


def test_locks_leave_no_reference_cycles() -> None:
    async def main() -> None:
        gone: list[weakref.ref[Any]] = []
        for make in (locks.Lock, locks.Semaphore):
            lock = make()
            with await lock.acquire():
                waiter = lock.acquire(timeout=SECOND)
                cancelled = lock.acquire(timeout=SECOND)
                cancelled.cancel()
                await turn()
            with await waiter:
                late = lock.acquire(timeout=0)
                await asyncio.wait([late])
            gone += [weakref.ref(thing) for thing in (lock, waiter, late, cancelled)]
        del lock, waiter, late, cancelled
        await turn()  # the loop holds the callback that it ran last
        assert [ref() for ref in gone] == [None] * 8

    gc.collect()
    gc.disable()
    try:
        run(main())
    finally:
        gc.enable()


def test_statistics_count_who_waits() -> None:
    async def main() -> None:
        lock, semaphore = locks.Lock(), locks.BoundedSemaphore(2)
        condition, event = locks.Condition(), locks.Event()
        kept: list[asyncio.Future[Any]] = [lock.acquire() for _ in range(3)]
        kept += [semaphore.acquire() for _ in range(5)]
        kept += [condition.wait(), event.wait(), event.wait()]
        assert lock.statistics() == locks.LockStatistics(locked=True, waiting=2)
        assert semaphore.statistics() == locks.SemaphoreStatistics(value=0, waiting=3)
        assert condition.statistics() == locks.ConditionStatistics(waiting=1)
        assert event.statistics() == locks.EventStatistics(is_set=False, waiting=2)
        with pytest.raises(AttributeError):
            event.statistics().waiting = 0  # type: ignore[misc]
        for future in kept:
            future.cancel()

    run(main())


def test_representations_show_state_and_waiters() -> None:
    async def main() -> None:
        lock, semaphore = locks.Lock(), locks.Semaphore(2)
        condition, event = locks.Condition(), locks.Event()
        assert repr(lock).endswith("[unlocked]>")
        assert repr(semaphore).endswith("[unlocked,value:2]>")
        assert repr(condition) == "<Condition>"
        assert repr(event) == "<Event clear>"
        await lock.acquire()
        waiting = lock.acquire()
        assert repr(lock).endswith("[locked,waiters:1]>")
        assert repr(waiting) == "<waiting for Lock.acquire()>"
        lock.release()
        waiting.cancel()
        assert repr(waiting) == "<cancelled wait for Lock.acquire()>"
        notified = condition.wait()
        assert repr(condition) == "<Condition waiters[1]>"
        condition.notify()
        assert isinstance(notified, Waiter)
        assert "result=True" in repr(notified)
        event.set()
        assert repr(event) == "<Event set>"

    run(main())
