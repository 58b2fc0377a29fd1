"""A server of ours in a thread of its own, for clients that block: browsers under a driver."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from whirlwind.httpserver import HTTPServer
from whirlwind.netutil import bind_sockets
from whirlwind.web import Application


class ThreadedServer:
    """Serves an application as long as its block lasts.

    Args:
        application: The application.
        **options: For ``HTTPServer``.

    Attributes:
        url: Address, without a slash at its end.
    """

    def __init__(self, application: Application, **options: Any) -> None:
        self.url = ""
        self._application = application
        self._options = options
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> ThreadedServer:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *error: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()
        server = HTTPServer(self._application, **self._options)
        sockets = bind_sockets(0, "127.0.0.1")
        server.add_sockets(sockets)
        self.url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
        self._ready.set()
        await self._over.wait()
        server.stop()
        await server.close_all_connections()
