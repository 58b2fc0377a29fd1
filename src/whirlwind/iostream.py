"""Streams: reads and writes as futures over sockets, TLS and pipes.

Door: names only. The streams are in ``_net/base_stream.py`` and ``_net/iostream.py``, their
buffers in ``_net/stream_buffer.py``.
"""

from whirlwind._base.publish import publish
from whirlwind._net.base_stream import BaseIOStream
from whirlwind._net.iostream import IOStream, PipeIOStream, SSLIOStream
from whirlwind._net.stream_buffer import WriteBuffer as _StreamBuffer
from whirlwind._net.stream_errors import (
    StreamBufferFullError,
    StreamClosedError,
    UnsatisfiableReadError,
)
from whirlwind._net.stream_file import ERRNO_CONNRESET as _ERRNO_CONNRESET

__all__ = [
    "_ERRNO_CONNRESET",
    "_StreamBuffer",
    "BaseIOStream",
    "IOStream",
    "PipeIOStream",
    "SSLIOStream",
    "StreamBufferFullError",
    "StreamClosedError",
    "UnsatisfiableReadError",
]

publish(__name__, globals())
