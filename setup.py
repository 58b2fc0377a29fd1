"""Builds the kernels; everything else about the package is in pyproject.toml.

A kernel is a file named ``*_cy.py`` (docs/project/kernels.md). The environment variable
``WHIRLWIND_BUILD`` decides what happens to them:

- ``require``: a kernel that does not compile fails the build;
- ``skip``: nothing is compiled, the package is pure Python;
- unset: compile where there is a C compiler, and go on without where there is none.
"""

import os
import pathlib
import sys

from setuptools import Extension, setup

MODE = os.environ.get("WHIRLWIND_BUILD", "")
if MODE not in ("", "require", "skip"):
    sys.exit(f"WHIRLWIND_BUILD is {MODE!r}: expected 'require', 'skip' or nothing")

SOURCES = pathlib.Path("src")

# Functions as C has them, which are called faster than Cython's own kind of function; with
# signatures that inspect can read.
DIRECTIVES = {"binding": False, "embedsignature": True, "embedsignature.format": "clinic"}


def kernels():
    if MODE == "skip":
        return []
    from Cython.Build import cythonize

    flags = [] if sys.platform == "win32" else ["-O3"]
    flags += os.environ.get("WHIRLWIND_CFLAGS", "").split()
    extensions = [
        Extension(
            ".".join(path.relative_to(SOURCES).with_suffix("").parts),
            [path.as_posix()],
            extra_compile_args=flags,
            extra_link_args=os.environ.get("WHIRLWIND_LDFLAGS", "").split(),
        )
        for path in sorted(SOURCES.rglob("*_cy.py"))
    ]
    kernels = cythonize(
        extensions,
        build_dir="build/kernels",
        language_level=3,
        quiet=True,
        compiler_directives=DIRECTIVES,
    )
    for kernel in kernels:
        # An optional extension that does not compile is a warning. (Set here: cythonize() does
        # not keep it.)
        kernel.optional = MODE != "require"
    return kernels


setup(ext_modules=kernels())
