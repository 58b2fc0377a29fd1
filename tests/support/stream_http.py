"""HTTP/1 connections over pairs of streams, and a delegate that writes down what it is told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from tests.support.streams import pair

from whirlwind._http.messages import HTTPMessageDelegate
from whirlwind._http.stream_connection.connection import HTTP1Connection
from whirlwind._http.stream_connection.parameters import HTTP1ConnectionParameters
from whirlwind._net.iostream import IOStream
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http.start_line import RequestStartLine, ResponseStartLine

GET = RequestStartLine("GET", "/", "HTTP/1.1")
OK = ResponseStartLine("HTTP/1.1", 200, "OK")


class Recorder(HTTPMessageDelegate):
    """Writes down what it is told.

    Attributes:
        events: ``("head", first word of the start line that differs)``, ``("data", chunk)``,
            ``"finish"``, ``"closed"``.
        on_head, on_data, on_finish: What to do besides; what they return is waited for.
    """

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.headers = HTTPHeaders()
        self.on_head: Callable[[], Awaitable[None] | None] | None = None
        self.on_data: Callable[[], Awaitable[None] | None] | None = None
        self.on_finish: Callable[[], object] | None = None

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        said = start_line.code if isinstance(start_line, ResponseStartLine) else start_line.path
        self.events.append(("head", said))
        self.headers = headers
        return None if self.on_head is None else self.on_head()

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        self.events.append(("data", chunk))
        return None if self.on_data is None else self.on_data()

    def finish(self) -> None:
        self.events.append("finish")
        if self.on_finish is not None:
            self.on_finish()

    def on_connection_close(self) -> None:
        self.events.append("closed")

    @property
    def body(self) -> bytes:
        return b"".join([event[1] for event in self.events if event[0] == "data"])


class Ends:
    """A connection over one of two joined streams, and the other stream.

    Attributes:
        connection: The connection.
        stream: Its stream.
        peer: The other end.
        delegate: For its messages.
    """

    def __init__(self, *, client: bool, **settings: Any) -> None:
        self.stream, self.peer = pair()
        self.connection = HTTP1Connection(
            self.stream, client, HTTP1ConnectionParameters(**settings), "the peer"
        )
        self.delegate = Recorder()

    def answer(self, body: bytes = b"ok", **fields: str) -> None:
        """Answer a request with a body of known length."""
        headers = HTTPHeaders({"Content-Length": str(len(body)), **fields})
        self.connection.write_headers(OK, headers, body)
        self.connection.finish()

    async def sent(self) -> bytes:
        """Close the connection's stream and return all that came out of it."""
        self.stream.close()
        return await self.peer.read_until_close()

    def close(self) -> None:
        self.stream.close()
        self.peer.close()


def stream_of(connection: HTTP1Connection) -> IOStream:
    stream = connection.stream
    assert stream is not None
    return stream
