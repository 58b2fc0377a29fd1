"""The watcher: which changes it sees."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from whirlwind.cli.reload import Watcher


def test_a_file_that_changes_comes_or_goes_is_seen_once(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    watcher = Watcher([str(file)])
    assert watcher.changed() is None
    for text in ("one", "three"):
        file.write_text(text)
        assert watcher.changed() == str(file)
        assert watcher.changed() is None
    file.unlink()
    assert watcher.changed() == str(file)
    assert watcher.changed() is None


def test_a_module_loaded_later_is_watched_from_then_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watcher = Watcher()
    file = tmp_path / "late.py"
    file.write_text("a = 1\n")
    module = ModuleType("late")
    module.__file__ = str(file)
    monkeypatch.setitem(sys.modules, "late", module)
    assert watcher.changed() is None
    file.write_text("a = 11\n")
    assert watcher.changed() == str(file)


def test_wait_returns_the_file_that_changed(tmp_path: Path) -> None:
    file = tmp_path / "app.py"
    watcher = Watcher([str(file)])
    file.write_text("")
    assert watcher.wait() == str(file)
