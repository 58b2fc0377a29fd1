"""What ``importlib.metadata`` says about ``tornado`` and ``motor`` where whirlwind is both.

Public package. Imports from rooms.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution
from os import PathLike
from typing import Any, Final

from whirlwind._version import tornado_version

# The version of Motor whose interface whirlwind.mongo has. That package needs PyMongo to be
# imported; a test holds the two together.
MOTOR_VERSION: Final = "3.7.1"

_VERSIONS: Final = {"tornado": tornado_version, "motor": MOTOR_VERSION}


class _Installed(Distribution):
    def __init__(self, name: str) -> None:
        self._name = name

    def read_text(self, filename: str | PathLike[str]) -> str | None:
        if filename == "METADATA":
            return f"Metadata-Version: 2.1\nName: {self._name}\nVersion: {_VERSIONS[self._name]}\n"
        if filename == "top_level.txt":
            return f"{self._name}\n"
        return None

    def locate_file(self, path: str | PathLike[str]) -> Any:
        raise FileNotFoundError(f"{self._name} is whirlwind and has no files of its own: {path}")


def installed(aliases: Iterable[str], name: str | None) -> Iterator[Distribution]:
    """Yield the distributions of that name.

    Args:
        aliases: Names that are to be found.
        name: What is looked for, in any case; None for all of them.
    """
    for alias in aliases:
        if name is None or name.lower() == alias:
            yield _Installed(alias)
