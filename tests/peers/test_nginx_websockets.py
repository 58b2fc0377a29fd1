"""WebSockets through nginx: what its ``Upgrade`` and its timeouts make of them."""

from __future__ import annotations

import asyncio
import pathlib
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import websockets.asyncio.client
import websockets.exceptions
from tests.support.peers import nginx_before
from tests.support.raw_http import run
from tests.support.websockets import serving_websocket

from whirlwind.httpclient import HTTPRequest
from whirlwind.netutil import Resolver
from whirlwind.websocket import WebSocketHandler, websocket_connect

MESSAGES: list[str | bytes] = ["Grüße", b"\xff", "", bytes(1 << 20), "ü" * 100_000]


class Echo(WebSocketHandler):
    def initialize(self, told: asyncio.Queue[Any], interval: float | None = None) -> None:
        self.told = told
        self.interval = interval

    @property
    def ping_interval(self) -> float | None:
        return self.interval

    def get_compression_options(self) -> dict[str, Any]:
        return {}

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        return "chat" if "chat" in subprotocols else None

    async def on_message(self, message: str | bytes) -> None:
        if message == "close":
            self.close(4000, "as you wish")
        else:
            await self.write_message(message, binary=isinstance(message, bytes))

    def on_pong(self, data: bytes) -> None:
        self.told.put_nowait("pong")

    def on_close(self) -> None:
        self.told.put_nowait((self.close_code, self.close_reason))


@pytest.fixture
def folder() -> Iterator[pathlib.Path]:
    # Not pytest's: the path of a Unix socket may have 107 bytes.
    with tempfile.TemporaryDirectory() as path:
        yield pathlib.Path(path)


@asynccontextmanager
async def in_front(folder: pathlib.Path, **arguments: Any) -> AsyncIterator[tuple[str, Any]]:
    told: asyncio.Queue[Any] = asyncio.Queue()
    async with (
        serving_websocket(Echo, arguments={"told": told, **arguments}) as running,
        nginx_before(running.port, folder) as front,
    ):
        yield front, told


Client = Callable[[str], Coroutine[Any, Any, None]]


async def client_of_websockets(front: str) -> None:
    connecting = websockets.asyncio.client.unix_connect(
        front,
        "ws://name/upgraded/",
        origin="http://name",
        subprotocols=["chat"],
    )
    async with connecting as peer:
        assert peer.subprotocol == "chat"
        for message in MESSAGES:
            await peer.send(message)
            assert await peer.recv() == message
        await peer.send("close")
        with pytest.raises(websockets.exceptions.ConnectionClosedError):
            await peer.recv()
        assert (peer.close_code, peer.close_reason) == (4000, "as you wish")


class ToTheFront(Resolver):
    """Says that every name is at the front."""

    def initialize(self, front: str) -> None:
        self.front = front

    async def resolve(self, *args: Any, **kwargs: Any) -> list[Any]:

        return [(socket.AF_UNIX, self.front)]


async def our_client(front: str) -> None:
    connection = await websocket_connect(
        HTTPRequest("ws://name/upgraded/", headers={"Origin": "http://name"}),
        compression_options={},
        subprotocols=["chat"],
        resolver=ToTheFront(front=front),
    )
    assert connection.selected_subprotocol == "chat"
    for message in MESSAGES:
        await connection.write_message(message, binary=isinstance(message, bytes))
        assert await connection.read_message() == message
    connection.write_message("close")
    assert await connection.read_message() is None
    assert (connection.close_code, connection.close_reason) == (4000, "as you wish")


@pytest.mark.parametrize("client", [client_of_websockets, our_client])
def test_messages_and_the_close_go_through(folder: pathlib.Path, client: Client) -> None:
    async def main() -> None:
        async with in_front(folder) as (front, told):
            await client(front)
            code, _ = await told.get()
            assert code == 4000

    run(main)


def test_a_connection_on_which_nothing_happens_is_cut_by_nginx(folder: pathlib.Path) -> None:
    async def main() -> None:
        async with (
            in_front(folder) as (front, told),
            websockets.asyncio.client.unix_connect(front, "ws://name/upgraded/") as peer,
        ):
            await peer.wait_closed()
            assert peer.close_code == 1006
            assert await told.get() == (None, None)

    run(main)


def test_pings_keep_it_open(folder: pathlib.Path) -> None:
    async def main() -> None:
        async with (
            in_front(folder, interval=0.1) as (front, told),
            websockets.asyncio.client.unix_connect(
                front, "ws://name/upgraded/", ping_interval=None
            ) as peer,
        ):
            # Longer than nginx waits, and nothing but pings is under way.
            assert [await told.get() for _ in range(15)] == ["pong"] * 15
            await peer.send("still here")
            assert await peer.recv() == "still here"
            await peer.close()
            while (end := await told.get()) == "pong":
                pass
            assert end == (1000, None)

    run(main)


def test_a_location_that_knows_nothing_of_websockets_gets_a_refusal(folder: pathlib.Path) -> None:
    async def main() -> None:
        async with in_front(folder) as (front, _):
            with pytest.raises(websockets.exceptions.InvalidStatus, match="400"):
                await websockets.asyncio.client.unix_connect(front, "ws://name/")

    run(main)
