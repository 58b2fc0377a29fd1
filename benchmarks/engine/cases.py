"""One contender's times, in a process of its own: ``python cases.py CONTENDER LOOP``.

Prints JSON: nanoseconds of processor time for each case, the median of several rounds. (Not of the
clock on the wall: nothing here waits for anything but the loop, and a busy machine disturbs less.)
Every contender does the same work in its own way of writing it; a case that a contender has no
equivalent for is left out.
"""

from __future__ import annotations

import asyncio
import gc
import json
import statistics
import sys
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Generator
from typing import Any

ROUNDS = 15


def timed(function: Callable[[], Any], count: int) -> float:
    """Return nanoseconds a call: the median over rounds of ``count`` calls."""
    rounds = []
    for _ in range(ROUNDS):
        began = time.process_time_ns()
        for _ in range(count):
            function()
        rounds.append((time.process_time_ns() - began) / count)
    return statistics.median(rounds)


async def timed_async(function: Callable[[], Awaitable[Any]], count: int) -> float:
    rounds = []
    for _ in range(ROUNDS):
        began = time.process_time_ns()
        for _ in range(count):
            await function()
        rounds.append((time.process_time_ns() - began) / count)
    return statistics.median(rounds)


def pending() -> asyncio.Future[int]:
    """Return a future that the loop resolves in its next turn."""
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    loop.call_soon(future.set_result, 1)
    return future


async def generators(gen: Any) -> dict[str, float]:
    """Cases of Tornado and whirlwind: the same programs, another import."""
    done = asyncio.get_running_loop().create_future()
    done.set_result(1)
    Steps = Generator[Any, Any, Any]  # noqa: N806

    @gen.coroutine
    def plain() -> int:
        return 1

    @gen.coroutine
    def returns() -> Steps:
        if done is None:
            yield
        return 1

    @gen.coroutine
    def one_done() -> Steps:
        return (yield done)

    @gen.coroutine
    def many_done(count: int) -> Steps:
        for _ in range(count):
            yield done

    def chain(depth: int) -> Callable[[], Any]:
        if depth == 1:
            return returns  # type: ignore[no-any-return]
        inner = chain(depth - 1)

        @gen.coroutine
        def link() -> Steps:
            return (yield inner())

        return link  # type: ignore[no-any-return]

    def chain_over(depth: int) -> Callable[[Any], Any]:
        @gen.coroutine
        def last(future: Any) -> Steps:
            return (yield future)

        if depth == 1:
            return last  # type: ignore[no-any-return]
        inner = chain_over(depth - 1)

        @gen.coroutine
        def link(future: Any) -> Steps:
            return (yield inner(future))

        return link  # type: ignore[no-any-return]

    @gen.coroutine
    def whole(futures: list[Any]) -> Steps:
        return (yield futures)

    ten, one_over, ten_over = chain(10), chain_over(1), chain_over(10)
    few, many = 100, 900
    further = (timed(lambda: many_done(many), 20) - timed(lambda: many_done(few), 20)) / (
        many - few
    )
    return {
        "returns at once (no generator)": timed(plain, 20_000),
        "returns at once": timed(returns, 20_000),
        "yields a done future": timed(one_done, 10_000),
        "each further yield of a done future": further,
        "chain of 10, returns at once": timed(ten, 2_000),
        "one wait": await timed_async(lambda: one_over(pending()), 3_000),
        "chain of 10 over one wait": await timed_async(lambda: ten_over(pending()), 2_000),
        "list of 10 pending": await timed_async(lambda: whole([pending() for _ in range(10)]), 500),
        "bytes of a waiting coroutine": memory(lambda future: one_over(future)),
    }


def memory(start: Callable[[Any], Any], count: int = 2_000) -> float:
    """Return bytes that one waiting coroutine takes, without the future that it waits for."""
    loop = asyncio.get_running_loop()
    futures = [loop.create_future() for _ in range(count)]
    keep: list[Any] = [None] * count
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for index, future in enumerate(futures):
        keep[index] = start(future)
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    for future in futures:
        future.set_result(1)
    return taken / count


async def natives() -> dict[str, float]:
    """The same with native coroutines: awaited, as tasks, and with gather."""
    done = asyncio.get_running_loop().create_future()
    done.set_result(1)

    async def returns() -> int:
        return 1

    async def many_done(count: int) -> None:
        for _ in range(count):
            await done

    async def chain(depth: int) -> int:
        return 1 if depth == 1 else await chain(depth - 1)

    async def chain_over(depth: int, future: asyncio.Future[int]) -> int:
        return await future if depth == 1 else await chain_over(depth - 1, future)

    async def one_done() -> int:
        return await done

    async def further(count: int) -> float:
        return await timed_async(lambda: many_done(count), 20)

    async def task(depth: int) -> int:
        return await asyncio.ensure_future(chain_over(depth, pending()))

    return {
        "returns at once": await timed_async(returns, 20_000),
        "yields a done future": await timed_async(one_done, 10_000),
        "each further yield of a done future": (await further(900) - await further(100)) / 800,
        "chain of 10, returns at once": await timed_async(lambda: chain(10), 2_000),
        "one wait": await timed_async(lambda: chain_over(1, pending()), 3_000),
        "chain of 10 over one wait": await timed_async(lambda: chain_over(10, pending()), 2_000),
        "one wait, in a task": await timed_async(lambda: task(1), 3_000),
        "list of 10 pending": await timed_async(
            lambda: asyncio.gather(*[pending() for _ in range(10)]), 500
        ),
        "bytes of a waiting coroutine": await task_memory(chain_over),
    }


async def task_memory(chain_over: Any, count: int = 2_000) -> float:
    loop = asyncio.get_running_loop()
    futures = [loop.create_future() for _ in range(count)]
    tasks: list[Any] = [None] * count
    await asyncio.sleep(0)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for index, future in enumerate(futures):
        tasks[index] = asyncio.ensure_future(chain_over(1, future))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    for future in futures:
        future.set_result(1)
    await asyncio.gather(*tasks)
    return taken / count


def twisted() -> dict[str, float]:
    from twisted.internet import defer  # type: ignore[import-not-found]

    done = defer.succeed(1)

    @defer.inlineCallbacks
    def returns() -> Generator[Any, Any, int]:
        if done is None:
            yield
        return 1

    @defer.inlineCallbacks
    def one_done() -> Generator[Any, Any, Any]:
        return (yield defer.succeed(1))

    @defer.inlineCallbacks
    def many_done(count: int) -> Generator[Any, Any, Any]:
        for _ in range(count):
            yield defer.succeed(1)

    def chain(depth: int) -> Callable[[], Any]:
        if depth == 1:
            return returns  # type: ignore[no-any-return]
        inner = chain(depth - 1)

        @defer.inlineCallbacks
        def link() -> Generator[Any, Any, Any]:
            return (yield inner())

        return link  # type: ignore[no-any-return]

    def chain_over(depth: int) -> Callable[[Any], Any]:
        @defer.inlineCallbacks
        def last(deferred: Any) -> Generator[Any, Any, Any]:
            return (yield deferred)

        if depth == 1:
            return last  # type: ignore[no-any-return]
        inner = chain_over(depth - 1)

        @defer.inlineCallbacks
        def link(deferred: Any) -> Generator[Any, Any, Any]:
            return (yield inner(deferred))

        return link  # type: ignore[no-any-return]

    def over(function: Callable[[Any], Any]) -> Callable[[], None]:
        def run() -> None:
            deferred = defer.Deferred()
            function(deferred)
            deferred.callback(1)

        return run

    def gathered() -> None:
        deferreds = [defer.Deferred() for _ in range(10)]
        defer.gatherResults(deferreds)
        for deferred in deferreds:
            deferred.callback(1)

    further = (timed(lambda: many_done(900), 20) - timed(lambda: many_done(100), 20)) / 800
    return {
        "returns at once": timed(returns, 10_000),
        "yields a done future": timed(one_done, 10_000),
        "each further yield of a done future": further,
        "chain of 10, returns at once": timed(chain(10), 1_000),
        # Twisted calls back inside callback(): no turn of a loop is in these.
        "one wait": timed(over(chain_over(1)), 3_000),
        "chain of 10 over one wait": timed(over(chain_over(10)), 1_000),
        "list of 10 pending": timed(gathered, 500),
    }


def gevent() -> dict[str, float]:
    from gevent import joinall, spawn  # type: ignore[import-not-found]
    from gevent.event import AsyncResult  # type: ignore[import-not-found]

    def chain_over(depth: int, result: Any) -> Any:
        return result.get() if depth == 1 else chain_over(depth - 1, result)

    def over(depth: int) -> Callable[[], None]:
        def run() -> None:
            result = AsyncResult()
            waiting = spawn(chain_over, depth, result)
            waiting_setter = spawn(result.set, 1)
            joinall([waiting, waiting_setter])

        return run

    def ten() -> None:
        results = [AsyncResult() for _ in range(10)]
        setters = [spawn(result.set, 1) for result in results]
        waiting = [spawn(result.get) for result in results]
        joinall(waiting + setters)

    return {
        "returns at once": timed(lambda: spawn(int).get(), 5_000),
        "one wait": timed(over(1), 2_000),
        "chain of 10 over one wait": timed(over(10), 2_000),
        "list of 10 pending": timed(ten, 300),
    }


def main() -> None:
    contender, loop = sys.argv[1:3]
    if contender in ("twisted", "gevent"):
        result = twisted() if contender == "twisted" else gevent()
    else:
        if loop == "uvloop":
            import uvloop

            factory: Any = uvloop.new_event_loop
        else:
            factory = asyncio.new_event_loop
        if contender == "tornado":
            from tornado import gen  # type: ignore[import-not-found]

            program = generators(gen)
        elif contender == "whirlwind":
            from whirlwind import gen as our_gen

            program = generators(our_gen)
        else:
            program = natives()
        with asyncio.Runner(loop_factory=factory) as runner:
            result = runner.run(program)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
