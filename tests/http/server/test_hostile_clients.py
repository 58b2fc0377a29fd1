"""Clients that stop, run ahead, or leave, at every stage of a connection, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import socket
import ssl
import struct
import tempfile
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.conftest import LogWatch
from tests.http.server.test_httpserver import CERTIFICATE, KEY, trusting
from tests.support.loops import FACTORIES, VirtualTimeLoop
from tests.support.loops import run as run_on_own_clock
from tests.support.raw_http import RawClient, Serving, echo, run, serving

from whirlwind import web
from whirlwind._base.limits import LINGER_TIMEOUT, SEND_TIMEOUT
from whirlwind._http.messages import HTTPServerRequest
from whirlwind._http.server.exchange import Exchange
from whirlwind._http.server.httpserver import HTTPServer
from whirlwind._http.server.protocol import ServerProtocol
from whirlwind._net.iostream import IOStream
from whirlwind._net.stream_errors import StreamClosedError
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http.start_line import ResponseStartLine
from whirlwind.websocket import WebSocketHandler

GET = b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
BIG = 8_000_000
TLS = {"certfile": str(CERTIFICATE), "keyfile": str(KEY)}
UPGRADE = (
    b"GET /a HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)

both_loops = pytest.mark.parametrize("factory", FACTORIES.values(), ids=FACTORIES)


async def until(condition: Callable[[], object]) -> None:
    while not condition():
        await asyncio.sleep(0)


def answer(request: HTTPServerRequest, body: bytes, **fields: str) -> None:
    headers = HTTPHeaders({"Content-Length": str(len(body)), **fields})
    request.connection.write_headers(ResponseStartLine("", 200, "OK"), headers, body)
    request.connection.finish()


def whole(request: HTTPServerRequest) -> None:
    answer(request, b"x" * BIG)


def and_close(request: HTTPServerRequest) -> None:
    answer(request, b"x" * BIG, Connection="close")


def pouring(flushes: bool) -> Callable[[HTTPServerRequest], object]:
    async def pour(request: HTTPServerRequest) -> None:
        connection = request.connection
        connection.write_headers(ResponseStartLine("", 200, "OK"), HTTPHeaders())
        with contextlib.suppress(StreamClosedError):
            for _ in range(BIG // 50_000):
                written = connection.write(b"x" * 50_000)
                if flushes:
                    await written
            if flushes:
                connection.finish()
        if not flushes:
            while not connection.stream.closed():
                await asyncio.sleep(1)
                connection.write(b"and on")

    tasks: set[asyncio.Task[None]] = set()

    def start(request: HTTPServerRequest) -> None:
        task = asyncio.ensure_future(pour(request))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    return start


class File(web.RequestHandler):
    async def get(self) -> None:
        with tempfile.TemporaryFile() as file:
            os.truncate(file.fileno(), BIG)
            connection = self.request.connection
            self.set_header("Content-Length", str(BIG))
            await self.flush()
            with contextlib.suppress(StreamClosedError):
                sent = await connection.send_file(file.fileno(), 0, BIG)
                if not sent:  # under TLS
                    await connection.write(bytes(BIG))


@web.stream_request_body
class Early(web.RequestHandler):
    def prepare(self) -> None:
        self.finish(b"x" * BIG)


class Socket(WebSocketHandler):
    async def open(self, *args: str, **kwargs: str) -> None:
        with contextlib.suppress(Exception):
            for _ in range(BIG // 50_000):
                await self.write_message(b"x" * 50_000, binary=True)


STAGES: dict[str, tuple[Any, bytes]] = {
    "a whole answer": (whole, GET),
    "the last answer": (and_close, GET),
    "an early answer": (
        web.Application([("/a", Early)]),
        b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nx",
    ),
    "pieces that wait for room": (pouring(flushes=True), GET),
    "pieces that do not": (pouring(flushes=False), GET),
    "a file": (web.Application([("/a", File)]), GET),
    "a WebSocket": (web.Application([("/a", Socket)]), UPGRADE),
    "answers to requests sent ahead": (echo, GET * 200_000),
}


async def reader_that(running: Serving, wire: bytes, tls: bool) -> RawClient:
    client = await running.connect(limit=1024, ssl=trusting() if tls else None)
    client.writer.write(wire)
    return client


async def until_later(condition: Callable[[], object], most: float) -> None:
    """Wait in the loop's time, a quarter of a second at once."""
    loop = asyncio.get_running_loop()
    end = loop.time() + most
    while not condition():
        assert loop.time() < end
        await asyncio.sleep(0.25)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("stage", STAGES)
def test_rule_5_a_client_that_stops_to_read_is_closed_in_time(stage: str, tls: bool) -> None:
    """On a clock of the test's own."""
    callback, wire = STAGES[stage]

    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with serving(callback, ssl_options=TLS if tls else None) as running:
            server = running.server
            client = await reader_that(running, wire, tls)
            await until_later(lambda: server._open() or server._adopted, 5)
            began = loop.time()
            await until_later(lambda: not (server._open() or server._adopted), 3 * SEND_TIMEOUT)
            assert SEND_TIMEOUT - 1 <= loop.time() - began <= SEND_TIMEOUT + 12
            assert server._timer is None
            client.writer.transport.abort()
            await asyncio.sleep(2)

    run_on_own_clock(main(), VirtualTimeLoop)


class OnStreams(HTTPServer):
    """Makes a stream of each connection, because handle_stream was overridden."""

    def handle_stream(self, stream: IOStream, address: Any) -> Awaitable[None] | None:
        return super().handle_stream(stream, address)


@pytest.mark.parametrize("stops", [True, False])
@pytest.mark.parametrize("stage", ["a whole answer", "pieces that wait for room"])
def test_rule_5_the_same_holds_for_connections_over_streams(stage: str, stops: bool) -> None:
    callback, wire = STAGES[stage]

    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with serving(callback, kind=OnStreams) as running:
            client = await reader_that(running, wire, tls=False)
            await until_later(running.server._open, 5)
            if stops:
                began = loop.time()
                await until_later(lambda: not running.server._open(), 3 * SEND_TIMEOUT)
                assert SEND_TIMEOUT - 1 <= loop.time() - began <= SEND_TIMEOUT + 12
            else:
                for _ in range(BIG // 500_000):
                    await client.reader.readexactly(500_000)
                    await asyncio.sleep(SEND_TIMEOUT * 0.75)
            client.writer.transport.abort()
            await until_later(lambda: not running.server._open(), 3 * SEND_TIMEOUT)
            assert running.server._timer is None

    run_on_own_clock(main(), VirtualTimeLoop)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("stage", [one for one in STAGES if "ahead" not in one])
def test_a_client_that_reads_slowly_gets_everything(stage: str, tls: bool) -> None:
    callback, wire = STAGES[stage]

    async def main() -> None:
        async with serving(callback, ssl_options=TLS if tls else None) as running:
            client = await reader_that(running, wire, tls)
            client.writer.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_RCVBUF, 100_000
            )
            received = 0
            while received < BIG:
                received += len(await client.reader.readexactly(min(400_000, BIG - received)))
                await asyncio.sleep(SEND_TIMEOUT * 0.75)
            client.writer.transport.abort()
            await until_later(lambda: not running.server._open(), 3 * SEND_TIMEOUT)

    run_on_own_clock(main(), VirtualTimeLoop)


@both_loops
def test_a_poll_and_an_event_stream_may_be_silent(factory: Any) -> None:
    held: list[HTTPServerRequest] = []

    async def main() -> None:
        async with serving(held.append) as running:
            client = await running.connect()
            await client.send(GET)
            await until(lambda: held)
            [protocol] = running.server._connections
            for tick in range(0, 100_000, 100):
                protocol.check_time(tick)
            held[0].connection.write_headers(ResponseStartLine("", 200, "OK"), HTTPHeaders())
            for tick in range(100_000, 200_000, 100):
                protocol.check_time(tick)
            held[0].connection.finish()
            assert (await client.reader.readuntil(b"0\r\n\r\n")).startswith(b"HTTP/1.1 200 ")

    run(main, factory)


@both_loops
def test_requests_sent_ahead_are_all_answered_although_the_client_has_closed_its_side(
    factory: Any,
) -> None:
    async def main() -> None:
        async with serving(echo) as running:
            assert (await running.exchange(GET * 500)).count(b"200 OK") == 500

    run(main, factory)


@both_loops
def test_rule_3_a_client_that_reads_no_answers_gets_no_more_of_them(factory: Any) -> None:
    answered = 0

    def count(request: HTTPServerRequest) -> None:
        nonlocal answered
        answered += 1
        answer(request, b"x" * 1000)

    async def main() -> None:
        async with serving(count) as running:
            client = await running.connect(limit=1024)
            client.writer.write(GET * 100_000)
            await until(lambda: running.server._connections)
            [protocol] = running.server._connections
            await until(lambda: protocol.write_paused and protocol.reading_paused)
            before = answered
            for _ in range(100):
                await asyncio.sleep(0)
            assert answered == before
            assert len(protocol._held) < 1_000_000
            assert protocol.transport is not None
            assert protocol.transport.get_write_buffer_size() < 200_000
            received = 0
            while received < 100_000:
                received += (await client.reader.read(1 << 20)).count(b"HTTP/1.1 200")
                if received >= answered == before:
                    continue
                if answered > before + 1000:
                    break  # reading has made room, and it goes on
            client.writer.transport.abort()

    run(main, factory)


@both_loops
def test_the_beginning_of_a_request_sent_ahead_does_not_stop_the_rest_of_it(factory: Any) -> None:
    held: list[HTTPServerRequest] = []

    def hold(request: HTTPServerRequest) -> None:
        echo(request) if held else held.append(request)

    async def main() -> None:
        async with serving(hold) as running:
            client = await running.connect()
            await client.send(GET + GET[:10])
            await until(lambda: held)
            await client.send(GET[10:20])
            [protocol] = running.server._connections
            await until(lambda: protocol.reading_paused)
            echo(held[0])
            await client.send(GET[20:])
            both = [await client.answer(), await client.answer()]
            assert both == [(200, b"GET /a |"), (200, b"GET /a |")]

    run(main, factory)


@both_loops
def test_a_client_that_has_gone_is_given_no_answers_and_no_words(factory: Any) -> None:
    async def main() -> None:
        async with serving(whole) as running:
            client = await running.connect(limit=1024)
            client.writer.write(GET * 300)
            await until(lambda: running.server._connections)
            client.writer.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
            client.writer.transport.abort()
            await until(lambda: not running.server._connections)

    run(main, factory)


@both_loops
def test_the_time_to_close_begins_with_the_refusal(factory: Any) -> None:
    async def main() -> None:
        async with serving(echo) as running:
            client = await running.connect()
            await client.send(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
            await until(lambda: running.server._connections)
            [protocol] = running.server._connections
            await until(lambda: protocol.exchange)
            protocol.check_time(100)
            await client.send(b"nothing\r\n")
            assert (await client.head()).startswith(b"HTTP/1.1 400 ")
            for tick in (150, 150 + LINGER_TIMEOUT):
                protocol.check_time(tick)
                assert protocol.transport is not None
                assert not protocol.transport.is_closing()
            protocol.check_time(151 + LINGER_TIMEOUT)
            await until(lambda: not running.server._connections)

    run(main, factory)


@both_loops
@pytest.mark.parametrize("way", ["close", "reset", "refusal"])
def test_a_program_that_fails_when_it_hears_of_the_end_is_logged_and_harms_nobody(
    way: str, factory: Any, logs: LogWatch
) -> None:
    class Failing(web.RequestHandler):
        async def get(self) -> None:
            self.future = asyncio.get_running_loop().create_future()
            await self.future

        def on_connection_close(self) -> None:
            self.future.set_result(None)
            raise RuntimeError("no")

    @web.stream_request_body
    class Streamed(web.RequestHandler):
        def data_received(self, chunk: bytes) -> None:
            pass

        def on_connection_close(self) -> None:
            raise RuntimeError("no")

    async def main() -> None:
        application = web.Application([("/a", Failing), ("/s", Streamed)])
        async with serving(application) as running:
            client = await running.connect()
            if way == "refusal":
                await client.send(
                    b"POST /s HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nno\r\n"
                )
                assert (await client.rest()).startswith(b"HTTP/1.1 400 ")
                client.close()
            else:
                await client.send(GET)
                await until(lambda: running.server._connections)
                [protocol] = running.server._connections
                await until(lambda: protocol.exchange)
                if way == "reset":
                    client.writer.get_extra_info("socket").setsockopt(
                        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                    )
                client.writer.transport.abort()
                if way == "close":
                    await until(lambda: protocol._half_closed)
                    protocol.abort()
            await until(lambda: not running.server._connections)

    with logs.expect("whirlwind.application", "Uncaught exception"):
        run(main, factory)


@both_loops
def test_all_who_wait_for_the_end_of_all_connections_hear_of_it(factory: Any) -> None:
    async def main() -> None:
        async with serving(lambda request: None) as running:
            client = await running.connect()
            await client.send(GET)
            await until(lambda: running.server._connections)
            [protocol] = running.server._connections
            await until(lambda: protocol.exchange)
            closing = running.server.close_all_connections
            first, second, third = (asyncio.ensure_future(closing(60)) for _ in "123")
            await asyncio.sleep(0)
            third.cancel()
            fourth = asyncio.ensure_future(closing(0))
            assert await fourth == 1
            assert list(await asyncio.gather(first, second)) == [0, 0]

    run(main, factory)


@both_loops
def test_a_handshake_that_ends_after_the_server_has_opens_no_connection(factory: Any) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with serving(echo, ssl_options=TLS) as running:
            silent = socket.socket()
            silent.setblocking(False)
            await loop.sock_connect(silent, ("127.0.0.1", running.port))
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            client = trusting().wrap_bio(incoming, outgoing, server_hostname="h")
            with pytest.raises(ssl.SSLWantReadError):
                client.do_handshake()
            await loop.sock_sendall(silent, outgoing.read())
            incoming.write(await loop.sock_recv(silent, 65536))
            running.server.stop()
            await running.server.close_all_connections()
            with contextlib.suppress(ssl.SSLWantReadError):
                client.do_handshake()
            await loop.sock_sendall(silent, outgoing.read())
            with contextlib.suppress(ConnectionResetError):
                while await loop.sock_recv(silent, 65536):
                    pass
            silent.close()
            assert not running.server._open()
            assert running.server._timer is None

    run(main, factory)


@both_loops
def test_a_websocket_that_fails_while_it_is_held_back_reads_on_to_its_end(factory: Any) -> None:
    """Else the close frame is lost: closing a socket with unread bytes resets it."""
    message = b"\x82\x81\x00\x00\x00\x00a"
    gate = asyncio.Event()
    begun: list[Slow] = []

    class Slow(WebSocketHandler):
        async def on_message(self, message: str | bytes) -> None:
            begun.append(self)
            await gate.wait()

    async def main() -> None:
        async with serving(web.Application([("/a", Slow)])) as running:
            client = await running.connect()
            await client.send(UPGRADE)
            await client.head()
            await client.send(message)
            await until(lambda: begun)
            client.writer.write(b"\x82\x01a" + b"x" * 600_000)
            [protocol] = running.server._adopted
            await until(lambda: protocol._reading_paused)  # type: ignore[attr-defined]
            gate.set()
            assert (await client.reader.readexactly(4))[::3] == b"\x88\xea"  # 1002
            await client.rest()
            client.close()
            await until(lambda: not running.server._adopted)

    run(main, factory)


def test_a_client_that_does_not_go_on_with_its_handshake_is_closed_in_time() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with serving(echo, ssl_options=TLS) as running:
            client = await running.connect()
            await client.send(b"\x16\x03\x01\x02")
            assert await client.rest() == b""
            assert 50 < loop.time() < 70
            assert not running.server._open()

    run_on_own_clock(main(), VirtualTimeLoop)


@both_loops
def test_after_a_detach_with_requests_ahead_the_stream_has_them_and_nothing_stays(
    factory: Any,
) -> None:
    streams: list[IOStream] = []

    class Taken(web.RequestHandler):
        async def get(self) -> None:
            await asyncio.sleep(0)
            streams.append(self.detach())

    async def main() -> None:
        async with serving(web.Application([("/a", Taken)])) as running:
            client = await running.connect()
            await client.send(GET * 3)
            await until(lambda: streams)
            assert await streams[0].read_bytes(2 * len(GET)) == GET * 2
            assert not running.server._open()
            assert running.server._timer is None
            streams[0].close()
            assert await client.rest() == b""

    run(main, factory)


# --- nothing stays behind ---

CUTS: dict[str, bytes] = {
    "nothing": b"",
    "a part of a head": GET[:20],
    "a request": GET,
    "a part of a body": b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nx",
    "a part of a chunk": (
        b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"
    ),
    "a part of the trailers": (
        b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b"
    ),
    "an expectation": (
        b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n"
    ),
    "requests ahead": GET * 5 + GET[:9],
    "no HTTP": b"no HTTP\r\n\r\n",
    "an error between requests": GET + b"GET /a HTTP/1.1\r\nno field\r\n\r\n" + GET,
    "a WebSocket": UPGRADE,
    "a part of a frame": UPGRADE + b"\x82\xff",
    "a part of a TLS handshake": b"\x16\x03\x01\x02",
}


class Quiet(WebSocketHandler):
    pass


def mixed(request: HTTPServerRequest) -> None:
    connection = request.connection
    if request.method == "POST":
        echo(request)
    else:
        connection.set_close_callback(connection.finish)  # a poll


def left_behind() -> dict[str, int]:
    gc.collect()
    kinds = (ServerProtocol, Exchange, asyncio.Future, asyncio.Task, asyncio.TimerHandle)
    found = {kind.__name__: 0 for kind in kinds}
    for one in gc.get_objects():
        for kind in kinds:
            # A timer that was cancelled stays in asyncio's heap until it would have been due.
            if type(one) is kind and not (isinstance(one, asyncio.TimerHandle) and one.cancelled()):
                found[kind.__name__] += 1
    found["descriptors"] = len(os.listdir("/proc/self/fd"))
    return found


@both_loops
@pytest.mark.parametrize("leaving", ["close", "reset", "half-close", "server"])
def test_whenever_clients_leave_nothing_of_them_stays(leaving: str, factory: Any) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()

        def notices(running: Serving) -> bool:
            for connection in list(running.server._connections):
                if connection.reading_paused and connection.exchange is not None:
                    # Requests sent ahead: the loop does not say that the client has gone.
                    if leaving == "reset":
                        connection.check_time(0)
                    else:
                        connection.exchange.close()
            return not (running.server._open() or running.server._adopted)

        async def one(running: Serving, wire: bytes) -> None:
            with socket.socket() as client:
                client.setblocking(False)
                await loop.sock_connect(client, ("127.0.0.1", running.port))
                if wire:
                    await loop.sock_sendall(client, wire)
                for _ in range(3):
                    await asyncio.sleep(0)
                if leaving == "half-close":
                    client.shutdown(socket.SHUT_WR)
                    await until(lambda: notices(running))
                elif leaving == "reset":
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                elif leaving == "server":
                    await until(lambda: running.server._open() or running.server._adopted)
                    await running.server.close_all_connections(0)
            await until(lambda: notices(running))

        upgrading = web.Application([("/a", Quiet)])
        async with serving(mixed) as plain, serving(upgrading) as sockets:
            for wire in CUTS.values():  # what is made once is there by now
                await one(sockets if UPGRADE in wire else plain, wire)
            before = left_behind()
            for name, wire in CUTS.items():
                for _ in range(3):
                    await one(sockets if UPGRADE in wire else plain, wire)
                for _ in range(5):
                    await asyncio.sleep(0)
                after = left_behind()
                more = {kind: after[kind] - before[kind] for kind in before}
                assert max(more.values()) <= 0, (name, more)
                assert plain.server._timer is None, name
                assert sockets.server._timer is None, name

    run(main, factory)


@both_loops
def test_a_thousand_clients_that_leave_at_once_leave_nothing(factory: Any) -> None:
    async def main() -> None:
        async with serving(mixed) as running:

            async def crowd() -> None:
                clients = []
                for number in range(1000):
                    client = socket.create_connection(("127.0.0.1", running.port))
                    client.send((GET, GET[:9], b"")[number % 3])
                    clients.append(client)
                    made = number + 1
                    await until(lambda: len(running.server._connections) == made)
                for client in clients:
                    client.close()
                await until(lambda: not running.server._connections)

            await crowd()
            before = left_behind()
            await crowd()
            await asyncio.sleep(0)
            after = left_behind()
            more = {kind: after[kind] - before[kind] for kind in before}
            assert max(more.values()) <= 0, more
            assert running.server._timer is None

    run(main, factory)
