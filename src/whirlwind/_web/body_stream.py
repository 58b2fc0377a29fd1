"""The body of a request as its handler reads it, piece by piece.

Layer: web. Imports from ``_engine`` and ``_net``.

Theory of operation
-------------------
The server gives pieces (``feed``), the handler takes them (``read``). A piece that nobody waits for
is kept, and the server waits with the next until it was taken, which holds the client back: so no
more is here than came in one read of the socket. The body is asked for with the first ``read``.
Until then nothing of it is read, a limit can still be changed, and a client that sent
``Expect: 100-continue`` has not been told to go on. A reader that is cancelled in the turn in which
its piece came hands it back, as those who wait for a lock or a queue do.
"""

from __future__ import annotations

import asyncio
from collections import deque

from whirlwind._engine.waiters import Line
from whirlwind._net.stream_errors import StreamClosedError


class BodyStream:
    """Reads the body of one request; ``RequestHandler.body_stream`` returns it.

    >>> async for piece in self.body_stream():  # doctest: +SKIP
    ...     digest.update(piece)

    Args:
        asked: Is given a result when the body is asked for.
    """

    def __init__(self, asked: asyncio.Future[None]) -> None:
        self._asked = asked
        self._loop = asked.get_loop()
        self._pieces: deque[bytes] = deque()
        self._taken: asyncio.Future[None] | None = None  # what the server waits for
        self._readers: Line[bytes] = Line("body_stream().read()")  # one at most
        self._complete = False
        self._lost = False
        self._claimed = False

    def read(self) -> asyncio.Future[bytes]:
        """Return the next piece of the body.

        Returns:
            A future, to yield or to await, of 1 to ``chunk_size`` bytes; of ``b""`` when the body
            has ended, as often as it is asked.

        Raises:
            StreamClosedError: By the future: the client went away before the body was complete.
            RuntimeError: Somebody waits for a piece already.
        """
        if self._readers.live():
            raise RuntimeError("somebody is reading this body already")
        self._claimed = True
        if not self._asked.done():
            self._asked.set_result(None)
        if not (self._pieces or self._lost or self._complete):
            return self._readers.join(None, self._hand_back)
        future: asyncio.Future[bytes] = self._loop.create_future()
        if self._pieces:
            future.set_result(self._pieces.popleft())
            if not self._pieces:
                self._let_go()
        elif self._lost:
            _fail(future)
        else:
            future.set_result(b"")
        return future

    def __aiter__(self) -> BodyStream:
        return self

    async def __anext__(self) -> bytes:
        piece = await self.read()
        if not piece:
            raise StopAsyncIteration
        return piece

    def claim(self) -> None:
        """Take the whole body for one reader.

        Raises:
            RuntimeError: It was taken, or read, before.
        """
        if self._claimed:
            raise RuntimeError("this request's body is being read already")
        self._claimed = True

    # --- what the server says ---

    def feed(self, piece: bytes) -> asyncio.Future[None] | None:
        """Take a piece that came in; the future, if any, is done when there is room for more."""
        reader = self._readers.pop()
        if reader is not None:
            reader.give(piece)
            return None
        self._pieces.append(piece)
        if self._taken is None:
            self._taken = self._loop.create_future()
        return self._taken

    def feed_eof(self) -> None:
        """The body is complete."""
        self._complete = True
        reader = self._readers.pop()
        if reader is not None:
            reader.give(b"")

    def fail(self) -> None:
        """No more will come; if the body is not complete, the reader is told."""
        self._lost = not self._complete
        reader = self._readers.pop()
        if reader is not None:
            _fail(reader)
        self._let_go()

    def _hand_back(self, piece: bytes) -> None:
        if piece:  # the end needs no keeping: it is read again and again
            self._pieces.appendleft(piece)

    def _let_go(self) -> None:
        taken, self._taken = self._taken, None
        if taken is not None and not taken.done():
            taken.set_result(None)


def _fail(future: asyncio.Future[bytes]) -> None:
    future.set_exception(StreamClosedError())
    future.exception()  # nobody need look: the client has gone
