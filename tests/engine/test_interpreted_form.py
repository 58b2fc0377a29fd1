"""The runner's other form: this folder's tests once more, with the kernels run from source."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest

from whirlwind._engine import runner_cy

FOLDER = pathlib.Path(__file__).parent
FOLDERS = [FOLDER, FOLDER.with_name("inspector")]


@pytest.mark.skipif(
    os.environ.get("WHIRLWIND_INTERPRETED") == "1", reason="this is the interpreted form"
)
def test_the_interpreted_form_passes_the_same_tests() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *map(str, FOLDERS)],
        env={**os.environ, "WHIRLWIND_INTERPRETED": "1"},
        cwd=FOLDER.parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-5000:] + run.stderr[-2000:]


def test_the_form_that_was_asked_for_is_the_one_that_runs() -> None:
    if os.environ.get("WHIRLWIND_INTERPRETED") == "1":
        assert not runner_cy.is_compiled()
    elif os.environ.get("WHIRLWIND_REQUIRE_COMPILED") == "1":
        assert runner_cy.is_compiled()
