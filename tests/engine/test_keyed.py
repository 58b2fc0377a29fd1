"""Callback, Wait, WaitAll, and yield points of a program's own."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import Any

import pytest
from tests.engine.conftest import Run

from whirlwind import gen

Steps = Generator[Any, Any, Any]


def soon(function: Any, *args: Any) -> None:
    asyncio.get_running_loop().call_soon(function, *args)


def test_wait_gives_what_the_callback_was_called_with(run: Run) -> None:
    @gen.coroutine
    def body() -> Steps:
        soon((yield gen.Callback("a")), 1)
        soon((yield gen.Callback("b")), 2, 3)
        (yield gen.Callback("c"))()
        b = yield gen.Wait("b")
        a = yield gen.Wait("a")
        return a, b, (yield gen.Wait("c"))

    async def main() -> None:
        assert await body() == (1, gen.Arguments((2, 3), {}), None)

    run(main())


def test_wait_all_keeps_the_order_of_its_keys(run: Run) -> None:
    @gen.coroutine
    def body() -> Steps:
        first, second = yield [gen.Callback(1), gen.Callback(2)]
        soon(second, "second")
        soon(soon, first, "first")
        return (yield gen.WaitAll([1, 2]))

    async def main() -> None:
        assert await body() == ["first", "second"]

    run(main())


def test_points_futures_and_dicts_mix(run: Run) -> None:
    @gen.coroutine
    def body() -> Steps:
        callback = yield gen.Callback("k")
        soon(callback, "keyed")
        return (
            yield {
                "point": gen.Wait("k"),
                "future": asyncio.sleep(0, "future"),
                "list": [gen.YieldFuture(gen.sleep(0))],
            }
        )

    async def main() -> None:
        assert await body() == {"point": "keyed", "future": "future", "list": [None]}

    run(main())


def test_multi_yield_point_takes_a_list_or_a_dict(run: Run) -> None:
    @gen.coroutine
    def body() -> Steps:
        soon((yield gen.Callback("k")), 1)
        pair = yield gen.MultiYieldPoint([gen.Wait("k"), gen.sleep(0)])
        named = yield gen.MultiYieldPoint({"x": gen.sleep(0)})
        return pair, named

    async def main() -> None:
        assert await body() == ([1, None], {"x": None})

    run(main())


def test_a_key_in_use_an_unknown_key_and_a_forgotten_key_are_errors(run: Run) -> None:
    @gen.coroutine
    def reuses() -> Steps:
        yield gen.Callback("k")
        yield gen.Callback("k")

    @gen.coroutine
    def unknown() -> Steps:
        yield gen.Wait("nobody")

    @gen.coroutine
    def unknown_among_others() -> Steps:
        yield gen.Callback("late")
        yield gen.WaitAll(["late", "nobody"])

    @gen.coroutine
    def forgets() -> Steps:
        yield gen.Callback("k")

    async def main() -> None:
        with pytest.raises(gen.KeyReuseError, match="'k'"):
            await reuses()
        with pytest.raises(gen.UnknownKeyError, match="'nobody'"):
            await unknown()
        with pytest.raises(gen.UnknownKeyError, match="'nobody'"):
            await unknown_among_others()
        with pytest.raises(gen.LeakedCallbackError, match="'k'"):
            await forgets()

    run(main())


def test_a_key_may_be_used_again_after_it_was_waited_for(run: Run) -> None:
    @gen.coroutine
    def body() -> Steps:
        seen = []
        for n in range(3):
            soon((yield gen.Callback("k")), n)
            seen.append((yield gen.Wait("k")))
        return seen

    async def main() -> None:
        assert await body() == [0, 1, 2]

    run(main())


def test_a_yield_point_of_ones_own_is_asked_after_each_delivery(run: Run) -> None:
    class Both(gen.YieldPoint):
        def start(self, runner: Any) -> None:
            self.runner = runner
            for key in ("left", "right"):
                runner.register_callback(key)
            soon(runner.result_callback("left"), 1)
            soon(soon, runner.result_callback("right"), 2)

        def is_ready(self) -> bool:
            return all([self.runner.is_ready("left"), self.runner.is_ready("right")])

        def get_result(self) -> Any:
            return self.runner.pop_result("left") + self.runner.pop_result("right")

    @gen.coroutine
    def body() -> Steps:
        return (yield Both())

    async def main() -> None:
        assert await body() == 3

    run(main())


def test_an_error_of_a_future_comes_out_of_its_yield_point(run: Run) -> None:
    @gen.coroutine
    def breaks() -> Steps:
        yield None
        raise ZeroDivisionError

    @gen.coroutine
    def body() -> Steps:
        yield gen.YieldFuture(breaks())

    async def main() -> None:
        with pytest.raises(ZeroDivisionError):
            await body()

    run(main())
