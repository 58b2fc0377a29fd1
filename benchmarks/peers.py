"""The interpreters that the peers run in: virtual environments under ``.cache``."""

from __future__ import annotations

import os
import pathlib
import platform
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[1]
CACHE = ROOT / ".cache"


def interpreter(name: str, *requirements: str) -> pathlib.Path:
    """Return the Python of a virtual environment that has the requirements, made when missing.

    Args:
        name: Its folder's name.
        requirements: What pip installs into it.
    """
    folder = CACHE / f"bench-{name}"
    python = folder / "bin" / "python"
    wanted = "\n".join(requirements)
    done = folder / "requirements.txt"
    if not done.exists() or done.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *requirements], check=True)
        done.write_text(wanted)
    return python


def environment(ours: bool) -> dict[str, str]:
    """Return the environment of a process that imports this tree, or must not."""
    return {**os.environ, "PYTHONPATH": str(ROOT / "src") if ours else ""}


def versions(python: str, names: list[str]) -> str:
    """Return the versions of packages in an interpreter's environment, for the report."""
    code = (
        "import importlib.metadata as m, sys\n"
        "print(', '.join(f'{n} {m.version(n)}' for n in sys.argv[1:]))"
    )
    return subprocess.run(
        [python, "-c", code, *names], check=True, capture_output=True, text=True
    ).stdout.strip()


def machine() -> str:
    """Return one line about the machine and the interpreter."""
    model = "unknown processor"
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    return f"{model}; {platform.system()} {platform.release()}; Python {platform.python_version()}"


def pinned(cpu: int) -> list[str]:
    """Return the command prefix that pins a process to one processor, where that is possible."""
    return ["taskset", "-c", str(cpu)] if shutil.which("taskset") else []
