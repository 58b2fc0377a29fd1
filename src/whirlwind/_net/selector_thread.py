"""Readers and writers for loops that have none, by a thread that waits in ``select``.

Layer: net. Standard library only.

Theory of operation
-------------------
The proactor loop of Windows completes operations and knows no readiness. So a daemon thread
waits in ``select()`` for the descriptors that are asked for and hands what is ready to the loop
with ``call_soon_threadsafe``. The two take turns and share no lock around system calls: the
loop gives the thread the descriptors to wait for, the thread gives back those that are ready,
the loop runs the callbacks, and only then gives the thread the next set. A change of the set
while the thread waits wakes it through a socket pair.

Three ends are foreseen. ``close()``; the end of ``asyncio.run``, which knows nothing of us but
closes the asynchronous generators that ran on its loop, so the thread is started by one; and the
end of the process, before the interpreter pulls the rug from under a thread in a system call.

``select()`` waits on sockets alone on Windows, and elsewhere on descriptors below 1024: this is
for where there is nothing better.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import errno
import functools
import select
import socket
import threading
import weakref
from collections.abc import AsyncGenerator, Callable
from typing import Any, TypeAlias

_Fds: TypeAlias = "list[Any]"


class SelectorThread:
    """Calls back on a loop when descriptors are ready, which a thread waits for.

    Args:
        real_loop: The loop on which callbacks run; methods are called in its thread.
    """

    def __init__(self, real_loop: asyncio.AbstractEventLoop) -> None:
        self._loop = real_loop
        self._readers: dict[Any, Callable[[], Any]] = {}
        self._writers: dict[Any, Callable[[], Any]] = {}
        self._closed = False
        # One of: nothing (None), a set to wait for, or the end (False); guarded by the condition.
        self._turn: tuple[_Fds, _Fds] | bool | None = None
        self._condition = threading.Condition()
        self._waker_w, self._waker_r = socket.socketpair()
        self._waker_w.setblocking(False)
        self._waker_r.setblocking(False)
        self._readers[self._waker_r.fileno()] = self._consume
        self._thread = threading.Thread(
            target=_wait_in_turns,
            args=(weakref.ref(self), self._condition),
            name="whirlwind-selector",
            daemon=True,  # a program that forgets to close its loop must still be able to end
        )
        self._started = False
        self._manager = self._manage()
        # Done when the thread runs. None of this is a task: one that waits for its first step in
        # a loop that is closed, or never runs, complains when it goes; handles and futures do not.
        self._thread_manager_task: asyncio.Future[None] | None = None
        self._start_handle = real_loop.call_soon(self._announce)
        _selector_loops.add(self)

    def _announce(self) -> None:
        self._thread_manager_task = self._loop.create_future()
        self._start_handle = self._loop.call_soon(self._start)

    def _start(self) -> None:
        assert self._thread_manager_task is not None
        # The first step of a generator, taken while the loop runs, makes the loop remember it.
        # It has nothing to wait for, so it can be taken by hand.
        with contextlib.suppress(StopIteration):
            self._manager.__anext__().__await__().send(None)
        self._thread_manager_task.set_result(None)

    async def _manage(self) -> AsyncGenerator[None, None]:
        self._started = True
        self._thread.start()
        self._hand_over()
        try:
            yield
        finally:
            self.close()

    def close(self) -> None:
        """End the thread and wait for it. Does nothing the second time."""
        if self._closed:
            return
        self._closed = True
        _selector_loops.discard(self)
        self._start_handle.cancel()
        if self._thread_manager_task is not None:
            self._thread_manager_task.cancel()
        with self._condition:
            self._turn = False
            self._condition.notify()
        self._wake()
        if self._started:
            self._thread.join()
        self._readers.clear()
        self._writers.clear()
        self._waker_w.close()
        self._waker_r.close()

    def add_reader(self, fd: Any, callback: Callable[..., Any], *args: Any) -> None:
        """Call ``callback(*args)`` on the loop while ``fd`` is ready to be read."""
        self._readers[fd] = functools.partial(callback, *args)
        self._changed()

    def add_writer(self, fd: Any, callback: Callable[..., Any], *args: Any) -> None:
        """Call ``callback(*args)`` on the loop while ``fd`` is ready to be written."""
        self._writers[fd] = functools.partial(callback, *args)
        self._changed()

    def remove_reader(self, fd: Any) -> bool:
        """Stop waiting to read; returns whether there was a reader."""
        if self._readers.pop(fd, None) is None:
            return False
        self._changed()
        return True

    def remove_writer(self, fd: Any) -> bool:
        """Stop waiting to write; returns whether there was a writer."""
        if self._writers.pop(fd, None) is None:
            return False
        self._changed()
        return True

    def _changed(self) -> None:
        # If the thread waits, its answer to the waker brings the next set; if it is the loop's
        # turn, or before the thread runs, the wake-up is found at the next wait, at the price of
        # one round.
        if not self._closed:
            self._wake()

    def _wake(self) -> None:
        # A full buffer holds a wake-up already.
        with contextlib.suppress(BlockingIOError, InterruptedError):
            self._waker_w.send(b"w")

    def _consume(self) -> None:
        with contextlib.suppress(BlockingIOError, InterruptedError):
            self._waker_r.recv(1024)

    def _hand_over(self) -> None:
        with self._condition:
            if not self._closed:
                self._turn = (list(self._readers), list(self._writers))
                self._condition.notify()

    def _ready(self, readable: _Fds, writable: _Fds) -> None:
        """Run the callbacks, on the loop, and let the thread wait again."""
        try:
            for fd in readable:
                self._call(self._readers.get(fd))
            for fd in writable:
                self._call(self._writers.get(fd))
        finally:
            self._hand_over()

    def _call(self, callback: Callable[[], Any] | None) -> None:
        if callback is None:
            return  # removed by a callback before it, in the same round
        try:
            callback()
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            self._loop.call_exception_handler(
                {"message": f"Exception in callback {callback!r}", "exception": error}
            )

    def _post(self, readable: _Fds, writable: _Fds) -> bool:
        try:
            self._loop.call_soon_threadsafe(self._ready, readable, writable)
        except RuntimeError:
            return False  # the loop was closed; nobody is there to hand anything to
        return True


_selector_loops: weakref.WeakSet[SelectorThread] = weakref.WeakSet()


def _atexit_callback() -> None:
    for selector in list(_selector_loops):
        selector.close()


atexit.register(_atexit_callback)


def _wait_in_turns(owner: weakref.ref[SelectorThread], condition: threading.Condition) -> None:
    """What the thread does. It holds its owner only while it has something for it."""
    while True:
        with condition:
            thread = owner()
            if thread is None:
                return
            while thread._turn is None:
                condition.wait()
            if thread._turn is False:
                return
            assert isinstance(thread._turn, tuple)
            readers, writers = thread._turn
            thread._turn = None
        del thread
        ready = _select(readers, writers)
        thread = owner()
        if thread is None or not thread._post(*ready):
            return
        del thread


def _select(readers: _Fds, writers: _Fds) -> tuple[_Fds, _Fds]:
    try:
        # A failed connection is an exceptional condition on Windows, for writers.
        readable, writable, failed = select.select(readers, writers, writers)
    except ValueError:
        return [], []  # a negative descriptor: its object was closed while we waited for the turn
    except OSError as error:
        # A descriptor was closed without being removed; the next set is without it.
        if error.errno not in {errno.EBADF, getattr(errno, "WSAENOTSOCK", errno.EBADF)}:
            raise
        return [], []
    return readable, [*writable, *(fd for fd in failed if fd not in writable)]


class AddThreadSelectorEventLoop(asyncio.AbstractEventLoop):
    """An asyncio loop with readers and writers, made of one without.

    Everything but the methods listed here is passed to the wrapped loop.

    Args:
        real_loop: The loop to wrap. ``close()`` ends the thread and closes it.
    """

    MY_ATTRIBUTES = frozenset(
        {"add_reader", "add_writer", "remove_reader", "remove_writer", "close"}
        | {"_real_loop", "_thread"}
    )

    def __init__(self, real_loop: asyncio.AbstractEventLoop) -> None:
        self._thread = SelectorThread(real_loop)
        self._real_loop = real_loop

    def __getattribute__(self, name: str) -> Any:
        # AbstractEventLoop defines every method, as a refusal; so looking for what is missing
        # here (__getattr__) would find those.
        mine = object.__getattribute__
        if name.startswith("__") or name in mine(self, "MY_ATTRIBUTES"):
            return mine(self, name)
        return getattr(mine(self, "_real_loop"), name)

    def remove_reader(self, fd: Any) -> bool:
        return self._thread.remove_reader(fd)

    def add_reader(self, fd: Any, callback: Callable[..., Any], *args: Any) -> None:  # type: ignore[override]
        self._thread.add_reader(fd, callback, *args)

    def remove_writer(self, fd: Any) -> bool:
        return self._thread.remove_writer(fd)

    def add_writer(self, fd: Any, callback: Callable[..., Any], *args: Any) -> None:  # type: ignore[override]
        self._thread.add_writer(fd, callback, *args)

    def close(self) -> None:
        self._thread.close()
        self._real_loop.close()
