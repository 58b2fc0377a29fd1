"""How a coroutine hands back a value by raising.

Layer: engine. Imports from the standard library only.
"""

from __future__ import annotations

from typing import Any


class Return(Exception):
    """Raise it inside a ``@gen.coroutine`` to end it with a value: ``raise gen.Return(x)``.

    ``return x`` does the same in a generator and is faster. The exception remains for programs
    from the time when a generator could not return a value, and for use inside functions that
    a coroutine calls.

    Args:
        value: What waiting for the coroutine gives; None by default.

    Attributes:
        value: The same.
    """

    def __init__(self, value: Any = None) -> None:
        super().__init__()
        self.value = value
        # A function that is no generator may raise it too; its caller reads the value from here.
        self.args = (value,)
