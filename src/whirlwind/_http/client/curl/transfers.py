"""Runs transfers of libcurl on a loop.

Layer: HTTP. Imports from ``_net`` and this package.

Theory of operation
-------------------
libcurl's multi interface says which sockets it waits for and when it wants to be called in any
case; the loop calls it then, and it does what can be done without waiting. All of that happens
inside ``socket_action``, during which nothing may be added to it, removed from it or paused, and
which no exception may leave. So no function of the program is called from there: a transfer keeps
what it is given, and is asked to hand it on as soon as ``socket_action`` has returned.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

import pycurl

from whirlwind._net.ioloop import IOLoop

_EVENTS: Final = {
    pycurl.POLL_NONE: 0,
    pycurl.POLL_IN: IOLoop.READ,
    pycurl.POLL_OUT: IOLoop.WRITE,
    pycurl.POLL_INOUT: IOLoop.READ | IOLoop.WRITE,
}


class Transfer(Protocol):
    """What belongs to a handle."""

    def deliver(self) -> None:
        """Hand on what came; libcurl may be called again."""

    def ended(self, errno: int, message: str) -> None:
        """Take note that libcurl is done; the handle was removed. 0 is success."""


class Transfers:
    """The transfers of one client.

    Args:
        io_loop: The loop.

    Attributes:
        touched: Transfers that have something to deliver; they add themselves.
    """

    def __init__(self, io_loop: IOLoop) -> None:
        self.touched: list[Transfer] = []
        self._io_loop = io_loop
        self._transfers: dict[Any, Transfer] = {}
        self._watched: set[int] = set()
        self._timer: object | None = None
        self._closed = False
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)

    def add(self, handle: Any, transfer: Transfer) -> None:
        """Start a transfer."""
        self._transfers[handle] = transfer
        try:
            self._multi.add_handle(handle)
        except BaseException:
            del self._transfers[handle]
            raise

    def remove(self, handle: Any) -> None:
        """Stop a transfer, and forget it; no harm if it has ended."""
        if self._transfers.pop(handle, None) is not None:
            self._multi.remove_handle(handle)

    def has(self, handle: Any) -> bool:
        """Tell whether a transfer is under way."""
        return handle in self._transfers

    def pause(self, handle: Any) -> None:
        """Read no more of a response."""
        if handle in self._transfers:
            handle.pause(pycurl.PAUSE_RECV)

    def call_within(self, milliseconds: int) -> None:
        """Have libcurl called then, whatever it waits for; a timer that it asked for is over."""
        self._set_timer(milliseconds)

    def close(self) -> None:
        """Close all connections; transfers under way are forgotten."""
        if self._closed:
            return
        self._closed = True
        self.touched.clear()
        for handle in list(self._transfers):
            self.remove(handle)
        self._multi.close()
        self._set_timer(-1)
        for fd in self._watched:
            self._io_loop.remove_handler(fd)
        self._watched.clear()

    # --- what libcurl asks for, from inside its functions ---

    def _set_timer(self, milliseconds: int) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            self._io_loop.remove_timeout(timer)
        if milliseconds >= 0 and not self._closed:
            self._timer = self._io_loop.call_later(milliseconds / 1000, self._expired)

    def _watch(self, event: int, fd: int, multi: Any, data: Any) -> None:
        if event == pycurl.POLL_REMOVE:
            if fd in self._watched:
                self._watched.remove(fd)
                self._io_loop.remove_handler(fd)
        elif fd in self._watched:
            self._io_loop.update_handler(fd, _EVENTS[event])
        elif not self._closed:
            self._io_loop.add_handler(fd, self._ready, _EVENTS[event])
            self._watched.add(fd)

    # --- what the loop tells ---

    def _expired(self) -> None:
        self._timer = None
        self._act(pycurl.SOCKET_TIMEOUT, 0)

    def _ready(self, fd: int, events: int) -> None:
        action = 0
        if events & IOLoop.READ:
            action |= pycurl.CSELECT_IN
        if events & IOLoop.WRITE:
            action |= pycurl.CSELECT_OUT
        self._act(fd, action)

    def _act(self, fd: int, action: int) -> None:
        if self._closed:
            return
        try:
            self._multi.socket_action(fd, action)
        finally:
            self._settle()

    def _settle(self) -> None:
        over: list[tuple[Any, int, str]] = []
        left = 1
        while left:
            left, succeeded, failed = self._multi.info_read()
            over += [(handle, 0, "") for handle in succeeded]
            over += failed
        ended = []
        for handle, errno, message in over:
            transfer = self._transfers.get(handle)
            self.remove(handle)
            if transfer is not None:
                ended.append((transfer, errno, message))
        touched, self.touched = self.touched, []
        for transfer in touched:
            transfer.deliver()
        for transfer, errno, message in ended:
            transfer.ended(errno, message)
