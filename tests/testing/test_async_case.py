"""Test cases with a loop: what runs, what fails, what is left afterwards."""

from __future__ import annotations

import asyncio
import socket
import unittest
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.conftest import LogWatch

from whirlwind import gen
from whirlwind.ioloop import IOLoop
from whirlwind.iostream import IOStream
from whirlwind.testing import AsyncTestCase, gen_test, setup_with_context_manager


def run(test: Callable[..., Any], base: type[AsyncTestCase] = AsyncTestCase) -> Any:
    """Run one test method in a case of its own and return the result and the case."""
    case = type("Case", (base,), {"test": test})("test")
    result = unittest.TestResult()
    case.run(result)
    assert result.testsRun == 1
    return result, case


def passes(test: Callable[..., Any], base: type[AsyncTestCase] = AsyncTestCase) -> AsyncTestCase:
    result, case = run(test, base)
    assert result.wasSuccessful(), (result.errors + result.failures)[0][1]
    return case  # type: ignore[no-any-return]


def error_of(test: Callable[..., Any]) -> str:
    result, _ = run(test)
    [(_, text)] = result.errors + result.failures
    return str(text)


def test_each_test_has_a_loop_that_is_current_and_closed_afterwards() -> None:
    def test(self: AsyncTestCase) -> None:
        assert IOLoop.current() is self.io_loop
        assert asyncio.get_event_loop_policy().get_event_loop() is self.io_loop.asyncio_loop

    first, second = passes(test), passes(test)
    assert first.io_loop is not second.io_loop
    assert first.io_loop.asyncio_loop.is_closed()
    assert IOLoop.current(instance=False) is None


def test_wait_returns_what_stop_was_given() -> None:
    def test(self: AsyncTestCase) -> None:
        self.io_loop.add_callback(self.stop, 5)
        assert self.wait() == 5
        self.stop(a=1, b=2)
        assert self.wait() == {"a": 1, "b": 2}
        self.stop()
        assert self.wait() is None

    passes(test)


def test_stop_takes_one_kind_of_argument() -> None:
    assert "not both" in error_of(lambda self: self.stop(1, a=2))


def test_the_last_of_several_stops_counts() -> None:
    def test(self: AsyncTestCase) -> None:
        self.stop(1)
        self.stop(2)
        assert self.wait() == 2

    passes(test)


def test_wait_goes_on_until_its_condition_holds() -> None:
    def test(self: AsyncTestCase) -> None:
        seen: list[int] = []

        def count() -> None:
            seen.append(len(seen))
            self.stop()
            if len(seen) < 3:
                self.io_loop.add_callback(count)

        self.io_loop.add_callback(count)
        self.wait(condition=lambda: len(seen) == 3)
        assert seen == [0, 1, 2]

    passes(test)


def test_wait_fails_when_its_time_is_over_and_the_next_one_is_not_stopped_by_it() -> None:
    def test(self: AsyncTestCase) -> None:
        with pytest.raises(AssertionError, match=r"timed out after 0\.001 seconds"):
            self.wait(timeout=0.001)
        self.io_loop.add_callback(self.stop, "next")
        assert self.wait() == "next"

    passes(test)


def test_a_loop_stopped_by_somebody_else_is_an_error() -> None:
    def test(self: AsyncTestCase) -> None:
        self.io_loop.add_callback(self.io_loop.stop)
        self.wait()

    assert "stopped otherwise than by stop()" in error_of(test)


def test_generators_and_coroutines_have_to_be_decorated() -> None:
    def generator(self: AsyncTestCase) -> Iterator[None]:
        yield

    async def native(self: AsyncTestCase) -> None:
        pass

    for test in (generator, native):
        assert "should be decorated with whirlwind.testing.gen_test" in error_of(test)


def test_a_value_that_a_test_returns_is_an_error() -> None:
    @gen.coroutine
    def forgotten(self: AsyncTestCase) -> int:
        return 3

    assert "Return value from test method ignored: 3" in error_of(lambda self: 3)
    assert "Return value from test method ignored: <" in error_of(forgotten)


def test_tasks_left_over_are_cancelled_and_see_it() -> None:
    seen: list[str] = []

    async def last() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise ValueError("of no interest any more")

    @gen_test
    async def test(self: AsyncTestCase) -> None:
        self.keep = asyncio.ensure_future(last())  # type: ignore[attr-defined]
        await asyncio.sleep(0)

    passes(test)
    assert seen == ["cancelled"]


def test_asynchronous_generators_left_over_are_closed() -> None:
    seen: list[str] = []

    async def numbers() -> Any:
        try:
            yield 1
        finally:
            seen.append("closed")

    @gen_test
    async def test(self: AsyncTestCase) -> None:
        self.keep = numbers()  # type: ignore[attr-defined]
        await anext(self.keep)  # type: ignore[attr-defined]

    passes(test)
    assert seen == ["closed"]


def test_descriptors_left_on_the_loop_are_closed() -> None:
    ours, theirs = socket.socketpair()

    def test(self: AsyncTestCase) -> None:
        self.io_loop.add_handler(ours, lambda fd, events: None, IOLoop.READ)

    with theirs:
        passes(test)
        assert ours.fileno() == -1


def test_a_loop_of_another_kind_can_be_brought() -> None:
    class Named(AsyncTestCase):
        def get_new_ioloop(self) -> IOLoop:
            loop = super().get_new_ioloop()
            loop.name = "mine"  # type: ignore[attr-defined]
            return loop

    def test(self: Any) -> None:
        assert self.io_loop.name == "mine"

    passes(test, Named)


def test_skipping_and_expected_failures_work_as_in_unittest() -> None:
    result, _ = run(lambda self: self.skipTest("why"))
    assert [reason for _, reason in result.skipped] == ["why"]
    result, _ = run(unittest.expectedFailure(lambda self: self.fail()))
    assert len(result.expectedFailures) == 1


def test_a_case_can_be_made_without_a_test() -> None:
    assert AsyncTestCase().id().endswith("AsyncTestCase.runTest")
    with pytest.raises(ValueError, match="no such test method"):
        AsyncTestCase("nothing")


def test_a_context_lasts_until_the_test_is_over() -> None:
    seen: list[str] = []

    @contextmanager
    def context() -> Iterator[int]:
        seen.append("enter")
        yield 7
        seen.append("exit")

    class Inside(AsyncTestCase):
        def setUp(self) -> None:
            super().setUp()
            self.value = setup_with_context_manager(self, context())

        def tearDown(self) -> None:
            seen.append("tearDown")
            super().tearDown()

    def test(self: Any) -> None:
        assert self.value == 7
        seen.append("test")

    passes(test, Inside)
    assert seen == ["enter", "test", "tearDown", "exit"]


def test_an_error_of_an_old_callback_after_the_test_is_logged_and_fails_nothing(
    logs: LogWatch,
) -> None:
    class Case(AsyncTestCase):
        def test(self) -> None:
            ours, self.theirs = socket.socketpair()
            IOStream(ours).read_until_close(lambda data: 1 // 0)
            self.addCleanup(self.theirs.close)
            self.theirs.shutdown(socket.SHUT_WR)
            self.io_loop.add_callback(self.io_loop.stop)

        def tearDown(self) -> None:
            self.io_loop.run_sync(lambda: gen.sleep(0))
            super().tearDown()

    with (
        logs.expect("whirlwind.application", "Exception in callback"),
        logs.expect("whirlwind.application", "Uncaught exception, closing connection"),
    ):
        result = unittest.TestResult()
        Case("test").run(result)
    assert result.wasSuccessful(), result.errors
