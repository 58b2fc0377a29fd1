"""What ends a program gets out of the loop, from every place that calls a program."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from typing import cast

import pytest
from tests.support.loops import FACTORIES

from whirlwind._net.ioloop import IOLoop
from whirlwind._net.leaving import ENDS_THE_PROGRAM, leave_loop


@pytest.fixture(params=FACTORIES)
def loop(request: pytest.FixtureRequest) -> Iterator[IOLoop]:
    made: IOLoop = IOLoop(asyncio_loop=FACTORIES[request.param]())
    yield made
    made.close(all_fds=True)


def _exit(*args: object) -> None:
    raise SystemExit(3)


def _from_handler(loop: IOLoop) -> None:
    left, right = socket.socketpair()

    def ready(sock: socket.socket, events: int) -> None:
        loop.remove_handler(sock)
        left.close()
        right.close()
        _exit()

    loop.add_handler(left, ready, loop.WRITE)


def _from_future(loop: IOLoop) -> None:
    future: asyncio.Future[None] = loop.asyncio_loop.create_future()
    loop.add_future(future, _exit)
    future.set_result(None)


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(lambda loop: loop.add_callback(_exit), id="callback"),
        pytest.param(lambda loop: loop.call_later(0, _exit), id="timer"),
        pytest.param(_from_future, id="future"),
        pytest.param(_from_handler, id="handler"),
    ],
)
def test_an_exit_leaves_the_loop(loop: IOLoop, start: Callable[[IOLoop], None]) -> None:
    start(loop)
    with pytest.raises(SystemExit) as caught:
        loop.start()
    assert caught.value.code == 3
    loop.run_sync(lambda: asyncio.sleep(0))


@pytest.mark.parametrize("end", ENDS_THE_PROGRAM)
@pytest.mark.parametrize("place", ["data_received", "eof_received"])
def test_an_exit_in_a_protocol_leaves_the_loop(
    loop: IOLoop, end: type[BaseException], place: str
) -> None:
    left, right = socket.socketpair()
    left.setblocking(False)
    transports: list[asyncio.Transport] = []

    class Ending(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            transports.append(cast("asyncio.Transport", transport))  # uvloop's derives from none

        def data_received(self, data: bytes) -> None:
            self.called("data_received")

        def eof_received(self) -> None:
            self.called("eof_received")

        def called(self, name: str) -> None:
            try:
                if name == place:
                    raise end
            except ENDS_THE_PROGRAM as error:
                leave_loop(error)

    async def connect() -> None:
        await loop.asyncio_loop.create_connection(Ending, sock=left)

    loop.run_sync(connect)
    right.send(b"x")
    right.shutdown(socket.SHUT_WR)
    with pytest.raises(end):
        loop.start()
    right.close()
    transports[0].abort()
    loop.run_sync(lambda: asyncio.sleep(0.001))
