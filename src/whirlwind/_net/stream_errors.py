"""The errors of streams.

Layer: net. Imports from ``_base`` only.
"""

from __future__ import annotations

from typing import Any

from whirlwind._base.errors import WhirlwindError


class StreamClosedError(WhirlwindError, OSError):
    """A stream was closed before, or while, it did what it was asked for.

    Args:
        real_error: Why it was closed; None if the peer or the program closed it in order.

    Attributes:
        real_error: The same: an ``OSError`` of the socket, an ``ssl.SSLError``, an
            ``UnsatisfiableReadError``, what ``close(exc_info=…)`` was given. It is the cause
            in a traceback as well.
    """

    def __init__(self, real_error: BaseException | None = None) -> None:
        super().__init__("Stream is closed")
        self.real_error = real_error
        self.__cause__ = real_error if isinstance(real_error, BaseException) else None

    def __reduce__(self) -> tuple[Any, ...]:
        # So that it goes to another process: made of its reason, not of its text.
        return type(self), (self.real_error,), self.__dict__


class UnsatisfiableReadError(WhirlwindError):
    """What was to be read until did not come within ``max_bytes``.

    Seen as the ``real_error`` of a ``StreamClosedError``: the stream is closed, because what
    follows in it can no longer be understood.
    """


class StreamBufferFullError(WhirlwindError):
    """A stream was to hold more than ``max_buffer_size`` or ``max_write_buffer_size`` bytes.

    Raised by ``write``, it means that nothing of that piece was taken and the stream goes on.
    In reading it ends the stream.
    """


class StreamOverfullError(StreamClosedError, StreamBufferFullError):
    """A stream was closed because more was to be read than ``max_buffer_size`` allows.

    Both of its bases, since programs expect the one where the bytes had arrived before the
    read began and the other where they came later.
    """
