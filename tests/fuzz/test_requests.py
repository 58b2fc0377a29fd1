"""Requests: where they are cut does not matter, and what is taken, other parsers take as well.

The second is what keeps a request from meaning two things on its way: of the requests that a
server of ours sees in some bytes, llhttp and h11 see the same ones, in the same order. They may see
more; ours stops at the first thing that is wrong.
"""

from __future__ import annotations

import re

import h11
import httptools
from hypothesis import given
from hypothesis import strategies as st
from tests.fuzz.effort import effort
from tests.fuzz.wires import BODIES, messages, pieces_of
from tests.support.raw_http import run
from tests.support.transport import Transport

from whirlwind._http.messages import HTTPServerRequest
from whirlwind._http.server.httpserver import HTTPServer
from whirlwind._http.server.protocol import ServerProtocol
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http.start_line import ResponseStartLine

Found = tuple[str, str, bytes]

# Pieces of requests, right ones and wrong ones; hypothesis joins them and breaks them.
LINES = [
    *[b"GET / HTTP/1.1", b"POST /a?b HTTP/1.1", b"HEAD /h HTTP/1.1", b"PUT /p HTTP/1.0"],
    *[b"OPTIONS * HTTP/1.1", b"GET http://h/x HTTP/1.1", b"GET  / HTTP/1.1", b"GET / HTTP/1.1 "],
    *[b"", b" ", b"GET /", b"GET /\t HTTP/1.1", b"get / HTTP/1.1", b"GET * HTTP/1.1"],
]
FIELDS = [
    *[b"Host: h", b"Host: h", b"Host: h", b"Host: h:80", b"Host: a,b", b"Host:"],
    *[b"Content-Length: 5", b"Content-Length: 0", b"Content-Length: 15", b"Content-Length: +5"],
    *[b"Content-Length: 5, 5", b"Content-Length: 5 5", b"Content-Length:\t5 ", b"content-length:5"],
    *[b"Content-Length : 5", b"Content_Length: 5", b"Content-Length: 05", b"Content-Length: 0x5"],
    *[b"Transfer-Encoding: chunked", b"transfer-encoding:CHUNKED", b"Transfer-Encoding: gzip"],
    *[b"Transfer-Encoding: x, chunked", b"Transfer-Encoding: chunked, x", b"Transfer-Encoding:"],
    *[b"Transfer-Encoding:\x0bchunked", b"Transfer-Encoding : chunked", b" chunked", b"\tx"],
    *[b"Connection: close", b"Connection: keep-alive", b"Connection: x, close", b"X: y", b"X:"],
    *[b"X: \xff", b"X: a\x00", b"X: a\rb", b"X: a\nb", b": x", b"X", b"X\x80: y", b"TE: trailers"],
    *[b"Expect: 100-continue", b"X" * 300 + b": " + b"y" * 300],
]
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"

RIGHT = [
    b"GET /1 HTTP/1.1\r\nHost: h\r\n\r\n",
    b"POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
    b"PUT /3 HTTP/1.1\r\nHost: h\r\nContent-Length:15 \r\nX: y\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"POST /4 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    (
        b"POST /5 HTTP/1.1\r\nTransfer-Encoding:Chunked\r\nHost: h\r\n\r\n"
        b"1;a=b\r\nx\r\n0\r\nT: u\r\n\r\n"
    ),
    (
        b"POST /6 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"1\r\nx\r\nA\r\n0123456789\r\n00\r\n\r\n"
    ),
    b"POST /7 HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello",
    b"HEAD /8 HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
]
made = st.builds(
    lambda line, fields, body: b"\r\n".join([line, *fields, b"", b""]) + b"".join(body),
    st.sampled_from(LINES),
    st.lists(st.sampled_from(FIELDS), max_size=4).map(lambda found: [b"Host: h", *found][:4]),
    st.lists(st.sampled_from([*BODIES, SMUGGLED, b"0\r\n\r\n\r\n"]), max_size=3),
)
requests = st.one_of(st.sampled_from(RIGHT), st.sampled_from(RIGHT), made)
wires = messages(requests, 3)

REFUSED = b"HTTP/1.1 400 Bad Request\r\n"
DATED = b"Date: Sun, 09 Sep 2001 01:46:40 GMT\r\nConnection: close\r\n"


class Ours:
    """A server of ours without a socket."""

    def __init__(self) -> None:
        self.found: list[Found] = []
        self.server = HTTPServer(self._answer)
        self.server.clock = lambda: 1_000_000_000.0

    def _answer(self, request: HTTPServerRequest) -> None:
        self.found.append((str(request.method), str(request.uri), request.body))
        request.connection.write_headers(
            ResponseStartLine("", 200, "OK"), HTTPHeaders({"Content-Length": "0"})
        )
        request.connection.finish()

    def read(self, pieces: list[bytes]) -> tuple[list[Found], bytes, bool]:
        """Requests that were seen, what was answered, and whether the connection ended."""
        self.found = []
        transport = Transport()
        protocol = ServerProtocol(self.server)
        protocol.connection_made(transport)
        for piece in pieces:
            if transport.closed:
                break
            protocol.data_received(piece)
        protocol.connection_lost(None)
        # Whether a client has to be asked for its body depends on whether it has sent it.
        wire = transport.written.replace(b"HTTP/1.1 100 Continue\r\n\r\n", b"")
        # And which of two mistakes in a head is found first, on whether its end has come.
        wire = wire.replace(REFUSED + DATED, REFUSED)
        return self.found, wire, transport.closed


def by_llhttp(wire: bytes) -> list[Found]:
    """What llhttp sees, up to the first thing that it refuses."""
    found: list[Found] = []

    class Events:
        url = b""
        body = b""

        def on_message_begin(self) -> None:
            self.url = self.body = b""

        def on_url(self, url: bytes) -> None:
            self.url += url

        def on_body(self, body: bytes) -> None:
            self.body += body

        def on_message_complete(self) -> None:
            method = parser.get_method().decode()
            found.append((method, self.url.decode("latin-1"), self.body))

    parser = httptools.HttpRequestParser(Events())
    try:
        parser.feed_data(wire)
    except httptools.HttpParserError:
        pass
    return found


def by_h11(wire: bytes) -> list[Found]:
    """What h11 sees, up to the first thing that it refuses; each request on its own.

    Its connections end with HTTP/1.0, and take no empty line between requests.
    """
    found: list[Found] = []
    method = target = ""
    body = b""
    while True:
        while wire.startswith(b"\r\n"):
            wire = wire[2:]
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=100_000)
        connection.receive_data(wire)
        try:
            while True:
                event = connection.next_event()
                if isinstance(event, h11.Request):
                    method, target = event.method.decode(), event.target.decode("latin-1")
                    body = b""
                elif isinstance(event, h11.Data):
                    body += bytes(event.data)
                else:
                    break
        except h11.RemoteProtocolError:
            return found
        if not isinstance(event, h11.EndOfMessage):
            return found
        found.append((method, target, body))
        wire = connection.trailing_data[0]


@effort
@given(wires, st.lists(st.integers(0, 1500), max_size=5))
def test_where_the_bytes_are_cut_does_not_matter(wire: bytes, cuts: list[int]) -> None:
    async def main() -> None:
        ours = Ours()
        whole = ours.read([wire])
        assert ours.read(pieces_of(wire, cuts)) == whole
        if len(wire) < 300:
            assert ours.read([wire[at : at + 1] for at in range(len(wire))]) == whole

    run(main)


@effort
@given(wires)
def test_rule_01_what_is_taken_other_parsers_take_as_well(wire: bytes) -> None:
    async def main() -> None:
        found = Ours().read([wire])[0]
        # Heads that end all their lines with LF are Tornado's; strict parsers know none.
        # And llhttp takes no white space around an extension, which RFC 9112 wants taken.
        if b"\n" in wire.replace(b"\r\n", b"") or re.search(rb"[ \t][;=]|[;=][ \t]", wire):
            return
        theirs = wire
        while theirs.startswith(b"\r\n"):
            theirs = theirs[2:]
        known = {"GET", "HEAD", "POST", "PUT", "OPTIONS"}
        for number, request in enumerate(found):
            if request[0] not in known:  # llhttp has a list of methods
                found = found[:number]
                break
        assert by_llhttp(theirs)[: len(found)] == found
        assert by_h11(theirs)[: len(found)] == found

    run(main)


@effort
@given(st.binary(max_size=300))
def test_any_bytes_are_answered_or_waited_for(wire: bytes) -> None:
    async def main() -> None:
        found, written, closed = Ours().read([wire])
        assert found == []
        assert not closed or written.startswith(b"HTTP/1.1 ")

    run(main)
