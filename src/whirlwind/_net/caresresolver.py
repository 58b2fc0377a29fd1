"""Host names to addresses by c-ares: name servers are asked from the loop, without threads.

Layer: net. Imports from the loop. Needs ``pycares`` 4.x (extra ``cares``).

Theory of operation
-------------------
A channel of c-ares has sockets of its own. It says which of them it wants to read or write, the
loop watches these, and ``process_fd`` lets c-ares do what can be done. An answer that never comes
makes no socket ready, so that c-ares must be called when its own time is up as well: one timer of
the loop, set anew whenever c-ares has been at work, and none while nothing is asked for.
"""

from __future__ import annotations

import asyncio
import socket as sockets
from typing import Any

import pycares

from whirlwind._net.ioloop import IOLoop
from whirlwind._net.resolver import AddressList, Resolver


class CaresResolver(Resolver):
    """Asks name servers by c-ares, which reads ``/etc/hosts`` first.

    For programs that may not use threads, which the default resolver does. What it finds can differ
    from what the system's own resolver finds, which knows other sources of names as well.
    Deprecated since Tornado 6.2.

    Attributes:
        io_loop: The loop that watches the sockets.
        channel: What asks, of ``pycares``.
        fds: For each socket of the channel that is watched, for which events.
    """

    io_loop: IOLoop
    channel: pycares.Channel
    fds: dict[int, int]

    def initialize(self) -> None:
        """Set up; called by the constructor."""
        self.io_loop = IOLoop.current()
        self.channel = pycares.Channel(sock_state_cb=self._sock_state_cb)
        self.fds = {}
        self._waiting: set[asyncio.Future[AddressList]] = set()
        self._timer: object | None = None

    def close(self) -> None:
        """Free the sockets; what is still being asked for ends with an error."""
        self.channel.cancel()
        self._stop_timer()
        # The channel closes its sockets in a thread of its own, which must not reach the loop.
        while self.fds:
            self.io_loop.remove_handler(self.fds.popitem()[0])
        self.channel.close()

    async def resolve(
        self, host: str, port: int, family: sockets.AddressFamily = sockets.AF_UNSPEC
    ) -> AddressList:
        future: asyncio.Future[AddressList] = self.io_loop.asyncio_loop.create_future()

        def answered(result: Any, error: int | None) -> None:
            self._waiting.discard(future)
            if future.done():
                return  # nobody waits any more
            if error is None:
                future.set_result([_address_of(node) for node in result.nodes])
            else:
                future.set_exception(
                    OSError(
                        f"C-Ares returned error {error}: {pycares.errno.strerror(error)!s} "
                        f"while resolving {host[:255]}"
                    )
                )

        self._waiting.add(future)
        self.channel.getaddrinfo(host, port, answered, family=family, type=sockets.SOCK_STREAM)
        self._set_timer()
        try:
            return await future
        finally:
            if not self._waiting:
                self._stop_timer()

    def _sock_state_cb(self, fd: int, readable: bool, writable: bool) -> None:
        state = (IOLoop.READ if readable else 0) | (IOLoop.WRITE if writable else 0)
        if not state:
            if self.fds.pop(fd, None) is not None:
                self.io_loop.remove_handler(fd)
        elif fd in self.fds:
            self.fds[fd] = state
            self.io_loop.update_handler(fd, state)
        else:
            self.fds[fd] = state
            self.io_loop.add_handler(fd, self._handle_events, state)

    def _handle_events(self, fd: int, events: int) -> None:
        # An error is found by reading or writing, whichever the channel wants.
        failed = events & IOLoop.ERROR
        readable = fd if events & IOLoop.READ or failed else pycares.ARES_SOCKET_BAD
        writable = fd if events & IOLoop.WRITE or failed else pycares.ARES_SOCKET_BAD
        self.channel.process_fd(readable, writable)
        self._set_timer()

    def _set_timer(self) -> None:
        self._stop_timer()
        if self._waiting:
            due: float = self.channel.timeout()  # type: ignore[no-untyped-call]
            self._timer = self.io_loop.call_later(due, self._time_is_up)

    def _stop_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            self.io_loop.remove_timeout(timer)

    def _time_is_up(self) -> None:
        self._timer = None
        self.channel.process_fd(pycares.ARES_SOCKET_BAD, pycares.ARES_SOCKET_BAD)
        self._set_timer()


def _address_of(node: Any) -> tuple[int, Any]:
    host, *rest = node.addr
    return node.family, (host.decode("ascii"), *rest)
