"""Forked workers; each test runs a program of its own, since forking a test runner forks it all."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from whirlwind._net.worker_processes import cpu_count, fork_processes, task_id

_START = """
import asyncio, logging, os, sys
from whirlwind.ioloop import IOLoop
from whirlwind.process import fork_processes, task_id
logging.basicConfig(level=logging.INFO, format="%(message)s")
def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())
async def work():
    await asyncio.sleep(0.001)
    return "ran"
"""


def run(script: str, loop: str = "uvloop") -> tuple[int, list[str], str]:
    """Return exit status, sorted lines and standard error of a program."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _START + script],
        env={**os.environ, "WHIRLWIND_LOOP": loop},
        capture_output=True,
        text=True,
        timeout=30,
    )
    return done.returncode, sorted(done.stdout.splitlines()), done.stderr


@pytest.mark.parametrize("kind", ["asyncio", "uvloop"])
def test_each_worker_has_its_number_and_a_working_loop(kind: str) -> None:
    status, lines, log = run(
        """
try:
    number = fork_processes(2)
except SystemExit as end:
    say("parent", end.code, task_id())
    raise
loop = IOLoop.current()
say("worker", number, task_id(), loop.run_sync(work))
loop.close()
""",
        kind,
    )
    assert lines == ["parent 0 None", "worker 0 0 ran", "worker 1 1 ran"]
    assert status == 0
    assert log.count("exited normally") == 2


@pytest.mark.parametrize("kind", ["asyncio", "uvloop"])
def test_a_loop_made_before_the_fork_is_replaced_in_the_workers(kind: str) -> None:
    status, lines, log = run(
        """
import socket
before = IOLoop.current()
left, right = socket.socketpair()
before.add_handler(left, print, IOLoop.READ)
before.run_sync(work)
try:
    number = fork_processes(2)
except SystemExit:
    left.setblocking(False)
    before.remove_handler(left)
    def heard(*args):
        before.remove_handler(left)
        before.stop()
    before.add_handler(left, heard, IOLoop.READ)
    right.send(b"x")
    before.start()
    say("parent", before.run_sync(work))
    before.close()
    left.close()
    right.close()
    sys.exit(0)
loop = IOLoop.current()
say("worker", loop is before, loop.run_sync(work))
loop.close()
os._exit(0)
""",
        kind,
    )
    assert (lines, status) == (["parent ran", "worker False ran", "worker False ran"], 0), log


def test_a_worker_that_fails_is_started_again_under_its_number() -> None:
    status, lines, log = run(
        """
import signal
read_end, write_end = os.pipe()
os.write(write_end, b"12")
number = fork_processes(2)
if number == 1:
    # The byte that is read tells the first run from the second and third.
    os.set_blocking(read_end, False)
    try:
        turn = os.read(read_end, 1)
    except BlockingIOError:
        turn = b"last"
    say("worker", number, turn.decode())
    if turn == b"1":
        sys.exit(3)
    if turn == b"2":
        os.kill(os.getpid(), signal.SIGKILL)
"""
    )
    assert lines == ["worker 1 1", "worker 1 2", "worker 1 last"]
    assert status == 0
    assert "child 1" in log
    assert "exited with status 3, restarting" in log
    assert "killed by signal 9, restarting" in log


def test_the_parent_gives_up_after_the_restarts_it_was_allowed() -> None:
    status, lines, _log = run(
        """
try:
    fork_processes(1, max_restarts=2)
except RuntimeError as error:
    say(error)
    sys.exit(7)
say("worker")
sys.exit(1)
"""
    )
    assert lines == ["Too many child restarts, giving up", "worker", "worker", "worker"]
    assert status == 7


def test_forking_inside_a_running_loop_is_refused() -> None:
    import asyncio

    async def main() -> None:
        fork_processes(2)

    with pytest.raises(RuntimeError, match="fork first, then make a loop"):
        asyncio.run(main())


def test_a_process_that_is_no_worker_has_no_number() -> None:
    assert task_id() is None
    assert cpu_count() >= 1
