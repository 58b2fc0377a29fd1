"""A record of one run: which coroutines ran, and what each waited for, when."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from whirlwind._engine import register as registry
from whirlwind._engine.register import Entry, Wait


@dataclass(slots=True, frozen=True)
class Event:
    """One thing that happened to one coroutine.

    Attributes:
        time: Seconds since the recording began.
        kind: ``"started"``, ``"waits"``, ``"resumed"``, ``"ended"`` or ``"failed"``.
        coroutine: The coroutine's number, counted in the process.
        parent: The number of the coroutine that called it; None for the first of the run.
        name: The function's qualified name.
        file: Where the function stands.
        line: Where in the file the coroutine stands at this moment.
        waits: What it begins to wait for, where ``kind`` is ``"waits"``; all of a list at once.
        error: The exception, written out, where ``kind`` is ``"failed"``.
    """

    time: float
    kind: str
    coroutine: int
    parent: int | None
    name: str
    file: str
    line: int
    waits: Sequence[Wait] = ()
    error: str | None = None


class Recording:
    """The events of one run, in order.

    Args:
        on_event: Called with each event as it happens, for live views; None for nobody.

    Attributes:
        events: All events so far.
    """

    def __init__(self, on_event: Callable[[Event], None] | None = None) -> None:
        self.events: list[Event] = []
        self._on_event = on_event
        self._began = registry.register.clock()

    def _take(self, kind: str, now: float, entry: Entry, error: BaseException | None) -> None:
        event = Event(
            time=now - self._began,
            kind="failed" if error is not None else kind,
            coroutine=entry.number,
            parent=entry.parent,
            name=entry.name,
            file=entry.file,
            line=entry.at_line(),
            waits=tuple(entry.waits) if kind == "waits" else (),
            error=None if error is None else f"{type(error).__name__}: {error}",
        )
        self.events.append(event)
        if self._on_event is not None:
            self._on_event(event)


@contextmanager
def recording(on_event: Callable[[Event], None] | None = None) -> Iterator[Recording]:
    """Record the coroutines that are started inside the block, and those that they start.

    ::

        with inspector.recording() as record:
            yield fetch_all(urls)
        for event in record.events:
            print(f"{event.time:.3f} {event.name} {event.kind}")

    Several recordings at once, in one process, do not see each other's coroutines. A ``yield``
    inside the block is right: the block belongs to the coroutine it stands in.

    Args:
        on_event: Called with each event as it happens. It runs inside the engine, so it should
            be quick and must not raise.
    """
    record = Recording(on_event)
    with registry.sink(record._take):
        yield record
