"""Starts a program anew when one of its files changes.

Layer: net. Imports from ``_base`` and within ``_net``.

Theory of operation
-------------------
``start`` looks at the files of the loaded modules twice a second on the program's loop, ``wait``
does it where no loop runs. When one changed, the hooks run and the process replaces itself
(``_base/restart.py``). Programs that want no such thing set ``_reload_attempted``, or put
something else in the place of ``_reload``; hence these are looked up each time.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from typing import Any, Final

from whirlwind._base.log import app_log, gen_log
from whirlwind._base.old_arguments import accepts_old
from whirlwind._base.restart import start_anew
from whirlwind._base.watched_files import Watcher
from whirlwind._net.ioloop import IOLoop
from whirlwind._net.periodic import PeriodicCallback
from whirlwind._net.worker_processes import task_id

# Milliseconds, as in Tornado.
_CHECK_TIME: Final = 500

_watched_files: set[str] = set()
_reload_hooks: list[Callable[[], Any]] = []
_reload_attempted = False
_io_loops: weakref.WeakKeyDictionary[IOLoop, PeriodicCallback] = weakref.WeakKeyDictionary()


@accepts_old("period", "io_loop")
def start(
    check_time: float | IOLoop | None = _CHECK_TIME,
    period: float | None = None,
    *,
    io_loop: IOLoop | None = None,
) -> None:
    """Watch the files of the program from now on, for as long as the loop runs.

    ``Application`` calls it for the settings ``autoreload`` and ``debug``. A second call for the
    same loop does nothing. In workers of ``fork_processes`` nothing is watched: each of them would
    start the whole program anew.

    Args:
        check_time: Milliseconds between two looks at the files. Tornado 4 has the loop in this
            place, and the time behind it.
        period: See there.
        io_loop: The loop; the current one by default.
    """
    if check_time is None or isinstance(check_time, IOLoop):
        io_loop, check_time = check_time or io_loop, period or _CHECK_TIME
    loop = io_loop or IOLoop.current()
    if loop in _io_loops:
        return
    if any(other.asyncio_loop.is_running() for other in _io_loops):
        gen_log.warning("autoreload started more than once in the same process")
    watcher = Watcher(_watched_files)
    _io_loops[loop] = PeriodicCallback(lambda: _look(watcher), check_time, io_loop=loop)
    _io_loops[loop].start()


def wait() -> None:
    """Wait until a file of the program changes, then start it anew.

    For the end of a program without a loop, such as one that runs tests.
    """
    _say(Watcher(_watched_files).wait())
    _reload()


def watch(filename: str | os.PathLike[str]) -> None:
    """Watch a file that is no module: a configuration, a template.

    Args:
        filename: Its path; it need not be there yet.
    """
    _watched_files.add(os.fspath(filename))


def add_reload_hook(fn: Callable[[], Any]) -> None:
    """Call a function before the process is started anew.

    Sockets and files need none, they close by themselves; something that another process waits for
    may need one.

    Args:
        fn: Called without arguments. An exception of it is logged and keeps nothing from going on.
    """
    _reload_hooks.append(fn)


def leave_to_another_watcher() -> None:
    """Make ``start`` do nothing, where somebody else watches the files and calls ``run_hooks``."""
    global _reload_attempted
    _reload_attempted = True


def run_hooks() -> None:
    """Call what was added with ``add_reload_hook``."""
    for hook in list(_reload_hooks):
        try:
            hook()
        except Exception:
            app_log.error("Exception in reload hook %r", hook, exc_info=True)


def _look(watcher: Watcher) -> None:
    if _reload_attempted or task_id() is not None:
        return
    changed = watcher.changed()
    if changed is not None:
        _say(changed)
        _reload()


def _say(file: str) -> None:
    gen_log.info("%s modified; restarting server", file)


def _reload() -> None:
    global _reload_attempted
    _reload_attempted = True  # a hook that lets the loop run must not begin it once more
    run_hooks()
    start_anew()
