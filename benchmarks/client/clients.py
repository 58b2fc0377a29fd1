"""One client: fetches a URL a number of times and prints microseconds of CPU for each fetch.

``python clients.py NAME URL REQUESTS WORKERS KEPT AUTHORITY``. Workers fetch one after the other,
all on one loop. KEPT is 1 to keep connections between fetches and 0 to open one for each. AUTHORITY
is a file with the certificate that signed the server's. CPU is that of this process, by its own
accounting and with all its threads, after a warm-up.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import uvloop

Fetch = Callable[[], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Task:
    """What a client is to do.

    Attributes:
        url: What to fetch.
        requests: How often.
        workers: How many at once.
        kept: Whether to keep connections between fetches.
        authority: File with the certificate of who signed the server's.
    """

    url: str
    requests: int
    workers: int
    kept: bool
    authority: str

    @property
    def is_secure(self) -> bool:
        return self.url.startswith("https:")

    def context(self) -> ssl.SSLContext:
        """One context for all fetches, so that none pays for reading certificates."""
        return ssl.create_default_context(cafile=self.authority)


Client = Callable[[Task], contextlib.AbstractAsyncContextManager[Fetch]]


async def measure(task: Task, fetch: Fetch) -> float:
    left = 0

    async def work() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            body = await fetch()
            if body != b"Hello, world":
                raise SystemExit(f"wrong body: {bytes(body[:40])!r}")

    async def together(requests: int) -> None:
        nonlocal left
        left = requests
        await asyncio.gather(*(work() for _ in range(task.workers)))

    await together(max(2 * task.workers, task.requests // 5))
    before = time.process_time()
    await together(task.requests)
    return (time.process_time() - before) / task.requests * 1e6


@contextlib.asynccontextmanager
async def whirlwind(task: Task) -> AsyncIterator[Fetch]:
    from whirlwind.httpclient import HTTPRequest
    from whirlwind.simple_httpclient import SimpleAsyncHTTPClient

    limits: dict[str, Any] = {} if task.kept else {"max_idle_connections": 0}
    options: dict[str, Any] = {"ssl_options": task.context()} if task.is_secure else {}
    client = SimpleAsyncHTTPClient(max_clients=task.workers, force_instance=True, **limits)

    async def fetch() -> bytes:
        request = HTTPRequest(task.url, **options) if options else task.url
        body: bytes = (await client.fetch(request)).body
        return body

    try:
        yield fetch
    finally:
        client.close()


@contextlib.asynccontextmanager
async def tornado(task: Task) -> AsyncIterator[Fetch]:
    from tornado.simple_httpclient import (  # type: ignore[import-untyped,import-not-found,unused-ignore]
        SimpleAsyncHTTPClient,
    )

    options: dict[str, Any] = {"ssl_options": task.context()} if task.is_secure else {}
    client = SimpleAsyncHTTPClient(max_clients=task.workers, force_instance=True)

    async def fetch() -> bytes:
        body: bytes = (await client.fetch(task.url, **options)).body
        return body

    try:
        yield fetch
    finally:
        client.close()


def on_curl(package: str) -> Client:
    @contextlib.asynccontextmanager
    async def curl(task: Task) -> AsyncIterator[Fetch]:
        import pycurl

        module = __import__(f"{package}.curl_httpclient", fromlist=["CurlAsyncHTTPClient"])
        options: dict[str, Any] = {}
        if task.is_secure:
            options["ca_certs"] = task.authority
        if not task.kept:
            options["prepare_curl_callback"] = lambda handle: handle.setopt(pycurl.FORBID_REUSE, 1)
        client = module.CurlAsyncHTTPClient(max_clients=task.workers, force_instance=True)

        async def fetch() -> bytes:
            body: bytes = (await client.fetch(task.url, **options)).body
            return body

        try:
            yield fetch
        finally:
            client.close()

    return curl


@contextlib.asynccontextmanager
async def aiohttp_client(task: Task) -> AsyncIterator[Fetch]:
    import aiohttp  # a peer, in an environment of its own

    context = task.context() if task.is_secure else True
    connector = aiohttp.TCPConnector(force_close=not task.kept, ssl=context)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def fetch() -> bytes:
            async with session.get(task.url) as response:
                body: bytes = await response.read()
                return body

        yield fetch


@contextlib.asynccontextmanager
async def httpx_client(task: Task) -> AsyncIterator[Fetch]:
    import httpx  # type: ignore[import-not-found,unused-ignore]  # a peer, in an environment of its own

    limits = httpx.Limits(
        max_connections=task.workers,
        max_keepalive_connections=task.workers if task.kept else 0,
    )
    verify = task.context() if task.is_secure else True
    async with httpx.AsyncClient(limits=limits, verify=verify) as client:

        async def fetch() -> bytes:
            body: bytes = (await client.get(task.url)).content
            return body

        yield fetch


@contextlib.asynccontextmanager
async def wreq_client(task: Task) -> AsyncIterator[Fetch]:
    from pathlib import Path

    import wreq  # type: ignore[import-not-found,unused-ignore]  # a peer, in an environment of its own

    options: dict[str, Any] = {}
    if task.is_secure:
        options["tls_verify"] = Path(task.authority)
    if not task.kept:
        options["pool_max_idle_per_host"] = 0
    client = wreq.Client(**options)

    async def fetch() -> Any:
        response = await client.get(task.url)
        return await response.bytes()

    yield fetch


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


@contextlib.asynccontextmanager
async def no_client(task: Task) -> AsyncIterator[Fetch]:
    authority, _, path = task.url.partition("//")[2].partition("/")
    host, _, port = authority.partition(":")
    loop = asyncio.get_running_loop()
    context = task.context() if task.is_secure else None

    async def connect() -> Exchange:
        made = await loop.create_connection(
            Exchange, host, int(port), ssl=context, server_hostname=host if context else None
        )
        return made[1]

    idle: list[Exchange] = []
    request = f"GET /{path} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode()

    async def fetch() -> bytes:
        connection = idle.pop() if idle else await connect()
        body = await connection.fetch(request)
        if task.kept:
            idle.append(connection)
        else:
            connection.transport.abort()
        return body

    yield fetch


CLIENTS: dict[str, Client] = {
    "whirlwind": whirlwind,
    "whirlwind curl": on_curl("whirlwind"),
    "tornado": tornado,
    "tornado curl": on_curl("tornado"),
    "aiohttp": aiohttp_client,
    "httpx": httpx_client,
    "wreq": wreq_client,
    "no client": no_client,
}


async def main(name: str, task: Task) -> None:
    async with CLIENTS[name](task) as fetch:
        print(await measure(task, fetch))


if __name__ == "__main__":
    name, url, requests, workers, kept, authority = sys.argv[1:]
    task = Task(url, int(requests), int(workers), kept == "1", authority)
    # On uvloop all of them, so that it is the clients that differ.
    uvloop.run(main(name, task))
