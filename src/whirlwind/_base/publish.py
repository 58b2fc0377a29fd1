"""Gives what a room makes the name of the door it comes out of.

Layer: base. Standard library only.
"""

from __future__ import annotations

from typing import Any

_PRIVATE = "whirlwind._"


def publish(door: str, namespace: dict[str, Any]) -> None:
    """Make tracebacks, pickles and documentation name a door and not a room.

    Call it as the last line of a door: ``publish(__name__, globals())``. A name that comes out
    of two doors keeps the first; what is not ours, and compiled classes, are left alone.

    Args:
        door: The door's module name, for example ``"whirlwind.gen"``.
        namespace: The door's globals; names listed in its ``__all__`` are looked at.
    """
    if door == "__main__":
        return  # run with -m; the door itself is another module
    for name in namespace["__all__"]:
        thing = namespace[name]
        module = getattr(thing, "__module__", None)
        if isinstance(module, str) and module.startswith(_PRIVATE):
            try:
                thing.__module__ = door
            except (AttributeError, TypeError):
                continue  # instances with slots, classes of a compiled kernel
