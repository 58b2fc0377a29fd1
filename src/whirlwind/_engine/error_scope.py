"""Where an exception goes that a callback raises after its caller has returned.

Layer: engine. Imports from the standard library only.

A function that takes a callback and schedules work on the loop can fail in that later work,
when nobody is left on the stack. ``gen.Task`` still wants the exception: it is what the
coroutine waits for. A scope is a function in a context variable; callbacks inherit the context
they were scheduled in, and the loop asks ``deliver()`` before it logs an exception. Scopes nest:
what the innermost does not take is offered to the next one out.

Interfaces without a future (``gen.engine``, ``callback=`` of a coroutine) have nobody to give an
exception to at all. They ask ``deliver_homeless()``, which knows one receiver more: a test case
that wants to fail for it.

``stack_context`` adds scopes of a second kind, whose context managers are entered again around
each callback. It says so in ``Reentry.run``; while nobody uses it, that is None and costs a look.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

Receiver = Callable[[BaseException], bool]


class Scope:
    """One receiver, and the scope around it.

    Attributes:
        outer: The scope around this one; None for the outermost.
        receiver: Called with an exception; returns True if it took it. None for a scope of
            ``stack_context`` that only enters a context manager.
        over: Returns True once the receiver takes nothing any more; None if it always may.
    """

    __slots__ = ("outer", "over", "receiver")

    def __init__(
        self,
        outer: Scope | None,
        receiver: Receiver | None,
        over: Callable[[], bool] | None = None,
    ) -> None:
        # A callback that begins the next operation, and so on for ever, must not leave a chain.
        while outer is not None and outer.over is not None and outer.over():
            outer = outer.outer
        self.outer: Scope | None = outer
        self.receiver = receiver
        self.over: Callable[[], bool] | None = over


class Reentry:
    """What the loop runs callbacks by, once ``stack_context`` is in use.

    Attributes:
        run: None, or ``(callback, report) -> result``; ``report(callback)`` is called inside the
            handler of an exception that nobody took.
    """

    run: ClassVar[Callable[[Callable[[], Any], Callable[[Any], None]], Any] | None] = None


scope: contextvars.ContextVar[Scope | None] = contextvars.ContextVar(
    "whirlwind_error_scope", default=None
)

home: contextvars.ContextVar[Receiver | None] = contextvars.ContextVar(
    "whirlwind_home_of_errors", default=None
)


@contextmanager
def errors_to(receiver: Receiver, over: Callable[[], bool] | None = None) -> Iterator[None]:
    """Send exceptions of callbacks scheduled inside the block to ``receiver``.

    Args:
        receiver: Called with the exception; returns True if it took it.
        over: Returns True once ``receiver`` takes nothing any more; the scope is then forgotten.
            None if it always may.
    """
    token = scope.set(Scope(scope.get(), receiver, over))
    try:
        yield
    finally:
        scope.reset(token)


def deliver(error: BaseException) -> bool:
    """Offer an exception to the scopes of the current context, the innermost first.

    Returns:
        True if a receiver took it; False if it is still the caller's to log.
    """
    asked = scope.get()
    while asked is not None:
        if asked.receiver is not None and asked.receiver(error):
            return True
        asked = asked.outer
    return False


@contextmanager
def homeless_errors_to(receiver: Receiver) -> Iterator[None]:
    """Send exceptions that have no future to be in to ``receiver``, where no scope takes them.

    Args:
        receiver: Called with the exception; returns True if it took it.
    """
    token = home.set(receiver)
    try:
        yield
    finally:
        home.reset(token)


def deliver_homeless(error: BaseException) -> bool:
    """Offer an exception of an interface without a future to the scope, then to its home.

    Returns:
        True if a receiver took it; False if it is still the caller's to log.
    """
    if deliver(error):
        return True
    receiver = home.get()
    return receiver is not None and receiver(error)
