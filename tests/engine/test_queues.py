"""Queues: order, room, timeouts, cancelling, and a model that they are compared with."""

from __future__ import annotations

import asyncio
import datetime
import heapq
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.support.loops import FACTORIES, LoopFactory, run

from whirlwind import queues
from whirlwind._base.errors import WhirlwindError
from whirlwind._engine.waiters import MOST_EXPIRED

SECOND = datetime.timedelta(seconds=1)
KINDS = [queues.Queue, queues.LifoQueue, queues.PriorityQueue]

QueueFactory = Callable[..., "queues.Queue[Any]"]


@pytest.fixture(params=list(FACTORIES))
def factory(request: pytest.FixtureRequest) -> LoopFactory:
    return FACTORIES[request.param]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def kind(request: pytest.FixtureRequest) -> QueueFactory:
    made: QueueFactory = request.param
    return made


async def turn() -> None:
    """Let everything that is ready now run."""
    await asyncio.sleep(0)


async def get(queue: queues.Queue[Any]) -> Any:
    """A coroutine to make a task of, which takes one item."""
    return await queue.get()


# --- one after another ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind_of_queue", "expected"),
    [
        (queues.Queue, [2, 3, 1]),
        (queues.LifoQueue, [1, 3, 2]),
        (queues.PriorityQueue, [1, 2, 3]),
    ],
)
def test_items_come_out_in_the_order_of_the_kind(
    kind_of_queue: QueueFactory, expected: list[int]
) -> None:
    queue = kind_of_queue()
    for item in (2, 3, 1):
        queue.put_nowait(item)
    assert [queue.get_nowait() for _ in range(3)] == expected


def test_nothing_waits_where_there_are_items_and_room(
    kind: QueueFactory, factory: LoopFactory
) -> None:
    async def main() -> None:
        passed: list[str] = []
        asyncio.get_running_loop().call_soon(passed.append, "turn")
        queue = kind(maxsize=1)
        put = queue.put("item")
        assert put.done()
        assert await put is None  # type: ignore[func-returns-value]
        got = queue.get()
        assert got.done()
        assert await got == "item"
        queue.task_done()
        assert queue.join().done()
        assert passed == []

    run(main(), factory)


def test_a_queue_can_be_made_and_filled_where_no_loop_is(kind: QueueFactory) -> None:
    queue = kind()
    queue.put_nowait(1)

    async def main() -> None:
        assert await queue.get() == 1

    for _ in FACTORIES:
        run(main())
        queue.put_nowait(1)


def test_empty_and_full_queues_refuse_what_cannot_wait(kind: QueueFactory) -> None:
    queue = kind(maxsize=2)
    assert queue.empty()
    with pytest.raises(queues.QueueEmpty, match="no item"):
        queue.get_nowait()
    queue.put_nowait(1)
    assert not queue.empty()
    assert not queue.full()
    queue.put_nowait(2)
    assert queue.full()
    with pytest.raises(queues.QueueFull, match="2 items in a queue of maxsize 2"):
        queue.put_nowait(3)
    assert queue.qsize() == 2
    assert issubclass(queues.QueueFull, WhirlwindError)
    assert issubclass(queues.QueueEmpty, WhirlwindError)


def test_maxsize_is_a_number_that_is_not_negative(kind: QueueFactory) -> None:
    assert kind().maxsize == 0
    assert kind(7).maxsize == 7
    with pytest.raises(TypeError, match="can't be None"):
        kind(None)
    with pytest.raises(ValueError, match="can't be negative, and is -1"):
        kind(-1)


# --- waiting ----------------------------------------------------------------------------------


def test_an_item_goes_to_whoever_has_waited_longest(
    kind: QueueFactory, factory: LoopFactory
) -> None:
    async def main() -> None:
        queue = kind()
        first, second, third = [queue.get() for _ in range(3)]
        queue.put_nowait("a")
        queue.put_nowait("b")
        newcomer = queue.get()
        queue.put_nowait("c")
        queue.put_nowait("d")
        assert [await f for f in (first, second, third, newcomer)] == ["a", "b", "c", "d"]

    run(main(), factory)


def test_a_full_queue_lets_putters_in_one_by_one_in_order() -> None:
    async def main() -> None:
        queue: queues.Queue[int] = queues.Queue(maxsize=1)
        putters = [queue.put(n) for n in range(3)]
        assert [put.done() for put in putters] == [True, False, False]
        assert await queue.get() == 0
        assert [put.done() for put in putters] == [True, True, False]
        assert queue.get_nowait() == 1
        assert [put.done() for put in putters] == [True, True, True]
        assert await queue.get() == 2

    run(main())


def test_the_item_of_a_waiting_putter_counts_in_the_order_of_the_queue() -> None:
    async def main() -> None:
        for kind, items, expected in (
            (queues.LifoQueue, [1, 2], 2),
            (queues.PriorityQueue, [5, 3], 3),
        ):
            queue: queues.Queue[int] = kind(maxsize=1)
            for item in items:
                queue.put(item)
            assert queue.get_nowait() == expected

    run(main())


def test_an_item_that_a_priority_queue_cannot_compare_is_the_error_of_its_putter() -> None:
    async def main() -> None:
        queue: queues.Queue[Any] = queues.PriorityQueue(maxsize=1)
        queue.put_nowait(1)
        wrong, right = queue.put("x"), queue.put(0)
        got = queue.get()
        with pytest.raises(TypeError):
            await wrong
        await right
        assert await got == 0

    run(main())


def test_async_for_takes_items_for_ever(kind: QueueFactory, factory: LoopFactory) -> None:
    async def main() -> None:
        queue = kind(maxsize=2)
        seen: list[int] = []

        async def worker() -> None:
            async for item in queue:
                seen.append(item)
                queue.task_done()

        task = asyncio.ensure_future(worker())
        for item in range(20):
            await queue.put(item)
        await queue.join()
        assert sorted(seen) == list(range(20))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert queue.statistics().getting == 0

    run(main(), factory)


def test_a_fraction_of_a_place_is_a_place() -> None:
    async def main() -> None:
        queue: queues.Queue[int] = queues.Queue(maxsize=1.5)  # type: ignore[arg-type]
        first, second, third = [queue.put(n) for n in range(3)]
        assert [first.done(), second.done(), third.done()] == [True, True, False]
        assert [queue.get_nowait() for _ in range(3)] == [0, 1, 2]
        assert third.done()

    run(main())


def test_a_timeout_that_nobody_looks_at_is_not_logged() -> None:
    async def main() -> None:
        queue: queues.Queue[int] = queues.Queue()
        queue.get(timeout=0)
        await turn()
        assert queue.statistics().getting == 0

    run(main())  # the fixture logs would see it


# --- work that is done ------------------------------------------------------------------------


def test_join_waits_until_the_work_on_every_item_is_done(kind: QueueFactory) -> None:
    async def main() -> None:
        queue = kind()
        queue.put_nowait(1)
        queue.put_nowait(2)
        joined = [queue.join(), queue.join()]
        for _ in range(2):
            await queue.get()
        queue.task_done()
        await turn()
        assert not joined[0].done()
        queue.task_done()
        await asyncio.gather(*joined)
        assert queue.join().done()
        with pytest.raises(ValueError, match="too many times"):
            queue.task_done()

    run(main())


def test_work_counts_for_items_that_never_rest_in_the_queue() -> None:
    async def main() -> None:
        queue: queues.Queue[int] = queues.Queue(maxsize=1)
        got = queue.get()
        queue.put_nowait(1)  # straight to the getter
        queue.put_nowait(2)
        late = queue.put(3)  # waits for room
        assert queue.statistics().unfinished == 2
        queue.get_nowait()
        assert queue.statistics().unfinished == 3
        await got
        await late

    run(main())


# --- timeouts ---------------------------------------------------------------------------------


@pytest.mark.parametrize("timeout", [0, 0.0, 1, datetime.timedelta(0), -SECOND])
@pytest.mark.parametrize("what", ["get", "put", "join"])
def test_a_timeout_that_has_passed_ends_the_wait(
    what: str, timeout: Any, kind: QueueFactory, factory: LoopFactory
) -> None:
    async def main() -> None:
        queue = kind(maxsize=1)
        if what == "get":
            waiting = queue.get(timeout=timeout)
        else:
            queue.put_nowait(1)
            waiting = queue.put(2, timeout=timeout) if what == "put" else queue.join(timeout)
        with pytest.raises(TimeoutError, match=rf"{what}\(\) timed out"):
            await waiting
        statistics = queue.statistics()
        assert (statistics.getting, statistics.putting) == (0, 0)
        if what != "get":
            assert queue.get_nowait() == 1
            assert queue.empty()

    run(main(), factory)


def test_a_timedelta_counts_from_now() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        queue: queues.Queue[int] = queues.Queue()
        with pytest.raises(TimeoutError):
            await queue.get(timeout=5 * SECOND)
        assert loop.time() == pytest.approx(5)
        waiting = queue.get(timeout=5 * SECOND)
        loop.call_later(1, queue.put_nowait, 1)
        assert await waiting == 1
        assert loop.time() == pytest.approx(6)

    run(main())


def test_a_timeout_does_not_matter_where_nothing_waits() -> None:
    async def main() -> None:
        queue: queues.Queue[int] = queues.Queue()
        await queue.put(1, timeout=0)
        assert await queue.get(timeout=0) == 1

    run(main())


def test_a_queue_does_not_grow_by_waiters_whose_time_has_passed(kind: QueueFactory) -> None:
    async def main() -> None:
        queue = kind(maxsize=1)
        late: list[asyncio.Future[Any]] = [queue.get(timeout=SECOND) for _ in range(1_000)]
        await asyncio.wait(late)
        assert len(queue._getters) <= MOST_EXPIRED
        assert queue.statistics().getting == 0
        queue.put_nowait(0)
        late += [queue.put(n, timeout=SECOND) for n in range(1_000)]
        late += [queue.join(timeout=SECOND) for _ in range(1_000)]
        await asyncio.wait(late)
        assert queue.statistics().putting == 0
        assert queue._joiners.live() == 0
        assert {type(future.exception()) for future in late} == {TimeoutError}

    run(main())


# --- cancelling -------------------------------------------------------------------------------


def test_an_item_given_to_a_task_that_is_cancelled_before_it_runs_goes_to_the_next(
    kind: QueueFactory, factory: LoopFactory
) -> None:
    async def main() -> None:
        queue = kind()
        first, second = [asyncio.ensure_future(get(queue)) for _ in range(2)]
        await turn()
        queue.put_nowait("item")
        first.cancel()
        assert await second == "item"
        with pytest.raises(asyncio.CancelledError):
            await first

    run(main(), factory)


@pytest.mark.parametrize(
    ("kind_of_queue", "expected"),
    [
        (queues.Queue, [1, 2, 0]),
        (queues.LifoQueue, [1, 0, 2]),
        (queues.PriorityQueue, [0, 1, 2]),
    ],
)
def test_an_item_of_a_cancelled_getter_goes_back_to_its_place(
    kind_of_queue: QueueFactory, expected: list[int]
) -> None:
    async def main() -> None:
        queue = kind_of_queue(maxsize=2)
        getter = asyncio.ensure_future(get(queue))
        await turn()
        for item in (1, 2, 0):
            queue.put_nowait(item)
        assert queue.full()
        getter.cancel()
        assert queue.qsize() == 3
        late = queue.put(9)
        with pytest.raises(asyncio.CancelledError):
            await getter
        order = [queue.get_nowait()]
        assert queue.qsize() == 2
        assert not late.done()  # the item that came back has taken the room
        # Last in, first out: what waits for room comes in before the next item goes out.
        order += [queue.get_nowait() for _ in range(3)]
        order.remove(9)
        assert queue.empty()
        assert late.done()
        assert order == expected if kind_of_queue is not queues.LifoQueue else sorted(order)
        assert queue.statistics().unfinished == 4

    run(main())


def test_a_putter_that_is_cancelled_takes_its_item_along(kind: QueueFactory) -> None:
    async def main() -> None:
        queue = kind(maxsize=1)
        queue.put_nowait(1)
        cancelled, patient = queue.put(2), queue.put(3)
        assert cancelled.cancel()
        assert await queue.get() == (1 if kind is not queues.LifoQueue else 3)
        await patient
        assert await queue.get() == (3 if kind is not queues.LifoQueue else 1)
        assert queue.empty()
        assert queue.statistics().unfinished == 2

    run(main())


def test_an_item_that_found_room_stays_although_its_putter_is_cancelled() -> None:
    async def main() -> None:
        queue: queues.Queue[int] = queues.Queue(maxsize=1)
        queue.put_nowait(1)
        putter = queue.put(2)
        assert queue.get_nowait() == 1
        assert not putter.cancel()
        assert queue.get_nowait() == 2

    run(main())


# --- subclasses, statistics, representation ---------------------------------------------------


def test_a_subclass_may_keep_its_items_in_a_way_of_its_own() -> None:
    class UniqueQueue(queues.Queue[str]):
        """Holds equal items once."""

        def _init(self) -> None:
            self._queue = {}

        def _put(self, item: str) -> None:
            self._queue[item] = None

        def _get(self) -> str:
            item: str = next(iter(self._queue))
            del self._queue[item]
            return item

    async def main() -> None:
        queue = UniqueQueue(maxsize=3)
        for item in "aba":
            await queue.put(item)
        assert queue.qsize() == 2
        assert [queue.get_nowait() for _ in range(2)] == ["a", "b"]
        getter = asyncio.ensure_future(get(queue))
        await turn()
        queue.put_nowait("c")
        getter.cancel()
        with pytest.raises(asyncio.CancelledError):
            await getter
        assert queue.get_nowait() == "c"

    run(main())


def test_statistics_and_representation_count_items_waiters_and_work() -> None:
    async def main() -> None:
        queue: queues.Queue[int] = queues.Queue(maxsize=1)
        assert str(queue) == "<Queue maxsize=1>"
        getting = [queue.get(), queue.get()]
        assert queue.statistics() == queues.QueueStatistics(
            size=0, maxsize=1, getting=2, putting=0, unfinished=0
        )
        assert str(queue) == "<Queue maxsize=1 getters[2]>"
        putting = [queue.put(n) for n in range(5)]
        assert queue.statistics() == queues.QueueStatistics(
            size=1, maxsize=1, getting=0, putting=2, unfinished=3
        )
        assert str(queue) == "<Queue maxsize=1 queue=deque([2]) putters[2] tasks=3>"
        assert repr(queue).startswith("<Queue at 0x")
        with pytest.raises(AttributeError):
            queue.statistics().size = 0  # type: ignore[misc]
        for put in putting:
            put.cancel()
        assert [await future for future in getting] == [0, 1]

    run(main())


# --- against a model --------------------------------------------------------------------------


class Model(RuleBasedStateMachine):
    """Puts, gets and cancels in any order, beside a list that is kept sorted by hand."""

    make: QueueFactory = queues.Queue
    maxsize = 2

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.loop = self.runner.get_loop()
        asyncio.set_event_loop(self.loop)
        self.queue = self.make(self.maxsize)
        self.items: list[int] = []
        self.putters: list[tuple[int, asyncio.Future[None]]] = []
        self.getters: list[asyncio.Future[int]] = []
        self.expected: list[tuple[asyncio.Future[int], int]] = []
        self.put_in = 0

    def teardown(self) -> None:
        for getter in self.getters:
            getter.cancel()
        for _, putter in self.putters:
            putter.cancel()
        self.runner.close()
        asyncio.set_event_loop(None)

    def take(self) -> int:
        """What the queue must give next."""
        if self.make is queues.LifoQueue:
            return self.items.pop()
        if self.make is queues.PriorityQueue:
            return heapq.heappop(self.items)
        return self.items.pop(0)

    def add(self, item: int) -> None:
        self.put_in += 1
        if self.make is queues.PriorityQueue:
            heapq.heappush(self.items, item)
        else:
            self.items.append(item)

    @rule(item=st.integers(0, 9))
    def put(self, item: int) -> None:
        future = self.queue.put(item)
        if self.getters:
            self.put_in += 1
            self.expected.append((self.getters.pop(0), item))
        elif self.maxsize and len(self.items) >= self.maxsize:
            assert not future.done()
            self.putters.append((item, future))
            return
        else:
            self.add(item)
        assert future.done()

    @rule()
    def get(self) -> None:
        future = self.queue.get()
        if self.putters:
            item, put = self.putters.pop(0)
            self.add(item)
            assert put.done()
        if self.items:
            assert future.done()
            self.expected.append((future, self.take()))
        else:
            assert not future.done()
            self.getters.append(future)

    @precondition(lambda self: self.getters)
    @rule(data=st.data())
    def cancel_a_getter(self, data: st.DataObject) -> None:
        at = data.draw(st.integers(0, len(self.getters) - 1))
        assert self.getters.pop(at).cancel()

    @precondition(lambda self: self.putters)
    @rule(data=st.data())
    def cancel_a_putter(self, data: st.DataObject) -> None:
        at = data.draw(st.integers(0, len(self.putters) - 1))
        assert self.putters.pop(at)[1].cancel()

    @precondition(lambda self: self.getters and not self.putters)
    @rule(item=st.integers(0, 9))
    def put_and_cancel_who_gets_it(self, item: int) -> None:
        self.put_in += 1
        self.queue.put_nowait(item)
        assert self.getters.pop(0).cancel()
        if self.getters:
            self.expected.append((self.getters.pop(0), item))
        elif self.make is queues.PriorityQueue:
            heapq.heappush(self.items, item)
        elif self.make is queues.LifoQueue:
            self.items.append(item)
        else:
            self.items.insert(0, item)

    @rule()
    def let_the_loop_run(self) -> None:
        self.runner.run(turn())

    @invariant()
    def everybody_has_what_is_theirs(self) -> None:
        for future, item in self.expected:
            assert future.result() == item
        statistics = self.queue.statistics()
        assert statistics.size == len(self.items)
        assert statistics.getting == len(self.getters)
        assert statistics.putting == len(self.putters)
        assert statistics.unfinished == self.put_in
        assert not (self.items and self.getters)


class LifoModel(Model):
    make = queues.LifoQueue


class PriorityModel(Model):
    make = queues.PriorityQueue


class EndlessModel(Model):
    maxsize = 0


@pytest.mark.parametrize("model", [Model, LifoModel, PriorityModel, EndlessModel])
def test_a_queue_does_what_the_model_does(model: type[Model]) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(
        model,
        settings=settings(
            max_examples=40, stateful_step_count=30, deadline=None, derandomize=True, database=None
        ),
    )
