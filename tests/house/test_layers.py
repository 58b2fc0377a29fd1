"""The house: which room may import which, and what no room may import."""

from __future__ import annotations

import ast
import pathlib
from collections.abc import Iterator

ROOT = pathlib.Path(__file__).parents[2] / "src" / "whirlwind"

# room: the rooms it may import from
MAY_IMPORT = {
    "_base": set[str](),
    "_engine": {"_base"},
    "_proto": {"_base"},
    "_net": {"_base", "_engine"},
    "_http": {"_base", "_engine", "_proto", "_net"},
    "_web": {"_base", "_engine", "_proto", "_net", "_http"},
}
ROOMS = set(MAY_IMPORT)
# Modules at the top that are no doors: what every room may read, and the command line.
PLAIN = {"_version", "cli", "__main__", "__init__"}

FORBIDDEN = {
    "_base": {"asyncio"},
    "_engine": {"socket", "ssl", "selectors"},
    "_proto": {"asyncio", "socket", "ssl", "threading", "time", "random", "selectors", "select"},
}


def imports_of(path: pathlib.Path) -> Iterator[str]:
    """Whole dotted names that one file imports, wherever in the file the import stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module is not None
            for alias in node.names:
                yield f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name


def is_for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def without_types(path: pathlib.Path) -> set[str]:
    """Imports that happen when the program runs: those under TYPE_CHECKING do not."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = {
        inner for node in ast.walk(tree) if is_for_types_only(node) for inner in ast.walk(node)
    }
    names = set()
    for node in ast.walk(tree):
        if node in for_types:
            continue
        if isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names


def module_of(path: pathlib.Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in sorted(ROOT.rglob("*.py"))}


def module_in(name: str) -> str | None:
    """The module of ours that an imported dotted name is, or is taken from."""
    while name.startswith("whirlwind"):
        if name in MODULES:
            return name
        name = name.rpartition(".")[0]
    return None


GRAPH = {
    module: {found for name in imports_of(path) if (found := module_in(name)) and found != module}
    for module, path in MODULES.items()
}


AT_RUN_TIME = {
    module: {
        found for name in without_types(path) if (found := module_in(name)) and found != module
    }
    for module, path in MODULES.items()
}


def part_of(module: str) -> str:
    """Room, public package or door: the first name after ``whirlwind``."""
    return module.split(".")[1] if "." in module else "__init__"


def test_no_room_imports_a_room_above_it() -> None:
    wrong = [
        f"{module} imports {seen}"
        for module, found in GRAPH.items()
        if part_of(module) in ROOMS
        for seen in found
        if part_of(seen) not in MAY_IMPORT[part_of(module)] | {part_of(module), "_version"}
    ]
    assert wrong == []


def test_doors_and_public_packages_do_not_import_one_another() -> None:
    public = {part_of(module) for module in MODULES} - ROOMS - PLAIN
    wrong = [
        f"{module} imports {seen}"
        for module, found in GRAPH.items()
        if part_of(module) in public
        for seen in found
        if part_of(seen) in public and part_of(seen) != part_of(module)
    ]
    assert wrong == []


def test_there_is_no_import_cycle() -> None:
    # An object may know its owner's type; what may not be is that neither loads without the other.
    done: set[str] = set()
    path: list[str] = []

    def visit(module: str) -> None:
        assert module not in path, " -> ".join([*path[path.index(module) :], module])
        if module in done:
            return
        path.append(module)
        for seen in sorted(AT_RUN_TIME[module]):
            # A package imports its own modules; that they name it is no cycle of theirs.
            if not module.startswith(seen + "."):
                visit(seen)
        path.pop()
        done.add(module)

    for module in MODULES:
        visit(module)


def test_lower_rooms_stay_clear_of_what_belongs_higher_up() -> None:
    wrong = [
        f"{module} imports {name}"
        for module, path in MODULES.items()
        for name in imports_of(path)
        if name.split(".")[0] in FORBIDDEN.get(part_of(module), set())
    ]
    assert wrong == []


def test_no_file_is_named_after_nothing() -> None:
    given = {"whirlwind.platform.common"}  # a name of Tornado's
    names = {path.stem for module, path in MODULES.items() if module not in given}
    assert not names & {"utils", "util_", "helpers", "helper", "common", "misc"}


def test_every_room_file_says_what_it_is() -> None:
    wrong = [
        module
        for module, path in MODULES.items()
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert wrong == []
