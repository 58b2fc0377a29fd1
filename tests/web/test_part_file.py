"""Files that appear when they are complete."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from whirlwind._web.part_file import GivenFile, NewFile


def test_a_file_appears_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "there"
    file = NewFile(path)
    file.open()
    file.write([b"a", b"b"])
    assert not path.exists()
    [beside] = os.listdir(tmp_path)
    assert beside.startswith(".there.")
    assert beside.endswith(".part")
    file.complete()
    assert path.read_bytes() == b"ab"
    file.abandon()
    assert os.listdir(tmp_path) == ["there"]


def test_a_file_that_is_abandoned_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "there"
    path.write_bytes(b"old")
    file = NewFile(path)
    file.open()
    file.write([b"new"])
    file.abandon()
    file.abandon()
    assert os.listdir(tmp_path) == ["there"]
    assert path.read_bytes() == b"old"


def test_nothing_is_done_to_a_file_that_was_abandoned_meanwhile(tmp_path: Path) -> None:
    file = NewFile(tmp_path / "there")
    file.abandon()
    file.open()
    file.write([b"late"])
    file.complete()
    assert os.listdir(tmp_path) == []


def test_permissions_are_those_of_any_new_file(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.touch()
    file = NewFile(str(tmp_path / "there"))
    file.open()
    file.complete()
    assert (tmp_path / "there").stat().st_mode == plain.stat().st_mode


def test_rule_10_what_is_no_ordinary_file_is_not_replaced(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "elsewhere")
    for path in (tmp_path, link, "/dev/null"):
        file = NewFile(path)
        with pytest.raises(FileExistsError):
            file.open()
        file.abandon()
    assert os.listdir(tmp_path) == ["link"]


def test_a_long_name_fits_beside_itself(tmp_path: Path) -> None:
    file = NewFile(tmp_path / ("n" * 255))
    file.open()
    file.complete()
    assert os.listdir(tmp_path) == ["n" * 255]


def test_a_given_file_is_left_open() -> None:
    given = io.BytesIO()
    file = GivenFile(given)
    file.open()
    file.write([b"a", b"b"])
    file.complete()
    file.abandon()
    assert given.getvalue() == b"ab"
