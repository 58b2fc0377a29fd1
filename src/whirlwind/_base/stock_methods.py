"""Tells whether a method is still ours, or whether a program or an agent has put another there.

Layer: base. Standard library only.
"""

from __future__ import annotations

from types import MethodType
from typing import Any


def is_stock(method: Any, stock: Any) -> bool:
    """Return whether a bound method is that of a function of ours, with nothing around it.

    Shorter ways are taken only then. The type is looked at first: what monitoring agents wrap
    methods in (``wrapt``) has all the attributes of what is inside, ``__func__`` too.

    Args:
        method: As it was found on an object or, of class methods, on a class.
        stock: The function.
    """
    return type(method) is MethodType and method.__func__ is stock
