"""Server-Sent Events: an answer that goes on, event by event.

Layer: web. Imports from ``_base``, ``_net``, ``_proto`` and within ``_web``.

The handler holds its stream, and the stream only refers to the handler: programs keep streams in
lists of listeners, and a stream of a handler that has ended must not keep it alive. Nor does the
timer of the pings, which looks in once for each interval and not for each event.
"""

from __future__ import annotations

import asyncio
import math
import weakref
from typing import TYPE_CHECKING, Any

from whirlwind._base.escape import json_encode
from whirlwind._net.stream_errors import StreamClosedError
from whirlwind._proto.http.event_stream import encode_comment, encode_event

if TYPE_CHECKING:
    from whirlwind._web.base_handler import BaseHandler


def as_text(data: Any) -> str | None:
    """Return the text of an event's data: text as it is, bytes as UTF-8, anything else as JSON."""
    if data is None or isinstance(data, str):
        return data
    if isinstance(data, bytes):
        return data.decode("utf-8")
    return json_encode(data)


class EventStream:
    """Sends events to an ``EventSource``; ``RequestHandler.event_stream`` returns it.

    >>> events = self.event_stream()  # doctest: +SKIP
    >>> await events.send("hello", id="1")  # doctest: +SKIP

    Args:
        handler: Whose answer it is.
        ping_interval: Seconds after which a comment is sent if nothing else was; None for never.

    Attributes:
        last_event_id: The id of the last event that the client has seen, by what it says; None
            where it connects for the first time.

    Source: WHATWG HTML, section 9.2.
    """

    def __init__(self, handler: BaseHandler, ping_interval: float | None) -> None:
        if ping_interval is not None and not ping_interval > 0:
            raise ValueError(f"ping_interval is {ping_interval}: expected seconds, above 0")
        said = handler.request.headers.get("Last-Event-ID")
        # Header values come as Latin-1; browsers send the id as it came to them, in UTF-8.
        self.last_event_id = (
            None if said is None else said.encode("latin-1").decode("utf-8", "replace")
        )
        self._handler = weakref.ref(handler)
        self._loop = asyncio.get_running_loop()
        self._waiters: list[asyncio.Future[None]] = []
        self._interval = ping_interval
        self._sent = self._loop.time()
        self._room = handler.flush()
        if ping_interval is not None:
            self._loop.call_later(ping_interval, _look_in, weakref.ref(self))

    @property
    def closed(self) -> bool:
        """True once nothing can be sent any more."""
        return self._open_handler() is None

    def send(
        self,
        data: Any = None,
        event: str | None = None,
        id: str | int | None = None,
        retry: int | None = None,
    ) -> asyncio.Future[None]:
        """Send an event.

        Args:
            data: Text, which may have several lines; bytes of UTF-8; or anything else, which is
                sent as JSON. None for an event without data, which no listener is shown: it only
                says ``id`` or ``retry``.
            event: Its type, for ``addEventListener``; None for ``message``.
            id: What the client says as ``last_event_id`` when it connects again.
            retry: Milliseconds that the client waits before it does.

        Returns:
            A future that is done when the client has room for more: wait for it, or events for a
            slow client pile up in memory.

        Raises:
            StreamClosedError: By the future: the client has gone, or the stream was closed.
            ValueError: ``event`` or ``id`` holds a line end.
        """
        named = None if id is None else str(id)
        return self._write(encode_event(as_text(data), event=event, id=named, retry=retry))

    def comment(self, text: str = "") -> asyncio.Future[None]:
        """Send a comment, which no client shows: for whoever looks at the wire."""
        return self._write(encode_comment(text))

    def close(self) -> None:
        """Finish the answer.

        The client will connect again: answer that with status 204 if it is not to.
        """
        handler = self._open_handler()
        if handler is not None:
            handler.finish()
        self.settle()

    def wait_closed(self) -> asyncio.Future[None]:
        """Wait until the stream is closed, for handlers whose events come from elsewhere.

        Returns:
            A future that is done when ``close`` was called or, for handlers that are not
            cancelled by it, when the client has gone.
        """
        future: asyncio.Future[None] = self._loop.create_future()
        if self.closed:
            future.set_result(None)
        else:
            self._waiters.append(future)
        return future

    def settle(self) -> None:
        """Wake who waits for the end: it has come."""
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def _open_handler(self) -> BaseHandler | None:
        handler = self._handler()
        if handler is None or handler._finished or handler._client_gone:
            return None
        return handler

    def _write(self, wire: bytes) -> asyncio.Future[None]:
        handler = self._open_handler()
        if handler is None:
            closed: asyncio.Future[None] = self._loop.create_future()
            closed.set_exception(StreamClosedError())
            closed.exception()  # nobody need look: the handler is told as well
            return closed
        handler.write(wire)
        self._sent = self._loop.time()
        self._room = handler.flush()
        return self._room

    def _ping(self) -> None:
        if self._open_handler() is None:
            return
        interval = math.inf if self._interval is None else self._interval
        now = self._loop.time()
        due = self._sent + interval
        if now >= due:
            due = now + interval
            # A client that has no room gets no pings: it has enough to read.
            if self._room.done():
                self._write(encode_comment("ping"))
        self._loop.call_at(due, _look_in, weakref.ref(self))


def _look_in(reference: weakref.ref[EventStream]) -> None:
    stream = reference()
    if stream is not None:
        stream._ping()
