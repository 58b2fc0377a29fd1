"""The pool: which connection is taken, how many are kept, for how long."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.support.scripted_http import ScriptedServer, run, turns, until

from whirlwind._base.limits import MAX_TRUSTED, TRUSTED_AFTER
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


def test_a_connection_is_trusted_once_it_was_used_twice_or_silent_for_long() -> None:
    async def main() -> None:
        async with bench() as made:
            pool = made.pool
            first, second = await made.connection("a"), await made.connection("a")
            pool.put(first)
            pool.put(second)
            assert pool.take_trusted("a") is None
            pool._idle[first] -= TRUSTED_AFTER / 1000
            assert pool.take_trusted("a") is first
            assert pool.take_trusted("a") is None
            first.reused = True
            pool.put(first)
            assert pool.take_trusted("a") is first
            assert pool.take_trusted("a") is second
            assert pool.take_trusted("a") is None
            pool.put(second)
            pool.distrust("a")
            assert pool.take_trusted("a") is None
            assert pool.take("a") is second

    run(main())


def test_a_connection_whose_end_waits_to_be_read_is_not_given_out_as_trusted() -> None:
    async def main() -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        made = HTTPClientConnection(
            asyncio.get_running_loop(), "a", max_header_size=1, released=print, lost=print
        )
        pool = ConnectionPool(asyncio.get_running_loop())
        await asyncio.get_running_loop().create_connection(
            lambda: made, *listener.getsockname()[:2]
        )
        accepted, _ = listener.accept()
        made.reused = True
        pool.put(made)
        accepted.close()
        assert made.usable
        assert pool.take_trusted("a") is None
        listener.close()
        await turns(3)

    run(main())


def test_rule_5_what_was_opened_beside_an_unproven_connection_is_not_kept() -> None:
    async def main() -> None:
        async with bench() as made:
            pool = made.pool
            spares = [await made.connection("a") for _ in range(3)]
            for spare in spares:
                spare.is_spare = True
                pool.put(spare)
            assert pool.statistics().idle == 1
            for number in range(MAX_TRUSTED + 1):
                spares[0].key = number
                spares[0].reused = True
                pool.put(spares[0])
                pool.take(number)
            assert len(pool._trusted) == 1

    run(main())
