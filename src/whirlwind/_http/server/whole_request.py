"""Requests for a function: their bodies are collected, and it is given them whole.

Layer: HTTP. Imports from ``_proto`` and within ``_http``.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from typing import Any, TypeAlias

from whirlwind._http.messages import (
    DirectDelegate,
    HTTPConnection,
    HTTPMessageDelegate,
    HTTPServerRequest,
)
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http.start_line import RequestStartLine, ResponseStartLine

RequestCallback: TypeAlias = Callable[[HTTPServerRequest], Any]


class CallableDelegate(DirectDelegate):
    """Gives whole requests to a function.

    Args:
        request_callback: Takes an ``HTTPServerRequest`` with its whole body.
    """

    def __init__(self, request_callback: RequestCallback) -> None:
        self.request_callback = request_callback

    def receive_request(self, request: HTTPServerRequest) -> None:
        contextvars.copy_context().run(self.request_callback, request)

    def receive_head(self, request: HTTPServerRequest) -> HTTPMessageDelegate:
        return WholeRequest(request, self.request_callback)

    def start_request(
        self, server_conn: object, request_conn: HTTPConnection
    ) -> HTTPMessageDelegate:
        return _RequestBuilder(server_conn, request_conn, self.request_callback)


class WholeRequest(HTTPMessageDelegate):
    """Collects a body, and gives the request to a function when it is complete.

    Args:
        request: The request, without its body.
        receiver: Takes the request, with its body.
    """

    def __init__(self, request: HTTPServerRequest, receiver: RequestCallback) -> None:
        self._request = request
        self._receiver = receiver
        self._pieces: list[bytes] = []

    def data_received(self, chunk: bytes) -> None:
        self._pieces.append(chunk)

    def finish(self) -> None:
        self._request.body = b"".join(self._pieces)
        self._receiver(self._request)


class _RequestBuilder(HTTPMessageDelegate):
    """The same for a request whose head is yet to come."""

    def __init__(
        self, server_conn: object, request_conn: HTTPConnection, receiver: RequestCallback
    ) -> None:
        self._server_conn = server_conn
        self._connection = request_conn
        self._receiver = receiver
        self._whole: WholeRequest | None = None

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> None:
        assert isinstance(start_line, RequestStartLine)
        request = HTTPServerRequest(
            connection=self._connection,
            server_connection=self._server_conn,
            start_line=start_line,
            headers=headers,
        )
        self._whole = WholeRequest(request, self._receiver)

    def data_received(self, chunk: bytes) -> None:
        if self._whole is not None:
            self._whole.data_received(chunk)

    def finish(self) -> None:
        if self._whole is not None:
            self._whole.finish()
