"""Context that goes along with callbacks, from before ``contextvars``.

Door: names only. They are in ``_engine/stack_context.py``.
"""

from whirlwind._base.publish import publish
from whirlwind._engine.stack_context import (
    ExceptionStackContext,
    NullContext,
    StackContext,
    StackContextInconsistentError,
    _state,
    run_with_stack_context,
    wrap,
)

__all__ = [
    "ExceptionStackContext",
    "NullContext",
    "StackContext",
    "StackContextInconsistentError",
    "_state",
    "run_with_stack_context",
    "wrap",
]

publish(__name__, globals())
