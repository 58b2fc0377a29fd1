"""Variables that a door and its room have in common."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any
from unittest import mock

import pytest

from whirlwind._base.live_names import share


def test_a_name_set_on_the_door_is_set_in_the_room(monkeypatch: pytest.MonkeyPatch) -> None:
    room: Any = ModuleType("room")
    door: Any = ModuleType("door")
    room.switch = door.switch = False
    door.other = 1
    monkeypatch.setitem(sys.modules, "door", door)
    share("door", room, ["switch"])
    with mock.patch("door.switch", True):
        assert room.switch is True
        room.switch = 3
        assert door.switch == 3
    assert (room.switch, door.switch, door.other) == (False, False, 1)
