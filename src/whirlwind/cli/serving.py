"""Runs one server process: from sockets that listen to the last answer.

Public package. Imports from rooms.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable
from typing import Any

from whirlwind._base.watched_files import LOOK
from whirlwind._http.server.httpserver import HTTPServer
from whirlwind._net.ioloop import IOLoop
from whirlwind._net.sockets import bind_sockets, bind_unix_socket
from whirlwind.cli import target
from whirlwind.cli.reload import watcher

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def bind(host: str, port: int, unix_socket: str | None) -> list[socket.socket]:
    """Return the listening sockets.

    Args:
        host: Name or address; empty for all interfaces.
        port: 0 takes a free one.
        unix_socket: Path of a Unix socket, instead of host and port.

    Raises:
        OSError: The address is taken, not this machine's, or not allowed.
    """
    if unix_socket is None:
        return bind_sockets(port, host or None)
    if _is_served(unix_socket):
        raise OSError("another process serves it")
    return [bind_unix_socket(unix_socket)]


def _is_served(path: str) -> bool:
    # A socket file outlives its process; only one that nobody answers at may be replaced.
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(path) == 0


def addresses(sockets: list[socket.socket]) -> list[str]:
    """Return where the sockets listen, as URLs or paths."""
    found = []
    for one in sockets:
        name = one.getsockname()
        if isinstance(name, tuple):
            host = f"[{name[0]}]" if ":" in name[0] else name[0]
            found.append(f"http://{host}:{name[1]}/")
        else:
            found.append(os.fsdecode(name))
    return found


class Serving:
    """Serves one application until it is told to stop.

    Args:
        found: What ``target.find`` returned.
        spec: What the user wrote, for messages.
        sockets: Listening sockets.
        grace: Seconds that requests in progress get when it stops.
        reload: Stop as well when a file of a loaded module changes.
        parent: Descriptor of a pipe whose end means that the parent stops; None if there is no
            parent.

    Attributes:
        changed: The file for whose sake it stopped; None where a signal or the parent did it.
        cut_off: True if requests were still in progress after the grace.
    """

    def __init__(
        self,
        found: Any,
        spec: str,
        sockets: list[socket.socket],
        *,
        grace: float,
        reload: bool = False,
        parent: int | None = None,
    ) -> None:
        self.changed: str | None = None
        self.cut_off = False
        self._found = found
        self._spec = spec
        self._sockets = sockets
        self._grace = grace
        self._watcher = watcher() if reload else None
        self._parent = parent

    def run(self, ready: Callable[[], None]) -> None:
        """Serve, and return when everything has stopped.

        Args:
            ready: Called once connections are answered.

        Raises:
            TargetError: What was found is no application, or the factory raised.
        """
        IOLoop.current().run_sync(lambda: self._serve(ready))

    async def _serve(self, ready: Callable[[], None]) -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            _on_signal(loop, number, stop.set)
        application = target.make(self._found, self._spec)
        if hasattr(application, "__await__"):
            application = target.check(await application, f"{self._spec}() returned")
        server = HTTPServer(application)
        # Where the process starts anew it needs its sockets after the server has closed its own.
        server.add_sockets([one.dup() for one in self._sockets])
        if self._parent is not None:
            loop.add_reader(self._parent, stop.set)
        watching = loop.create_task(self._watch(stop))
        ready()
        try:
            await stop.wait()
        finally:
            watching.cancel()
            if self._parent is not None:
                loop.remove_reader(self._parent)
        # A second signal does not wait for the grace.
        for number in _SIGNALS:
            _off_signal(loop, number)
        server.stop()
        if self.changed is None:
            for one in self._sockets:
                one.close()
        self.cut_off = bool(await server.close_all_connections(self._grace))

    async def _watch(self, stop: asyncio.Event) -> None:
        if self._watcher is None:
            return
        while True:
            await asyncio.sleep(LOOK)
            self.changed = self._watcher.changed()
            if self.changed is not None:
                stop.set()
                return


def _on_signal(
    loop: asyncio.AbstractEventLoop, number: signal.Signals, callback: Callable[[], None]
) -> None:
    try:
        loop.add_signal_handler(number, callback)
    except NotImplementedError:  # Windows
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(callback))


def _off_signal(loop: asyncio.AbstractEventLoop, number: signal.Signals) -> None:
    try:
        loop.remove_signal_handler(number)
    except NotImplementedError:  # Windows
        pass
    signal.signal(number, signal.SIG_DFL)
