"""The loop as programs see it, on asyncio's loop and on uvloop."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import datetime
import functools
import gc
import signal
import sys
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
import uvloop
from tests.conftest import LogWatch
from tests.support.loops import FACTORIES, VirtualTimeLoop

from whirlwind import gen
from whirlwind._base.errors import BadYieldError
from whirlwind._engine import error_scope
from whirlwind._net.asyncio_loop import AsyncIOLoop, AsyncIOMainLoop, PollIOLoop
from whirlwind._net.ioloop import IOLoop


@pytest.fixture(params=FACTORIES)
def loop(request: pytest.FixtureRequest) -> Iterator[IOLoop]:
    made: IOLoop = IOLoop(asyncio_loop=FACTORIES[request.param]())
    yield made
    made.close(all_fds=True)


@pytest.fixture
def virtual() -> Iterator[IOLoop]:
    """A loop on which both clocks are the one that passes only while everybody waits."""
    asyncio_loop = VirtualTimeLoop()
    made: IOLoop = PollIOLoop(asyncio_loop=asyncio_loop, time_func=asyncio_loop.time)
    yield made
    made.close()


# Callbacks


def test_callbacks_run_in_order_with_their_arguments(loop: IOLoop) -> None:
    seen: list[object] = []
    loop.add_callback(seen.append, 1)
    loop.add_callback(lambda *args, **kwargs: seen.append((args, kwargs)), 2, key=3)
    loop.add_callback(loop.stop)
    loop.start()
    assert seen == [1, ((2,), {"key": 3})]


def test_a_callback_added_by_a_callback_waits_for_the_next_turn(loop: IOLoop) -> None:
    seen: list[str] = []

    def first() -> None:
        loop.add_callback(seen.append, "third")
        loop.add_callback(loop.stop)
        seen.append("first")

    loop.add_callback(first)
    loop.add_callback(seen.append, "second")
    loop.start()
    assert seen == ["first", "second", "third"]


def test_callbacks_from_four_threads_all_arrive(loop: IOLoop) -> None:
    each = 500
    seen: list[tuple[int, int]] = []
    barrier = threading.Barrier(4)

    def receive(sender: int, number: int) -> None:
        seen.append((sender, number))
        if len(seen) == 4 * each:
            loop.stop()

    def send(sender: int) -> None:
        barrier.wait()
        for number in range(each):
            loop.add_callback(receive, sender, number)

    threads = [threading.Thread(target=send, args=(sender,)) for sender in range(4)]
    for thread in threads:
        thread.start()
    loop.start()
    for thread in threads:
        thread.join()
    for sender in range(4):
        assert [number for who, number in seen if who == sender] == list(range(each))


def test_a_callback_from_a_thread_wakes_a_loop_that_sleeps(loop: IOLoop) -> None:
    running = threading.Event()

    def wake() -> None:
        running.wait()
        loop.add_callback(loop.stop)

    thread = threading.Thread(target=wake)
    thread.start()
    loop.add_callback(running.set)
    loop.start()
    thread.join()


def test_a_callback_keeps_the_context_in_which_it_was_added(loop: IOLoop) -> None:
    user: contextvars.ContextVar[str] = contextvars.ContextVar("user", default="nobody")
    seen: list[str] = []
    context = contextvars.copy_context()
    context.run(user.set, "ann")
    context.run(loop.add_callback, lambda: seen.append(user.get()))
    context.run(loop.call_later, 0, lambda: seen.append(user.get()))
    loop.call_later(0.001, loop.stop)
    loop.start()
    assert seen == ["ann", "ann"]


def test_a_closed_loop_swallows_callbacks(loop: IOLoop) -> None:
    other: IOLoop = IOLoop(make_current=False)
    other.close()
    other.add_callback(print, "never")


def test_a_callback_from_a_signal_handler_wakes_the_loop(loop: IOLoop) -> None:
    def handler(number: int, frame: object) -> None:
        with pytest.warns(DeprecationWarning, match="add_callback_from_signal"):
            loop.add_callback_from_signal(loop.stop)

    old = signal.signal(signal.SIGUSR1, handler)
    try:
        loop.add_callback(signal.raise_signal, signal.SIGUSR1)
        loop.start()
    finally:
        signal.signal(signal.SIGUSR1, old)


# Exceptions of callbacks


def _fail() -> None:
    raise ZeroDivisionError("deliberate")


async def _fail_later() -> None:
    await asyncio.sleep(0)
    raise ZeroDivisionError("deliberate")


@gen.coroutine
def _fail_in_coroutine() -> Any:
    yield gen.moment
    raise ZeroDivisionError("deliberate")


@pytest.mark.parametrize("failing", [_fail, _fail_later, _fail_in_coroutine])
def test_an_exception_of_a_callback_is_logged_and_the_loop_goes_on(
    loop: IOLoop, logs: LogWatch, failing: Any
) -> None:
    with logs.expect("whirlwind.application", "Exception in callback .*_fail"):
        loop.add_callback(failing)
        loop.run_sync(lambda: gen.multi([gen.sleep(0.001), asyncio.sleep(0.001)]))


def test_an_exception_of_a_timer_or_future_callback_is_logged(loop: IOLoop, logs: LogWatch) -> None:
    with logs.expect("whirlwind.application", "Exception in callback", count=2):
        loop.call_later(0, _fail)
        loop.add_future(_done_on(loop), lambda future: _fail())
        loop.call_later(0.001, loop.stop)
        loop.start()


def test_an_error_scope_is_offered_an_exception_before_it_is_logged(loop: IOLoop) -> None:
    received: list[str] = []

    def receive(error: BaseException) -> bool:
        received.append(str(error))
        if len(received) == 2:
            loop.stop()
        return True

    with error_scope.errors_to(receive):
        loop.add_callback(_fail)
        loop.add_callback(_fail_later)
    loop.start()
    assert received == ["deliberate", "deliberate"]


def test_a_subclass_reports_exceptions_its_own_way() -> None:
    reported: list[object] = []

    class Reporting(AsyncIOLoop):
        def handle_callback_exception(self, callback: Any) -> None:
            reported.append((callback, sys.exc_info()[0]))
            if len(reported) == 2:
                self.stop()

    loop = Reporting()
    loop.add_callback(_fail)
    loop.add_callback(_fail_later)
    loop.start()
    loop.close()
    assert reported == [(_fail, ZeroDivisionError), (_fail_later, ZeroDivisionError)]


def test_a_cancelled_callback_is_no_failure(loop: IOLoop) -> None:
    def give_up() -> None:
        raise asyncio.CancelledError

    loop.add_callback(give_up)
    loop.add_callback(loop.stop)
    loop.start()


def test_a_value_of_a_callback_that_is_no_awaitable_is_ignored(loop: IOLoop) -> None:
    for value in (5, "text", [1, 2], object()):
        loop.add_callback(lambda value=value: value)
    loop.run_sync(lambda: asyncio.sleep(0))


# Timers


def test_timers_run_in_the_order_of_their_times(virtual: IOLoop) -> None:
    seen: list[tuple[str, float]] = []

    def note(name: str) -> None:
        seen.append((name, virtual.time()))

    virtual.call_later(3, note, "call_later")
    virtual.call_at(virtual.time() + 1, note, name="call_at")
    virtual.add_timeout(virtual.time() + 2, note, "absolute")
    virtual.add_timeout(datetime.timedelta(seconds=4), note, "timedelta")
    virtual.call_later(5, virtual.stop)
    virtual.start()
    assert [name for name, _ in seen] == ["call_at", "absolute", "call_later", "timedelta"]
    assert [round(at) for _, at in seen] == [1, 2, 3, 4]


def test_a_removed_timer_does_not_run(loop: IOLoop) -> None:
    seen: list[str] = []
    removed = loop.call_later(0, seen.append, "removed")
    kept = loop.call_later(0, seen.append, "kept")
    loop.remove_timeout(removed)
    loop.call_later(0.001, loop.stop)
    loop.start()
    assert seen == ["kept"]
    loop.remove_timeout(kept)  # ran already


def test_a_deadline_that_is_neither_number_nor_timedelta_is_refused(loop: IOLoop) -> None:
    with pytest.raises(TypeError, match="Unsupported deadline 'soon'"):
        loop.add_timeout("soon", print)  # type: ignore[arg-type]


def test_coroutines_measure_deadlines_on_the_clock_of_the_loop(virtual: IOLoop) -> None:
    forever: asyncio.Future[None] = virtual.asyncio_loop.create_future()

    async def main() -> float:
        with pytest.raises(TimeoutError):
            await gen.with_timeout(virtual.time() + 7, forever)
        return virtual.time()

    assert virtual.run_sync(main) == pytest.approx(7)


# Futures and executors


def _done_on(loop: IOLoop) -> asyncio.Future[int]:
    future: asyncio.Future[int] = loop.asyncio_loop.create_future()
    future.set_result(1)
    return future


def test_a_future_is_handed_to_its_callback_when_it_is_done(loop: IOLoop) -> None:
    future: asyncio.Future[int] = loop.asyncio_loop.create_future()
    seen: list[int] = []

    def done(finished: asyncio.Future[int]) -> None:
        seen.append(finished.result())
        loop.stop()

    loop.add_future(future, done)
    loop.add_callback(future.set_result, 5)
    loop.start()
    assert seen == [5]


def test_the_callback_of_a_pool_future_runs_on_the_loop(loop: IOLoop) -> None:
    threads: list[int] = []

    def done(finished: concurrent.futures.Future[int]) -> None:
        threads.extend([finished.result(), threading.get_ident()])
        loop.stop()

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        loop.add_future(pool.submit(threading.get_ident), done)
        loop.start()
    assert threads[0] != threads[1] == threading.get_ident()


def test_add_future_refuses_what_is_no_future(loop: IOLoop) -> None:
    with pytest.raises(TypeError, match="takes a future, not 3"):
        loop.add_future(3, print)  # type: ignore[arg-type]


def test_functions_run_in_the_default_executor_that_was_set(loop: IOLoop) -> None:
    with concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="mine") as pool:
        loop.set_default_executor(pool)

        async def main() -> str:
            thread = await loop.run_in_executor(None, threading.current_thread)
            return thread.name

        assert loop.run_sync(main).startswith("mine")


# run_sync


def test_run_sync_returns_the_result_of_whatever_can_be_waited_for(loop: IOLoop) -> None:
    @gen.coroutine
    def old_style() -> Any:
        yield gen.moment
        return "old"

    async def new_style() -> str:
        await asyncio.sleep(0)
        return "new"

    assert loop.run_sync(old_style) == "old"
    assert loop.run_sync(new_style) == "new"
    assert loop.run_sync(lambda: None) is None
    assert loop.run_sync(lambda: [old_style(), new_style()]) == ["old", "new"]
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        assert loop.run_sync(lambda: pool.submit(int, "5")) == 5


@pytest.mark.parametrize("failing", [_fail, _fail_later, _fail_in_coroutine])
def test_run_sync_raises_what_the_function_raised(loop: IOLoop, failing: Any) -> None:
    with pytest.raises(ZeroDivisionError, match="deliberate"):
        loop.run_sync(failing)
    loop.run_sync(lambda: asyncio.sleep(0))  # no stop() was left behind


def test_run_sync_refuses_a_value_that_cannot_be_waited_for(loop: IOLoop) -> None:
    with pytest.raises(BadYieldError, match="unknown object 42"):
        loop.run_sync(lambda: 42)


def test_run_sync_cancels_what_takes_too_long(loop: IOLoop) -> None:
    cancelled: list[bool] = []

    @gen.coroutine
    def main() -> Any:
        try:
            yield asyncio.Event().wait()
        finally:
            cancelled.append(True)

    with pytest.raises(TimeoutError, match=r"timed out after 0\.001 seconds"):
        loop.run_sync(main, timeout=0.001)
    assert cancelled == [True]


def test_run_sync_that_is_stopped_says_so(loop: IOLoop) -> None:
    event = asyncio.Event()

    async def main() -> None:
        loop.add_callback(loop.stop)
        await event.wait()

    with pytest.raises(RuntimeError, match="stopped before"):
        loop.run_sync(main)
    loop.add_callback(event.set)
    loop.run_sync(lambda: asyncio.sleep(0))


def test_run_sync_that_never_came_to_begin_does_not_begin_later() -> None:
    loop = IOLoop(asyncio_loop=FACTORIES["asyncio"]())
    called: list[bool] = []

    def stop_in_the_first_turn() -> None:
        raise KeyboardInterrupt

    loop.add_callback(stop_in_the_first_turn)
    with pytest.raises(KeyboardInterrupt):
        loop.run_sync(lambda: called.append(True))
    loop.run_sync(lambda: asyncio.sleep(0))
    loop.close()
    assert called == []


def test_run_sync_inside_a_running_loop_names_the_mistake(loop: IOLoop) -> None:
    async def work() -> None:
        pass

    async def main() -> None:
        loop.run_sync(work)

    with pytest.raises(RuntimeError, match=r"already running.*`await .*work\(\)`"):
        loop.run_sync(main)


def test_what_run_sync_left_unfinished_does_not_complain_when_the_loop_is_gone() -> None:
    for factory in FACTORIES.values():
        loop: IOLoop = IOLoop(asyncio_loop=factory())
        loop.add_callback(loop.add_callback, loop.stop)
        with pytest.raises(RuntimeError, match="stopped before"):
            loop.run_sync(asyncio.Event().wait)
        loop.close()
        del loop
        gc.collect()


def test_a_coroutine_that_a_callback_started_is_not_collected_while_it_waits(
    loop: IOLoop,
) -> None:
    ended: list[bool] = []
    waited: list[weakref.ref[asyncio.Future[None]]] = []

    async def wait() -> None:
        future: asyncio.Future[None] = loop.asyncio_loop.create_future()
        waited.append(weakref.ref(future))  # referred to by this task, and by nobody else
        await future
        ended.append(True)

    loop.add_callback(wait)
    loop.run_sync(lambda: asyncio.sleep(0))
    gc.collect()
    future = waited[0]()
    assert future is not None
    future.set_result(None)
    del future
    loop.run_sync(lambda: asyncio.sleep(0))
    assert ended == [True]


def test_an_interrupt_leaves_no_stop_behind(loop: IOLoop) -> None:
    async def main() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loop.run_sync(main)
    assert loop.run_sync(lambda: asyncio.sleep(0.001, "ran")) == "ran"


def test_an_error_of_run_sync_leaves_no_reference_cycle(loop: IOLoop) -> None:
    class Failure(Exception):
        pass

    async def main() -> None:
        raise Failure

    gc.disable()
    try:
        try:
            loop.run_sync(main)
        except Failure as error:
            gone = weakref.ref(error)
        loop.run_sync(lambda: asyncio.sleep(0))
        assert gone() is None
    finally:
        gc.enable()


# Which loop


def test_a_new_loop_is_current_until_it_is_closed() -> None:
    outer: IOLoop = IOLoop()
    inner: IOLoop = IOLoop()
    assert IOLoop.current() is inner
    inner.close()
    assert IOLoop.current() is outer
    outer.close()
    assert IOLoop.current(instance=False) is None


def test_make_current_can_be_refused_or_left_open() -> None:
    first: IOLoop = IOLoop(make_current=None)
    assert IOLoop.current() is first
    second: IOLoop = IOLoop(make_current=None)
    third: IOLoop = IOLoop(make_current=False)
    assert IOLoop.current() is first
    with pytest.warns(DeprecationWarning, match="make_current"):
        third.make_current()
    assert IOLoop.current() is IOLoop.instance() is third
    with pytest.warns(DeprecationWarning, match="clear_current"):
        IOLoop.clear_current()
    assert IOLoop.current() is first
    for made in (third, second, first):
        made.close()
    assert not IOLoop.initialized()


def test_asking_for_the_current_loop_makes_none_unless_told_to() -> None:
    assert IOLoop.current(instance=False) is None
    made = IOLoop.current()
    assert IOLoop.current(instance=False) is made
    made.close()
    assert IOLoop.current(instance=False) is None


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_a_loop_that_somebody_else_started_is_used_as_it_is(run: Any) -> None:
    async def main() -> list[str]:
        assert IOLoop.current(instance=False) is None
        loop = IOLoop.current()
        assert loop is IOLoop.current()
        assert isinstance(loop, AsyncIOMainLoop)
        assert loop.asyncio_loop is asyncio.get_running_loop()
        seen: list[str] = []
        done = asyncio.Event()
        loop.add_callback(seen.append, "callback")
        loop.call_later(0.001, seen.append, "timer")
        loop.call_later(0.002, done.set)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            seen.append(await loop.run_in_executor(pool, str, "pool"))
        await done.wait()
        with pytest.raises(RuntimeError, match="already associated"):
            AsyncIOMainLoop()
        with pytest.raises(RuntimeError, match="Cannot close a running"):
            loop.close()
        return sorted(seen)

    assert run(main()) == ["callback", "pool", "timer"]


def test_two_threads_have_a_loop_each_and_call_each_other() -> None:
    ready = threading.Barrier(2)
    loops: dict[str, IOLoop] = {}
    seen: dict[str, list[int]] = {"left": [], "right": []}

    def run(name: str, other: str) -> None:
        loop: IOLoop = IOLoop()
        loops[name] = loop
        ready.wait()

        def receive(number: int) -> None:
            assert IOLoop.current() is loop
            seen[name].append(number)
            if number < 100:
                loops[other].add_callback(answers[other], number + 1)
            if number >= 99:
                loop.stop()

        answers[name] = receive
        ready.wait()
        if name == "left":
            loop.add_callback(receive, 0)
        loop.start()
        ready.wait()  # nobody closes while the other may still send
        loop.close()

    answers: dict[str, Any] = {}
    threads = [
        threading.Thread(target=run, args=names) for names in (("left", "right"), ("right", "left"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen["left"] == list(range(0, 101, 2))
    assert seen["right"] == list(range(1, 100, 2))


def test_closed_asyncio_loops_do_not_pile_up() -> None:
    async def main() -> None:
        IOLoop.current()

    asyncio.run(main())  # which also sweeps away what other tests have left
    before = len(IOLoop._ioloop_for_asyncio)
    for _ in range(5):
        asyncio.run(main())
    assert len(IOLoop._ioloop_for_asyncio) <= before


def test_a_loop_that_is_dropped_can_be_collected() -> None:
    made: IOLoop = IOLoop(make_current=False)
    gone = weakref.ref(made.asyncio_loop)
    made.close()
    del made
    gc.collect()
    assert gone() is None


def test_configure_chooses_what_the_constructor_builds() -> None:
    class Mine(AsyncIOLoop):
        pass

    IOLoop.configure(Mine)
    try:
        made = IOLoop()
        assert isinstance(made, Mine)
        made.close()
    finally:
        IOLoop.configure(None)
    IOLoop.configure("whirlwind.platform.asyncio.AsyncIOLoop")
    IOLoop.configure(None)
    with pytest.raises(RuntimeError, match="only AsyncIOLoop is allowed"):
        IOLoop.configure(IOLoop)


def test_a_loop_can_be_stopped_before_it_is_started(loop: IOLoop) -> None:
    seen: list[int] = []
    loop.add_callback(seen.append, 1)
    loop.stop()
    loop.start()
    assert seen == [1]


def test_closing_twice_does_no_harm(loop: IOLoop) -> None:
    other: IOLoop = IOLoop(make_current=False)
    other.close()
    other.close()
    with pytest.raises(RuntimeError, match="closed"):
        other.start()


def test_partial_functions_and_methods_are_callbacks_like_others(loop: IOLoop) -> None:
    seen: list[tuple[int, ...]] = []
    loop.spawn_callback(functools.partial(lambda *args: seen.append(args), 1), 2)
    loop.spawn_callback(loop.stop)
    loop.start()
    assert seen == [(1, 2)]
