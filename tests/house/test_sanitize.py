"""``make sanitize`` builds every kernel with sanitizers, and runs what tests it."""

from __future__ import annotations

import pathlib
import re
import shlex

ROOT = pathlib.Path(__file__).parents[2]
SCRIPT = (ROOT / "tools" / "sanitize.sh").read_text(encoding="utf-8")


def sanitized_tests() -> list[str]:
    listed = re.search(r"^tests=\((.*?)^\)", SCRIPT, re.DOTALL | re.MULTILINE)
    assert listed is not None
    return shlex.split(listed[1])


def test_rule_15_the_tests_of_every_kernel_run_with_sanitizers() -> None:
    paths = sanitized_tests()
    assert all((ROOT / path).exists() for path in paths)
    for kernel in (ROOT / "src" / "whirlwind").rglob("*_cy.py"):
        room = kernel.parent.relative_to(ROOT / "src" / "whirlwind").as_posix().lstrip("_")
        # A whole room, or what is about the kernel: libraries of others have findings of their own.
        wanted = {f"tests/{room}", f"tests/{room}/test_{kernel.stem}.py"}
        assert wanted & set(paths), f"tools/sanitize.sh does not run the tests of {kernel}"


def test_rule_15_both_sanitizers_end_the_run_at_what_they_find() -> None:
    assert "-fsanitize=address,undefined -fno-sanitize-recover=all" in SCRIPT
    assert "tools/sanitize.sh" in (ROOT / "Makefile").read_text(encoding="utf-8")
