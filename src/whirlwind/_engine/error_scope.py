"""Where an exception goes that a callback raises after its caller has returned.

Layer: engine. Imports from the standard library only.

A function that takes a callback and schedules work on the loop can fail in that later work,
when nobody is left on the stack. ``gen.Task`` still wants the exception: it is what the
coroutine waits for. A scope is a function in a context variable; callbacks inherit the context
they were scheduled in, and the loop asks ``deliver()`` before it logs an exception.

Interfaces without a future (``gen.engine``, ``callback=`` of a coroutine) have nobody to give an
exception to at all. They ask ``deliver_homeless()``, which knows one receiver more: a test case
that wants to fail for it.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_scope: contextvars.ContextVar[Callable[[BaseException], bool] | None] = contextvars.ContextVar(
    "whirlwind_error_scope", default=None
)

_home: contextvars.ContextVar[Callable[[BaseException], bool] | None] = contextvars.ContextVar(
    "whirlwind_home_of_errors", default=None
)


@contextmanager
def errors_to(receiver: Callable[[BaseException], bool]) -> Iterator[None]:
    """Send exceptions of callbacks scheduled inside the block to ``receiver``.

    Args:
        receiver: Called with the exception; returns True if it took it.
    """
    token = _scope.set(receiver)
    try:
        yield
    finally:
        _scope.reset(token)


def deliver(error: BaseException) -> bool:
    """Offer an exception to the scope of the current context.

    Returns:
        True if a receiver took it; False if it is still the caller's to log.
    """
    receiver = _scope.get()
    return receiver is not None and receiver(error)


@contextmanager
def homeless_errors_to(receiver: Callable[[BaseException], bool]) -> Iterator[None]:
    """Send exceptions that have no future to be in to ``receiver``, where no scope takes them.

    Args:
        receiver: Called with the exception; returns True if it took it.
    """
    token = _home.set(receiver)
    try:
        yield
    finally:
        _home.reset(token)


def deliver_homeless(error: BaseException) -> bool:
    """Offer an exception of an interface without a future to the scope, then to its home.

    Returns:
        True if a receiver took it; False if it is still the caller's to log.
    """
    if deliver(error):
        return True
    receiver = _home.get()
    return receiver is not None and receiver(error)
