"""Variables that a door and its room have in common."""

from __future__ import annotations

import sys
from types import ModuleType
from unittest import mock

import pytest

from whirlwind._base.live_names import share


def test_a_name_set_on_the_door_is_set_in_the_room(monkeypatch: pytest.MonkeyPatch) -> None:
    room, door = ModuleType("room"), ModuleType("door")
    room.switch = door.switch = False  # type: ignore[attr-defined]
    door.other = 1  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "door", door)
    share("door", room, ["switch"])
    with mock.patch("door.switch", True):
        assert room.switch is True  # type: ignore[attr-defined]
        room.switch = 3  # type: ignore[attr-defined]
        assert door.switch == 3  # type: ignore[attr-defined]
    assert (room.switch, door.switch, door.other) == (False, False, 1)  # type: ignore[attr-defined]
