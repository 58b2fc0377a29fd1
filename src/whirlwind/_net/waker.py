"""Small things of the operating system, as ``platform`` had them up to Tornado 6.0.

Layer: net. Standard library only.

The loop needs none of them: they are for programs that have come to use them.
"""

from __future__ import annotations

import contextlib
import os
import socket as sockets


def set_close_exec(fd: int) -> None:
    """Let child processes not inherit a descriptor; Python's own never do, since 3.4."""
    os.set_inheritable(fd, False)


def try_close(*files: object) -> None:
    """Close what has a ``close`` method, and pass over errors; None is passed over, too."""
    for file in files:
        with contextlib.suppress(AttributeError, OSError):
            file.close()  # type: ignore[attr-defined]


class Waker:
    """Wakes a thread that waits for a descriptor, from another thread.

    For a program with a ``select`` of its own; callbacks for the loop go through
    ``IOLoop.add_callback``.
    """

    def __init__(self) -> None:
        self._reader, self._writer = sockets.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)

    def fileno(self) -> int:
        """Return the descriptor to wait for; it can be read from after ``wake``."""
        return self._reader.fileno()

    def write_fileno(self) -> int:
        """Return the descriptor that ``wake`` writes to."""
        return self._writer.fileno()

    def wake(self) -> None:
        """Make ``fileno`` readable; any thread may call this, any number of times."""
        # Full or closed: it is awake already, or nobody waits.
        with contextlib.suppress(OSError):
            self._writer.send(b"x")

    def consume(self) -> None:
        """Make ``fileno`` wait again; whoever was woken calls this."""
        with contextlib.suppress(OSError):
            while self._reader.recv(4096):
                pass

    def close(self) -> None:
        """Close both descriptors."""
        self._reader.close()
        self._writer.close()
