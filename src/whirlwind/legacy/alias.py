"""Finds ``tornado.web`` where ``whirlwind.web`` is: one module under two names.

Public package. Imports from rooms.

Theory of operation
-------------------
A finder that stands before all others answers for the names that it was given and for whatever
is below them. Its loader does not load: it hands out the real module, which the import system
then files under the second name as well. ``isinstance``, ``is`` and monkey patches hold under
both.

Monitoring agents wait for the import of ``tornado.web``, ``tornado.routing`` and so on, by name,
to patch what is in them. So that none of them waits for ever, importing an alias imports, under
their aliases, the modules that importing Tornado's module of that name would have imported; and
what is reached through the package (``from tornado import web``) is imported as ``tornado.web``.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from typing import TYPE_CHECKING, Any, Final

from whirlwind.legacy.borrowed import OWNER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from importlib.metadata import Distribution, DistributionFinder
    from types import CodeType, ModuleType

# Modules that are in sys.modules once Tornado 6.6.1's module was imported, less those that these
# bring along. Source: observed.
_BRINGS: Final[dict[str, tuple[str, ...]]] = {
    "auth": ("httpclient", "web"),
    "autoreload": ("process",),
    "concurrent": ("log",),
    "escape": ("util",),
    "gen": ("ioloop",),
    "http1connection": ("gen", "httputil", "iostream"),
    "httpclient": ("gen", "httputil"),
    "httpserver": ("http1connection", "tcpserver"),
    "httputil": ("escape",),
    "ioloop": ("concurrent",),
    "iostream": ("netutil",),
    "locale": ("log",),
    "locks": ("gen",),
    "log": ("escape",),
    "netutil": ("ioloop",),
    "options": ("log",),
    "platform.asyncio": ("gen",),
    "process": ("iostream",),
    "queues": ("locks",),
    "routing": ("httpserver",),
    "simple_httpclient": ("http1connection", "httpclient", "tcpclient"),
    "tcpclient": ("gen", "iostream"),
    "tcpserver": ("gen", "process"),
    "template": ("log",),
    "testing": ("httpclient", "platform.asyncio", "web"),
    "web": ("locale", "routing", "template"),
    "websocket": ("queues", "simple_httpclient", "web"),
    "wsgi": ("httputil", "ioloop"),
}


class _AliasLoader(importlib.abc.InspectLoader):
    """Hands out the real module; the rest is for ``python -m tornado.testing``."""

    def __init__(self, alias: str, real: str, spec: importlib.machinery.ModuleSpec) -> None:
        self._alias = alias
        self._real = real
        self._spec = spec

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        module = importlib.import_module(self._real)
        # The import system is about to put the alias's in its place.
        self._spec = module.__spec__ or self._spec
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec
        # Some agents look their hooks up by this name and not by the one that was imported.
        module.__name__ = self._alias
        package, _, rest = self._alias.partition(".")
        if package != "tornado":
            return
        _rename(module, self._real, self._alias)
        if not rest:
            module.__dict__["__getattr__"] = _through_the_package
        for other in _BRINGS.get(rest, ()):
            importlib.import_module(f"tornado.{other}")
        if rest in _BRINGS:
            _lend(module, rest)

    def is_package(self, fullname: str) -> bool:
        return self._spec.submodule_search_locations is not None

    def get_code(self, fullname: str) -> CodeType | None:
        return self._inspected().get_code(self._real)

    def get_source(self, fullname: str) -> str | None:
        return self._inspected().get_source(self._real)

    def get_filename(self, fullname: str) -> str:
        loader = self._spec.loader
        if not isinstance(loader, importlib.abc.ExecutionLoader):
            raise ImportError(f"{self._real} is no file", name=fullname)
        return loader.get_filename(self._real)

    def _inspected(self) -> importlib.abc.InspectLoader:
        loader = self._spec.loader
        if not isinstance(loader, importlib.abc.InspectLoader):
            raise ImportError(f"{self._real} cannot be looked into", name=self._alias)
        return loader


class AliasFinder(importlib.abc.MetaPathFinder):
    """Answers for modules under their second names.

    Args:
        real: The package that each alias stands for.
    """

    def __init__(self, real: Mapping[str, str]) -> None:
        self._real = dict(real)

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        package, dot, rest = fullname.partition(".")
        if package not in self._real:
            return None
        real = f"{self._real[package]}{dot}{rest}"
        private = any(part.startswith("_") and part != "__main__" for part in rest.split("."))
        loaded = sys.modules.get(real)
        spec = getattr(loaded, "__spec__", None) or importlib.util.find_spec(real)
        if spec is None or private:
            # Not None: the finder of paths would look in whirlwind's folder, and load what it
            # finds there a second time.
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        found = importlib.machinery.ModuleSpec(
            fullname,
            _AliasLoader(fullname, real, spec),
            origin=spec.origin,
            is_package=spec.submodule_search_locations is not None,
        )
        found.submodule_search_locations = spec.submodule_search_locations
        return found

    def find_distributions(
        self, context: DistributionFinder.Context | None = None
    ) -> Iterator[Distribution]:
        """Yield what is installed under the aliases, for ``importlib.metadata``."""
        # Imported when it is asked for: it costs more than all else here together, and every
        # child process would pay.
        from whirlwind.legacy.distributions import installed

        yield from installed(self._real, getattr(context, "name", None))


def _rename(module: ModuleType, real: str, alias: str) -> None:
    """Let what a module offers say that it comes from ``alias``.

    Monitoring agents name what they measure by it (``tornado.web.ErrorHandler``), and dashboards,
    filters of tracebacks and tests of such programs know those names.
    """
    for name in getattr(module, "__all__", ()):
        # A name that is made when it is asked for says later where it comes from.
        thing = module.__dict__.get(name)
        if getattr(thing, "__module__", None) == real:
            # Not all can be told: classes of compiled kernels, instances with slots.
            with contextlib.suppress(AttributeError, TypeError):
                thing.__module__ = alias


def _brought(name: str) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for other in _BRINGS.get(waiting.pop(), ()):
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found


def _lend(module: ModuleType, name: str) -> None:
    """Let a module find what it would have from the modules that it brings along."""
    lenders = _brought(name)
    own = module.__dict__.get("__getattr__")

    def missing(wanted: str) -> Any:
        if wanted in lenders:
            return importlib.import_module(f"tornado.{wanted}")
        owner = OWNER.get(wanted)
        if owner in lenders:
            return getattr(importlib.import_module(f"tornado.{owner}"), wanted)
        if own is not None:
            return own(wanted)
        raise AttributeError(f"module 'tornado.{name}' has no attribute {wanted!r}")

    module.__dict__["__getattr__"] = missing


def _through_the_package(name: str) -> Any:
    package = sys.modules["whirlwind"]
    # Not all of them are listed by the package: Tornado lists neither websocket nor wsgi.
    if name in package.__all__ or name in _BRINGS:
        return importlib.import_module(f"tornado.{name}")
    raise AttributeError(f"module 'tornado' has no attribute {name!r}")
