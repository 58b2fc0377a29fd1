"""Files of the loaded modules: which of them changed.

Layer: base. Standard library only.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Collection, Iterator
from types import ModuleType
from typing import Final

# Seconds between two looks at the files. A look costs about 1 ms for a thousand of them.
LOOK: Final = 0.25


class Watcher:
    """Knows the files of the loaded modules, and when one of them changed.

    Args:
        extra: Further files or directories to watch. The collection may grow later.
    """

    def __init__(self, extra: Collection[str] = ()) -> None:
        self._extra = extra
        self._seen: dict[str, tuple[int, int] | None] = {}
        self.changed()

    def changed(self) -> str | None:
        """Return a file that changed, came or went since the last look; None if none did.

        A file of a module that was imported since then is only remembered.
        """
        change = None
        for file in {*self._extra, *_loaded_files()}:
            stamp = _stamp(file)
            if self._seen.setdefault(file, stamp) != stamp:
                self._seen[file] = stamp
                change = file
        return change

    def wait(self) -> str:
        """Block until a file changes, and return it. For use where no loop runs."""
        while True:
            change = self.changed()
            if change is not None:
                return change
            time.sleep(LOOK)


def files_of(error: BaseException) -> list[str]:
    """Return the files that a change might mend an exception in.

    A module that fails while it is imported is not among the loaded ones.

    Args:
        error: The exception; those that it was raised from and while handling count too.
    """
    files = []
    seen: set[int] = set()
    rest: list[BaseException | None] = [error]
    while rest:
        one = rest.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        files += [frame.filename for frame in traceback.extract_tb(one.__traceback__)]
        if isinstance(one, SyntaxError) and one.filename:
            files.append(one.filename)
        rest += [one.__cause__, one.__context__]
    return files


def _loaded_files() -> Iterator[str]:
    for module in list(sys.modules.values()):
        # Not by getattr: modules that load themselves when looked at are to sleep on.
        file = vars(module).get("__file__") if isinstance(module, ModuleType) else None
        if isinstance(file, str):
            yield file


def _stamp(file: str) -> tuple[int, int] | None:
    try:
        status = os.stat(file)
    except (OSError, ValueError):  # the latter for a NUL in what somebody called a file
        return None
    # Size too: two saves within the clock's grain of the file system are told apart.
    return status.st_mtime_ns, status.st_size
