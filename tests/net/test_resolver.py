"""The resolvers, on addresses that need no network."""

from __future__ import annotations

import asyncio
import concurrent.futures
import socket
from collections.abc import Callable, Iterator

import pytest
from tests.support.streams import LOOPS, Run, runner_of, within

from whirlwind import gen
from whirlwind.ioloop import IOLoop
from whirlwind.netutil import (
    BlockingResolver,
    DefaultExecutorResolver,
    DefaultLoopResolver,
    ExecutorResolver,
    OverrideResolver,
    Resolver,
    ThreadedResolver,
)


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest) -> Run:
    return runner_of(request.param)


@pytest.fixture(autouse=True)
def configuration() -> Iterator[None]:
    saved = Resolver._save_configuration()
    yield
    Resolver._restore_configuration(saved)


KINDS: list[Callable[[], Resolver]] = [
    Resolver,
    DefaultLoopResolver,
    DefaultExecutorResolver,
    BlockingResolver,
    ThreadedResolver,
    ExecutorResolver,
]


@pytest.mark.parametrize("make", KINDS)
def test_what_can_be_no_name_fails_when_it_is_awaited(make: Callable[[], Resolver]) -> None:
    async def body() -> None:
        resolver = make()
        asked = resolver.resolve("x" * 70, 80)
        with pytest.raises(UnicodeError):
            await within(asked)
        resolver.close()

    asyncio.run(body())


@pytest.mark.parametrize("make", KINDS)
def test_every_resolver_gives_pairs_of_family_and_address(make: Callable[[], Resolver]) -> None:
    async def body() -> None:
        resolver = make()
        assert await within(resolver.resolve("127.0.0.1", 80)) == [
            (socket.AF_INET, ("127.0.0.1", 80))
        ]
        found = await within(resolver.resolve("localhost", 80, socket.AF_INET))
        assert (socket.AF_INET, ("127.0.0.1", 80)) in found
        with pytest.raises(OSError):
            await within(resolver.resolve("an impossible name", 80))
        resolver.close()

    asyncio.run(body())


def test_the_default_works_on_every_loop(run: Run) -> None:
    async def body() -> None:
        found = await within(Resolver().resolve("127.0.0.1", 80))
        assert found == [(socket.AF_INET, ("127.0.0.1", 80))]

    run(body)


def test_a_program_chooses_its_resolver() -> None:
    assert type(Resolver()) is DefaultLoopResolver
    Resolver.configure("whirlwind.netutil.ThreadedResolver", num_threads=2)
    assert type(Resolver()) is ThreadedResolver


def test_an_executor_is_shut_down_only_by_its_owner() -> None:
    for owned in (True, False):
        executor = concurrent.futures.ThreadPoolExecutor(1)
        ExecutorResolver(executor=executor, close_executor=owned).close()
        if owned:
            with pytest.raises(RuntimeError):
                executor.submit(int)
        else:
            assert executor.submit(int).result() == 0
            executor.shutdown()


def test_the_most_exact_override_counts() -> None:
    async def body() -> None:
        resolver = OverrideResolver(
            BlockingResolver(),
            {
                "a.example": "127.0.0.1",
                ("a.example", 1): ("127.0.0.2", 2),
                ("a.example", 1, socket.AF_INET): ("127.0.0.3", 3),
            },
        )

        async def of(port: int, family: socket.AddressFamily = socket.AF_UNSPEC) -> object:
            return (await within(resolver.resolve("a.example", port, family)))[0][1]

        assert await of(9) == ("127.0.0.1", 9)
        assert await of(1) == ("127.0.0.2", 2)
        assert await of(1, socket.AF_INET) == ("127.0.0.3", 3)
        other = await within(resolver.resolve("127.0.0.9", 9))
        assert other[0][1] == ("127.0.0.9", 9)
        resolver.close()

    asyncio.run(body())


@pytest.mark.parametrize("kind", KINDS)
def test_a_callback_is_called_with_the_addresses(run: Run, kind: Callable[[], Resolver]) -> None:
    async def body() -> None:
        told: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        resolver = kind()
        resolver.resolve("127.0.0.1", 80, socket.AF_INET, callback=told.set_result)  # type: ignore[call-arg]
        assert await within(told) == [(socket.AF_INET, ("127.0.0.1", 80))]
        resolver.close()

    run(body)


def test_an_error_goes_to_the_task_that_asked_by_callback(run: Run) -> None:
    async def body() -> None:
        with pytest.raises(OSError):
            await within(gen.Task(BlockingResolver().resolve, "not an address", 80))

    run(body)


@pytest.mark.parametrize(
    "kind",
    [Resolver, DefaultExecutorResolver, BlockingResolver, ThreadedResolver, ExecutorResolver],
)
def test_the_loop_of_4_x_is_accepted(run: Run, kind: type[Resolver]) -> None:
    async def body() -> None:
        resolver = kind(io_loop=IOLoop.current())
        assert await within(asyncio.ensure_future(resolver.resolve("127.0.0.1", 80)))
        resolver.close()

    run(body)
