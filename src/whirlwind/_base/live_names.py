"""Names of a door that programs set, and that have to reach the room behind it.

Layer: base. Standard library only.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import ModuleType
from typing import Any


def share(door: str, room: ModuleType, names: Iterable[str]) -> None:
    """Let a door and a room have the same variables: setting one sets the other.

    Programs and their tests replace module variables of Tornado (``mock.patch`` does nothing
    else). A door that only imported them would keep the new value for itself.

    Args:
        door: The door's module name.
        room: The module in which the names live.
        names: The names.
    """
    module = sys.modules[door]
    kind = type("Door", (type(module),), {name: _shared(room, name) for name in names})
    module.__class__ = kind


def _shared(room: ModuleType, name: str) -> property:
    def get(_: ModuleType) -> Any:
        return getattr(room, name)

    def put(_: ModuleType, value: Any) -> None:
        setattr(room, name, value)

    return property(get, put)
