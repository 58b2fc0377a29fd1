"""What is installed: version, Python, loop, and which kernels are compiled.

Public package. Imports from rooms.
"""

from __future__ import annotations

import importlib
import platform
from collections.abc import Iterator
from pathlib import Path

import whirlwind
from whirlwind._net.asyncio_choice import new_asyncio_loop
from whirlwind._version import version

PACKAGE = Path(whirlwind.__file__).parent


def lines() -> Iterator[str]:
    """Yield the lines that ``python -m whirlwind`` prints."""
    yield f"whirlwind {version} (interface of Tornado {whirlwind.version})"
    yield f"python    {platform.python_version()} ({platform.python_implementation()})"
    yield f"loop      {loop_name()}"
    states = kernels()
    width = max((len(name) for name in states), default=0)
    for number, (name, compiled) in enumerate(states.items()):
        title = "kernels" if number == 0 else ""
        yield f"{title:<9} {name:<{width}}  {'compiled' if compiled else 'interpreted'}"


def loop_name() -> str:
    """Return the name of the package whose loop a program of this process gets."""
    loop = new_asyncio_loop()
    loop.close()
    return type(loop).__module__.partition(".")[0]


def kernels() -> dict[str, bool]:
    """Import every kernel and return, by its name, whether it runs compiled.

    Kernels are found by their file names, compiled or not, so that one which was left out of
    the build is seen as well.
    """
    names = {
        ".".join([*path.parent.relative_to(PACKAGE.parent).parts, path.name.partition(".")[0]])
        for pattern in ("*_cy.py", "*_cy.*.so", "*_cy.*.pyd")
        for path in PACKAGE.rglob(pattern)
    }
    return {name: importlib.import_module(name).is_compiled() for name in sorted(names)}
