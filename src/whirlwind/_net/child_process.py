"""Child processes that a loop reads from, writes to and waits for.

Layer: net. Imports from ``_base`` and ``_engine``.

Theory of operation
-------------------
A process that ends is noticed through a *pidfd*, a descriptor of the process that is ready to
be read once it has ended: it belongs to one process and one loop, so any number of loops in any
number of threads wait for their children without knowing of each other, and nobody needs the
one handler of SIGCHLD that a program has. Where there are no pidfds (other systems than Linux,
and Linux before 5.3), a thread waits for each process.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import threading
from collections.abc import Callable
from typing import IO, Any, ClassVar

from whirlwind._base.old_arguments import accepts_old
from whirlwind._net.ioloop import IOLoop
from whirlwind._net.iostream import PipeIOStream


class Subprocess:
    """A child process whose standard streams are streams of the loop.

    Takes the arguments of ``subprocess.Popen``, and ``Subprocess.STREAM`` for ``stdin``,
    ``stdout`` and ``stderr``, which makes the attribute of that name a ``PipeIOStream``.

    Attributes:
        proc: The ``subprocess.Popen`` underneath.
        pid: The process id.
        stdin: A stream, or what ``proc`` has.
        stdout: A stream, or what ``proc`` has.
        stderr: A stream, or what ``proc`` has.
        returncode: Exit status, negative for a signal; None as long as the loop has not noticed
            that the process has ended, which takes ``set_exit_callback`` or ``wait_for_exit``.
        io_loop: The loop that was current.
    """

    STREAM: ClassVar[object] = object()

    stdin: PipeIOStream | IO[Any] | None
    stdout: PipeIOStream | IO[Any] | None
    stderr: PipeIOStream | IO[Any] | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.io_loop: IOLoop = kwargs.pop("io_loop", None) or IOLoop.current()
        ours: dict[str, int] = {}
        theirs: list[int] = []
        try:
            for name in ("stdin", "stdout", "stderr"):
                if kwargs.get(name) is Subprocess.STREAM:
                    read_end, write_end = os.pipe()
                    if name == "stdin":
                        kwargs[name], ours[name] = read_end, write_end
                    else:
                        kwargs[name], ours[name] = write_end, read_end
                    theirs.append(kwargs[name])
            self.proc: subprocess.Popen[Any] = subprocess.Popen(*args, **kwargs)  # noqa: S603
        except BaseException:
            for fd in ours.values():
                os.close(fd)
            raise
        finally:
            for fd in theirs:
                os.close(fd)
        self.pid = self.proc.pid
        self.returncode: int | None = None
        for name in ("stdin", "stdout", "stderr"):
            stream = PipeIOStream(ours[name]) if name in ours else getattr(self.proc, name)
            setattr(self, name, stream)
        self._exit_callback: Callable[[int], Any] | None = None
        self._waiters: list[tuple[asyncio.Future[int], bool]] = []
        self._watching = False

    def set_exit_callback(self, callback: Callable[[int], Any]) -> None:
        """Call ``callback`` with the exit status, on the loop, when the process has ended.

        A later call takes the place of an earlier one.
        """
        self._exit_callback = callback
        self._watch()

    def wait_for_exit(self, raise_error: bool = True) -> asyncio.Future[int]:
        """Return a future of the exit status.

        Args:
            raise_error: Whether a status other than 0 is an error.

        Raises:
            CalledProcessError: Through the future: the status is not 0.
        """
        future: asyncio.Future[int] = self.io_loop.asyncio_loop.create_future()
        self._waiters.append((future, raise_error))
        self._watch()
        return future

    @classmethod
    @accepts_old("io_loop")
    def initialize(cls, io_loop: IOLoop | None = None) -> None:
        """Do nothing. Where SIGCHLD is needed to wait for children, this claims the signal."""

    @classmethod
    def uninitialize(cls) -> None:
        """Do nothing; see ``initialize``."""

    def _watch(self) -> None:
        if self.returncode is not None:
            self.io_loop.add_callback(self._announce)
        elif not self._watching:
            self._watching = True
            _watch_exit(self.proc, self.io_loop, self._ended)

    def _ended(self, status: int) -> None:
        self.returncode = status
        self._announce()

    def _announce(self) -> None:
        status = self.returncode
        assert status is not None
        waiters, self._waiters = self._waiters, []
        for future, raise_error in waiters:
            if future.done():
                continue  # cancelled
            if status != 0 and raise_error:
                future.set_exception(subprocess.CalledProcessError(status, self.proc.args))
            else:
                future.set_result(status)
        callback, self._exit_callback = self._exit_callback, None
        if callback is not None:
            self.io_loop.add_callback(callback, status)


class _ProcessDescriptor:
    """A pidfd that is closed with its last reference, so also when a loop is closed early."""

    def __init__(self, pid: int) -> None:
        self._fd = -1
        self._fd = os.pidfd_open(pid)

    def fileno(self) -> int:
        return self._fd

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    __del__ = close


def _watch_exit(proc: subprocess.Popen[Any], io_loop: IOLoop, ended: Callable[[int], None]) -> None:
    """Call ``ended`` with the exit status of ``proc``, on the loop."""
    try:
        descriptor = _ProcessDescriptor(proc.pid)
    except (AttributeError, OSError):
        # No pidfds here; or proc was waited for already, and wait() will know.
        thread = threading.Thread(
            target=lambda: io_loop.add_callback(ended, proc.wait()),
            name=f"whirlwind-wait-{proc.pid}",
            daemon=True,
        )
        thread.start()
        return

    def ready(watched: _ProcessDescriptor, _events: int) -> None:
        io_loop.remove_handler(watched)
        watched.close()
        ended(proc.wait())  # has ended, so this only fetches the status

    io_loop.add_handler(descriptor, ready, IOLoop.READ)
