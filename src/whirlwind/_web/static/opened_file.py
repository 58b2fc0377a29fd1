"""An open file, read by threads, closed by the loop.

Layer: web. Imports from ``_base`` and within ``_web``.
"""

from __future__ import annotations

import os
import stat
import threading
from typing import Final

from whirlwind._web.errors import HTTPError

# A FIFO opened for reading waits for a writer, in the kernel, and with it the whole loop: not with
# O_NONBLOCK. Nor does a terminal become this process's own.
_FLAGS: Final = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_HAS_PREAD: bool = hasattr(os, "pread")
_NO_LINKS: Final = getattr(os, "O_NOFOLLOW", 0)


class OpenedFile:
    """A regular file, open for reading; close it.

    A thread may be reading when the loop closes it, if a client went away. The descriptor's
    number would then belong to whichever file is opened next, so it is closed when that read is
    done, by whoever comes last.

    Args:
        path: Its path.
        follow: False to refuse a symbolic link as its last part.

    Attributes:
        descriptor: For ``os.sendfile``.
        status: What ``os.fstat`` says.

    Raises:
        HTTPError: 404, there is no such file; 403, it is no regular file or may not be read.
    """

    __slots__ = ("_closed", "_lock", "_readers", "descriptor", "status")

    def __init__(self, path: str, follow: bool = True) -> None:
        try:
            self.descriptor = os.open(path, _FLAGS if follow else _FLAGS | _NO_LINKS)
        except (FileNotFoundError, NotADirectoryError, ValueError):
            raise HTTPError(404) from None
        except OSError as error:
            raise HTTPError(403, "%s cannot be opened: %s", path, error.strerror) from error
        self.status = os.fstat(self.descriptor)
        if not stat.S_ISREG(self.status.st_mode):
            os.close(self.descriptor)
            raise HTTPError(403, "%s is not a file", path)
        self._lock = threading.Lock()
        self._readers = 0
        self._closed = False

    def read(self, count: int, offset: int) -> bytes:
        """Return up to ``count`` bytes from ``offset``; fewer where the file ends. For threads."""
        with self._lock:
            if self._closed:
                return b""
            self._readers += 1
        try:
            return self._read(count, offset)
        finally:
            self._leave()

    def _read(self, count: int, offset: int) -> bytes:
        if _HAS_PREAD:
            return os.pread(self.descriptor, count, offset)
        # Windows. One reader at a time is all there is, see the sending of bodies.
        os.lseek(self.descriptor, offset, os.SEEK_SET)
        return os.read(self.descriptor, count)

    def _leave(self) -> None:
        with self._lock:
            self._readers -= 1
            if self._closed and not self._readers:
                os.close(self.descriptor)

    def close(self) -> None:
        """Close it, now or when the read that is going on is done."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            if not self._readers:
                os.close(self.descriptor)

    def __enter__(self) -> OpenedFile:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()
