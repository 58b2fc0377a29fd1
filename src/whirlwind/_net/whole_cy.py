"""Memory for bytes of a known number, filled where it is handed on. A kernel.

Layer: net. Standard library only.

Python's own way to fill memory from a file and have ``bytes`` of it is to fill a ``bytearray`` and
copy that: a message of 100 MB then takes 200, and longer. The C API lets whoever made a ``bytes``
object write into it until somebody else sees it, and that is what the compiled form does. Between
``view`` and ``finish`` the object is in nobody's hands but this one's; a view that somebody kept
keeps it alive.

The interpreted form copies.
"""

from __future__ import annotations

from typing import Any

try:
    import cython
except ModuleNotFoundError:  # Cython is a build tool, not a run-time requirement
    from whirlwind._base import cython


def is_compiled() -> bool:
    """True in the compiled form of this file."""
    return cython.compiled


@cython.final
@cython.cclass
class Whole:
    """Bytes that are being filled.

    Args:
        size: How many, 1 or more. The system gives the memory page by page as it is filled.
    """

    _data: Any

    def __init__(self, size: cython.Py_ssize_t) -> None:
        if size < 1:
            raise ValueError(f"expected a size of 1 or more, got {size}")
        if cython.compiled:
            self._data = PyBytes_FromStringAndSize(cython.NULL, size)
        else:
            self._data = bytearray(size)

    if cython.compiled:

        def __getbuffer__(self, buffer: cython.pointer(Py_buffer), flags: cython.int) -> None:
            PyBuffer_FillInfo(
                buffer,
                self,
                cython.cast(cython.p_void, PyBytes_AsString(self._data)),
                PyBytes_Size(self._data),
                False,
                flags,
            )

        def view(self) -> memoryview:
            """Return all of the memory, to be filled; release it before ``finish``."""
            owner: Any = self
            return memoryview(owner)

    else:

        def view(self) -> memoryview:
            """Return all of the memory, to be filled; release it before ``finish``."""
            return memoryview(self._data)

    def finish(self) -> bytes:
        """Return the bytes, all of which have been filled. To be called once."""
        # Kept here as well: a view that is still about needs the memory.
        return self._data if cython.compiled else bytes(self._data)
