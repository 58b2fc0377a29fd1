"""Every public name that Tornado 6.6.1 lists, and every call that its signatures allow.

Tornado's suite has a list of its interface, ``api.txt``, and a test that compares letter by letter:
that test fails for what is here besides (see the table in ``test_tornado_suite``). What a program
can rely on is the other half: nothing of the list is missing, and what can be called in Tornado can
be called here in the same way.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import os
import pathlib
import re
from typing import Any

import pytest
from tests.tornado_suite.suite import NotAvailableError, suite_folder

from whirlwind.util import ObjectDict

pytestmark = pytest.mark.slow

# Not there, and why.
_TOOLS = "modules that Tornado's module imports for itself"
_TESTS = "collects the examples of the module for Tornado's own runner"
_LOOP = "the engine knows asyncio's loops only; IOLoop.current() has it"
_CLIENT = "of a connection of Tornado's HTTP client, which a WebSocket connection is there as well"
ABSENT = {
    "autoreload.signal": _TOOLS,
    "log.colorama": _TOOLS,
    "log.curses": _TOOLS,
    "httputil.doctests": _TESTS,
    "iostream.doctests": _TESTS,
    "util.doctests": _TESTS,
    "gen.Runner.io_loop": _LOOP,
    **{
        f"websocket.WebSocketClientConnection.{name}": _CLIENT
        for name in (
            *("__del__", "chunks", "connection", "data_received", "final_callback", "finish"),
            *("release_callback", "run", "tcp_client"),
        )
    },
}
# Calls that the list allows and that are none here, and why.
REFUSED = {
    "httputil.HTTPHeaders.__init__": "a second positional argument is an error in Tornado, too",
    "locks.Semaphore.__exit__": "the interpreter gives all three by position",
}

_MISSING = object()
_SHOWN = re.compile(r"<[^<>]*>|\.\.\.")  # a default that is no literal


def interface() -> list[tuple[str, str]]:
    """Names, without ``tornado``, and what the list says of each."""
    try:
        folder = suite_folder()
    except NotAvailableError as error:
        if os.environ.get("WHIRLWIND_REQUIRE_TORNADO_SUITE") == "1":
            pytest.fail(f"the suite is not there: {error}")
        pytest.skip(f"Tornado's suite cannot be downloaded from the package registry: {error}")
    lines = (folder / "api.txt").read_text(encoding="utf-8").splitlines()
    found = [line.partition(": ") for line in lines if line.startswith("tornado.")]
    return [(name.removeprefix("tornado."), what) for name, separator, what in found if separator]


@functools.cache
def _classes(path: str) -> dict[str, set[str]]:
    """Attributes that classes of a source file set or declare, by the class's name."""
    tree = ast.parse(pathlib.Path(path).read_text(encoding="utf-8"))
    return {
        node.name: {
            inner.attr if isinstance(inner, ast.Attribute) else inner.target.id  # type: ignore[union-attr]
            for inner in ast.walk(node)
            if (isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store))
            or (isinstance(inner, ast.AnnAssign) and isinstance(inner.target, ast.Name))
        }
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }


def _instances_have(cls: type, name: str) -> bool:
    if issubclass(cls, ObjectDict):
        return True  # its keys are its attributes
    for base in cls.__mro__:
        if name in getattr(base, "__dataclass_fields__", ()):
            return True
        for member in vars(base).values():
            code = getattr(inspect.unwrap(member) if callable(member) else None, "__code__", None)
            file = code.co_filename if code is not None else ""
            if file.endswith(".py") and name in _classes(file).get(base.__name__, ()):
                return True
    return False


def find(name: str) -> Any:
    """What a name of the list stands for here; ``_MISSING`` if it is not there."""
    parts = name.split(".")
    thing: Any = importlib.import_module("whirlwind")
    for number, part in enumerate(parts):
        owner, thing = thing, inspect.getattr_static(thing, part, _MISSING)
        if thing is _MISSING and inspect.ismodule(owner):
            try:
                thing = importlib.import_module(".".join(["whirlwind", *parts[: number + 1]]))
            except ModuleNotFoundError:
                thing = getattr(owner, part, _MISSING)
        if thing is _MISSING and isinstance(owner, type) and _instances_have(owner, part):
            return None
        if thing is _MISSING:
            return _MISSING
    return thing


def refused(theirs: str, function: Any) -> str:
    """Say which call that a signature of the list allows is none here; empty if all are."""
    wanted: Any = ast.parse(f"def f{_SHOWN.sub('None', theirs)}: pass").body[0]
    arguments = wanted.args
    ours = list(inspect.signature(function).parameters.values())
    named = {one.name: one for one in ours}
    takes_more = any(one.kind is one.VAR_POSITIONAL for one in ours)
    takes_names = any(one.kind is one.VAR_KEYWORD for one in ours)
    positional = [
        one for one in ours if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)
    ]
    names = [argument.arg for argument in arguments.args]
    required = len(names) - len(arguments.defaults)
    for number, name in enumerate(names):
        if number >= len(positional):
            if not takes_more:
                return f"{name} by position"
        elif number >= required and positional[number].default is inspect.Parameter.empty:
            return f"without {name}"
        if name in ("self", "cls"):
            continue
        if name not in named and not takes_names:
            return f"{name} by its name"
        if name in named and number < len(positional) and positional[number].name != name:
            return f"{name} in its place"
    for argument in arguments.kwonlyargs:
        if argument.arg not in named and not takes_names:
            return f"{argument.arg} by its name"
    if arguments.vararg and not takes_more:
        return "further arguments by position"
    if arguments.kwarg and not takes_names:
        return "further arguments by name"
    for one in positional[len(names) :]:
        if one.default is one.empty:
            return f"without {one.name}"
    return ""


def test_every_name_of_tornados_interface_is_there() -> None:
    listed = interface()
    assert len(listed) == 1193
    missing = {name for name, _ in listed if find(name) is _MISSING}
    assert missing == set(ABSENT)


def test_every_call_that_tornado_allows_is_allowed() -> None:
    wrong = {}
    for name, what in interface():
        match = re.fullmatch(r"(?:function|method|classmethod|staticmethod)(\(.*\))", what)
        thing = find(name) if match else _MISSING
        if match is None or thing is _MISSING:
            continue
        theirs = match[1]
        if inspect.ismethod(thing):  # a function of the module that is one of an object's
            theirs = theirs.replace("(", "(self, ", 1).replace("(self, )", "(self)")
        function = getattr(thing, "__func__", thing)
        if isinstance(thing, property):
            continue  # it depends on the instance what is called
        why = refused(theirs, function)
        if why:
            wrong[name] = why
    assert set(wrong) == set(REFUSED), wrong
