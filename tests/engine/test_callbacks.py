"""gen.Task, gen.engine, return_future, and callback= arguments of coroutine functions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from typing import Any

import pytest
from tests.conftest import LogWatch
from tests.engine.conftest import Run

from whirlwind import concurrent, gen
from whirlwind.ioloop import IOLoop

Steps = Generator[Any, Any, Any]


@gen.coroutine
def waits_for(what: Any) -> Steps:
    return (yield what)


def calls_later(*results: Any, callback: Callable[..., None], **named: Any) -> None:
    asyncio.get_running_loop().call_soon(lambda: callback(*results, **named))


def calls_at_once(*results: Any, callback: Callable[..., None]) -> None:
    callback(*results)


@pytest.mark.parametrize(
    ("results", "named", "expected"),
    [
        pytest.param((), {}, None, id="nothing"),
        pytest.param((1,), {}, 1, id="one"),
        pytest.param((1, 2), {}, gen.Arguments((1, 2), {}), id="several"),
        pytest.param((1,), {"b": 2}, gen.Arguments((1,), {"b": 2}), id="named"),
    ],
)
def test_a_task_gives_what_the_callback_was_called_with(
    run: Run, results: tuple[Any, ...], named: dict[str, Any], expected: Any
) -> None:
    async def main() -> None:
        assert await waits_for(gen.Task(calls_later, *results, **named)) == expected
        if not named:
            assert await gen.Task(calls_at_once, *results) == expected

    run(main())


def test_several_results_have_the_field_names_args_and_kwargs(run: Run) -> None:
    async def main() -> None:
        both = await gen.Task(calls_later, 1, 2, x=3)
        assert both.args == (1, 2)
        assert both.kwargs == {"x": 3}

    run(main())


def test_an_error_of_the_function_is_the_tasks(run: Run) -> None:
    def breaks(callback: Any) -> None:
        raise KeyError("at once")

    async def main() -> None:
        with pytest.raises(KeyError, match="at once"):
            await waits_for(gen.Task(breaks))

    run(main())


def test_an_error_in_a_callback_that_the_function_scheduled_is_the_tasks() -> None:
    def breaks_later(callback: Any) -> None:
        def later() -> None:
            raise KeyError("later")

        IOLoop.current().add_callback(later)

    async def main() -> None:
        with pytest.raises(KeyError, match="later"):
            await waits_for(gen.Task(breaks_later))

    IOLoop(make_current=False).run_sync(main)


def test_a_second_call_of_the_callback_changes_nothing(run: Run) -> None:
    def calls_twice(callback: Any) -> None:
        callback(1)
        callback(2)

    async def main() -> None:
        assert await gen.Task(calls_twice) == 1

    run(main())


# --- callback= of a coroutine function --------------------------------------------------------


def test_a_coroutine_function_without_a_parameter_callback_accepts_one(run: Run) -> None:
    seen: list[Any] = []

    async def main() -> None:
        future = waits_for(gen.sleep(0), callback=seen.append)  # type: ignore[call-arg]
        assert await future is None
        assert seen == [None]
        assert await gen.Task(waits_for, asyncio.sleep(0, "by task")) == "by task"

    run(main())


def test_a_parameter_named_callback_is_the_functions_own(run: Run) -> None:
    @gen.coroutine
    def own(callback: Any) -> Steps:
        yield None
        return callback

    @gen.coroutine
    def any_keyword(**kwargs: Any) -> Steps:
        yield None
        return kwargs

    async def main() -> None:
        assert await own(callback=3) == 3
        assert await any_keyword(callback=4) == {"callback": 4}

    run(main())


def test_an_error_of_a_coroutine_called_with_callback_is_logged_if_nobody_is_there_for_it(
    run: Run, logs: LogWatch
) -> None:
    @gen.coroutine
    def breaks() -> Steps:
        yield None
        raise ValueError("for nobody")

    async def main() -> None:
        breaks(callback=print)  # type: ignore[call-arg]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    with logs.expect("whirlwind.application", "called with callback="):
        run(main())


# --- engine -----------------------------------------------------------------------------------


def test_an_engine_function_hands_on_its_result_through_its_callback(run: Run) -> None:
    @gen.engine
    def inner(value: Any, callback: Callable[[Any], None]) -> Steps:
        yield gen.sleep(0)
        callback(value + 1)

    @gen.engine
    def outer(callback: Callable[[Any], None]) -> Steps:
        callback((yield gen.Task(inner, 1)))

    async def main() -> None:
        assert await gen.Task(outer) == 2
        assert outer(callback=lambda _: None) is None
        await asyncio.sleep(0.01)

    run(main())


def test_an_error_in_an_engine_function_goes_to_the_task_that_called_it(run: Run) -> None:
    @gen.engine
    def breaks(callback: Any) -> Steps:
        yield gen.sleep(0)
        raise ValueError("inside")

    async def main() -> None:
        with pytest.raises(ValueError, match="inside"):
            await gen.Task(breaks)

    run(main())


@pytest.mark.parametrize("returns", [True, False])
def test_what_an_engine_function_returns_or_raises_for_nobody_is_logged(
    run: Run, logs: LogWatch, returns: bool
) -> None:
    @gen.engine
    def body() -> Steps:
        yield None
        if returns:
            return 1
        raise ValueError

    async def main() -> None:
        body()
        await asyncio.sleep(0.01)

    with logs.expect("whirlwind.application", "gen.engine"):
        run(main())


# --- return_future ----------------------------------------------------------------------------


def test_return_future_gives_a_future_and_still_takes_a_callback(run: Run) -> None:
    seen: list[Any] = []

    @concurrent.return_future
    def adds(a: int, b: int, callback: Any) -> None:
        asyncio.get_running_loop().call_soon(callback, a + b)

    async def main() -> None:
        assert await waits_for(adds(1, 2)) == 3
        assert await adds(1, b=3, callback=seen.append) == 4
        await asyncio.sleep(0)
        assert seen == [4]

    run(main())


def test_return_future_takes_its_callback_by_position_as_well(run: Run) -> None:
    seen: list[Any] = []

    @concurrent.return_future
    def says(callback: Any, value: Any = "nothing") -> None:
        callback(value)

    async def main() -> None:
        assert await says(seen.append, "by position") == "by position"
        assert await says(None) == "nothing"
        await asyncio.sleep(0)
        assert seen == ["by position"]

    run(main())


def test_a_callback_that_is_called_with_nothing_calls_the_callers_with_nothing(run: Run) -> None:
    seen: list[str] = []

    @concurrent.return_future
    def says_nothing(callback: Any) -> None:
        callback()

    async def main() -> None:
        assert await says_nothing(lambda: seen.append("called")) is None
        await asyncio.sleep(0)
        assert seen == ["called"]

    run(main())


def test_return_future_raises_at_once_what_its_function_raises_at_once() -> None:
    @concurrent.return_future
    def breaks(callback: Any) -> None:
        raise KeyError

    @concurrent.return_future
    def returns(callback: Any) -> int:
        return 1

    with pytest.raises(KeyError):
        breaks()
    with pytest.raises(concurrent.ReturnValueIgnoredError):
        returns()


def test_return_future_has_an_error_of_a_scheduled_callback_in_its_future() -> None:
    @concurrent.return_future
    def breaks_later(callback: Any) -> None:
        IOLoop.current().add_callback(lambda: 1 / 0)

    async def main() -> None:
        with pytest.raises(ZeroDivisionError):
            await breaks_later()

    IOLoop(make_current=False).run_sync(main)
