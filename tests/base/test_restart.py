"""The process that starts itself anew."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import os, signal, sys
from whirlwind._base.restart import start_anew
print(sys.argv[1:], sys.flags.utf8_mode, __name__, __spec__ and __spec__.name, os.getcwd(), end=" ")
if "AGAIN" not in os.environ:
    os.environ["AGAIN"] = "1"
    os.chdir("/")
    sys.argv[:] = []
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, lambda *_: None)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
    print()
    start_anew()
if hasattr(signal, "setitimer"):
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
"""


@pytest.mark.parametrize("how", [["program.py"], ["-m", "program"], ["-c", PROGRAM]])
def test_it_starts_as_it_was_started(tmp_path: Path, how: list[str]) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    environment = {name: value for name, value in os.environ.items() if name != "AGAIN"}
    source = Path(__file__).parents[2] / "src"
    done = subprocess.run(
        [sys.executable, "-X", "utf8", *how, "a", "-b"],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    first, second = done.stdout.splitlines()
    assert first == second
    assert first.startswith("['a', '-b'] 1 __main__ ")
    assert first.split()[-1] == str(tmp_path)
