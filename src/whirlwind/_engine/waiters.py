"""Waiting in line: what every lock and queue has in common.

Layer: engine. Imports from ``_base`` and the clock only.

Theory of operation
-------------------
Whoever has to wait gets a ``Waiter``, a future, and a place at the end of a ``Line``. Whoever
has something to give pops the first waiter and gives it: the thing changes hands in that
moment, so nobody who comes later can take it in between, and the line is first in, first out.

A waiter leaves the line at once when it is given something and when it is cancelled, whatever its
place. One whose timeout passes stays until the line next moves, when all of those are taken out
together, or until there are ``MOST_EXPIRED`` of them; so waiting with short timeouts in a loop
does not make the line grow, and nothing ever searches it.

The hard case is the turn between giving and taking. The result of a future reaches the
coroutine that awaits it one turn of the loop later; a task that is cancelled in between never
sees it, and what it was given would be lost: a lock that stays locked, an item that nobody
works on. Task and runner announce themselves by cancelling the future that they wait for, and
only in that turn, because afterwards they wait for something else. So a ``Waiter`` that has
been given something and has not yet called its callbacks can still be cancelled: it then hands
what it has back to its owner, which passes it to the next in line, and reads as cancelled
itself. The first callback of every waiter closes that window.
"""

from __future__ import annotations

import asyncio
import datetime
import enum
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final, Generic, NoReturn, TypeVar

from whirlwind._engine.clock import delay_until

_T = TypeVar("_T")

# Expired waiters that a line which does not move keeps. Low enough to be no memory to speak of;
# high enough for a burst of timeouts to be taken out in one go.
MOST_EXPIRED: Final = 100

Timeout = float | datetime.timedelta | None


class _Stage(enum.Enum):
    IN_LINE = enum.auto()
    GIVEN = enum.auto()  # has a result that nobody has seen
    SETTLED = enum.auto()  # callbacks have run, or the future failed or was cancelled


# Globals are read faster than members of an enumeration.
_IN_LINE: Final = _Stage.IN_LINE
_GIVEN: Final = _Stage.GIVEN
_SETTLED: Final = _Stage.SETTLED


class Waiter(asyncio.Future[_T]):
    """A place in a line: resolved when its turn comes, cancellable until its owner sees that.

    Made by ``Line.join``; programs see an ordinary future.
    """

    __slots__ = ("_line", "_message", "_stage", "_take_back", "_timer")

    _line: Line[_T]
    _message: object
    _stage: _Stage
    _take_back: Callable[[_T], None] | None
    _timer: asyncio.Handle | None

    def give(self, value: _T) -> None:
        """Resolve a waiter that was popped from its line."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._stage = _GIVEN
        self.set_result(value)

    def fail(self, error: Exception) -> None:
        """Resolve a waiter that was popped from its line with an error."""
        self._line.leave(self)
        self.set_exception(error)

    def cancel(self, msg: object = None) -> bool:
        """Leave the line, or hand back what was given if nobody has seen it yet."""
        if self._stage is _IN_LINE:
            self._line.leave(self)
            return super().cancel(msg)
        if self._stage is _GIVEN and self._take_back is not None:
            value = self.result()
            self._stage = _SETTLED
            self._message = msg
            # A future that is done cannot be cancelled, so it becomes one that reads as if it
            # had been. Overriding its methods in Waiter would cost every wait in a contended
            # lock an eighth of its time, measured.
            self.__class__ = _Revoked
            self._take_back(value)
            return True
        return False

    def __repr__(self) -> str:
        if self._stage is _IN_LINE:
            return f"<waiting for {self._line.purpose}>"
        return super().__repr__()


class _Revoked(Waiter[_T]):
    """A waiter that was given something and cancelled before anybody saw it."""

    __slots__ = ()

    def cancelled(self) -> bool:
        return True

    def result(self) -> NoReturn:
        raise self._error()

    def exception(self) -> NoReturn:
        raise self._error()

    def __await__(self) -> NoReturn:
        raise self._error()

    __iter__ = __await__

    def __repr__(self) -> str:
        return f"<cancelled wait for {self._line.purpose}>"

    def _error(self) -> asyncio.CancelledError:
        if self._message is None:
            return asyncio.CancelledError()
        return asyncio.CancelledError(self._message)


class Line(Generic[_T]):
    """Waiters, in order of arrival.

    Args:
        purpose: What is waited for, in the words of the interface: ``"Lock.acquire()"``.
        late: Result of a waiter whose timeout passes; without it that is a ``TimeoutError``.

    Attributes:
        waiting: The waiters, first come first; the value is what each brought along, for example
            the item that ``Queue.put`` wants to leave. May hold expired ones, which ``pop`` skips.
        purpose: As given.
    """

    __slots__ = ("_expired", "_late", "purpose", "waiting")

    def __init__(self, purpose: str, *, late: _T | type[TimeoutError] = TimeoutError) -> None:
        self.purpose = purpose
        self.waiting: OrderedDict[Waiter[_T], Any] = OrderedDict()
        self._expired: list[Waiter[_T]] = []
        self._late = late

    def __len__(self) -> int:
        """How many are in the line, with those whose timeout passed since it last moved."""
        return len(self.waiting)

    def live(self) -> int:
        """Return how many still wait."""
        self._sweep()
        return len(self.waiting)

    def join(
        self, timeout: Timeout, take_back: Callable[[_T], None] | None, brought: Any = None
    ) -> Waiter[_T]:
        """Go to the end of the line.

        Args:
            timeout: Absolute seconds on the loop's clock, a ``timedelta`` from now, or None to
                wait for ever. One that has passed still waits for one turn of the loop, so that
                a program which polls in a loop lets others run.
            take_back: Receives what was given to this waiter if it is cancelled before anybody
                saw that; None if nothing is lost then. A method of the owner; kept by the waiter
                and not by the line, so that owner and line make no reference cycle.
            brought: Kept beside the waiter, and returned by ``pop_with``.

        Returns:
            The future of the turn that comes.

        Raises:
            TypeError: ``timeout`` is neither a number nor a ``timedelta``.
        """
        if self._expired:
            self._sweep()
        waiter: Waiter[_T] = Waiter()
        waiter._line = self
        waiter._stage = _IN_LINE
        waiter._take_back = take_back
        waiter._timer = None
        if timeout is not None:
            loop = waiter.get_loop()
            delay = delay_until(timeout, loop)
            if delay > 0:
                waiter._timer = loop.call_later(delay, self._expire, waiter)
            else:
                waiter._timer = loop.call_soon(self._expire, waiter)
        waiter.add_done_callback(_seen)
        self.waiting[waiter] = brought
        return waiter

    def leave(self, waiter: Waiter[_T]) -> None:
        """Take a waiter out of the line, which will be given nothing any more."""
        waiter._stage = _SETTLED
        if waiter._timer is not None:
            waiter._timer.cancel()
            waiter._timer = None
        self.waiting.pop(waiter, None)

    def pop(self) -> Waiter[_T] | None:
        """Take the first waiter out; the caller gives it something. None if nobody waits."""
        if self._expired:
            self._sweep()
        while self.waiting:
            waiter = self.waiting.popitem(last=False)[0]
            if not waiter.done():  # a program may resolve any future that it can reach
                return waiter
        return None

    def pop_with(self) -> tuple[Waiter[_T], Any] | None:
        """As ``pop``, with what the waiter brought along."""
        if self._expired:
            self._sweep()
        while self.waiting:
            pair = self.waiting.popitem(last=False)
            if not pair[0].done():
                return pair
        return None

    def give_all(self, value: _T) -> None:
        """Give the same to everybody who waits now.

        Whoever comes later has no claim to it, so it is not passed on when one is cancelled.
        """
        while (waiter := self.pop()) is not None:
            waiter._take_back = None
            waiter.give(value)

    def _expire(self, waiter: Waiter[_T]) -> None:
        waiter._timer = None
        waiter._stage = _SETTLED
        # A line that never moves again keeps the waiter; the waiter must not keep the line.
        waiter._take_back = None
        del waiter._line
        self._expired.append(waiter)
        if len(self._expired) > MOST_EXPIRED:
            self._sweep()
        if waiter.done():
            return
        if self._late is TimeoutError:
            waiter.set_exception(TimeoutError(f"{self.purpose} timed out"))
            # It counts as seen: whoever dropped the future asked for a limited wait and not for
            # its outcome, and in a loop that does so a log line each time would drown the rest.
            waiter.exception()
        else:
            waiter.set_result(self._late)  # type: ignore[arg-type]

    def _sweep(self) -> None:
        for waiter in self._expired:
            self.waiting.pop(waiter, None)
        self._expired.clear()


def _seen(waiter: Any) -> None:
    # Callbacks of a future run one after the other in one turn, so from here on the others,
    # the one that resumes the coroutine among them, cannot be overtaken by a cancellation.
    if waiter._stage is _GIVEN:
        waiter._stage = _SETTLED
