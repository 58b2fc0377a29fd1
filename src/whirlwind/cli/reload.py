"""``--reload``: watches the files of the loaded modules and starts the process anew.

Public package. Standard library only.

Theory of operation
-------------------
The process replaces itself (``exec``): it keeps its number, its terminal and its listening
sockets, whose descriptors it hands to itself in the environment, so that no connection is
refused while it starts and a port taken as 0 stays the same. There is no supervisor that a
signal could fail to reach.

A program that does not even import must not end the watch: its traceback is shown, and the
files that were loaded until then, with those that the traceback names, are watched until one of
them changes.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterable, Sequence
from typing import Final

# Seconds between two looks at the files. A look costs about 1 ms for a thousand of them.
LOOK: Final = 0.25

_SOCKETS: Final = "WHIRLWIND_SOCKETS"


class Watcher:
    """Knows the files of the loaded modules, and when one of them changed.

    Args:
        extra: Further files to watch.
    """

    def __init__(self, extra: Iterable[str] = ()) -> None:
        self._extra = list(extra)
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


def restart(sockets: Sequence[socket.socket]) -> None:
    """Start this process anew; does not return.

    Args:
        sockets: Listening sockets that the next start is to take over.
    """
    for one in sockets:
        one.set_inheritable(True)
    os.environ[_SOCKETS] = ",".join(str(one.fileno()) for one in sockets)
    sys.stdout.flush()
    sys.stderr.flush()
    # What `python -m whirlwind` was called with; sys.argv no longer knows of -m and -X.
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606


def inherited() -> list[socket.socket]:
    """Return the sockets that the process had before it was started anew."""
    numbers = os.environ.pop(_SOCKETS, "")
    sockets = [socket.socket(fileno=int(number)) for number in numbers.split(",") if number]
    for one in sockets:
        one.set_inheritable(False)
    return sockets


def _loaded_files() -> set[str]:
    files = set()
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str):
            files.add(file)
    return files


def _stamp(file: str) -> tuple[int, int] | None:
    try:
        status = os.stat(file)
    except OSError:
        return None
    # Size too: two saves within the clock's grain of the file system are told apart.
    return status.st_mtime_ns, status.st_size
