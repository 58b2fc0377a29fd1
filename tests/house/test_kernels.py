"""Kernels: what is on disk is built, and tested in both forms."""

from __future__ import annotations

import importlib
import os
import pathlib

import pytest

ROOT = pathlib.Path(__file__).parents[2]
KERNELS = [
    ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)
    for path in sorted((ROOT / "src").rglob("*_cy.py"))
]


@pytest.mark.parametrize("name", KERNELS)
def test_a_kernel_is_compiled_where_it_has_to_be(name: str) -> None:
    compiled = importlib.import_module(name).is_compiled()
    if os.environ.get("WHIRLWIND_REQUIRE_COMPILED") == "1":
        assert compiled
    elif not compiled:
        pytest.skip(f"{name} was not compiled on this machine")


@pytest.mark.parametrize("name", KERNELS)
def test_a_kernel_is_tested_in_both_forms(name: str) -> None:
    # Either a test asks for both forms of this kernel, or its room's tests are run a second time
    # with WHIRLWIND_INTERPRETED=1.
    room = name.split(".")[1].strip("_")
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
    again = ROOT / "tests" / room / "test_interpreted_form.py"
    assert again.exists() or any(f'both_forms("{name}")' in text for text in texts)


@pytest.mark.parametrize("name", KERNELS)
def test_a_kernel_has_no_coroutines_of_its_own(name: str) -> None:
    source = ROOT.joinpath("src", *name.split(".")).with_suffix(".py").read_text(encoding="utf-8")
    assert "async def" not in source
