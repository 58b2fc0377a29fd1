"""The package can be built with a C compiler, without one, and with nothing compiled."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys
import sysconfig

import pytest

ROOT = pathlib.Path(__file__).parents[2]
SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="the compiler is chosen by CC"),
]


def build(folder: pathlib.Path, **environment: str) -> tuple[int, list[str], bool]:
    """Build in a copy; return the exit status, the compiled kernels, and if the rest is there."""
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("*.so", "*.c"))
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    done = subprocess.run(
        [sys.executable, "setup.py", "-q", "build", "--build-lib", "out"],
        cwd=folder,
        env={**os.environ, "WHIRLWIND_BUILD": "", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    out = folder / "out"
    kernels = sorted(path.name.removesuffix(SUFFIX) for path in out.rglob(f"*{SUFFIX}"))
    whole = all(
        (out / "whirlwind" / name).exists()
        for name in ("gen.py", "py.typed", "testing/test.crt", "_engine/runner_cy.py")
    )
    return done.returncode, kernels, whole


def test_without_a_compiler_the_package_is_pure_python(tmp_path: pathlib.Path) -> None:
    assert build(tmp_path, CC="false") == (0, [], True)


def test_required_kernels_that_do_not_compile_fail_the_build(tmp_path: pathlib.Path) -> None:
    status, kernels, _ = build(tmp_path, CC="false", WHIRLWIND_BUILD="require")
    assert status != 0
    assert kernels == []


def test_nothing_is_compiled_if_that_is_asked_for(tmp_path: pathlib.Path) -> None:
    assert build(tmp_path, WHIRLWIND_BUILD="skip") == (0, [], True)


def test_with_a_compiler_every_kernel_is_compiled(tmp_path: pathlib.Path) -> None:
    if shutil.which(os.environ.get("CC") or "cc") is None:
        pytest.skip("no C compiler on this machine")
    kernels = sorted(path.stem for path in (ROOT / "src").rglob("*_cy.py"))
    assert build(tmp_path) == (0, kernels, True)
