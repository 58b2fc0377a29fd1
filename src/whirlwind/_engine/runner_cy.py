"""The coroutine engine: what a coroutine function returns, and what runs it. A kernel.

Layer: engine. Imports from ``_base`` only.

Theory of operation
-------------------
A ``CoroutineFuture`` is two things in one object: the future that the caller waits for, and the
runner of the generator behind it. One allocation serves both, and "who waits for whom" is a
pointer in each direction::

    parent._waiting ──▶ child        what this coroutine waits for
    child._parent   ──▶ parent       who is resumed when this one ends

``start()`` runs a generator at once to the first thing that is not ready. Ready things (a future
that is done, a coroutine that never had to wait, a list of such) go back into the generator in
the same step, without the event loop.

When the loop calls ``_wake()`` the trampoline ``_drive()`` takes over: it advances one coroutine
until that waits or ends, and if it ended goes on with its parent. So a chain of coroutines over
one socket costs one loop turn and no recursion, however long the chain is. Waiters beyond the
first, and callbacks, are called through the loop in the order of their registration. A native
task that is alone in waiting is stepped at once as well, which saves a turn of the loop.

A list or dict is waited for one child at a time. The result is the same as with a callback on
every child, because a coroutine sees the list only when all of it is done; but children that
finish in the meantime cost nothing, neither a callback nor a loop turn.

Cancelling goes down the chain, by iteration, to the innermost wait and arrives in its generator
as ``CancelledError``, as it does in a native task.

Invariants:

- a generator runs only between ``PyContext_Enter`` and ``PyContext_Exit`` of its own context;
- ``_waiting`` is None while the generator runs, and names exactly one thing while it does not;
  a callback whose source is not what ``_waiting`` names comes too late and does nothing;
- ``_generator`` and ``_context`` are None as soon as the state is not PENDING;
- interpreted, a function that calls into programs forgets its future before it returns. The
  frames of a traceback know the frames that called them, with all their local names, and a
  future knows its error's traceback: that would be a circle. Compiled functions have no frames.

``isinstance(f, asyncio.Future)`` is true through ``__class__``, as with a proxy. A real subclass
would spend more on the base's constructor (which asks for the loop and its debug flag) than the
whole of ``start()`` takes, and would leave no room for compiled fields.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import logging
import sys
import traceback
import types
from collections.abc import Generator
from typing import Any

try:
    import cython
except ModuleNotFoundError:  # Cython is a build tool, not a run-time requirement
    from whirlwind._base import cython

from whirlwind._base import limits
from whirlwind._engine.results import Return

_PENDING = cython.declare(cython.int, 0)
_FINISHED = cython.declare(cython.int, 1)
_FAILED = cython.declare(cython.int, 2)
_CANCELLED = cython.declare(cython.int, 3)

_MAX_RESUMPTIONS = cython.declare(cython.int, limits.MAX_RESUMPTIONS)
_MAX_EAGER_DEPTH = cython.declare(cython.int, limits.MAX_EAGER_DEPTH)

# Coroutines that are being started at this moment, one inside the other. Threads share the
# count; each adds and takes away its own share while it holds the interpreter lock.
_depth = cython.declare(cython.int, 0)

_loop_type = cython.declare(object, None)
_get_debug = cython.declare(object, None)

_Future = cython.declare(object, asyncio.Future)
_future_done = cython.declare(object, asyncio.Future.done)
_future_result = cython.declare(object, asyncio.Future.result)
_future_get_loop = cython.declare(object, asyncio.Future.get_loop)
_PoolFuture = cython.declare(object, concurrent.futures.Future)
_CancelledError = cython.declare(object, asyncio.CancelledError)
_InvalidStateError = cython.declare(object, asyncio.InvalidStateError)
_GeneratorType = cython.declare(object, types.GeneratorType)
_Task = cython.declare(object, asyncio.Task)
_BuiltinMethod = cython.declare(object, types.BuiltinMethodType)
# Python 3.11 has it in Python only; the dict behind it is one with that of the C tasks there.
_current_task = cython.declare(
    object,
    asyncio.current_task if sys.version_info >= (3, 12) else asyncio.tasks._current_tasks.get,  # type: ignore[attr-defined]
)
_get_running_loop = cython.declare(object, asyncio._get_running_loop)
_get_event_loop = cython.declare(object, asyncio.get_event_loop)

# Python frames between start() and the program's call: the wrapper, and in the interpreted form
# start() and start_as_is().
_CALLER = cython.declare(cython.int, 1 if cython.compiled else 3)

# What functions that are no generators mostly return: needs no second look.
_PLAIN_KINDS = cython.declare(
    frozenset, frozenset({type(None), bool, int, float, str, bytes, list, dict, tuple})
)

# Stands for "one turn of the loop" where others name what they wait for.
_TURN = cython.declare(object, types.SimpleNamespace(turn=True))

# Set by install(): what the engine's slow paths need from modules above this one.
_convert = cython.declare(object, None)
_start_with_callback = cython.declare(object, None)
_take_plain = cython.declare(object, None)
_report_extra_error = cython.declare(object, None)

# Told of each start, wait, resumption and end; None when nobody looks.
_observer = cython.declare(object, None)


def is_compiled() -> bool:
    """True in the compiled form of this file."""
    return cython.compiled


def install(
    convert: Any, start_with_callback: Any, take_plain: Any, report_extra_error: Any
) -> None:
    """Give the kernel the parts that live above it. Called once, by ``_engine/coroutine.py``.

    Args:
        convert: ``(task, yielded) -> future`` for whatever the kernel does not know by type;
            raises what is to be raised at the ``yield``. ``task`` is None in ``multi()``.
        start_with_callback: ``(function, args, kwargs) -> future``, for calls with ``callback=``.
        take_plain: ``(task, function, made) -> None``, for functions that are no generators.
        report_extra_error: ``(error, quiet) -> None``, for each error of a list after its first.
    """
    global _convert, _start_with_callback, _take_plain, _report_extra_error
    _convert = convert
    _start_with_callback = start_with_callback
    _take_plain = take_plain
    _report_extra_error = report_extra_error


def observe(observer: Any) -> Any:
    """Tell ``observer`` of everything that coroutines do; None ends it.

    Args:
        observer: Has ``started(task, generator)``, ``waits(task, what)``, ``resumed(task)`` and
            ``ended(task)``. They are called inside the coroutine's context.

    Returns:
        The observer that was set before.
    """
    global _observer
    before = _observer
    _observer = observer
    return before


@cython.cfunc
def _without_our_frames(error: Any) -> Any:
    """Drop the runner's own entries from the front of a traceback.

    The reader of a traceback wants the chain of coroutines; between any two of them stands an
    entry of this file.
    """
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename.endswith("runner_cy.py"):
        trace = trace.tb_next
    error.__traceback__ = trace
    return error


@cython.final
@cython.cclass
class _Failure:
    """The exception of a future, which must not get lost.

    It reports on the loop's exception handler if it goes before anybody has looked. An object
    of its own, because a finalizer costs every future something and few futures fail.
    """

    error: Any
    trace: Any  # as it was when the future failed: raising adds entries
    name: Any
    loop: Any
    unseen: cython.bint

    if not cython.compiled:
        __slots__ = ("error", "loop", "name", "trace", "unseen")

    @cython.cfunc
    def look(self) -> Any:
        self.unseen = False
        self.error.__traceback__ = self.trace
        return self.error

    def __del__(self) -> None:
        try:
            if self.unseen and not sys.is_finalizing():
                message = f"Future exception was never retrieved: nobody waited for {self.name}"
                report(self.loop, message, self.error)
        except (AttributeError, RecursionError):
            # At the bottom of an endless recursion there is no room to speak, or even to be made
            # whole; the caller has the same error already.
            pass


def report(loop: Any, message: str, error: BaseException) -> None:
    """Tell the loop's exception handler about an error that nobody receives."""
    if loop is None:
        loop = _get_running_loop()
    if loop is None:
        logging.getLogger("asyncio").error(message, exc_info=error)
    else:
        loop.call_exception_handler({"message": message, "exception": error})


@cython.cfunc
def _failure(task: CoroutineFuture, error: Any) -> _Failure:
    failure: _Failure = _Failure()
    failure.error = _without_our_frames(error)
    failure.trace = error.__traceback__
    failure.name = _name(task)
    failure.loop = task._loop_ if task._loop_ is not None else _get_running_loop()
    failure.unseen = not isinstance(error, _CancelledError)
    return failure


@cython.cfunc
def _name(task: CoroutineFuture) -> Any:
    generator = task._generator
    code = getattr(generator, "gi_code", None)
    if code is None:
        return "a future"
    return f"coroutine {generator.__qualname__} ({code.co_filename}:{code.co_firstlineno})"


@cython.final
@cython.cclass
class _Gathering:
    """A list or dict of futures that one coroutine waits for."""

    children: list[Any]
    keys: Any  # None for a list; for a dict its keys, in the order of the children
    quiet: Any  # exception types of which extra ones are not reported
    at: cython.Py_ssize_t  # every child before this index is done

    if not cython.compiled:
        __slots__ = ("at", "children", "keys", "quiet")

    @cython.cfunc
    def advance(self, task: CoroutineFuture) -> cython.bint:
        """Go on to the first child that is not done and wait for it; True if there is none."""
        count: cython.Py_ssize_t = len(self.children)
        while self.at < count:
            if not _link(task, self.children[self.at]):
                return False
            self.at += 1
        return True

    @cython.cfunc
    def awaits(self, source: Any) -> cython.bint:
        return self.at < len(self.children) and self.children[self.at] is source

    @cython.cfunc
    def results(self) -> Any:
        """Return what the children gave, or raise the first of their errors."""
        error = None
        values: list[Any] = []
        for child in self.children:
            try:
                values.append(_result(child))
            except BaseException as failed:
                if error is None:
                    error = failed
                else:
                    _report_extra_error(_without_our_frames(failed), self.quiet)
        if error is not None:
            raise _without_our_frames(error)
        return values if self.keys is None else dict(zip(self.keys, values, strict=True))


@cython.cfunc
def _gathering(task: Any, children: Any, quiet: Any) -> _Gathering:
    """Make one future of each child of a list, tuple or dict."""
    gathering: _Gathering = _Gathering()
    gathering.keys = None
    gathering.quiet = quiet
    gathering.at = 0
    if isinstance(children, dict):
        gathering.keys = list(children)
        children = children.values()
    futures: list[Any] = []
    for child in children:
        kind = type(child)
        if kind is CoroutineFuture or kind is _Future:
            futures.append(child)
        elif kind is list or kind is dict:
            futures.append(_multi(task, child, quiet))
        else:
            futures.append(_convert(task, child))
    gathering.children = futures
    return gathering


@cython.cfunc
def _result(source: Any) -> Any:
    """Return what a future that is done holds, or raise it."""
    if type(source) is CoroutineFuture:
        done: CoroutineFuture = source
        if done._state == _FINISHED:
            return done._outcome
        raise done._error()
    return source.result()


@cython.cfunc
def _link(task: CoroutineFuture, source: Any) -> cython.bint:
    """See to it that ``task`` is woken when ``source`` is done; True if that is so already."""
    kind = type(source)
    if kind is CoroutineFuture:
        child: CoroutineFuture = source
        if child._state != _PENDING:
            return True
        if child is task:
            raise RuntimeError(f"{task!r} waits for itself")
        if child._parent is None and child._callbacks is None:
            child._parent = task
        else:
            child._add_callback(task._wake, task._context)
    elif kind is _Future:
        if _future_done(source):
            return True
        source.add_done_callback(task._wake, context=task._context)
    elif source.done():
        return True
    elif isinstance(source, _PoolFuture):
        source.add_done_callback(_from_thread(task))
    else:
        source.add_done_callback(task._wake, context=task._context)
    return False


@cython.final
@cython.cclass
class _FromThread:
    """The callback on a pool's future: it runs in the worker and must wake the loop's thread."""

    wake: Any
    context: Any
    loop: Any

    if not cython.compiled:
        __slots__ = ("context", "loop", "wake")

    def __call__(self, source: Any) -> None:
        try:
            self.loop.call_soon_threadsafe(self.wake, source, context=self.context)
        except RuntimeError:
            # A closed loop has nobody left to wake; the pool would log this as its own error.
            if not self.loop.is_closed():
                raise


@cython.cfunc
def _from_thread(task: CoroutineFuture) -> _FromThread:
    callback: _FromThread = _FromThread()
    callback.wake = task._wake
    callback.context = task._context
    callback.loop = task._the_loop()
    return callback


@cython.freelist(256)
@cython.final
@cython.cclass
class CoroutineFuture:
    """The future of a coroutine: an ``asyncio.Future`` by ``isinstance``, and used like one.

    It is made by calling a coroutine function, or by ``gen.multi``, ``gen.sleep`` and their like;
    there is no need to make one by hand. Yield it, await it, give it to ``asyncio.gather``.

    ``cancel()`` raises ``CancelledError`` inside the coroutine at the place where it waits and
    cancels what it waits for, as with an ``asyncio.Task``; the future is cancelled once the
    coroutine has ended.
    """

    _state: cython.int
    _blocking: cython.bint
    _must_cancel: cython.bint
    _generator: Any
    _context: Any
    # The result; or the _Failure; or the CancelledError; while pending, the message of a
    # cancellation that is still to be delivered.
    _outcome: Any
    _waiting: Any
    _parent: CoroutineFuture
    _callbacks: list[Any]
    _loop_: Any
    _extra: Any  # of the modules that extend the engine: keyed callbacks of 4.x
    _source: Any  # where the coroutine was called, in the loop's debug mode
    _attributes: Any  # what programs hang on a future; a dict once they do
    __weakref__: Any

    if not cython.compiled:
        __slots__ = (
            "__dict__",
            "__weakref__",
            "_blocking",
            "_callbacks",
            "_context",
            "_extra",
            "_generator",
            "_loop_",
            "_must_cancel",
            "_outcome",
            "_parent",
            "_source",
            "_state",
            "_waiting",
        )

        def __init__(self) -> None:
            self._state = _PENDING
            self._blocking = self._must_cancel = False
            self._generator = self._context = self._outcome = self._waiting = None
            self._parent = self._callbacks = self._loop_ = self._extra = self._source = None

    if cython.compiled:
        # Programs set attributes of their own on futures. A __dict__ would be made with each.

        def __setattr__(self, name: str, value: Any) -> None:
            try:
                PyObject_GenericSetAttr(self, name, value)
            except AttributeError:
                if self._attributes is None:
                    self._attributes = {}
                self._attributes[name] = value

        def __delattr__(self, name: str) -> None:
            if self._attributes is None or name not in self._attributes:
                raise AttributeError(f"'CoroutineFuture' object has no attribute {name!r}")
            del self._attributes[name]

        def __getattr__(self, name: str) -> Any:
            if self._attributes is not None and name in self._attributes:
                return self._attributes[name]
            raise AttributeError(f"'CoroutineFuture' object has no attribute {name!r}")

    # --- what the engine does with it ---------------------------------------------------------

    @cython.cfunc
    def _the_loop(self) -> Any:
        """Return the loop this future belongs to, found when it is first needed.

        A coroutine that ends without waiting never needs one, and may be called where none is.
        """
        if self._loop_ is not None:
            return self._loop_
        loop = _get_event_loop()
        if self._state == _PENDING:
            # One that is done, as gen.moment is, may serve one loop after another.
            self._loop_ = loop
        return loop

    @cython.cfunc
    def _error(self) -> Any:
        """Return the exception to raise for a future that failed or was cancelled."""
        if self._state == _CANCELLED:
            return self._make_cancelled_error()
        failure: _Failure = self._outcome
        return failure.look()

    @cython.cfunc
    def _add_callback(self, function: Any, context: Any) -> None:
        if self._callbacks is None:
            self._callbacks = []
        self._callbacks.append((function, context))

    @cython.cfunc
    def _schedule_callbacks(self) -> None:
        callbacks: list[Any] = self._callbacks
        self._callbacks = None
        loop = self._the_loop()
        for function, context in callbacks:
            loop.call_soon(function, self, context=context)

    @cython.cfunc
    def _finish(self, state: cython.int, outcome: Any) -> CoroutineFuture:
        """Take the coroutine's outcome; return who is to go on in the same turn, or None."""
        parent: CoroutineFuture = self._parent
        if self._state != _PENDING:
            # Somebody resolved the future from outside while the coroutine ran. Its callers went
            # on with that; what the coroutine returns has no taker, but an error is not lost.
            if state == _FAILED:
                report(self._loop_, f"error in {_name(self)}, whose future was done", outcome)
            self._generator = self._context = None
            return None
        if self._must_cancel and state == _FINISHED:
            # The cancellation came while the coroutine ran, and it ended before its next wait.
            state = _CANCELLED
            outcome = _cancellation(self)
        if self._extra is not None and state == _FINISHED:
            leak = self._extra.leak()
            if leak is not None:
                state = _FAILED
                outcome = leak
        if state == _FAILED:
            outcome = _failure(self, outcome)
        self._state = state
        self._outcome = outcome
        self._generator = None
        self._context = None
        if _observer is not None:
            _observer.ended(self)
        if self._callbacks is not None and not self._has_only_a_task():
            self._schedule_callbacks()
        if parent is not None:
            self._parent = None
            if parent._awaits(self):
                return parent
        return None

    @cython.cfunc
    def _has_only_a_task(self) -> cython.bint:
        """True if nobody but one native task waits; ``_drive()`` then goes on with that task."""
        if self._parent is not None or len(self._callbacks) != 1:
            return False
        function = self._callbacks[0][0]
        return type(function) is _BuiltinMethod and type(function.__self__) is _Task

    @cython.cfunc
    def _go_on_with_task(self) -> None:
        """Step the native task that waits, in this turn of the loop.

        A task may only be stepped where no other one is running: directly under the loop, where
        wake-ups and timers come from. Anywhere else it is left to the loop.
        """
        if _current_task(self._the_loop()) is not None:
            self._schedule_callbacks()
            return
        function, context = self._callbacks[0]
        self._callbacks = None
        if cython.compiled:
            PyContext_Enter(context)
            try:
                function(self)
            finally:
                PyContext_Exit(context)
        else:
            try:
                context.run(function, self)
            finally:
                self = function = context = None

    @cython.cfunc
    def _awaits(self, source: Any) -> cython.bint:
        waiting = self._waiting
        if waiting is source:
            return True
        if type(waiting) is _Gathering:
            gathering: _Gathering = waiting
            return gathering.awaits(source)
        return False

    @cython.cfunc
    def _resolve(self, state: cython.int, outcome: Any) -> None:
        """Take an outcome from somebody who is not the coroutine; callers go on by the loop."""
        if self._state != _PENDING:
            raise _InvalidStateError(f"invalid state: {self!r} is done already")
        self._state = state
        self._outcome = outcome
        parent: CoroutineFuture = self._parent
        self._parent = None
        if parent is not None:
            self._the_loop().call_soon(parent._wake, self, context=parent._context)
        if self._callbacks is not None:
            self._schedule_callbacks()

    def _wake(self, source: Any) -> None:
        """Go on: ``source`` is done. The loop calls this inside the coroutine's context."""
        if self._awaits(source):
            if cython.compiled:
                _drive(self, source, True)
            else:
                try:
                    _drive(self, source, True)
                finally:
                    self = source = None

    def _fire(self) -> None:
        """Resolve with None from a callback of the loop itself, without a further turn."""
        self._waiting = None
        if self._state == _PENDING:
            parent: CoroutineFuture = self._finish(_FINISHED, None)
            if cython.compiled:
                if parent is not None:
                    _drive(parent, self, False)
                elif self._callbacks is not None:
                    self._go_on_with_task()
            else:
                try:
                    if parent is not None:
                        _drive(parent, self, False)
                    elif self._callbacks is not None:
                        self._go_on_with_task()
                finally:
                    self = parent = None

    # --- what asyncio.Future offers -----------------------------------------------------------

    @property
    def __class__(self) -> Any:
        return _Future

    @property
    def _asyncio_future_blocking(self) -> bool:
        return self._blocking

    @_asyncio_future_blocking.setter
    def _asyncio_future_blocking(self, value: bool) -> None:
        self._blocking = value

    @property
    def _source_traceback(self) -> Any:
        return self._source

    @property
    def _loop(self) -> Any:
        return self._the_loop()

    @property
    def _log_traceback(self) -> bool:
        if self._state != _FAILED:
            return False
        failure: _Failure = self._outcome
        return failure.unseen

    @_log_traceback.setter
    def _log_traceback(self, value: bool) -> None:
        if value:
            raise ValueError("_log_traceback can only be set to False")
        if self._state == _FAILED:
            failure: _Failure = self._outcome
            failure.unseen = False

    @property
    def _cancel_message(self) -> Any:
        # asyncio.gather(..., return_exceptions=True) makes its own error of it.
        if self._state != _CANCELLED or self._outcome is None or not self._outcome.args:
            return None
        return self._outcome.args[0]

    def get_loop(self) -> Any:
        """Return the asyncio loop that this future belongs to.

        Raises:
            RuntimeError: No loop is running and this thread has none.
        """
        return self._the_loop()

    def done(self) -> bool:
        """True once there is a result, an exception or a cancellation."""
        return self._state != _PENDING

    def cancelled(self) -> bool:
        """True if the coroutine ended by being cancelled."""
        return self._state == _CANCELLED

    def result(self) -> Any:
        """Return the result, or raise the exception.

        Raises:
            asyncio.InvalidStateError: The coroutine has not ended.
            asyncio.CancelledError: It was cancelled.
        """
        if self._state == _FINISHED:
            return self._outcome
        if self._state == _PENDING:
            raise _InvalidStateError("Result is not ready.")
        if not cython.compiled:
            try:
                raise self._error()
            finally:
                self = None
        raise self._error()

    def exception(self) -> Any:
        """Return the exception that ended the coroutine, or None if it returned.

        Raises:
            asyncio.InvalidStateError: The coroutine has not ended.
            asyncio.CancelledError: It was cancelled.
        """
        if self._state == _PENDING:
            raise _InvalidStateError("Exception is not set.")
        if self._state == _CANCELLED:
            raise self._error()
        return self._error() if self._state == _FAILED else None

    def exc_info(self) -> Any:
        """Return ``(type, value, traceback)`` of the exception, or None; a name of Tornado 4."""
        error = self.exception()
        return None if error is None else (type(error), error, error.__traceback__)

    def running(self) -> bool:
        """True while the coroutine has not ended; a name of Tornado 4."""
        return self._state == _PENDING

    def set_result(self, result: Any) -> None:
        """Resolve the future from outside; the coroutine, if any, runs on without a listener.

        Raises:
            asyncio.InvalidStateError: It is done already.
        """
        self._resolve(_FINISHED, result)

    def set_exception(self, exception: Any) -> None:
        """Resolve the future from outside with an exception, an instance or a class.

        Raises:
            asyncio.InvalidStateError: It is done already.
            TypeError: The exception is a ``StopIteration``, which a generator cannot be given.
        """
        if isinstance(exception, type):
            exception = exception()
        if not isinstance(exception, BaseException):
            raise TypeError(f"expected an exception, not {exception!r}")
        if isinstance(exception, StopIteration):
            raise TypeError("StopIteration cannot be raised into a Future")
        if self._state == _PENDING:
            exception = _failure(self, exception)
        self._resolve(_FAILED, exception)

    def set_exc_info(self, exc_info: Any) -> None:
        """Resolve with the exception of a ``sys.exc_info()`` triple; a name of Tornado 4."""
        self.set_exception(exc_info[1].with_traceback(exc_info[2]))

    def add_done_callback(self, fn: Any, *, context: Any = None) -> None:
        """Have the loop call ``fn(self)`` once the future is done; next turn if it is already.

        Args:
            fn: Any callable; what it returns is ignored.
            context: The ``contextvars.Context`` to call it in; the current one by default.
        """
        if context is None:
            context = _copy_context()
        if self._state == _PENDING:
            self._add_callback(fn, context)
        else:
            self._the_loop().call_soon(fn, self, context=context)

    def remove_done_callback(self, fn: Any) -> int:
        """Forget a callback; return how often it had been added."""
        if self._callbacks is None:
            return 0
        kept = [entry for entry in self._callbacks if entry[0] != fn]
        removed = len(self._callbacks) - len(kept)
        self._callbacks = kept or None
        return removed

    def cancel(self, msg: Any = None) -> bool:
        """Raise ``CancelledError`` where the coroutine waits, and cancel what it waits for.

        Args:
            msg: The argument of that ``CancelledError``.

        Returns:
            False if the future was done already. True means that the request was made; a
            coroutine may catch the error, clean up, and even return a value after all.
        """
        if self._state != _PENDING:
            return False
        _cancel(self, msg)
        return True

    def _make_cancelled_error(self) -> Any:
        if self._state != _CANCELLED or self._outcome is None:
            return _CancelledError()
        # Given out once: raising the same object again would grow its traceback.
        error = self._outcome
        self._outcome = _CancelledError(*error.args) if error.args else None
        return error

    def __await__(self) -> Generator[Any, Any, Any]:
        try:
            if self._state == _PENDING:
                self._blocking = True
                yield self
                if self._state == _PENDING:
                    raise RuntimeError("await was not used with this future: it is still pending")
            return self.result()
        finally:
            if not cython.compiled:
                self = None

    def __iter__(self) -> Generator[Any, Any, Any]:
        try:
            if self._state == _PENDING:
                self._blocking = True
                yield self
                if self._state == _PENDING:
                    raise RuntimeError("await was not used with this future: it is still pending")
            return self.result()
        finally:
            if not cython.compiled:
                self = None

    def __repr__(self) -> str:
        parts = ["Future", ("pending", "finished", "failed", "cancelled")[self._state]]
        if self._state == _FINISHED:
            parts.append(f"result={self._outcome!r:.100}")
        elif self._state == _FAILED:
            failure: _Failure = self._outcome
            parts.append(f"exception={failure.error!r:.100}")
        elif self._generator is not None:
            parts.append(_name(self))
        if self._source is not None:
            parts.append(f"created at {self._source[-1].filename}:{self._source[-1].lineno}")
        return f"<{' '.join(parts)}>"

    @classmethod
    def __class_getitem__(cls, item: Any) -> Any:
        return types.GenericAlias(_Future, item)


@cython.cfunc
def _new() -> CoroutineFuture:
    if cython.compiled:
        return CoroutineFuture.__new__(CoroutineFuture)
    return CoroutineFuture()


def new_future() -> Any:
    """Return a pending future, to be resolved by ``set_result``.

    Unlike ``asyncio.Future()`` it can be made where no loop is: it asks for one when it first
    has somebody to call.
    """
    return _new()


def done_future(result: Any) -> Any:
    """Return a future that is done with ``result``."""
    future: CoroutineFuture = _new()
    future._state = _FINISHED
    future._outcome = result
    return future


def timer_future(loop: Any, delay: float) -> Any:
    """Return a future that is done with None after ``delay`` seconds on the clock of ``loop``.

    Cancelling it takes the timer out of the loop. Whoever waits for it goes on in the turn in
    which the timer fires.
    """
    future: CoroutineFuture = _new()
    future._loop_ = loop
    future._waiting = loop.call_later(delay, future._fire)
    return future


def resolve(future: Any, result: Any) -> None:
    """Resolve a native future in a callback of the loop; who waits goes on before this returns.

    A coroutine or native task that is alone in waiting is resumed at once, which saves a turn of
    the loop; others are called through the loop, as ever. Programs run in it: its caller has to be
    ready for whatever they do, best by calling it last.

    Args:
        future: A pending ``asyncio.Future`` of the running loop.
        result: What who waits for it gets.
    """
    # One look, since each makes a new list; private, but the same from 3.11 on, and where it is
    # not there nobody is resumed early.
    callbacks = getattr(future, "_callbacks", None)
    if callbacks is None or len(callbacks) != 1:
        future.set_result(result)
        return
    function, context = callbacks[0]
    if not _resumes(function) or _current_task(future.get_loop()) is not None:
        future.set_result(result)
        return
    future.remove_done_callback(function)
    future.set_result(result)
    if cython.compiled:
        PyContext_Enter(context)
        try:
            function(future)
        finally:
            PyContext_Exit(context)
    else:
        try:
            context.run(function, future)
        finally:
            future = result = function = context = callbacks = None


@cython.cfunc
def _resumes(function: Any) -> cython.bint:
    """True for what a native task or a coroutine leaves with a future to be resumed by."""
    if type(function) is _BuiltinMethod:
        return type(function.__self__) in (_Task, CoroutineFuture)
    return not cython.compiled and type(getattr(function, "__self__", None)) is CoroutineFuture


def multi(children: Any, quiet: Any = ()) -> Any:
    """Return a future of the results of all ``children``, as a list, or a dict under their keys.

    Args:
        children: A list, tuple or other iterable of yieldable things, or a dict of them; nested
            as deep as you like.
        quiet: Exception types; of several errors the first is raised, the others are reported
            on the log unless they are of these types.
    """
    return _multi(None, children, quiet)


@cython.cfunc
def _multi(owner: Any, children: Any, quiet: Any) -> CoroutineFuture:
    task: CoroutineFuture = _new()
    gathering: _Gathering = _gathering(owner, children, quiet)
    if gathering.advance(task):
        try:
            task._outcome = gathering.results()
            task._state = _FINISHED
        except BaseException as error:
            task._outcome = _failure(task, error)
            task._state = _FAILED
    else:
        task._waiting = gathering
    return task


@cython.cfunc
def _copy_context() -> Any:
    if cython.compiled:
        return PyContext_CopyCurrent()
    return contextvars.copy_context()


@cython.cfunc
def _fail(task: CoroutineFuture, error: Any) -> None:
    """Give an error, caught at this moment, to a future that is not yet anybody's."""
    if isinstance(error, _CancelledError):
        task._outcome = _without_our_frames(error)
        task._state = _CANCELLED
    else:
        task._outcome = _failure(task, error)
        task._state = _FAILED
    task._context = None


def start(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a coroutine function and run it to the first thing it has to wait for.

    Args:
        function: What ``@gen.coroutine`` decorates.
        args: Its positional arguments.
        kwargs: Its keyword arguments.

    Returns:
        A ``CoroutineFuture``; errors of the function are in it.

    Raises:
        RecursionError: ``MAX_EAGER_DEPTH`` coroutines have started one another and none waits.
    """
    if kwargs and "callback" in kwargs:
        return _start_with_callback(function, args, kwargs)
    return start_as_is(function, args, kwargs)


@cython.ccall
def start_as_is(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Do what ``start()`` does, with a ``callback=`` argument passed on like any other."""
    global _depth
    if _depth >= _MAX_EAGER_DEPTH:
        raise RecursionError(
            f"{_depth} coroutines have started one another before the first of them waits "
            "(MAX_EAGER_DEPTH)"
        )
    task: CoroutineFuture = _new()
    context = _copy_context()
    task._context = context
    _depth += 1
    try:
        if cython.compiled:
            PyContext_Enter(context)
            try:
                _begin(task, function, args, kwargs)
            finally:
                PyContext_Exit(context)
        else:
            context.run(_begin, task, function, args, kwargs)
    finally:
        _depth -= 1
    if task._state == _PENDING and _is_debugging(task):
        task._source = traceback.extract_stack(sys._getframe(_CALLER))
    if not cython.compiled:
        try:
            return task
        finally:
            task = None
    return task


@cython.cfunc
def _is_debugging(task: CoroutineFuture) -> cython.bint:
    """True if the loop is in debug mode: futures then remember where they are from."""
    global _loop_type, _get_debug
    loop = task._loop_ if task._loop_ is not None else _get_running_loop()
    if loop is None:
        return False
    if type(loop) is not _loop_type:
        # Kept as a function: looking it up on the loop costs as much as calling it.
        _loop_type = type(loop)
        _get_debug = _loop_type.get_debug
    return _get_debug(loop)


@cython.cfunc
def _begin(
    task: CoroutineFuture, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """First steps of a coroutine, inside its context."""
    try:
        made = function(*args, **kwargs)
    except (Return, StopIteration) as stop:
        plain_result(task, stop.value)
        return None
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        _fail(task, error)
        if not cython.compiled:
            task = None
        return None
    if type(made) is _GeneratorType:
        task._generator = made
        if _observer is not None:
            _observer.started(task, made)
        _advance(task, None)
        if task._state != _PENDING and task._callbacks is not None:
            task._schedule_callbacks()
    elif type(made) in _PLAIN_KINDS:
        plain_result(task, made)
    else:
        _take_plain(task, function, made)
    if not cython.compiled:
        task = None
    return None


def peek_error(task: CoroutineFuture) -> Any:
    """Return the exception of a failed coroutine without counting as somebody who looked."""
    if task._state != _FAILED:
        return None
    failure: _Failure = task._outcome
    return failure.error


def get_extra(task: CoroutineFuture) -> Any:
    """Return what ``set_extra()`` left with this coroutine, or None."""
    return task._extra


def set_extra(task: CoroutineFuture, extra: Any) -> None:
    """Leave something with a coroutine, for a module that extends the engine.

    Args:
        task: The coroutine.
        extra: Has ``leak()``, which is asked when the coroutine returns: an exception to end it
            with instead, or None.
    """
    task._extra = extra


def adopt(task: CoroutineFuture, generator: Any) -> None:
    """Run ``generator``, an object with ``send`` and ``throw``, as the body of ``task``.

    Called inside the context of ``task``, before anybody waits for it.
    """
    task._generator = generator
    if task._context is None:
        task._context = _copy_context()
    _advance(task, None)
    if task._state != _PENDING and task._callbacks is not None:
        task._schedule_callbacks()
    if not cython.compiled:
        task = generator = None


def plain_result(task: CoroutineFuture, value: Any) -> None:
    """Let a coroutine function that is no generator end with ``value``."""
    task._context = None
    task._state = _FINISHED
    task._outcome = value


@cython.cfunc
def _drive(task: CoroutineFuture, source: Any, entered: cython.bint) -> Any:
    """Resume ``task``, whose wait for ``source`` is over, then whoever its end resumes.

    Args:
        task: Waits for ``source``.
        source: A future that is done, or ``_TURN``.
        entered: True if the caller runs inside the task's context.
    """
    left: cython.int = _MAX_RESUMPTIONS
    parent: CoroutineFuture
    while True:
        context = task._context
        if entered or context is None:
            entered = False
            parent = _advance(task, source)
        elif cython.compiled:
            PyContext_Enter(context)
            try:
                parent = _advance(task, source)
            finally:
                PyContext_Exit(context)
        else:
            parent = context.run(_advance, task, source)
        if parent is None:
            if task._state != _PENDING and task._callbacks is not None:
                task._go_on_with_task()
            if not cython.compiled:
                task = source = None
            return None
        source = task
        task = parent
        left -= 1
        if left == 0:
            task._the_loop().call_soon(task._wake, source, context=task._context)
            return None


@cython.cfunc
def _advance(task: CoroutineFuture, source: Any) -> CoroutineFuture:
    """Run a coroutine until it waits or ends; return who is to be resumed with its outcome.

    Runs inside the task's context. ``source`` is None at the first step.
    """
    value: Any = None
    error: Any = None
    status: cython.int
    left: cython.int = _MAX_RESUMPTIONS
    child: CoroutineFuture
    parent: CoroutineFuture
    gathering: _Gathering

    cancelled: cython.bint = False
    if source is not None:
        waiting = task._waiting
        if type(waiting) is _Gathering:
            gathering = waiting
            try:
                if not gathering.advance(task):
                    return None
            except BaseException as failed:
                # A child that cannot be waited for, such as the coroutine itself.
                error = _without_our_frames(failed)
        task._waiting = None
        if task._must_cancel:
            cancelled = True
            error = _cancellation(task)
        elif error is not None:
            pass
        elif type(source) is CoroutineFuture and type(waiting) is not _Gathering:
            child = source
            if child._state == _FINISHED:
                value = child._outcome
            else:
                error = child._error()
        elif source is not _TURN:
            try:
                if type(waiting) is _Gathering:
                    value = gathering.results()
                else:
                    value = source.result()
            except BaseException as failed:
                error = _without_our_frames(failed)
        if task._generator is None:
            if error is None:
                return task._finish(_FINISHED, value)
            # A child that was cancelled makes a list fail; only cancel() makes it cancelled.
            return task._finish(_CANCELLED if cancelled else _FAILED, error)
        if _observer is not None:
            _observer.resumed(task)

    generator = task._generator
    try:
        while True:
            if error is not None:
                failure = error
                error = None
                yielded = generator.throw(failure)
                failure = None
            elif cython.compiled:
                pointer: cython.pointer(PyObject)
                status = PyIter_Send(generator, value, cython.address(pointer))
                yielded = cython.cast(object, pointer)
                Py_DECREF(pointer)
                if status == 0:
                    return task._finish(_FINISHED, yielded)
            else:
                yielded = generator.send(value)
            value = None

            # What was yielded, the most frequent first. Either it is ready, and ``value`` or
            # ``error`` goes into the next round, or somebody will wake the task.
            kind = type(yielded)
            if kind is CoroutineFuture:
                child = yielded
                if child._state == _FINISHED:
                    if child is _moment:
                        return _wait_a_turn(task, _TURN)
                    value = child._outcome
                elif child._state != _PENDING:
                    error = child._error()
                elif child._parent is None and child._callbacks is None and child is not task:
                    child._parent = task
                    return _wait_for(task, child)
                else:
                    try:
                        _link(task, child)
                        return _wait_for(task, child)
                    except RuntimeError as failed:
                        error = _without_our_frames(failed)
            elif yielded is None:
                return _wait_a_turn(task, _TURN)
            else:
                try:
                    if kind is _Future:
                        if _future_done(yielded):
                            value = _future_result(yielded)
                        else:
                            yielded.add_done_callback(task._wake, context=task._context)
                            return _wait_for(task, yielded)
                    elif kind is list or kind is dict:
                        gathering = _gathering(task, yielded, ())
                        if not gathering.advance(task):
                            return _wait_for(task, gathering)
                        value = gathering.results()
                    else:
                        converted = _convert(task, yielded)
                        if converted is _moment:
                            return _wait_a_turn(task, _TURN)
                        if not _link(task, converted):
                            return _wait_for(task, converted)
                        value = _result(converted)
                except BaseException as failed:
                    error = _without_our_frames(failed)

            left -= 1
            if left == 0:
                # Always something ready: without this the loop would not look at its sockets.
                return _wait_a_turn(task, _held(value, error))
    except StopIteration as stop:
        parent = task._finish(_FINISHED, stop.value)
    except Return as stop:
        parent = task._finish(_FINISHED, stop.value)
    except BaseException as failed:
        parent = _finish_with_error(task, failed)
    if not cython.compiled:
        try:
            return parent
        finally:
            task = parent = child = source = waiting = generator = yielded = value = failure = None
            gathering = converted = None
    return parent


@cython.cfunc
def _wait_for(task: CoroutineFuture, what: Any) -> CoroutineFuture:
    """Note what the coroutine waits for; a cancellation that came while it ran goes there."""
    task._waiting = what
    if task._loop_ is None:
        # The loop is that of what is waited for, which costs nothing to know. To ask asyncio for
        # it is a system call in Python 3.11.
        if type(what) is _Future:
            task._loop_ = _future_get_loop(what)
        elif type(what) is CoroutineFuture:
            child: CoroutineFuture = what
            task._loop_ = child._loop_
    if _observer is not None:
        if type(what) is _Gathering:
            gathering: _Gathering = what
            _observer.waits(task, gathering.children)
        else:
            _observer.waits(task, what)
    if task._must_cancel:
        _cancel(task, _take_message(task))
    return None


@cython.cfunc
def _wait_a_turn(task: CoroutineFuture, source: Any) -> CoroutineFuture:
    task._the_loop().call_soon(task._wake, source, context=task._context)
    task._waiting = source
    if _observer is not None:
        _observer.waits(task, None)
    return None


@cython.cfunc
def _held(value: Any, error: Any) -> CoroutineFuture:
    """Keep what a coroutine is to receive until the next turn of the loop."""
    held: CoroutineFuture = _new()
    if error is None:
        held._state = _FINISHED
        held._outcome = value
    else:
        _fail(held, error)
    return held


@cython.cfunc
def _finish_with_error(task: CoroutineFuture, error: Any) -> CoroutineFuture:
    if isinstance(error, _CancelledError):
        return task._finish(_CANCELLED, _without_our_frames(error))
    parent: CoroutineFuture = task._finish(_FAILED, error)
    if isinstance(error, (KeyboardInterrupt, SystemExit)):
        # These stop the program: they go to whoever runs the loop as well as to the waiter.
        if parent is not None:
            parent._the_loop().call_soon(parent._wake, task, context=parent._context)
        if task._callbacks is not None:
            task._schedule_callbacks()
        raise error
    return parent


@cython.cfunc
def _take_message(task: CoroutineFuture) -> Any:
    """Take the cancellation that is still to be delivered, and return its message."""
    task._must_cancel = False
    if task._state != _PENDING:
        return None  # resolved from outside since: ``_outcome`` is the outcome
    message = task._outcome
    task._outcome = None
    return message


@cython.cfunc
def _cancellation(task: CoroutineFuture) -> Any:
    """Take the cancellation that is still to be delivered, as an exception."""
    message = _take_message(task)
    return _CancelledError() if message is None else _CancelledError(message)


@cython.cfunc
def _cancel(first: CoroutineFuture, message: Any) -> Any:
    """Cancel a pending coroutine: find what the innermost of its chain waits for.

    By iteration, with a list of what is still to do, because chains and nests are as deep as
    programs make them; and each coroutine once, because several may wait for the same one, or in
    a circle for each other.
    """
    task: CoroutineFuture
    gathering: _Gathering
    todo: list[Any] = [first]
    seen: set[Any] = set()
    reached: cython.bint = False  # an end of the chain, whose cancellation resumes the rest
    while todo:
        task = todo.pop()
        if task._state != _PENDING or task in seen:
            continue
        seen.add(task)
        waiting = task._waiting
        if type(waiting) is CoroutineFuture and not waiting.done():
            todo.append(waiting)
            continue
        if type(waiting) is _Gathering:
            gathering = waiting
            task._must_cancel = True
            task._outcome = message
            before = len(todo)
            for index in range(gathering.at, len(gathering.children)):
                child = gathering.children[index]
                if child.done():
                    continue
                if type(child) is CoroutineFuture:
                    todo.append(child)
                elif not child.cancel():
                    # A thread cannot be stopped; the coroutine does not wait for it.
                    gathering.children[index] = _cancelled_future()
                    if index == gathering.at:
                        task._the_loop().call_soon(
                            task._wake, gathering.children[index], context=task._context
                        )
            if len(todo) > before:
                continue
        elif task._generator is None:
            _cancel_plain(task, message)
        elif isinstance(waiting, _PoolFuture):
            task._must_cancel = True
            task._outcome = message
            if not waiting.cancel():
                _wait_a_turn(task, _TURN)
        elif (
            waiting is None
            or waiting is _TURN
            or type(waiting) is CoroutineFuture
            or not (waiting.cancel() if message is None else waiting.cancel(msg=message))
        ):
            # It runs at this moment, or its wake-up is under way: the next step delivers.
            task._must_cancel = True
            task._outcome = message
        reached = True
    if not reached and first._state == _PENDING:
        # A circle of coroutines that wait for each other: it is broken here.
        first._must_cancel = True
        first._outcome = message
        _wait_a_turn(first, _TURN)
    return None


@cython.cfunc
def _cancelled_future() -> CoroutineFuture:
    future: CoroutineFuture = _new()
    future._state = _CANCELLED
    return future


@cython.cfunc
def _cancel_plain(task: CoroutineFuture, message: Any) -> Any:
    """Cancel a future without a coroutine: a timer, or one that somebody would resolve."""
    timer = task._waiting
    task._waiting = None
    if timer is not None:
        timer.cancel()
    task._resolve(_CANCELLED, _CancelledError() if message is None else _CancelledError(message))
    return None


moment = done_future(None)
_moment = cython.declare(CoroutineFuture, moment)
