"""The runner's ``resolve``: who waits for an event of the loop goes on within the event."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import gc
import weakref
from collections.abc import Callable, Generator
from typing import Any

import pytest
from tests.engine.conftest import Run

from whirlwind import gen
from whirlwind._engine.runner_cy import resolve

Future = asyncio.Future[Any]


async def natively(future: Future) -> Any:
    return await future


@gen.coroutine
def as_a_coroutine(future: Future) -> Generator[Any, Any, Any]:
    return (yield future)


WAITERS = pytest.mark.parametrize("wait", [natively, as_a_coroutine])
Wait = Callable[[Future], Any]


def event(act: Callable[[], object]) -> Future:
    """Do something in a callback of the loop; return a future of what comes of it."""
    loop = asyncio.get_running_loop()
    seen = loop.create_future()

    def callback() -> None:
        try:
            seen.set_result(act())
        except BaseException as error:
            seen.set_exception(error)

    loop.call_soon(callback)
    return seen


async def waiting(wait: Wait, future: Future) -> Future:
    started: Future = asyncio.ensure_future(wait(future))
    await asyncio.sleep(0)
    return started


@WAITERS
def test_one_that_is_alone_in_waiting_goes_on_at_once(run: Run, wait: Wait) -> None:
    async def main() -> None:
        future = asyncio.get_running_loop().create_future()
        waiter = await waiting(wait, future)

        def act() -> bool:
            resolve(future, 5)
            assert future.result() == 5
            return waiter.done()

        assert await event(act)
        assert await waiter == 5

    run(main())


def test_several_go_on_in_their_order_after_the_event(run: Run) -> None:
    async def main() -> None:
        future = asyncio.get_running_loop().create_future()
        order: list[str] = []
        waiters = []

        def ended(name: str, waiter: Future) -> None:
            order.append(name)

        for wait in (natively, as_a_coroutine, natively):
            waiters.append(await waiting(wait, future))
            waiters[-1].add_done_callback(functools.partial(ended, wait.__name__))

        def act() -> bool:
            resolve(future, 5)
            return any(waiter.done() for waiter in waiters)

        assert not await event(act)
        assert await asyncio.gather(*waiters) == [5, 5, 5]
        for _ in range(3):  # gather() may be done before who was asked first
            await asyncio.sleep(0)
        assert order == ["natively", "as_a_coroutine", "natively"]

    run(main())


def test_a_plain_callback_is_called_by_the_loop(run: Run) -> None:
    async def main() -> None:
        future = asyncio.get_running_loop().create_future()
        called: list[Future] = []
        future.add_done_callback(called.append)

        def act() -> int:
            resolve(future, 5)
            return len(called)

        assert await event(act) == 0
        await asyncio.sleep(0)
        assert called == [future]

    run(main())


def test_nobody_has_to_wait(run: Run) -> None:
    async def main() -> None:
        future = asyncio.get_running_loop().create_future()
        await event(lambda: resolve(future, 5))
        assert await future == 5

    run(main())


@WAITERS
def test_inside_a_task_the_loop_resumes_who_waits(run: Run, wait: Wait) -> None:
    async def main() -> None:
        future = asyncio.get_running_loop().create_future()
        waiter = await waiting(wait, future)
        resolve(future, 5)
        assert not waiter.done()
        assert await waiter == 5

    run(main())


def test_a_future_that_is_done_is_an_error(run: Run) -> None:
    async def main() -> None:
        future = asyncio.get_running_loop().create_future()
        future.set_result(1)
        with pytest.raises(asyncio.InvalidStateError):
            resolve(future, 5)

    run(main())


@WAITERS
def test_who_goes_on_is_in_a_context_of_its_own(run: Run, wait: Wait) -> None:
    name: contextvars.ContextVar[str] = contextvars.ContextVar("name", default="the loop's")

    async def named(future: Future) -> str:
        name.set("its own")
        await wait(future)
        return name.get()

    async def main() -> None:
        future = asyncio.get_running_loop().create_future()
        waiter = await waiting(named, future)

        def act() -> str:
            resolve(future, 5)
            return name.get()

        assert await event(act) == "the loop's"
        assert await waiter == "its own"

    run(main())


@WAITERS
def test_an_error_of_who_goes_on_is_its_own(run: Run, wait: Wait) -> None:
    async def failing(future: Future) -> None:
        await wait(future)
        raise KeyError("late")

    async def main() -> None:
        future = asyncio.get_running_loop().create_future()
        waiter = await waiting(failing, future)
        assert await event(lambda: resolve(future, 5)) is None
        with pytest.raises(KeyError, match="late"):
            await waiter

    run(main())


@WAITERS
def test_an_error_leaves_no_circle_behind(run: Run, wait: Wait) -> None:
    class Thing:
        pass

    async def failing(future: Future, thing: Thing) -> None:
        await wait(future)
        raise KeyError(thing)

    async def main() -> None:
        future = asyncio.get_running_loop().create_future()
        things = [Thing()]
        watched = weakref.ref(things[0])
        waiter = await waiting(lambda future: failing(future, things.pop()), future)
        gc.disable()
        try:
            await event(functools.partial(resolve, future, 5))
            with pytest.raises(KeyError):
                await waiter
            del waiter, future
            await asyncio.sleep(0)
            assert watched() is None
        finally:
            gc.enable()

    run(main())


def test_a_task_that_was_cancelled_in_the_meantime_stays_cancelled(run: Run) -> None:
    async def main() -> None:
        future = asyncio.get_running_loop().create_future()
        waiter = await waiting(lambda future: asyncio.shield(future), future)
        waiter.cancel()
        await event(lambda: resolve(future, 5))
        with pytest.raises(asyncio.CancelledError):
            await waiter
        assert future.result() == 5

    run(main())
