"""The TCP client over loopback: both families, source addresses, deadlines, cancelling."""

from __future__ import annotations

import asyncio
import datetime
import socket
import ssl
from collections.abc import Awaitable
from typing import Any

import pytest
from tests.support.streams import LOOPS, Run, runner_of, trusting_context, until, within

from whirlwind.iostream import StreamClosedError
from whirlwind.netutil import Resolver
from whirlwind.tcpclient import TCPClient


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest) -> Run:
    return runner_of(request.param)


class Fixed(Resolver):
    """Knows what it is told, or never answers."""

    def initialize(self, addresses: list[Any] | None = None) -> None:
        self.addresses = addresses
        self.closed = False

    def resolve(
        self, host: str, port: int, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> Awaitable[Any]:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if self.addresses is not None:
            future.set_result(self.addresses)
        return future

    def close(self) -> None:
        self.closed = True


def test_a_dead_address_does_not_hide_a_living_one(run: Run) -> None:
    async def body() -> None:
        with (
            socket.create_server(("127.0.0.1", 0)) as living,
            socket.create_server(("127.0.0.1", 0)) as dead,
        ):
            addresses = [dead.getsockname(), living.getsockname()]
            dead.close()
            resolver = Fixed([(socket.AF_INET, address) for address in addresses])
            client = TCPClient(resolver)
            stream = await within(client.connect("a.example", 1))
            peer, _ = living.accept()
            peer.close()
            assert await within(stream.read_until_close()) == b""
            client.close()
            assert not resolver.closed

    run(body)


def test_a_refused_connection_says_so(run: Run) -> None:
    async def body() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            port = listening.getsockname()[1]
        with pytest.raises(StreamClosedError) as caught:
            await within(TCPClient().connect("127.0.0.1", port))
        assert isinstance(caught.value.real_error, ConnectionRefusedError)

    run(body)


def test_the_source_can_be_chosen(run: Run) -> None:
    async def body() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            host, port = listening.getsockname()
            stream = await within(TCPClient().connect(host, port, source_ip="127.0.0.7"))
            peer, address = listening.accept()
            assert address[0] == "127.0.0.7"
            stream.close()
            peer.close()
            with socket.create_server(("127.0.0.1", 0)) as other:
                free = other.getsockname()[1]
            stream = await within(TCPClient().connect(host, port, source_port=free))
            peer, address = listening.accept()
            assert address[1] == free
            stream.close()
            peer.close()
            with pytest.raises(OSError):
                await within(TCPClient().connect(host, port, source_ip="192.0.2.1"))

    run(body)


@pytest.mark.parametrize("timeout", [0.0, datetime.timedelta(0)])
def test_time_runs_out_in_every_step(run: Run, timeout: float | datetime.timedelta) -> None:
    async def body() -> None:
        with pytest.raises(TimeoutError, match=r"while resolving a\.example"):
            await within(TCPClient(Fixed()).connect("a.example", 1, timeout=timeout))

    run(body)


def test_a_server_that_never_shakes_hands_is_given_up(run: Run) -> None:
    async def body() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            host, port = listening.getsockname()
            client = TCPClient()
            with pytest.raises(TimeoutError, match="TLS handshake with 127"):
                await within(
                    client.connect(host, port, ssl_options=trusting_context(), timeout=0.3)
                )
            peer, _ = listening.accept()
            while peer.recv(10_000):
                pass
            peer.close()

    run(body)


def test_cancelling_closes_what_was_open(run: Run) -> None:
    async def body() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            host, port = listening.getsockname()
            for turns in range(12):
                task = asyncio.ensure_future(
                    TCPClient().connect(host, port, ssl_options=trusting_context())
                )
                for _ in range(turns):
                    await asyncio.sleep(0)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await within(task)
            for _ in range(3):
                task = asyncio.ensure_future(TCPClient().connect(host, port))
                await until(task.done)
                task.result().close()

    run(body)


def test_options_that_cannot_work_close_the_connection(run: Run) -> None:
    async def body() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            host, port = listening.getsockname()
            with pytest.raises(ssl.SSLError):
                await within(TCPClient().connect(host, port, ssl_options={"certfile": __file__}))
            with pytest.raises(TypeError, match="Unsupported timeout"):
                await within(TCPClient().connect(host, port, timeout="soon"))  # type: ignore[arg-type]

    run(body)
