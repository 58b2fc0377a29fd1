"""``python -m whirlwind.autoreload``: runs a program again and again, whenever its files change.

Layer: net. Imports from ``_base`` and within ``_net``.

Theory of operation
-------------------
The program runs in this process, as ``__main__``. If it serves and watches itself, it starts the
process anew, this command included, for that is what the process was started with. If it ends or
fails, the command waits for a change and starts anew then. So a mistake in a file never ends the
watch, and mending it goes on with it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from whirlwind._base.log import gen_log
from whirlwind._base.main_program import file_of_module, run_module, run_script
from whirlwind._base.watched_files import files_of
from whirlwind._net import autoreload

_USAGE: Final = """\
Usage:
  python -m whirlwind.autoreload [--until-success] -m module.to.run [args...]
  python -m whirlwind.autoreload [--until-success] path/to/script.py [args...]

Runs a program, and runs it again when one of its files changes.

  --until-success  stop when it has ended well (status 0)
  -h, --help       show this
"""

# Where this command and the machinery under it stand on the stack is no help to anybody.
_OURS: Final = frozenset({__file__, run_script.__code__.co_filename})


class _UsageError(Exception):
    """The command line is wrong."""


@dataclass(frozen=True, slots=True)
class Command:
    """What the command line asks for.

    Attributes:
        target: A module's name or a file.
        is_module: Which of the two.
        arguments: The program's own.
        until_success: Stop when the program ended well.
    """

    target: str
    is_module: bool
    arguments: list[str]
    until_success: bool


def parse(words: Sequence[str]) -> Command | None:
    """Read a command line; everything behind the target belongs to the program.

    Args:
        words: The command line without the program's name.

    Returns:
        What it asks for; None if that is help.

    Raises:
        _UsageError: It has no target, or an option that there is not.
    """
    until_success = False
    rest = list(words)
    while rest and rest[0].startswith("-"):
        word = rest.pop(0)
        if word == "--until-success":
            until_success = True
        elif word in ("-h", "--help"):
            return None
        elif word == "-m":
            break
        elif word.startswith("-m"):
            rest.insert(0, word[2:])
            word = "-m"
            break
        else:
            raise _UsageError(f"no such option: {word}")
    else:
        word = ""
    if not rest:
        raise _UsageError("Either -m or a path must be specified")
    return Command(rest[0], word == "-m", rest[1:], until_success)


def main() -> None:
    """Run the program that the command line names, until it is stopped.

    Raises:
        SystemExit: The command line is wrong (1), or asks for help (0); Ctrl-C while the
            command waits for a change (130).
    """
    try:
        command = parse(sys.argv[1:])
    except _UsageError as error:
        sys.stderr.write(f"{error}\n\n{_USAGE}")
        sys.exit(1)
    if command is None:
        sys.stdout.write(_USAGE)
        sys.exit(0)
    # A file saved twice in one second, at the same size, would match its old bytecode.
    sys.dont_write_bytecode = True
    ended_well = run(command)
    if ended_well and command.until_success:
        return
    try:
        autoreload.wait()
    except KeyboardInterrupt:
        sys.exit(130)


def run(command: Command) -> bool:
    """Run the program once, and watch what a change might mend it in.

    Args:
        command: The program.

    Returns:
        True if it ended well: by itself, or with status 0.
    """
    ended_well = True
    try:
        if command.is_module:
            run_module(command.target, command.arguments)
        else:
            run_script(command.target, command.arguments)
    except SystemExit as stop:
        ended_well = stop.code is None or stop.code == 0
        _watch_files_of(stop)
        if stop.code is not None and not isinstance(stop.code, int):
            sys.stderr.write(f"{stop.code}\n")  # as the interpreter does
        gen_log.info("Script exited with status %s", stop.code)
    except Exception as error:
        ended_well = False
        _watch_files_of(error)
        trail = error.__traceback__
        while trail is not None and _is_machinery(trail.tb_frame.f_code.co_filename):
            trail = trail.tb_next
        gen_log.warning(
            "Script exited with uncaught exception", exc_info=(type(error), error, trail)
        )
    else:
        gen_log.info("Script exited normally")
    main_file = file_of_module(command.target) if command.is_module else command.target
    if main_file is not None:
        autoreload.watch(os.path.abspath(main_file))
    return ended_well


def _watch_files_of(error: BaseException) -> None:
    # A module that did not come to its end is not among those that are loaded.
    for file in files_of(error):
        autoreload.watch(file)


def _is_machinery(file: str) -> bool:
    return file in _OURS or file.startswith("<frozen importlib")
