"""Doors against the checklist of Tornado's public names."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import pathlib
from types import ModuleType

import pytest

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1] / "src" / "whirlwind"
CHECKLIST: dict[str, list[str]] = json.loads((HERE / "tornado_names.json").read_text())

# Doors that have every name of the list. A door joins them when it is whole.
WHOLE = [
    "auth",
    "autoreload",
    "concurrent",
    "curl_httpclient",
    "escape",
    "gen",
    "http1connection",
    "httpserver",
    "httputil",
    "ioloop",
    "locale",
    "locks",
    "log",
    "options",
    "platform.asyncio",
    "platform.caresresolver",
    "platform.twisted",
    "process",
    "queues",
    "template",
    "testing",
    "util",
    "wsgi",
    "websocket",
]
DOORS = [name for name in CHECKLIST if ROOT.joinpath(*name.split(".")).with_suffix(".py").exists()]


def door(name: str) -> ModuleType:
    return importlib.import_module(f"whirlwind.{name}")


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_door_has_every_name_of_the_checklist(name: str) -> None:
    module = door(name)
    assert [wanted for wanted in CHECKLIST[name] if not hasattr(module, wanted)] == []


@pytest.mark.parametrize("name", DOORS)
def test_what_a_door_lists_is_there_and_says_that_it_comes_from_a_door(name: str) -> None:
    for each in DOORS:
        door(each)  # a class in two doors has the name of the one that it belongs to
    module = door(name)
    listed = module.__all__
    assert len(set(listed)) == len(listed)
    for one in listed:
        thing = getattr(module, one)
        if not inspect.isclass(thing) and not inspect.isfunction(thing):
            continue  # an object, or a method of one: it says what its class says
        assert not str(getattr(thing, "__module__", "")).startswith("whirlwind._"), one


@pytest.mark.parametrize("name", DOORS)
def test_a_door_holds_names_and_no_logic(name: str) -> None:
    tree = ast.parse(ROOT.joinpath(*name.split(".")).with_suffix(".py").read_text())
    assert ast.get_docstring(tree)
    for statement in tree.body:
        # __getattr__ and __dir__ hand on names that are made when they are asked for.
        assert (
            isinstance(statement, ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign)
            or (
                isinstance(statement, ast.Expr)
                and isinstance(statement.value, ast.Constant | ast.Call)
            )
            or (
                isinstance(statement, ast.FunctionDef)
                and statement.name in ("__getattr__", "__dir__")
            )
            or isinstance(statement, ast.If)
        ), ast.unparse(statement)[:80]
