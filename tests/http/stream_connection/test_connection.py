"""What a connection over a stream writes, and what it says of its end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.support.raw_http import run
from tests.support.stream_http import GET, OK, Ends
from tests.support.streams import tcp_sockets, tls_pair, turns, until, within

from whirlwind._http.stream_connection.connection import HTTP1Connection
from whirlwind._net.iostream import IOStream
from whirlwind._net.stream_errors import StreamClosedError
from whirlwind._proto.http.errors import HTTPOutputError
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http.start_line import RequestStartLine, ResponseStartLine

REQUEST = b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
OLD = b"GET /a HTTP/1.0\r\n\r\n"
KEPT = b"GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
CLOSING = b"GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"


def write(ends: Ends, fields: dict[str, str], *chunks: bytes) -> None:
    start_line = GET if ends.connection.is_client else OK
    ends.connection.write_headers(start_line, HTTPHeaders(fields), chunks[0] if chunks else None)
    for chunk in chunks[1:]:
        ends.connection.write(chunk)
    ends.connection.finish()


@pytest.mark.parametrize(
    ("request_", "fields", "chunks", "expected", "open_"),
    [
        pytest.param(
            REQUEST, {"Content-Length": "4"}, (b"ab", b"cd"),
            b"Content-Length: 4\r\n\r\nabcd", True, id="length",
        ),
        pytest.param(
            REQUEST, {}, (b"ab", b"", b"cd"),
            b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n", True, id="chunks",
        ),
        pytest.param(OLD, {}, (b"ab", b"cd"), b"\r\nabcd", False, id="HTTP/1.0"),
        pytest.param(
            KEPT, {"Content-Length": "2"}, (b"ab",),
            b"Content-Length: 2\r\nConnection: Keep-Alive\r\n\r\nab", True, id="kept HTTP/1.0",
        ),
        pytest.param(
            CLOSING, {"Content-Length": "2"}, (b"ab",),
            b"Content-Length: 2\r\nConnection: close\r\n\r\nab", False, id="close",
        ),
        pytest.param(
            REQUEST, {"Content-Length": "2", "Connection": "close"}, (b"ab",),
            b"Content-Length: 2\r\nConnection: close\r\n\r\nab", False, id="close by the answer",
        ),
        pytest.param(
            REQUEST.replace(b"GET", b"HEAD"), {"Content-Length": "2"}, (b"ab",),
            b"Content-Length: 2\r\n\r\n", True, id="HEAD",
        ),
    ],
)  # fmt: skip
def test_how_an_answer_goes_out(
    request_: bytes, fields: dict[str, str], chunks: tuple[bytes], expected: bytes, open_: bool
) -> None:
    async def main() -> None:
        ends = Ends(client=False)
        ends.delegate.on_finish = lambda: write(ends, fields, *chunks)
        ends.peer.write(request_)
        assert await within(ends.connection.read_response(ends.delegate))
        assert ends.stream.closed() is not open_
        assert await ends.sent() == b"HTTP/1.1 200 OK\r\n" + expected

    run(main)


def test_without_keep_alive_every_answer_is_the_last() -> None:
    async def main() -> None:
        ends = Ends(client=False, no_keep_alive=True)
        assert ends.connection.no_keep_alive
        ends.delegate.on_finish = ends.answer
        ends.peer.write(REQUEST)
        assert await within(ends.connection.read_response(ends.delegate))
        assert ends.stream.closed()
        assert b"\r\nConnection: close\r\n" in await ends.sent()

    run(main)


def test_one_connection_reads_several_requests() -> None:
    async def main() -> None:
        ends = Ends(client=False)
        ends.delegate.on_finish = ends.answer
        ends.peer.write(REQUEST.replace(b"GET", b"HEAD") + REQUEST)
        for _ in range(2):
            assert await within(ends.connection.read_response(ends.delegate))
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
        assert await ends.sent() == head + head + b"ok"

    run(main)


def test_no_request_is_read_after_the_last_answer() -> None:
    async def main() -> None:
        ends = Ends(client=False)
        ends.delegate.on_finish = ends.answer
        ends.peer.write(CLOSING + REQUEST)
        assert await within(ends.connection.read_response(ends.delegate))
        with pytest.raises(StreamClosedError):
            await within(ends.connection.read_response(ends.delegate))
        assert ends.delegate.events == [("head", "/a"), "finish"]
        ends.peer.close()

    run(main)


def test_reading_a_request_ends_when_its_answer_is_complete() -> None:
    async def main() -> None:
        ends = Ends(client=False)
        ends.peer.write(REQUEST)
        reading = ends.connection.read_response(ends.delegate)
        await until(lambda: "finish" in ends.delegate.events)
        await turns(3)
        assert not reading.done()
        ends.answer()
        assert await within(reading)
        ends.close()

    run(main)


def test_the_close_callback_is_for_a_client_that_goes_before_its_answer() -> None:
    async def main() -> None:
        for answered in (True, False):
            ends = Ends(client=False)
            gone: list[bool] = []
            ends.connection.set_close_callback(lambda gone=gone: gone.append(True))  # type: ignore[misc]
            if answered:
                ends.delegate.on_finish = ends.answer
            ends.peer.write(REQUEST)
            reading = ends.connection.read_response(ends.delegate)
            await until(lambda ends=ends: "finish" in ends.delegate.events)  # type: ignore[misc]
            ends.peer.close()
            assert await within(reading)
            await turns(3)
            assert gone == ([] if answered else [True])
            assert "closed" not in ends.delegate.events
            ends.close()

    run(main)


@pytest.mark.parametrize(
    ("request_", "code", "gone"),
    [
        pytest.param(OLD, 200, b"Transfer-Encoding", id="chunks to HTTP/1.0"),
        pytest.param(REQUEST, 204, b"Transfer-Encoding", id="204"),
        pytest.param(REQUEST, 204, b"Content-Length", id="204 with a length"),
    ],
)
def test_rule_1_framing_that_an_answer_may_not_have_is_left_out(
    request_: bytes, code: int, gone: bytes
) -> None:
    async def main() -> None:
        ends = Ends(client=False)

        def answer() -> None:
            fields = HTTPHeaders({"Transfer-Encoding": "chunked", "Content-Length": "2"})
            ends.connection.write_headers(ResponseStartLine("", code, "OK"), fields, b"ab")
            ends.connection.finish()

        ends.delegate.on_finish = answer
        ends.peer.write(request_)
        assert await within(ends.connection.read_response(ends.delegate))
        assert gone not in await ends.sent()

    run(main)


def test_chunks_that_a_program_gives_a_length_go_out_as_said_and_end_the_connection() -> None:
    async def main() -> None:
        ends = Ends(client=False)

        def answer() -> None:
            fields = HTTPHeaders({"Transfer-Encoding": "chunked", "Content-Length": "2"})
            ends.connection.write_headers(ResponseStartLine("", 200, "OK"), fields, b"ab")
            ends.connection.finish()

        ends.delegate.on_finish = answer
        ends.peer.write(REQUEST)
        assert await within(ends.connection.read_response(ends.delegate))
        assert await within(ends.peer.read_until_close()) == (  # closed, and not by us
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n"
            b"Connection: close\r\n\r\n2\r\nab\r\n0\r\n\r\n"
        )

    run(main)


def test_an_http_1_0_client_gets_no_answer_before_the_answer() -> None:
    async def main() -> None:
        ends = Ends(client=False)

        def answer() -> None:
            early = ResponseStartLine("", 103, "Early Hints")
            ends.connection.write_headers(early, HTTPHeaders())
            ends.answer()

        ends.delegate.on_finish = answer
        ends.peer.write(OLD)
        assert await within(ends.connection.read_response(ends.delegate))
        assert (await ends.sent()).startswith(b"HTTP/1.1 200 OK\r\n")

    run(main)


def test_an_informational_answer_leaves_the_answer_to_come() -> None:
    async def main() -> None:
        ends = Ends(client=False)

        def hint() -> None:
            early = ResponseStartLine("", 103, "Early Hints")
            ends.connection.write_headers(early, HTTPHeaders({"Link": "</a>"}))
            ends.answer()

        ends.delegate.on_finish = hint
        ends.peer.write(REQUEST)
        assert await within(ends.connection.read_response(ends.delegate))
        assert (await ends.sent()).startswith(
            b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n"
        )

    run(main)


@pytest.mark.parametrize(
    ("client", "fields"),
    [
        (False, {"X": "a\r\nSet-Cookie: b"}),
        (False, {"X\n": "a"}),
        (True, {"X": "a\nb"}),
        (True, {"X": "a\0b"}),
    ],
)
def test_rule_4_nothing_is_sent_of_a_head_that_would_be_split(
    client: bool, fields: dict[str, str]
) -> None:
    async def main() -> None:
        ends = Ends(client=client)
        with pytest.raises(HTTPOutputError):
            ends.connection.write_headers(GET if client else OK, HTTPHeaders(fields))
        assert await ends.sent() == b""

    run(main)


def test_a_client_whose_answer_was_refused_hears_something() -> None:
    async def main() -> None:
        ends = Ends(client=False)
        ends.delegate.on_finish = ends.connection.finish
        ends.peer.write(REQUEST)
        assert await within(ends.connection.read_response(ends.delegate))
        assert ends.stream.closed()
        assert (await ends.sent()).startswith(b"HTTP/1.1 500 Internal Server Error\r\n")

    run(main)


@pytest.mark.parametrize("chunks", [(b"abcd",), (b"ab", b"cd"), (b"ab",)])
@pytest.mark.parametrize("client", [False, True])
def test_a_body_of_another_size_than_announced_closes_the_stream(
    chunks: tuple[bytes, ...], client: bool
) -> None:
    async def main() -> None:
        ends = Ends(client=client)
        with pytest.raises(HTTPOutputError, match="Tried to write"):
            write(ends, {"Content-Length": "3"}, *chunks)
        assert ends.stream.closed()
        ends.peer.close()

    run(main)


@pytest.mark.parametrize(
    ("request_", "fields", "end"),
    [
        pytest.param(REQUEST, {"Content-Length": "9"}, b"ab", id="length"),
        pytest.param(REQUEST, {}, b"2\r\nab\r\n", id="chunks"),
    ],
)
def test_rule_7_an_answer_that_is_broken_off_is_not_whole(
    request_: bytes, fields: dict[str, str], end: bytes
) -> None:
    async def main() -> None:
        ends = Ends(client=False)

        def begin() -> None:
            ends.connection.write_headers(OK, HTTPHeaders(fields), b"ab")
            ends.connection.break_off()
            ends.connection.break_off()
            ends.connection.finish()

        ends.delegate.on_finish = begin
        ends.peer.write(request_)
        assert await within(ends.connection.read_response(ends.delegate))
        assert (await within(ends.peer.read_until_close())).endswith(b"\r\n\r\n" + end)

    run(main)


def test_rule_7_an_answer_that_would_end_with_the_connection_is_broken_off_by_a_reset() -> None:
    async def main() -> None:
        ours, theirs = tcp_sockets()
        connection = HTTP1Connection(IOStream(ours), False)
        other = Ends(client=False)
        other.close()

        def begin() -> None:
            connection.write_headers(OK, HTTPHeaders(), b"ab")
            connection.break_off()

        other.delegate.on_finish = begin
        theirs.send(OLD)
        assert await within(connection.read_response(other.delegate))
        with pytest.raises(ConnectionResetError):
            while theirs.recv(100):
                pass
        theirs.close()

    run(main)


def test_what_comes_too_late_is_refused() -> None:
    async def main() -> None:
        ends = Ends(client=False)
        ends.answer()
        with pytest.raises(HTTPOutputError, match="head of this message"):
            ends.connection.write_headers(OK, HTTPHeaders())
        with pytest.raises(HTTPOutputError, match="complete already"):
            ends.connection.write(b"more")
        ends.connection.finish()  # a second time is no mistake
        ends.close()

    run(main)


def test_each_side_writes_its_own_kind_of_head() -> None:
    async def main() -> None:
        ends = Ends(client=True)
        with pytest.raises(TypeError, match="RequestStartLine"):
            ends.connection.write_headers(OK, HTTPHeaders())
        ends.close()
        ends = Ends(client=False)
        with pytest.raises(TypeError, match="ResponseStartLine"):
            ends.connection.write_headers(GET, HTTPHeaders())
        ends.close()

    run(main)


def test_writing_to_a_stream_that_is_closed_fails_in_the_future() -> None:
    async def main() -> None:
        ends = Ends(client=False)
        ends.connection.close()
        future = ends.connection.write_headers(OK, HTTPHeaders({"Content-Length": "2"}), b"ok")
        assert isinstance(future.exception(), StreamClosedError)
        ends.connection.finish()
        ends.peer.close()

    run(main)


def test_a_write_is_done_when_the_peer_has_room() -> None:
    async def main() -> None:
        ends = Ends(client=True)
        size = 4_000_000
        future = ends.connection.write_headers(
            RequestStartLine("POST", "/", ""),
            HTTPHeaders({"Content-Length": str(size)}),
            b"x" * size,
        )
        ends.connection.finish()
        reading = ends.connection.read_response(ends.delegate)
        ends.peer.write(b"HTTP/1.1 204 OK\r\n\r\n")
        await until(lambda: "finish" in ends.delegate.events)
        # The next request may not begin before this one is sent.
        assert not future.done()
        assert not reading.done()
        head = await within(ends.peer.read_until(b"\r\n\r\n"))
        assert head == b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % size
        await within(ends.peer.read_bytes(size))
        await within(future)
        assert await within(reading)
        ends.close()

    run(main)


def test_a_client_sends_bodies_in_chunks_where_nothing_says_how_long_they_are() -> None:
    async def main() -> None:
        ends = Ends(client=True)
        ends.connection.write_headers(RequestStartLine("POST", "/a", ""), HTTPHeaders(), b"ab")
        ends.connection.write(b"c")
        ends.connection.finish()
        assert await ends.sent() == (
            b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
        )

    run(main)


def test_a_detached_stream_is_written_by_nobody_else() -> None:
    async def main() -> None:
        ends = Ends(client=False)
        assert ends.connection.detach() is ends.stream
        with pytest.raises(HTTPOutputError, match="detached"):
            ends.connection.write_headers(OK, HTTPHeaders())
        assert ends.connection.get_extra_info("socket", "none") == "none"
        ends.close()

    run(main)


def test_a_connection_is_asked_as_a_transport_is() -> None:
    async def main() -> None:
        ends = Ends(client=False)
        assert ends.connection.get_extra_info("socket") is ends.stream.socket
        assert ends.connection.get_extra_info("ssl_object") is None
        assert ends.connection.get_extra_info("peername") == ""
        assert ends.connection.get_extra_info("cipher", 7) == 7
        ends.close()
        assert ends.connection.get_extra_info("socket") is None
        server, client = await tls_pair()
        encrypted = HTTP1Connection(server, False)
        assert encrypted.get_extra_info("ssl_object") is server.socket
        server.close()
        client.close()

    run(main)


def test_a_program_for_tornado_4_writes_its_answer_as_bytes() -> None:
    async def main() -> None:
        wire = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        for name in ("write", "write_raw"):
            ends = Ends(client=False)

            def answer(ends: Ends = ends, name: str = name) -> None:
                getattr(ends.connection, name)(wire)
                ends.connection.finish()

            ends.delegate.on_finish = answer
            ends.peer.write(REQUEST)
            assert await within(ends.connection.read_response(ends.delegate))
            assert await ends.sent() == wire

    run(main)


def test_client_and_server_speak_to_each_other() -> None:
    async def main() -> None:
        ends = Ends(client=False)
        client = HTTP1Connection(ends.peer, True)
        other = Ends(client=True)
        other.close()

        def echo() -> None:
            write(ends, {}, ends.delegate.body)

        ends.delegate.on_finish = echo
        for body in (b"one", b"two" * 100_000):
            ends.delegate.events.clear()
            other.delegate.events.clear()
            head = HTTPHeaders({"Host": "h"})
            client.write_headers(RequestStartLine("PUT", "/", ""), head)
            client.write(body)
            client.finish()
            done: list[Any] = await within(
                asyncio.gather(
                    ends.connection.read_response(ends.delegate),
                    client.read_response(other.delegate),
                )
            )
            assert done == [True, True]
            assert other.delegate.body == body
        ends.close()

    run(main)
