"""Hands a response's body to the program's ``streaming_callback`` piece by piece.

Layer: HTTP. Imports from ``_engine`` and this package.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from whirlwind._engine.runner_cy import CoroutineFuture
from whirlwind._http.client.program_calls import CallbackError


class StreamedBody:
    """The pieces of one body, given to a callback one at a time.

    Args:
        call: Calls the callback with a piece; returns a future if the next must wait for it.
        paused: Called when pieces have to wait; no more should be read.
        resumed: Called when none waits any more.
        failed: Called with the exception of a callback that had to be waited for.

    Attributes:
        busy: Whether the callback has not taken all that was fed.
    """

    def __init__(
        self,
        call: Callable[[bytes], asyncio.Future[Any] | None],
        *,
        paused: Callable[[], None],
        resumed: Callable[[], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        self.busy = False
        self._call = call
        self._paused = paused
        self._resumed = resumed
        self._failed = failed
        # What one read of the socket held, and what the parser had when reading was paused.
        self._held: deque[bytes] = deque()
        self._waiting: asyncio.Future[Any] | None = None

    def feed(self, piece: bytes) -> None:
        """Take the next piece.

        Raises:
            CallbackError: The callback failed at once.
        """
        if self.busy:
            self._held.append(piece)
            return
        waiting = self._call(piece)
        if waiting is not None:
            self.busy = True
            self._paused()
            self._wait(waiting)

    def stop(self) -> None:
        """End the callback that has to be waited for, if it is a coroutine.

        A future that is none is the program's own, and others may wait for it.
        """
        self._held.clear()
        if isinstance(self._waiting, asyncio.Task | CoroutineFuture):
            self._waiting.cancel()

    def _wait(self, waiting: asyncio.Future[Any]) -> None:
        self._waiting = waiting
        waiting.add_done_callback(self._taken)

    def _taken(self, waited: asyncio.Future[Any]) -> None:
        self._waiting = None
        error = asyncio.CancelledError() if waited.cancelled() else waited.exception()
        if error is not None:
            self._failed(error)
            return
        try:
            while self._held:
                waiting = self._call(self._held.popleft())
                if waiting is not None:
                    self._wait(waiting)
                    return
        except CallbackError as failure:
            self._failed(failure.__cause__ or failure)
            return
        self.busy = False
        self._resumed()
