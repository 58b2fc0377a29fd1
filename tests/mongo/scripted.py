"""A scripted server with a client connected to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from tests.support.mongo_wire import Answer, WireServer

from whirlwind.mongo import MotorClient


@asynccontextmanager
async def scripted(
    answer: Answer | None = None, **options: Any
) -> AsyncIterator[tuple[WireServer, Any]]:
    """A scripted server, and a collection of a client connected to it."""
    async with WireServer(answer) as server, MotorClient(server.uri, **options) as client:
        yield server, client.test.things


def run(scene: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Run one scene on a loop of its own; one that hangs fails."""
    return asyncio.run(asyncio.wait_for(scene(), 20))
