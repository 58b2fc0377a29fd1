"""Worker processes: one program, forked once for each processor.

Layer: net. Imports from ``_base``.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Final

from whirlwind._base.log import gen_log

# What a supervisor bears before it gives up on a program that does not start. As in Tornado.
MAX_RESTARTS: Final = 100

_task_id: int | None = None


def cpu_count() -> int:
    """Return the number of processors of this machine; 1 if it cannot be found out."""
    return os.cpu_count() or 1


def task_id() -> int | None:
    """Return the number that ``fork_processes`` gave this process; None in any other."""
    return _task_id


def fork_processes(num_processes: int | None, max_restarts: int | None = None) -> int:
    """Fork worker processes; returns in each of them, and never in the parent.

    Call it after the listening sockets are bound and before a loop is made: a loop does not
    survive a fork. The parent restarts workers that fail, under the number they had, and ends
    with status 0 when all have ended well.

    Args:
        num_processes: How many; None, 0 or less for one a processor.
        max_restarts: Failures in all, of all workers, after which the parent gives up; None for
            100.

    Returns:
        The worker's number, from 0.

    Raises:
        RuntimeError: In the parent, if workers failed too often; anywhere, if a loop is running
            in this thread.
        SystemExit: In the parent, when all workers have ended.
    """
    global _task_id
    if asyncio._get_running_loop() is not None:
        raise RuntimeError(
            "fork_processes() inside a running event loop: fork first, then make a loop in each "
            "process"
        )
    count = cpu_count() if num_processes is None or num_processes <= 0 else num_processes
    restarts_left = MAX_RESTARTS if max_restarts is None else max_restarts
    gen_log.info("Starting %d processes", count)
    workers: dict[int, int] = {}  # by process id

    def fork(number: int) -> bool:
        """Return True in the child."""
        global _task_id
        pid = os.fork()
        if pid == 0:
            _task_id = number
            return True
        workers[pid] = number
        return False

    for number in range(count):
        if fork(number):
            return number
    while workers:
        pid, status = os.wait()
        if pid not in workers:
            continue  # a child of the program's own
        number = workers.pop(pid)
        code = os.waitstatus_to_exitcode(status)
        if code == 0:
            gen_log.info("child %d (pid %d) exited normally", number, pid)
            continue
        end = f"killed by signal {-code}" if code < 0 else f"exited with status {code}"
        gen_log.warning("child %d (pid %d) %s, restarting", number, pid, end)
        if restarts_left <= 0:
            raise RuntimeError("Too many child restarts, giving up")
        restarts_left -= 1
        if fork(number):
            return number
    sys.exit(0)
