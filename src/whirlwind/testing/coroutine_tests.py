"""Tests that are coroutines.

Layer: public package ``testing``.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import traceback
from collections.abc import Callable, Coroutine, Generator
from typing import Any, TypeAlias, overload

from whirlwind._engine.coroutine import coroutine
from whirlwind._engine.futures import chain_future
from whirlwind._engine.results import Return
from whirlwind._net.ioloop import IOLoop
from whirlwind.testing.async_case import AsyncTestCase
from whirlwind.testing.timeouts import get_async_test_timeout

_Test: TypeAlias = Callable[..., "Generator[Any, Any, object] | Coroutine[Any, Any, object] | None"]


@overload
def gen_test(func: _Test, *, timeout: float | None = None) -> Callable[..., None]: ...
@overload
def gen_test(
    func: None = None, *, timeout: float | None = None
) -> Callable[[_Test], Callable[..., None]]: ...
@overload
def gen_test(
    func: None = None, timeout: float | None = None
) -> Callable[[_Test], Callable[..., None]]: ...
def gen_test(
    func: _Test | None = None, timeout: float | None = None
) -> Callable[..., None] | Callable[[_Test], Callable[..., None]]:
    """Run a test method of an ``AsyncTestCase`` as a coroutine on the test's loop.

    ::

        class PageTest(AsyncHTTPTestCase):
            @gen_test
            async def test_page(self):
                response = await self.http_client.fetch(self.get_url("/"))

            @gen_test(timeout=10)
            def test_report(self):
                response = yield self.http_client.fetch(self.get_url("/report"))

    Args:
        func: The method: a generator or a coroutine function.
        timeout: Longest run in seconds; None means what ``get_async_test_timeout()`` says when
            the method is decorated.

    Returns:
        The method to be run by ``unittest``. When its time is over it raises ``TimeoutError``,
        which shows where the test waited: thrown into a generator there, noted on the error for
        a native coroutine, which is cancelled.
    """
    longest = get_async_test_timeout() if timeout is None else timeout

    def decorate(test: _Test) -> Callable[..., None]:
        @functools.wraps(test)
        def run(self: AsyncTestCase, *args: Any, **kwargs: Any) -> Any:
            return _run(self.io_loop, functools.partial(test, self, *args, **kwargs), longest)

        return run

    return decorate if func is None else decorate(func)


def _run(io_loop: IOLoop, test: Callable[[], Any], longest: float) -> Any:
    """Run one test to its end, or to the end of its time.

    ``run_sync`` has a timeout, but it tells nothing of where a generator was: by the time it
    raises, the generator has been cancelled.
    """
    too_late: TimeoutError | None = None
    body: Any = None

    def start() -> asyncio.Future[Any]:
        nonlocal body
        try:
            body = test()
        except Return as end:  # of a function that yields nothing
            body = end.value
        outcome: asyncio.Future[Any] = asyncio.Future()
        done: asyncio.Future[Any]
        if inspect.iscoroutine(body):
            done = asyncio.ensure_future(body)
        else:
            done = coroutine(lambda: body)()

        def expire() -> None:
            nonlocal too_late
            if done.done():
                return  # and finish() is to come: uvloop runs timers first
            too_late = TimeoutError(f"Operation timed out after {longest} seconds")
            if isinstance(done, asyncio.Task):
                # Its own way to end is by cancellation, and it has to run for that.
                too_late.add_note(f"The test waited here:\n{_place(body)}")
                done.cancel()
            else:
                outcome.set_exception(too_late)

        timer = io_loop.call_later(longest, expire)

        def finish(done: asyncio.Future[Any]) -> None:
            io_loop.remove_timeout(timer)
            if too_late is None:
                chain_future(done, outcome)
            elif not outcome.done():
                outcome.set_exception(too_late)

        done.add_done_callback(finish)
        return outcome

    try:
        return io_loop.run_sync(start)
    except TimeoutError as error:
        if error is too_late and inspect.isgenerator(body):
            # Comes out again with the test's lines in its traceback, unless the test catches it.
            with contextlib.suppress(StopIteration):
                body.throw(error)
        raise
    finally:
        too_late = None  # it refers to this frame, which must not refer to it


def _place(waiting: Any) -> str:
    """Describe where a coroutine waits, and what that waits for, as tracebacks do."""
    places: list[traceback.FrameSummary] = []
    while (frame := getattr(waiting, "cr_frame", getattr(waiting, "gi_frame", None))) is not None:
        if frame.f_lineno is not None:  # as in compiled code
            code = frame.f_code
            places.append(traceback.FrameSummary(code.co_filename, frame.f_lineno, code.co_name))
        waiting = getattr(waiting, "cr_await", getattr(waiting, "gi_yieldfrom", None))
    return "".join(traceback.format_list(places))
