"""What the patterns have in common: a request handler that can run under the engine's record.

A pattern is a handler with a coroutine ``get``. GET runs it and sends its output, as it would
in any program (``curl http://127.0.0.1:8888/run/fetch``). POST, which the page uses, runs the
same ``get`` while the engine records it, and streams output and record together, one JSON
object a line (``events.py``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from examples.guide.events import EventStream
from whirlwind import gen
from whirlwind.inspector import recording
from whirlwind.log import app_log
from whirlwind.web import RequestHandler

# Seconds for which the demo holds a flush of a SlowReader: what a full socket buffer and a slow
# line do to a real one. A browser on the same machine takes everything at once.
READER_DELAY = 0.15


@dataclass(frozen=True)
class Services:
    """What the patterns talk to.

    Attributes:
        upstream: URL of the slow weather service, without a slash at its end.
        database: A database of a ``MotorClient``, with a collection ``readings``.
    """

    upstream: str
    database: Any


class Pattern(RequestHandler):
    """Base of the patterns.

    Attributes:
        database: The MongoDB database.
        fails: True where the page asked for a failure of what the pattern waits for.
    """

    def initialize(self, services: Services) -> None:
        self.services = services
        self.database = services.database
        self.fails = self.get_argument("fail", "") == "1"
        self.events: EventStream | None = None
        self.running: Any = None
        self.abandoned = False

    def upstream(self, path: str) -> str:
        """Return the URL of ``path`` at the weather service."""
        return f"{self.services.upstream}/{path}{'?fail=1' if self.fails else ''}"

    def write(self, chunk: Any) -> None:
        if self.events is None:
            super().write(chunk)
        else:
            self.events.output(chunk)

    def flush(
        self, include_footers: bool = False, callback: Callable[[], None] | None = None
    ) -> Any:
        if self.events is None:
            return super().flush(include_footers, callback)
        return self.events.drained()

    def send_lines(self, lines: bytes) -> Any:
        """Send lines of the event stream; returns the future of their flush."""
        super().write(lines)
        return super().flush()

    @gen.coroutine
    def post(self) -> Generator[Any, Any, None]:
        self.set_header("Content-Type", "application/x-ndjson")
        self.set_header("Cache-Control", "no-store")
        events = EventStream(self.send_lines)
        self.events = events
        try:
            with recording(events.record):
                self.running = self.get()
                yield self.running
        except Exception as error:
            app_log.warning("pattern %s failed: %s", type(self).__name__, error)
            events.failed(error)
        except asyncio.CancelledError:
            events.abandon()
            if not self.abandoned:
                raise
            return
        yield events.close()

    def on_connection_close(self) -> None:
        # Nobody reads any more: end the pattern at the yield where it stands.
        self.abandoned = True
        if self.running is not None:
            self.running.cancel()


class SlowReader(Pattern):
    """A pattern whose reader takes its time: each flush waits for ``READER_DELAY``."""

    @gen.coroutine
    def flush(
        self, include_footers: bool = False, callback: Callable[[], None] | None = None
    ) -> Generator[Any, Any, None]:
        yield super().flush(include_footers, callback)
        yield gen.sleep(READER_DELAY)
