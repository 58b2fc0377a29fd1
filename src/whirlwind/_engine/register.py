"""The register of live coroutines: who they are, what each waits for, since when.

Layer: engine. Imports from ``_base`` only.

Theory of operation
-------------------
The kernel tells one observer of every start, wait, resumption and end, and spends one pointer
comparison on it while there is none. The observer is the ``Register`` below, set while somebody
looks: while the register is switched on (``open_register``), or while a sink is open.

An entry is held by the register weakly, through its coroutine's future: to look does not keep
alive. Coroutines that started before the register was switched on are not in it.

A *sink* receives what happens to the coroutines that are started inside its ``with`` block, and
to those that they start in turn: it lives in a context variable, which coroutines inherit. So two
requests recorded at the same time do not see each other.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import itertools
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from whirlwind._base.log import app_log
from whirlwind._engine import runner_cy


@dataclass(slots=True, frozen=True)
class Wait:
    """One thing that a coroutine waits for.

    Attributes:
        label: What it is, for a reader: ``"GET http://…"``, ``"sleep"``, a function's name.
        coroutine: Its number, if it is a coroutine of ours that the register knows; else None.
    """

    label: str
    coroutine: int | None = None


# Called with the kind of event, the time, the entry, and the error where the coroutine failed.
Sink = Callable[[str, float, "Entry", BaseException | None], None]


@dataclass(slots=True)
class Entry:
    """A coroutine in the register.

    Attributes:
        number: Counts coroutines from 1, in the order of their start, in this process.
        parent: The number of the coroutine that called it; None if none of ours did.
        name: The function's qualified name.
        file: Where the function stands.
        line: The line of its ``def``.
        started: Seconds, on the register's clock.
        since: Seconds on the same clock: when its present wait began.
        waits: What it waits for; empty while it runs.
    """

    number: int
    parent: int | None
    name: str
    file: str
    line: int
    started: float
    since: float
    waits: Sequence[Wait] = field(default=())
    generator: Any = field(default=None, repr=False)
    sink: Sink | None = field(default=None, repr=False)

    def at_line(self) -> int:
        """Return the line at which the coroutine waits at this moment."""
        generator = self.generator() if self.generator is not None else None
        frame = getattr(generator, "gi_frame", None)
        return frame.f_lineno if frame is not None else self.line


_current: contextvars.ContextVar[int | None] = contextvars.ContextVar("coroutine", default=None)
_sink: contextvars.ContextVar[Sink | None] = contextvars.ContextVar("sink", default=None)


class Register:
    """The observer that keeps the entries.

    Args:
        clock: Returns seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.clock = clock
        self._numbers = itertools.count(1)
        self._entries: weakref.WeakKeyDictionary[Any, Entry] = weakref.WeakKeyDictionary()
        self._labels: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()
        self._users = 0

    # --- called by the kernel, inside the coroutine's context ---------------------------------

    def started(self, task: Any, generator: Any) -> None:
        code = generator.gi_code
        now = self.clock()
        entry = Entry(
            number=next(self._numbers),
            parent=_current.get(),
            name=generator.__qualname__,
            file=code.co_filename,
            line=code.co_firstlineno,
            started=now,
            since=now,
            generator=weakref.ref(generator),
            sink=_sink.get(),
        )
        _current.set(entry.number)
        self._entries[task] = entry
        self._tell("started", now, entry)

    def waits(self, task: Any, what: Any) -> None:
        entry = self._entries.get(task)
        if entry is None:
            return
        entry.since = self.clock()
        if what is None:
            entry.waits = (Wait("one turn of the loop"),)
        else:
            entry.waits = [self._wait(one) for one in (what if type(what) is list else (what,))]
        self._tell("waits", entry.since, entry)

    def resumed(self, task: Any) -> None:
        entry = self._entries.get(task)
        if entry is not None:
            entry.waits = ()
            entry.since = self.clock()
            self._tell("resumed", entry.since, entry)

    def ended(self, task: Any) -> None:
        entry = self._entries.pop(task, None)
        if entry is None:
            return
        entry.waits = ()
        entry.since = self.clock()
        error: BaseException | None = None
        if task.cancelled():
            error = asyncio.CancelledError()
        else:
            error = runner_cy.peek_error(task)
        self._tell("ended", entry.since, entry, error)

    # --- for those who look -------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """True while the kernel reports to this register."""
        return self._users > 0

    def label(self, future: Any, text: str) -> None:
        """Say what a future stands for; asked by clients and pools while ``is_open``."""
        self._labels[future] = text

    def live(self) -> list[Entry]:
        """Return the entries of all coroutines that have not ended, oldest first."""
        return sorted(self._entries.values(), key=lambda entry: entry.number)

    def open(self) -> None:
        """Have the kernel report; each call needs its ``close()``."""
        self._users += 1
        if self._users == 1:
            runner_cy.observe(self)

    def close(self) -> None:
        """Undo one ``open()``; the entries go with the last."""
        self._users -= 1
        if self._users == 0:
            runner_cy.observe(None)
            self._entries.clear()
            self._labels.clear()

    def _wait(self, what: Any) -> Wait:
        try:
            entry = self._entries.get(what)
            label = self._labels.get(what)
        except TypeError:  # a future of another library that can be no key, or not weakly held
            return Wait(_describe(what))
        if entry is not None:
            return Wait(entry.name, entry.number)
        if label is None:
            label = _describe(what)
        return Wait(label)

    def _tell(
        self, kind: str, now: float, entry: Entry, error: BaseException | None = None
    ) -> None:
        # The sink of the coroutine's start: one that it opens itself is for what it starts.
        if entry.sink is not None:
            try:
                entry.sink(kind, now, entry, error)
            except Exception:
                # Whoever only looks must not stop what it looks at.
                entry.sink = None
                app_log.error("error in a recording of coroutines; it ends here", exc_info=True)


def _describe(what: Any) -> str:
    if isinstance(what, asyncio.Task):
        coroutine: Any = what.get_coro()
        return f"task {getattr(coroutine, '__qualname__', what.get_name())}"
    if isinstance(what, concurrent.futures.Future):
        return "work in a pool"
    if isinstance(what, asyncio.Future):
        return "future"
    return f"{type(what).__module__}.{type(what).__qualname__}"


register = Register()


@contextmanager
def sink(receiver: Sink) -> Iterator[None]:
    """Have ``receiver`` told of the coroutines that are started inside the block.

    It goes on hearing of them after the block has ended, as long as the register is open: open
    it yourself for longer than the block, or wait for the coroutines inside.

    Args:
        receiver: Called with the kind (``"started"``, ``"waits"``, ``"resumed"``, ``"ended"``),
            the time in seconds, the entry, and the error if it ended with one. It must not raise.
    """
    register.open()
    token = _sink.set(receiver)
    try:
        yield
    finally:
        _sink.reset(token)
        register.close()
