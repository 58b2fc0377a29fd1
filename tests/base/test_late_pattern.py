"""Patterns that are compiled when they are first used."""

from __future__ import annotations

import re

import pytest

from whirlwind._base.late_pattern import late_pattern


def test_a_pattern_is_compiled_at_its_first_use_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[object] = []
    compile_now = re.compile

    def noted(pattern: str, flags: int = 0) -> re.Pattern[str]:
        compiled.append(pattern)
        return compile_now(pattern, flags)

    monkeypatch.setattr(re, "compile", noted)
    pattern = late_pattern("a+", re.IGNORECASE)
    assert not compiled
    assert pattern().fullmatch("aA") is not None
    assert pattern() is pattern()
    assert compiled == ["a+"]


def test_a_pattern_of_bytes_is_for_bytes() -> None:
    assert late_pattern(rb"[0-9]+")().findall(b"1 22") == [b"1", b"22"]
