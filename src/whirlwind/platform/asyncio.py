"""The loop on asyncio: its classes, and a selector thread for loops without readers.

Door: names only. The loops are in ``_net/asyncio_loop.py``, the thread in
``_net/selector_thread.py``, what is made only when asked for in ``_net/loop_policy.py``.
"""

import asyncio  # noqa: F401  (programs take it from here)
from typing import Any

from whirlwind._base.publish import publish
from whirlwind._net.asyncio_loop import AsyncIOLoop, AsyncIOMainLoop, BaseAsyncIOLoop
from whirlwind._net.loop_policy import named_policy, to_asyncio_future, to_tornado_future
from whirlwind._net.selector_thread import (
    AddThreadSelectorEventLoop,
    SelectorThread,
    _atexit_callback,  # noqa: F401 (looked at by programs that check for threads left behind)
    _selector_loops,  # noqa: F401
)

__all__ = [
    "AddThreadSelectorEventLoop",
    "AsyncIOLoop",
    "AsyncIOMainLoop",
    "BaseAsyncIOLoop",
    "SelectorThread",
    "to_asyncio_future",
    "to_tornado_future",
]


def __getattr__(name: str) -> Any:
    return named_policy(__name__, name)


publish(__name__, globals())
