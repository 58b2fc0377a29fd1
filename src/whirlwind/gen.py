"""Coroutines: generators that wait with ``yield``, and everything they can wait for.

Door: names only. The runner is in ``_engine/runner_cy.py``, the decorator in
``_engine/coroutine.py``; the interfaces of Tornado 3 and 4 are in ``_engine/callbacks.py`` and
``_engine/keyed.py``.
"""

from asyncio import Future
from inspect import isawaitable

from whirlwind._base.errors import (
    BadYieldError,
    KeyReuseError,
    LeakedCallbackError,
    ReturnValueIgnoredError,
    UnknownKeyError,
)
from whirlwind._base.publish import publish
from whirlwind._engine.callbacks import Task, engine
from whirlwind._engine.coroutine import coroutine, is_coroutine_function
from whirlwind._engine.futures import (
    chain_future,
    future_add_done_callback,
    future_set_exc_info,
    future_set_result_unless_cancelled,
)
from whirlwind._engine.keyed import (
    Arguments,
    Callback,
    MultiYieldPoint,
    Wait,
    WaitAll,
    YieldFuture,
    YieldPoint,
)
from whirlwind._engine.results import Return
from whirlwind._engine.runner_cy import moment
from whirlwind._engine.waiting import (
    Runner,
    WaitIterator,
    maybe_future,
    multi,
    multi_future,
    sleep,
    with_timeout,
)
from whirlwind._engine.yieldables import convert_yielded, is_future

TimeoutError = TimeoutError
Multi = multi

__all__ = [
    "Arguments",
    "BadYieldError",
    "Callback",
    "Future",
    "KeyReuseError",
    "LeakedCallbackError",
    "Multi",
    "MultiYieldPoint",
    "Return",
    "ReturnValueIgnoredError",
    "Runner",
    "Task",
    "TimeoutError",
    "UnknownKeyError",
    "Wait",
    "WaitAll",
    "WaitIterator",
    "YieldFuture",
    "YieldPoint",
    "chain_future",
    "convert_yielded",
    "coroutine",
    "engine",
    "future_add_done_callback",
    "future_set_exc_info",
    "future_set_result_unless_cancelled",
    "is_coroutine_function",
    "is_future",
    "isawaitable",
    "maybe_future",
    "moment",
    "multi",
    "multi_future",
    "sleep",
    "with_timeout",
]

publish(__name__, globals())
