"""One client: fetches a URL for some seconds and prints microseconds of CPU for each fetch.

``python clients.py NAME URL SECONDS WORKERS``. Workers fetch one after the other, all on one loop
and with kept connections where the client keeps them. CPU is that of this process, by its own
accounting, after a warm-up.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import uvloop

Fetch = Callable[[], Awaitable[bytes]]


async def measure(fetch: Fetch, seconds: float, workers: int) -> float:
    count = 0

    async def work(until: float) -> None:
        nonlocal count
        while time.perf_counter() < until:
            body = await fetch()
            if body != b"Hello, world":
                raise SystemExit(f"wrong body: {body[:40]!r}")
            count += 1

    async def together(duration: float) -> None:
        until = time.perf_counter() + duration
        await asyncio.gather(*(work(until) for _ in range(workers)))

    await together(0.5)
    count = 0
    before = time.process_time()
    await together(seconds)
    return (time.process_time() - before) / count * 1e6


def tornado_like(package: str) -> Callable[..., Any]:
    async def main(url: str, seconds: float, workers: int) -> float:
        module = __import__(f"{package}.simple_httpclient", fromlist=["SimpleAsyncHTTPClient"])
        client = module.SimpleAsyncHTTPClient(max_clients=workers)

        async def fetch() -> bytes:
            body: bytes = (await client.fetch(url)).body
            return body

        try:
            return await measure(fetch, seconds, workers)
        finally:
            client.close()

    return main


async def aiohttp_client(url: str, seconds: float, workers: int) -> float:
    import aiohttp  # a peer, in an environment of its own

    async with aiohttp.ClientSession() as session:

        async def fetch() -> bytes:
            async with session.get(url) as response:
                body: bytes = await response.read()
                return body

        return await measure(fetch, seconds, workers)


async def httpx_client(url: str, seconds: float, workers: int) -> float:
    import httpx  # type: ignore[import-not-found,unused-ignore]  # a peer, in an environment of its own

    async with httpx.AsyncClient() as client:

        async def fetch() -> bytes:
            body: bytes = (await client.get(url)).content
            return body

        return await measure(fetch, seconds, workers)


class Exchange(asyncio.Protocol):
    """One connection that sends the same bytes and waits for any: what no client gets below."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self.answer.set_result(data.partition(b"\r\n\r\n")[2])

    def fetch(self, request: bytes) -> asyncio.Future[bytes]:
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self.answer


async def no_client(url: str, seconds: float, workers: int) -> float:
    port = int(url.rpartition(":")[2].strip("/"))
    loop = asyncio.get_running_loop()
    idle = [(await loop.create_connection(Exchange, "127.0.0.1", port))[1] for _ in range(workers)]
    request = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()

    async def fetch() -> bytes:
        connection = idle.pop()
        body = await connection.fetch(request)
        idle.append(connection)
        return body

    return await measure(fetch, seconds, workers)


CLIENTS: dict[str, Callable[..., Any]] = {
    "whirlwind": tornado_like("whirlwind"),
    "tornado": tornado_like("tornado"),
    "aiohttp": aiohttp_client,
    "httpx": httpx_client,
    "no client": no_client,
}

if __name__ == "__main__":
    name, url, seconds, workers = sys.argv[1:]
    # On uvloop all of them, so that it is the clients that differ.
    print(uvloop.run(CLIENTS[name](url, float(seconds), int(workers))))
