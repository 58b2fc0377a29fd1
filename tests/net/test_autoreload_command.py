"""``python -m whirlwind.autoreload`` with real programs."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from whirlwind._net.autoreload_command import Command, _UsageError, parse

SOURCE = Path(__file__).parents[2] / "src"


class Run:
    """The command at work on programs in a folder, and what it said."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.said = ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "whirlwind.autoreload", *words],
            cwd=folder,
            env=os.environ
            | {"PYTHONPATH": f"{SOURCE}{os.pathsep}{folder}", "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        # A deadlock fails the test instead of hanging the run.
        self._guard = threading.Timer(60, self.process.kill)
        self._guard.start()

    def wait_for(self, pattern: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line
            if re.search(pattern, line):
                return line
        raise AssertionError(f"ended without {pattern!r}: {self.said}")

    def end(self) -> int:
        rest, _ = self.process.communicate()
        self.said += rest
        self._guard.cancel()
        return self.process.returncode

    def close(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
            self.end()


Start = Callable[..., Run]

# The program says when the command waits for changes: after the first look at the files.
WAITING = """
import whirlwind._base.watched_files as files
def wait(self, wait=files.Watcher.wait):
    print("waiting")
    return wait(self)
files.Watcher.wait = wait
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[Run] = []

    def start_one(*words: str) -> Run:
        started.append(Run(tmp_path, *words))
        return started[-1]

    yield start_one
    for one in started:
        one.close()


@pytest.mark.parametrize("words", [["program.py"], ["-m", "program"]])
def test_a_program_runs_again_when_a_file_changes_until_it_ends_well(
    start: Start, tmp_path: Path, words: list[str]
) -> None:
    (tmp_path / "part.py").write_text("status = 3\n")
    (tmp_path / "program.py").write_text(
        WAITING + "import sys, part\nprint('run', sys.argv[1:])\nsys.exit(part.status)\n"
    )
    run = start("--until-success", *words, "-m", "--until-success")
    assert run.wait_for("run") == "run ['-m', '--until-success']\n"
    run.wait_for("waiting")
    (tmp_path / "part.py").write_text("status = 0\n")
    assert run.wait_for("run") == "run ['-m', '--until-success']\n"
    assert run.end() == 0


def test_without_until_success_it_waits_after_a_good_end_too(start: Start, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(WAITING + "print('one')\n")
    run = start("program.py")
    run.wait_for("one")
    run.wait_for("waiting")
    (tmp_path / "program.py").write_text(WAITING + "print('second')\n")
    run.wait_for("second")
    run.wait_for("waiting")
    run.process.send_signal(signal.SIGINT)
    assert run.end() == 130
    assert "Traceback" not in run.said


def test_mistakes_are_waited_out_wherever_they_are(start: Start, tmp_path: Path) -> None:
    (tmp_path / "part.py").write_text("def (\n")
    program = tmp_path / "program.py"
    program.write_text(WAITING + "import part\n")
    run = start("--until-success", "program.py")
    run.wait_for("Script exited with uncaught exception")
    run.wait_for("SyntaxError")
    run.wait_for("waiting")
    assert "_net" not in run.said.replace("whirlwind._net", "")  # no frames of ours
    (tmp_path / "part.py").write_text("1 / 0\n")
    run.wait_for("ZeroDivisionError")
    run.wait_for("waiting")
    (tmp_path / "part.py").write_text("import sys\nsys.exit('not yet')\n")
    run.wait_for("not yet")
    run.wait_for("waiting")
    (tmp_path / "part.py").write_text("print('mended')\n")
    run.wait_for("mended")
    assert run.end() == 0


def test_a_script_that_is_not_there_yet_is_waited_for(start: Start, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(WAITING)  # runs before the command
    run = start("program.py")
    run.wait_for("FileNotFoundError")
    run.wait_for("waiting")
    (tmp_path / "program.py").write_text("print('here')\n")
    run.wait_for("here")


def test_a_program_that_watches_itself_keeps_the_command(start: Start, tmp_path: Path) -> None:
    program = """
import sys
assert "whirlwind.autoreload" in sys.modules
from whirlwind import autoreload, web
from whirlwind.ioloop import IOLoop
from part import word
application = web.Application([], debug=True)
print(word, sys.argv)
IOLoop.current().call_later(0, print, "running")
IOLoop.current().start()
"""
    (tmp_path / "part.py").write_text("word = 'one'\n")
    (tmp_path / "program.py").write_text(program)
    run = start("program.py", "x")
    run.wait_for("one")
    run.wait_for("running")
    (tmp_path / "part.py").write_text(WAITING + "word = 1 / 0\n")
    run.wait_for("ZeroDivisionError")
    run.wait_for("waiting")
    (tmp_path / "part.py").write_text("word = 'second'\n")
    assert run.wait_for("second") == "second ['program.py', 'x']\n"


def test_a_command_line_without_a_target_is_told_how(start: Start) -> None:
    run = start("--until-success")
    assert run.end() == 1
    assert run.said.startswith("Either -m or a path must be specified\n\nUsage:")
    helped = start("--help")
    assert helped.end() == 0
    assert "--until-success" in helped.said


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a.py", Command("a.py", False, [], False)),
        ("-m a.b -x", Command("a.b", True, ["-x"], False)),
        ("-ma.b", Command("a.b", True, [], False)),
        ("--until-success -m a --help", Command("a", True, ["--help"], True)),
        ("--until-success a.py -m", Command("a.py", False, ["-m"], True)),
        ("-m --until-success", Command("--until-success", True, [], False)),
        ("-h", None),
    ],
)
def test_what_stands_behind_the_target_is_the_programs(line: str, expected: object) -> None:
    assert parse(line.split()) == expected


@pytest.mark.parametrize("line", ["", "--until-success", "-m", "--nonsense a.py"])
def test_a_wrong_command_line_is_refused(line: str) -> None:
    with pytest.raises(_UsageError):
        parse(line.split())
