"""The server's connections, over real sockets: framing, order, limits, pressure, closing."""

from __future__ import annotations

import asyncio
import gc
import re
import socket
import struct
import subprocess
import sys
from collections.abc import Awaitable
from typing import Any

import pytest
from tests.conftest import LogWatch
from tests.support.loops import FACTORIES
from tests.support.raw_http import echo, run, serving

from whirlwind._http.messages import (
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    HTTPServerRequest,
)
from whirlwind._http.server.httpserver import HTTPServer
from whirlwind._http.server.protocol import ServerProtocol
from whirlwind._net.stream_errors import StreamClosedError
from whirlwind._proto.http.errors import HTTPOutputError
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http.start_line import ResponseStartLine

GET = b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
FIXED = b"POST /b?q HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3;x=y\r\nabc\r\n4\r\ndefg\r\n0\r\nTrailer: t\r\n\r\n"
)
LAST = b"GET /d HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"


def answers(wire: bytes) -> list[bytes]:
    """Bodies of answers that announce their lengths, and what follows the last of them."""
    found = []
    while wire:
        head, _, wire = wire.partition(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", head)
        if length is None:
            found.append(head)
            continue
        found.append(wire[: int(length[1])])
        wire = wire[int(length[1]) :]
    return found


class Transport(asyncio.Transport):
    """Keeps what a protocol fed by hand writes."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""

    def write(self, data: Any) -> None:
        self.written += data

    def close(self) -> None:
        self.written += b"<closed>"

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None:
        raise AssertionError("nothing waits here")


class Recorder(HTTPServerConnectionDelegate):
    """A delegate that writes down what it is told."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.waiting: Awaitable[None] | None = None
        self.closed = asyncio.Event()

    def start_request(self, server_conn: object, request_conn: Any) -> HTTPMessageDelegate:
        recorder = self

        class Message(HTTPMessageDelegate):
            def headers_received(self, start_line: Any, headers: HTTPHeaders) -> None:
                recorder.events.append((start_line.method, start_line.path))

            def data_received(self, chunk: bytes) -> Awaitable[None] | None:
                recorder.events.append(chunk)
                return recorder.waiting

            def finish(self) -> None:
                recorder.events.append("finish")
                request_conn.write_headers(
                    ResponseStartLine("", 200, "OK"), HTTPHeaders({"Content-Length": "2"}), b"ok"
                )
                request_conn.finish()

            def on_connection_close(self) -> None:
                recorder.events.append("closed")
                recorder.closed.set()

        return Message()


def test_where_the_bytes_are_cut_does_not_matter() -> None:
    wire = GET + FIXED + CHUNKED + LAST
    expected = [b"GET /a |", b"POST /b q|hello", b"POST /c |abcdefg", b"GET /d |"]

    async def main() -> None:
        async with serving(echo) as running:
            assert answers(await running.exchange(wire)) == expected
            for cut in range(1, len(wire)):
                client = await running.connect()
                client.writer.get_extra_info("socket").setsockopt(
                    socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
                )
                protocol = None
                await client.send(wire[:cut])
                # The first part has been read once the server has a connection with nothing new.
                while protocol is None:
                    await asyncio.sleep(0)
                    protocol = next(iter(running.server._connections), None)
                await client.send(wire[cut:])
                assert answers(await client.rest()) == expected, cut
                client.close()
                while running.server._connections:
                    await asyncio.sleep(0)

    run(main)


def test_where_the_bytes_are_cut_does_not_matter_to_a_protocol_fed_by_hand() -> None:
    wire = GET + FIXED + CHUNKED + LAST

    async def main() -> None:
        server = HTTPServer(echo)

        def result(pieces: list[bytes]) -> bytes:
            protocol = ServerProtocol(server)
            transport = Transport()
            protocol.connection_made(transport)
            for piece in pieces:
                protocol.data_received(piece)
            protocol.connection_lost(None)
            # A second may pass meanwhile.
            return re.sub(rb"Date: [^\r]*", b"Date", transport.written)

        whole = result([wire])
        assert answers(whole.removesuffix(b"<closed>"))[2] == b"POST /c |abcdefg"
        assert result([wire[at : at + 1] for at in range(len(wire))]) == whole
        for cut in range(len(wire)):
            assert result([wire[:cut], wire[cut:]] if cut else [wire]) == whole, cut

    run(main)


def test_rule_3_pipelined_answers_are_in_order_and_one_request_is_in_progress() -> None:
    async def main() -> None:
        pending: list[HTTPServerRequest] = []
        arrived = asyncio.Event()

        def later(request: HTTPServerRequest) -> None:
            pending.append(request)
            arrived.set()

        async with serving(later) as running:
            client = await running.connect()
            await client.send(GET + FIXED + GET)
            for number in range(3):
                await arrived.wait()
                arrived.clear()
                assert len(pending) == number + 1
                echo(pending[number])
            assert [await client.answer() for _ in range(3)] == [
                (200, b"GET /a |"),
                (200, b"POST /b q|hello"),
                (200, b"GET /a |"),
            ]

    run(main)


def test_rule_3_a_client_that_sends_ahead_is_not_read() -> None:
    async def main() -> None:
        pending: list[HTTPServerRequest] = []
        arrived = asyncio.Event()

        def later(request: HTTPServerRequest) -> None:
            pending.append(request)
            arrived.set()

        async with serving(later) as running:
            client = await running.connect()
            await client.send(GET)
            await arrived.wait()
            [protocol] = running.server._connections
            client.writer.write(b"x" * 50_000_000)
            while not protocol.reading_paused:
                await asyncio.sleep(0)
            for _ in range(100):
                await asyncio.sleep(0)
            assert len(protocol._held) < 1_000_000
            protocol.abort()

    run(main)


@pytest.mark.parametrize(
    ("wire", "status"),
    [
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", 400, id="no Host"),
        pytest.param(b"GET / HTTP/1.1\nHost: h\r\n\r\n", 400, id="first line with LF"),
        pytest.param(b"GET / HTTP/1.1\nHost: h\rX: y\n\n", 400, id="CR among LF"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: h\n\r\n", 400, id="one line of LF"),
        pytest.param(GET[:-2] + b" a: b\r\n\r\n", 400, id="obs-fold"),
        pytest.param(FIXED.replace(b"5\r", b"+5\r"), 400, id="Content-Length with sign"),
        pytest.param(CHUNKED.replace(b"4\r", b"0x4\r"), 400, id="chunk size with 0x"),
        pytest.param(CHUNKED.replace(b"abc\r\n", b"abcd\r\n"), 400, id="chunk too long"),
        pytest.param(b"GET / HTTP/3.0\r\nHost: h\r\n\r\n", 505, id="version"),
        pytest.param(GET[:-2] + b"a: b\r\n" * 256 + b"\r\n", 431, id="too many fields"),
        pytest.param(b"\x16\x03\x01\x00\xa5\x01\r\n\r\n", 400, id="TLS on a plain port"),
    ],
)
def test_rule_1_framing_is_unambiguous_or_the_connection_ends(wire: bytes, status: int) -> None:
    async def main() -> None:
        async with serving(echo) as running:
            got = await running.exchange(wire + GET)
            # Nothing that follows is taken for a request.
            assert got.startswith(b"HTTP/1.1 %d " % status)
            assert got.count(b"HTTP/1.1") == 1

    run(main)


def test_a_head_with_lf_for_crlf_is_read_wherever_it_is_cut() -> None:
    body = b"a\n\nb\r\n\r\nc"
    head = b"POST /lf HTTP/1.1\nHost: h\nContent-Length: %d\n\n" % len(body)
    expected = [b"POST /lf |" + body, b"GET /d |"]

    async def main() -> None:
        async with serving(echo) as running:
            assert answers(await running.exchange(head + body + LAST)) == expected
            # LF is for heads alone.
            chunked = b"POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n5\nabcde\n0\n\n"
            assert b"200" not in await running.exchange(chunked)
            for cut in range(1, len(head) + len(body)):
                protocol = ServerProtocol(running.server)
                transport = Transport()
                protocol.connection_made(transport)
                protocol.data_received((head + body)[:cut])
                protocol.data_received((head + body)[cut:] + LAST)
                assert answers(transport.written.removesuffix(b"<closed>")) == expected, cut
                protocol.connection_lost(None)

    run(main)


def test_rule_5_the_header_has_a_limit_in_bytes() -> None:
    async def main() -> None:
        async with serving(echo, max_header_size=200) as running:
            room = 200 - len(GET) - len(b"X: \r\n")
            for size, status in ((room, 200), (room + 1, 431)):
                head = GET[:-2] + b"X: " + b"y" * size + b"\r\n\r\n"
                assert (await running.exchange(head)).startswith(b"HTTP/1.1 %d" % status)
            endless = await running.exchange(GET[:-2] + b"X: " + b"y" * 300)
            assert endless.startswith(b"HTTP/1.1 431")

    run(main)


def test_rule_5_the_body_has_a_limit_that_counts_when_it_is_announced() -> None:
    async def main() -> None:
        async with serving(echo, max_body_size=5) as running:
            assert (await running.exchange(FIXED)).startswith(b"HTTP/1.1 200")
            announced = FIXED.replace(b": 5", b": 6").removesuffix(b"hello")
            assert (await running.exchange(announced)).startswith(b"HTTP/1.1 400")
            five = CHUNKED.replace(b"3;x=y\r\nabc\r\n4\r\ndefg", b"5\r\nabcde")
            assert (await running.exchange(five)).startswith(b"HTTP/1.1 200")
            assert (await running.exchange(CHUNKED)).startswith(b"HTTP/1.1 400")

    run(main)


def test_rule_7_a_truncated_body_never_becomes_a_request() -> None:
    async def main() -> None:
        for wire in (FIXED[:-1], CHUNKED[:-2], CHUNKED[:-20]):
            seen: list[HTTPServerRequest] = []
            async with serving(seen.append) as running:
                assert await running.exchange(wire) == b""
            assert seen == []
            recorder = Recorder()
            async with serving(recorder) as running:
                assert await running.exchange(wire) == b""
                await recorder.closed.wait()
            assert "finish" not in recorder.events

    run(main)


def test_http_1_0_closes_unless_it_asks_not_to() -> None:
    async def main() -> None:
        async with serving(echo) as running:
            client = await running.connect()
            await client.send(b"GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            assert b"Connection: Keep-Alive" in await client.head()
            await client.reader.readexactly(len(b"GET /a |"))
            await client.send(b"GET /a HTTP/1.0\r\n\r\n")
            assert answers(await client.rest()) == [b"GET /a |"]

    run(main)


def test_a_body_of_unknown_length_is_chunked_or_ends_with_the_connection() -> None:
    def unknown(request: HTTPServerRequest) -> None:
        request.connection.write_headers(ResponseStartLine("", 200, "OK"), HTTPHeaders(), b"ab")
        request.connection.write(b"c" * 17)
        request.connection.finish()

    async def main() -> None:
        async with serving(unknown) as running:
            modern = await running.exchange(GET)
            assert b"Transfer-Encoding: chunked" in modern
            assert modern.endswith(b"\r\n\r\n2\r\nab\r\n11\r\n" + b"c" * 17 + b"\r\n0\r\n\r\n")
            old = await running.exchange(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            assert b"chunked" not in old
            assert old.endswith(b"\r\n\r\nab" + b"c" * 17)
            head = await running.exchange(GET.replace(b"GET", b"HEAD"))
            assert head.endswith(b"\r\n\r\n")

    run(main)


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_body_has_none_and_the_connection_goes_on(status: int) -> None:
    def empty(request: HTTPServerRequest) -> None:
        request.connection.write_headers(ResponseStartLine("", status, "No"), HTTPHeaders())
        request.connection.finish()

    async def main() -> None:
        async with serving(empty) as running:
            got = await running.exchange(GET + LAST)
            assert got.count(b"HTTP/1.1 %d No\r\n" % status) == 2
            assert b"Transfer-Encoding" not in got

    run(main)


@pytest.mark.parametrize(
    "written", [pytest.param([b"abcd"], id="more"), pytest.param([b"ab"], id="less")]
)
def test_a_body_other_than_announced_ends_the_connection(
    written: list[bytes], logs: LogWatch
) -> None:
    def wrong(request: HTTPServerRequest) -> None:
        with pytest.raises(HTTPOutputError):
            request.connection.write_headers(
                ResponseStartLine("", 200, "OK"), HTTPHeaders({"Content-Length": "3"})
            )
            for piece in written:
                request.connection.write(piece)
            request.connection.finish()

    async def main() -> None:
        async with serving(wrong) as running:
            client = await running.connect()
            await client.send(GET)
            try:
                got = await client.rest()
            except ConnectionResetError:
                got = b""
            assert got.count(b"HTTP/1.1") <= 1

    run(main)


@pytest.mark.parametrize(
    ("reason", "fields"),
    [
        pytest.param("OK\r\nX: y", {}, id="reason"),
        pytest.param("OK", {"X": "a\r\nY: b"}, id="value"),
        pytest.param("OK", {"X": "a\nb"}, id="value with LF"),
        pytest.param("OK", {"X": "a\rb"}, id="value with CR"),
        pytest.param("OK", {"X": "a\x00b"}, id="value with NUL"),
        pytest.param("OK", {"X y": "a"}, id="name"),
        pytest.param("OK", {"X\r\nY": "a"}, id="name with CRLF"),
    ],
)
def test_rule_4_nothing_is_sent_of_a_head_that_would_be_two(
    reason: str, fields: dict[str, str]
) -> None:
    def inject(request: HTTPServerRequest) -> None:
        with pytest.raises(HTTPOutputError):
            request.connection.write_headers(
                ResponseStartLine("", 200, reason), HTTPHeaders(fields), b""
            )
        echo(request)

    async def main() -> None:
        async with serving(inject) as running:
            assert answers(await running.exchange(GET)) == [b"GET /a |"]

    run(main)


def test_expect_100_continue_is_answered_before_the_body_and_not_for_http_1_0() -> None:
    async def main() -> None:
        async with serving(echo) as running:
            client = await running.connect()
            head = FIXED.removesuffix(b"hello").replace(b"Host", b"Expect: 100-continue\r\nHost")
            await client.send(head)
            assert await client.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
            await client.send(b"hello")
            assert await client.answer() == (200, b"POST /b q|hello")
            got = await running.exchange(head.replace(b"1.1", b"1.0") + b"hello")
            assert got.startswith(b"HTTP/1.1 200")

    run(main)


def test_a_body_too_large_gets_no_100_continue() -> None:
    async def main() -> None:
        async with serving(echo, max_body_size=4) as running:
            head = FIXED.removesuffix(b"hello").replace(b"Host", b"Expect: 100-continue\r\nHost")
            assert (await running.exchange(head)).startswith(b"HTTP/1.1 400")

    run(main)


def test_a_delegate_hears_of_everything_in_order() -> None:
    async def main() -> None:
        recorder = Recorder()
        async with serving(recorder) as running:
            await running.exchange(GET + FIXED + LAST)
        assert recorder.events == [
            ("GET", "/a"),
            "finish",
            ("POST", "/b?q"),
            b"hello",
            "finish",
            ("GET", "/d"),
            "finish",
        ]

    run(main)


def test_a_slow_delegate_holds_the_client_back() -> None:
    async def main() -> None:
        recorder = Recorder()
        gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        recorder.waiting = gate
        total = 30_000_000
        async with serving(recorder) as running:
            client = await running.connect()
            client.writer.write(
                b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % total + b"x" * total
            )
            while len(recorder.events) < 2:
                await asyncio.sleep(0)
            [protocol] = running.server._connections
            while not protocol.reading_paused:
                await asyncio.sleep(0)
            for _ in range(50):
                await asyncio.sleep(0)
            assert len(recorder.events) == 2
            assert len(protocol._held) < 2_000_000
            recorder.waiting = None
            gate.set_result(None)
            assert await client.answer() == (200, b"ok")
            assert sum(len(event) for event in recorder.events if type(event) is bytes) == total
            assert max(len(event) for event in recorder.events if type(event) is bytes) <= 65536

    run(main)


def test_a_slow_client_holds_the_writer_back() -> None:
    async def main() -> None:
        ended = asyncio.Event()
        written = 0

        async def pour(request: HTTPServerRequest) -> None:
            nonlocal written
            request.connection.write_headers(ResponseStartLine("", 200, "OK"), HTTPHeaders())
            try:
                while True:
                    await request.connection.write(b"x" * 65536)
                    written += 65536
            except StreamClosedError:
                ended.set()

        tasks: list[asyncio.Task[None]] = []
        async with serving(lambda r: tasks.append(asyncio.ensure_future(pour(r)))) as running:
            client = await running.connect(limit=1024)
            await client.send(GET)
            [protocol] = running.server._connections or [None]
            while protocol is None or not protocol.write_paused:
                await asyncio.sleep(0)
                [protocol] = running.server._connections or [None]
            before = written
            for _ in range(50):
                await asyncio.sleep(0)
            assert written - before < 50_000_000
            transport = client.writer.transport
            transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
            transport.abort()
            await ended.wait()

    run(main)


def test_the_close_callback_comes_when_the_client_goes_before_its_answer() -> None:
    async def main() -> None:
        arrived, gone = asyncio.Event(), asyncio.Event()

        def wait(request: HTTPServerRequest) -> None:
            request.connection.set_close_callback(gone.set)
            arrived.set()

        async with serving(wait) as running:
            client = await running.connect()
            await client.send(GET)
            await arrived.wait()
            client.close()
            await gone.wait()

    run(main)


def test_a_client_that_only_closes_its_sending_side_gets_its_answer() -> None:
    async def main() -> None:
        async def later(request: HTTPServerRequest) -> None:
            await gone.wait()
            echo(request)

        gone = asyncio.Event()
        tasks: list[asyncio.Task[None]] = []

        def start(request: HTTPServerRequest) -> None:
            request.connection.set_close_callback(gone.set)
            tasks.append(asyncio.ensure_future(later(request)))

        async with serving(start) as running:
            assert answers(await running.exchange(GET)) == [b"GET /a |"]

    run(main)


def test_an_answer_before_its_request_was_read_ends_the_connection_and_arrives() -> None:
    class Early(HTTPServerConnectionDelegate):
        def start_request(self, server_conn: object, request_conn: Any) -> HTTPMessageDelegate:
            class Message(HTTPMessageDelegate):
                def headers_received(self, start_line: Any, headers: HTTPHeaders) -> None:
                    request_conn.write_headers(
                        ResponseStartLine("", 403, "No"),
                        HTTPHeaders({"Content-Length": "2"}),
                        b"no",
                    )
                    request_conn.finish()

            return Message()

    async def main() -> None:
        async with serving(Early()) as running:
            client = await running.connect()
            await client.send(
                b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n\r\n" + b"x" * 300000
            )
            got = await client.rest()
            assert got.startswith(b"HTTP/1.1 403 No\r\n")
            assert b"Connection: close\r\n" in got
            assert got.endswith(b"\r\n\r\nno")

    run(main)


def test_a_delegate_that_raises_is_logged_and_answered_with_500(logs: LogWatch) -> None:
    def broken(request: HTTPServerRequest) -> None:
        raise ZeroDivisionError

    async def main() -> None:
        async with serving(broken) as running:
            got = await running.exchange(GET + GET)
            assert got.startswith(b"HTTP/1.1 500 ")
            assert got.count(b"HTTP/1.1") == 1

    with logs.expect("whirlwind.application", "Uncaught exception"):
        run(main)


def test_idle_slow_and_lingering_connections_are_closed_in_time() -> None:
    async def main() -> None:
        async with serving(echo, idle_connection_timeout=5, body_timeout=7) as running:
            server = running.server
            for sent, least in ((b"", 5), (GET[:10], 60), (FIXED[:-1], 7)):
                client = await running.connect()
                await client.send(sent)
                while not server._connections:
                    await asyncio.sleep(0)
                [protocol] = server._connections
                while sent and not (protocol._held or protocol.exchange):
                    await asyncio.sleep(0)
                protocol.check_time(protocol._watch.since + least)
                assert protocol.transport is not None
                assert not protocol.transport.is_closing()
                protocol.check_time(protocol._watch.since + least + 1)
                assert await client.rest() == b""
                while server._connections:
                    await asyncio.sleep(0)

    run(main)


def test_closing_all_connections_lets_requests_in_progress_finish() -> None:
    async def main() -> None:
        pending: list[HTTPServerRequest] = []
        async with serving(pending.append) as running:
            idle, busy = await running.connect(), await running.connect()
            await busy.send(GET)
            while len(running.server._connections) < 2 or not pending:
                await asyncio.sleep(0)
            running.server.stop()
            closing = asyncio.ensure_future(running.server.close_all_connections())
            assert await idle.rest() == b""
            assert not closing.done()
            echo(pending[0])
            assert b"Connection: close" in await busy.rest()
            await closing
            assert running.server._timer is None

    run(main)


@pytest.mark.parametrize("factory", FACTORIES)
def test_closing_all_connections_cuts_off_what_outlives_its_timeout(factory: str) -> None:
    async def main() -> None:
        pending: list[HTTPServerRequest] = []
        async with serving(pending.append) as running:
            idle, busy = await running.connect(), await running.connect()
            await busy.send(GET)
            while len(running.server._connections) < 2 or not pending:
                await asyncio.sleep(0)
            running.server.stop()
            assert await running.server.close_all_connections(timeout=0) == 1
            assert running.server._connections == set()
            assert await idle.rest() == b""
            assert await busy.rest() == b""

    run(main, FACTORIES[factory])


def test_the_default_timeout_of_closing_is_logged(
    logs: LogWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("whirlwind._http.server.httpserver.SHUTDOWN_TIMEOUT", 0)

    async def main() -> None:
        pending: list[HTTPServerRequest] = []
        async with serving(pending.append) as running:
            busy = await running.connect()
            await busy.send(GET)
            while not pending:
                await asyncio.sleep(0)
            running.server.stop()
            with logs.expect("whirlwind.general", r"1 requests took longer .*SHUTDOWN_TIMEOUT"):
                assert await running.server.close_all_connections() == 1
            assert await busy.rest() == b""

    run(main)


# A client's request waits in the backlog when the loop starts; the process then has to end.
EXITING = """
import asyncio, socket, sys, uvloop
from whirlwind._http.server.httpserver import HTTPServer
from whirlwind._net.ioloop import IOLoop

def at_once(request):
    sys.exit(3)

def when_the_client_goes(request):
    request.connection.set_close_callback(at_once_without_request)

def at_once_without_request():
    sys.exit(3)

factory = {"asyncio": asyncio.SelectorEventLoop, "uvloop": uvloop.new_event_loop}[sys.argv[1]]
loop = IOLoop(asyncio_loop=factory())
server = HTTPServer(globals()[sys.argv[2]])
listening = socket.create_server(("127.0.0.1", 0))
listening.setblocking(False)
server.add_socket(listening)
client = socket.create_connection(listening.getsockname())
client.sendall(b"GET / HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n")
client.shutdown(socket.SHUT_WR)
loop.start()
"""


@pytest.mark.parametrize("callback", ["at_once", "when_the_client_goes"])
@pytest.mark.parametrize("factory", FACTORIES)
def test_an_exit_in_a_handler_ends_the_program(factory: str, callback: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", EXITING, factory, callback],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (3, "")


@pytest.mark.parametrize("factory", FACTORIES)
def test_the_clients_address_is_known_after_it_has_gone(factory: str) -> None:
    gone = asyncio.Event()

    async def main() -> None:
        requests: list[HTTPServerRequest] = []

        def keep(request: HTTPServerRequest) -> None:
            requests.append(request)
            request.connection.set_close_callback(gone.set)

        async with serving(keep) as running:
            client = await running.connect()
            await client.send(GET)
            while not requests:
                await asyncio.sleep(0)
            # A reset: from then on the system knows no address of this socket's peer.
            client.writer.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
            client.writer.transport.abort()
            await gone.wait()
            assert requests[0].remote_ip == "127.0.0.1"

    run(main, FACTORIES[factory])


def test_a_request_long_answered_cannot_write_into_the_next_answer() -> None:
    kept: list[HTTPServerRequest] = []

    def keep(request: HTTPServerRequest) -> None:
        for old in kept:
            with pytest.raises(HTTPOutputError):
                old.connection.write(b"intruder")
        kept.append(request)
        echo(request)

    async def main() -> None:
        async with serving(keep) as running:
            assert answers(await running.exchange(GET + GET)) == [b"GET /a |"] * 2

    run(main)


def test_forwarded_addresses_are_believed_only_when_told_to() -> None:
    seen: list[tuple[str | None, str]] = []

    def look(request: HTTPServerRequest) -> None:
        seen.append((request.remote_ip, request.protocol))
        echo(request)

    wire = LAST[:-2] + b"X-Forwarded-For: 9.9.9.9, 4.4.4.4, 5.5.5.5\r\nX-Scheme: https\r\n\r\n"

    async def main() -> None:
        async with serving(look) as running:
            await running.exchange(wire)
        async with serving(look, xheaders=True, trusted_downstream=["5.5.5.5"]) as running:
            await running.exchange(wire)
            await running.exchange(wire.replace(b"4.4.4.4", b"<script>"))
            await running.exchange(wire.replace(b"X-Forwarded-For", b"X-Real-Ip"))

    run(main)
    assert seen == [
        ("127.0.0.1", "http"),
        ("4.4.4.4", "https"),
        ("127.0.0.1", "https"),
        ("127.0.0.1", "https"),
    ]


def test_a_request_leaves_no_reference_cycle() -> None:
    async def main() -> None:
        async with serving(echo) as running:
            await running.exchange(GET + FIXED + CHUNKED + LAST)
            gc.collect()
            gc.disable()
            gc.set_debug(gc.DEBUG_SAVEALL)
            try:
                await running.exchange(GET + FIXED + CHUNKED + LAST)
                gc.collect()
                ours = [
                    thing for thing in gc.garbage if type(thing).__module__.startswith("whirlwind")
                ]
                assert ours == []
            finally:
                gc.set_debug(0)
                gc.garbage.clear()
                gc.enable()

    run(main)


class _Taker(asyncio.Protocol):
    """Answers what it gets in capitals, until the peer has said all."""

    def __init__(self) -> None:
        self.lost = asyncio.get_running_loop().create_future()

    def take(self, transport: asyncio.Transport, leftover: bytes) -> None:
        self.transport = transport
        if leftover:
            self.data_received(leftover)

    def data_received(self, data: bytes) -> None:
        self.transport.write(data.upper())

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set_result(exc)


@pytest.mark.parametrize("ahead", [b"", b"GET /next HTTP/1.1\r\n\r\n"])
def test_after_a_hand_over_no_byte_is_read_as_http(ahead: bytes) -> None:
    takers = []

    def upgrade(request: HTTPServerRequest) -> None:
        connection = request.connection
        connection.write_headers(
            ResponseStartLine("", 101, "Switching Protocols"), HTTPHeaders({"Upgrade": "shout"})
        )
        taker = _Taker()
        takers.append(taker)
        taker.take(*connection.hand_over(taker))
        with pytest.raises(RuntimeError, match="closed"):
            connection.hand_over(taker)

    async def main() -> None:
        async with serving(upgrade) as running:
            client = await running.connect()
            await client.send(b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: shout\r\n\r\n" + ahead)
            assert (await client.head()).startswith(b"HTTP/1.1 101 ")
            await client.send(b"more")
            assert await client.reader.readexactly(len(ahead) + 4) == ahead.upper() + b"MORE"
            assert await running.server.close_all_connections() == 0
            client.close()
            await takers[0].lost

    run(main)
