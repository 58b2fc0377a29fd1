"""Names resolved by c-ares, from the hosts file and from a name server of the test's own."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pycares
import pytest
from tests.support.loops import FACTORIES, LoopFactory
from tests.support.loops import run as run_on
from tests.support.name_server import ADDRESS, name_server
from tests.support.streams import within

from whirlwind.ioloop import IOLoop
from whirlwind.netutil import Resolver
from whirlwind.platform.caresresolver import CaresResolver


@pytest.fixture(params=FACTORIES.values(), ids=list(FACTORIES))
def factory(request: pytest.FixtureRequest) -> LoopFactory:
    made: LoopFactory = request.param
    return made


def asking(port: int, **options: Any) -> CaresResolver:
    """A resolver that asks one name server, and does not look into the hosts file."""
    resolver: CaresResolver = CaresResolver()
    resolver.channel.close()
    resolver.channel = pycares.Channel(
        sock_state_cb=resolver._sock_state_cb,
        servers=["127.0.0.1"],
        udp_port=port,
        lookups="b",
        **options,
    )
    return resolver


def test_addresses_and_the_hosts_file_need_no_name_server(factory: LoopFactory) -> None:
    async def main() -> None:
        resolver = CaresResolver()
        assert await resolver.resolve("127.0.0.1", 80) == [(socket.AF_INET, ("127.0.0.1", 80))]
        found = await resolver.resolve("localhost", 80, socket.AF_INET)
        assert (socket.AF_INET, ("127.0.0.1", 80)) in found
        assert await resolver.resolve("::1", 80) == [(socket.AF_INET6, ("::1", 80, 0, 0))]
        assert resolver.fds == {}
        resolver.close()

    run_on(main(), factory)


def test_a_name_server_is_asked_on_the_loop(factory: LoopFactory) -> None:
    async def main() -> None:
        async with name_server() as server:
            resolver = asking(server.port)
            assert resolver.io_loop is IOLoop.current()
            found = await within(resolver.resolve("known.test", 443))
            assert found == [(socket.AF_INET, (ADDRESS, 443))]
            with pytest.raises(OSError, match=r"while resolving unknown\.test"):
                await within(resolver.resolve("unknown.test", 443))
            resolver.close()
            assert resolver.fds == {}

    run_on(main(), factory)


def test_a_name_server_that_does_not_answer_is_given_up(factory: LoopFactory) -> None:
    async def main() -> None:
        async with name_server() as server:
            server.silent = True
            resolver = asking(server.port, timeout=0.01, tries=1)
            with pytest.raises(OSError, match="Timeout while contacting DNS servers"):
                await within(resolver.resolve("known.test", 443))
            assert server.asked.is_set()
            resolver.close()

    run_on(main(), factory)


def test_closing_ends_what_is_being_asked_for(factory: LoopFactory) -> None:
    async def main() -> None:
        async with name_server() as server:
            server.silent = True
            resolver = asking(server.port)
            asked = asyncio.ensure_future(resolver.resolve("known.test", 443))
            given_up = asyncio.ensure_future(resolver.resolve("known.test", 443))
            await within(server.asked.wait())
            given_up.cancel()
            resolver.close()
            with pytest.raises(OSError, match="cancelled"):
                await within(asked)
            with pytest.raises(asyncio.CancelledError):
                await given_up
            assert resolver.fds == {}

    run_on(main(), factory)


def test_an_impossible_name_is_an_error(factory: LoopFactory) -> None:
    async def main() -> None:
        resolver = CaresResolver()
        with pytest.raises(OSError, match="C-Ares returned error"):
            await resolver.resolve("x" * 300, 80)
        resolver.close()

    run_on(main(), factory)


def test_a_program_configures_it_by_name() -> None:
    async def main() -> None:
        saved = Resolver._save_configuration()
        try:
            Resolver.configure("whirlwind.platform.caresresolver.CaresResolver")
            resolver = Resolver()
            assert type(resolver) is CaresResolver
            resolver.close()
        finally:
            Resolver._restore_configuration(saved)

    run_on(main(), FACTORIES["asyncio"])
