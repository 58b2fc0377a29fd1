"""WebSockets with peers that others wrote: websockets and aiohttp, both ways."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import aiohttp.web
import pytest
import websockets.asyncio.client
import websockets.asyncio.server
import websockets.exceptions
from tests.support.raw_http import run
from tests.support.websockets import serving_websocket

from whirlwind.websocket import WebSocketHandler, websocket_connect

MESSAGES: list[str | bytes] = [
    "Grüße",
    b"\xff\x00",
    "",
    b"",
    "x" * 125,
    "x" * 126,
    bytes(65_535),
    bytes(65_536),
    "ü" * 200_000,
    bytes(range(256)) * 4000,
]


class Echo(WebSocketHandler):
    def get_compression_options(self) -> dict[str, Any]:
        return {}

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        return "chat" if "chat" in subprotocols else None

    async def on_message(self, message: str | bytes) -> None:
        await self.write_message(message, binary=isinstance(message, bytes))


@pytest.mark.parametrize("compression", ["deflate", None])
def test_the_client_of_websockets(compression: str | None) -> None:
    async def main() -> None:
        async with (
            serving_websocket(Echo) as running,
            websockets.asyncio.client.connect(
                f"ws://127.0.0.1:{running.port}/",
                compression=compression,
                subprotocols=["chat"],  # type: ignore[list-item]
            ) as peer,
        ):
            assert peer.subprotocol == "chat"
            for message in MESSAGES:
                await peer.send(message)
                assert await peer.recv() == message
            await peer.send(iter(["in ", "", "fragments"]))
            assert await peer.recv() == "in fragments"
            await (await peer.ping(b"?"))
            await peer.close(3000, "bye")
            assert peer.close_code == 3000

    run(main)


def test_the_client_of_aiohttp() -> None:
    async def main() -> None:
        async with (
            serving_websocket(Echo) as running,
            aiohttp.ClientSession() as session,
            session.ws_connect(f"http://127.0.0.1:{running.port}/", compress=15) as peer,
        ):
            for message in MESSAGES:
                if isinstance(message, str):
                    await peer.send_str(message)
                else:
                    await peer.send_bytes(message)
                assert (await peer.receive()).data == message
            await peer.close(code=3000)
            assert peer.close_code == 3000

    run(main)


@pytest.mark.parametrize("compression", [{}, None])
@pytest.mark.parametrize("theirs", ["deflate", None])
def test_the_server_of_websockets(compression: dict[str, Any] | None, theirs: str | None) -> None:
    async def serve(connection: Any) -> None:
        async for message in connection:
            if message == "close":
                await connection.close(3001, "as you wish")
                return
            elif message == "fragments":
                await connection.send(iter([b"in ", b"", b"fragments"]))
            else:
                await connection.send(message)

    async def main() -> None:
        async with websockets.asyncio.server.serve(
            serve,
            "127.0.0.1",
            0,
            compression=theirs,
            subprotocols=["chat"],  # type: ignore[list-item]
        ) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            connection = await websocket_connect(
                f"ws://127.0.0.1:{port}/", compression_options=compression, subprotocols=["chat"]
            )
            assert connection.selected_subprotocol == "chat"
            for message in MESSAGES:
                connection.write_message(message, binary=isinstance(message, bytes))
                assert await connection.read_message() == message
            connection.write_message("fragments")
            assert await connection.read_message() == b"in fragments"
            connection.write_message("close")
            assert await connection.read_message() is None
            assert (connection.close_code, connection.close_reason) == (3001, "as you wish")

    run(main)


def test_the_server_of_aiohttp() -> None:
    async def serve(request: aiohttp.web.Request) -> aiohttp.web.WebSocketResponse:
        response = aiohttp.web.WebSocketResponse()
        await response.prepare(request)
        async for message in response:
            if message.type is aiohttp.WSMsgType.TEXT:
                await response.send_str(message.data)
            else:
                await response.send_bytes(message.data)
        closed.set()
        return response

    closed = asyncio.Event()

    async def main() -> None:
        application = aiohttp.web.Application()
        application.router.add_get("/", serve)
        runner = aiohttp.web.AppRunner(application)
        await runner.setup()
        site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        connection = await websocket_connect(f"ws://127.0.0.1:{port}/", compression_options={})
        for message in MESSAGES:
            connection.write_message(message, binary=isinstance(message, bytes))
            assert await connection.read_message() == message
        connection.close(3000)
        assert await connection.read_message() is None
        await closed.wait()
        await runner.cleanup()

    run(main)


def test_a_peer_hears_why_it_is_closed() -> None:
    async def main() -> None:
        settings = {"websocket_max_message_size": 1000}
        async with (
            serving_websocket(Echo, settings=settings) as running,
            websockets.asyncio.client.connect(f"ws://127.0.0.1:{running.port}/") as peer,
        ):
            await peer.send("x" * 1001)
            with pytest.raises(websockets.exceptions.ConnectionClosedError):
                await peer.recv()
            assert (peer.close_code, peer.close_reason) == (1009, "message too big")

    run(main)
