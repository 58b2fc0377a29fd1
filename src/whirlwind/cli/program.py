"""Runs a program in this process as Python would have run it.

Public package. Imports from rooms.
"""

from __future__ import annotations

import os
import runpy
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

import click

# Frames of these stand between the user's command and the program.
_MACHINERY: Final = frozenset({__file__, runpy.__file__, "<frozen runpy>"})


def run_file(program: str, arguments: Sequence[str]) -> None:
    """Run a file, or a command that an installed package has; return when it has ended.

    Args:
        program: Path of a file, or of a folder or an archive with a ``__main__.py``; or, where
            there is none, the name of a command such as ``jupyter-server``.
        arguments: What the program finds behind its name in ``sys.argv``.

    Raises:
        SystemExit: The program ended so, or by an error, which was shown.
        click.UsageError: There is neither.
    """
    if os.path.exists(program):
        sys.argv = [program, *arguments]
        # A folder or an archive is put there by runpy, which wants to find the first entry free.
        folder = os.path.dirname(os.path.realpath(program))
        _begin_path_with(folder if os.path.isfile(program) else None)
        _run(lambda: runpy.run_path(program, run_name="__main__"))
        return
    command = _command(program)
    if command is None:
        raise click.UsageError(
            f"{program!r} is neither a file nor a command of an installed package"
            " (for a module there is -m)"
        )
    sys.argv = [program, *arguments]
    _run(lambda: sys.exit(command.load()()))


def run_module(name: str, arguments: Sequence[str]) -> None:
    """Run a module, or a package's ``__main__``, as ``python -m`` does; return when it has ended.

    Args:
        name: The module's name, with dots.
        arguments: What the program finds behind its name in ``sys.argv``.

    Raises:
        SystemExit: The program ended so, or by an error, which was shown.
    """
    sys.argv = [name, *arguments]
    _begin_path_with(os.getcwd())
    _run(lambda: runpy.run_module(name, run_name="__main__", alter_sys=True))


def _command(name: str) -> EntryPoint | None:
    for found in entry_points(group="console_scripts", name=name):
        return found
    return None


def _begin_path_with(folder: str | None) -> None:
    if getattr(sys.flags, "safe_path", False):
        return  # python -P: nothing was put there
    sys.path[:1] = [] if folder is None else [folder]


def _run(program: Callable[[], Any]) -> None:
    try:
        program()
    except SystemExit:
        raise
    # Not left to click, which ends the process on Ctrl-C and the end of input with one word.
    except BaseException as error:
        trail = error.__traceback__
        while trail is not None and trail.tb_frame.f_code.co_filename in _MACHINERY:
            trail = trail.tb_next
        sys.excepthook(type(error), error.with_traceback(trail), trail)
        # 128 and the number of the signal, as shells have it.
        sys.exit(130 if isinstance(error, KeyboardInterrupt) else 1)
