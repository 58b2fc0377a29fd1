"""Names from the time when asyncio futures and loops of every thread needed a word to be used.

Layer: net. Imports from ``_engine``.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import warnings
from typing import Any

from whirlwind._engine.yieldables import convert_yielded

_made: dict[str, Any] = {}


def to_tornado_future(asyncio_future: asyncio.Future[Any]) -> asyncio.Future[Any]:
    """Return the future itself.

    .. deprecated:: 5.0
       Futures are asyncio's.
    """
    return asyncio_future


def to_asyncio_future(tornado_future: Any) -> asyncio.Future[Any]:
    """Return an asyncio future for anything that a coroutine may yield.

    .. deprecated:: 5.0
       Futures are asyncio's.
    """
    future: Any = convert_yielded(tornado_future)
    if isinstance(future, concurrent.futures.Future):
        return asyncio.wrap_future(future)
    ensured: asyncio.Future[Any] = asyncio.ensure_future(future)
    return ensured


def named_policy(module: str, name: str) -> Any:
    """Make ``AnyThreadEventLoopPolicy`` on first use; stands behind a module's ``__getattr__``.

    Not made on import, because its base classes are going out of asyncio: naming them warns from
    Python 3.14 on, and fails later.

    Args:
        module: The module that is asked.
        name: The attribute that it does not have.

    Raises:
        AttributeError: It is another name, or this Python has no event loop policies.
    """
    if name != "AnyThreadEventLoopPolicy":
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    if name not in _made:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            base: Any = getattr(asyncio, "DefaultEventLoopPolicy", None)
        if base is None:
            raise AttributeError(f"{module}.{name}: this Python has no event loop policies")
        _made[name] = _any_thread_policy(base, module)
    return _made[name]


def _any_thread_policy(base: Any, module: str) -> Any:
    class AnyThreadEventLoopPolicy(base):  # type: ignore[misc]
        """An event loop policy under which ``get_event_loop`` makes a loop in any thread.

        .. deprecated:: 6.2
           ``IOLoop.current()`` does so without it, and asyncio gives policies up.
        """

        def __init__(self) -> None:
            super().__init__()
            warnings.warn(
                "AnyThreadEventLoopPolicy is deprecated, use asyncio.run "
                "or asyncio.new_event_loop instead",
                DeprecationWarning,
                stacklevel=2,
            )

        def get_event_loop(self) -> asyncio.AbstractEventLoop:
            local = getattr(self, "_local", None)
            loop: asyncio.AbstractEventLoop | None = getattr(local, "_loop", None)
            if loop is None:
                loop = self.new_event_loop()
                self.set_event_loop(loop)
            return loop

    AnyThreadEventLoopPolicy.__module__ = module
    AnyThreadEventLoopPolicy.__qualname__ = "AnyThreadEventLoopPolicy"
    return AnyThreadEventLoopPolicy
