"""The stream that the page reads: a pattern's output and the engine's record, line by line.

Each line is a JSON object with ``kind`` and ``time`` (seconds since the run began):

========== =========================================================================
kind       further members
========== =========================================================================
started    id, parent (id or null), name, file, line: a coroutine of the run began
waits      id, file, line, what (text), on (ids of coroutines): it waits at this line
resumed    id, file, line: it goes on
ended      id, file, line: it returned
failed     id, file, line, what: it raised
output     text: the pattern wrote this
error      type, message, traceback (lines): the pattern as a whole failed
done       the run is over; always the last line
========== =========================================================================
"""

from __future__ import annotations

import asyncio
import json
import os
import time
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

from whirlwind.inspector import Event


class EventStream:
    """Collects the events of one run and sends them as fast as the browser takes them.

    Events come from inside the engine, where nothing may wait, so they are kept until a task
    of the stream's own has sent what came before them.

    Args:
        send: Sends bytes; what it returns is done when the peer has taken them.
    """

    def __init__(self, send: Callable[[bytes], Awaitable[None]]) -> None:
        loop = asyncio.get_running_loop()
        # The record's clock; a loop's stands still between two of its turns.
        self._clock = time.perf_counter
        self._began: float | None = None  # what the record counts from, on that clock
        self._send = send
        self._numbers: dict[int | None, int] = {}
        self._lines: list[bytes] = []
        self._news = asyncio.Event()
        self._closed = False
        self._waiters: list[asyncio.Future[None]] = []
        # Started before the record is on: what the stream does is no part of the run.
        self._task = loop.create_task(self._pump())

    def record(self, event: Event) -> None:
        """Take an event of the engine's record."""
        if event.kind == "started":
            # The record counts coroutines in the process; the page counts in the run.
            self._numbers[event.coroutine] = len(self._numbers) + 1
        elif event.coroutine not in self._numbers:
            return  # the coroutine around the run, which another run's recording made known
        if self._began is None:
            self._began = self._clock() - event.time
        line: dict[str, Any] = {
            "kind": event.kind,
            "time": event.time,
            "id": self._numbers[event.coroutine],
            "file": os.path.basename(event.file),
            "line": event.line,
        }
        if event.kind == "started":
            line["parent"] = self._numbers.get(event.parent)
            line["name"] = event.name
        elif event.kind == "waits":
            line["what"] = ", ".join(wait.label for wait in event.waits)
            line["on"] = [
                self._numbers[wait.coroutine]
                for wait in event.waits
                if wait.coroutine in self._numbers
            ]
        elif event.kind == "failed":
            line["what"] = event.error
        self._put(line)

    def output(self, chunk: Any) -> None:
        """Take what the pattern writes: text or UTF-8."""
        text = chunk.decode() if isinstance(chunk, bytes) else str(chunk)
        self._put({"kind": "output", "time": self._time(), "text": text})

    def failed(self, error: BaseException) -> None:
        """Take the error that ended the pattern."""
        self._put(
            {
                "kind": "error",
                "time": self._time(),
                "type": type(error).__name__,
                "message": str(error),
                "traceback": traceback.format_exception(error),
            }
        )

    def drained(self) -> asyncio.Future[None]:
        """Return a future that is done when all that was taken so far has been sent."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        self._news.set()
        return waiter

    def close(self) -> asyncio.Task[None]:
        """Say that the run is over; returns the task that sends the rest."""
        self._put({"kind": "done", "time": self._time()})
        self._closed = True
        return self._task

    def abandon(self) -> None:
        """Stop sending: nobody reads any more."""
        self._task.cancel()

    def _time(self) -> float:
        return 0.0 if self._began is None else self._clock() - self._began

    def _put(self, line: dict[str, Any]) -> None:
        self._lines.append(json.dumps(line).encode() + b"\n")
        self._news.set()

    async def _pump(self) -> None:
        while self._lines or self._waiters or not self._closed:
            await self._news.wait()
            self._news.clear()
            lines, self._lines = self._lines, []
            waiters, self._waiters = self._waiters, []
            if lines:
                await self._send(b"".join(lines))
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(None)
