"""Contexts that go along with callbacks, coroutines and wrapped functions."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest
from tests.conftest import LogWatch

from whirlwind import gen, stack_context
from whirlwind._engine import coroutine, error_scope
from whirlwind.ioloop import IOLoop
from whirlwind.stack_context import (
    ExceptionStackContext,
    NullContext,
    StackContext,
    StackContextInconsistentError,
    run_with_stack_context,
    wrap,
)

Steps = Generator[Any, Any, Any]


def taking(told: list[BaseException]) -> ExceptionStackContext:
    """A context that deals with every exception, and keeps it in ``told``."""

    def take(kind: type, error: BaseException, traceback: Any) -> bool:
        told.append(error)
        return True

    return ExceptionStackContext(take)


class Inside:
    """Which contexts are entered at the moment, the outermost first."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def __call__(self, name: str) -> StackContext:
        @contextlib.contextmanager
        def entered() -> Iterator[None]:
            self.names.append(name)
            try:
                yield
            finally:
                assert self.names.pop() == name

        return StackContext(entered)


@pytest.fixture
def inside() -> Inside:
    return Inside()


@pytest.fixture
def loop() -> Iterator[IOLoop]:
    made = IOLoop(make_current=True)
    yield made
    made.close()


def turn(loop: IOLoop, *begin: Callable[[], Any]) -> None:
    """Run the loop until what ``begin`` schedules, and what that schedules, has run."""

    async def main() -> None:
        for function in begin:
            function()
        for _ in range(4):
            await asyncio.sleep(0)

    loop.run_sync(main)


def test_a_callback_is_run_inside_the_contexts_it_was_scheduled_in(
    loop: IOLoop, inside: Inside
) -> None:
    seen: list[list[str]] = []

    def look() -> None:
        seen.append(inside.names[:])

    def begin() -> None:
        with inside("a"):
            with inside("b"):
                loop.add_callback(loop.add_callback, look)
                loop.call_later(0, look)
            loop.add_callback(look)
        loop.add_callback(look)

    turn(loop, begin)
    assert sorted(seen) == [[], ["a"], ["a", "b"], ["a", "b"]]
    assert inside.names == []


def test_null_context_leaves_everything_for_a_block(loop: IOLoop, inside: Inside) -> None:
    seen: list[list[str]] = []

    def begin() -> None:
        with inside("a"), NullContext():
            loop.add_callback(lambda: seen.append(inside.names[:]))

    turn(loop, begin)
    assert seen == [[]]


def test_a_context_that_was_deactivated_is_not_entered_again(loop: IOLoop, inside: Inside) -> None:
    seen: list[list[str]] = []

    def begin() -> None:
        with inside("a"), inside("b") as deactivate, inside("c"):
            deactivate()
            loop.add_callback(lambda: seen.append(inside.names[:]))

    turn(loop, begin)
    assert seen == [["a", "c"]]


def test_an_exception_goes_outwards_until_a_handler_takes_it(loop: IOLoop) -> None:
    told: list[str] = []

    def handler(name: str, takes: bool) -> ExceptionStackContext:
        def handle(kind: type, error: BaseException, traceback: Any) -> bool:
            told.append(f"{name} {kind.__name__}")
            return takes

        return ExceptionStackContext(handle)

    def begin() -> None:
        with handler("out", True), handler("middle", True), handler("in", False):
            loop.add_callback(lambda: 1 // 0)

    turn(loop, begin)
    assert told == ["in ZeroDivisionError", "middle ZeroDivisionError"]


def test_an_exception_that_nobody_takes_is_logged(
    loop: IOLoop, inside: Inside, logs: LogWatch
) -> None:
    def begin() -> None:
        with inside("a"), ExceptionStackContext(lambda *about: False):
            loop.add_callback(lambda: 1 // 0)

    with logs.expect("whirlwind.application", "Exception in callback"):
        turn(loop, begin)


def test_a_context_manager_can_swallow_or_replace_the_exception_of_a_callback(
    loop: IOLoop,
) -> None:
    told: list[BaseException] = []

    @contextlib.contextmanager
    def replaces() -> Iterator[None]:
        try:
            yield
        except ZeroDivisionError:
            raise KeyError("instead") from None

    def begin() -> None:
        with StackContext(lambda: contextlib.suppress(ZeroDivisionError)):
            loop.add_callback(lambda: 1 // 0)
        with taking(told), StackContext(replaces):
            loop.add_callback(lambda: 1 // 0)

    turn(loop, begin)
    assert [repr(error) for error in told] == ["KeyError('instead')"]


def test_a_task_inside_a_context_gets_the_exception_before_the_context(loop: IOLoop) -> None:
    told: list[BaseException] = []

    def fails(callback: Callable[[], None]) -> None:
        loop.add_callback(lambda: 1 // 0)

    @gen.coroutine
    def main() -> Steps:
        with taking(told):
            task = gen.Task(fails)
        with pytest.raises(ZeroDivisionError):
            yield task

    loop.run_sync(main)
    assert told == []


def test_the_steps_of_a_coroutine_are_run_inside_its_contexts(loop: IOLoop, inside: Inside) -> None:
    seen: list[list[str]] = []

    @gen.coroutine
    def work(result: int) -> Steps:
        seen.append(inside.names[:])
        yield gen.moment
        seen.append(inside.names[:])
        yield gen.moment
        seen.append(inside.names[:])
        raise gen.Return(result)

    @gen.coroutine
    def main() -> Steps:
        result = yield run_with_stack_context(inside("a"), lambda: work(7))
        seen.append(inside.names[:])
        return result

    assert loop.run_sync(main) == 7
    assert seen == [["a"], ["a"], ["a"], []]


def test_a_failing_step_leaves_the_contexts_and_fails_the_future(
    loop: IOLoop, inside: Inside
) -> None:
    @gen.coroutine
    def work() -> Steps:
        yield gen.moment
        raise KeyError("work")

    with pytest.raises(KeyError):
        loop.run_sync(lambda: run_with_stack_context(inside("a"), work))
    assert inside.names == []


def test_a_yield_inside_a_with_block_is_refused(loop: IOLoop, inside: Inside) -> None:
    @gen.coroutine
    def wrong() -> Steps:
        with inside("a"):
            yield gen.moment

    with NullContext(), inside("before, so that coroutines are watched"):
        pass
    with pytest.raises(StackContextInconsistentError, match="yield within"):
        loop.run_sync(wrong)
    assert inside.names == []


def test_leaving_out_of_order_is_refused(inside: Inside) -> None:
    outer, inner = (ExceptionStackContext(lambda *about: False) for _ in range(2))
    before = stack_context._state.contexts
    outer.__enter__()
    inner.__enter__()
    with pytest.raises(StackContextInconsistentError):
        outer.__exit__(None, None, None)
    stack_context._state.contexts = before


def test_a_wrapped_function_takes_its_contexts_to_another_thread(inside: Inside) -> None:
    seen: list[Any] = []

    def look(*args: int, **named: int) -> str:
        seen.append((inside.names[:], args, named))
        return "result"

    with inside("a"):
        wrapped = wrap(look)
    assert wrapped is not None
    thread = threading.Thread(target=lambda: seen.append(wrapped(1, b=2)))
    thread.start()
    thread.join()
    assert seen == [(["a"], (1,), {"b": 2}), "result"]


def test_what_is_wrapped_is_not_run_inside_the_contexts_of_the_loop_as_well(
    loop: IOLoop, inside: Inside
) -> None:
    seen: list[Any] = []
    with inside("a"):
        wrapped = wrap(lambda *args: seen.append((inside.names[:], args)))

    def begin() -> None:
        assert wrapped is not None
        with inside("b"):
            loop.add_callback(wrapped)
            loop.add_callback(wrapped, 1)

    turn(loop, begin)
    assert seen == [(["a"], ()), (["a"], (1,))]


def test_wrapping_none_and_wrapping_twice_change_nothing() -> None:
    wrapped = wrap(lambda: None)
    assert wrap(None) is None
    assert wrap(wrapped) is wrapped


def test_the_exception_of_a_wrapped_function_goes_to_its_contexts_or_is_raised() -> None:
    told: list[BaseException] = []
    with taking(told):
        taken = wrap(lambda: 1 // 0)
    raised = wrap(lambda: 1 // 0)
    assert taken is not None
    assert raised is not None
    assert taken() is None
    assert len(told) == 1
    with pytest.raises(ZeroDivisionError):
        raised()


def test_the_state_shows_what_is_active_from_the_innermost_outwards(inside: Inside) -> None:
    nothing = stack_context._state.contexts
    assert nothing == ((), None)
    one, two = inside("a"), ExceptionStackContext(lambda *about: False)
    with one, two as deactivate:
        entered, head = stack_context._state.contexts
        assert entered == (one,)
        assert head is two
        assert two.old_contexts == ((one,), one)
        deactivate()
        assert stack_context._state.contexts == ((one,), one)
    assert stack_context._state.contexts == nothing


def test_callbacks_that_begin_the_next_operation_leave_no_chain(loop: IOLoop) -> None:
    depths: list[int] = []

    def depth() -> int:
        found, scope = 0, error_scope.scope.get()
        while scope is not None:
            found, scope = found + 1, scope.outer
        return found

    def next_one(left: int) -> None:
        depths.append(depth())
        if left:
            gen.Task(operation, next_one, left - 1)

    def operation(then: Callable[..., None], *args: int, callback: Callable[[], None]) -> None:
        callback()
        loop.add_callback(then, *args)

    turn(loop, lambda: next_one(3))
    assert max(depths) <= 1


def used() -> bool:
    return error_scope.Reentry.run is not None


def test_only_using_contexts_changes_how_callbacks_and_coroutines_run() -> None:
    before = vars(coroutine)["start"]
    with NullContext():
        pass
    assert not used()
    assert vars(coroutine)["start"] is before
    with ExceptionStackContext(lambda *about: False):
        pass
    assert used()
    assert vars(coroutine)["start"] is not before
