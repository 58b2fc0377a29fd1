"""Which asyncio loop a thread has, and which kind is made where it has none.

Layer: net. Imports from the standard library, and from uvloop or winloop where installed.

The choice, made by ``new_asyncio_loop`` and nowhere else
----------------------------------------------------------
1. The environment variable ``WHIRLWIND_LOOP``, ``asyncio`` or ``uvloop``.
2. A program that set an event loop policy of its own asked for that policy's loops.
3. uvloop where it is installed, on Windows winloop.
4. asyncio's own loop.

It is asked only where whirlwind has to make a loop. Inside a loop that somebody else started,
and in a thread for which ``asyncio.set_event_loop`` was called, that loop is used as it is.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
from collections.abc import Callable
from typing import Any, Final

_VARIABLE: Final = "WHIRLWIND_LOOP"
_FAST: Final = "winloop" if sys.platform == "win32" else "uvloop"


def new_asyncio_loop() -> asyncio.AbstractEventLoop:
    """Make an asyncio loop of the kind that this process uses; see above.

    Raises:
        ValueError: ``WHIRLWIND_LOOP`` is neither ``asyncio`` nor ``uvloop``.
        ImportError: ``WHIRLWIND_LOOP`` asks for uvloop, which is not installed.
    """
    asked = os.environ.get(_VARIABLE, "")
    if asked == "asyncio":
        return asyncio.new_event_loop()
    if asked == "uvloop":
        return _fast_maker()()
    if asked:
        raise ValueError(f"{_VARIABLE}={asked[:40]!r}: expected 'asyncio' or 'uvloop'")
    if _has_own_policy():
        return asyncio.new_event_loop()
    try:
        make = _fast_maker()
    except ImportError:
        return asyncio.new_event_loop()
    return make()


def current_asyncio_loop() -> asyncio.AbstractEventLoop | None:
    """Return the loop that runs in this thread, else the open one that is set for it, else None.

    Unlike ``asyncio.get_event_loop`` it never makes one and never warns.
    """
    loop = asyncio._get_running_loop()
    if loop is None:
        loop = _set_loop()
        if loop is not None and loop.is_closed():
            return None
    return loop


def loop_was_set() -> bool:
    """Return whether ``asyncio.set_event_loop`` was called in this thread, be it with None."""
    return bool(getattr(getattr(_policy(), "_local", None), "_set_called", False))


def unset_loop() -> None:
    """Take this thread's loop away as though none had been set.

    ``asyncio.set_event_loop(None)`` does more: after it ``asyncio.get_event_loop()`` raises in the
    main thread as well, where up to Python 3.13 it makes a loop.
    """
    asyncio.set_event_loop(None)
    local: Any = getattr(_policy(), "_local", None)
    if local is not None and hasattr(local, "_set_called"):
        local._set_called = False


def _fast_maker() -> Callable[[], asyncio.AbstractEventLoop]:
    # Imported here because it is an optional dependency: uvloop, on Windows winloop.
    maker: Callable[[], asyncio.AbstractEventLoop] = importlib.import_module(_FAST).new_event_loop
    return maker


# Policies are on their way out of asyncio: asking for the policy through its interface warns
# from Python 3.14 on, and makes one. The attribute below is None until one was set or needed.
def _policy() -> object | None:
    return getattr(asyncio.events, "_event_loop_policy", None)


def _has_own_policy() -> bool:
    policy = _policy()
    return policy is not None and type(policy).__name__ not in {
        "_UnixDefaultEventLoopPolicy",
        "_DefaultEventLoopPolicy",
        "WindowsProactorEventLoopPolicy",
        "_WindowsProactorEventLoopPolicy",
    }


def _set_loop() -> asyncio.AbstractEventLoop | None:
    if sys.version_info < (3, 14):
        policy = _policy()
        if policy is None:
            return None
        # Up to 3.13 get_event_loop() makes a loop in the main thread if none is set. It would be
        # of the wrong kind, and asking must have no effect; so look where the policy keeps it.
        local = getattr(policy, "_local", None)
        if local is not None:
            loop: asyncio.AbstractEventLoop | None = getattr(local, "_loop", None)
            return loop
    try:
        return asyncio.get_event_loop()
    except RuntimeError:
        return None
