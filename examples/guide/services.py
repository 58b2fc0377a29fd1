"""Everything the demo runs, in one process: page, weather service, MongoDB server."""

from __future__ import annotations

import socket
import tempfile
from contextlib import AsyncExitStack
from typing import Any

from examples.guide.app import make_app
from examples.guide.pattern import Services
from examples.guide.upstream import make_upstream
from examples.support.mongo_server import MongoServer
from whirlwind.httpserver import HTTPServer
from whirlwind.mongo import MotorClient
from whirlwind.netutil import bind_sockets
from whirlwind.web import Application

# What the weather station in Lima measured, made up: hour and wind in m/s.
READINGS = [(0, 2), (2, 2), (4, 1), (6, 2), (8, 3), (10, 4), (12, 6), (14, 7), (16, 6), (18, 4)]


class Demo:
    """The running demo; an asynchronous context manager.

    Args:
        host: Address of the page; the services behind it stay on the loopback.
        port: Port of the page; 0 takes a free one.

    Attributes:
        url: Where the page is, once entered.
    """

    def __init__(self, host: str, port: int) -> None:
        self.url = ""
        self._host = host
        self._port = port
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Demo:
        async with AsyncExitStack() as stack:
            # The page's port first: if it is taken, nothing else need start.
            sockets = bind_sockets(self._port, self._host)
            for one in sockets:
                stack.callback(one.close)
            database = await self._start_database(stack)
            upstream = self._start(stack, make_upstream(), bind_sockets(0, "127.0.0.1"))
            services = Services(upstream=f"http://127.0.0.1:{upstream}", database=database)
            port = self._start(stack, make_app(services), sockets)
            host = "127.0.0.1" if self._host in ("", "0.0.0.0", "::") else self._host
            self.url = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._stack.aclose()

    async def _start_database(self, stack: AsyncExitStack) -> Any:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="whirlwind-guide-"))
        server = stack.enter_context(MongoServer(folder))
        client = MotorClient(server.uri)
        stack.push_async_callback(self._close_client, client)
        database = client.guide
        await database.readings.insert_many(
            [{"station": "Lima", "hour": hour, "wind": wind} for hour, wind in READINGS]
        )
        return database

    async def _close_client(self, client: Any) -> None:
        closing = client.close()
        if closing is not None:
            await closing

    def _start(
        self, stack: AsyncExitStack, application: Application, sockets: list[socket.socket]
    ) -> int:
        server = HTTPServer(application)
        server.add_sockets(sockets)
        stack.push_async_callback(self._stop, server)
        port: int = sockets[0].getsockname()[1]
        return port

    async def _stop(self, server: HTTPServer) -> None:
        server.stop()
        await server.close_all_connections()
