"""White space between directives."""

from __future__ import annotations

import pytest

from whirlwind._web.template.whitespace import filter_whitespace, mode_for

TEXT = " \t a \n\n  b\t\tc \r\n d\f\f e \u00a0\u00a0 "


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("all", TEXT),
        ("single", " a\nb c\nd\f\f e \u00a0\u00a0 "),
        ("oneline", " a b c d e "),
    ],
)
def test_each_mode_treats_runs_in_its_way(mode: str, expected: str) -> None:
    assert filter_whitespace(mode, TEXT) == expected


def test_a_mode_that_does_not_exist_is_named() -> None:
    with pytest.raises(ValueError, match="invalid whitespace mode tight, not one of all, single"):
        filter_whitespace("tight", "")


@pytest.mark.parametrize(
    ("name", "mode"),
    [("a.html", "single"), ("a.js", "single"), ("a.htm", "all"), ("a.HTML", "all")],
)
def test_the_name_chooses_where_nobody_does(name: str, mode: str) -> None:
    assert mode_for(name) == mode


@pytest.mark.parametrize("blank", [" ", "\r", "\f", "\u00a0", "\t\r"])
def test_a_long_run_takes_linear_time(blank: str) -> None:
    # With one pattern for a newline between blanks this would take hours, not milliseconds.
    text = blank * 1_000_000
    assert len(filter_whitespace("single", text + "x")) <= len(text) + 1
    assert filter_whitespace("oneline", text) == " "
