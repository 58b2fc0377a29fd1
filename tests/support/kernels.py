"""Both forms of a kernel, for tests that hold for each of them."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import os
import pathlib
import sys
from types import ModuleType
from typing import Any

import pytest

SOURCES = pathlib.Path(__file__).parents[2] / "src"


def interpreted_form(name: str) -> ModuleType:
    """Load a kernel from its source, under a name of its own beside the imported one."""
    alias = f"{name}__interpreted"
    if alias in sys.modules:
        return sys.modules[alias]
    path = SOURCES.joinpath(*name.split(".")).with_suffix(".py")
    spec = importlib.util.spec_from_file_location(alias, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[alias] = module
    spec.loader.exec_module(module)
    return module


def compiled_form(name: str) -> ModuleType | None:
    """Import a kernel's compiled form; None where it was not built."""
    module = importlib.import_module(name)
    return module if module.is_compiled() else None


def both_forms(name: str) -> list[Any]:
    """Fixture parameters: the interpreted form of a kernel, and its compiled form.

    Where the compiled form was not built the second is a skip, or a failure if
    ``WHIRLWIND_REQUIRE_COMPILED`` is 1.
    """
    forms = [pytest.param(interpreted_form(name), id="interpreted")]
    compiled = compiled_form(name)
    if compiled is not None:
        forms.append(pytest.param(compiled, id="compiled"))
    elif os.environ.get("WHIRLWIND_REQUIRE_COMPILED") == "1":
        raise RuntimeError(f"{name} was not compiled, and WHIRLWIND_REQUIRE_COMPILED is 1")
    else:
        forms.append(
            pytest.param(None, id="compiled", marks=pytest.mark.skip(reason="not compiled"))
        )
    return forms
