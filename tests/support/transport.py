"""A transport that keeps what is written, for protocols that are fed by hand."""

from __future__ import annotations

import asyncio
from typing import Any


class Transport(asyncio.Transport):
    """A transport without a socket.

    Attributes:
        written: All that was written to it.
        closed: Whether it was closed, or aborted.
    """

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False

    def write(self, data: Any) -> None:
        assert not self.closed
        self.written += bytes(data)

    def can_write_eof(self) -> bool:
        return False

    def close(self) -> None:
        self.closed = True

    abort = close

    def is_closing(self) -> bool:
        return self.closed

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        pass

    resume_reading = pause_reading

    def set_protocol(self, protocol: Any) -> None:
        pass
