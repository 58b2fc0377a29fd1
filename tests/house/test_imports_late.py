"""What ``import whirlwind.web`` does not load, and what may be imported inside of a function."""

from __future__ import annotations

import ast
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2] / "src" / "whirlwind"

# A module of the standard library that is heavy and needed on a rare path only, and the one file
# that imports it there, inside of a function and with a comment.
LATE = {
    "email": "_web/static/times.py",
    "html": "_base/escape.py",
    "random": "_net/periodic.py",
}
# What nothing on the way to a handler needs at all when it is loaded.
NEVER = {
    "csv",
    "dataclasses",
    "gettext",
    "logging.handlers",
    "multiprocessing",
    "secrets",
    "tempfile",
    "unittest",
    "uvloop",
    "zoneinfo",
}
# What a door is about is not rare there.
OWN = {"gen": {"dataclasses"}, "locale": {"csv", "gettext"}}


@pytest.mark.parametrize("door", ["web", "httpserver", "gen", "ioloop", "template", "locale"])
def test_a_door_loads_nothing_that_is_heavy_and_rarely_needed(door: str) -> None:
    # What asyncio itself loads is free: everybody pays for it.
    program = (
        "import asyncio, importlib, sys\n"
        "before = set(sys.modules)\n"
        f"importlib.import_module('whirlwind.{door}')\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    # The switch for debuggers brings an importer of its own, and with it half of the library.
    environment = {k: v for k, v in os.environ.items() if k != "WHIRLWIND_INTERPRETED"}
    run = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    loaded = set(run.stdout.split())
    assert f"whirlwind.{door}" in loaded
    assert loaded & (set(LATE) | NEVER) - OWN.get(door, set()) == set()


def imports_inside_functions() -> set[tuple[str, str]]:
    """The first name of each module of the standard library, and the file."""
    found = set()
    for path in ROOT.rglob("*.py"):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            for node in ast.walk(function):
                names: list[str] = []
                if isinstance(node, ast.Import):
                    names = [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom):
                    names = [node.module or ""]
                for name in names:
                    first = name.split(".")[0]
                    if first in sys.stdlib_module_names:
                        found.add((first, path.relative_to(ROOT).as_posix()))
    return found


def test_only_these_modules_of_the_standard_library_are_imported_late() -> None:
    assert imports_inside_functions() == set(LATE.items())
