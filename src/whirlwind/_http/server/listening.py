"""Servers of the loop's own on sockets that listen.

Layer: HTTP. Imports from ``_base``.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Any

from whirlwind._base.limits import IDLE_CONNECTION_TIMEOUT, LONGEST_BACKLOG
from whirlwind._base.log import gen_log


def log_handshakes(context: ssl.SSLContext) -> None:
    """Have the context's handshakes that fail logged, unless it has objects of its own kind."""
    if context.sslobject_class is ssl.SSLObject:
        context.sslobject_class = _SSLObject


class _SSLObject(ssl.SSLObject):
    """Logs handshakes that fail: the loop's transports end them without a word to a protocol."""

    def do_handshake(self) -> None:
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as error:
            gen_log.warning("SSL Error in the handshake of a client: %s", error)
            raise


def accept_on(
    loop: asyncio.AbstractEventLoop,
    make: Callable[[], asyncio.BaseProtocol],
    listening: socket.socket,
    context: ssl.SSLContext | None,
) -> asyncio.AbstractServer:
    """Start a server of the loop's own on a socket, now, although that is a coroutine.

    For a socket that listens already there is nothing to wait for: on asyncio's loops it yields
    once, to be polite. So it can be run here, to its end, before any loop runs; and what goes
    wrong is raised to whoever called ``listen``.
    """
    unix = getattr(socket, "AF_UNIX", None)
    # Without a context no time may be given for its end. With one it is also all the time for what
    # the transport still holds, however fast the client reads: the connections decide themselves.
    end = None if context is None else IDLE_CONNECTION_TIMEOUT
    options: dict[str, Any] = {
        "ssl": context,
        "ssl_shutdown_timeout": end,
        # The loop calls listen() once more. What the socket was told cannot be asked, and a shorter
        # queue than that would have clients try again after seconds.
        "backlog": LONGEST_BACKLOG,
    }
    create = (
        loop.create_unix_server(make, sock=listening, **options)
        if listening.family == unix
        else loop.create_server(make, sock=listening, **options)
    )
    while True:
        try:
            create.send(None)
        except StopIteration as stop:
            server: asyncio.AbstractServer = stop.value
            return server
