"""The watcher: which changes it sees."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from whirlwind._base.watched_files import Watcher, files_of


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


def test_files_to_watch_may_be_added_later(tmp_path: Path) -> None:
    extra: set[str] = set()
    watcher = Watcher(extra)
    file = tmp_path / "page.html"
    file.write_text("one")
    extra.add(str(file))
    assert watcher.changed() is None
    file.write_text("three")
    assert watcher.changed() == str(file)


def test_a_module_that_loads_itself_when_looked_at_is_left_asleep(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Sleeping(ModuleType):
        def __getattr__(self, name: str) -> str:
            raise AssertionError(name)

    module = Sleeping("sleeping")
    monkeypatch.setitem(sys.modules, "sleeping", module)
    assert Watcher().changed() is None


def test_what_is_no_path_is_no_trouble() -> None:
    assert Watcher(["\0"]).changed() is None


def test_an_error_names_the_files_that_may_mend_it(tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    try:
        try:
            compile("def (", str(broken), "exec")
        except SyntaxError as error:
            raise ImportError("no luck") from error
    except ImportError as error:
        error.__context__ = error.__cause__  # one that refers to another twice
        found = files_of(error)
    assert __file__ in found
    assert str(broken) in found
