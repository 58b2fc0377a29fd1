"""Makes the names ``tornado`` and ``motor`` mean whirlwind, in this process and its children.

Public package. Imports from rooms.
"""

from __future__ import annotations

import os
import pathlib
import sys
from typing import Final

from whirlwind.legacy.alias import AliasFinder
from whirlwind.legacy.loggers import name_after_tornado

# What comes before anything else in a child: Python imports its ``sitecustomize`` at the start.
_CHILDREN: Final = str(pathlib.Path(__file__).parent / "children")

_REAL: Final = {"tornado": "whirlwind", "motor": "whirlwind.mongo"}


def install(*, children: bool = False) -> None:
    """Make ``tornado`` and ``motor`` other names of whirlwind and ``whirlwind.mongo``.

    For programs and libraries that import Tornado and are not to be changed. Call it before any
    of them is imported; a second call changes nothing. Afterwards ``tornado.web`` *is*
    ``whirlwind.web``, one module under two names, whichever is imported first;
    ``importlib.metadata.version("tornado")`` tells the version whose interface whirlwind has, and
    the loggers are called ``tornado.access``, ``tornado.application`` and ``tornado.general``, as
    such programs set them up. A real Tornado that is installed beside it is never imported.

    Args:
        children: True to have it in the Python processes that this one starts, too. It stands in
            the environment variable ``PYTHONPATH`` of the process from then on. Children that
            ignore it (``python -I``, ``-E``, ``-S``) are left alone, and so are those whose
            Python has no whirlwind.

    Raises:
        RuntimeError: The real Tornado or Motor was imported before; call it earlier.
    """
    if not any(isinstance(finder, AliasFinder) for finder in sys.meta_path):
        for alias in _REAL:
            module = sys.modules.get(alias)
            if module is not None:
                place = getattr(module, "__file__", None) or "an unknown place"
                raise RuntimeError(
                    f"{alias} was imported from {place} before whirlwind.legacy.install()"
                )
        sys.meta_path.insert(0, AliasFinder(_REAL))
        name_after_tornado()
    if children:
        _reach_children()


def _reach_children() -> None:
    paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    if _CHILDREN not in paths:
        os.environ["PYTHONPATH"] = os.pathsep.join([_CHILDREN, *paths])
    # Some programs make the PYTHONPATH of their children from their own sys.path (pytest-jupyter
    # does). Not first, where the folder of the program stands or is going to.
    if _CHILDREN not in sys.path:
        sys.path.insert(1, _CHILDREN)
