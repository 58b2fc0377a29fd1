"""Waiting for time to pass, for the first of several, for no longer than so long.

Layer: engine. Imports from ``_base`` only.
"""

from __future__ import annotations

import asyncio
import collections
import datetime
import functools
from collections.abc import Callable, Generator, Iterable
from types import TracebackType
from typing import Any

from whirlwind._base.log import app_log
from whirlwind._base.old_arguments import accepts_old
from whirlwind._engine import runner_cy
from whirlwind._engine.clock import delay_until
from whirlwind._engine.futures import call_in_loop
from whirlwind._engine.register import register
from whirlwind._engine.yieldables import convert_yielded, is_future


def sleep(duration: float) -> asyncio.Future[None]:
    """Return a future that is done after ``duration`` seconds, on the loop's clock.

    Cancelling it removes its timer.
    """
    future: asyncio.Future[None] = runner_cy.timer_future(asyncio.get_event_loop(), duration)
    if register.is_open:
        register.label(future, f"sleep of {duration:g} s")
    return future


def multi(children: Any, quiet_exceptions: Any = ()) -> asyncio.Future[Any]:
    """Return a future of the results of several things, which run at the same time.

    A coroutine can yield a list or a dict as it is; ``multi`` is for ``await``, and for
    ``quiet_exceptions``.

    Args:
        children: A list or other iterable of yieldable things, or a dict; they may be nested.
        quiet_exceptions: Types of exceptions. If several children fail, the first failure (in the
            order of the list) is raised and the others are logged, except those of these types.

    Returns:
        A future of a list in the order of the children, or of a dict under their keys, once all
        children have ended.
    """
    future: asyncio.Future[Any] = runner_cy.multi(children, quiet_exceptions)
    return future


multi_future = multi


def maybe_future(x: Any) -> Any:
    """Return ``x`` if it is a future, else a future that is done with ``x``."""
    return x if is_future(x) else runner_cy.done_future(x)


@accepts_old("io_loop")
def with_timeout(
    timeout: float | datetime.timedelta,
    future: Any,
    quiet_exceptions: Any = (),
    *,
    message: str | Callable[[], str] | None = None,
    io_loop: Any = None,  # noqa: ARG001
) -> asyncio.Future[Any]:
    """Wait for ``future``, but no longer than until ``timeout``.

    Args:
        timeout: A ``timedelta`` from now, or absolute seconds on the clock of ``IOLoop.time()``.
        future: Anything yieldable. It is not cancelled when time is up: others may wait for it.
        quiet_exceptions: Types of exceptions that are not logged if ``future`` fails with one
            after the timeout.
        io_loop: Ignored; programs for Tornado 4 pass it.
        message: The text of the ``TimeoutError``, or a function that makes it when it is needed.

    Returns:
        A future of the same outcome.

    Raises:
        TimeoutError: In the future, when time was up first.
    """
    source = convert_yielded(future)
    result = runner_cy.new_future()
    loop = asyncio.get_event_loop()

    def copy(done: Any) -> None:
        if result.done():
            if not done.cancelled() and (error := done.exception()) is not None:
                _log_late_error(done, error, quiet_exceptions)
        elif done.cancelled():
            result.cancel()
        elif (error := done.exception()) is not None:
            result.set_exception(error)
        else:
            result.set_result(done.result())

    def expire(source: Any) -> None:
        # The timer holds the source: a coroutine that only we wait for must not be collected.
        # uvloop runs timers before the callbacks of what is done already: copy() is to come.
        if not result.done() and not source.done():
            text = message() if callable(message) else message
            result.set_exception(TimeoutError("Timeout" if text is None else text))

    if source.done():
        copy(source)
        return result  # type: ignore[no-any-return]
    handle = loop.call_later(max(0, delay_until(timeout, loop)), expire, source)
    result.add_done_callback(lambda _: handle.cancel())
    if isinstance(source, asyncio.Future):
        source.add_done_callback(copy)
    else:
        source.add_done_callback(functools.partial(call_in_loop, loop, copy))
    return result  # type: ignore[no-any-return]


def _log_late_error(future: Any, error: BaseException, quiet_exceptions: Any) -> None:
    if not isinstance(error, quiet_exceptions):
        app_log.error("Exception in Future %r after timeout", future, exc_info=error)


class WaitIterator:
    """Go through futures in the order in which they end.

    ::

        iterator = gen.WaitIterator(first, second)
        while not iterator.done():
            try:
                result = yield iterator.next()
            except Exception as error:
                print(f"{iterator.current_index} failed: {error}")

    or ``async for result in gen.WaitIterator(…)``, where an error ends the loop.

    Args:
        args: Futures; ``current_index`` is the position.
        kwargs: Futures; ``current_index`` is the name. Either these or those.

    Attributes:
        current_index: Which future the latest ``next()`` gave; None before the first has ended.
        current_future: That future.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if args and kwargs:
            raise ValueError("WaitIterator takes positional or keyword arguments, not both")
        named: Iterable[tuple[Any, Any]] = kwargs.items() if kwargs else enumerate(args)
        # One future may stand in several places, and is then given out once for each.
        self._unfinished: dict[Any, collections.deque[Any]] = {}
        for index, future in named:
            self._unfinished.setdefault(future, collections.deque()).append(index)
        self.current_index: Any = None
        self.current_future: Any = None
        self._finished: collections.deque[Any] = collections.deque()
        self._running: Any = None
        for future in list(self._unfinished):
            _when_done(future, self._ended)

    def done(self) -> bool:
        """Tell whether all futures have been given out."""
        if self._finished or self._unfinished:
            return False
        self.current_index = self.current_future = None
        return True

    def next(self) -> asyncio.Future[Any]:
        """Return a future of the outcome of the next future that ends.

        ``current_index`` and ``current_future`` tell which it was, once the returned one is done.
        """
        self._running = runner_cy.new_future()
        if self._finished:
            self._give(self._finished.popleft())
        return self._running  # type: ignore[no-any-return]

    def _ended(self, future: Any) -> None:
        for _ in self._unfinished[future]:
            self._finished.append(future)
        if self._running is not None and not self._running.done() and self._finished:
            self._give(self._finished.popleft())

    def _give(self, future: Any) -> None:
        indexes = self._unfinished[future]
        self.current_index = indexes.popleft()
        if not indexes:
            del self._unfinished[future]
        self.current_future = future
        running, self._running = self._running, None
        if future.cancelled():
            running.cancel()
        elif (error := future.exception()) is not None:
            running.set_exception(error)
        else:
            running.set_result(future.result())
        self._running = running

    def __aiter__(self) -> WaitIterator:
        return self

    def __anext__(self) -> asyncio.Future[Any]:
        if self.done():
            raise StopAsyncIteration
        return self.next()


def _when_done(future: Any, callback: Callable[[Any], Any]) -> None:
    if future.done():
        callback(future)
    elif isinstance(future, asyncio.Future):
        future.add_done_callback(callback)
    else:
        loop = asyncio.get_event_loop()
        future.add_done_callback(functools.partial(call_in_loop, loop, callback))


class Runner:
    """Runs a generator whose first ``yield`` has happened, and puts its outcome into a future.

    The engine does not use it; it is for programs that drive generators of their own.

    Args:
        ctx_run: ``Context.run`` of the context that the generator runs in.
        gen: The generator.
        result_future: Receives the outcome.
        first_yielded: What the generator yielded first.

    Attributes:
        ctx_run, gen, result_future: As above; ``result_future`` is None once it has the outcome.
        future: What the generator waits for; None while it runs and at its end.
        running: True while the generator is executing.
        finished: True once it has come to its end.
    """

    def __init__(
        self,
        ctx_run: Callable[..., Any],
        gen: Generator[Any, Any, Any],
        result_future: asyncio.Future[Any],
        first_yielded: Any,
    ) -> None:
        self.ctx_run = ctx_run
        self.gen = gen
        self.result_future: asyncio.Future[Any] | None = result_future
        self.future: Any = None
        self.running = False
        self.finished = False
        if self.handle_yield(first_yielded):
            self.run()

    def run(self) -> None:
        """Go on with the generator, if what it waits for is done, as far as it goes at once."""
        if self.running or self.finished:
            return
        self.running = True
        try:
            while self.future is not None and self.future.done():
                waited, self.future = self.future, None
                try:
                    yielded = self._step(waited)
                except StopIteration as stop:
                    self._end(value=stop.value)
                except BaseException as error:
                    self._end(error)
                    if not isinstance(error, Exception | asyncio.CancelledError):
                        raise
                else:
                    self.handle_yield(yielded)
        finally:
            self.running = False

    def handle_yield(self, yielded: Any) -> bool:
        """Take what the generator yielded, and wait for it.

        Returns:
            True if it is done: ``run`` can go on at once.
        """
        try:
            self.future = convert_yielded(yielded)
        except Exception as error:  # nothing that one could wait for
            self.future = asyncio.get_event_loop().create_future()
            self.future.set_exception(error)
        if yielded is None or yielded is runner_cy.moment:
            # Done, and meant to let others have a turn.
            self.future = asyncio.get_event_loop().create_future()
            asyncio.get_event_loop().call_soon(self.future.set_result, None)
        if self.future.done():
            return True
        _when_done(self.future, self._go_on)
        return False

    def handle_exception(
        self, typ: type[BaseException], value: BaseException, tb: TracebackType | None
    ) -> bool:
        """Throw an exception into the generator instead of what it waits for.

        Args:
            typ, value, tb: The exception, as ``sys.exc_info`` has it.

        Returns:
            True if the generator was given it; False if it runs at the moment, or has ended.
        """
        if self.running or self.finished:
            return False
        self.future = asyncio.get_event_loop().create_future()
        self.future.set_exception(value.with_traceback(tb))
        self.run()
        return True

    def _go_on(self, future: Any) -> None:
        if future is self.future:  # not one that an exception took the place of
            self.run()

    def _step(self, waited: Any) -> Any:
        try:
            value = waited.result()
        except BaseException as error:
            return self.ctx_run(self.gen.throw, error)
        return self.ctx_run(self.gen.send, value)

    def _end(self, error: BaseException | None = None, value: Any = None) -> None:
        self.finished = True
        result, self.result_future = self.result_future, None
        if result is None or result.done():
            return
        if isinstance(error, asyncio.CancelledError):
            result.cancel()
        elif error is not None:
            result.set_exception(error)
        else:
            result.set_result(value)
