"""Messages on their way from a stream to a delegate, on both sides."""

from __future__ import annotations

import asyncio
import contextvars
import gzip
import re
from typing import Any

import pytest
from tests.conftest import LogWatch
from tests.support.loops import VirtualTimeLoop
from tests.support.raw_http import echo, run, serving
from tests.support.stream_http import GET, Ends
from tests.support.streams import reset, tcp_sockets, turns, until, within

from whirlwind._base.limits import (
    CHUNKS_AT_ONCE,
    LINGER_SIZE,
    LINGER_TIMEOUT,
    MAX_INFORMATIONAL,
)
from whirlwind._http.server.httpserver import HTTPServer
from whirlwind._http.stream_connection.connection import HTTP1Connection
from whirlwind._net.iostream import IOStream
from whirlwind._net.stream_errors import StreamClosedError
from whirlwind._proto.http.errors import HTTPInputError, HTTPOutputError
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http.start_line import RequestStartLine
from whirlwind._proto.http1.chunked import ChunkedDecoder

ZIPPED = gzip.compress(b"plain" * 10)
CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
POST = b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"


def response(code: int, body: bytes, *fields: bytes) -> bytes:
    lines = [b"HTTP/1.1 %d OK" % code, *fields, b"Content-Length: %d" % len(body), b"", body]
    return b"\r\n".join(lines)


async def receive(ends: Ends, wire: bytes, *, close: bool = False) -> bool:
    """Have the connection read what the peer sends."""
    ends.peer.write(wire)
    if close:
        ends.peer.close()
    result: bool = await within(ends.connection.read_response(ends.delegate))
    return result


@pytest.mark.parametrize(
    ("wire", "body"),
    [
        pytest.param(response(200, b"abc"), b"abc", id="length"),
        pytest.param(response(200, b""), b"", id="empty"),
        pytest.param(CHUNKS + b"2;x\r\nab\r\n1\r\nc\r\n0\r\nT: r\r\n\r\n", b"abc", id="chunks"),
        pytest.param(response(200, b"abc").replace(b"\r\n", b"\n"), b"abc", id="LF"),
        pytest.param(b"HTTP/1.1 204 Nothing\r\n\r\n", b"", id="204"),
        pytest.param(b"HTTP/1.1 304 Same\r\nContent-Length: 9\r\n\r\n", b"", id="304"),
    ],
)
def test_where_a_response_is_cut_does_not_matter(wire: bytes, body: bytes) -> None:
    async def main() -> None:
        for cut in range(len(wire) + 1):
            ends = Ends(client=True)
            reading = ends.connection.read_response(ends.delegate)
            ends.peer.write(wire[:cut])
            await turns(2)
            ends.peer.write(wire[cut:] + b"HTTP/1.1 ")
            assert await within(reading)
            assert ends.delegate.events[-1] == "finish"
            assert ends.delegate.body == body
            # What belongs to the next message is left to whoever reads it.
            assert await within(ends.stream.read_bytes(9)) == b"HTTP/1.1 "
            ends.close()

    run(main)


def test_a_response_without_a_length_ends_with_the_connection() -> None:
    async def main() -> None:
        ends = Ends(client=True)
        assert await receive(ends, b"HTTP/1.0 200 OK\r\n\r\nabc", close=True)
        assert ends.delegate.events == [("head", 200), ("data", b"abc"), "finish"]
        assert ends.stream.closed()

    run(main)


def test_rule_7_a_response_that_a_reset_cuts_off_is_an_error() -> None:
    async def main() -> None:
        ours, theirs = tcp_sockets()
        ends = Ends(client=True)
        ends.close()
        connection = HTTP1Connection(IOStream(ours), True)
        reading = connection.read_response(ends.delegate)
        theirs.send(b"HTTP/1.0 200 OK\r\n\r\nabc")
        await until(lambda: ends.delegate.body)
        reset(theirs)
        with pytest.raises(StreamClosedError) as caught:
            await within(reading)
        assert isinstance(caught.value.real_error, ConnectionResetError)
        assert ends.delegate.events[-1] == "closed"

    run(main)


@pytest.mark.parametrize(
    ("wire", "events"),
    [
        pytest.param(b"", [], id="nothing"),
        pytest.param(b"HTTP/1.1 200 OK\r\nCon", [], id="head"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab",
            [("head", 200), ("data", b"ab"), "closed"],
            id="length",
        ),
        pytest.param(
            CHUNKS + b"9\r\nab", [("head", 200), ("data", b"ab"), "closed"], id="in a chunk"
        ),
        pytest.param(
            CHUNKS + b"2\r\nab\r\n", [("head", 200), ("data", b"ab"), "closed"], id="no last chunk"
        ),
    ],
)
def test_rule_7_truncation_is_an_error(wire: bytes, events: list[Any]) -> None:
    async def main() -> None:
        ends = Ends(client=True)
        with pytest.raises(StreamClosedError):
            await receive(ends, wire, close=True)
        assert ends.delegate.events == events
        assert ends.stream.closed()

    run(main)


@pytest.mark.parametrize(
    ("wire", "settings"),
    [
        pytest.param(b"NOT HTTP\r\n\r\n", {}, id="no status line"),
        pytest.param(CHUNKS + b"+2\r\nab\r\n", {}, id="chunk size"),
        pytest.param(CHUNKS + b"2\r\nabXX", {}, id="chunk end"),
        pytest.param(response(204, b"abc"), {}, id="204 with a body"),
        pytest.param(
            response(200, b"abc", b"Transfer-Encoding: chunked"), {}, id="length beside chunks"
        ),
        pytest.param(response(200, b"abc", b"Content-Length: 3"), {}, id="two lengths"),
        pytest.param(response(200, b"abcd"), {"max_body_size": 3}, id="length over the limit"),
        pytest.param(CHUNKS + b"4\r\n", {"max_body_size": 3}, id="chunk over the limit"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\n\r\nabcd", {"max_body_size": 3}, id="until close over the limit"
        ),
        pytest.param(
            response(200, ZIPPED, b"Content-Encoding: gzip"),
            {"max_body_size": 49, "decompress": True},
            id="plain body over the limit",
        ),
        pytest.param(
            response(200, ZIPPED[:-4], b"Content-Encoding: gzip"),
            {"decompress": True},
            id="compressed body cut off",
        ),
        pytest.param(b"HTTP/1.1 101 Other\r\n\r\nbytes", {}, id="101 that nobody took"),
        pytest.param(b"HTTP/1.1 100 Go\r\nContent-Length: 0\r\n\r\n", {}, id="1xx with a length"),
        pytest.param(b"HTTP/1.1 099 Go\r\n\r\n", {}, id="status below 100"),
        pytest.param(b"HTTP/1.1 103 E\r\n\r\n" * (MAX_INFORMATIONAL + 1), {}, id="too many 1xx"),
    ],
)
def test_rules_1_and_5_a_response_that_breaks_the_rules_is_refused(
    wire: bytes, settings: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        ends = Ends(client=True, **settings)
        assert not await receive(ends, wire)
        assert ends.stream.closed()
        assert ends.delegate.events[-1] == "closed"
        assert ends.delegate.events.count("closed") == 1
        ends.peer.close()

    with caplog.at_level("INFO"):
        run(main)
    assert "Malformed HTTP message from the peer" in caplog.text


def test_informational_responses_come_before_the_final_one() -> None:
    async def main() -> None:
        ends = Ends(client=True)
        wire = b"HTTP/1.1 103 E\r\n\r\n" * MAX_INFORMATIONAL + response(200, b"abc")
        assert await receive(ends, wire)
        heads = [("head", 103)] * MAX_INFORMATIONAL
        assert ends.delegate.events == [*heads, ("head", 200), ("data", b"abc"), "finish"]
        ends.close()

    run(main)


def test_rule_2_a_delegate_that_detaches_gets_all_that_follows_the_head() -> None:
    async def main() -> None:
        ends = Ends(client=True)
        taken: list[IOStream] = []
        ends.delegate.on_head = lambda: taken.append(ends.connection.detach())
        assert not await receive(ends, b"HTTP/1.1 101 Other\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")
        assert ends.delegate.events == [("head", 101)]
        assert ends.connection.stream is None
        assert await taken[0].read_bytes(19) == b"HTTP/1.1 200 OK\r\n\r\n"
        with pytest.raises(RuntimeError, match="detached before"):
            ends.connection.detach()
        with pytest.raises(RuntimeError, match="detached"):
            await ends.connection.read_response(ends.delegate)
        taken[0].close()
        ends.peer.close()

    run(main)


def test_a_body_is_handed_on_in_pieces_of_chunk_size() -> None:
    async def main() -> None:
        ends = Ends(client=True, chunk_size=3)
        await receive(ends, response(200, b"abcdefgh"))
        assert ends.delegate.events[1:-1] == [("data", b"abc"), ("data", b"def"), ("data", b"gh")]
        ends.close()

    run(main)


def test_chunks_that_come_together_are_one_piece() -> None:
    async def main() -> None:
        ends = Ends(client=True)
        await receive(ends, CHUNKS + b"1\r\na\r\n" * 3000 + b"0\r\n\r\n")
        assert ends.delegate.events[1:-1] == [("data", b"a" * 3000)]
        ends.close()

    run(main)


def test_rule_6_tiny_chunks_let_others_have_their_turns() -> None:
    async def main() -> None:
        ends = Ends(client=True)
        ends.peer.write(CHUNKS + b"1\r\na\r\n" * 8000 + b"0\r\n\r\n")
        counted = 0
        reading = ends.connection.read_response(ends.delegate)
        while not reading.done():
            await asyncio.sleep(0)
            counted += 1
        assert counted > 10
        assert ends.delegate.body == b"a" * 8000
        ends.close()

    run(main)


def test_nothing_is_read_while_the_delegate_is_not_ready() -> None:
    async def main() -> None:
        ends = Ends(client=True)
        gate = asyncio.Event()

        async def wait() -> None:
            await gate.wait()

        ends.delegate.on_head = ends.delegate.on_data = wait
        ends.peer.write(response(200, b"abc"))
        reading = ends.connection.read_response(ends.delegate)
        await turns(5)
        assert ends.delegate.events == [("head", 200)]
        gate.set()
        assert await within(reading)
        assert ends.delegate.events == [("head", 200), ("data", b"abc"), "finish"]
        ends.close()

    run(main)


@pytest.mark.parametrize("where", ["head", "data", "finish"])
@pytest.mark.parametrize("late", [False, True])
def test_a_delegate_that_raises_is_logged_and_told_of_the_end(
    logs: LogWatch, where: str, late: bool
) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    async def fail_later() -> None:
        await asyncio.sleep(0)
        raise ZeroDivisionError

    async def main() -> None:
        ends = Ends(client=True)
        waits = late and where != "finish"
        setattr(ends.delegate, f"on_{where}", fail_later if waits else fail)
        assert not await receive(ends, response(200, b"abc"))
        assert ends.delegate.events[-1] == "closed"
        assert ends.stream.closed()
        ends.peer.close()

    with logs.expect("whirlwind.application", "Uncaught exception"):
        run(main)


def test_a_delegate_may_refuse_a_request() -> None:
    async def main() -> None:
        ends = Ends(client=False)

        def refuse() -> None:
            raise HTTPInputError("not this one")

        ends.delegate.on_head = refuse
        assert not await receive(ends, POST)
        assert await ends.sent() == b"HTTP/1.1 400 Bad Request\r\n\r\n"

    run(main, VirtualTimeLoop)


def test_a_compressed_body_comes_plain_where_it_was_asked_for() -> None:
    async def main() -> None:
        ends = Ends(client=True, decompress=True)
        await receive(ends, response(200, ZIPPED, b"Content-Encoding: gzip"))
        assert ends.delegate.body == b"plain" * 10
        assert ends.delegate.headers["X-Consumed-Content-Encoding"] == "gzip"
        assert "Content-Encoding" not in ends.delegate.headers
        ends.close()

    run(main)


@pytest.mark.parametrize("client", [True, False])
def test_a_head_that_takes_too_long_ends_the_connection(client: bool) -> None:
    async def main() -> None:
        ends = Ends(client=client, header_timeout=7)
        start = asyncio.get_running_loop().time()
        assert not await ends.connection.read_response(ends.delegate)
        assert asyncio.get_running_loop().time() - start == pytest.approx(7, abs=0.01)
        assert ends.stream.closed()
        assert ends.delegate.events == []
        ends.peer.close()

    run(main, VirtualTimeLoop)


@pytest.mark.parametrize("by_call", [True, False])
def test_a_body_that_takes_too_long_ends_the_connection(
    by_call: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        ends = Ends(client=False, body_timeout=None if by_call else 7)
        if by_call:
            ends.delegate.on_head = lambda: ends.connection.set_body_timeout(7)
        ends.peer.write(POST[:-1])
        assert not await ends.connection.read_response(ends.delegate)
        assert ends.delegate.events == [("head", "/a"), ("data", b"ab"), "closed"]
        assert ends.stream.closed()
        ends.peer.close()

    with caplog.at_level("INFO"):
        run(main, VirtualTimeLoop)
    assert "Timeout reading body from the peer" in caplog.text


def test_a_timer_does_not_outlive_what_it_measures() -> None:
    async def main() -> None:
        ends = Ends(client=False, header_timeout=5, body_timeout=5)
        reading = ends.connection.read_response(ends.delegate)
        for piece in (POST[:10], POST[10:-1], POST[-1:]):
            ends.peer.write(piece)
            await turns(3)
        await asyncio.sleep(8)
        ends.answer()
        assert await reading
        assert not ends.stream.closed()
        ends.close()

    run(main, VirtualTimeLoop)


def test_a_limit_that_the_delegate_sets_with_the_head_holds_for_the_body() -> None:
    async def main() -> None:
        ends = Ends(client=False, max_body_size=1)
        ends.delegate.on_head = lambda: ends.connection.set_max_body_size(3)
        ends.delegate.on_finish = ends.answer
        assert await receive(ends, POST)
        assert ends.delegate.body == b"abc"
        ends.close()

    run(main)


@pytest.mark.parametrize("size", [100, 101])
def test_rule_5_a_head_over_its_limit_is_refused(size: int) -> None:
    async def main() -> None:
        ends = Ends(client=True, max_header_size=100)
        start, end = b"HTTP/1.1 204 OK\r\nX: ", b"\r\n\r\n"
        wire = start + b"x" * (size - len(start) - len(end)) + end
        if size <= 100:
            assert await receive(ends, wire)
        else:
            with pytest.raises(StreamClosedError):
                await receive(ends, wire)
        ends.close()

    run(main)


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(b"NOT\r\n\r\n", id="no request line"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="no Host"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", id="two Hosts"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", id="folded"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\n\n", id="both line ends"),
        pytest.param(POST.replace(b": 3", b": +3"), id="signed length"),
        pytest.param(POST.replace(b"Host: h", b"Transfer-Encoding: chunked"), id="both framings"),
    ],
)
def test_rule_1_a_request_that_breaks_the_rules_is_answered_with_400(wire: bytes) -> None:
    async def main() -> None:
        ends = Ends(client=False)
        assert not await receive(ends, wire)
        assert ends.delegate.events == []
        answer = await ends.peer.read_until_close()
        assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")

    run(main, VirtualTimeLoop)


def test_an_empty_line_and_line_ends_of_old_before_a_request_are_read() -> None:
    async def main() -> None:
        for wire in (b"\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n", b"GET /a HTTP/1.1\nHost: h\n\n"):
            ends = Ends(client=False)
            ends.delegate.on_finish = ends.answer
            assert await receive(ends, wire)
            assert ends.delegate.events == [("head", "/a"), "finish"]
            ends.close()

    run(main)


def test_a_client_that_waits_for_100_continue_gets_it_when_the_body_is_wanted() -> None:
    waits = POST[:-3].replace(b"Host", b"Expect: 100-continue\r\nHost")

    async def main() -> None:
        ends = Ends(client=False)
        ends.delegate.on_finish = ends.answer
        reading = ends.connection.read_response(ends.delegate)
        ends.peer.write(waits)
        go_on = b"HTTP/1.1 100 Continue\r\n\r\n"
        assert await within(ends.peer.read_bytes(len(go_on))) == go_on
        ends.peer.write(b"abc")
        assert await within(reading)
        ends.close()
        # A body that is too large is refused instead.
        ends = Ends(client=False, max_body_size=2)
        assert not await receive(ends, waits)
        answer = await ends.peer.read_until_close()
        assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")

    run(main, VirtualTimeLoop)


def test_an_answer_before_the_request_was_read_ends_the_connection() -> None:
    async def main() -> None:
        ends = Ends(client=False)
        ends.delegate.on_head = ends.answer
        reading = ends.connection.read_response(ends.delegate)
        ends.peer.write(POST[:-1])
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        assert await within(ends.peer.read_bytes(len(answer))) == answer
        assert not ends.stream.closed()  # unread bytes would reset it, and the answer be lost
        ends.peer.write(POST[-1:])
        assert await within(reading)
        assert ends.stream.closed()
        assert ends.delegate.events == [("head", "/a"), "closed"]
        ends.peer.close()

    run(main)


def test_rule_5_after_an_early_answer_the_client_gets_some_time_and_no_more() -> None:
    async def main() -> None:
        ends = Ends(client=False)
        ends.delegate.on_head = ends.answer
        ends.peer.write(POST[:-1])
        start = asyncio.get_running_loop().time()
        assert await ends.connection.read_response(ends.delegate)
        assert asyncio.get_running_loop().time() - start == pytest.approx(LINGER_TIMEOUT, abs=0.01)
        assert ends.stream.closed()
        ends.peer.close()

    run(main, VirtualTimeLoop)


def test_rule_5_after_an_early_answer_so_many_bytes_are_thrown_away_and_no_more() -> None:
    async def main() -> None:
        ends = Ends(client=False)
        ends.delegate.on_head = ends.answer
        size = 2 * LINGER_SIZE
        ends.peer.write(POST[:-3].replace(b": 3", b": %d" % size) + b"x" * size)
        assert await within(ends.connection.read_response(ends.delegate))
        assert ends.delegate.events == [("head", "/a"), "closed"]
        assert ends.stream.closed()
        ends.peer.close()

    run(main)


def test_rule_5_after_a_refusal_the_client_gets_some_time_and_no_more() -> None:
    async def main() -> None:
        ends = Ends(client=False)
        ends.peer.write(b"no HTTP\r\n\r\n")
        start = asyncio.get_running_loop().time()
        assert not await ends.connection.read_response(ends.delegate)
        assert asyncio.get_running_loop().time() - start == pytest.approx(LINGER_TIMEOUT, abs=0.01)
        assert ends.stream.closed()
        ends.peer.close()

    run(main, VirtualTimeLoop)


def test_rule_5_after_a_refusal_so_many_bytes_are_thrown_away_and_no_more() -> None:
    async def main() -> None:
        ends = Ends(client=False)
        ends.peer.write(b"no HTTP\r\n\r\n" + b"x" * 2 * LINGER_SIZE)
        assert not await within(ends.connection.read_response(ends.delegate))
        assert ends.stream.closed()
        ends.peer.close()

    run(main)


def test_after_a_refusal_the_program_writes_nothing_and_the_server_does_not_wait() -> None:
    async def main() -> None:
        ends = Ends(client=False)
        reading = ends.connection.read_response(ends.delegate)
        head = POST.removesuffix(b"abc").replace(
            b"Content-Length: 3", b"Transfer-Encoding: chunked"
        )
        ends.peer.write(head + b"no\r\n")
        assert (await within(ends.peer.read_until_regex(b"\r\n\r\n"))).startswith(b"HTTP/1.1 400")
        assert ends.delegate.events == [("head", "/a"), "closed"]
        assert not ends.connection.has_begun()
        with pytest.raises(HTTPOutputError):
            ends.connection.write(b"x")
        ends.peer.close()
        assert not await within(reading)

    run(main)


def test_a_delegate_runs_in_one_context_of_its_own() -> None:
    variable = contextvars.ContextVar("variable", default=0)
    seen: list[int] = []

    async def main() -> None:
        ends = Ends(client=True)

        def count() -> None:
            seen.append(variable.get())
            variable.set(variable.get() + 1)

        ends.delegate.on_head = ends.delegate.on_data = ends.delegate.on_finish = count
        await receive(ends, response(200, b"abc"))
        assert variable.get() == 0
        ends.close()

    run(main)
    assert seen == [0, 1, 2]


def test_a_response_to_head_has_no_body() -> None:
    async def main() -> None:
        ends = Ends(client=True)
        ends.connection.write_headers(RequestStartLine("HEAD", "/", ""), HTTPHeaders())
        ends.connection.finish()
        assert await receive(ends, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
        assert ends.delegate.events == [("head", 200), "finish"]
        # The request after it is another one.
        ends.connection.write_headers(GET, HTTPHeaders())
        ends.connection.finish()
        assert await receive(ends, response(200, b"abc"))
        assert ends.delegate.body == b"abc"
        ends.close()

    run(main)


REFUSED = [
    pytest.param(b"no HTTP\r\n\r\n", id="no HTTP"),
    pytest.param(b"GET / HTTP/1.1\r\nHost: h\r\nno field\r\n\r\n", id="no field"),
    pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="no host"),
    pytest.param(
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", id="another coding"
    ),
    pytest.param(
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nno\r\n", id="no chunk"
    ),
    pytest.param(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99\r\n\r\n", id="too much"),
    pytest.param(
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"A: b\r\n" * 70,
        id="trailers",
    ),
    pytest.param(b"no HTTP\r\n\r\n" + b"x" * LINGER_SIZE, id="much is unread"),
    pytest.param(b"GET /" + b"x" * 2000, id="target over its limit"),
    pytest.param(b"GET / HTTP/1.1\r\nHost: h\r\nA: " + b"x" * 2000, id="field over its limit"),
    pytest.param(
        b"GET / HTTP/1.1\r\nHost: h\r\nA: %b\r\n\r\n" % (b"x" * (2001 - 32)),
        id="head over its limit by one",
    ),
]


@pytest.mark.parametrize("wire", REFUSED)
def test_what_is_refused_is_answered_as_a_server_on_transports_does(wire: bytes) -> None:
    class OnStreams(HTTPServer):
        def handle_stream(self, stream: IOStream, address: Any) -> Any:
            return super().handle_stream(stream, address)

    async def main() -> None:
        said = []
        for kind in (HTTPServer, OnStreams):
            async with serving(echo, kind=kind, max_body_size=50, max_header_size=2000) as running:
                said.append(re.sub(rb"Date: [^\r]*", b"Date", await running.exchange(wire)))
        assert said[0].startswith(b"HTTP/1.1 4")
        assert said[1] == said[0]

    run(main)


def test_rule_6_so_many_chunks_of_one_read_are_decoded_before_others_have_a_turn() -> None:
    async def main() -> None:
        ends = Ends(client=True)
        most = 0
        feed = ChunkedDecoder.feed

        def counted(self: ChunkedDecoder, data: bytes) -> list[bytes]:
            nonlocal most
            pieces = feed(self, data)
            most = max(most, len(pieces))
            return pieces

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ChunkedDecoder, "feed", counted)
            assert await receive(ends, CHUNKS + b"1\r\na\r\n" * 5000 + b"0\r\n\r\n")
        assert most == CHUNKS_AT_ONCE
        assert b"".join(event[1] for event in ends.delegate.events[1:-1]) == b"a" * 5000
        ends.close()

    run(main)
