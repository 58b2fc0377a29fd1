"""All requests of one connection to a server, over a stream.

Layer: HTTP. Imports from ``_base``, ``_engine``, ``_net`` and ``_proto``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import Any, Final

from whirlwind._base.limits import SEND_TIMEOUT
from whirlwind._base.log import gen_log
from whirlwind._engine.coroutine import coroutine
from whirlwind._http.messages import HTTPServerConnectionDelegate
from whirlwind._http.stream_connection.connection import HTTP1Connection
from whirlwind._http.stream_connection.parameters import HTTP1ConnectionParameters
from whirlwind._net.delivery import delivery
from whirlwind._net.iostream import IOStream
from whirlwind._net.stream_errors import StreamClosedError

# Requests answered in one go before the loop looks at other connections.
_TURN: Final = 16


class HTTP1ServerConnection:
    """A server's side of one stream: its requests, one after the other.

    Args:
        stream: A stream that was accepted; it is closed when the last request is answered.
        params: Settings; None for the defaults.
        context: Anything the program wants to find as ``context`` of each request's connection.

    Attributes:
        stream, context: As given.
        params: As given, or the defaults.
        done: A future, done once ``start_serving`` was called and the last request is over.
    """

    def __init__(
        self,
        stream: IOStream,
        params: HTTP1ConnectionParameters | None = None,
        context: object | None = None,
    ) -> None:
        self.stream = stream
        self.params = HTTP1ConnectionParameters() if params is None else params
        self.context = context
        self.done: asyncio.Future[None] = stream.io_loop.asyncio_loop.create_future()
        self._serving = False
        self._current: HTTP1Connection | None = None
        self._stopping = False
        self._stalled: tuple[object, float] | None = None  # how far it was, and since when

    def start_serving(self, delegate: HTTPServerConnectionDelegate) -> None:
        """Begin to read requests.

        Args:
            delegate: Its ``start_request`` is called for each request, shortly before that
                begins, and its ``on_close`` when the last one is over.
        """
        if self._serving:
            raise RuntimeError("start_serving() was called before")
        self._serving = True
        self.stream.set_nodelay(True)
        self.done = self._serve(delegate)

    async def close(self) -> None:
        """Close the stream, and wait until the request in progress has heard of it."""
        self.stream.close()
        if self._serving:
            await asyncio.wait([self.done])

    @coroutine
    def _serve(self, delegate: HTTPServerConnectionDelegate) -> Generator[Any, Any, None]:
        answered = 0
        try:
            while not self._stopping:
                connection = HTTP1Connection(self.stream, False, self.params, self.context)
                self._current = connection
                receiver = delegate.start_request(self, connection)
                if not (yield connection.read_response(receiver)) or self.stream.closed():
                    return  # what was read ahead of the end is no request of ours
                answered += 1
                if answered % _TURN == 0:
                    yield asyncio.sleep(0)
        except StreamClosedError:
            pass  # between requests, or in one whose delegate has heard of it
        except Exception:
            gen_log.error("Uncaught exception", exc_info=True)
            self.stream.close()
        finally:
            detached = self._current is not None and self._current.stream is None
            self._current = None
            if self._stopping and not detached:
                self.stream.close()
            delegate.on_close(self)

    # --- a server that stops ---

    def stop_after_answer(self) -> None:
        """Close now if no request is in progress, else after the answer to the one that is."""
        self._stopping = True
        current = self._current
        if current is None or not current.has_begun():
            self.stream.close()
        else:
            current.keep_alive = False

    def check_time(self, tick: float) -> None:
        """Close the stream if the client has stopped to read what is written.

        Args:
            tick: The server's clock.
        """
        stream = self.stream
        if not stream.writing():
            self._stalled = None
            return
        seen = delivery(stream.socket)
        mark = stream._total_write_done_index if seen is None else seen.acknowledged
        if self._stalled is None or self._stalled[0] != mark:
            self._stalled = mark, tick
        elif tick - self._stalled[1] > SEND_TIMEOUT:
            gen_log.info("Timeout writing to %s", self.context)
            stream.close()

    def cut_off(self) -> bool:
        """Close at once; True if somebody loses an answer by it."""
        current = self._current
        loses = current is not None and current.has_begun()
        self.stream.close()
        return loses
