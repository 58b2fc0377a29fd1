"""Stands between libcurl, which writes a body, and the program's callback, which takes it.

Layer: HTTP. Imports from ``_base`` and pycurl.

Theory of operation
-------------------
libcurl writes from inside its own functions, where nobody may be called who could call it. So
pieces wait here until ``flush``, which belongs outside. What waits is bounded: a piece for which
there is no room is refused with a pause, upon which libcurl holds it, and reads and unpacks no
more, until it is told to go on; then it writes the same piece again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final, Protocol

import pycurl

from whirlwind._base.limits import MAX_CURL_BUFFER

_TOO_LARGE: Final = 0  # for libcurl, less than there was to write is an error


class Client(Protocol):
    """What a buffer needs of the client whose body it holds."""

    max_body_size: int

    def _set_timeout(self, milliseconds: int) -> None:
        """Have libcurl called in so many milliseconds."""


class StreamingBuffer:
    """The body of one response on its way to a callback.

    Args:
        client: Says how large the body may be, and has libcurl called.
        curl: The handle of the transfer.
        streaming_callback: Called with each piece, from ``flush``.

    Attributes:
        max_buffer_size: Most bytes to hold.
        body_too_large: True once libcurl wrote more than the client's ``max_body_size``.
        paused: True while libcurl holds a piece, since there was no room for it.
        error: What libcurl said when it was to go on and could not; the transfer is over then, and
            whoever flushed has to end it.
        blocked: True while the callback is busy with what it was given; libcurl stays paused.
    """

    max_buffer_size: int = MAX_CURL_BUFFER

    def __init__(
        self, client: Client, curl: Any, streaming_callback: Callable[[bytes], object]
    ) -> None:
        self.body_too_large = False
        self.paused = False
        self.error: pycurl.error | None = None
        self.blocked = False
        self._client = client
        self._curl = curl
        self._callback = streaming_callback
        self._pieces: deque[bytes] = deque()
        self._held = 0
        self._received = 0

    def write(self, data: bytes) -> int:
        """Take the next piece; libcurl's ``WRITEFUNCTION``.

        Returns:
            The size of the piece; ``pycurl.WRITEFUNC_PAUSE`` where there is no room for it; 0
            where the body is too large, which ends the transfer.
        """
        size = len(data)
        # A piece that is larger than all the room there ever is goes into an empty place; else it
        # would wait for ever.
        if self._held and self._held + size > self.max_buffer_size:
            self.paused = True
            return int(pycurl.WRITEFUNC_PAUSE)
        self._received += size
        if self._received > self._client.max_body_size:
            self.body_too_large = True
            return _TOO_LARGE
        self._pieces.append(data)
        self._held += size
        return size

    def flush(self) -> None:
        """Hand on all pieces, then have libcurl go on if it was paused for want of room.

        Raises:
            Exception: The callback's own. The pieces behind are still here: call again.
        """
        while self._pieces:
            piece = self._pieces.popleft()
            self._held -= len(piece)
            self._callback(piece)
        if self.paused and not self.blocked:
            self.go_on()

    def go_on(self) -> None:
        """Have libcurl write on."""
        self.paused = False
        try:
            # libcurl may write what it held from in here, and be refused.
            self._curl.pause(pycurl.PAUSE_CONT)
        except pycurl.error as error:
            self.error = error
        else:
            # Older versions of libcurl write what they held at once, and ask for no call.
            self._client._set_timeout(0)

    def clear(self) -> None:
        """Drop everything."""
        self._pieces.clear()
        self._held = 0
        self.paused = False
