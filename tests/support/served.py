"""An application of ours served in a thread of its own, for clients that block: browsers."""

from __future__ import annotations

import asyncio
import threading

from whirlwind.httpserver import HTTPServer
from whirlwind.netutil import bind_sockets
from whirlwind.web import Application


class ServedApplication:
    """A running application; a context manager.

    Args:
        application: The application; its handlers run in the server's thread.

    Attributes:
        port: The port that it has on 127.0.0.1, once the block has begun.
    """

    def __init__(self, application: Application) -> None:
        self.port = 0
        self._application = application
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._ready = threading.Event()

    def __enter__(self) -> ServedApplication:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *error: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()
        [socket] = bind_sockets(0, "127.0.0.1")
        self.port = socket.getsockname()[1]
        server = HTTPServer(self._application)
        server.add_socket(socket)
        self._ready.set()
        await self._over.wait()
        server.stop()
        await server.close_all_connections()
