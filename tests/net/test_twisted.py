"""Deferreds in coroutines, and Twisted's reactor on our loop."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from typing import Any

import pytest
from tests.support.loops import FACTORIES, LoopFactory
from tests.support.loops import run as run_on
from tests.support.name_server import ADDRESS, ADDRESS_6, name_server
from tests.support.streams import within
from twisted.internet.defer import CancelledError as DeferredCancelled
from twisted.internet.defer import Deferred, fail, succeed
from twisted.names import client

from whirlwind import gen
from whirlwind.ioloop import IOLoop
from whirlwind.platform.twisted import TornadoDelayedCall, TornadoReactor, TwistedResolver


@pytest.fixture(params=FACTORIES.values(), ids=list(FACTORIES))
def factory(request: pytest.FixtureRequest) -> LoopFactory:
    made: LoopFactory = request.param
    return made


# --- Deferreds ---


@gen.coroutine
def waiting(deferred: Any) -> Any:
    value = yield deferred
    return value


def test_a_deferred_is_yielded_for_its_result(factory: LoopFactory) -> None:
    async def main() -> None:
        assert await waiting(succeed("now")) == "now"
        deferred: Deferred[str] = Deferred()
        later = waiting(deferred)
        assert not later.done()
        deferred.callback("later")
        assert await later == "later"
        assert await waiting([succeed(1), succeed(2)]) == [1, 2]
        assert await waiting({"a": succeed(1)}) == {"a": 1}

    run_on(main(), factory)


def test_a_failure_is_raised_at_the_yield(factory: LoopFactory) -> None:
    async def main() -> None:
        error = ValueError("bad")
        with pytest.raises(ValueError, match="bad") as caught:
            await waiting(fail(error))
        assert caught.value is error

    run_on(main(), factory)


def test_cancelling_the_coroutine_cancels_the_deferred(factory: LoopFactory) -> None:
    async def main() -> None:
        cancelled: list[Deferred[str]] = []
        deferred: Deferred[str] = Deferred(cancelled.append)
        future = waiting(deferred)
        future.cancel()
        with pytest.raises(asyncio.CancelledError):
            await future
        assert cancelled == [deferred]

    run_on(main(), factory)


def test_a_deferred_that_is_cancelled_raises_in_the_coroutine(factory: LoopFactory) -> None:
    async def main() -> None:
        deferred: Deferred[str] = Deferred()
        future = waiting(deferred)
        deferred.cancel()
        with pytest.raises(DeferredCancelled):
            await future

    run_on(main(), factory)


# --- the reactor ---

PROGRAM = """
import sys
from whirlwind import gen
from whirlwind.ioloop import IOLoop
from whirlwind.platform.twisted import install

mine = install()
from twisted.internet import reactor
assert reactor is mine
loop = IOLoop.current()

@gen.coroutine
def work():
    from twisted.internet.threads import deferToThread
    yield gen.sleep(0)
    answer = yield deferToThread(lambda: 42)
    assert IOLoop.current() is loop
    print("answer", answer)
    {stop}

loop.add_callback(work)
reactor.callWhenRunning(print, "running")
{run}
print("stopped")
"""


@pytest.mark.parametrize(
    ("run", "stop"),
    [
        pytest.param("reactor.run()", "reactor.stop()", id="started by the reactor"),
        pytest.param(
            "reactor.startRunning(); loop.start(); reactor.fireSystemEvent('shutdown')",
            "loop.stop()",
            id="started by the loop",
        ),
    ],
)
def test_one_loop_runs_both(run: str, stop: str) -> None:
    program = PROGRAM.format(run=run, stop=stop)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=60
    )
    assert (done.stdout.split("\n"), done.stderr) == (
        ["running", "answer 42", "stopped", ""],
        "",
    )


def test_a_second_reactor_is_refused() -> None:
    program = (
        "from whirlwind.platform.twisted import install\n"
        "from twisted.internet.error import ReactorAlreadyInstalledError\n"
        "install()\n"
        "try:\n    install()\nexcept ReactorAlreadyInstalledError:\n    print('refused')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "refused\n", done.stderr


def test_a_reactor_takes_the_loop_it_is_given(factory: LoopFactory) -> None:
    async def main() -> None:
        reactor: Any = TornadoReactor(IOLoop.current())
        called = asyncio.Event()
        call = reactor.callLater(0, called.set)
        assert isinstance(call, TornadoDelayedCall)
        assert call.active()
        await within(called.wait())
        assert not call.active()
        reactor.removeAll()

    run_on(main(), factory)


# --- the resolver ---


def test_the_resolver_knows_addresses_without_asking() -> None:
    async def main() -> None:
        resolver = TwistedResolver()
        assert await resolver.resolve("127.0.0.1", 80) == [(socket.AF_INET, ("127.0.0.1", 80))]
        assert await resolver.resolve("::1", 80) == [(socket.AF_INET6, ("::1", 80))]
        with pytest.raises(OSError, match="no address of that kind"):
            await resolver.resolve("127.0.0.1", 80, socket.AF_INET6)

    run_on(main(), FACTORIES["asyncio"])


def test_the_resolver_asks_a_name_server(factory: LoopFactory) -> None:
    async def main() -> None:
        async with name_server() as server:
            reactor: Any = TornadoReactor()
            resolver = TwistedResolver()
            asking: Any = client.Resolver
            resolver.resolver = asking(servers=[("127.0.0.1", server.port)], reactor=reactor)
            found = await within(resolver.resolve("known.test", 80))
            assert found == [(socket.AF_INET, (ADDRESS, 80))]
            with pytest.raises(OSError, match=r"cannot resolve 'unknown\.test'"):
                await within(resolver.resolve("unknown.test", 80))
            with pytest.raises(OSError, match="no address of that kind"):
                await within(resolver.resolve("known.test", 80, socket.AF_INET6))
            assert await within(resolver.resolve("only6.test", 80)) == [
                (socket.AF_INET6, (ADDRESS_6, 80))
            ]
            reactor.removeAll()

    run_on(main(), factory)
