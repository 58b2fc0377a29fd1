"""Running tests from the command line, in processes of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """
import unittest
from whirlwind.options import define, options
define("answer", default=0)

class T(unittest.TestCase):
    def test_it(self):
        self.assertEqual(options.answer, 42)

def all():
    return unittest.defaultTestLoader.loadTestsFromTestCase(T)

if __name__ == "__main__":
    from whirlwind import testing
    testing.main()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(TESTS)
    return tmp_path


def run(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *args], cwd=folder, capture_output=True, text=True, check=False
    )


def test_a_named_module_is_run(folder: Path) -> None:
    done = run(folder, "-m", "whirlwind.testing", "mine")
    assert done.returncode == 1
    assert "0 != 42" in done.stderr


def test_a_module_that_calls_main_runs_what_its_all_returns(folder: Path) -> None:
    done = run(folder, "mine.py", "--answer=42", "--verbose")
    assert done.returncode == 0, done.stderr
    assert "test_it" in done.stderr
    assert "OK" in done.stderr


def test_quiet_leaves_out_the_progress(folder: Path) -> None:
    done = run(folder, "mine.py", "--answer=42", "--quiet")
    assert done.returncode == 0
    assert not done.stderr.startswith(".")


def test_no_tests_named_is_an_error(folder: Path) -> None:
    done = run(folder, "-m", "whirlwind.testing")
    assert done.returncode == 1
    assert done.stderr == "No tests specified\n"
