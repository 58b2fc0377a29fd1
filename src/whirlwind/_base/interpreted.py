"""Runs kernels from their source although a compiled form stands beside it.

Layer: base. Standard library only.

Python prefers ``runner_cy.cpython-….so`` to ``runner_cy.py``. A debugger, a coverage run or a
search for a bug wants the other one: ``WHIRLWIND_INTERPRETED=1`` installs this finder before
any kernel is imported.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import pathlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

KERNEL_SUFFIX = "_cy"


class _SourceOfKernels(importlib.abc.MetaPathFinder):
    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        if not (fullname.startswith("whirlwind.") and fullname.endswith(KERNEL_SUFFIX)):
            return None
        for folder in path or ():
            source = pathlib.Path(folder, fullname.rpartition(".")[2] + ".py")
            if source.is_file():
                return importlib.util.spec_from_file_location(fullname, source)
        return None


def install() -> None:
    """Make every kernel imported from now on run from its source."""
    sys.meta_path.insert(0, _SourceOfKernels())
