"""The runner: what a coroutine may yield, what it gets, how it ends."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import gc
import sys
import threading
import traceback
import weakref
from collections.abc import Callable, Generator
from typing import Any

import pytest
from tests.conftest import LogWatch
from tests.engine.conftest import Run

from whirlwind import gen
from whirlwind._base import limits
from whirlwind._engine import runner_cy

Steps = Generator[Any, Any, Any]


@gen.coroutine
def returns_at_once(value: Any = None) -> Steps:
    if value is later:
        yield
    return value


@gen.coroutine
def waits_for(what: Any) -> Steps:
    return (yield what)


@gen.coroutine
def fails(error: BaseException) -> Steps:
    yield None
    raise error


def later(value: Any, turns: int = 1) -> asyncio.Future[Any]:
    """Return a future that is done after so many turns of the loop."""
    loop = asyncio.get_running_loop()
    future = loop.create_future()

    def count(left: int) -> None:
        if left == 0:
            if not future.done():
                future.set_result(value)
        else:
            loop.call_soon(count, left - 1)

    loop.call_soon(count, turns - 1)
    return future


async def turns_until(future: asyncio.Future[Any]) -> int:
    turns = 0
    while not future.done():
        await asyncio.sleep(0)
        turns += 1
        assert turns < 100
    return turns


def iter_nothing() -> Generator[None, None, None]:
    yield from ()


# --- starting ---------------------------------------------------------------------------------


def test_a_coroutine_that_never_waits_is_done_when_its_call_returns_even_without_a_loop() -> None:
    future = returns_at_once(7)
    assert future.done()
    assert future.result() == 7
    assert waits_for(returns_at_once(8)).result() == 8


def test_the_body_runs_up_to_its_first_wait_before_the_call_returns(run: Run) -> None:
    seen: list[str] = []

    @gen.coroutine
    def body() -> Steps:
        seen.append("before")
        yield later(None)
        seen.append("after")

    async def main() -> None:
        future = body()
        assert seen == ["before"]
        assert not future.done()
        await future
        assert seen == ["before", "after"]

    run(main())


def test_what_a_coroutine_function_returns_is_an_asyncio_future() -> None:
    future = returns_at_once()
    assert isinstance(future, asyncio.Future)
    assert asyncio.isfuture(future)


def test_a_function_that_is_no_generator_gives_its_result_or_its_error() -> None:
    @gen.coroutine
    def plain(x: int) -> float:
        return 1 / x

    assert plain(2).result() == 0.5
    assert isinstance(plain(0).exception(), ZeroDivisionError)


def test_wrong_arguments_are_an_error_in_the_future() -> None:
    future = returns_at_once(1, 2, 3)  # type: ignore[call-arg]
    assert isinstance(future.exception(), TypeError)


def test_return_ends_a_generator_a_function_and_a_function_that_a_generator_calls(
    run: Run,
) -> None:
    def raises() -> Any:
        raise gen.Return("deep")

    @gen.coroutine
    def generator() -> Steps:
        yield None
        raise gen.Return("generator")

    @gen.coroutine
    def function() -> Any:
        raise gen.Return("function")

    @gen.coroutine
    def through() -> Steps:
        yield raises()

    async def main() -> None:
        assert await generator() == "generator"
        assert function().result() == "function"
        assert through().result() == "deep"

    run(main())


def test_a_native_coroutine_function_under_the_decorator_gives_its_result(run: Run) -> None:
    @gen.coroutine
    async def native(x: int) -> int:
        await asyncio.sleep(0)
        return x + 1

    async def main() -> None:
        assert await native(1) == 2

    run(main())


def test_the_decorated_function_keeps_name_parameters_and_the_mark() -> None:
    assert returns_at_once.__name__ == "returns_at_once"
    assert gen.is_coroutine_function(returns_at_once)
    assert not gen.is_coroutine_function(later)
    assert returns_at_once.__wrapped__(3).gi_code.co_name == "returns_at_once"  # type: ignore[attr-defined]


# --- what may be yielded ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        pytest.param(lambda: later(1), 1, id="pending future"),
        pytest.param(lambda: waits_for(later(2)), 2, id="coroutine of ours"),
        pytest.param(lambda: returns_at_once(3), 3, id="coroutine that is done"),
        pytest.param(lambda: asyncio.sleep(0, 4), 4, id="native coroutine"),
        pytest.param(lambda: asyncio.ensure_future(asyncio.sleep(0, 5)), 5, id="task"),
        pytest.param(lambda: asyncio.gather(later(6), later(7)), [6, 7], id="gather"),
        pytest.param(lambda: [later(1, 3), later(2), returns_at_once(3)], [1, 2, 3], id="list"),
        pytest.param(lambda: {"a": later(1), "b": later(2, 3)}, {"a": 1, "b": 2}, id="dict"),
        pytest.param(
            lambda: [{"a": [later(1), None]}, later(2), [asyncio.sleep(0, 3)]],
            [{"a": [1, None]}, 2, [3]],
            id="nested",
        ),
        pytest.param(list, [], id="empty list"),
        pytest.param(dict, {}, id="empty dict"),
        pytest.param(lambda: None, None, id="None"),
        pytest.param(lambda: gen.moment, None, id="moment"),
        pytest.param(lambda: gen.sleep(0), None, id="sleep"),
    ],
)
def test_a_yield_gives_the_result_of_what_was_yielded(
    run: Run, make: Callable[[], Any], expected: Any
) -> None:
    async def main() -> None:
        assert await waits_for(make()) == expected

    run(main())


def test_one_future_may_stand_in_a_list_twice(run: Run) -> None:
    async def main() -> None:
        future = later(1)
        assert await waits_for([future, future]) == [1, 1]

    run(main())


def test_a_pool_future_wakes_an_idle_loop(run: Run) -> None:
    release = threading.Event()

    async def main() -> None:
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            futures = [pool.submit(release.wait) for _ in range(3)]
            alone, in_list, in_dict = (
                waits_for(futures[0]),
                waits_for(futures),
                waits_for({"last": futures[2]}),
            )
            # Nothing else will ever happen on this loop: only the workers can wake it.
            asyncio.get_running_loop().call_soon(release.set)
            assert await alone is True
            assert await in_list == [True, True, True]
            assert await in_dict == {"last": True}

    run(main())


def test_an_object_of_another_library_becomes_yieldable_by_registration(run: Run) -> None:
    class Deferred:
        value = 5

    gen.convert_yielded.register(Deferred, lambda deferred: later(deferred.value))

    async def main() -> None:
        assert await waits_for(Deferred()) == 5

    run(main())


@pytest.mark.parametrize(
    ("thing", "hint"),
    [
        (42, "expected a future"),
        ((1, 2), "yield a list"),
        (len, "was not called"),
        (returns_at_once, "add the parentheses"),
        (asyncio.sleep, "add the parentheses"),
        (dict, "a call of it"),
        (iter_nothing(), "decorate it with @gen.coroutine"),
    ],
)
def test_yielding_what_cannot_be_waited_for_names_the_mistake(thing: Any, hint: str) -> None:
    error = waits_for(thing).exception()
    assert isinstance(error, gen.BadYieldError)
    assert hint in str(error)


def test_a_bad_yield_can_be_caught_at_the_yield() -> None:
    @gen.coroutine
    def body() -> Steps:
        try:
            yield object()
        except gen.BadYieldError:
            return "caught"

    assert body().result() == "caught"


def test_a_coroutine_that_waits_for_itself_is_told_so(run: Run) -> None:
    mine: list[Any] = []

    @gen.coroutine
    def body() -> Steps:
        yield None
        yield mine[0]

    async def main() -> None:
        mine.append(body())
        with pytest.raises(RuntimeError, match="waits for itself"):
            await mine[0]

    run(main())


# --- turns of the loop ------------------------------------------------------------------------


def test_things_that_are_ready_cost_no_turn_of_the_loop() -> None:
    @gen.coroutine
    def body() -> Steps:
        total = 0
        for _ in range(100):
            total += yield returns_at_once(1)
            total += sum((yield [returns_at_once(1), returns_at_once(1)]))
        return total

    assert body().result() == 300


def test_a_chain_over_one_wait_costs_one_turn(run: Run) -> None:
    @gen.coroutine
    def link(depth: int, future: asyncio.Future[int]) -> Steps:
        if depth == 0:
            return (yield future)
        return 1 + (yield link(depth - 1, future))

    async def main() -> None:
        future = asyncio.get_running_loop().create_future()
        chain = link(50, future)
        future.set_result(0)
        assert await turns_until(chain) == 1
        assert chain.result() == 50

    run(main())


def test_none_and_moment_give_others_exactly_one_turn(run: Run) -> None:
    order: list[str] = []

    @gen.coroutine
    def worker(name: str, what: Any) -> Steps:
        for _ in range(3):
            order.append(name)
            yield what

    async def main() -> None:
        await gen.multi([worker("a", None), worker("b", gen.moment)])

    run(main())
    assert order == ["a", "b", "a", "b", "a", "b"]


def test_a_coroutine_that_finds_everything_ready_lets_the_loop_breathe(run: Run) -> None:
    rounds = limits.MAX_RESUMPTIONS * 3

    @gen.coroutine
    def busy() -> Steps:
        for n in range(rounds):
            assert (yield returns_at_once(n)) == n

    async def main() -> None:
        future = busy()
        assert 2 <= await turns_until(future) <= 4

    run(main())


def test_waiters_go_on_in_the_order_in_which_they_came(run: Run) -> None:
    order: list[int] = []

    @gen.coroutine
    def waiter(number: int, child: Any) -> Steps:
        yield child
        order.append(number)

    async def main() -> None:
        child = waits_for(later(None))
        child_waiters = [waiter(n, child) for n in range(5)]
        child.add_done_callback(lambda _: order.append(5))
        await gen.multi(child_waiters)
        await asyncio.sleep(0)

    run(main())
    assert order == [0, 1, 2, 3, 4, 5]


# --- errors -----------------------------------------------------------------------------------


def test_an_error_arrives_at_the_yield(run: Run) -> None:
    @gen.coroutine
    def body() -> Steps:
        try:
            yield fails(KeyError("a"))
        except KeyError as error:
            caught = str(error)
        return caught, (yield returns_at_once(1))

    async def main() -> None:
        assert await body() == ("'a'", 1)

    run(main())


def test_of_several_errors_in_a_list_the_first_is_raised_and_the_others_logged(
    run: Run, logs: LogWatch
) -> None:
    async def main() -> None:
        with pytest.raises(KeyError):
            await waits_for([fails(KeyError()), fails(ValueError()), returns_at_once()])

    with logs.expect("whirlwind.application", "Multiple exceptions in yield list"):
        run(main())


def test_quiet_exceptions_are_not_logged(run: Run) -> None:
    async def main() -> None:
        with pytest.raises(KeyError):
            await gen.multi([fails(KeyError()), fails(ValueError())], quiet_exceptions=ValueError)

    run(main())


def test_a_list_waits_for_all_of_its_children_even_if_one_fails(run: Run) -> None:
    async def main() -> None:
        slow = waits_for(later("slow", 5))
        with pytest.raises(KeyError):
            await waits_for([fails(KeyError()), slow])
        assert slow.done()

    run(main())


def test_a_traceback_shows_the_chain_of_coroutines_and_nothing_of_the_runner(run: Run) -> None:
    @gen.coroutine
    def inner() -> Steps:
        yield None
        raise ZeroDivisionError

    @gen.coroutine
    def middle() -> Steps:
        yield inner()

    @gen.coroutine
    def outer() -> Steps:
        yield [middle()]

    async def main() -> list[str]:
        future = outer()
        await asyncio.wait([future])
        error = future.exception()
        assert error is not None
        assert future.exception() is error  # and looking again does not make it longer
        return [frame.name for frame in traceback.extract_tb(error.__traceback__)]

    assert run(main()) == ["outer", "middle", "inner"]


def test_an_error_that_nobody_looked_at_is_reported_with_the_coroutines_name(
    run: Run, logs: LogWatch
) -> None:
    async def main() -> None:
        fails(ValueError("lost"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    with logs.expect("asyncio", r"never retrieved: nobody waited for coroutine fails \(.*\.py:\d+"):
        run(main())


def test_an_error_without_any_loop_is_reported_too(logs: LogWatch) -> None:
    with logs.expect("asyncio", "never retrieved"):
        waits_for(42)


def test_a_failed_future_that_was_looked_at_is_not_reported(run: Run) -> None:
    async def main() -> None:
        future = fails(ValueError())
        await asyncio.wait([future])
        future.exception()

    run(main())
    gc.collect()


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_what_stops_a_program_goes_through_the_loop(run: Run, error: type[BaseException]) -> None:
    async def main() -> None:
        await fails(error())

    with pytest.raises(error):
        run(main())


def test_no_garbage_is_left_after_results_and_errors(run: Run) -> None:
    # No frame here holds an error, or a future that failed: the error's traceback would hold the
    # frame in turn, with any engine.
    @gen.coroutine
    def divides() -> Steps:
        yield None
        return 1 / 0

    @gen.coroutine
    def divides_at_once() -> Any:
        return 1 / 0

    async def natively(function: Callable[[], Any]) -> Any:
        return await function()

    @gen.coroutine
    def calls(function: Callable[[], Any]) -> Steps:
        return (yield function())

    async def main() -> None:
        assert await calls(lambda: [calls(lambda: later(1)), asyncio.sleep(0)]) == [1, None]
        try:
            await calls(divides)
        except ZeroDivisionError:
            pass
        try:
            await calls(lambda: [divides()])
        except ZeroDivisionError:
            pass
        try:
            await divides()
        except ZeroDivisionError:
            pass
        try:
            await divides_at_once()
        except ZeroDivisionError:
            pass
        try:
            await calls(divides_at_once)
        except ZeroDivisionError:
            pass
        try:
            await natively(divides)
        except ZeroDivisionError:
            pass
        try:
            await calls(lambda: natively(divides))
        except ZeroDivisionError:
            pass
        try:
            await calls(lambda: 42)
        except gen.BadYieldError:
            pass
        cancelled = calls(lambda: gen.sleep(1000))
        cancelled.cancel()
        try:
            await cancelled
        except asyncio.CancelledError:
            pass

    gc.collect()
    gc.disable()
    before = gc.get_debug()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        run(main())
        gc.collect()
        ours = [
            thing
            for thing in gc.garbage
            if type(thing).__module__.startswith("whirlwind") or isinstance(thing, Generator)
        ]
        assert ours == []
    finally:
        gc.set_debug(before)
        gc.garbage.clear()
        gc.enable()


# --- depth ------------------------------------------------------------------------------------


@gen.coroutine
def grows(depth: int, end: asyncio.Future[int]) -> Steps:
    """A chain that gets one link longer with each turn of the loop."""
    yield None
    if depth == 0:
        return (yield end)
    return 1 + (yield grows(depth - 1, end))


async def grown(depth: int) -> tuple[Any, asyncio.Future[int]]:
    end: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    chain = grows(depth, end)
    for _ in range(depth + 2):
        await asyncio.sleep(0)
    return chain, end


def test_a_chain_of_10_000_unwinds_without_recursion(run: Run) -> None:
    async def main() -> None:
        chain, end = await grown(10_000)
        end.set_result(0)
        assert await chain == 10_000

    run(main())


def test_a_chain_of_10_000_is_cancelled_without_recursion(run: Run) -> None:
    async def main() -> None:
        chain, end = await grown(10_000)
        assert chain.cancel()
        with pytest.raises(asyncio.CancelledError):
            await chain
        assert end.cancelled()

    run(main())


def test_a_chain_of_10_000_may_be_abandoned(run: Run) -> None:
    async def main() -> weakref.ref[Any]:
        chain, end = await grown(10_000)
        gone = weakref.ref(chain)
        del chain, end
        gc.collect()
        return gone

    assert run(main())() is None


def test_10_000_coroutines_wait_at_once_and_a_list_takes_them_all(run: Run) -> None:
    async def main() -> None:
        ends = [asyncio.get_running_loop().create_future() for _ in range(10_000)]
        whole = waits_for([waits_for(end) for end in ends])
        for number, end in enumerate(ends):
            end.set_result(number)
        assert await whole == list(range(10_000))

    run(main())


@gen.coroutine
def endless(depth: int) -> Steps:
    yield endless(depth + 1)


def test_endless_recursion_is_a_recursion_error() -> None:
    assert isinstance(endless(0).exception(), RecursionError)


def test_endless_recursion_is_stopped_where_the_interpreter_would_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(10**6)
    try:
        assert isinstance(endless(0).exception(), RecursionError)
    finally:
        sys.setrecursionlimit(before)


# --- contexts ---------------------------------------------------------------------------------

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="none")


def test_each_coroutine_has_a_context_of_its_own_that_begins_as_its_callers(run: Run) -> None:
    @gen.coroutine
    def child() -> Steps:
        assert variable.get() == "parent"
        variable.set("child")
        yield later(None)
        assert variable.get() == "child"

    @gen.coroutine
    def parent() -> Steps:
        variable.set("parent")
        waiting = child()
        assert variable.get() == "parent"
        yield waiting
        assert variable.get() == "parent"

    async def main() -> None:
        variable.set("main")
        await parent()
        assert variable.get() == "main"

    run(main())


# --- cancelling -------------------------------------------------------------------------------


def test_cancelling_raises_at_the_yield_and_cancels_what_is_waited_for(run: Run) -> None:
    seen: list[str] = []

    @gen.coroutine
    def body(future: Any) -> Steps:
        try:
            yield future
        except asyncio.CancelledError as error:
            seen.append(str(error))
            raise

    async def main() -> None:
        future = asyncio.get_running_loop().create_future()
        running = body(future)
        assert running.cancel("enough")
        assert not running.done()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert running.cancelled()
        assert future.cancelled()
        assert not running.cancel()

    run(main())
    assert seen == ["enough"]


def test_a_coroutine_may_clean_up_and_return_after_all(run: Run) -> None:
    @gen.coroutine
    def body() -> Steps:
        try:
            yield gen.sleep(1000)
        except asyncio.CancelledError:
            yield later(None)
            return "clean"

    async def main() -> None:
        running = body()
        running.cancel()
        assert await running == "clean"
        assert not running.cancelled()

    run(main())


def test_cancelling_goes_to_every_child_of_a_list_and_waits_for_them(run: Run) -> None:
    ended: list[int] = []

    @gen.coroutine
    def child(number: int) -> Steps:
        try:
            yield gen.sleep(1000)
        finally:
            yield later(None, number)
            ended.append(number)

    async def main() -> None:
        running = waits_for([child(1), child(3), {"x": child(2)}])
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert sorted(ended) == [1, 2, 3]

    run(main())


def test_a_cancelled_coroutine_does_not_wait_for_a_thread(run: Run) -> None:
    release = threading.Event()

    async def main() -> None:
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for what in (pool.submit(release.wait), [pool.submit(release.wait)]):
                running = waits_for(what)
                running.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await running
            release.set()

    run(main())


@pytest.mark.parametrize("what", [None, "done soon", "running"])
def test_cancelling_arrives_when_the_wait_is_over_or_has_not_begun(
    run: Run, what: str | None
) -> None:
    seen: list[str] = []
    running: list[Any] = []

    @gen.coroutine
    def body() -> Steps:
        try:
            if what is None:
                yield None
            elif what == "done soon":
                future = asyncio.get_running_loop().create_future()
                future.set_result(None)
                pending = asyncio.get_running_loop().create_future()
                asyncio.get_running_loop().call_soon(pending.set_result, None)
                asyncio.get_running_loop().call_soon(lambda: running[0].cancel())
                yield pending
            else:
                yield None
                running[0].cancel()
                yield gen.sleep(1000)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    async def main() -> None:
        running.append(body())
        if what is None:
            running[0].cancel()
        with pytest.raises(asyncio.CancelledError):
            await running[0]

    run(main())
    assert seen == ["cancelled"]


def test_sleep_leaves_no_timer_behind_when_it_is_cancelled(run: Run) -> None:
    async def main() -> None:
        sleeping = gen.sleep(1000)
        assert sleeping.cancel()
        assert sleeping.cancelled()
        with pytest.raises(asyncio.CancelledError):
            await sleeping

    run(main())  # a Runner that is left with a timer of 1000 s would not mind; the next line does
    gc.collect()


@pytest.mark.parametrize("make", [runner_cy.new_future, lambda: gen.sleep(1000)])
def test_what_stands_twice_in_a_list_is_cancelled_once(run: Run, make: Callable[[], Any]) -> None:
    async def main() -> None:
        future = make()
        both = waits_for([future, future, {"x": [future]}])
        assert both.cancel()
        with pytest.raises(asyncio.CancelledError):
            await both
        assert future.cancelled()

    run(main())


def test_lists_of_the_same_lists_are_cancelled_in_as_many_steps_as_there_are_lists(
    run: Run,
) -> None:
    async def main() -> None:
        lists = runner_cy.new_future()
        for _ in range(200):  # by way of each path it would be 2 ** 200 steps
            lists = gen.multi([lists, lists])
        assert lists.cancel()
        with pytest.raises(asyncio.CancelledError):
            await lists

    run(main())


@pytest.mark.parametrize("wrap", [lambda future: future, lambda future: [future]])
def test_coroutines_that_wait_for_each_other_can_be_cancelled(
    run: Run, wrap: Callable[[Any], Any]
) -> None:
    circle: list[Any] = []

    @gen.coroutine
    def waits_for_number(number: int) -> Steps:
        yield None
        yield wrap(circle[number])

    async def main() -> None:
        circle.extend([waits_for_number(1), waits_for_number(2), waits_for_number(0)])
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert circle[0].cancel()
        for one in circle:
            with pytest.raises(asyncio.CancelledError):
                await one

    run(main())


@pytest.mark.parametrize("message", [None, "enough"])
def test_a_coroutine_that_returns_before_a_cancellation_could_arrive_is_cancelled(
    run: Run, message: str | None
) -> None:
    running: list[Any] = []

    @gen.coroutine
    def body() -> Steps:
        yield None
        running[0].cancel(message)
        return "too late"

    async def main() -> None:
        running.append(body())
        with pytest.raises(asyncio.CancelledError) as caught:
            await running[0]
        assert caught.value.args == (() if message is None else (message,))
        assert running[0].cancelled()

    run(main())


def test_each_waiter_gets_the_message_of_a_cancellation(run: Run) -> None:
    async def message_of(future: Any) -> str:
        with pytest.raises(asyncio.CancelledError) as caught:
            await future
        return str(caught.value)

    async def main() -> None:
        running = waits_for(gen.sleep(1000))
        waiters = [asyncio.ensure_future(message_of(running)) for _ in range(3)]
        await asyncio.sleep(0)
        running.cancel("enough")
        assert await asyncio.gather(*waiters) == ["enough"] * 3

    run(main())


@pytest.mark.parametrize("in_a_list", [False, True])
def test_what_is_set_from_outside_survives_a_cancellation_that_is_under_way(
    run: Run, in_a_list: bool
) -> None:
    running: list[Any] = []

    @gen.coroutine
    def cancels_itself(set_outcome: Callable[[Any], None]) -> Steps:
        yield None
        running[-1].cancel("enough")
        set_outcome(running[-1])
        yield later(None)

    def set_value(future: Any) -> None:
        future.set_result("set")

    def set_error(future: Any) -> None:
        future.set_exception(ValueError("set"))

    async def main() -> None:
        for set_outcome in (set_value, set_error):
            if in_a_list:
                running.append(waits_for([later(None), runner_cy.new_future()]))
                running[-1].cancel("enough")
                set_outcome(running[-1])
            else:
                running.append(cancels_itself(set_outcome))
            for _ in range(5):
                await asyncio.sleep(0)
        assert running[0].result() == "set"
        with pytest.raises(ValueError, match="set"):
            running[1].result()

    run(main())


def test_a_future_that_was_not_cancelled_keeps_its_error_when_asked_for_a_cancellation(
    run: Run,
) -> None:
    async def main() -> None:
        failed: Any = fails(ValueError("kept"))
        await asyncio.wait([failed])
        assert failed._make_cancelled_error().args == ()
        with pytest.raises(ValueError, match="kept"):
            failed.result()

    run(main())


# --- asyncio takes it -------------------------------------------------------------------------


def test_gather_returns_the_cancellation_of_a_coroutine_of_ours(run: Run) -> None:
    async def main() -> None:
        with_message, without = waits_for(gen.sleep(1000)), waits_for(gen.sleep(1000))
        with_message.cancel("enough")
        without.cancel()
        gathering = asyncio.gather(with_message, without, return_exceptions=True)
        errors = await asyncio.wait_for(gathering, 1000)
        assert [type(error) for error in errors] == [asyncio.CancelledError] * 2
        assert [str(error) for error in errors] == ["enough", ""]

    run(main())


def test_asyncio_takes_coroutines_of_ours_wherever_it_takes_futures(run: Run) -> None:
    async def main() -> None:
        assert await waits_for(later(1)) == 1
        assert list(await asyncio.gather(waits_for(later(1)), waits_for(later(2)))) == [1, 2]
        done, pending = await asyncio.wait([waits_for(later(3))])
        assert [future.result() for future in done] == [3]
        assert not pending
        assert await asyncio.shield(waits_for(later(4))) == 4
        assert await asyncio.wait_for(waits_for(later(5)), 1000) == 5
        async with asyncio.timeout(1000):
            assert await waits_for(later(6)) == 6
        assert asyncio.ensure_future(future := waits_for(later(7))) is future
        assert future.get_loop() is asyncio.get_running_loop()
        assert await future == 7
        assert [await next_one for next_one in asyncio.as_completed([waits_for(later(8))])] == [8]
        async with asyncio.TaskGroup() as group:
            task = group.create_task(awaits(waits_for(later(9))))
        assert task.result() == 9

    async def awaits(future: Any) -> Any:
        return await future

    run(main())


def test_a_task_that_is_cancelled_cancels_the_coroutine_it_awaits(run: Run) -> None:
    async def main() -> None:
        inner = waits_for(gen.sleep(1000))

        async def outer() -> None:
            await inner

        task = asyncio.ensure_future(outer())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert inner.cancelled()

    run(main())


def test_a_timeout_of_asyncio_ends_a_coroutine_of_ours(run: Run) -> None:
    async def main() -> None:
        inner = waits_for(gen.sleep(1000))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await inner
        assert inner.cancelled()

    run(main())


def test_run_coroutine_threadsafe_and_callbacks_see_the_result(run: Run) -> None:
    seen: list[Any] = []

    async def main() -> None:
        future = waits_for(later(1))
        future.add_done_callback(lambda done: seen.append(done.result()))
        forgotten = seen.append
        future.add_done_callback(forgotten)
        assert future.remove_done_callback(forgotten) == 1
        await future
        await asyncio.sleep(0)
        future.add_done_callback(lambda done: seen.append("late"))
        await asyncio.sleep(0)

    run(main())
    assert seen == [1, "late"]


def test_a_future_without_a_coroutine_is_resolved_from_outside(run: Run) -> None:
    async def main() -> None:
        future = runner_cy.new_future()
        waiter = waits_for(future)
        with pytest.raises(asyncio.InvalidStateError):
            future.result()
        with pytest.raises(asyncio.InvalidStateError):
            future.exception()
        future.set_result(1)
        with pytest.raises(asyncio.InvalidStateError):
            future.set_result(2)
        assert not waiter.done()  # callers go on by the loop, never inside set_result
        assert await waiter == 1
        failed = runner_cy.new_future()
        failed.set_exception(ValueError)
        with pytest.raises(ValueError):
            await waits_for(failed)
        with pytest.raises(TypeError):
            runner_cy.new_future().set_exception(StopIteration())
        with pytest.raises(TypeError):
            runner_cy.new_future().set_exception("no exception")

    run(main())


def test_an_error_after_somebody_resolved_the_future_is_reported(run: Run, logs: LogWatch) -> None:
    async def main() -> None:
        future = fails(ValueError("late"))
        future.set_result("early")
        assert await future == "early"
        await asyncio.sleep(0)

    with logs.expect("asyncio", "whose future was done"):
        run(main())


def test_a_closed_loop_does_not_disturb_a_worker_that_ends_later(run: Run) -> None:
    release = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:

        async def main() -> Any:
            return waits_for(pool.submit(release.wait))

        waiting = run(main())
        release.set()
    assert not waiting.done()


def test_two_loops_in_two_threads_do_not_disturb_each_other(run: Run) -> None:
    results: list[Any] = []

    async def main() -> None:
        total = 0
        for _ in range(200):
            total += sum(await waits_for([later(1), waits_for(later(2))]))
        results.append(total)

    threads = [threading.Thread(target=run, args=(main(),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [600, 600]


def test_repr_names_state_and_coroutine(run: Run) -> None:
    async def main() -> None:
        waiting = waits_for(later(1))
        assert "pending" in repr(waiting)
        assert "waits_for" in repr(waiting)
        await waiting
        assert "result=1" in repr(waiting)
        failed = waits_for(3)
        assert "BadYieldError" in repr(failed)
        failed.exception()

    run(main())


def test_a_future_that_is_done_may_be_used_on_one_loop_after_another() -> None:
    done = runner_cy.done_future("done")

    async def main() -> list[Any]:
        seen: list[Any] = []
        gen.moment.add_done_callback(seen.append)
        await asyncio.wait([gen.moment])
        assert seen == [gen.moment]
        return list(await asyncio.gather(gen.moment, done))

    for _ in range(2):
        assert asyncio.run(main()) == [None, "done"]


def test_a_coroutine_that_waits_for_itself_behind_another_thing_is_told_so(run: Run) -> None:
    running: list[Any] = []

    @gen.coroutine
    def body() -> Steps:
        yield None
        yield [later(None), running[0]]

    async def main() -> None:
        running.append(body())
        with pytest.raises(RuntimeError, match="waits for itself"):
            await asyncio.wait_for(running[0], 1000)

    run(main())


def test_programs_may_hang_attributes_on_a_future() -> None:
    future: Any = returns_at_once()
    assert not hasattr(future, "note")
    future.note = "mine"
    future.extra = "not the engine's"
    assert future.note == "mine"
    del future.note
    assert not hasattr(future, "note")
    with pytest.raises(AttributeError):
        del future.note
