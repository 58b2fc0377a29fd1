"""Files that parts of forms are saved to. All of it blocks: it runs in threads.

Layer: web. Standard library only.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterable
from typing import BinaryIO, Final

_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


class GivenFile:
    """A file that the program opened, and closes.

    Args:
        file: Anything with ``write``.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def open(self) -> None:
        """Nothing to do."""

    def write(self, pieces: Iterable[bytes]) -> None:
        """Write bytes."""
        for piece in pieces:
            self._file.write(piece)

    def complete(self) -> None:
        """Nothing to do."""

    def abandon(self) -> None:
        """Nothing to do."""


class NewFile:
    """A file that appears under its name when it is complete.

    Until then it stands beside, under a name that begins with a dot and ends with ``.part``. A
    handler that is cancelled abandons the file while a thread may still be at work on it: one
    waits for the other.

    Args:
        path: Where it is to appear.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.fspath(path)
        folder, name = os.path.split(self._path)
        # Short enough for any file system, however long the name is.
        self._beside = os.path.join(folder, f".{name[:32]}.{os.urandom(8).hex()}.part")
        self._lock = threading.Lock()
        self._file: BinaryIO | None = None
        self._abandoned = False

    def open(self) -> None:
        """Create the file.

        Raises:
            OSError: It cannot be created, or what is at the path is no ordinary file: a
                directory, or a device that a file must not take the place of.
        """
        with self._lock:
            if self._abandoned:
                return
            try:
                mode = os.lstat(self._path).st_mode
            except FileNotFoundError:
                pass
            else:
                if not stat.S_ISREG(mode):
                    raise FileExistsError(f"{self._path!r} is there and no ordinary file")
            self._file = os.fdopen(os.open(self._beside, _FLAGS, 0o666), "wb")

    def write(self, pieces: Iterable[bytes]) -> None:
        """Write bytes."""
        with self._lock:
            if self._file is not None:
                self._file.writelines(pieces)

    def complete(self) -> None:
        """Give the file its name, in place of one that has it."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                os.replace(self._beside, self._path)
                self._file = None

    def abandon(self) -> None:
        """Take the file away again, if it is not complete."""
        with self._lock:
            self._abandoned = True
            file, self._file = self._file, None
            if file is None:
                return
            try:
                file.close()
            finally:
                os.unlink(self._beside)
