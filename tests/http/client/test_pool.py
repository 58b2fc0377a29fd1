"""The pool: which connection is taken, how many are kept, for how long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.support.scripted_http import ScriptedServer, run, turns, until

from whirlwind._http.client.connection import HTTPClientConnection
from whirlwind._http.client.pool import ConnectionPool, PoolStatistics


class Bench:
    """A pool, and real connections for it."""

    def __init__(self, server: ScriptedServer, **options: Any) -> None:
        self.server = server
        self.pool = ConnectionPool(asyncio.get_running_loop(), **options)

    async def connection(self, key: str) -> HTTPClientConnection:
        made = HTTPClientConnection(
            asyncio.get_running_loop(),
            key,
            max_header_size=1000,
            released=self.pool.put,
            lost=self.pool.lost,
        )
        self.pool.opened(made)
        await asyncio.get_running_loop().create_connection(
            lambda: made, "127.0.0.1", self.server.port
        )
        return made


@asynccontextmanager
async def bench(**options: Any) -> AsyncIterator[Bench]:
    server = ScriptedServer()
    await server.start()
    made = Bench(server, **options)
    try:
        yield made
    finally:
        made.pool.close()
        await turns(3)
        await server.stop()
        await turns(3)


def test_what_was_used_last_is_taken_first_and_only_under_its_key() -> None:
    async def main() -> None:
        async with bench() as made:
            pool = made.pool
            first, second = await made.connection("a"), await made.connection("a")
            other = await made.connection("b")
            assert pool.statistics() == PoolStatistics(idle=0, open=3, keys=0)
            for connection in (first, other, second):
                pool.put(connection)
            assert pool.statistics() == PoolStatistics(idle=3, open=3, keys=2)
            assert pool.take("c") is None
            assert [pool.take("a") for _ in range(3)] == [second, first, None]
            assert pool.take("b") is other
            assert pool.statistics() == PoolStatistics(idle=0, open=3, keys=0)

    run(main())


def test_over_the_limit_the_oldest_goes() -> None:
    async def main() -> None:
        async with bench(max_idle=2) as made:
            pool = made.pool
            first, second, third = [await made.connection("a") for _ in range(3)]
            for connection in (first, second, third):
                pool.put(connection)
            assert pool.statistics().idle == 2
            await until(lambda: pool.statistics().open == 2)
            assert first.transport is None
            assert [pool.take("a") for _ in range(3)] == [third, second, None]

    run(main())


def test_with_a_limit_of_none_nothing_is_kept() -> None:
    async def main() -> None:
        async with bench(max_idle=0) as made:
            made.pool.put(await made.connection("a"))
            assert made.pool.take("a") is None
            await until(lambda: made.pool.statistics().open == 0)

    run(main())


def test_an_unused_connection_is_closed_when_its_time_is_up() -> None:
    async def main() -> None:
        async with bench(idle_timeout=0.0) as made:
            connection = await made.connection("a")
            made.pool.put(connection)
            await until(lambda: made.pool.statistics() == PoolStatistics(0, 0, 0))
            assert connection.transport is None

    run(main())


def test_a_connection_that_cannot_be_used_is_not_given_out() -> None:
    async def main() -> None:
        async with bench() as made:
            good, bad = await made.connection("a"), await made.connection("a")
            made.pool.put(good)
            made.pool.put(bad)
            assert bad.transport is not None
            bad.transport.close()  # its end will be told in a later turn
            assert made.pool.take("a") is good

    run(main())


def test_a_connection_that_ends_is_forgotten_wherever_it_stands() -> None:
    async def main() -> None:
        async with bench() as made:
            first, second = await made.connection("a"), await made.connection("a")
            made.pool.put(first)
            made.pool.put(second)
            first.abort()
            await until(lambda: made.pool.statistics() == PoolStatistics(1, 1, 1))
            second.abort()
            await until(lambda: made.pool.statistics() == PoolStatistics(0, 0, 0))

    run(main())


def test_a_closed_pool_keeps_nothing() -> None:
    async def main() -> None:
        async with bench() as made:
            idle, used = await made.connection("a"), await made.connection("a")
            made.pool.put(idle)
            made.pool.close()
            await until(lambda: idle.transport is None and used.transport is None)
            late = await made.connection("a")
            made.pool.put(late)
            assert made.pool.take("a") is None
            await until(lambda: late.transport is None)

    run(main())
