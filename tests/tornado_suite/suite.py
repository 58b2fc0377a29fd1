"""Tornado's own tests: fetched from the package registry, and run against whirlwind.

They are a specification that is not ours: downloaded into ``.cache``, run, and never copied.
"""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

VERSION = "6.6.1"
HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
CACHE = ROOT / ".cache" / "tornado-suite"
INSIDE = "tornado/test/"  # where the wheel has the tests

# For a whole module. The longest takes 8 seconds on a machine that does nothing else.
TIMEOUT = 80


class NotAvailableError(Exception):
    """The registry cannot be reached."""


def suite_folder() -> pathlib.Path:
    """Return the folder that has the modules of the suite; download it if it is not there.

    Raises:
        NotAvailableError: It cannot be downloaded.
    """
    folder = CACHE / VERSION
    if folder.exists():
        return folder
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as made:
        work = pathlib.Path(made)
        pip = subprocess.run(
            [
                *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
                *("--disable-pip-version-check", "--only-binary", ":all:"),
                *("--timeout", "15", "--retries", "1", "--dest", made, f"tornado=={VERSION}"),
            ],
            capture_output=True,
            text=True,
        )
        if pip.returncode:
            raise NotAvailableError(pip.stderr.strip()[-500:])
        (wheel,) = work.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(
                work, [name for name in archive.namelist() if name.startswith(INSIDE)]
            )
        # At once, or not at all: a folder that is there is whole.
        shutil.move(work / INSIDE, folder)
    return folder


def run_module(module: str, folder: pathlib.Path) -> dict[str, tuple[str, str]]:
    """Run one module in a process of its own.

    Args:
        module: Its name, such as ``"gen_test"``.
        folder: From ``suite_folder``.

    Returns:
        For each test, by ``Class.method``: ``"passed"``, ``"skipped"`` or ``"failed"``, and why.

    Raises:
        AssertionError: The module could not be run, or not to its end.
    """
    path = [str(HERE / "alias"), str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, path)),
        "TORNADO_TESTS": str(folder),
        "ASYNC_TEST_TIMEOUT": "20",
        # The suite's own warnings are its affair; its tests of warnings set the filters they need.
        "PYTHONWARNINGS": "ignore",
    }
    with tempfile.TemporaryDirectory() as work:
        result = pathlib.Path(work, "result.json")
        process = subprocess.run(
            [sys.executable, str(HERE / "one_module.py"), module, str(result)],
            env=environment,
            cwd=work,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT,
        )
        assert result.exists(), f"{module} did not run to its end:\n{process.stderr[-3000:]}"
        outcomes = json.loads(result.read_text(encoding="utf-8"))
    return {name: (outcome, detail) for name, (outcome, detail) in outcomes.items()}
