"""The settings of HTTP/1 connections over streams.

Layer: HTTP. Imports from ``_base`` and ``_proto``.
"""

from __future__ import annotations

from whirlwind._base.lazy import lazy
from whirlwind._base.limits import BODY_CHUNK_SIZE, MAX_HEADER_SIZE
from whirlwind._proto.http1.request_head import RequestHeadReader


class HTTP1ConnectionParameters:
    """What ``HTTP1Connection`` and ``HTTP1ServerConnection`` can be told.

    One object may serve any number of connections.

    Args:
        no_keep_alive: Close every connection after one message each way.
        chunk_size: Most bytes of a body handed on at once; None for 64 KiB.
        max_header_size: Most bytes of a start line and its fields; None for 64 KiB.
        header_timeout: Seconds to wait for a whole head, which on a server includes the time
            between requests; None for no limit.
        max_body_size: Most bytes of a body; None for the stream's ``max_buffer_size``.
        body_timeout: Seconds that a body may take; None for no limit.
        decompress: Decompress gzip bodies that come in; limits then hold for the plain body as
            well as for the compressed one.

    Attributes:
        no_keep_alive, header_timeout, max_body_size, body_timeout, decompress: As given.
        chunk_size, max_header_size: As given, or the default.
    """

    def __init__(
        self,
        no_keep_alive: bool = False,
        chunk_size: int | None = None,
        max_header_size: int | None = None,
        header_timeout: float | None = None,
        max_body_size: int | None = None,
        body_timeout: float | None = None,
        decompress: bool = False,
    ) -> None:
        self.no_keep_alive = no_keep_alive
        self.chunk_size = chunk_size or BODY_CHUNK_SIZE
        self.max_header_size = max_header_size or MAX_HEADER_SIZE
        self.header_timeout = header_timeout
        self.max_body_size = max_body_size
        self.body_timeout = body_timeout
        self.decompress = decompress

    @lazy
    def heads(self) -> RequestHeadReader:
        """What takes request heads apart; shared, because it remembers those that it saw."""
        return RequestHeadReader()
