"""Versions that are remembered: for files that are the same, up to a number of them."""

from __future__ import annotations

import os
from pathlib import Path

from whirlwind._web.static.versions import Looks, look_of


def test_a_version_holds_until_the_file_looks_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"abc")
    looks, hashes = Looks(), dict[str, str | None]()
    first = look_of(str(path))
    looks.remember(hashes, str(path), first, "v1", 10)
    assert looks.recall(hashes, str(path), look_of(str(path))) == (True, "v1")
    os.utime(path, (1, 1))
    assert looks.recall(hashes, str(path), look_of(str(path))) == (False, None)
    path.unlink()
    assert look_of(str(path)) is None
    assert looks.recall(hashes, str(path), None) == (False, None)


def test_what_is_no_file_keeps_its_version() -> None:
    looks, hashes = Looks(), dict[str, str | None]()
    assert look_of("virtual/a\0b") is None
    looks.remember(hashes, "virtual", None, "v", 10)
    assert looks.recall(hashes, "virtual", None) == (True, "v")


def test_an_entry_that_a_program_made_holds() -> None:
    assert Looks().recall({"a": "mine"}, "a", (1, 2, 3)) == (True, "mine")


def test_the_least_recently_asked_for_is_forgotten_first() -> None:
    looks, hashes = Looks(), dict[str, str | None]()
    for name in "abc":
        looks.remember(hashes, name, None, name, 3)
    looks.recall(hashes, "a", None)
    looks.remember(hashes, "d", None, "d", 3)
    assert list(hashes) == ["c", "a", "d"]
    looks.remember(hashes, "e", None, None, 2)
    assert list(hashes) == ["d", "e"]
    looks.remember(hashes, "d", None, "new", 2)
    assert hashes == {"e": None, "d": "new"}
    assert looks.recall(hashes, "e", None) == (True, None)
