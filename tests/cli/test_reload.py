"""What ``serve --reload`` shares with the programs that it serves."""

from __future__ import annotations

from pathlib import Path

import pytest

from whirlwind._net import autoreload
from whirlwind.cli import reload


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(autoreload, "_watched_files", set())
    monkeypatch.setattr(autoreload, "_reload_attempted", False)
    return


def test_files_that_the_program_watches_count(tmp_path: Path) -> None:
    autoreload.watch(tmp_path / "mine")
    watcher = reload.watcher([str(tmp_path / "error.py")])
    autoreload.watch(tmp_path / "late")
    assert watcher.changed() is None
    for name in ("mine", "error.py", "late"):
        (tmp_path / name).touch()
        assert watcher.changed() == str(tmp_path / name)


def test_the_applications_own_watch_keeps_out_of_the_way() -> None:
    reload.watcher()
    assert autoreload._reload_attempted
