"""Real sockets for tests of streams, on both kinds of loop, with a count of descriptors."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeAlias

import uvloop

import whirlwind.testing
from whirlwind.iostream import IOStream

Body: TypeAlias = Callable[[], Coroutine[Any, Any, None]]
Run: TypeAlias = Callable[[Body], None]

_HERE = Path(whirlwind.testing.__file__).parent
SERVER_OPTIONS = {"certfile": str(_HERE / "test.crt"), "keyfile": str(_HERE / "test.key")}

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.SelectorEventLoop,
    "uvloop": uvloop.new_event_loop,
}


def runner_of(kind: str) -> Run:
    """Return a function that runs a body on a new loop and counts descriptors around it."""

    def run(body: Body) -> None:
        with asyncio.Runner(loop_factory=LOOPS[kind]) as runner:
            runner.run(turns(2))  # whatever the loop opens late is open
            before = open_descriptors()
            runner.run(body())
            runner.run(turns(3))
            assert open_descriptors() == before

    return run


def open_descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


def pair(**arguments: Any) -> tuple[IOStream, IOStream]:
    """Two streams joined by a pair of Unix sockets; arguments are for the first."""
    ours, theirs = socket.socketpair()
    return IOStream(ours, **arguments), IOStream(theirs)


def stream_and_socket(**arguments: Any) -> tuple[IOStream, socket.socket]:
    """A stream and the blocking socket at its other end."""
    ours, theirs = socket.socketpair()
    return IOStream(ours, **arguments), theirs


def tcp_sockets() -> tuple[socket.socket, socket.socket]:
    """Two TCP sockets, connected over loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        ours = socket.create_connection(listening.getsockname())
        theirs, _ = listening.accept()
    return ours, theirs


def reset(sock: socket.socket) -> None:
    """Close a TCP socket with a reset."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def trusting_context() -> ssl.SSLContext:
    """A client's context that believes any certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def tls_pair(**arguments: Any) -> tuple[IOStream, IOStream]:
    """Two streams that speak TLS over a pair of sockets: server and client."""
    server, client = pair(**arguments)
    return await asyncio.gather(
        server.start_tls(True, SERVER_OPTIONS),
        client.start_tls(False, trusting_context(), "localhost"),
    )


async def turns(count: int) -> None:
    """Let the loop turn."""
    for _ in range(count):
        await asyncio.sleep(0)


async def until(condition: Callable[[], object]) -> None:
    """Let the loop turn until something holds; a test that waits in vain fails loudly."""
    for _ in range(10_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("the condition never held")


async def within(awaitable: Awaitable[Any]) -> Any:
    """Wait, but not for ever: a lost wake-up fails the test instead of hanging it."""
    return await asyncio.wait_for(awaitable, 10)
