"""Starts a program anew when its files change.

Door: names only. They come from ``_net/autoreload.py``. As a program,
``python -m whirlwind.autoreload [--until-success] [-m] target [args]`` runs another one.
"""

from whirlwind._base.live_names import share
from whirlwind._base.publish import publish
from whirlwind._net import autoreload
from whirlwind._net.autoreload import (
    _io_loops,
    _reload,
    _reload_attempted,
    _reload_hooks,
    _watched_files,
    add_reload_hook,
    start,
    wait,
    watch,
)
from whirlwind._net.autoreload_command import main

__all__ = [
    "_io_loops",
    "_reload",
    "_reload_attempted",
    "_reload_hooks",
    "_watched_files",
    "add_reload_hook",
    "main",
    "start",
    "wait",
    "watch",
]

publish(__name__, globals())
share(
    __name__,
    autoreload,
    ["_io_loops", "_reload", "_reload_attempted", "_reload_hooks", "_watched_files", "start"],
)

if __name__ == "__main__":
    # Programs ask sys.modules if this command runs them, and this file is only __main__ there.
    import whirlwind.autoreload  # noqa: F401

    main()
