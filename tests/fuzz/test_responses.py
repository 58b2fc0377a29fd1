"""Responses: where they are cut does not matter, and other parsers see the same in them.

As for requests: of what a client of ours takes for a response, llhttp and h11 take it for one as
well, with the same status and the same body. A client that sees another end of a body than the
proxy in front of it gives one user's answer to another.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import h11
import httptools
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.fuzz.effort import effort
from tests.fuzz.wires import BODIES, messages, pieces_of
from tests.support.transport import Transport

from whirlwind._http.client.connection import HTTPClientConnection
from whirlwind._http.client.response_head import ResponseHead, known_heads
from whirlwind._proto.http.headers import HTTPHeaders

LINES = [
    *[
        b"HTTP/1.1 200 OK",
        b"HTTP/1.1 200 OK",
        b"HTTP/1.1 200 ",
        b"HTTP/1.1 200",
        b"HTTP/1.0 200 OK",
    ],
    *[b"HTTP/1.1 204 No", b"HTTP/1.1 304 Same", b"HTTP/1.1 404 \xff", b"HTTP/1.1 103 Hints"],
    *[b"HTTP/1.1 101 Up", b"HTTP/1.1 99 Low", b"HTTP/1.1 999 High", b"HTTP/1.1 2000 Long"],
    *[b"HTTP/2.0 200 OK", b"http/1.1 200 OK", b"HTTP/1.1  200 OK", b"HTTP/1.1 +20 OK", b"ICY 200"],
    *[b"", b" HTTP/1.1 200 OK", b"HTTP/1.1\t200 OK", b"HTTP/01.1 200 OK", b"HTTP/1.1 200 O\0K"],
]
FIELDS = [
    *[b"Content-Length: 5", b"Content-Length: 5", b"Content-Length: 0", b"Content-Length: 15"],
    *[b"Content-Length: +5", b"Content-Length: 5, 5", b"Content-Length: 5,6", b"content-length:5"],
    *[
        b"Content-Length: 05",
        b"Content-Length: 0x5",
        b"Content-Length:\t5 ",
        b"Content-Length: 5 5",
    ],
    *[b"Content-Length : 5", b"Content-Length: \xb5", b"Content-Length: 99999999999999999999"],
    *[b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", b"transfer-encoding:CHUNKED"],
    *[
        b"Transfer-Encoding: gzip",
        b"Transfer-Encoding: x, chunked",
        b"Transfer-Encoding: chunked, x",
    ],
    *[b"Transfer-Encoding:", b"Transfer-Encoding:\x0bchunked", b"Transfer-Encoding : chunked"],
    *[b"Connection: close", b"Connection: keep-alive", b"X: y", b"X:", b"X: \xff", b"X: a\x00"],
    *[b"X: a\rb", b"X: a\nb", b": x", b"X", b"X\x80: y", b" folded", b"\tfolded", b"Set-Cookie: a"],
    *[b"Upgrade: websocket", b"Connection: Upgrade", b"X" * 300 + b": " + b"y" * 300],
]
ANOTHER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
TRAILER = b"0\r\nContent-Length: 7\r\n\r\n"
INTERIM = b"HTTP/1.1 103 Hints\r\nLink: </a>\r\n\r\n"
RIGHT = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: y\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n1;a=b\r\nx\r\n0\r\nT: u\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nup to the end",
    b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n",
    b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
    INTERIM + b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    INTERIM * 3 + b"HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno",
]
made = st.builds(
    lambda before, line, fields, body: (
        before + b"\r\n".join([line, *fields, b"", b""]) + b"".join(body)
    ),
    st.sampled_from([b"", b"", b"", INTERIM, b"\r\n"]),
    st.sampled_from(LINES),
    st.lists(st.sampled_from(FIELDS), max_size=4),
    st.lists(st.sampled_from([*BODIES, ANOTHER, TRAILER, b"1;\r\nx\r\n"]), max_size=3),
)
wires = messages(st.one_of(st.sampled_from(RIGHT), st.sampled_from(RIGHT), made), 2)


class Told:
    """An exchange that writes down what it is told."""

    max_body_size = 1000
    is_quiet = False

    def __init__(self, *, is_head: bool, upgrade: bool = False) -> None:
        self.is_head = is_head
        self.upgrade = upgrade
        self.head: tuple[int, str, str, list[tuple[str, str]]] | None = None
        self.body = b""
        self.end = ""
        self.leftover = b""

    def first_byte(self) -> None:
        pass

    def interim_received(self, *_: object) -> None:
        pass

    def headers_received(self, code: int, reason: str, version: str, headers: HTTPHeaders) -> None:
        assert self.head is None
        assert not self.end
        self.head = (code, reason, version, list(headers.get_all()))

    def switched(self, connection: Any, headers: HTTPHeaders, leftover: bytes) -> None:
        assert not self.end
        self.end = "switched"
        self.leftover = leftover
        connection.hand_over(asyncio.Protocol())

    def data_received(self, data: bytes) -> None:
        assert self.head is not None
        assert not self.end
        self.body += data

    def whole_response(self, head: ResponseHead, headers: HTTPHeaders, body: bytes) -> None:
        self.headers_received(head.code, head.reason, head.version, headers)
        self.data_received(body)
        self.response_complete()

    def response_complete(self) -> None:
        assert self.head is not None
        assert not self.end
        self.end = "complete"

    def connection_failed(self, error: BaseException | None) -> None:
        assert not self.end
        self.end = "failed"

    def writing_resumed(self) -> None:
        pass


class Turns:
    """As much of a loop as a connection needs."""

    def __init__(self) -> None:
        self._due: list[Callable[[], None]] = []

    def call_soon(self, function: Callable[[], None]) -> None:
        self._due.append(function)

    def run(self) -> None:
        while self._due:
            self._due.pop(0)()


def read(
    pieces: list[bytes], *, is_head: bool = False, upgrade: bool = False, quiet: bool = False
) -> tuple[Any, ...]:
    """What a client makes of some bytes: head, body, how it ended, whether it goes on."""
    transport = Transport()
    turns: Any = Turns()
    connection = HTTPClientConnection(
        turns, None, max_header_size=10_000, released=lambda c: None, lost=lambda c: None
    )
    connection.connection_made(transport)
    told = Told(is_head=is_head, upgrade=upgrade)
    told.is_quiet = quiet
    connection.send(told, b"GET / HTTP/1.1\r\n\r\n", complete=True)
    for number, piece in enumerate(pieces):
        if transport.closed:
            break
        if told.end == "switched":
            told.leftover += b"".join(pieces[number:])
            break
        connection.data_received(piece)
        turns.run()
    kept = not transport.closed and told.end == "complete"
    if told.end != "switched":
        connection.connection_lost(None)
    assert told.end
    if told.end == "failed":
        return ("failed",)
    return told.head, told.body, told.end, kept, told.leftover


def check_same(got: tuple[Any, ...], whole: tuple[Any, ...], wire: bytes) -> None:
    if got != whole and wire.endswith((b"\r", b"\n")) and len(got) == len(whole) == 5:
        # Line ends behind a response end its connection, unless they came with it: the parser
        # passes over them.
        got, whole = (*got[:3], got[4]), (*whole[:3], whole[4])
    assert got == whole


@effort
@given(wires, st.lists(st.integers(0, 1500), max_size=5), st.booleans(), st.booleans())
def test_where_the_bytes_are_cut_does_not_matter(
    wire: bytes, cuts: list[int], is_head: bool, upgrade: bool
) -> None:
    known_heads.clear()
    asked = {"is_head": is_head, "upgrade": upgrade}
    whole = read([wire], **asked)
    check_same(read(pieces_of(wire, cuts), **asked), whole, wire)
    if len(wire) < 300:
        check_same(read([wire[at : at + 1] for at in range(len(wire))], **asked), whole, wire)
        for at in range(1, len(wire)):
            check_same(read([wire[:at], wire[at:]], **asked), whole, wire)
    # The third time its head may be known.
    for _ in range(3):
        check_same(read([wire], **asked), whole, wire)
    if not is_head and not upgrade:
        check_same(read([wire], quiet=True), whole, wire)


def by_llhttp(wire: bytes) -> tuple[int, bytes] | None:
    """Status and body of the first response that is none of 1xx; None where it is refused."""
    found: list[tuple[int, bytes]] = []

    class Events:
        body = b""

        def on_message_begin(self) -> None:
            self.body = b""

        def on_body(self, body: bytes) -> None:
            self.body += body

        def on_message_complete(self) -> None:
            if parser.get_status_code() >= 200:
                found.append((parser.get_status_code(), self.body))

    events = Events()
    parser = httptools.HttpResponseParser(events)
    try:
        parser.feed_data(wire)
    except httptools.HttpParserError:
        return found[0] if found else None
    return found[0] if found else (parser.get_status_code(), events.body)


def by_h11(wire: bytes) -> tuple[int, bytes] | None:
    """The same of h11."""
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=100_000)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "h")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(wire)
    connection.receive_data(b"")
    code, body = 0, b""
    try:
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Response):
                code = event.status_code
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return code, body
            elif not isinstance(event, h11.InformationalResponse):
                return None
    except h11.RemoteProtocolError:
        return None


@effort
@given(wires)
def test_rule_01_what_is_taken_other_parsers_take_as_well(wire: bytes) -> None:
    known_heads.clear()
    taken = read([wire])
    if taken == ("failed",):
        return
    head, body, *_ = taken
    # Line ends before a response are passed over, as in Tornado, and by llhttp one by one.
    theirs, rest = b"", wire.lstrip(b"\r\n")
    while re.match(rb"HTTP/1.[01] 1", rest):
        interim, end, rest = rest.partition(b"\r\n\r\n")
        theirs += interim + end
        rest = rest.lstrip(b"\r\n")
    # A length that is said twice may be taken for one (RFC 9112, section 6.3); llhttp does not.
    fields, end, rest = rest.partition(b"\r\n\r\n")
    theirs += (fields + end).replace(b": 5, 5\r\n", b": 5\r\n") + rest
    assert by_llhttp(theirs) == (head[0], body)
    # h11 looks at the coding of a body that a status excludes.
    if head[0] not in (204, 304) or b"ransfer" not in theirs:
        assert by_h11(theirs) == (head[0], body)


@effort
@given(st.binary(max_size=300))
def test_any_bytes_are_refused(wire: bytes) -> None:
    known_heads.clear()
    assume(b"HTTP/1." not in wire)  # long runs come upon responses
    assert read([wire]) == ("failed",)


@effort
@given(
    st.lists(st.binary(min_size=1, max_size=50), max_size=8),
    st.lists(st.sampled_from([b"A: b", b"Content-Type: c", b"X: \xff", b"Host: evil"]), max_size=5),
    st.booleans(),
)
def test_chunks_come_back_as_they_were_and_trailers_become_no_fields(
    pieces: list[bytes], trailers: list[bytes], more: bool
) -> None:
    known_heads.clear()
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"".join([b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces])
    wire = head + chunks + b"0\r\n" + b"".join(line + b"\r\n" for line in trailers) + b"\r\n"
    told = read([wire + (b"X" if more else b"")])
    assert told[0] == (200, "OK", "HTTP/1.1", [("Transfer-Encoding", "chunked")])
    assert told[1:4] == (b"".join(pieces), "complete", not more)
    for cut in range(1, len(wire)):
        assert read([wire[:cut]]) == ("failed",)
