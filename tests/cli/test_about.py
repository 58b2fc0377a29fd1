"""What ``python -m whirlwind`` says about the installation."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from whirlwind._version import version
from whirlwind.cli import about

SOURCES = Path(__file__).parents[2] / "src"


def test_every_kernel_on_disk_is_named_with_its_form() -> None:
    on_disk = {
        ".".join(path.relative_to(SOURCES).with_suffix("").parts)
        for path in SOURCES.rglob("*_cy.py")
    }
    assert on_disk
    assert set(about.kernels()) == on_disk


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_the_loop_is_the_one_that_a_program_gets(
    loop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHIRLWIND_LOOP", loop)
    assert about.loop_name() == loop


def test_the_module_run_alone_prints_all_of_it() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "whirlwind"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"whirlwind {version} ")
    for word in ("python ", "loop ", "kernels ", "whirlwind._engine.runner_cy"):
        assert f"\n{word}" in done.stdout or word in done.stdout
    assert done.stderr == ""


def test_interpreted_kernels_are_said_to_be_so() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "whirlwind"],
        capture_output=True,
        text=True,
        check=True,
        env={"WHIRLWIND_INTERPRETED": "1", "PATH": ""},
    )
    assert "interpreted" in done.stdout
    assert " compiled" not in done.stdout
