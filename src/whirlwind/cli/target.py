"""Finds the application that ``module:app`` names, and says clearly why it cannot.

Public package. Imports from rooms.
"""

from __future__ import annotations

import difflib
import importlib
import os
import sys
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from whirlwind._base.watched_files import files_of
from whirlwind._http.messages import HTTPServerConnectionDelegate


class TargetError(Exception):
    """The target cannot be served; the message is one line for the user.

    Attributes:
        mends: True if a change of a file may mend it, which ``--reload`` waits for.
        files: Files to watch besides those of the loaded modules.
        trace: The traceback to show above the message; empty where it would say no more.
        exit_code: 2 where the command line is wrong, 1 where the program is.
    """

    def __init__(
        self,
        message: str,
        *,
        mends: bool = True,
        files: Iterable[str] = (),
        trace: str = "",
        exit_code: int = 2,
    ) -> None:
        super().__init__(message)
        self.mends = mends
        self.files = list(files)
        self.trace = trace
        self.exit_code = exit_code


def find(spec: str) -> Any:
    """Import the module of ``module:app`` and return what stands behind the colon.

    Args:
        spec: A module's name, a colon, and a name in it; dots reach into the object.

    Raises:
        TargetError: The text is not of that form, there is no such module or name, or the
            module raised while it was imported.
    """
    module_name, colon, path = spec.partition(":")
    if not (colon and module_name and path):
        hint = " (a module's name, without .py)" if module_name.endswith(".py") else ""
        raise TargetError(
            f"{spec!r} does not say what to serve: expected module:app{hint}", mends=False
        )
    found: Any = _import(module_name)
    at = module_name
    for name in path.split("."):
        try:
            found = getattr(found, name)
        except AttributeError:
            near = _near(name, [one for one in dir(found) if not one.startswith("__")])
            where = f"module {at!r}" if isinstance(found, ModuleType) else repr(at)
            raise TargetError(f"{where} has no {name!r}{near}")
        at = f"{at}.{name}" if isinstance(found, ModuleType) else f"{at}:{name}"
    return found


def make(found: Any, spec: str) -> Any:
    """Return the application: what was found, or what it returns where it is a factory.

    Args:
        found: An application, a function that returns one, or a class of one.
        spec: What the user wrote, for messages.

    Returns:
        An application, or an awaitable of one where the factory is asynchronous; give that,
        awaited, to ``check``.

    Raises:
        TargetError: It is neither; or the factory raised.
    """
    if not isinstance(found, HTTPServerConnectionDelegate) and callable(found):
        factory: Callable[[], Any] = found
        try:
            found = factory()
        except Exception as error:
            raise _raised(error, f"{spec} raised {_said(error)}")
        if hasattr(found, "__await__"):
            return found
        return check(found, f"{spec}() returned")
    return check(found, f"{spec} is")


def check(application: Any, told: str) -> HTTPServerConnectionDelegate:
    """Return the application if it is one.

    Args:
        application: What may be one.
        told: The beginning of the message if it is none: ``"shop:app is"``.

    Raises:
        TargetError: It is none.
    """
    if isinstance(application, HTTPServerConnectionDelegate):
        return application
    kind = type(application).__name__
    article = "an" if kind[0] in "AEIOUaeiou" else "a"
    what = "None" if application is None else f"{article} {kind}"
    raise TargetError(f"{told} {what}, which is no whirlwind.web.Application")


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if name == missing or name.startswith(f"{missing}."):
            near = _near(missing, _modules_beside(missing))
            message = f"no module named {missing!r} in {os.getcwd()} or on the path{near}"
            raise TargetError(message, mends=False)
        raise _raised(error, f"{name} raised {_said(error)}")
    # SystemExit too: a module that is a program calls sys.exit where nobody guards it.
    except (Exception, SystemExit) as error:
        raise _raised(error, f"{name} raised {_said(error)} while it was imported")


def _raised(error: BaseException, message: str) -> TargetError:
    # Where the import system and this file stand on the stack is no help to anybody.
    trail = error.__traceback__
    while trail is not None and _is_machinery(trail.tb_frame.f_code.co_filename):
        trail = trail.tb_next
    trace = "".join(traceback.format_exception(type(error), error, trail))
    return TargetError(message, files=files_of(error), trace=trace, exit_code=1)


def _is_machinery(file: str) -> bool:
    return file == __file__ or file == importlib.__file__ or file.startswith("<frozen importlib")


def _said(error: BaseException) -> str:
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _near(name: str, names: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(names), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _modules_beside(name: str) -> list[str]:
    """Return the modules that a mistyped ``name`` may have meant."""
    package, _, _ = name.rpartition(".")
    if package:
        module = sys.modules.get(package)
        folders = [Path(one) for one in getattr(module, "__path__", [])]
    else:
        folders = [Path.cwd()]
    found = [
        entry.stem
        for folder in folders
        for entry in folder.iterdir()
        if entry.suffix == ".py" or (entry.is_dir() and (entry / "__init__.py").is_file())
    ]
    return [f"{package}.{one}" if package else one for one in found if one.isidentifier()]
