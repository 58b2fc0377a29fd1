"""Starts the process anew, as it was started before.

Layer: base. Standard library only.

Theory of operation
-------------------
The process replaces itself (``exec``): it keeps its number, its terminal, its environment, and the
files that were made inheritable, while all others close. There is no supervisor that a signal
could fail to reach.

What it was started with stands in ``sys.orig_argv``: ``sys.argv`` no longer knows of ``-m`` and
``-X``, and programs change it. Paths in it, and the first entry of the module path under ``-m``,
are relative to the directory of that moment, which is gone back to.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import Final, NoReturn


def _directory() -> str | None:
    try:
        return os.getcwd()
    except OSError:  # it was removed
        return None


_STARTED_IN: Final = _directory()


def command_line() -> list[str]:
    """Return the interpreter and the arguments that this process was started with."""
    # A program that embeds Python may leave the first of them empty.
    given = sys.orig_argv[1:] if len(sys.orig_argv) > 1 else sys.argv
    return [sys.executable, *given]


def start_anew() -> NoReturn:
    """Start this process anew; does not return, and runs no ``finally`` and no exit handler."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            with suppress(OSError, ValueError):
                stream.flush()
    if hasattr(signal, "setitimer"):
        # A timer outlives exec, its handler does not.
        signal.setitimer(signal.ITIMER_REAL, 0, 0)
    if _STARTED_IN is not None:
        with suppress(OSError):
            os.chdir(_STARTED_IN)
    if sys.platform == "win32":
        # exec there is a new process, and the console believes that the old one has ended.
        process = subprocess.Popen(command_line())  # noqa: S603  ourselves
        with suppress(KeyboardInterrupt):
            process.wait()
        os._exit(process.returncode or 0)
    os.execv(sys.executable, command_line())  # noqa: S606  a shell has no part in it
