"""The page of limits shows every limit that the code has."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from whirlwind._base.limits import TABLE

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "reference" / "limits.md"


@pytest.fixture(scope="module")
def extension() -> dict[str, Any]:
    """The script that Sphinx runs; it needs nothing of Sphinx."""
    return runpy.run_path(str(DOCS / "_extensions" / "limits_table.py"))


def test_every_limit_is_on_the_page_with_value_setting_and_origin(
    extension: dict[str, Any],
) -> None:
    source = [PAGE.read_text(encoding="utf-8")]
    extension["fill"](None, "reference/limits", source)
    lines = [line for line in source[0].splitlines() if line.startswith("| `")]
    assert len(lines) == len(TABLE)
    for line, limit in zip(lines, TABLE.values(), strict=True):
        name, value, unit, setting, origin = [part.strip() for part in line.strip("|").split("|")]
        assert name.strip("`") == limit.name
        assert float(value.replace(" ", "")) == limit.value
        assert unit == limit.unit
        assert setting.strip("`") == (limit.setting or "-")
        assert origin == limit.origin


def test_other_pages_are_left_as_they_are(extension: dict[str, Any]) -> None:
    source = ["text"]
    extension["fill"](None, "index", source)
    assert source == ["text"]


def test_a_page_without_a_place_for_the_table_is_an_error(extension: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="the table of limits"):
        extension["fill"](None, "reference/limits", ["text"])
