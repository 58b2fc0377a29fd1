"""Goes on in a child process where ``whirlwind run`` began: Python imports this at its start.

Public package. Imports from rooms.

The folder of this file stands first on ``PYTHONPATH``. A ``sitecustomize`` that the installation
has of its own is hidden by this one, and run after it.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import pathlib
import sys

_HERE = str(pathlib.Path(__file__).parent)

if __name__ == "sitecustomize":
    while _HERE in sys.path:
        sys.path.remove(_HERE)
    hidden = importlib.machinery.PathFinder.find_spec(__name__)
    try:
        from whirlwind import legacy
    except ModuleNotFoundError:
        pass  # another Python, which has no whirlwind: its programs are left as they are
    else:
        # On the path again: some programs make the PYTHONPATH of their children from it.
        sys.path.insert(0, _HERE)
        legacy.install(children=True)
    if hidden is not None and hidden.loader is not None:
        sys.modules[__name__] = importlib.util.module_from_spec(hidden)
        hidden.loader.exec_module(sys.modules[__name__])
