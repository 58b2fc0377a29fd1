"""Futures, and the small things that programs do with them.

Door: names only. They are in ``_engine/futures.py``; ``return_future`` is in
``_engine/callbacks.py``.
"""

from asyncio import Future

from whirlwind._base.errors import ReturnValueIgnoredError
from whirlwind._base.publish import publish
from whirlwind._engine.callbacks import return_future
from whirlwind._engine.futures import (
    DummyExecutor,
    chain_future,
    dummy_executor,
    future_add_done_callback,
    future_set_exc_info,
    future_set_exception_unless_cancelled,
    future_set_result_unless_cancelled,
    run_on_executor,
)
from whirlwind._engine.yieldables import FUTURES, is_future

TracebackFuture = Future

__all__ = [
    "FUTURES",
    "DummyExecutor",
    "Future",
    "ReturnValueIgnoredError",
    "TracebackFuture",
    "chain_future",
    "dummy_executor",
    "future_add_done_callback",
    "future_set_exc_info",
    "future_set_exception_unless_cancelled",
    "future_set_result_unless_cancelled",
    "is_future",
    "return_future",
    "run_on_executor",
]

publish(__name__, globals())
