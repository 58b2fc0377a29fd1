"""``--reload``: starts the process anew when a file of it changes, on the same sockets.

Public package. Imports from rooms.

Theory of operation
-------------------
The files are watched, and the process is replaced, as for ``whirlwind.autoreload``, whose hooks and
further files count here too. Beyond that the process hands the descriptors of its listening
sockets to itself in the environment, so that no connection is refused while it starts and a port
taken as 0 stays the same.

A program that does not even import must not end the watch: its traceback is shown, and the
files that were loaded until then, with those that the traceback names, are watched until one of
them changes.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Sequence
from typing import Final, NoReturn

from whirlwind._base.restart import start_anew
from whirlwind._base.watched_files import Watcher
from whirlwind._net import autoreload

_SOCKETS: Final = "WHIRLWIND_SOCKETS"


def watcher(files: Iterable[str] = ()) -> Watcher:
    """Return a watcher of the program's files, which does not watch them itself from now on.

    Args:
        files: Files to watch besides those of the loaded modules, and those that it named.
    """
    # An application with the setting ``autoreload`` would start anew without the sockets.
    autoreload.leave_to_another_watcher()
    for file in files:
        autoreload.watch(file)
    return Watcher(autoreload._watched_files)


def restart(sockets: Sequence[socket.socket]) -> NoReturn:
    """Start this process anew; does not return.

    Args:
        sockets: Listening sockets that the next start is to take over.
    """
    for one in sockets:
        one.set_inheritable(True)
    os.environ[_SOCKETS] = ",".join(str(one.fileno()) for one in sockets)
    autoreload.run_hooks()
    start_anew()


def inherited() -> list[socket.socket]:
    """Return the sockets that the process had before it was started anew."""
    numbers = os.environ.pop(_SOCKETS, "")
    sockets = [socket.socket(fileno=int(number)) for number in numbers.split(",") if number]
    for one in sockets:
        one.set_inheritable(False)
    return sockets
