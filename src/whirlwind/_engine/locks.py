"""Locks for coroutines: Condition, Event, Semaphore, BoundedSemaphore, Lock.

Layer: engine. Imports from ``_base`` and the engine only.

Theory of operation
-------------------
They order the coroutines of one loop, and are not thread-safe. Everything that can wait returns
a future, so it can be yielded, awaited, or kept. What need not wait returns a future that is
done already, and the coroutine goes on without a turn of the loop.

A released lock or permit goes straight to whoever has waited longest and is never free in
between, so a newcomer cannot overtake the line. The line itself, timeouts and cancelling are in
``waiters.py``.

None of them looks for a loop when it is made: a lock may be a global of a module, and serve one
loop after another.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from asyncio import Future
from dataclasses import dataclass
from types import TracebackType
from typing import NoReturn

from whirlwind._engine.waiters import Line, Timeout

__all__ = [
    "BoundedSemaphore",
    "Condition",
    "ConditionStatistics",
    "Event",
    "EventStatistics",
    "Lock",
    "LockStatistics",
    "Semaphore",
    "SemaphoreStatistics",
]


@dataclass(frozen=True, slots=True)
class ConditionStatistics:
    """A Condition at one moment.

    Attributes:
        waiting: Coroutines in ``wait()``.
    """

    waiting: int


@dataclass(frozen=True, slots=True)
class EventStatistics:
    """An Event at one moment.

    Attributes:
        is_set: Whether ``wait()`` would return at once.
        waiting: Coroutines in ``wait()``.
    """

    is_set: bool
    waiting: int


@dataclass(frozen=True, slots=True)
class SemaphoreStatistics:
    """A Semaphore at one moment.

    Attributes:
        value: Permits that nobody holds.
        waiting: Coroutines in ``acquire()``.
    """

    value: int
    waiting: int


@dataclass(frozen=True, slots=True)
class LockStatistics:
    """A Lock at one moment.

    Attributes:
        locked: Whether somebody holds it.
        waiting: Coroutines in ``acquire()``.
    """

    locked: bool
    waiting: int


class Condition:
    """Lets coroutines wait until another one tells them to go on.

    Use it to announce a change that waiting coroutines then look at themselves. Unlike
    ``threading.Condition`` it has no lock inside: between two yields nobody else runs, so
    there is nothing to protect.
    """

    def __init__(self) -> None:
        self._waiters: Line[bool] = Line("Condition.wait()", late=False)

    def __repr__(self) -> str:
        waiting = f" waiters[{self._waiters.live()}]" if self._waiters.live() else ""
        return f"<{type(self).__name__}{waiting}>"

    def wait(self, timeout: Timeout = None) -> Future[bool]:
        """Wait for ``notify``.

        Args:
            timeout: Absolute seconds on the loop's clock, or a ``timedelta`` from now; one that
                has passed (0 is one) only looks; None waits for ever.

        Returns:
            A future: True once notified, False if the timeout passed first.

        Raises:
            TypeError: ``timeout`` is neither a number nor a ``timedelta``.
        """
        return self._waiters.join(timeout, self._pass_on)

    def notify(self, n: int = 1) -> None:
        """Wake those who have waited longest; a notification that nobody waits for is gone.

        Args:
            n: Most waiters to wake.
        """
        while n > 0 and (waiter := self._waiters.pop()) is not None:
            waiter.give(True)
            n -= 1

    def notify_all(self) -> None:
        """Wake everybody who waits now."""
        self._waiters.give_all(True)

    def statistics(self) -> ConditionStatistics:
        """Return what can be counted of this Condition."""
        return ConditionStatistics(waiting=self._waiters.live())

    def _pass_on(self, notified: bool) -> None:
        Condition.notify(self)


class Event:
    """A flag that coroutines can wait for.

    Use it for what happens once or is switched on and off, such as "connected". It starts
    unset.
    """

    def __init__(self) -> None:
        self._value = False
        self._waiters: Line[None] = Line("Event.wait()")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {'set' if self._value else 'clear'}>"

    def is_set(self) -> bool:
        """Return True if the flag is set, so that ``wait()`` would not wait."""
        return self._value

    def set(self) -> None:
        """Set the flag and wake everybody who waits for it."""
        self._value = True
        self._waiters.give_all(None)

    def clear(self) -> None:
        """Unset the flag. Those whom ``set`` has woken stay awake."""
        self._value = False

    def wait(self, timeout: Timeout = None) -> Future[None]:
        """Wait until the flag is set.

        Args:
            timeout: Absolute seconds on the loop's clock, or a ``timedelta`` from now; one that
                has passed (0 is one) only looks; None waits for ever.

        Returns:
            A future, done already if the flag is set; its result is None.

        Raises:
            TimeoutError: (from the future) The flag was not set in time.
            TypeError: ``timeout`` is neither a number nor a ``timedelta``.
        """
        if self._value:
            done: Future[None] = Future()
            done.set_result(None)
            return done
        return self._waiters.join(timeout, None)

    def statistics(self) -> EventStatistics:
        """Return what can be counted of this Event."""
        return EventStatistics(is_set=self._value, waiting=self._waiters.live())


class _Acquirable(ABC):
    """What is acquired and released: the ways of doing both in one statement."""

    @abstractmethod
    def acquire(self, timeout: Timeout = None) -> Future[_Held]: ...

    @abstractmethod
    def release(self) -> None: ...

    async def __aenter__(self) -> None:
        await self.acquire()

    async def __aexit__(
        self,
        typ: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.release()

    # Both must exist for the message to be seen: Python looks up __exit__ before it calls
    # __enter__.
    def __enter__(self) -> NoReturn:
        name = type(self).__name__
        raise RuntimeError(
            f"a plain 'with' cannot wait for a {name}: use 'async with' or, in a generator, "
            "'with (yield lock.acquire())'"
        )

    def __exit__(
        self,
        typ: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.__enter__()


class _Held:
    """The result of ``acquire()``: a context manager that releases at the end of its block.

    Made anew each time. One kept by the lock would save the making, and be a reference cycle
    in every lock.
    """

    __slots__ = ("_owner",)

    def __init__(self, owner: _Acquirable) -> None:
        self._owner = owner

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._owner.release()


class Semaphore(_Acquirable):
    """A number of permits, for work that may be done by so many at a time.

    ``async with semaphore:`` holds a permit for a block; in a generator that is
    ``with (yield semaphore.acquire()):``. Permits need not be released by whoever acquired
    them, and releasing more than were acquired raises the number; ``BoundedSemaphore`` takes
    that for the mistake that it usually is.

    Args:
        value: Permits at the start, 0 or more.

    Raises:
        ValueError: ``value`` is negative.
    """

    def __init__(self, value: int = 1) -> None:
        if value < 0:
            raise ValueError(f"semaphore initial value must be >= 0, not {value}")
        self._value = value
        self._waiters: Line[_Held] = Line(f"{type(self).__name__}.acquire()")

    def __repr__(self) -> str:
        state = f"unlocked,value:{self._value}" if self._value else "locked"
        if self._waiters.live():
            state += f",waiters:{self._waiters.live()}"
        return (
            f"<{type(self).__module__}.{type(self).__qualname__} object at {id(self):#x} [{state}]>"
        )

    def acquire(self, timeout: Timeout = None) -> Future[_Held]:
        """Take a permit, or wait for one.

        Args:
            timeout: Absolute seconds on the loop's clock, or a ``timedelta`` from now; one that
                has passed (0 is one) only looks; None waits for ever.

        Returns:
            A future, done already if a permit is free. Its result is a context manager that
            releases the permit at the end of a ``with`` block.

        Raises:
            TimeoutError: (from the future) No permit came free in time.
            TypeError: ``timeout`` is neither a number nor a ``timedelta``.
        """
        if self._value > 0:
            self._value -= 1
            done: Future[_Held] = Future()
            done.set_result(_Held(self))
            return done
        return self._waiters.join(timeout, self._pass_on)

    def release(self) -> None:
        """Give a permit to whoever has waited longest, or back to the semaphore."""
        waiter = self._waiters.pop()
        if waiter is None:
            self._value += 1
        else:
            waiter.give(_Held(self))

    def statistics(self) -> SemaphoreStatistics:
        """Return what can be counted of this Semaphore."""
        return SemaphoreStatistics(value=self._value, waiting=self._waiters.live())

    def _pass_on(self, held: _Held) -> None:
        # Not release(), which a subclass may have given other things to do.
        Semaphore.release(self)


class BoundedSemaphore(Semaphore):
    """A Semaphore that refuses to be released more often than it was acquired.

    Args:
        value: Permits, at the start and at most; 0 or more.

    Raises:
        ValueError: ``value`` is negative.
    """

    def __init__(self, value: int = 1) -> None:
        super().__init__(value=value)
        self._most = value

    def release(self) -> None:
        """Give a permit to whoever has waited longest, or back to the semaphore.

        Raises:
            ValueError: Every permit is back already.
        """
        if self._value >= self._most:
            raise ValueError(
                f"{type(self).__name__} released too many times: all {self._most} permits are free"
            )
        super().release()


class Lock(_Acquirable):
    """A lock that one coroutine holds at a time.

    ``async with lock:`` holds it for a block; in a generator that is
    ``with (yield lock.acquire()):``. It is not reentrant: acquiring it twice waits for ever.
    """

    def __init__(self) -> None:
        self._locked = False
        self._waiters: Line[_Held] = Line(f"{type(self).__name__}.acquire()")

    def __repr__(self) -> str:
        state = "locked" if self._locked else "unlocked"
        if self._waiters.live():
            state += f",waiters:{self._waiters.live()}"
        return (
            f"<{type(self).__module__}.{type(self).__qualname__} object at {id(self):#x} [{state}]>"
        )

    def acquire(self, timeout: Timeout = None) -> Future[_Held]:
        """Take the lock, or wait for it.

        Args:
            timeout: Absolute seconds on the loop's clock, or a ``timedelta`` from now; one that
                has passed (0 is one) only looks; None waits for ever.

        Returns:
            A future, done already if the lock is free. Its result is a context manager that
            releases the lock at the end of a ``with`` block.

        Raises:
            TimeoutError: (from the future) The lock did not come free in time.
            TypeError: ``timeout`` is neither a number nor a ``timedelta``.
        """
        if not self._locked:
            self._locked = True
            done: Future[_Held] = Future()
            done.set_result(_Held(self))
            return done
        return self._waiters.join(timeout, self._pass_on)

    def release(self) -> None:
        """Hand the lock to whoever has waited longest, or unlock it.

        Raises:
            RuntimeError: Nobody holds the lock.
        """
        if not self._locked:
            raise RuntimeError("release unlocked lock")
        waiter = self._waiters.pop()
        if waiter is None:
            self._locked = False
        else:
            waiter.give(_Held(self))

    def statistics(self) -> LockStatistics:
        """Return what can be counted of this Lock."""
        return LockStatistics(locked=self._locked, waiting=self._waiters.live())

    def _pass_on(self, held: _Held) -> None:
        Lock.release(self)
