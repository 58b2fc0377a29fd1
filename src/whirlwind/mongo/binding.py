"""Which event loop a client belongs to, and how its calls are started there.

Layer: public package ``mongo``.

Theory of operation
-------------------
PyMongo's asynchronous client belongs to the event loop of its first operation: its connections
are transports of that loop. Motor programs make the client before any loop runs, often in a
module, and expect a call to start at once and to return a Future.

So a binding starts out free and takes the first of: the loop that was named with ``io_loop=``,
the loop that runs when the first call is made, the current ``IOLoop``. From then on a call from
elsewhere is refused before anything is sent, with a message that names the mistake. Each call
becomes a task of that loop: a Future that everything can wait for and whose cancelling cancels
the operation. On Python 3.12 and later the task runs to its first wait before the call returns;
before that the loop starts it on its next turn.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from whirlwind._base.errors import WhirlwindError
from whirlwind._net.asyncio_loop import BaseAsyncIOLoop
from whirlwind._net.ioloop import IOLoop

T = TypeVar("T")

# A task that starts eagerly saves the turn of the loop before the first byte is sent.
_EAGER: Final = sys.version_info >= (3, 12)


class WrongLoopError(WhirlwindError, RuntimeError):
    """A client was used on another event loop than its own, or from another thread.

    Make one client for each loop, inside the code that runs on it or with ``io_loop=``.
    """


class LoopBinding:
    """Ties one client to one event loop and starts its calls there.

    Args:
        io_loop: An ``IOLoop``, or an asyncio event loop; None takes the loop of the first call.
        face: What the program calls a loop, of an asyncio loop.
        family: What the names of the classes begin with where the program has them from.

    Raises:
        TypeError: ``io_loop`` is neither.
    """

    __slots__ = ("_answers", "_face", "_io_loop", "_loop", "family")

    def __init__(
        self,
        io_loop: Any = None,
        face: Callable[[asyncio.AbstractEventLoop], Any] | None = None,
        family: str = "",
    ) -> None:
        self.family = family
        self._io_loop = io_loop
        self._face = face or io_loop_of
        self._loop: asyncio.AbstractEventLoop | None = None
        self._answers: dict[bool, asyncio.Future[bool]] = {}
        if io_loop is not None:
            loop = getattr(io_loop, "asyncio_loop", io_loop)
            if not isinstance(loop, asyncio.AbstractEventLoop):
                raise TypeError(
                    f"io_loop must be an IOLoop or an asyncio event loop, not {io_loop!r:.80}"
                )
            self._loop = loop

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The asyncio loop of this client; None as long as nothing has decided it."""
        return self._loop

    @property
    def io_loop(self) -> Any:
        """What was given as ``io_loop``, or the face of the loop that the client is bound to.

        A client that is still free says what it would be bound to now, and stays free.

        Raises:
            WrongLoopError: The client is bound to a loop that is not the current one, for
                which no ``IOLoop`` was named.
        """
        if self._io_loop is not None:
            return self._io_loop
        return self._face(_current().asyncio_loop if self._loop is None else self._loop)

    def enter(self) -> asyncio.AbstractEventLoop:
        """Return the client's loop, bound now if it was free.

        Raises:
            WrongLoopError: The call does not come from the client's loop.
        """
        try:
            running = asyncio.get_running_loop()
        except RuntimeError:
            return self._enter_from_outside()
        bound = self._loop
        if bound is running:
            return running
        if bound is None:
            self._loop = running
            return running
        raise WrongLoopError(
            "this MotorClient is bound to another event loop"
            f"{' that is closed' if bound.is_closed() else ''}: it belongs to the loop of its"
            " first operation (or to io_loop=); make one client for each loop"
        )

    def _enter_from_outside(self) -> asyncio.AbstractEventLoop:
        bound = self._loop
        if bound is None:
            self._loop = bound = _current().asyncio_loop
        elif bound.is_closed():
            raise WrongLoopError(
                "the event loop of this MotorClient is closed; make a client for the new one"
            )
        elif bound.is_running():
            raise WrongLoopError(
                "a MotorClient is not thread-safe: call it on the thread of its event loop, for"
                " example through IOLoop.add_callback"
            )
        return bound

    def start(
        self, function: Callable[..., Coroutine[Any, Any, T]], /, *args: Any, **kwargs: Any
    ) -> asyncio.Future[T]:
        """Call a coroutine function and run it on the client's loop as a task.

        Args:
            function: Called at once, so that wrong arguments raise here.

        Returns:
            The task. Cancelling it cancels the operation.

        Raises:
            WrongLoopError: The call does not come from the client's loop; nothing was started.
        """
        loop = self.enter()
        if _EAGER:
            return asyncio.Task(function(*args, **kwargs), loop=loop, eager_start=True)  # type: ignore[call-arg]
        return loop.create_task(function(*args, **kwargs))

    def finished(self, result: T) -> asyncio.Future[T]:
        """Return a new Future that is done."""
        future: asyncio.Future[T] = self.enter().create_future()
        future.set_result(result)
        return future

    def answer(self, yes: bool) -> asyncio.Future[bool]:
        """Return a done Future of a truth value, the same one each time.

        A loop over a cursor asks for one of these for each document. A done Future cannot
        change any more, so that all who wait may share it.
        """
        try:
            return self._answers[yes]
        except KeyError:
            return self._answers.setdefault(yes, self.finished(yes))

    def release(self) -> None:
        """Forget the loop: in a forked child the parent's loop is not one that runs."""
        self._io_loop = None
        self._loop = None
        self._answers.clear()


def _current() -> BaseAsyncIOLoop:
    current = IOLoop.current()
    assert isinstance(current, BaseAsyncIOLoop)  # a loop without asyncio cannot carry PyMongo
    return current


def io_loop_of(loop: asyncio.AbstractEventLoop) -> IOLoop:
    """Return the ``IOLoop`` of an asyncio loop that is the current one.

    Raises:
        WrongLoopError: Another loop is; an ``IOLoop`` can then only be given with ``io_loop=``.
    """
    current = _current()
    if current.asyncio_loop is not loop:
        raise WrongLoopError("this MotorClient is bound to another event loop")
    return current


def run_without_waiting(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that has nothing to wait for, and return its result.

    PyMongo made some calls asynchronous that only change an object in memory; Motor has them as
    ordinary methods.

    Raises:
        RuntimeError: It did wait; it has been closed.
    """
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    coroutine.close()
    raise RuntimeError(f"{coroutine!r:.80} has to wait; call it where it can be awaited")
