"""Stands in for Cython's module of the same name where Cython is not installed.

Layer: base. Standard library only.

A kernel is written in Cython's pure Python mode: it says ``cython.Py_ssize_t`` in annotations
and ``@cython.ccall`` above functions. Interpreted, those must be names that do nothing. Only
the names that kernels use are here; a new one is added when a kernel needs it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

_F = TypeVar("_F")

compiled: Final = False

# Types, as they appear in annotations and in declare().
bint = bool
char = int
uchar = int
int = int
uint = int
long = int
longlong = int
ulonglong = int
Py_ssize_t = int
size_t = int
double = float
object = object


def declare(kind: Any = None, value: Any = None, **_: Any) -> Any:
    """Give a variable its initial value; the type is for the compiler."""
    return value


def cast(kind: Any, value: Any, *_: Any, **__: Any) -> Any:
    """Return ``value`` as it is."""
    return value


def _plain(function: _F) -> _F:
    return function


def _with_arguments(*_: Any, **__: Any) -> Callable[[_F], _F]:
    return _plain


cclass = cfunc = ccall = inline = final = internal = nogil = _plain
locals = returns = freelist = exceptval = no_gc_clear = auto_pickle = _with_arguments
boundscheck = wraparound = nonecheck = cdivision = binding = _with_arguments
