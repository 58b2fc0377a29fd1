"""The loop on asyncio's loops: asyncio's own, uvloop's, or any other.

Layer: net. Imports from ``_base`` and ``_engine``.

Theory of operation
-------------------
Everything is passed on to ``asyncio_loop``. What is done here is to even out the differences:

- a handler has both directions of a descriptor and one entry; asyncio has a reader and a
  writer, so an event mask is kept as two sets and each change sets one or the other;
- descriptors are passed on as numbers. uvloop keeps a socket object that it is given open until
  the reader goes, so a program's ``close()`` would not close;
- uvloop makes a descriptor non-blocking when it watches it. Programs watch standard input and
  sockets that they then read in a blocking way, so the mode is put back;
- uvloop stops watching a descriptor that has an error and says nothing of it, so that a UDP
  socket is deaf after the first datagram that found no receiver. The watch is renewed;
- uvloop makes one more pass after ``stop()``, and a second ``stop()`` in that pass would end the
  next run. Within a run of ours it is passed on once;
- a Windows loop without readers and writers is given some by a thread (``selector_thread``).
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import functools
import os
import select
import sys
import time
import warnings
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

from whirlwind._engine.clock import set_clock
from whirlwind._net.asyncio_choice import (
    current_asyncio_loop,
    loop_was_set,
    new_asyncio_loop,
    unset_loop,
)
from whirlwind._net.ioloop import HasFileno, IOLoop, Selectable, _deprecated
from whirlwind._net.poller import Poller
from whirlwind._net.selector_thread import AddThreadSelectorEventLoop

_T = TypeVar("_T")


class BaseAsyncIOLoop(IOLoop):
    """What the loops on asyncio have in common; ``isinstance`` is what it is used for.

    Attributes:
        asyncio_loop: The asyncio loop underneath.
    """

    def initialize(  # type: ignore[override]
        self, asyncio_loop: asyncio.AbstractEventLoop, **kwargs: Any
    ) -> None:
        table = IOLoop._ioloop_for_asyncio
        for known in list(table):
            if known.is_closed():
                table.pop(known, None)
        # setdefault() is one step, so of two threads that try the same loop one is told.
        if table.setdefault(asyncio_loop, self) is not self:
            raise RuntimeError(
                f"IOLoop {table[asyncio_loop]} already associated with asyncio loop {asyncio_loop}"
            )
        self.asyncio_loop = asyncio_loop
        self.selector_loop: asyncio.AbstractEventLoop = asyncio_loop
        if sys.platform == "win32" and isinstance(asyncio_loop, asyncio.ProactorEventLoop):
            self.selector_loop = AddThreadSelectorEventLoop(asyncio_loop)
        self.handlers: dict[int, tuple[Selectable, Callable[..., Any]]] = {}
        self.readers: set[int] = set()
        self.writers: set[int] = set()
        self._direct: dict[int, dict[int, Callable[[], object]]] = {}
        self._probes: dict[int, select.poll] = {}
        self.closing = False
        self._in_start = False
        self._stop_asked = False
        self._is_libuv = sys.platform != "win32" and not isinstance(
            asyncio_loop, asyncio.BaseEventLoop
        )
        self._poller: Poller | None = None
        if self._is_libuv and Poller.is_there():
            self._poller = Poller(
                asyncio_loop, _weakly(self._take_events), _weakly(self._take_error)
            )
        set_clock(asyncio_loop, _weak_clock(self))
        super().initialize(**kwargs)

    def close(self, all_fds: bool = False) -> None:
        if self.asyncio_loop.is_running():
            raise RuntimeError("Cannot close a running event loop")
        self.closing = True
        if not self.asyncio_loop.is_closed() and asyncio._get_running_loop() is None:
            # Asynchronous generators end with their loop; so do things that hold on to one in
            # order to be told of its end, such as a client's pool.
            self.asyncio_loop.run_until_complete(self.asyncio_loop.shutdown_asyncgens())
        for fd, (fileobj, _handler) in list(self.handlers.items()):
            self.remove_handler(fd)
            if all_fds:
                self.close_fd(fileobj)
        if self._blocking_watch is not None:
            self.set_blocking_signal_threshold(None, None)
        IOLoop._ioloop_for_asyncio.pop(self.asyncio_loop, None)
        if self.selector_loop is not self.asyncio_loop:
            self.selector_loop.close()
        if not all_fds:
            # Also at the end of the interpreter, where the filters of warnings are gone.
            self.asyncio_loop.close()
            return
        with warnings.catch_warnings():
            # Connections without a handler of ours are closed by uvloop itself. It warns of
            # each, and where warnings are errors it gives up halfway and fails with EBUSY.
            warnings.simplefilter("ignore", ResourceWarning)
            self.asyncio_loop.close()

    def _make_current(self) -> None:
        asyncio.set_event_loop(self.asyncio_loop)

    def _clear_current(self) -> None:
        # Nothing to take back. Without it the thread would be given a new loop when it asks, and
        # nobody would close this one.
        pass

    # Running

    def start(self) -> None:
        self._stop_asked = False
        self._in_start = True
        try:
            self.asyncio_loop.run_forever()
        finally:
            self._in_start = False

    def stop(self) -> None:
        if self._in_start:
            if self._stop_asked:
                return
            self._stop_asked = True
        if not self.asyncio_loop.is_closed():  # uvloop minds
            self.asyncio_loop.stop()

    # File descriptors

    def add_handler(self, fd: Selectable, handler: Callable[[Any, int], Any], events: int) -> None:
        number, fileobj = self.split_fd(fd)
        if number in self.handlers:
            raise ValueError(f"fd {number} added twice")
        self.handlers[number] = (fileobj, handler)
        try:
            if self._poller is not None and number in self._direct:
                self._poller.watch_for_errors(number)
            self._watch_events(number, events)
        except BaseException:
            self.remove_handler(number)
            raise

    def watch_stream(
        self,
        sock: HasFileno,
        handler: Callable[[Any, int], Any],
        on_read: Callable[[], object],
        on_write: Callable[[], object],
        events: int,
    ) -> None:
        """Do what ``add_handler`` does for a stream's socket, with less on the way of an event.

        A non-blocking socket that carries a stream needs nothing of what is evened out above:
        an error of it is its end, which the next read or write tells. Where libuv stops
        watching at an error, that is heard of apart (see poller).

        Args:
            sock: The socket. ``update_handler`` and ``remove_handler`` know it afterwards.
            handler: What ``add_handler`` would be given, for a loop that overrides that, and for
                libuv once there was an error.
            on_read: Called by the asyncio loop itself when there is something to read; handles
                its own exceptions.
            on_write: The same for room to write.
            events: READ, WRITE or both.
        """
        if type(self).add_handler is BaseAsyncIOLoop.add_handler and (
            not self._is_libuv or self._poller is not None
        ):
            self._direct[sock.fileno()] = {IOLoop.READ: on_read, IOLoop.WRITE: on_write}
        self.add_handler(sock, handler, events)

    def update_handler(self, fd: Selectable, events: int) -> None:
        self._watch_events(self.split_fd(fd)[0], events)

    def remove_handler(self, fd: Selectable) -> None:
        number = self.split_fd(fd)[0]
        if number not in self.handlers:
            return
        if self._poller is not None:
            self._poller.forget(number)
        if self._poller is None or number in self._direct:
            self._unwatch(number, self.readers, self.selector_loop.remove_reader)
            self._unwatch(number, self.writers, self.selector_loop.remove_writer)
        else:
            self.readers.discard(number)
            self.writers.discard(number)
        del self.handlers[number]
        self._direct.pop(number, None)
        self._probes.pop(number, None)

    def _watch_events(self, number: int, events: int) -> None:
        loop = self.selector_loop
        direct = self._direct.get(number)
        if self._poller is not None and direct is None:
            self._poller.watch(number, events & (IOLoop.READ | IOLoop.WRITE))
            for event, watched in ((IOLoop.READ, self.readers), (IOLoop.WRITE, self.writers)):
                (watched.add if events & event else watched.discard)(number)
            return
        blocking = (
            self._is_libuv
            and direct is None
            and number not in self.readers
            and number not in self.writers
            and os.get_blocking(number)
        )
        for event, watched, add, remove in (
            (IOLoop.READ, self.readers, loop.add_reader, loop.remove_reader),
            (IOLoop.WRITE, self.writers, loop.add_writer, loop.remove_writer),
        ):
            if not events & event:
                self._unwatch(number, watched, remove)
            elif number not in watched:
                if direct is None:
                    add(number, self._handle_events, number, event)
                else:
                    add(number, direct[event])
                watched.add(number)
        if blocking and events:
            os.set_blocking(number, True)

    def _unwatch(self, number: int, watched: set[int], remove: Callable[[int], Any]) -> None:
        if number in watched:
            watched.remove(number)
            if not self.asyncio_loop.is_closed():
                remove(number)

    def _handle_events(self, number: int, events: int) -> None:
        entry = self.handlers.get(number)
        if entry is None:
            return  # the loop had queued this event when the handler of another removed it
        callback = functools.partial(entry[1], entry[0], events)
        # Looked at before the handler, which takes the error away by reading it.
        if self._is_libuv and self._may_be_unwatched(number, events):
            self._run_callback(callback)
            if self.handlers.get(number) is entry:
                self._watch_again(number)
        else:
            self._run_callback(callback)

    def _may_be_unwatched(self, number: int, events: int) -> bool:
        """Tell whether libuv has found an error on a descriptor and stopped watching it.

        There is no asking it. It called us, so either the event is there and nothing else, or it
        was an error, which may have been taken away in the meantime.
        """
        probe = self._probes.get(number)
        if probe is None:
            probe = self._probes[number] = select.poll()
            probe.register(number, select.POLLIN | select.POLLOUT)
        expected = select.POLLIN if events == IOLoop.READ else select.POLLOUT
        found = probe.poll(0)
        return not found or found[0][1] & (select.POLLERR | select.POLLNVAL | expected) != expected

    def _take_events(self, number: int, events: int) -> None:
        """Call a handler for what the poller has found on a descriptor."""
        entry = self.handlers.get(number)
        for event, other, watched in (
            (IOLoop.READ, IOLoop.WRITE, self.readers),
            (IOLoop.WRITE, IOLoop.READ, self.writers),
        ):
            # An error is told as what is waited for, as asyncio's own loops do it.
            if (
                entry is not None
                and events & ~other
                and number in watched
                and self.handlers.get(number) is entry
            ):
                self._run_callback(functools.partial(entry[1], entry[0], event))

    def _take_error(self, number: int) -> None:
        # libuv may have seen the error, and given up watching, or be about to: from here on the
        # socket is the poller's.
        events = IOLoop.READ * (number in self.readers) | IOLoop.WRITE * (number in self.writers)
        self._watch_events(number, IOLoop.NONE)
        if self._direct.pop(number, None) is not None:
            self._watch_events(number, events)

    def _watch_again(self, number: int) -> None:
        # Adding anew is not enough: the handle of libuv has to go, and it goes with the last
        # direction.
        events = IOLoop.READ * (number in self.readers) | IOLoop.WRITE * (number in self.writers)
        self._watch_events(number, IOLoop.NONE)
        self._watch_events(number, events)

    # Time

    def call_at(
        self, when: float, callback: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> object:
        if args or kwargs or not callable(callback):
            callback = functools.partial(callback, *args, **kwargs)  # refuses what is no function
        # asyncio's timers count on a clock of their own; what they share is the distance.
        delay = when - self.time()
        return self.asyncio_loop.call_later(max(0, delay), self._run_callback, callback)

    def remove_timeout(self, timeout: object) -> None:
        timeout.cancel()  # type: ignore[attr-defined]

    # Callbacks and futures

    def add_callback(self, callback: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        if args or kwargs or not callable(callback):
            callback = functools.partial(callback, *args, **kwargs)  # refuses what is no function
        loop = self.asyncio_loop
        if asyncio._get_running_loop() is loop:
            loop.call_soon(self._run_callback, callback)
        else:
            # Another thread, or before start(): only this one wakes the loop.
            try:
                loop.call_soon_threadsafe(self._run_callback, callback)
            except RuntimeError:
                if not loop.is_closed():
                    raise

    def add_callback_from_signal(
        self, callback: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> None:
        _deprecated("add_callback_from_signal is deprecated")
        if args or kwargs:
            callback = functools.partial(callback, *args, **kwargs)
        try:
            # The context is that of whatever the signal happened to interrupt: not the
            # callback's. And the loop may sleep in this very thread, so it must be woken.
            self.asyncio_loop.call_soon_threadsafe(
                self._run_callback, callback, context=contextvars.Context()
            )
        except RuntimeError:
            if not self.asyncio_loop.is_closed():
                raise

    def add_future(
        self,
        future: asyncio.Future[_T] | concurrent.futures.Future[_T],
        callback: Callable[[Any], Any],
    ) -> None:
        if isinstance(future, concurrent.futures.Future):
            context = contextvars.copy_context()
            future.add_done_callback(lambda done: context.run(self.add_callback, callback, done))
        elif not asyncio.isfuture(future):
            raise TypeError(f"add_future() takes a future, not {future!r}")
        elif future.get_loop() is self.asyncio_loop:
            # A future calls back through its loop's queue, so no further turn is needed.
            future.add_done_callback(
                lambda done: self._run_callback(functools.partial(callback, done))
            )
        else:
            future.add_done_callback(lambda done: self.add_callback(callback, done))

    def run_in_executor(
        self,
        executor: concurrent.futures.Executor | None,
        func: Callable[..., _T],
        *args: Any,
    ) -> asyncio.Future[_T]:
        return self.asyncio_loop.run_in_executor(executor, func, *args)

    def set_default_executor(self, executor: concurrent.futures.ThreadPoolExecutor) -> None:
        self.asyncio_loop.set_default_executor(executor)


class AsyncIOMainLoop(BaseAsyncIOLoop):
    """The loop for an asyncio loop that somebody else made: the one running, or set.

    .. deprecated:: 5.0
       ``IOLoop.current()`` makes it by itself.
    """

    def initialize(  # type: ignore[override]
        self, asyncio_loop: asyncio.AbstractEventLoop | None = None, **kwargs: Any
    ) -> None:
        if asyncio_loop is None:
            asyncio_loop = current_asyncio_loop()
        if asyncio_loop is None:
            asyncio_loop = new_asyncio_loop()
            asyncio.set_event_loop(asyncio_loop)
        # It is current already, by what it is.
        super().initialize(asyncio_loop, **{**kwargs, "make_current": False})


class AsyncIOLoop(BaseAsyncIOLoop):
    """A loop with an asyncio loop of its own, which ``close()`` closes.

    .. deprecated:: 5.0
       ``IOLoop()`` makes one.
    """

    def initialize(  # type: ignore[override]
        self, asyncio_loop: asyncio.AbstractEventLoop | None = None, **kwargs: Any
    ) -> None:
        self.is_current = False
        self.old_asyncio: asyncio.AbstractEventLoop | None = None
        self._was_set = False
        made = asyncio_loop is None
        loop = new_asyncio_loop() if asyncio_loop is None else asyncio_loop
        try:
            super().initialize(loop, **kwargs)
        except BaseException:
            if made:
                loop.close()
            raise

    def close(self, all_fds: bool = False) -> None:
        super().close(all_fds=all_fds)
        if self.is_current:
            self._clear_current()

    def _make_current(self) -> None:
        if not self.is_current:
            # What the thread had before is put back afterwards, as long as it is usable.
            self.old_asyncio = current_asyncio_loop()
            self._was_set = loop_was_set()
            self.is_current = True
        super()._make_current()

    def _clear_current(self) -> None:
        if self.is_current:
            old = self.old_asyncio
            self.old_asyncio = None
            self.is_current = False
            if self._was_set:
                asyncio.set_event_loop(None if old is None or old.is_closed() else old)
            else:
                # A program in which every loop has been closed may still make a future.
                unset_loop()
        else:
            super()._clear_current()


class PollIOLoop(AsyncIOLoop):
    """The loop under its name of 4.x, for programs that made or subclassed it.

    Args:
        impl: Was the poller; not looked at.
        time_func: Gives ``time()``; None for the wall clock.
    """

    def initialize(  # type: ignore[override]
        self,
        impl: object = None,
        time_func: Callable[[], float] | None = None,
        **kwargs: Any,
    ) -> None:
        self._time_func = time_func or time.time
        super().initialize(**kwargs)

    def time(self) -> float:
        return self._time_func()


def _weakly(method: Callable[..., object]) -> Callable[..., None]:
    # What holds the method is held by its object: the two would keep each other.
    reference = weakref.WeakMethod(method)

    def call(*args: Any) -> None:
        alive = reference()
        if alive is not None:
            alive(*args)

    return call


def _weak_clock(ioloop: IOLoop) -> Callable[[], float]:
    # The table of clocks is keyed weakly by the asyncio loop. A bound method as value would hold
    # that loop, and with it the entry, for ever.
    reference = weakref.ref(ioloop)

    def clock() -> float:
        alive = reference()
        return time.time() if alive is None else alive.time()

    return clock


def _forget_inherited_loops() -> None:
    """Give a forked child a clean table: a loop does not survive a fork.

    Its poller is one open file shared by both processes, so that closing it here, or dropping
    the last reference, which closes it, takes descriptors out of the parent's poller. The loops
    are kept, unused, for as long as the child lives.
    """
    _inherited.extend(IOLoop._ioloop_for_asyncio.values())
    IOLoop._ioloop_for_asyncio.clear()
    if sys.version_info < (3, 12):
        loop = current_asyncio_loop()
        if loop is not None:
            _inherited_asyncio.append(loop)
            asyncio.set_event_loop(None)


_inherited: list[IOLoop] = []
_inherited_asyncio: list[asyncio.AbstractEventLoop] = []

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_inherited_loops)
