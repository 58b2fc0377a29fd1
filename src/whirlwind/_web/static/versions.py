"""Versions of files that were computed before, for as long as the files are the same.

Layer: web. Standard library only.

Theory of operation
-------------------
Programs reach for the dictionary itself (``StaticFileHandler._static_hashes``, path against
version), so it stays one; beside it stands what each file looked like when its version was
computed. A file that looks otherwise now is computed again: Tornado goes on naming the old content
until somebody calls ``reset``. An entry without such a look was put there by a program and holds.

The least recently asked for is forgotten first: a dictionary keeps its order, and what is asked
for is taken out and put in again.
"""

from __future__ import annotations

import os

#: Inode, size and time of modification (ns); None for what is no file.
Look = tuple[int, int, int] | None


def look_of(path: str) -> Look:
    """Return what a file looks like from outside."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


class Looks:
    """What files looked like when their versions were computed; a lock is the caller's."""

    def __init__(self) -> None:
        self._looks: dict[str, Look] = {}

    def recall(
        self, hashes: dict[str, str | None], path: str, look: Look
    ) -> tuple[bool, str | None]:
        """Return whether a version is known and holds, and which it is.

        Args:
            hashes: Path to version.
            path: The file.
            look: What it looks like now.
        """
        if path not in hashes or self._looks.get(path, look) != look:
            return False, None
        version = hashes.pop(path)
        hashes[path] = version
        return True, version

    def remember(
        self,
        hashes: dict[str, str | None],
        path: str,
        look: Look,
        version: str | None,
        most: int,
    ) -> None:
        """Remember a version.

        Args:
            hashes: Path to version.
            path: The file.
            look: What it looked like before it was read, so that a change meanwhile is noticed.
            version: Its version; None for a file that has none.
            most: How many versions to keep.
        """
        hashes.pop(path, None)
        while hashes and len(hashes) >= most:
            self._looks.pop(forgotten := next(iter(hashes)), None)
            del hashes[forgotten]
        hashes[path] = version
        self._looks[path] = look

    def clear(self) -> None:
        """Forget all of them."""
        self._looks.clear()
