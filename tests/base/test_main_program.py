"""Programs run as ``__main__``: what they find, and what is left when they are done."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from whirlwind._base.main_program import file_of_module, run_module, run_script

SHOW = """
import sys, neighbour
main = sys.modules["__main__"]
assert __name__ == "__main__" and main.__dict__ is globals()
class Thing: pass
assert Thing.__module__ == "__main__"
neighbour.told.append((
    __file__, __package__, __spec__ and __spec__.name, sys.argv, sys.path[0]
))
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "program.py").write_text(SHOW)
    (tmp_path / "neighbour.py").write_text("told = []\n")
    package = tmp_path / "kit"
    package.mkdir()
    for name in ("tool.py", "__main__.py"):
        (package / name).write_text(SHOW)
    (package / "__init__.py").write_text("")
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "__init__.py").write_text("")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    for name in ("neighbour", "kit", "kit.tool", "bare"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return tmp_path


def told(run: Callable[[], None]) -> list[object]:
    """Run and return what the program found; nothing of it may be left behind."""
    before = sys.modules["__main__"], list(sys.argv), list(sys.path)
    run()
    assert (sys.modules["__main__"], sys.argv, sys.path) == before
    [seen] = sys.modules.pop("neighbour").told
    return list(seen)


def test_a_script_finds_its_neighbours_and_its_arguments(folder: Path) -> None:
    file = str(folder / "program.py")
    assert told(lambda: run_script(file, ["-m", "x"])) == [
        file,
        None,
        None,
        [file, "-m", "x"],
        str(folder),
    ]


def test_a_module_runs_as_with_dash_m(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(folder)
    file = str(folder / "kit" / "tool.py")
    found = [file, "kit", "kit.tool", [file, "x"], str(folder)]
    assert told(lambda: run_module("kit.tool", ["x"])) == found


def test_a_package_runs_by_its_main(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(folder)
    file = str(folder / "kit" / "__main__.py")
    found = [file, "kit", "kit.__main__", [file], str(folder)]
    assert told(lambda: run_module("kit", [])) == found


@pytest.mark.parametrize("archive", [False, True])
def test_a_directory_or_an_archive_runs_by_its_main(folder: Path, archive: bool) -> None:
    (folder / "__main__.py").write_text(SHOW)
    place = folder
    if archive:
        place = folder / "program.pyz"
        with zipfile.ZipFile(place, "w") as made:
            made.write(folder / "__main__.py", "__main__.py")
            made.write(folder / "neighbour.py", "neighbour.py")
    file, package, spec, argv, first = told(lambda: run_script(str(place), ["x"]))
    assert file == str(place / "__main__.py")
    assert (package, spec, argv, first) == ("", "__main__", [str(place), "x"], str(place))


@pytest.mark.parametrize("ending", ["1 / 0", "raise SystemExit(3)", "def ("])
def test_everything_is_put_back_after_a_program_that_fails(folder: Path, ending: str) -> None:
    (folder / "failing.py").write_text(f"import sys\nsys.path.insert(0, 'x')\n{ending}\n")
    before = sys.modules["__main__"], list(sys.argv), list(sys.path)
    with pytest.raises((ZeroDivisionError, SystemExit, SyntaxError)):
        run_script(str(folder / "failing.py"), [])
    assert (sys.modules["__main__"], sys.argv, sys.path) == before


def test_what_is_not_there_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(folder)
    with pytest.raises(ModuleNotFoundError, match="No module named nowhere"):
        run_module("nowhere", [])
    with pytest.raises(ImportError, match="bare is a package and has no __main__"):
        run_module("bare", [])
    with pytest.raises(ImportError, match="sys holds no Python"):
        run_module("sys", [])
    with pytest.raises(FileNotFoundError):
        run_script(str(folder / "nowhere.py"), [])


def test_the_file_of_a_module_is_found_without_loading_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(folder)
    (folder / "kit" / "__init__.py").write_text("1 / 0\n")
    assert file_of_module("program") == str(folder / "program.py")
    assert [file_of_module(name) for name in ("sys", "nowhere", "kit.tool")] == [None] * 3
    assert "program" not in sys.modules
