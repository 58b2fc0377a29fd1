"""Makes ``tornado`` another name of whirlwind in every Python that has this folder on its path.

Python imports a module of this name when it starts, in the processes that tests of the suite start
as well. Nothing of whirlwind is imported before a program asks for it.

``TORNADO_TESTS`` is the folder of the suite's own modules, which become ``tornado.test``.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import logging
import os
import sys
from collections.abc import Sequence
from types import CodeType, ModuleType


def _ours(name: str) -> str:
    return "whirlwind" + name.removeprefix("tornado")


class _Alias(importlib.abc.InspectLoader):
    """Loads a module of whirlwind under Tornado's name: the same object under both."""

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        if module.__name__ == "tornado":
            self._fill(module)
            return
        # The import system takes what is here afterwards. Had create_module returned our module,
        # its __spec__ would be replaced by the one of the alias.
        sys.modules[module.__name__] = importlib.import_module(_ours(module.__name__))

    @staticmethod
    def _fill(package: ModuleType) -> None:
        """The package itself is another object: what is taken from it is imported by its name."""
        ours = importlib.import_module("whirlwind")

        def __getattr__(name: str) -> object:
            found = getattr(ours, name)
            if isinstance(found, ModuleType):
                return importlib.import_module(f"tornado.{name}")
            return found

        vars(package).update(__all__=ours.__all__, __getattr__=__getattr__)

    def get_code(self, fullname: str) -> CodeType | None:
        """For ``python -m tornado.autoreload``, whose program must find it imported as well."""
        importlib.import_module(fullname)
        spec = importlib.util.find_spec(_ours(fullname))
        assert spec is not None
        assert isinstance(spec.loader, importlib.abc.InspectLoader)
        return spec.loader.get_code(_ours(fullname))

    def get_source(self, fullname: str) -> str | None:
        return None


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname == "tornado.test":
            folder = os.environ["TORNADO_TESTS"]
            return importlib.util.spec_from_file_location(
                fullname,
                os.path.join(folder, "__init__.py"),
                submodule_search_locations=[folder],
            )
        if fullname.startswith("tornado.test."):
            return None  # by its path, like any module
        if fullname != "tornado" and not fullname.startswith("tornado."):
            return None
        ours = importlib.util.find_spec(_ours(fullname))
        if ours is None:
            return None
        spec = importlib.machinery.ModuleSpec(fullname, _Alias(), origin=ours.origin)
        spec.has_location = True
        spec.submodule_search_locations = ours.submodule_search_locations
        return spec


sys.meta_path.insert(0, _Finder())
# The suite looks for what is logged under Tornado's names: they are other names of our loggers.
for name in ("", ".access", ".application", ".general", ".curl_httpclient"):
    logging.Logger.manager.loggerDict["whirlwind" + name] = logging.getLogger("tornado" + name)
