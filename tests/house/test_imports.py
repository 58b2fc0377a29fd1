"""Every module can be the first that a program imports, and importing one is cheap."""

from __future__ import annotations

import importlib.util
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[2] / "src" / "whirlwind"
# What a module may need that is an extra, or another platform's.
OPTIONAL = {
    "mongo": "pymongo",
    "curl": "pycurl",
    "curl_httpclient": "pycurl",
    "twisted": "twisted",
    "caresresolver": "pycares",
    "aiohttp": "aiohttp",
}

# One process for all: each module is imported after every trace of the package was dropped. A new
# process for each would take a minute; what a module might owe to another one it would show too.
PROGRAM = """
import importlib, sys
failed = []
for name in sys.argv[1:]:
    for loaded in [m for m in sys.modules if m.split(".")[0] == "whirlwind"]:
        if not loaded.endswith("_cy"):  # a compiled kernel is loaded once a process
            del sys.modules[loaded]
    try:
        importlib.import_module(name)
    except Exception as error:
        failed.append(f"{name}: {type(error).__name__}: {error}")
print("\\n".join(failed))
"""


def modules() -> list[str]:
    names = []
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT.parent).with_suffix("").parts
        if parts[-1] == "__main__":
            continue  # importing it is running it
        if any(
            part in parts and importlib.util.find_spec(needs) is None
            for part, needs in OPTIONAL.items()
        ):
            continue
        names.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return names


def test_every_module_can_be_imported_first() -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, *modules()],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == ""


def test_importing_the_package_imports_none_of_its_modules() -> None:
    program = (
        "import sys, whirlwind\n"
        "ours = [name for name in sys.modules if name.startswith('whirlwind.')]\n"
        "print([name for name in ours if name != 'whirlwind._version'])"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
