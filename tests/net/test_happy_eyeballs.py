"""The race of addresses, on attempts that the test decides; its timers are not waited for."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest
from tests.support.streams import LOOPS, Run, runner_of, until, within

from whirlwind._net.happy_eyeballs import Connector, format_address
from whirlwind.iostream import IOStream, StreamClosedError

V4, V6 = socket.AF_INET, socket.AF_INET6
MIXED = [(V6, "six"), (V6, "six too"), (V4, "four"), (V4, "four too")]


class Attempts:
    """Stands where sockets are connected; a test says which attempt succeeds."""

    def __init__(self, refused_at_once: tuple[str, ...] = ()) -> None:
        self.order: list[Any] = []
        self.streams: dict[Any, IOStream] = {}
        self.futures: dict[Any, asyncio.Future[IOStream]] = {}
        self._refused_at_once = refused_at_once

    def __call__(self, family: int, address: Any) -> tuple[IOStream, asyncio.Future[IOStream]]:
        self.order.append(address)
        if address in self._refused_at_once:
            raise OSError("no such family")
        stream = IOStream(socket.socket())
        future: asyncio.Future[IOStream] = asyncio.get_running_loop().create_future()
        self.streams[address], self.futures[address] = stream, future
        return stream, future

    def refuse(self, address: Any) -> None:
        self.futures[address].set_exception(StreamClosedError(OSError(f"{address} refused")))

    def accept(self, address: Any) -> None:
        self.futures[address].set_result(self.streams[address])


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest) -> Run:
    return runner_of(request.param)


def test_the_first_that_answers_wins_and_the_others_are_closed(run: Run) -> None:
    async def body() -> None:
        attempts = Attempts()
        race = Connector(MIXED, attempts)
        future = race.start(3600)
        race._overlap()
        race._overlap()
        assert attempts.order == ["six", "four", "six too"]
        attempts.accept("four")
        family, address, stream = await within(future)
        assert (family, address, stream) == (V4, "four", attempts.streams["four"])
        assert not stream.closed()
        assert attempts.streams["six"].closed()
        assert attempts.streams["six too"].closed()
        stream.close()

    run(body)


def test_silent_attempts_get_company_from_the_other_family_first(run: Run) -> None:
    async def body() -> None:
        attempts = Attempts()
        race = Connector(MIXED, attempts)
        future = race.start(0)  # every timer is due at once
        await until(lambda: len(attempts.order) == 4)
        assert attempts.order == ["six", "four", "six too", "four too"]
        future.cancel()
        await until(lambda: all(stream.closed() for stream in attempts.streams.values()))

    run(body)


def test_one_family_gets_company_as_well(run: Run) -> None:
    async def body() -> None:
        attempts = Attempts()
        future = Connector([(V4, "a"), (V4, "b"), (V4, "c")], attempts).start(0)
        await until(lambda: attempts.order == ["a", "b", "c"])
        attempts.accept("b")
        (await within(future))[2].close()

    run(body)


def test_a_failure_is_followed_at_once(run: Run) -> None:
    async def body() -> None:
        attempts = Attempts()
        future = Connector(MIXED, attempts).start(3600)
        attempts.refuse("six")
        await until(lambda: attempts.order == ["six", "six too", "four"])
        for address in ("six too", "four"):
            attempts.refuse(address)
        await until(lambda: "four too" in attempts.order)
        attempts.refuse("four too")
        with pytest.raises(StreamClosedError) as caught:
            await within(future)
        assert str(caught.value.real_error) == "four too refused"
        assert all(stream.closed() for stream in attempts.streams.values())

    run(body)


def test_an_address_that_cannot_be_tried_counts_as_failed(run: Run) -> None:
    async def body() -> None:
        attempts = Attempts(refused_at_once=("six", "six too"))
        future = Connector(MIXED, attempts).start(3600)
        attempts.accept("four")
        (await within(future))[2].close()
        nothing = Attempts(refused_at_once=("six", "six too", "four", "four too"))
        with pytest.raises(OSError, match="no such family"):
            await within(Connector(MIXED, nothing).start(3600))

    run(body)


def test_time_running_out_names_who_did_not_answer(run: Run) -> None:
    async def body() -> None:
        attempts = Attempts()
        race = Connector([(V4, ("192.0.2.1", 80)), (V6, ("2001:db8::1", 80, 0, 0))], attempts)
        future = race.start(3600, connect_timeout=race.io_loop.time() + 3600)
        race._overlap()
        race.on_connect_timeout()
        assert all(stream.closed() for stream in attempts.streams.values())
        with pytest.raises(TimeoutError, match=r"192\.0\.2\.1:80, \[2001:db8::1\]:80"):
            await within(future)

    run(body)


def test_addresses_are_written_as_people_write_them() -> None:
    assert format_address(("1.2.3.4", 80)) == "1.2.3.4:80"
    assert format_address(("::1", 80, 0, 0)) == "[::1]:80"
    assert format_address("/run/socket") == "/run/socket"
