"""A thousand at once: clients that leave, and fetches that are cancelled, leave nothing behind."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import struct
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.support.leftovers import nothing_is_left
from tests.support.raw_http import serving
from tests.support.scripted_http import LoopFactory, run
from tests.support.websockets import handshake

from whirlwind import web
from whirlwind.iostream import IOStream, StreamClosedError
from whirlwind.simple_httpclient import SimpleAsyncHTTPClient
from whirlwind.tcpserver import TCPServer
from whirlwind.websocket import WebSocketHandler

CROWD = 1000


class Crowd:
    """What the server's side sees of it.

    Attributes:
        inside: Who is in the middle of something.
        left: Who was told of the end.
    """

    def __init__(self) -> None:
        self.inside = 0
        self.left = 0


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(20_000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("condition did not come true")


def allocated() -> int:
    """Blocks of memory that Python holds."""
    gc.collect()
    return sys.getallocatedblocks()


def quiet_application(handler: type[Any], crowd: Crowd, **settings: Any) -> web.Application:
    return web.Application(
        [("/", handler, {"crowd": crowd})], log_function=lambda handler: None, **settings
    )


class Waiting(web.RequestHandler):
    """Answers half, and then waits for ever."""

    def initialize(self, crowd: Crowd) -> None:
        self.crowd = crowd
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def get(self) -> None:
        self.crowd.inside += 1
        self.write(b"x" * 1000)
        await self.flush()
        await self.ended

    def on_connection_close(self) -> None:
        self.crowd.left += 1
        self.ended.set_result(None)


@web.stream_request_body
class Receiving(web.RequestHandler):
    """Receives a body that never ends."""

    def initialize(self, crowd: Crowd) -> None:
        self.crowd = crowd

    def data_received(self, chunk: bytes) -> None:
        self.crowd.inside += 1

    def post(self) -> None:
        raise AssertionError("the body has no end")

    def on_connection_close(self) -> None:
        self.crowd.left += 1


class Socket(WebSocketHandler):
    """Sends what nobody reads; its timers ping."""

    def initialize(self, crowd: Crowd) -> None:
        self.crowd = crowd

    async def open(self, *args: str) -> None:
        self.crowd.inside += 1
        await self.write_message(b"x" * 10_000, binary=True)
        self.ping(b"there?")

    def on_close(self) -> None:
        self.crowd.left += 1


class Streams(TCPServer):
    """Reads lines that never end, beside a write that nobody takes."""

    def __init__(self, crowd: Crowd) -> None:
        super().__init__()
        self.crowd = crowd

    async def handle_stream(self, stream: IOStream, address: Any) -> None:
        self.crowd.inside += 1
        try:
            await stream.write(b"x" * 10_000)
            await stream.read_until(b"\n")
        except StreamClosedError:
            self.crowd.left += 1


@asynccontextmanager
async def http(handler: type[Any], crowd: Crowd, **settings: Any) -> AsyncIterator[int]:
    async with serving(quiet_application(handler, crowd, **settings)) as running:
        yield running.port


@asynccontextmanager
async def streams(crowd: Crowd) -> AsyncIterator[int]:
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listening:
        listening.setblocking(False)
        server = Streams(crowd)
        server.add_socket(listening)
        try:
            yield listening.getsockname()[1]
        finally:
            server.stop()


GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\nhalf"
SERVERS: dict[str, tuple[Callable[[Crowd], Any], bytes]] = {
    "http, answering": (lambda crowd: http(Waiting, crowd), GET),
    "http, receiving": (lambda crowd: http(Receiving, crowd), POST),
    "websocket": (
        lambda crowd: http(Socket, crowd, websocket_ping_interval=30),
        handshake(),
    ),
    "streams": (streams, b"half a line"),
}


async def come_and_leave(port: int, crowd: Crowd, hello: bytes, end: str, count: int) -> None:
    loop = asyncio.get_running_loop()
    come = crowd.inside
    left = crowd.left
    clients = []
    try:
        for _ in range(count):
            sock = socket.socket()
            clients.append(sock)
            sock.setblocking(False)
            await loop.sock_connect(sock, ("127.0.0.1", port))
            sock.send(hello)
        await until(lambda: crowd.inside == come + count)
    finally:
        for sock in clients:
            if end == "reset":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.close()
    await until(lambda: crowd.left == left + count)


@pytest.mark.slow
@pytest.mark.parametrize("end", ["reset", "close"])
@pytest.mark.parametrize("kind", SERVERS)
def test_a_thousand_clients_that_leave_at_once_leave_nothing_behind(kind: str, end: str) -> None:
    start, hello = SERVERS[kind]

    async def main() -> None:
        crowd = Crowd()
        async with start(crowd) as port:
            # What is made once is made: caches, what modules keep.
            await come_and_leave(port, crowd, hello, end, 20)
            async with nothing_is_left():
                before = allocated()
                await come_and_leave(port, crowd, hello, end, CROWD)
                for _ in range(10):
                    await asyncio.sleep(0)
                # Loops and futures keep some hundred blocks for the next ones; a leak is of each.
                assert allocated() - before < CROWD

    run(main())


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["connecting", "waiting", "half", "queue"])
def test_a_thousand_fetches_that_are_cancelled_at_once_leave_nothing_behind(
    stage: str, loop_kind: LoopFactory
) -> None:
    async def main() -> None:
        crowd = Crowd()
        async with http(Waiting, crowd) as port:
            client = SimpleAsyncHTTPClient(
                force_instance=True, max_clients=10 if stage == "queue" else CROWD
            )
            url = f"http://127.0.0.1:{port}/"

            async def fetch_and_cancel(count: int) -> None:
                come, left = crowd.inside, crowd.left
                pieces = 0

                def count_pieces(piece: bytes) -> None:
                    nonlocal pieces
                    pieces += 1

                fetches = [client.fetch(url, streaming_callback=count_pieces) for _ in range(count)]
                if stage == "connecting":
                    for _ in range(3):
                        await asyncio.sleep(0)
                elif stage == "queue":
                    await until(lambda: crowd.inside == come + 10)
                else:
                    await until(lambda: crowd.inside == come + count)
                if stage == "half":
                    await until(lambda: pieces == count)
                for fetch in fetches:
                    fetch.cancel()
                ended = await asyncio.gather(*fetches, return_exceptions=True)
                assert {type(each) for each in ended} == {asyncio.CancelledError}
                assert not client.active
                assert not client.queue
                assert len(client._shared.stages) == len(client._shared.totals) == 0
                await until(lambda: client.statistics().open == 0)
                await until(lambda: crowd.left - left == crowd.inside - come)

            opened = len(os.listdir("/proc/self/fd"))
            await fetch_and_cancel(20)
            # The server may have connections to take that were given up while they were made. Loops
            # keep one descriptor in reserve.
            await until(lambda: len(os.listdir("/proc/self/fd")) <= opened + 1)
            async with nothing_is_left():
                before = allocated()
                await fetch_and_cancel(CROWD)
                await until(lambda: len(os.listdir("/proc/self/fd")) <= opened + 1)
                for _ in range(10):
                    await asyncio.sleep(0)
                # Loops and futures keep some hundred blocks for the next ones; a leak is of each.
                assert allocated() - before < CROWD
            client.close()

    run(main())
