"""All requests of one stream, one after the other."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest
from tests.conftest import LogWatch
from tests.support.raw_http import run
from tests.support.stream_http import OK, Recorder
from tests.support.streams import pair, turns, until, within

from whirlwind._http.messages import HTTPMessageDelegate, HTTPServerConnectionDelegate
from whirlwind._http.stream_connection.connection import HTTP1Connection
from whirlwind._http.stream_connection.parameters import HTTP1ConnectionParameters
from whirlwind._http.stream_connection.server_connection import HTTP1ServerConnection
from whirlwind._proto.http.headers import HTTPHeaders

REQUEST = b"GET /%d HTTP/1.1\r\nHost: h\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def answer(connection: HTTP1Connection) -> None:
    connection.write_headers(OK, HTTPHeaders({"Content-Length": "2"}), b"ok")
    connection.finish()


class Site(HTTPServerConnectionDelegate):
    """Answers requests, at once or when it is told to."""

    def __init__(self, *, at_once: bool = True) -> None:
        self.at_once = at_once
        self.waiting: list[HTTP1Connection] = []
        self.delegates: list[Recorder] = []
        self.closed: list[object] = []

    def start_request(self, server_conn: object, request_conn: Any) -> HTTPMessageDelegate:
        recorder = Recorder()
        assert request_conn.context == "somebody"
        act = answer if self.at_once else self.waiting.append
        recorder.on_finish = lambda: act(request_conn)
        self.delegates.append(recorder)
        return recorder

    def on_close(self, server_conn: object) -> None:
        self.closed.append(server_conn)


def serve(site: HTTPServerConnectionDelegate, **settings: Any) -> tuple[HTTP1ServerConnection, Any]:
    stream, peer = pair()
    connection = HTTP1ServerConnection(stream, HTTP1ConnectionParameters(**settings), "somebody")
    connection.start_serving(site)
    return connection, peer


def test_rule_3_pipelined_requests_are_answered_in_order() -> None:
    async def main() -> None:
        site = Site(at_once=False)
        connection, peer = serve(site)
        peer.write(b"".join(REQUEST % number for number in range(3)))
        for number in range(3):
            await until(lambda: site.waiting)
            await turns(3)
            assert len(site.waiting) == 1  # one request in progress, whatever has come
            assert site.delegates[-1].events == [("head", f"/{number}"), "finish"]
            answer(site.waiting.pop())
            assert await within(peer.read_bytes(len(ANSWER))) == ANSWER
        await within(connection.close())
        assert site.closed == [connection]
        peer.close()

    run(main)


def test_rule_6_many_requests_at_once_let_others_have_their_turns() -> None:
    async def main() -> None:
        site = Site()
        connection, peer = serve(site)
        peer.write(b"".join(REQUEST % number for number in range(200)))
        counted = 0
        while len(site.delegates) < 201:
            await asyncio.sleep(0)
            counted += 1
        assert counted > 10
        assert await within(peer.read_bytes(200 * len(ANSWER))) == 200 * ANSWER
        peer.close()
        await within(connection.done)

    run(main)


def test_a_client_that_goes_ends_the_connection() -> None:
    async def main() -> None:
        for wire in (
            b"",
            b"GET / HT",
            b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nab",
        ):
            site = Site()
            connection, peer = serve(site)
            peer.write(wire)
            peer.close()
            await within(connection.done)
            assert site.closed == [connection]
            assert connection.stream.closed()
            told = "closed" in site.delegates[-1].events
            assert told == wire.startswith(b"POST")

    run(main)


def test_an_answer_that_says_close_is_the_last() -> None:
    async def main() -> None:
        site = Site()
        connection, peer = serve(site)
        peer.write(b"GET / HTTP/1.0\r\n\r\n" + REQUEST % 1)
        assert await within(peer.read_until_close()) == ANSWER
        await within(connection.done)
        # The request after it was read ahead, and is nobody's.
        assert [recorder.events for recorder in site.delegates] == [[("head", "/"), "finish"]]

    run(main)


def test_a_delegate_that_cannot_be_made_is_logged_and_ends_the_connection(logs: LogWatch) -> None:
    class Broken(Site):
        def start_request(self, server_conn: object, request_conn: Any) -> HTTPMessageDelegate:
            raise ZeroDivisionError

    async def main() -> None:
        site = Broken()
        connection, peer = serve(site)
        await within(connection.done)
        assert connection.stream.closed()
        assert site.closed == [connection]
        peer.close()

    with logs.expect("whirlwind.general", "Uncaught exception"):
        run(main)


def test_closing_waits_until_the_request_in_progress_has_heard_of_it() -> None:
    async def main() -> None:
        site = Site()
        connection, peer = serve(site)
        peer.write(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nab")
        await until(lambda: site.delegates[0].body)
        await within(connection.close())
        assert site.delegates[0].events[-1] == "closed"
        await within(connection.close())
        peer.close()

    run(main)


def test_a_connection_is_served_once() -> None:
    async def main() -> None:
        connection, peer = serve(Site())
        with pytest.raises(RuntimeError, match="called before"):
            connection.start_serving(Site())
        await within(connection.close())
        peer.close()

    run(main)


def test_a_detached_stream_stays_open() -> None:
    class Tunnel(Site):
        def start_request(self, server_conn: object, request_conn: Any) -> HTTPMessageDelegate:
            recorder = Recorder()
            recorder.on_head = lambda: taken.append(request_conn.detach())
            return recorder

    taken: list[Any] = []

    async def main() -> None:
        site = Tunnel()
        connection, peer = serve(site)
        peer.write(REQUEST % 1 + b"the rest")
        await within(connection.done)
        assert site.closed == [connection]
        assert await within(taken[0].read_bytes(8)) == b"the rest"
        connection.stop_after_answer()
        taken[0].close()
        peer.close()

    run(main)


def test_a_server_that_stops_lets_the_answer_in_progress_finish() -> None:
    async def main() -> None:
        site = Site(at_once=False)
        busy, peer = serve(site)
        peer.write(REQUEST % 1)
        await until(lambda: site.waiting)
        idle, other = serve(Site())
        for connection in (busy, idle):
            connection.stop_after_answer()
        assert idle.stream.closed()
        assert not busy.stream.closed()
        answer(site.waiting.pop())
        await within(busy.done)
        assert await within(peer.read_until_close()) == ANSWER.replace(
            b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"
        )
        await within(idle.done)
        other.close()

    run(main)


def test_cutting_off_says_whether_an_answer_is_lost() -> None:
    async def main() -> None:
        site = Site(at_once=False)
        busy, peer = serve(site)
        peer.write(REQUEST % 1)
        await until(lambda: site.waiting)
        idle, other = serve(Site())
        assert busy.cut_off()
        assert not idle.cut_off()
        await within(asyncio.wait([busy.done, idle.done]))
        peer.close()
        other.close()

    run(main)


def test_a_normal_request_leaves_no_reference_cycle() -> None:
    class Plain(HTTPServerConnectionDelegate):
        def start_request(self, server_conn: object, request_conn: Any) -> HTTPMessageDelegate:
            return OnceOnly(request_conn)

    class OnceOnly(HTTPMessageDelegate):
        def __init__(self, connection: HTTP1Connection) -> None:
            self.connection: HTTP1Connection | None = connection

        def finish(self) -> None:
            assert self.connection is not None
            answer(self.connection)
            self.connection = None

    async def main() -> None:
        stream, peer = pair()
        connection = HTTP1ServerConnection(stream)
        connection.start_serving(Plain())
        peer.write(REQUEST % 1)
        await within(peer.read_bytes(len(ANSWER)))
        gc.collect()
        gc.disable()
        gc.set_debug(gc.DEBUG_SAVEALL)
        try:
            for number in range(5):
                peer.write(REQUEST % number)
                await within(peer.read_bytes(len(ANSWER)))
            gc.collect()
            found = [thing for thing in gc.garbage if type(thing).__module__.startswith("whirl")]
            assert found == []
        finally:
            gc.set_debug(0)
            gc.garbage.clear()
            gc.enable()
        await within(connection.close())
        peer.close()

    run(main)
