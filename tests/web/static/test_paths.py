"""Which paths may be given away: by their text, and by where they lead."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from whirlwind._web.static.paths import (
    contains,
    directories,
    leads_elsewhere_on_windows,
    looks_like_host,
    plain_status,
    stays_inside,
)


def test_rule_of_4_2_1_a_root_does_not_contain_what_only_begins_like_it() -> None:
    assert contains("/srv/static", "/srv/static")
    assert contains("/srv/static", "/srv/static/a")
    assert not contains("/srv/static", "/srv/static_private")
    assert not contains("/srv/static", "/srv")
    assert contains("/", "/etc")


@pytest.mark.parametrize(
    "path",
    [
        "a.html::$DATA",
        "a.html:stream",
        "c:/windows",
        "//server/share",
        "\\\\server\\share",
        "/absolute",
        "nul",
        "sub/CON",
        "com1.txt",
        "LPT9 .log",
        "aux.",
        "conin$",
        "COM\xb2",
    ],
)
def test_rule_of_6_6_1_streams_drives_machines_and_devices_of_windows_are_known(path: str) -> None:
    assert leads_elsewhere_on_windows(path)


@pytest.mark.parametrize("path", ["", "a.html", "sub/b.css", "console", "com10.txt", "null", "a/"])
def test_other_names_are_names_on_windows(path: str) -> None:
    assert not leads_elsewhere_on_windows(path)


@pytest.mark.parametrize("path", ["//h/d", "/\\h", "\\\\h", "/%2Fh", "/%5ch", "%2f/h"])
def test_rule_of_6_3_2_what_browsers_take_for_a_host_is_known(path: str) -> None:
    assert looks_like_host(path)


@pytest.mark.parametrize("path", ["/h/d", "/", "/a//b", "/%20/", ""])
def test_other_paths_are_paths(path: str) -> None:
    assert not looks_like_host(path)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (root / "sub" / "file").write_bytes(b"abc")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_bytes(b"secret")
    (root / "in").symlink_to("sub")
    (root / "out").symlink_to(tmp_path / "outside")
    (root / "loop").symlink_to("loop")
    (root / "dangling").symlink_to(tmp_path / "outside" / "nothing")
    return root


def test_a_status_is_plain_without_links_on_the_way(root: Path) -> None:
    status = plain_status(str(root), str(root / "sub" / "file"))
    assert status is not None
    assert status.st_size == 3
    assert plain_status(str(root), str(root)) == os.stat(root)
    assert plain_status("/", str(root)) is not None
    for link in ("in/file", "out/secret", "loop", "dangling", "nothing", "sub/file/x", "a\0b"):
        assert plain_status(str(root), f"{root}/{link}") is None, link


def test_a_root_that_is_a_link_is_a_root(root: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    linked.symlink_to(root)
    assert plain_status(str(linked), str(linked)) == os.stat(root)
    assert plain_status(str(linked), str(linked / "sub" / "file")) is not None
    assert stays_inside(str(linked), str(linked / "sub" / "file"), [])


def test_rule_of_6_5_9_links_stay_inside_or_lead_where_it_is_allowed(
    root: Path, tmp_path: Path
) -> None:
    def stays(path: str, *allowed: Path) -> bool:
        return stays_inside(str(root), f"{root}/{path}", map(str, allowed))

    assert stays("in/file")
    assert stays("nothing")
    assert not stays("out/secret")
    assert not stays("out/nothing")  # nor is told whether there is anything
    assert not stays("dangling")
    assert not stays("a\0b")
    assert stays("out/secret", tmp_path / "elsewhere", tmp_path / "outside")
    assert not stays("out/secret", tmp_path / "out")


def test_allowed_directories_are_one_several_or_none() -> None:
    assert directories(None) == []
    assert directories("/a/../b") == ["/b"]
    assert directories(Path("/a")) == ["/a"]
    assert directories(["/a", Path("/b")]) == ["/a", "/b"]
