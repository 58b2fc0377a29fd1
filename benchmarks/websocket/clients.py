"""One client: sends a message, waits for its echo, and prints microseconds of CPU for each.

``python clients.py NAME PORT SIZE CONNECTIONS SECONDS``. Connections are all on one loop, which is
uvloop for all clients, so that it is the clients that differ. CPU is that of this process, by its
own accounting, after a warm-up.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import uvloop

Exchange = Callable[[bytes], Awaitable[bytes]]


async def measure(exchanges: list[Exchange], size: int, seconds: float) -> float:
    message = bytes(at & 0xFF for at in range(size))
    count = 0

    async def work(exchange: Exchange, until: float) -> None:
        nonlocal count
        while time.perf_counter() < until:
            if len(await exchange(message)) != size:
                raise SystemExit("not an echo")
            count += 1

    async def together(duration: float) -> None:
        until = time.perf_counter() + duration
        await asyncio.gather(*(work(exchange, until) for exchange in exchanges))

    await together(0.3)
    count = 0
    before = time.process_time()
    await together(seconds)
    return (time.process_time() - before) / count * 1e6


def tornado_like(package: str) -> Callable[[str], Awaitable[Exchange]]:
    async def connect(url: str) -> Exchange:
        module = __import__(f"{package}.websocket", fromlist=["websocket_connect"])
        connection = await module.websocket_connect(url)

        async def exchange(message: bytes) -> bytes:
            await connection.write_message(message, binary=True)
            answer: bytes = await connection.read_message()
            return answer

        return exchange

    return connect


async def websockets(url: str) -> Exchange:
    from websockets.asyncio.client import connect

    connection = await connect(url, compression=None, max_size=None)

    async def exchange(message: bytes) -> bytes:
        await connection.send(message)
        answer = await connection.recv()
        assert isinstance(answer, bytes)
        return answer

    return exchange


async def aiohttp(url: str) -> Exchange:
    import aiohttp

    session = aiohttp.ClientSession()
    connection = await session.ws_connect(url)

    async def exchange(message: bytes) -> bytes:
        assert not session.closed  # and is kept as long as this function
        await connection.send_bytes(message)
        return await connection.receive_bytes()

    return exchange


async def picows(url: str) -> Exchange:
    import picows  # type: ignore[import-not-found,unused-ignore]  # a peer, in its environment

    # It has no method that waits for a message: a future as a program would make one.
    class Listener(picows.WSListener):  # type: ignore[misc,name-defined,unused-ignore]
        answer: asyncio.Future[bytes]

        def on_ws_frame(self, transport: Any, frame: Any) -> None:
            self.answer.set_result(frame.get_payload_as_bytes())

    transport, listener = await picows.ws_connect(Listener, url)
    loop = asyncio.get_running_loop()

    def exchange(message: bytes) -> asyncio.Future[bytes]:
        listener.answer = loop.create_future()
        transport.send(picows.WSMsgType.BINARY, message)
        answer: asyncio.Future[bytes] = listener.answer
        return answer

    return exchange


CLIENTS: dict[str, Callable[[str], Awaitable[Exchange]]] = {
    "whirlwind": tornado_like("whirlwind"),
    "tornado": tornado_like("tornado"),
    "websockets": websockets,
    "picows": picows,
    "aiohttp": aiohttp,
}


async def main(name: str, port: str, size: int, connections: int, seconds: float) -> None:
    connect = CLIENTS[name]
    opened = [await connect(f"ws://127.0.0.1:{port}/") for _ in range(connections)]
    print(await measure(opened, size, seconds), flush=True)
    os._exit(0)  # how they close is not what is measured, nor what they say if they are not closed


if __name__ == "__main__":
    name, port, size, connections, seconds = sys.argv[1:]
    uvloop.run(main(name, port, int(size), int(connections), float(seconds)))
