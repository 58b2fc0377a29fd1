"""Callbacks under keys, and the yield points of Tornado 3 and 4.

Layer: engine. Imports from ``_base`` only.

Before there were futures, a coroutine waited for *yield points*: objects with ``start(runner)``,
``is_ready()`` and ``get_result()``. ``Callback(key)`` announces a result and gives a function that
delivers it; ``Wait(key)`` waits for the delivery. Programs also wrote yield points of their own.

Here the ``runner`` that a yield point is started with is a ``KeyedResults``, made for a coroutine
when it first yields one; the engine itself knows only futures.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any, NamedTuple

from whirlwind._base.errors import KeyReuseError, LeakedCallbackError, UnknownKeyError
from whirlwind._engine import runner_cy


class Arguments(NamedTuple):
    """What a callback was called with, when that was more than one positional argument.

    Attributes:
        args: The positional arguments.
        kwargs: The keyword arguments.
    """

    args: tuple[Any, ...]
    kwargs: dict[str, Any]


def only_argument(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return what a callback was called with: the one argument, None, or ``Arguments``."""
    if kwargs or len(args) > 1:
        return Arguments(args, kwargs)
    return args[0] if args else None


class YieldPoint:
    """The base of yieldable objects of Tornado 3 and 4; use a future in new code."""

    def start(self, runner: KeyedResults) -> None:
        """Begin. Called once, when the object is yielded.

        Args:
            runner: Where results arrive under keys; keep it to ask it in ``is_ready()``.
        """
        raise NotImplementedError

    def is_ready(self) -> bool:
        """Tell whether ``get_result()`` may be called. Asked after each delivery."""
        raise NotImplementedError

    def get_result(self) -> Any:
        """Return what the ``yield`` gives, or raise what it raises. Called once."""
        raise NotImplementedError


class KeyedResults:
    """The results that one coroutine expects under keys, and the yield points that wait."""

    def __init__(self) -> None:
        self._expected: set[Hashable] = set()
        self._results: dict[Hashable, Any] = {}
        self._waiting: list[tuple[YieldPoint, Any]] = []

    def register_callback(self, key: Hashable) -> None:
        """Expect a result under ``key``.

        Raises:
            KeyReuseError: One is expected, or has come and was not fetched.
        """
        if key in self._expected:
            raise KeyReuseError(f"key {key!r} is already pending")
        self._expected.add(key)

    def is_ready(self, key: Hashable) -> bool:
        """Tell whether the result of ``key`` has come.

        Raises:
            UnknownKeyError: Nothing is expected under ``key``.
        """
        if key not in self._expected:
            raise UnknownKeyError(f"key {key!r} is not pending")
        return key in self._results

    def set_result(self, key: Hashable, result: Any) -> None:
        """Deliver a result, and let go on whoever waited for it."""
        self._results[key] = result
        waiting, self._waiting = self._waiting, []
        for entry in waiting:
            if not self._settle(*entry):
                self._waiting.append(entry)

    def pop_result(self, key: Hashable) -> Any:
        """Take the result of ``key``; the key may then be used again."""
        self._expected.discard(key)
        return self._results.pop(key)

    def result_callback(self, key: Hashable) -> Callable[..., None]:
        """Return a function that delivers what it is called with under ``key``."""

        def deliver(*args: Any, **kwargs: Any) -> None:
            self.set_result(key, only_argument(args, kwargs))

        return deliver

    def start(self, point: YieldPoint) -> Any:
        """Start a yield point, and return a future of what it will give."""
        point.start(self)
        return self.wait_for(point)

    def wait_for(self, point: YieldPoint) -> Any:
        """Return a future of what ``point``, which has been started, will give."""
        future = runner_cy.new_future()
        if not self._settle(point, future):
            self._waiting.append((point, future))
        return future

    def _settle(self, point: YieldPoint, future: Any) -> bool:
        if future.done():  # cancelled
            return True
        try:
            if not point.is_ready():
                return False
            future.set_result(point.get_result())
        except Exception as error:
            future.set_exception(error)
        return True

    def leak(self) -> Exception | None:
        """Return the error for a coroutine that ends while results are expected, if any are."""
        if not self._expected:
            return None
        keys = ", ".join(sorted(repr(key) for key in self._expected))
        return LeakedCallbackError(f"finished without waiting for callbacks {keys}")


def results_of(task: Any) -> KeyedResults:
    """Return the keyed results of a coroutine, made when they are first asked for."""
    if task is None:
        return KeyedResults()
    results: KeyedResults | None = runner_cy.get_extra(task)
    if results is None:
        results = KeyedResults()
        runner_cy.set_extra(task, results)
    return results


class Callback(YieldPoint):
    """Yield it to get a function to be used as a callback; ``Wait`` with the same key waits for it.

    Args:
        key: Any hashable; unique among the coroutine's callbacks that nobody has waited for yet.
    """

    def __init__(self, key: Hashable) -> None:
        self.key = key

    def start(self, runner: KeyedResults) -> None:
        self._runner = runner
        runner.register_callback(self.key)

    def is_ready(self) -> bool:
        return True

    def get_result(self) -> Callable[..., None]:
        return self._runner.result_callback(self.key)


class Wait(YieldPoint):
    """Yield it to get what the callback of ``key`` was called with."""

    def __init__(self, key: Hashable) -> None:
        self.key = key

    def start(self, runner: KeyedResults) -> None:
        self._runner = runner

    def is_ready(self) -> bool:
        return self._runner.is_ready(self.key)

    def get_result(self) -> Any:
        return self._runner.pop_result(self.key)


class WaitAll(YieldPoint):
    """Yield it to get what the callbacks of several keys were called with, in the keys' order."""

    def __init__(self, keys: Iterable[Hashable]) -> None:
        self.keys = list(keys)

    def start(self, runner: KeyedResults) -> None:
        self._runner = runner

    def is_ready(self) -> bool:
        # Each key is asked, so that one that nobody announced is an error even behind a late one.
        ready = [self._runner.is_ready(key) for key in self.keys]
        return all(ready)

    def get_result(self) -> list[Any]:
        return [self._runner.pop_result(key) for key in self.keys]


class YieldFuture(YieldPoint):
    """A future as a yield point."""

    def __init__(self, future: Any, io_loop: Any = None) -> None:
        self.future = future

    def start(self, runner: KeyedResults) -> None:
        if not self.future.done():
            key = object()
            runner.register_callback(key)
            deliver = runner.result_callback(key)
            self._key: object | None = key
            self._runner = runner
            self.future.add_done_callback(deliver)
        else:
            self._key = None

    def is_ready(self) -> bool:
        return self._key is None or self._runner.is_ready(self._key)

    def get_result(self) -> Any:
        if self._key is not None:
            self._runner.pop_result(self._key)
        return self.future.result()


class MultiYieldPoint(YieldPoint):
    """Several yield points or futures, waited for together.

    Args:
        children: A list of them, or a dict.
        quiet_exceptions: Exception types of which errors after the first are not logged.
    """

    def __init__(self, children: Any, quiet_exceptions: Any = ()) -> None:
        self._children = children
        self._quiet = quiet_exceptions

    def start(self, runner: KeyedResults) -> None:
        points = self._children.values() if isinstance(self._children, dict) else self._children
        futures = []
        for point in points:
            if isinstance(point, YieldPoint):
                futures.append(runner.start(point))
            else:
                futures.append(point)
        if isinstance(self._children, dict):
            all_of_them = runner_cy.multi(
                dict(zip(self._children, futures, strict=True)), self._quiet
            )
        else:
            all_of_them = runner_cy.multi(futures, self._quiet)
        self._whole = YieldFuture(all_of_them)
        self._whole.start(runner)

    def is_ready(self) -> bool:
        return self._whole.is_ready()

    def get_result(self) -> Any:
        return self._whole.get_result()
