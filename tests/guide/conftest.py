"""What the guide's programs run on: both loops, real servers, a real database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from tests.support.loops import FACTORIES
from tests.support.mongo_server import database_name, mongo_server, mongo_uri
from tests.support.upstream import upstream, upstream_server

from whirlwind.httpclient import AsyncHTTPClient
from whirlwind.httpserver import HTTPServer
from whirlwind.netutil import bind_sockets
from whirlwind.web import Application

__all__ = ["database_name", "mongo_server", "mongo_uri", "upstream", "upstream_server"]

Run = Callable[[Coroutine[Any, Any, Any]], Any]
Serve = Callable[[list[Any]], AbstractAsyncContextManager[str]]


@pytest.fixture(params=list(FACTORIES))
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a native coroutine to its end on a fresh loop, and closes what the loop holds."""

    async def run_and_close(main: Coroutine[Any, Any, Any]) -> Any:
        try:
            return await main
        finally:
            AsyncHTTPClient().close()

    def run_it(main: Coroutine[Any, Any, Any]) -> Any:
        with asyncio.Runner(loop_factory=FACTORIES[request.param]) as runner:
            return runner.run(run_and_close(main))

    return run_it


@pytest.fixture
def serve() -> Serve:
    """Serves handlers on a port of their own: ``async with serve([(r"/", Handler)]) as url``."""

    @asynccontextmanager
    async def serving(handlers: list[Any]) -> AsyncIterator[str]:
        application = Application(handlers, log_function=lambda handler: None)
        server = HTTPServer(application)
        sockets = bind_sockets(0, "127.0.0.1")
        server.add_sockets(sockets)
        try:
            yield f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
        finally:
            server.stop()
            await server.close_all_connections()

    return serving
