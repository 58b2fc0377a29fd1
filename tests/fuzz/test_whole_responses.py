"""Responses: where they are cut does not matter, and h11 reads what we take in the same way.

Cut or whole matters more here than elsewhere: a response of the usual kind that comes whole passes
without the parser.
"""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import h11
from hypothesis import given
from hypothesis import strategies as st
from tests.fuzz.effort import effort

from whirlwind._http.client.connection import HTTPClientConnection
from whirlwind._http.client.response_head import ResponseHead
from whirlwind._proto.http.headers import HTTPHeaders

STATUS = [
    *[
        b"HTTP/1.1 200 OK",
        b"HTTP/1.1 200 OK",
        b"HTTP/1.0 200 OK",
        b"HTTP/1.1 404 ",
        b"HTTP/1.1 404",
    ],
    *[
        b"HTTP/1.1 204 No",
        b"HTTP/1.1 304 No",
        b"HTTP/1.1 100 Go",
        b"HTTP/1.1 101 Up",
        b"HTTP/1.1 2 A",
    ],
    *[b"http/1.1 200 OK", b"HTTP/1.1  200 OK", b"HTTP/2 200 OK", b"ICY 200 OK", b"", b" "],
]
FIELDS = [
    *[b"Content-Length: 5", b"Content-Length: 5", b"content-length:5", b"Content-Length: 0"],
    *[
        b"Content-Length: 05",
        b"Content-Length: +5",
        b"Content-Length: 5, 5",
        b"Content-Length: 5 5",
    ],
    *[b"Content-Length : 5", b"Content-Length: \xb2", b"Transfer-Encoding: chunked", b" chunked"],
    *[b"Transfer-Encoding: gzip", b"Connection: close", b"Connection: keep-alive", b"X: y", b"X:"],
    *[b"X: \xff", b"X: a\x00", b"X: a\rb", b"X: a\nb", b": x", b"X", b"X\x80: y", b"Upgrade: h2"],
]
BODIES = [
    *[b"", b"hello", b"hello!", b"hell", b"5\r\nhello\r\n0\r\n\r\n", b"5\r\nhello\r\n"],
    *[b"0\r\n\r\n", b"5;x\r\nhello\r\n0\r\nA: b\r\n\r\n", b"+5\r\nhello\r\n0\r\n\r\n"],
]


class Transport:
    """What a connection writes to, and ends."""

    def __init__(self) -> None:
        self.ended = False

    def write(self, data: bytes) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def is_closing(self) -> bool:
        return self.ended

    def abort(self) -> None:
        self.ended = True

    def get_extra_info(self, name: str) -> Any:
        return None


class Heard:
    """An exchange that remembers what it was told."""

    is_head = False
    max_body_size = 1000
    upgrade = False
    is_quiet = True

    def __init__(self) -> None:
        self.code = 0
        self.fields: list[tuple[str, str]] = []
        self.body = b""
        self.end = ""

    def first_byte(self) -> None: ...
    def interim_received(self, *_: object) -> None: ...
    def writing_resumed(self) -> None: ...

    def headers_received(self, code: int, reason: str, version: str, headers: HTTPHeaders) -> None:
        self.code, self.fields = code, list(headers.get_all())

    def whole_response(self, head: ResponseHead, headers: HTTPHeaders, body: bytes) -> None:
        self.code, self.fields, self.body = head.code, list(headers.get_all()), body
        self.end = "complete"

    def switched(self, connection: Any, headers: HTTPHeaders, leftover: bytes) -> None:
        raise AssertionError("nobody asked for that")

    def data_received(self, data: bytes) -> None:
        self.body += data

    def response_complete(self) -> None:
        self.end = "complete"

    def connection_failed(self, error: BaseException | None) -> None:
        self.end = "failed"


def heard(wire: bytes, cuts: list[int]) -> tuple[Any, ...]:
    """What comes of a response that comes in pieces, and ends with its connection."""
    released: list[HTTPClientConnection] = []
    loop = asyncio.new_event_loop()
    try:
        connection = HTTPClientConnection(
            loop, "key", max_header_size=1000, released=released.append, lost=lambda _: None
        )
        transport, exchange = Transport(), Heard()
        connection.connection_made(transport)  # type: ignore[arg-type]
        connection.send(exchange, b"GET / HTTP/1.1\r\n\r\n", complete=True)
        for start, end in pairwise([0, *cuts, len(wire)]):
            if start < end and not transport.ended and not exchange.end:
                connection.data_received(wire[start:end])
        kept = bool(released) and not transport.ended
        if not exchange.end:
            connection.connection_lost(None)
    finally:
        loop.close()
    if exchange.end == "failed":
        return ("failed",)
    return exchange.code, exchange.fields, exchange.body, kept


@st.composite
def responses(draw: st.DrawFn) -> tuple[bytes, list[int]]:
    status = draw(st.sampled_from(STATUS))
    fields = draw(st.lists(st.sampled_from(FIELDS), max_size=4))
    wire = b"\r\n".join([status, *fields, b"", draw(st.sampled_from(BODIES))])
    if draw(st.integers(0, 9)) == 0:
        at = draw(st.integers(0, len(wire)))
        wire = wire[:at] + draw(st.binary(min_size=1, max_size=2)) + wire[at:]
    return wire, sorted(draw(st.lists(st.integers(0, len(wire)), max_size=3)))


@given(responses())
@effort
def test_where_a_response_is_cut_does_not_matter(given_: tuple[bytes, list[int]]) -> None:
    wire, cuts = given_
    whole, pieces = heard(wire, []), heard(wire, cuts)
    # Bytes behind a response that are still on their way are not known when it ends.
    assert whole[:3] == pieces[:3]
    if whole[0] != "failed" and not pieces[3]:
        assert not whole[3]


@given(responses())
@effort
def test_h11_reads_what_is_taken_in_the_same_way(given_: tuple[bytes, list[int]]) -> None:
    wire, _ = given_
    found = heard(wire, [])
    if found[0] == "failed":
        return
    peer = h11.Connection(h11.CLIENT)
    peer.send(h11.Request(method="GET", target="/", headers=[("Host", "h")]))
    peer.send(h11.EndOfMessage())
    peer.receive_data(wire)
    code, body = 0, b""
    try:
        while True:
            event = peer.next_event()
            if event is h11.NEED_DATA:
                peer.receive_data(b"")
            elif isinstance(event, h11.Response):
                code = event.status_code
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
                break
    except h11.RemoteProtocolError:
        return  # it is stricter, or sees nothing
    assert (code, body) == (found[0], found[2])
