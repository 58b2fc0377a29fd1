"""Open files: regular ones only, never waiting, and closed once nobody reads."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from whirlwind._web.errors import HTTPError
from whirlwind._web.static.opened_file import OpenedFile


def is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def test_parts_are_read_wherever_they_are(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"abcdef")
    with OpenedFile(str(tmp_path / "f")) as file:
        assert file.status.st_size == 6
        assert (file.read(2, 3), file.read(10, 4), file.read(1, 6)) == (b"de", b"ef", b"")
    assert not is_open(file.descriptor)
    assert file.read(1, 0) == b""
    file.close()


@pytest.mark.parametrize(
    ("name", "status"),
    [("nothing", 404), ("file/x", 404), ("a\0b", 404), ("fifo", 403), ("zero", 403), ("dir", 403)],
)
def test_rule_10_devices_and_fifos_are_refused_without_waiting(
    tmp_path: Path, name: str, status: int
) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "dir").mkdir()
    (tmp_path / "zero").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "fifo")
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(HTTPError) as caught:
        OpenedFile(str(tmp_path / name))
    assert caught.value.status_code == status
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_link_that_took_a_files_place_is_refused_where_none_was_seen(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"abc")
    (tmp_path / "link").symlink_to("f")
    OpenedFile(str(tmp_path / "link")).close()
    with pytest.raises(HTTPError) as caught:
        OpenedFile(str(tmp_path / "link"), follow=False)
    assert caught.value.status_code == 403


def test_a_descriptor_is_closed_when_the_last_read_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "f").write_bytes(b"abc")
    file = OpenedFile(str(tmp_path / "f"))
    reading = threading.Event()
    closed = threading.Event()
    real = os.pread

    def slow(descriptor: int, count: int, offset: int) -> bytes:
        reading.set()
        assert closed.wait(10)
        return real(descriptor, count, offset)

    monkeypatch.setattr(os, "pread", slow)
    read: list[bytes] = []
    thread = threading.Thread(target=lambda: read.append(file.read(3, 0)))
    thread.start()
    assert reading.wait(10)
    file.close()
    assert is_open(file.descriptor)
    closed.set()
    thread.join()
    assert read == [b"abc"]
    assert not is_open(file.descriptor)
