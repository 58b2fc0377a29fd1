"""Connecting to the first of several addresses that answers (RFC 8305).

Layer: net. Imports from ``_net``.

Theory of operation
-------------------
A name often has addresses of two families, and often one of them leads nowhere, in silence. So
the attempts overlap. The addresses stand in two lanes, one of the family that the resolver put
first and one of the others. The race begins with the first lane. What has not answered after a
quarter of a second gets company, each time from the other lane if that has any left. An attempt
that fails is followed at once by the next of its lane, and a failure in the first lane opens
the second without waiting. The first connection wins and the other attempts are closed.
"""

from __future__ import annotations

import asyncio
import datetime
import functools
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from whirlwind._net.ioloop import IOLoop
from whirlwind._net.iostream import IOStream
from whirlwind._net.stream_file import fail

Place: TypeAlias = tuple[int, Any]
Attempt: TypeAlias = tuple[IOStream, "asyncio.Future[IOStream]"]
Won: TypeAlias = tuple[int, Any, IOStream]

# RFC 8305, section 8: the recommended Connection Attempt Delay, in seconds.
ATTEMPT_DELAY: Final = 0.25


class Connector:
    """One race for a connection.

    Args:
        addrinfo: Pairs of a family and an address, the best first; not empty.
        connect: Starts an attempt: takes a family and an address, returns a stream and the
            future of its connection. May raise ``OSError`` instead.

    Attributes:
        future: Of family, address and stream of the connection that won. Fails with the last
            error if all attempts fail, with ``TimeoutError`` if time runs out. Cancelling it
            ends the race.
        streams: The streams of all attempts but the one that won; closed when the race ends.
    """

    def __init__(self, addrinfo: Sequence[Place], connect: Callable[[int, Any], Attempt]) -> None:
        self.io_loop = IOLoop.current()
        self.connect = connect
        self.future: asyncio.Future[Won] = self.io_loop.asyncio_loop.create_future()
        self.streams: set[IOStream] = set()
        self.last_error: Exception | None = None
        first, second = self.split(addrinfo)
        self._lanes = (deque(first), deque(second))
        self._second_open = False
        self._running: list[Any] = []  # addresses that have not answered
        self._turn = 0  # the lane that gave the last address without one having failed
        self._delay = ATTEMPT_DELAY
        self._next_timer: object | None = None
        self._deadline_timer: object | None = None

    @staticmethod
    def split(addrinfo: Sequence[Place]) -> tuple[list[Place], list[Place]]:
        """Return the addresses of the first one's family, and those of other families."""
        first = [place for place in addrinfo if place[0] == addrinfo[0][0]]
        return first, [place for place in addrinfo if place[0] != addrinfo[0][0]]

    def start(
        self,
        timeout: float = ATTEMPT_DELAY,
        connect_timeout: float | datetime.timedelta | None = None,
    ) -> asyncio.Future[Won]:
        """Begin.

        Args:
            timeout: Seconds until attempts that do not answer get company.
            connect_timeout: When to give up: seconds on the loop's clock, or a ``timedelta``
                from now; None to go on for as long as an attempt does.

        Returns:
            ``future``.
        """
        self._delay = timeout
        if connect_timeout is not None:
            self._deadline_timer = self.io_loop.add_timeout(
                connect_timeout, self.on_connect_timeout
            )
        self.future.add_done_callback(self._cancelled)
        self._set_timer()
        self._try_next(0)
        return self.future

    def on_timeout(self) -> None:
        """Open the second lane beside what has not answered."""
        if not self._second_open and not self.future.done():
            self._second_open = True
            self._turn = 1
            self._try_next(1)

    def on_connect_timeout(self) -> None:
        """Give up."""
        if not self.future.done():
            silent = ", ".join(sorted(format_address(address) for address in self._running))
            fail(self.future, TimeoutError(f"Timeout while connecting to {silent}"))
            self._end()

    def _overlap(self) -> None:
        self._next_timer = None
        self._set_timer()
        if not self._second_open and self._lanes[1]:
            self.on_timeout()
            return
        other = 1 - self._turn
        self._turn = other if self._lanes[other] else self._turn
        if self._lanes[self._turn]:
            self._try_next(self._turn)

    def _set_timer(self) -> None:
        if sum(map(len, self._lanes)) > (1 if self._next_timer is None else 0):
            self._next_timer = self.io_loop.call_later(self._delay, self._overlap)

    def _try_next(self, number: int) -> None:
        """Start the next attempt of a lane; end the race if there is none and none is running."""
        lane = self._lanes[number]
        while lane and not self.future.done():
            family, address = lane.popleft()
            try:
                stream, attempt = self.connect(family, address)
            except OSError as error:  # no such family here, source address not ours
                self.last_error = error.with_traceback(None)
                self._after_failure(number, more=False)
                continue
            self._running.append(address)
            self.streams.add(stream)
            attempt.add_done_callback(
                functools.partial(self._attempt_done, number, family, address, stream)
            )
            return
        if not (self._running or any(self._lanes) or self.future.done()):
            fail(self.future, self.last_error or OSError("no address to connect to"))
            self._end()

    def _after_failure(self, number: int, more: bool) -> None:
        if more:
            self._try_next(number)
        if number == 0:
            self.on_timeout()

    def _attempt_done(
        self,
        number: int,
        family: int,
        address: Any,
        stream: IOStream,
        attempt: asyncio.Future[IOStream],
    ) -> None:
        self._running.remove(address)
        error = None if attempt.cancelled() else attempt.exception()
        if self.future.done():
            stream.close()
            return
        if error is None and not attempt.cancelled():
            self.streams.discard(stream)
            self.future.set_result((family, address, stream))
            self._end()
            return
        stream.close()
        if isinstance(error, Exception):
            self.last_error = error
        self._after_failure(number, more=True)

    def _cancelled(self, future: asyncio.Future[Won]) -> None:
        if future.cancelled():
            self._end()

    def _end(self) -> None:
        for timer in (self._next_timer, self._deadline_timer):
            if timer is not None:
                self.io_loop.remove_timeout(timer)
        self._next_timer = self._deadline_timer = None
        for lane in self._lanes:
            lane.clear()
        for stream in self.streams:
            stream.close()


def format_address(address: Any) -> str:
    """Return an address as messages show it: ``1.2.3.4:80``, ``[::1]:80``, a path."""
    if not isinstance(address, tuple):
        return str(address)
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
