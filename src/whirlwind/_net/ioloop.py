"""The loop as programs see it: callbacks, timers, file descriptors, futures.

Layer: net. Imports from ``_base`` and ``_engine``.

Theory of operation
-------------------
An ``IOLoop`` is a thin face on an asyncio loop: it owns no queue, no clock and no poller. What
belongs to it is what programs and the suites of others override and patch, so its methods call
each other in the documented way: ``call_later`` and ``add_timeout`` end in ``call_at``, timers
and callbacks in ``_run_callback``, failures in ``handle_callback_exception``.

Each asyncio loop has at most one ``IOLoop``, found through ``IOLoop._ioloop_for_asyncio``, so
``IOLoop.current()`` is a question to asyncio (which loop runs in this thread, or is set for it)
followed by a look into that table.

This file is the interface. What waits and wakes is in ``asyncio_loop``; ``_net/__init__``
tells the interface which class that is.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import datetime
import functools
import os
import sys
import time
import warnings
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any, ClassVar, Literal, Protocol, TypeAlias, TypeVar, overload

from whirlwind._base.configurable import Configurable
from whirlwind._base.errors import BadYieldError
from whirlwind._base.log import app_log
from whirlwind._base.objects import import_object
from whirlwind._engine import error_scope
from whirlwind._engine.runner_cy import done_future
from whirlwind._engine.yieldables import convert_yielded
from whirlwind._net.asyncio_choice import current_asyncio_loop, new_asyncio_loop
from whirlwind._net.blocking_watch import BlockingWatch
from whirlwind._net.leaving import ENDS_THE_PROGRAM

_T = TypeVar("_T")


class HasFileno(Protocol):
    """What ``add_handler`` takes instead of a descriptor: an open socket, pipe or the like."""

    def fileno(self) -> int: ...

    def close(self) -> Any: ...


Selectable: TypeAlias = int | HasFileno


class IOLoop(Configurable):
    """An event loop: runs callbacks, timers and handlers of file descriptors in one thread.

    ``IOLoop.current()`` is what a program wants nearly always; in a new program
    ``asyncio.run(main())`` starts it. Calling ``IOLoop()`` makes a further loop, of the kind
    that ``asyncio_choice`` describes, and makes it the current one of its thread.

    Only ``add_callback`` and ``add_callback_from_signal`` may be called from other threads.

    Attributes:
        asyncio_loop: The asyncio loop underneath.

    Args:
        make_current: True, the default, makes the new loop the thread's current one; None does
            so if there is no other; False leaves the current one alone.
        asyncio_loop: The asyncio loop to work on; without it a new one, closed by ``close()``.
    """

    asyncio_loop: asyncio.AbstractEventLoop

    NONE = 0
    READ = 0x001
    WRITE = 0x004
    ERROR = 0x018

    # By asyncio loop. A program that closes the asyncio loop itself tells us nothing of it, so
    # entries of closed loops go when the next loop is entered: at most one stays behind.
    _ioloop_for_asyncio: ClassVar[dict[asyncio.AbstractEventLoop, IOLoop]] = {}
    # Where Tornado up to 4 kept its singleton. Programs and test classes of that time set it.
    _instance: ClassVar[IOLoop | None] = None

    _required: ClassVar[type[IOLoop]]
    _default: ClassVar[type[IOLoop]]
    _adopted: ClassVar[type[IOLoop]]
    _blocking_watch: BlockingWatch | None = None

    @classmethod
    def join(cls, *, required: type[IOLoop], default: type[IOLoop], adopted: type[IOLoop]) -> None:
        """Say which classes stand behind the interface; the room does so when it is imported.

        Args:
            required: What everything given to ``configure`` must derive from.
            default: What ``IOLoop()`` builds; takes ``make_current`` and ``asyncio_loop``.
            adopted: What wraps an asyncio loop found running or set; takes ``asyncio_loop``.
        """
        cls._required = required
        cls._default = default
        cls._adopted = adopted

    # Choosing a class, choosing a loop

    @classmethod
    def configurable_base(cls) -> type[Configurable]:
        return IOLoop

    @classmethod
    def configurable_default(cls) -> type[Configurable]:
        return cls._default

    @classmethod
    def configure(cls, impl: type[Configurable] | str | None, **kwargs: Any) -> None:
        """Choose the class that ``IOLoop()`` builds; kept for programs that subclass it.

        Args:
            impl: A class derived from ``AsyncIOLoop``, its dotted name, or None for the default.
            kwargs: Arguments for each instance that ``IOLoop()`` builds.

        Raises:
            RuntimeError: ``impl`` does not run on asyncio.
        """
        chosen: Any = import_object(impl) if isinstance(impl, str) else impl
        if chosen is not None and not (
            isinstance(chosen, type) and issubclass(chosen, cls._required)
        ):
            raise RuntimeError(f"only AsyncIOLoop is allowed, every loop is asyncio's: {chosen!r}")
        super().configure(chosen, **kwargs)

    def initialize(self, make_current: bool | None = True) -> None:
        """Make the new loop current or not; see the class. Stands in for ``__init__``."""
        self._awaited: set[asyncio.Future[Any]] = set()  # what callbacks returned
        if make_current or (make_current is None and IOLoop.current(instance=False) is None):
            self._make_current()

    @overload
    @staticmethod
    def current() -> IOLoop: ...

    @overload
    @staticmethod
    def current(instance: Literal[True]) -> IOLoop: ...

    @overload
    @staticmethod
    def current(instance: bool) -> IOLoop | None: ...

    @staticmethod
    def current(instance: bool = True) -> IOLoop | None:
        """Return the loop of this thread.

        That is the loop of the running asyncio loop, whoever started it, else of the one that
        was set for the thread.

        Args:
            instance: Whether to make one if there is none.

        Returns:
            The loop; None only with ``instance=False``.
        """
        asyncio_loop = asyncio._get_running_loop() or current_asyncio_loop()
        if asyncio_loop is not None:
            found = IOLoop._ioloop_for_asyncio.get(asyncio_loop)
            if found is not None:
                return found
        if not instance:
            return None
        if asyncio_loop is None:
            asyncio_loop = new_asyncio_loop()
            asyncio.set_event_loop(asyncio_loop)
        made: IOLoop = IOLoop._adopted(asyncio_loop=asyncio_loop)
        return made

    def make_current(self) -> None:
        """Make this the thread's current loop before it is started.

        .. deprecated:: 6.2
           Start the loop first; while it runs it is current.
        """
        _deprecated("make_current is deprecated; start the event loop first")
        self._make_current()

    @staticmethod
    def clear_current() -> None:
        """Take back ``make_current``; a loop that the thread has from asyncio stays current.

        .. deprecated:: 6.2
        """
        _deprecated("clear_current is deprecated")
        old = IOLoop.current(instance=False)
        if old is not None:
            old._clear_current()

    @staticmethod
    def instance() -> IOLoop:
        """Return ``IOLoop.current()``, as since 5.0; up to 4 this was one loop for all threads."""
        return IOLoop.current()

    @staticmethod
    def initialized() -> bool:
        """Return whether this thread has a loop already (a question of 4.x)."""
        return IOLoop.current(instance=False) is not None

    def install(self) -> None:
        """Call ``make_current``, as since 5.0."""
        self.make_current()

    @staticmethod
    def clear_instance() -> None:
        """Call ``clear_current``, as since 5.0."""
        IOLoop.clear_current()

    def _make_current(self) -> None:
        raise NotImplementedError

    def _clear_current(self) -> None:
        raise NotImplementedError

    # Running

    def start(self) -> None:
        """Run until ``stop()`` is called.

        Raises:
            RuntimeError: A loop is running in this thread already.
        """
        raise NotImplementedError

    def stop(self) -> None:
        """Make ``start()`` return after the callbacks that are ready now.

        Called before ``start()``, it makes that return after one turn. From another thread:
        ``loop.add_callback(loop.stop)``.
        """
        raise NotImplementedError

    def close(self, all_fds: bool = False) -> None:
        """Free what the loop holds; it cannot be used afterwards. Once closed, does nothing.

        Args:
            all_fds: Whether to close every descriptor that has a handler.

        Raises:
            RuntimeError: The loop is running.
        """
        raise NotImplementedError

    def run_sync(self, func: Callable[[], Any], timeout: float | None = None) -> Any:
        """Start the loop, wait for what ``func`` returns, stop the loop and return the result.

        For the ``main`` of a program, and for scripts::

            IOLoop.current().run_sync(main)

        Args:
            func: Called without arguments on the running loop; returns an awaitable, another
                yieldable object or None. An exception of it is raised here.
            timeout: Longest time in seconds; None for no limit. What ``func`` returned is
                cancelled when it passes.

        Returns:
            The result of what ``func`` returned.

        Raises:
            TimeoutError: ``timeout`` passed, and there was no result.
            RuntimeError: A loop is running in this thread already, or the loop was stopped
                before there was a result.
            BadYieldError: ``func`` returned something that cannot be waited for.
            TypeError: ``timeout`` is no number.
        """
        if asyncio._get_running_loop() is not None:
            name = getattr(func, "__qualname__", "func")
            raise RuntimeError(
                "run_sync() starts a loop, but this thread's loop is already running: inside a "
                f"coroutine write `await {name}()` or `yield {name}()` instead, in a callback "
                f"`IOLoop.current().add_callback({name})`"
            )
        limit = None if timeout is None else timeout + 0.0  # what is no number fails here
        future: asyncio.Future[Any] | None = None
        timer: object | None = None
        expired = ended = False

        def finished(done: asyncio.Future[Any]) -> None:
            # These two come out of start() by themselves; a stop() now would be found by
            # whoever starts the loop next.
            if done.cancelled() or not isinstance(done.exception(), ENDS_THE_PROGRAM):
                self.stop()

        def begin() -> None:
            nonlocal future, timer
            if ended:
                return  # the loop was stopped before it came to this, and started again since
            try:
                result = func()
                future = _as_future(result) if result is not None else done_future(None)
                if future is not result and isinstance(future, asyncio.Task):
                    # A task of our own making. If it is left unfinished, the caller is told by
                    # an exception, so it need not complain as well; as in asyncio.
                    future._log_destroy_pending = False  # type: ignore[attr-defined]
            except (Exception, asyncio.CancelledError) as error:
                future = asyncio.Future()
                future.set_exception(error)
            future.add_done_callback(finished)
            # From here and not from outside: uvloop runs timers that are due before callbacks.
            if limit is not None:
                timer = self.add_timeout(self.time() + limit, expire)

        def expire() -> None:
            nonlocal expired
            expired = True
            if future is None or not future.cancel():
                self.stop()

        self.add_callback(begin)
        try:
            self.start()
        finally:
            ended = True
            if timer is not None:
                self.remove_timeout(timer)
            if future is not None:
                future.remove_done_callback(finished)
        if future is None or not future.done() or (expired and future.cancelled()):
            if expired:
                raise TimeoutError(f"Operation timed out after {timeout} seconds")
            raise RuntimeError("Event loop stopped before Future completed.")
        try:
            return future.result()
        finally:
            # An exception refers to this frame, which must not refer to it by way of the future.
            future = None

    # Time

    def time(self) -> float:
        """Return the time in seconds that deadlines on this loop count in: the wall clock.

        Override it to run a program on another clock.
        """
        return time.time()

    def add_timeout(
        self,
        deadline: float | datetime.timedelta,
        callback: Callable[..., Any],
        *args: Any,
        **kwargs: Any,
    ) -> object:
        """Call ``callback`` at ``deadline``.

        Args:
            deadline: Absolute seconds on ``time()``, or a ``timedelta`` from now.
            callback: Called once, on the loop, with the further arguments.

        Returns:
            A handle for ``remove_timeout``.

        Raises:
            TypeError: ``deadline`` is neither a number nor a ``timedelta``.
        """
        if isinstance(deadline, datetime.timedelta):
            return self.call_at(self.time() + deadline.total_seconds(), callback, *args, **kwargs)
        if hasattr(deadline, "__float__"):  # numbers of other libraries as well
            return self.call_at(deadline, callback, *args, **kwargs)
        raise TypeError(f"Unsupported deadline {deadline!r}: expected seconds or a timedelta")

    def call_later(
        self, delay: float, callback: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> object:
        """Call ``callback`` after ``delay`` seconds; returns a handle for ``remove_timeout``."""
        return self.call_at(self.time() + delay, callback, *args, **kwargs)

    def call_at(
        self, when: float, callback: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> object:
        """Call ``callback`` at the absolute time ``when``, in seconds on ``time()``.

        Must be called in the loop's thread. Returns a handle for ``remove_timeout``.
        """
        return self.add_timeout(when, callback, *args, **kwargs)

    def remove_timeout(self, timeout: object) -> None:
        """Cancel a call; no harm if it was made already.

        Args:
            timeout: What ``call_at``, ``call_later`` or ``add_timeout`` returned.
        """
        raise NotImplementedError

    # Callbacks and futures

    def add_callback(self, callback: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Call ``callback`` on the loop in its next turn.

        The one method, with ``add_callback_from_signal``, that any thread may call. On a closed
        loop it does nothing, since a thread cannot know that in time.

        Args:
            callback: Called with the further arguments. If it returns an awaitable that is run,
                and an exception of either is logged.
        """
        raise NotImplementedError

    def add_callback_from_signal(
        self, callback: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> None:
        """Call ``callback`` on the loop; for use in a handler of the ``signal`` module.

        .. deprecated:: 6.4
           ``asyncio``'s ``loop.add_signal_handler`` does the same and more.
        """
        raise NotImplementedError

    def spawn_callback(self, callback: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Call ``callback`` on the loop without a tie to the caller; see ``add_callback``."""
        self.add_callback(callback, *args, **kwargs)

    def add_future(
        self,
        future: asyncio.Future[_T] | concurrent.futures.Future[_T],
        callback: Callable[[Any], Any],
    ) -> None:
        """Call ``callback`` with ``future`` on this loop once it is done.

        Args:
            future: A future of asyncio, on whichever loop, or of a pool. No other awaitable.
            callback: Called with the future; its result and its exceptions are treated as in
                ``add_callback``.

        Raises:
            TypeError: ``future`` is no future.
        """
        raise NotImplementedError

    def run_in_executor(
        self,
        executor: concurrent.futures.Executor | None,
        func: Callable[..., _T],
        *args: Any,
    ) -> asyncio.Future[_T]:
        """Run ``func(*args)`` in a pool and return a future of its result.

        Args:
            executor: The pool; None for the loop's default one.
            func: A function that may block.
        """
        raise NotImplementedError

    def set_default_executor(self, executor: concurrent.futures.ThreadPoolExecutor) -> None:
        """Make ``executor`` the pool of ``run_in_executor(None, …)``."""
        raise NotImplementedError

    def handle_callback_exception(self, callback: Callable[..., Any] | None) -> None:
        """Report the exception being handled, which ``callback`` raised; by default, log it.

        Override it to report elsewhere; ``sys.exc_info()`` has the exception.
        """
        app_log.error("Exception in callback %r", callback, exc_info=True)

    def _run_callback(self, callback: Callable[[], Any]) -> None:
        run = error_scope.Reentry.run
        try:
            result = callback() if run is None else run(callback, self.handle_callback_exception)
            if result is not None:
                self._watch(callback, result)
        except asyncio.CancelledError:
            pass  # a callback that gave up is no failure
        except Exception as error:
            if not error_scope.deliver(error):
                self.handle_callback_exception(callback)

    def _run_homeless(self, callback: Callable[[], Any]) -> None:
        """Run a callback of an interface that has no future in which an exception could be."""
        run = error_scope.Reentry.run
        try:
            if run is None:
                callback()
            else:
                run(callback, self._report_homeless)
        except Exception as error:
            if not error_scope.deliver(error):
                self._report_homeless(callback)

    def _report_homeless(self, callback: Callable[..., Any] | None) -> None:
        error = sys.exc_info()[1]
        home = error_scope.home.get()
        if home is None or error is None or not home(error):
            self.handle_callback_exception(callback)

    def _watch(self, callback: Callable[[], Any], result: object) -> None:
        """See to it that an exception of an awaitable that a callback returned is not lost."""
        try:
            future = _as_future(result)
        except BadYieldError:
            return  # any other value of a callback is nobody's
        # asyncio refers to tasks weakly; one that nobody else refers to would end in the middle.
        self._awaited.add(future)
        future.add_done_callback(functools.partial(self._watched, callback))

    def _watched(self, callback: Callable[[], Any], future: asyncio.Future[Any]) -> None:
        self._awaited.discard(future)
        if future.cancelled():
            return
        error = future.exception()
        if error is not None and not error_scope.deliver(error):
            try:
                raise error  # handle_callback_exception() finds it where it always does
            except Exception:
                del error, future  # the traceback refers to this frame from now on
                self.handle_callback_exception(callback)

    # File descriptors

    def add_handler(self, fd: Selectable, handler: Callable[[Any, int], Any], events: int) -> None:
        """Call ``handler(fd, events)`` whenever ``fd`` is ready, until ``remove_handler``.

        Args:
            fd: A descriptor, or an object with ``fileno()`` and ``close()``; the handler is
                given what was given here.
            handler: Called on the loop with ``fd`` and the event that is there, READ or WRITE.
            events: READ, WRITE or both. ERROR is accepted; an error or the end of a connection
                arrives as whichever of the two is waited for.

        Raises:
            ValueError: ``fd`` has a handler.
            OSError: ``fd`` is closed, or of a kind that is always ready (a regular file).
        """
        raise NotImplementedError

    def watch_stream(
        self,
        sock: HasFileno,
        handler: Callable[[Any, int], Any],
        on_read: Callable[[], object],
        on_write: Callable[[], object],
        events: int,
    ) -> None:
        """Do what ``add_handler`` does, for a socket that carries a stream.

        Args:
            sock: A non-blocking socket, of which an error is the end.
            handler: As for ``add_handler``.
            on_read: What a loop may call instead of ``handler`` for READ.
            on_write: What a loop may call instead of ``handler`` for WRITE.
            events: READ, WRITE or both.
        """
        self.add_handler(sock, handler, events)

    def update_handler(self, fd: Selectable, events: int) -> None:
        """Change the events that the handler of ``fd`` waits for."""
        raise NotImplementedError

    def remove_handler(self, fd: Selectable) -> None:
        """Stop waiting for ``fd``; no harm if it has no handler. Call it before closing."""
        raise NotImplementedError

    def split_fd(self, fd: Selectable) -> tuple[int, Selectable]:
        """Return the descriptor as a number, and ``fd`` as it is."""
        if isinstance(fd, int):
            return fd, fd
        return fd.fileno(), fd

    def close_fd(self, fd: Selectable) -> None:
        """Close a descriptor or an object; no harm if it is closed."""
        with contextlib.suppress(OSError):
            if isinstance(fd, int):
                os.close(fd)
            else:
                fd.close()

    # Loops that block (interface of 4.x)

    def set_blocking_signal_threshold(
        self, seconds: float | None, action: Callable[[int, FrameType | None], Any] | None
    ) -> None:
        """Send a signal whenever a callback keeps the loop from running for ``seconds``.

        Args:
            seconds: Longest time that is borne; None ends the watch.
            action: Called as a signal handler; None ends the process, as SIGALRM does.

        Raises:
            ValueError: Called in another thread than the main one.
            RuntimeError: The platform has no SIGALRM.
        """
        if self._blocking_watch is not None:
            self._blocking_watch.stop()
            self._blocking_watch = None
        if seconds is not None:
            self._blocking_watch = BlockingWatch(seconds, action, self.call_later)

    def set_blocking_log_threshold(self, seconds: float | None) -> None:
        """Log a stack trace whenever the loop is blocked for ``seconds``; None ends it."""
        self.set_blocking_signal_threshold(seconds, self.log_stack)

    def log_stack(self, signal: int, frame: FrameType | None) -> None:
        """Log where the loop is blocked; an ``action`` for ``set_blocking_signal_threshold``."""
        watch = self._blocking_watch
        BlockingWatch.log(watch.seconds if watch is not None else 0.0, frame)


def _deprecated(message: str) -> None:
    warnings.warn(message, DeprecationWarning, stacklevel=3)


def _as_future(result: Any) -> asyncio.Future[Any]:
    future = convert_yielded(result)
    if isinstance(future, concurrent.futures.Future):
        return asyncio.wrap_future(future)
    awaited: Awaitable[Any] = future
    return asyncio.ensure_future(awaited)
