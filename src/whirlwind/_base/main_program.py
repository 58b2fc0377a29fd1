"""Runs a program inside this process as ``python`` would: under the name ``__main__``.

Layer: base. Standard library only.

Theory of operation
-------------------
``runpy`` does nearly this. It is not used because it gives a script neither the directory that it
imports its neighbours from nor a place in ``sys.modules`` that is its own from the first line.
"""

from __future__ import annotations

import builtins
import importlib.util
import io
import os
import pkgutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import CodeType, ModuleType
from typing import Any


def run_script(path: str, arguments: Sequence[str]) -> None:
    """Run a file, or a directory or an archive with a ``__main__.py``.

    Args:
        path: The file; also ``sys.argv[0]`` and ``__file__``. Its directory is where the program
            imports from first; the entries of ``sys.path`` that are there stay behind it.
        arguments: The rest of ``sys.argv``.

    Raises:
        OSError: It cannot be read.
        Exception: What the program raises, ``SystemExit`` as well.
    """
    importer: Any = pkgutil.get_importer(path)
    spec = None if importer is None else importer.find_spec("__main__")
    if spec is None:
        with io.open_code(os.path.abspath(path)) as file:
            source = file.read()
        loader = SourceFileLoader("__main__", path)
        code = compile(source, path, "exec", dont_inherit=True)
        module = _module(path, loader, spec=None, package=None)
        place = os.path.dirname(os.path.realpath(path))
    else:
        code = _code_of(spec)
        module = _module(spec.origin, spec.loader, spec=spec, package="")
        place = path
    with _standing_for_main(module, [path, *arguments], place):
        exec(code, module.__dict__)  # noqa: S102  what it is for


def run_module(name: str, arguments: Sequence[str]) -> None:
    """Run a module as ``python -m`` does; of a package, its ``__main__``.

    Args:
        name: Its dotted name.
        arguments: ``sys.argv`` without the first, which is the module's file.

    Raises:
        ModuleNotFoundError: There is no such module.
        ImportError: It is a package without ``__main__``, or holds no Python.
        Exception: What the program raises, ``SystemExit`` as well.
    """
    spec = importlib.util.find_spec(name)
    if spec is None:
        raise ModuleNotFoundError(f"No module named {name}", name=name)
    if spec.submodule_search_locations is not None:
        spec = importlib.util.find_spec(f"{name}.__main__")
        if spec is None:
            raise ImportError(f"{name} is a package and has no __main__ to run", name=name)
    code = _code_of(spec)
    module = _module(spec.origin, spec.loader, spec=spec, package=spec.parent)
    with _standing_for_main(module, [spec.origin or name, *arguments], None):
        exec(code, module.__dict__)  # noqa: S102  what it is for


def file_of_module(name: str) -> str | None:
    """Return the file of a module that may not be loaded; None if there is none to be found."""
    try:
        spec = importlib.util.find_spec(name)
    except Exception:  # a package above it does not import
        return None
    return None if spec is None or not spec.has_location else spec.origin


def _code_of(spec: ModuleSpec) -> CodeType:
    loader: Any = spec.loader
    code = loader.get_code(spec.name) if hasattr(loader, "get_code") else None
    if code is None:
        raise ImportError(f"{spec.name} holds no Python to run", name=spec.name)
    return code  # type: ignore[no-any-return]


def _module(
    file: str | None, loader: Any, *, spec: ModuleSpec | None, package: str | None
) -> ModuleType:
    module = ModuleType("__main__")
    module.__dict__.update(
        __builtins__=builtins,
        __cached__=None if spec is None else spec.cached,
        __file__=file,
        __loader__=loader,
        __package__=package,
        # What is sent to another process finds its classes again by this name.
        __spec__=spec,
    )
    return module


@contextmanager
def _standing_for_main(module: ModuleType, argv: list[str], place: str | None) -> Iterator[None]:
    before = sys.modules["__main__"], sys.argv, sys.path[:]
    sys.modules["__main__"], sys.argv = module, argv
    if place is not None:
        sys.path.insert(0, place)
    try:
        yield
    finally:
        sys.modules["__main__"], sys.argv, sys.path[:] = before
