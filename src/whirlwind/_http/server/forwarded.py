"""Believes a proxy's headers for requests that come over a stream.

Layer: HTTP. Imports within ``_http`` and from ``_proto``.
"""

from __future__ import annotations

from collections.abc import Awaitable

from whirlwind._http.messages import HTTPMessageDelegate
from whirlwind._http.server.context import RequestContext
from whirlwind._http.stream_connection.connection import HTTP1Connection
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http.start_line import RequestStartLine, ResponseStartLine


class ForwardedRequest(HTTPMessageDelegate):
    """Stands before a delegate, for servers with ``xheaders``.

    Each request gets a context of its own: what a proxy said of one must not be believed of the
    next one on the same connection.

    Args:
        delegate: Who receives the request.
        connection: The request's connection.
    """

    def __init__(self, delegate: HTTPMessageDelegate, connection: HTTP1Connection) -> None:
        self._delegate = delegate
        self._connection = connection

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        known = self._connection.context
        if isinstance(known, RequestContext):
            context = RequestContext(known.address, known.protocol, known.trusted_downstream)
            context.apply_forwarded(headers)
            self._connection.context = context
        return self._delegate.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        return self._delegate.data_received(chunk)

    def finish(self) -> None:
        self._delegate.finish()

    def on_connection_close(self) -> None:
        self._delegate.on_connection_close()
