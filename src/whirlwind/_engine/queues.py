"""Queues for coroutines: first in first out, last in first out, and by priority.

Layer: engine. Imports from ``_base`` and the engine only.

Theory of operation
-------------------
An item never waits beside a coroutine that wants it: ``put`` hands it straight to whoever has
waited longest in ``get``. So one of three holds at any time: there are items and no getters,
getters and no items, or neither. Putters wait only at a queue that is full, each with its item;
a ``get`` first takes the item of the longest waiting putter in and then chooses what to give,
so that the order of the queue (last in, smallest first) counts that item as well.

A getter that is cancelled before it saw its item hands it back (see ``waiters.py``). The item
goes to the next getter, or to the place in the queue from which the next ``get`` takes; that
may bring a full queue one over ``maxsize``, which is better than losing it.
"""

from __future__ import annotations

import heapq
from asyncio import Future
from collections import deque
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from whirlwind._base.errors import WhirlwindError
from whirlwind._engine.waiters import Line, Timeout

__all__ = [
    "LifoQueue",
    "PriorityQueue",
    "Queue",
    "QueueEmpty",
    "QueueFull",
    "QueueStatistics",
]

_T = TypeVar("_T")


class QueueEmpty(WhirlwindError):
    """``Queue.get_nowait()`` found no item."""


class QueueFull(WhirlwindError):
    """``Queue.put_nowait()`` found ``maxsize`` items in the queue."""


@dataclass(frozen=True, slots=True)
class QueueStatistics:
    """A Queue at one moment.

    Attributes:
        size: Items in the queue.
        maxsize: Most items that ``put`` lets in; 0 for any number.
        getting: Coroutines in ``get()``.
        putting: Coroutines in ``put()``.
        unfinished: Items that were put and whose ``task_done()`` was not called yet.
    """

    size: int
    maxsize: int
    getting: int
    putting: int
    unfinished: int


class _Items(Generic[_T]):
    """What ``async for`` over a queue asks for items, without end."""

    __slots__ = ("_queue",)

    def __init__(self, queue: Queue[_T]) -> None:
        self._queue = queue

    def __anext__(self) -> Future[_T]:
        return self._queue.get()


class Queue(Generic[_T]):
    """Hands items from coroutines to coroutines, first in, first out.

    Use it between those who find work and those who do it; with a ``maxsize`` the finders wait
    when the workers fall behind. ``async for item in queue`` gets items for ever. Not
    thread-safe: from another thread, put by ``IOLoop.add_callback``.

    A subclass can keep items in another way by defining ``_init()``, which makes the store,
    ``_put(item)`` and ``_get()``, and ``qsize()`` if the store is not ``self._queue``. ``put`` and
    ``get`` go through ``put_nowait`` and ``get_nowait`` where they need not wait.

    Args:
        maxsize: Most items in the queue; 0 for any number.

    Raises:
        TypeError: ``maxsize`` is None.
        ValueError: ``maxsize`` is negative.
    """

    _queue: Any = None

    def __init__(self, maxsize: int = 0) -> None:
        if maxsize is None:
            raise TypeError("maxsize can't be None; 0 is for any number of items")
        if maxsize < 0:
            raise ValueError(f"maxsize can't be negative, and is {maxsize}")
        self._maxsize = maxsize
        name = type(self).__name__
        self._getters: Line[_T] = Line(f"{name}.get()")
        self._putters: Line[None] = Line(f"{name}.put()")
        self._joiners: Line[None] = Line(f"{name}.join()")
        self._unfinished_tasks = 0
        self._init()

    @property
    def maxsize(self) -> int:
        """Most items in the queue; 0 for any number."""
        return self._maxsize

    def qsize(self) -> int:
        """Return how many items are in the queue."""
        return len(self._queue)

    def empty(self) -> bool:
        """Return True if no item is in the queue."""
        return not self.qsize()

    def full(self) -> bool:
        """Return True if ``maxsize`` items are in the queue, so that ``put`` would wait."""
        return 0 < self._maxsize <= self.qsize()

    def put(self, item: _T, timeout: Timeout = None) -> Future[None]:
        """Put an item in, waiting for room if the queue is full.

        Args:
            item: Anything.
            timeout: Absolute seconds on the loop's clock, or a ``timedelta`` from now; one that
                has passed (0 is one) only looks; None waits for ever.

        Returns:
            A future, done already if there was room; its result is None. Cancelling it while it
            waits takes the item back; once there was room the item is in, cancelled or not.

        Raises:
            TimeoutError: (from the future) No room in time; the item is not in the queue.
            TypeError: ``timeout`` is neither a number nor a ``timedelta``.
        """
        if not (self._maxsize and self.full()):
            try:
                self.put_nowait(item)  # which a subclass may have overridden
            except QueueFull:
                pass
            else:
                done: Future[None] = Future()
                done.set_result(None)
                return done
        return self._putters.join(timeout, None, item)

    def put_nowait(self, item: _T) -> None:
        """Put an item in if there is room.

        Raises:
            QueueFull: There is none; the item is not in the queue.
        """
        if not self._take(item):
            raise QueueFull(f"{self.qsize()} items in a queue of maxsize {self._maxsize}")

    def get(self, timeout: Timeout = None) -> Future[_T]:
        """Take the next item out, waiting for one if the queue is empty.

        Args:
            timeout: Absolute seconds on the loop's clock, or a ``timedelta`` from now; one that
                has passed (0 is one) only looks; None waits for ever.

        Returns:
            A future of the item, done already if there was one. An item whose getter is
            cancelled before it saw it stays in the queue.

        Raises:
            TimeoutError: (from the future) No item in time.
            TypeError: ``timeout`` is neither a number nor a ``timedelta``.
        """
        if self.qsize() or self._putters.waiting:
            try:
                item = self.get_nowait()
            except QueueEmpty:
                pass
            else:
                done: Future[_T] = Future()
                done.set_result(item)
                return done
        return self._getters.join(timeout, self._take_back)

    def get_nowait(self) -> _T:
        """Take the next item out if there is one.

        Raises:
            QueueEmpty: There is none.
        """
        if self._putters.waiting:
            self._let_putter_in()
        if not self.qsize():
            raise QueueEmpty("no item in the queue")
        return self._get()

    def task_done(self) -> None:
        """Say that the work on an item that ``get`` returned is done.

        Once every item that was put has been said to be done, ``join()`` returns.

        Raises:
            ValueError: Called more often than items were put.
        """
        if self._unfinished_tasks <= 0:
            raise ValueError("task_done() called too many times")
        self._unfinished_tasks -= 1
        if not self._unfinished_tasks:
            self._joiners.give_all(None)

    def join(self, timeout: Timeout = None) -> Future[None]:
        """Wait until the work on every item is done; see ``task_done``.

        Args:
            timeout: Absolute seconds on the loop's clock, or a ``timedelta`` from now; one that
                has passed (0 is one) only looks; None waits for ever.

        Returns:
            A future, done already if no work is left; its result is None.

        Raises:
            TimeoutError: (from the future) Work was left when the time was over.
            TypeError: ``timeout`` is neither a number nor a ``timedelta``.
        """
        if not self._unfinished_tasks:
            done: Future[None] = Future()
            done.set_result(None)
            return done
        return self._joiners.join(timeout, None)

    def statistics(self) -> QueueStatistics:
        """Return what can be counted of this Queue."""
        return QueueStatistics(
            size=self.qsize(),
            maxsize=self._maxsize,
            getting=self._getters.live(),
            putting=self._putters.live(),
            unfinished=self._unfinished_tasks,
        )

    def __aiter__(self) -> _Items[_T]:
        return _Items(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {id(self):#x} {self._format()}>"

    def __str__(self) -> str:
        return f"<{type(self).__name__} {self._format()}>"

    def _format(self) -> str:
        parts = [f"maxsize={self._maxsize!r}"]
        if self._queue:
            parts.append(f"queue={self._queue!r}")
        if self._getters.live():
            parts.append(f"getters[{self._getters.live()}]")
        if self._putters.live():
            parts.append(f"putters[{self._putters.live()}]")
        if self._unfinished_tasks:
            parts.append(f"tasks={self._unfinished_tasks}")
        return " ".join(parts)

    # What a subclass may define.

    def _init(self) -> None:
        self._queue = deque()

    def _put(self, item: _T) -> None:
        self._queue.append(item)

    def _get(self) -> _T:
        item: _T = self._queue.popleft()
        return item

    # What it need not know.

    def _take(self, item: _T) -> bool:
        """Take an item in if there is room, and hand it on if somebody waits for one."""
        if self._maxsize and self.full():
            return False
        # First into the store: it may refuse (items that cannot be compared), and subclasses
        # look at items there.
        self._put(item)
        self._unfinished_tasks += 1
        if self._getters.waiting and (getter := self._getters.pop()) is not None:
            getter.give(self._get())
        return True

    def _let_putter_in(self) -> None:
        if self.qsize() - 1 >= self._maxsize:
            return  # an item that was handed back has taken the place
        while (pair := self._putters.pop_with()) is not None:
            putter, item = pair
            try:
                self._put(item)
            except Exception as error:  # the mistake of who puts, not of who gets
                putter.fail(error)
                continue
            self._unfinished_tasks += 1
            putter.give(None)
            return

    def _take_back(self, item: _T) -> None:
        """Take an item back from a getter that was cancelled before it saw it."""
        getter = self._getters.pop()
        if getter is not None:
            getter.give(item)
        elif type(self)._put is Queue._put:
            self._queue.appendleft(item)
        else:
            self._put(item)


class LifoQueue(Queue[_T]):
    """Hands items from coroutines to coroutines, last in, first out.

    Use it where the newest item is the most interesting one. Arguments as for ``Queue``.
    """

    def _init(self) -> None:
        self._queue = []

    def _put(self, item: _T) -> None:
        self._queue.append(item)

    def _get(self) -> _T:
        item: _T = self._queue.pop()
        return item


class PriorityQueue(Queue[_T]):
    """Hands items from coroutines to coroutines, the smallest first.

    Items must be comparable: pairs of a number and the thing itself are common, with a counter
    between the two where things of one priority cannot be compared. Arguments as for ``Queue``.
    """

    def _init(self) -> None:
        self._queue = []

    def _put(self, item: _T) -> None:
        try:
            heapq.heappush(self._queue, item)
        except BaseException:
            # It is in the list already when its comparing fails, and would spoil the order.
            held = self._queue
            held.pop(next(at for at, other in enumerate(held) if other is item))
            heapq.heapify(held)
            raise

    def _get(self) -> _T:
        item: _T = heapq.heappop(self._queue)
        return item
