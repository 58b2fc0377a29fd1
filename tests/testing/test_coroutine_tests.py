"""Tests that are coroutines: both kinds, their time, and what they show when it is over."""

from __future__ import annotations

import asyncio
import gc
import inspect
import traceback
import weakref
from collections.abc import Callable, Generator
from typing import Any

import pytest

from whirlwind import gen
from whirlwind.testing import AsyncTestCase, gen_test

# Long enough for a task to begin on a machine that is busy with something else.
SHORT = 0.1


class Case(AsyncTestCase):
    def runTest(self) -> None:
        pass


@pytest.fixture
def case() -> Generator[Case, None, None]:
    case = Case()
    case.setUp()
    yield case
    case.tearDown()


def error_of(case: Case, test: Callable[..., Any]) -> BaseException:
    with pytest.raises(TimeoutError) as caught:
        test(case)
    return caught.value


def test_generators_and_native_coroutines_run_to_their_end(case: Case) -> None:
    seen: list[str] = []

    @gen_test
    def generator(self: Case) -> Generator[Any, Any, None]:
        yield gen.moment
        seen.append("generator")

    @gen_test
    async def native(self: Case) -> None:
        await asyncio.sleep(0)
        seen.append("native")

    @gen_test()
    def neither(self: Case) -> None:
        seen.append("neither")

    @gen_test
    def ended(self: Case) -> None:
        seen.append("ended")
        raise gen.Return

    for test in (generator, native, neither, ended):
        test(case)
    assert seen == ["generator", "native", "neither", "ended"]


def test_arguments_and_documentation_pass_through(case: Case) -> None:
    @gen_test(timeout=3)
    async def test(self: Case, one: int, *, two: int) -> int:
        """What it is about."""
        return one + two

    assert test(case, 1, two=2) == 3
    assert test.__doc__ == "What it is about."
    assert test.__name__ == "test"
    assert not inspect.iscoroutinefunction(test)


def test_an_error_of_the_test_is_that_of_the_method(case: Case) -> None:
    @gen_test
    def generator(self: Case) -> Generator[Any, Any, None]:
        yield gen.moment
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        generator(case)


def test_a_timeout_of_the_tests_own_stays_what_it_is(case: Case) -> None:
    @gen_test
    async def native(self: Case) -> None:
        raise TimeoutError("mine")

    @gen_test
    def generator(self: Case) -> Generator[Any, Any, None]:
        yield gen.moment
        raise TimeoutError("mine")

    for test in (native, generator):
        assert str(error_of(case, test)) == "mine"


def test_a_generator_whose_time_is_over_gets_the_error_where_it_waits(case: Case) -> None:
    seen: list[str] = []

    @gen_test(timeout=SHORT)
    def test(self: Case) -> Generator[Any, Any, None]:
        try:
            yield asyncio.Future()  # here it waits
        except TimeoutError as error:
            seen.append(str(error))
            raise

    error = error_of(case, test)
    assert seen == [f"Operation timed out after {SHORT} seconds"]
    lines = [frame.line or "" for frame in traceback.extract_tb(error.__traceback__)]
    assert any("# here it waits" in line for line in lines)


@pytest.mark.parametrize("again", [False, True])
def test_a_generator_that_catches_the_error_fails_all_the_same(case: Case, again: bool) -> None:
    @gen_test(timeout=SHORT)
    def test(self: Case) -> Generator[Any, Any, None]:
        try:
            yield asyncio.Future()
        except TimeoutError:
            if again:
                yield asyncio.Future()

    assert "timed out" in str(error_of(case, test))


def test_a_native_coroutine_whose_time_is_over_is_cancelled_and_its_place_noted(
    case: Case,
) -> None:
    seen: list[str] = []

    async def inner() -> None:
        await asyncio.Future()  # here it waits

    @gen_test(timeout=SHORT)
    async def test(self: Case) -> None:
        try:
            await inner()
        except asyncio.CancelledError:
            seen.append("cancelled")
            await asyncio.sleep(0)
            seen.append("cleaned up")
            raise

    error = error_of(case, test)
    assert seen == ["cancelled", "cleaned up"]
    [note] = error.__notes__
    assert "await inner()" in note
    assert "# here it waits" in note


def test_time_comes_from_the_environment_when_the_test_is_decorated(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASYNC_TEST_TIMEOUT", str(SHORT))

    @gen_test
    async def test(self: Case) -> None:
        await asyncio.Future()

    monkeypatch.delenv("ASYNC_TEST_TIMEOUT")
    assert str(SHORT) in str(error_of(case, test))


def test_a_timeout_leaves_no_reference_cycle(case: Case) -> None:
    class Kept:
        pass

    kept = weakref.ref(Kept())

    @gen_test(timeout=SHORT)
    async def test(self: Case) -> None:
        nonlocal kept
        here = Kept()
        kept = weakref.ref(here)
        await asyncio.Future()

    gc.collect()
    gc.disable()
    try:
        with pytest.raises(TimeoutError):
            test(case)
        assert kept() is None
    finally:
        gc.enable()
