"""Handlers for WebSockets, over real sockets."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import ssl
import weakref
from typing import Any
from unittest import mock

import pytest
import uvloop
from tests.conftest import LogWatch
from tests.support.raw_http import run
from tests.support.websockets import (
    ACCEPT,
    Recorder,
    frame,
    handshake,
    open_raw,
    serving_websocket,
)

from whirlwind import gen, httputil
from whirlwind._http.server.exchange import Exchange
from whirlwind._proto.websocket.deflate import MessageCompressor
from whirlwind._proto.websocket.events import Closed, Ping, Pong
from whirlwind.web import Application, RequestHandler
from whirlwind.websocket import WebSocketClosedError, WebSocketHandler

FACTORIES = [asyncio.SelectorEventLoop, uvloop.new_event_loop]


class Echo(WebSocketHandler):
    def on_message(self, message: str | bytes) -> None:
        self.write_message(message, binary=isinstance(message, bytes))


@pytest.mark.parametrize("factory", FACTORIES)
def test_a_websocket_from_its_opening_to_its_close(factory: Any) -> None:
    async def main() -> None:
        told: asyncio.Queue[Any] = asyncio.Queue()
        async with serving_websocket(Recorder, arguments={"told": told}) as running:
            peer = await open_raw(running, "/room")
            assert peer.head.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
            assert f"Sec-Websocket-Accept: {ACCEPT}\r\n".encode() in peer.head
            assert b"Content-" not in peer.head
            await peer.send(frame(0x81, "Grüße".encode()), frame(0x82, b"\xff"), frame(0x89, b"?"))
            assert [await peer.next() for _ in range(3)] == ["Grüße", b"\xff", Pong(b"?")]
            await peer.send(frame(0x8A, b"!"), frame(0x88, b"\x03\xe8bye"))
            assert await peer.next() == Closed(1000, None)
            assert await peer.next() is None
            assert [told.get_nowait() for _ in range(told.qsize())] == [
                ("open", "room"),
                ("message", "Grüße"),
                ("message", b"\xff"),
                ("ping", b"?"),
                ("pong", b"!"),
                ("close", 1000, "bye"),
            ]

    run(main, factory)


@pytest.mark.parametrize("factory", FACTORIES)
def test_frames_that_come_with_the_handshake_are_read(factory: Any) -> None:
    async def main() -> None:
        async with serving_websocket(Echo) as running:
            client = await running.connect()
            await client.send(handshake() + frame(0x81, b"early") + frame(0x88))
            assert (await client.rest()).endswith(b"\x81\x05early\x88\x00")

    run(main, factory)


def test_security_after_the_upgrade_no_byte_is_read_as_http() -> None:
    """Rule 2: leftover bytes go to the new protocol only."""

    async def main() -> None:
        async with serving_websocket(Echo) as running:
            client = await running.connect()
            await client.send(handshake() + handshake())
            rest = await client.rest()
            assert rest.count(b"HTTP/1.1") == 1
            assert b"\x88" in rest  # a close frame: GET is no masked frame

    run(main)


@pytest.mark.parametrize(
    ("fields", "status", "text"),
    [
        ({"Upgrade": None}, 400, b'Can "Upgrade" only to "WebSocket".'),
        ({"Upgrade": "h2c"}, 400, b'Can "Upgrade" only to "WebSocket".'),
        ({"Connection": "keep-alive"}, 400, b'"Connection" must be "Upgrade".'),
        ({"Origin": "http://evil.example"}, 403, b"Cross origin websockets not allowed"),
        ({"Origin": "null"}, 403, b"Cross origin websockets not allowed"),
        ({"Sec-WebSocket-Version": "8"}, 426, b""),
        ({"Sec-WebSocket-Version": None}, 426, b""),
        ({"Sec-WebSocket-Key": None}, 400, b"Missing/Invalid WebSocket headers"),
        ({"Sec-WebSocket-Key": "abc"}, 400, b"Missing/Invalid WebSocket headers"),
        ({"Sec-WebSocket-Extensions": "a;"}, 400, b"Missing/Invalid WebSocket headers"),
        ({"Content-Length": "0"}, 101, None),
        ({"Origin": "http://TEST"}, 101, None),
        ({"Origin": "http://good.example"}, 101, None),
        ({"Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"}, 101, None),
        ({"Origin": "http://test", "Sec-Fetch-Site": "same-site"}, 403, None),
    ],
    ids=str,
)
def test_security_who_may_open_a_websocket(
    fields: dict[str, Any], status: int, text: bytes | None
) -> None:
    """Rule 14: origin default-deny."""

    async def main() -> None:
        settings = {"trusted_origins": ["http://good.example"]}
        async with serving_websocket(Echo, settings=settings) as running:
            client = await running.connect()
            await client.send(handshake(**fields))
            if status == 101:
                assert (await client.head()).startswith(b"HTTP/1.1 101 ")
                return
            found, body = await client.answer()
            assert found == status
            assert text is None or body == text
            # It is an answer like any other: the connection goes on.
            await client.send(handshake())
            assert (await client.head()).startswith(b"HTTP/1.1 101 ")

    run(main)


def test_security_an_upgrade_with_a_body_is_refused() -> None:
    """Rule 2: no byte is read by HTTP and WebSocket both."""

    async def main() -> None:
        async with serving_websocket(Echo) as running:
            client = await running.connect()
            await client.send(handshake(Content_Length="5") + b"\x81\x80abc")
            assert (await client.answer())[0] == 400

    run(main)


def test_check_origin_is_the_programs_to_override() -> None:
    asked = []

    class Open(Echo):
        def check_origin(self, origin: str) -> bool:
            asked.append(origin)
            return True

    async def main() -> None:
        async with serving_websocket(Open) as running:
            for origin in ("http://evil.example", "http://test"):
                peer = await open_raw(running, Origin=origin)
                assert peer.head.startswith(b"HTTP/1.1 101 ")
            assert asked == ["http://evil.example"]

    run(main)


def test_messages_wait_for_the_one_before() -> None:
    """``async def``, and while it waits the peer is held back."""
    proceed: list[asyncio.Future[None]] = []
    seen: list[Any] = []

    class Slow(WebSocketHandler):
        async def on_message(self, message: str | bytes) -> None:
            seen.append(message)
            assert asyncio.current_task() is not None
            future = asyncio.get_running_loop().create_future()
            proceed.append(future)
            await future
            self.write_message(f"done {message!r}")

    async def main() -> None:
        async with serving_websocket(Slow) as running:
            peer = await open_raw(running)
            await peer.send(frame(0x81, b"1"), frame(0x81, b"2"), frame(0x89, b"p"), frame(0x88))
            for number in ("1", "2"):
                while len(seen) < int(number):
                    await asyncio.sleep(0)
                for _ in range(20):
                    await asyncio.sleep(0)
                assert seen[-1] == number
                proceed[-1].set_result(None)
                assert await peer.next() == f"done {number!r}"
            # The close frame was read long ago, and is answered when its turn has come.
            assert await peer.next() == Pong(b"p")
            assert await peer.next() == Closed(None, None)

    run(main)


@pytest.mark.parametrize("factory", FACTORIES)
def test_security_a_peer_that_is_not_listened_to_is_held_back(factory: Any) -> None:
    """Rule 5: what waits for a slow handler is bounded by what one read brought."""
    blocked: list[Slow] = []

    class Slow(WebSocketHandler):
        @gen.coroutine
        def on_message(self, message: str | bytes) -> Any:
            blocked.append(self)
            self.proceed = asyncio.get_running_loop().create_future()
            yield self.proceed

    async def main() -> None:
        async with serving_websocket(Slow) as running:
            peer = await open_raw(running)
            wire = frame(0x82, bytes(60_000))
            count = 400  # 24 MB: more than the kernel's buffers hold
            sending = asyncio.ensure_future(peer.send(*[wire] * count))
            while not blocked:
                await asyncio.sleep(0)
            connection: Any = blocked[0].ws_connection
            while not connection._reading_paused:
                await asyncio.sleep(0)
            assert sum(map(len, connection._ahead)) < 2**20
            assert not sending.done()
            for number in range(1, count + 1):
                while len(blocked) < number:
                    await asyncio.sleep(0)
                blocked[-1].proceed.set_result(None)
            await sending

    run(main, factory)


def test_security_pings_of_a_peer_that_does_not_read_take_no_memory() -> None:
    """Rule 5: pongs have a limit; RFC 6455, section 5.5.3."""
    handlers: list[Any] = []
    pings = asyncio.Event()

    class Quiet(WebSocketHandler):
        def open(self, path: str) -> None:
            handlers.append(self)

        def on_ping(self, data: bytes) -> None:
            if data == b"4999":
                pings.set()

    async def main() -> None:
        async with serving_websocket(Quiet) as running:
            peer = await open_raw(running)
            filled = handlers[0].write_message(bytes(20_000_000), binary=True)
            assert not filled.done()
            await peer.send(*[frame(0x89, b"%d" % number) for number in range(5000)])
            await pings.wait()
            assert await peer.next() == bytes(20_000_000)
            assert await peer.next() == Pong(b"0")
            assert await peer.next() == Pong(b"4999")

    run(main)


@pytest.mark.parametrize("how", ["plain", "generator", "native"])
def test_open_may_wait_and_no_message_comes_before_it_is_done(how: str) -> None:
    class Opening(Echo):
        opened = False

        def open(self, path: str) -> Any:
            return {"plain": self._plain, "generator": self._generator, "native": self._native}[
                how
            ]()

        def _plain(self) -> None:
            self.opened = True

        @gen.coroutine
        def _generator(self) -> Any:
            yield gen.moment
            yield self.write_message("from open")
            self.opened = True

        async def _native(self) -> None:
            await asyncio.sleep(0)
            await self.write_message("from open")
            self.opened = True

        def on_message(self, message: str | bytes) -> None:
            assert self.opened
            super().on_message(message)

    async def main() -> None:
        async with serving_websocket(Opening) as running:
            client = await running.connect()
            await client.send(handshake() + frame(0x81, b"x") + frame(0x88))
            wire = await client.rest()
            assert wire.endswith(b"\x81\x01x\x88\x00")
            assert (b"from open" in wire) is (how != "plain")

    run(main)


@pytest.mark.parametrize("where", ["open", "on_message", "coroutine", "cancelled", "nonsense"])
def test_an_error_of_the_program_is_logged_and_ends_the_connection(
    where: str, logs: LogWatch
) -> None:
    class Broken(WebSocketHandler):
        def open(self, path: str) -> None:
            if where == "open":
                raise RuntimeError("broken")

        def on_message(self, message: str | bytes) -> Any:
            if where == "coroutine":
                return self._later()
            if where == "cancelled":
                raise asyncio.CancelledError
            if where == "nonsense":
                return 5
            raise RuntimeError("broken")

        async def _later(self) -> None:
            await asyncio.sleep(0)
            raise RuntimeError("broken")

        def on_close(self) -> None:
            closed.append(self.close_code)

    closed: list[int | None] = []

    async def main() -> None:
        async with serving_websocket(Broken) as running:
            peer = await open_raw(running)
            await peer.send(frame(0x81, b"x"), frame(0x81, b"y"))
            assert await peer.next() is None

    with logs.expect("whirlwind.application", "Uncaught exception GET /"):
        run(main)
    assert closed == [None]


@pytest.mark.parametrize(
    ("wire", "code", "reason"),
    [
        (frame(0x81, b"\xff"), 1007, "text is not UTF-8: b'\\xff'"),
        (frame(0x82, bytes(101)), 1009, "message too big"),
        (b"\x81\x01x", 1002, "frame is not masked"),
        (frame(0x88, b"\x03\xed"), 1002, "close frame with code 1005"),
    ],
)
def test_security_a_peer_that_breaks_the_rules_is_told_so(
    wire: bytes, code: int, reason: str
) -> None:
    """Rule 14, on the wire: a close frame says what was wrong, also to a peer that sends on."""

    async def main() -> None:
        told: asyncio.Queue[Any] = asyncio.Queue()
        async with serving_websocket(
            Recorder, arguments={"told": told}, settings={"websocket_max_message_size": 100}
        ) as running:
            peer = await open_raw(running)
            await peer.send(wire, *[frame(0x82, bytes(50))] * 500)
            assert await peer.next() == Closed(code, reason)
            assert await peer.next() is None
            assert await told.get() == ("open", "")
            assert await told.get() == ("close", None, None)
            assert told.empty()

    run(main)


def test_closing_with_code_and_reason_waits_for_the_answer() -> None:
    class Closing(WebSocketHandler):
        def on_message(self, message: str | bytes) -> None:
            if self.ws_connection is None:
                seen.append(message)
                return
            for code in (1005, 1006, 999):
                with pytest.raises(ValueError, match="may not be sent"):
                    self.close(code)
            self.close(3001, "enough")
            self.close(3002)
            with pytest.raises(WebSocketClosedError):
                self.write_message("too late")
            with pytest.raises(WebSocketClosedError):
                self.ping()

        def on_close(self) -> None:
            closed.append((self.close_code, self.close_reason))

    seen: list[Any] = []
    closed: list[Any] = []

    async def main() -> None:
        async with serving_websocket(Closing) as running:
            peer = await open_raw(running)
            await peer.send(frame(0x81, b"x"))
            assert await peer.next() == Closed(3001, "enough")
            assert closed == []
            await peer.send(frame(0x81, b"still"), frame(0x88, b"\x0b\xb9ok"))
            assert (await peer.client.rest()) == b""
            assert seen == ["still"]
            assert closed == [(3001, "ok")]

    run(main)


def test_a_peer_that_does_not_answer_the_close_frame_is_cut_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("whirlwind._http.websocket.sender.WEBSOCKET_CLOSE_TIMEOUT", 0.01)

    class Closing(WebSocketHandler):
        def open(self, path: str) -> None:
            self.close()

    async def main() -> None:
        async with serving_websocket(Closing) as running:
            peer = await open_raw(running)
            assert await peer.next() == Closed(None, None)
            assert await peer.next() is None

    run(main)


def test_a_server_that_stops_says_that_it_goes_away() -> None:
    async def main() -> None:
        told: asyncio.Queue[Any] = asyncio.Queue()
        async with serving_websocket(Recorder, arguments={"told": told}) as running:
            peers = [await open_raw(running) for _ in range(3)]
            running.server.stop()
            stopping = asyncio.ensure_future(running.server.close_all_connections())
            for peer in peers:
                assert await peer.next() == Closed(1001, None)
                assert not stopping.done()
                await peer.send(frame(0x88, b"\x03\xe9"))
                assert await peer.next() is None
            assert await stopping == 0

    run(main)


def test_a_server_that_stops_at_once_waits_for_nobody() -> None:
    async def main() -> None:
        async with serving_websocket(Echo) as running:
            peer = await open_raw(running)
            await running.server.close_all_connections(timeout=0)
            assert await peer.next() == Closed(1001, None)
            assert await peer.next() is None

    run(main)


def test_what_belongs_to_http_is_refused_once_the_websocket_is_open() -> None:
    refused = []

    class Confused(WebSocketHandler):
        def on_message(self, message: str | bytes) -> None:
            for name in ("write", "redirect", "set_header", "set_cookie", "set_status", "flush"):
                with pytest.raises(RuntimeError, match="not supported"):
                    getattr(self, name)("x")
                refused.append(name)
            with pytest.raises(RuntimeError, match="not supported"):
                self.finish()
            self.write_message("ok")

    async def main() -> None:
        async with serving_websocket(Confused) as running:
            peer = await open_raw(running)
            await peer.send(frame(0x81, b"x"))
            assert await peer.next() == "ok"
            assert len(refused) == 6

    run(main)


def test_get_may_be_overridden_to_answer_over_http() -> None:
    order = []

    class Both(Echo):
        async def get(self, path: str) -> None:
            if self.request.headers.get("Upgrade", "").lower() != "websocket":
                self.set_header("X-Plain", "yes")
                self.write("plain")
                await self.flush()
                return
            order.append("before")
            await super().get(path)
            order.append("after")

        def on_finish(self) -> None:
            order.append("finish")

        def on_close(self) -> None:
            order.append("close")

    async def main() -> None:
        async with serving_websocket(Both) as running:
            client = await running.connect()
            await client.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            assert b"X-Plain: yes" in await client.rest()
            peer = await open_raw(running)
            await peer.send(frame(0x81, b"x"), frame(0x88))
            assert [await peer.next() for _ in range(3)] == ["x", Closed(None, None), None]
            assert order == ["finish", "before", "finish", "close", "after"]

    run(main)


def test_cookies_and_fields_go_out_with_the_handshake() -> None:
    class Greeting(Echo):
        def prepare(self) -> None:
            self.set_header("X-Greeting", "hello")
            self.set_cookie("seen", "1")

        def select_subprotocol(self, subprotocols: list[str]) -> str | None:
            assert subprotocols == ["one", "two"]
            return "two"

        def open(self, path: str) -> None:
            assert self.selected_subprotocol == "two"
            self.set_nodelay(False)
            assert self.stream.fileno() > 0
            assert not self.stream.closed()

    async def main() -> None:
        async with serving_websocket(Greeting) as running:
            peer = await open_raw(running, Sec_WebSocket_Protocol="one, two")
            assert b"X-Greeting: hello\r\n" in peer.head
            assert b"Set-Cookie: seen=1; Path=/\r\n" in peer.head
            assert b"Sec-Websocket-Protocol: two\r\n" in peer.head
            await peer.send(frame(0x81, b"x"))
            assert await peer.next() == "x"

    run(main)


def test_a_subprotocol_without_a_name_is_none() -> None:
    class Nameless(Echo):
        def select_subprotocol(self, subprotocols: list[str]) -> str | None:
            return ""

    async def main() -> None:
        async with serving_websocket(Nameless) as running:
            peer = await open_raw(running, Sec_WebSocket_Protocol="one")
            assert b"Sec-Websocket-Protocol" not in peer.head

    run(main)


@pytest.mark.parametrize("how", ["body", "subprotocol"])
def test_what_a_program_does_wrong_before_the_opening_is_an_error_500(
    how: str, logs: LogWatch
) -> None:
    class Wrong(Echo):
        def prepare(self) -> None:
            if how == "body":
                self.write("not for a WebSocket")

        def select_subprotocol(self, subprotocols: list[str]) -> str | None:
            if how == "subprotocol":
                raise RuntimeError("wrong")  # which closed connections are told by as well
            return None

    async def main() -> None:
        async with serving_websocket(Wrong) as running:
            client = await running.connect()
            await client.send(handshake())
            assert (await client.answer())[0] == 500

    with logs.expect("whirlwind.application", "Uncaught exception"):
        run(main)


def test_messages_are_compressed_where_both_sides_want_it() -> None:
    class Compressing(Echo):
        def get_compression_options(self) -> dict[str, Any]:
            return {"compression_level": 9}

    async def main() -> None:
        async with serving_websocket(Compressing) as running:
            offered = "permessage-deflate; client_max_window_bits"
            peer = await open_raw(running, Sec_WebSocket_Extensions=offered)
            assert b"Sec-Websocket-Extensions: permessage-deflate\r\n" in peer.head
            text = b"spam " * 1000
            compressed = MessageCompressor(False, None).compress(text)
            await peer.send(frame(0xC1, compressed))
            head = await peer.client.reader.readexactly(2)
            assert head[0] == 0xC1
            assert head[1] < 60

    run(main)
    # Nobody is given what he did not ask for.

    async def plain() -> None:
        async with serving_websocket(Echo) as running:
            peer = await open_raw(running, Sec_WebSocket_Extensions="permessage-deflate")
            assert b"Extensions" not in peer.head

    run(plain)


def test_dictionaries_are_sent_as_json() -> None:
    class Json(WebSocketHandler):
        def on_message(self, message: str | bytes) -> None:
            self.write_message({"got": message})
            with pytest.raises(TypeError):
                self.write_message(["a list"])  # type: ignore[arg-type]

    async def main() -> None:
        async with serving_websocket(Json) as running:
            peer = await open_raw(running)
            await peer.send(frame(0x81, b"x"))
            assert await peer.next() == '{"got": "x"}'

    run(main)


def test_a_peer_that_sends_no_pongs_is_closed() -> None:
    async def main() -> None:
        settings = {"websocket_ping_interval": 0.01}
        async with serving_websocket(Echo, settings=settings) as running:
            peer = await open_raw(running)
            assert await peer.next() == Ping(b"")
            assert await peer.next() == Closed(1000, "ping timed out")

    run(main)


@pytest.mark.parametrize("waiting", [False, True])
def test_a_peer_that_vanishes_is_noticed(waiting: bool) -> None:
    closed = asyncio.Event()

    class Waiting(WebSocketHandler):
        async def on_message(self, message: str | bytes) -> None:
            if waiting:
                await closed.wait()

        def on_close(self) -> None:
            closed.set()

    async def main() -> None:
        async with serving_websocket(Waiting) as running:
            peer = await open_raw(running)
            await peer.send(frame(0x81, b"x"))
            peer.client.writer.transport.abort()
            await closed.wait()

    run(main)


def test_messages_that_came_before_the_end_are_delivered() -> None:
    seen = []
    closed = asyncio.Event()

    class Counting(WebSocketHandler):
        def on_message(self, message: str | bytes) -> None:
            seen.append(message)

        def on_close(self) -> None:
            closed.set()

    async def main() -> None:
        async with serving_websocket(Counting) as running:
            peer = await open_raw(running)
            await peer.send(frame(0x81, b"x") * 2000)
            peer.client.close()
            await closed.wait()
            assert len(seen) == 2000

    run(main)


def test_writing_tells_when_there_is_room_and_fails_when_there_is_nobody() -> None:
    futures: list[Any] = []
    closed = asyncio.Event()

    class Pouring(WebSocketHandler):
        def open(self, path: str) -> None:
            futures.append(self.write_message("small"))
            futures.append(self.write_message(bytes(20_000_000), binary=True))
            futures.append(self.write_message(b"behind"))

        def on_close(self) -> None:
            closed.set()

    async def main() -> None:
        async with serving_websocket(Pouring) as running:
            peer = await open_raw(running)
            assert [future.done() for future in futures] == [True, False, False]
            assert await peer.next() == "small"
            assert await peer.next() == bytes(20_000_000)
            await asyncio.gather(*futures)
            futures.clear()
            peer = await open_raw(running)
            peer.client.writer.transport.abort()
            await closed.wait()
            for future in futures[1:]:
                with pytest.raises(WebSocketClosedError):
                    await future

    run(main)


_variable: contextvars.ContextVar[str] = contextvars.ContextVar("_variable", default="unset")


def test_program_code_runs_in_one_context() -> None:
    class Remembering(WebSocketHandler):
        def prepare(self) -> None:
            _variable.set("prepare")

        def open(self, path: str) -> None:
            seen.append(_variable.get())
            _variable.set("open")

        async def on_message(self, message: str | bytes) -> None:
            seen.append(_variable.get())
            _variable.set(str(message))

        def on_close(self) -> None:
            seen.append(_variable.get())

    seen: list[str] = []

    async def main() -> None:
        async with serving_websocket(Remembering) as running:
            peer = await open_raw(running)
            await peer.send(frame(0x81, b"one"), frame(0x81, b"two"), frame(0x88))
            assert await peer.next() == Closed(None, None)
            assert await peer.next() is None
        assert seen == ["prepare", "open", "one", "two"]

    run(main)


@pytest.mark.parametrize("opening", ["open", "async open", "coroutine get"])
def test_what_prepare_set_is_reset_when_the_websocket_closes(opening: str) -> None:
    # A token is good in the very context in which it was made; agents keep their spans so.
    class Spanning(WebSocketHandler):
        def prepare(self) -> None:
            self.token = _variable.set("span")

        def on_message(self, message: str | bytes) -> Any:
            seen.append(_variable.get())
            return self.write_message(message)

        def on_close(self) -> None:
            _variable.reset(self.token)
            seen.append(_variable.get())

    class Waiting(Spanning):
        async def open(self, path: str) -> None:
            await asyncio.sleep(0)
            seen.append(_variable.get())

    class Old(Spanning):
        @gen.coroutine
        def get(self, *args: Any, **kwargs: Any) -> Any:  # type: ignore[override]
            yield super().get(*args, **kwargs)

    seen: list[str] = []
    kind = {"open": Spanning, "async open": Waiting, "coroutine get": Old}[opening]

    async def main() -> None:
        async with serving_websocket(kind) as running:
            peer = await open_raw(running)
            await peer.send(frame(0x81, b"x"), frame(0x88))
            assert [await peer.next() for _ in range(3)] == ["x", Closed(None, None), None]
        assert seen == ["span"] * (2 if opening == "async open" else 1) + ["unset"]

    run(main)


def test_an_execute_that_is_a_coroutine_of_the_old_kind_serves() -> None:
    class Old(Echo):
        @gen.coroutine
        def _execute(self, transforms: Any, *args: Any, **kwargs: Any) -> Any:  # type: ignore[override]
            yield gen.moment
            yield super()._execute(transforms, *args, **kwargs)

    async def main() -> None:
        async with serving_websocket(Old) as running:
            peer = await open_raw(running)
            await peer.send(frame(0x81, b"x"), frame(0x88))
            assert [await peer.next() for _ in range(3)] == ["x", Closed(None, None), None]

    run(main)


def test_a_websocket_that_is_closed_leaves_no_cycle() -> None:
    alive: list[weakref.ref[Any]] = []

    class Light(Echo):
        def open(self, path: str) -> None:
            alive.append(weakref.ref(self))

    async def main() -> None:
        async with serving_websocket(Light) as running:
            peer = await open_raw(running)
            await peer.send(frame(0x81, b"x"), frame(0x88))
            assert [await peer.next() for _ in range(3)] == ["x", Closed(None, None), None]
            await asyncio.sleep(0)
            gc.disable()
            try:
                for _ in range(10):
                    await asyncio.sleep(0)
                assert alive[0]() is None
            finally:
                gc.enable()

    run(main)


@pytest.mark.parametrize("kind", ["plain", "generator", "finished generator", "native"])
def test_a_websocket_whose_program_fails_leaves_no_cycle(kind: str) -> None:
    alive: list[weakref.ref[Any]] = []

    def plain(self: Any, message: str) -> None:
        raise ValueError(message)

    @gen.coroutine
    def generator(self: Any, message: str) -> Any:
        yield gen.moment
        raise ValueError(message)

    @gen.coroutine
    def finished_generator(self: Any, message: str) -> Any:
        yield []
        raise ValueError(message)

    async def native(self: Any, message: str) -> None:
        await asyncio.sleep(0)
        raise ValueError(message)

    class Failing(WebSocketHandler):
        def open(self, path: str) -> None:
            alive.append(weakref.ref(self))

        def log_exception(self, *exc_info: Any) -> None:
            """The log that is watched would keep the exception."""

    methods = {
        "plain": plain,
        "generator": generator,
        "finished generator": finished_generator,
        "native": native,
    }
    Failing.on_message = methods[kind]  # type: ignore[method-assign,assignment]

    async def main() -> None:
        async with serving_websocket(Failing) as running:
            peer = await open_raw(running)
            gc.disable()
            try:
                await peer.send(frame(0x81, b"x"))
                assert await peer.next() is None
                for _ in range(10):
                    await asyncio.sleep(0)
                assert alive[0]() is None
            finally:
                gc.enable()

    run(main)


@pytest.mark.parametrize("factory", FACTORIES)
def test_a_websocket_over_tls(factory: Any, tls: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    async def main() -> None:
        async with serving_websocket(Echo, ssl_options=tls[0]) as running:
            client = await running.connect(ssl=tls[1], server_hostname="localhost")
            await client.send(handshake() + frame(0x81, b"early"))
            await client.head()
            assert await client.reader.readexactly(7) == b"\x81\x05early"
            await client.send(frame(0x81, b"\xff"))
            assert (await client.rest())[4:] == b"text is not UTF-8: b'\\xff'"

    run(main, factory)


@pytest.fixture
def tls() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    from pathlib import Path

    import whirlwind.testing

    folder = Path(whirlwind.testing.__file__).parent
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "test.crt", folder / "test.key")
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    return server, client


def test_a_handler_for_http_does_not_speak_websocket() -> None:
    assert issubclass(WebSocketHandler, RequestHandler)
    assert not hasattr(RequestHandler, "write_message")


def test_what_is_closing_is_asked_of_the_connection() -> None:
    # Programs' tests put a mock there that answers the one question.
    async def main() -> None:
        request = httputil.HTTPServerRequest("GET", "/", connection=mock.MagicMock())
        handler = WebSocketHandler(Application(), request)
        connection = handler.ws_connection = mock.MagicMock()
        connection.is_closing.return_value = False
        handler.write_message("a")
        connection.is_closing.return_value = True
        with pytest.raises(WebSocketClosedError):
            handler.write_message("b")
        assert [call.args[0] for call in connection.write_message.call_args_list] == ["a"]

    run(main)


def test_agents_hear_of_the_end_of_the_request_when_a_websocket_opens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard: list[str] = []
    stock = Exchange.finish

    def finish(self: Exchange) -> None:
        stock(self)
        heard.append("finished")

    class Said(Echo):
        def open(self, *args: str) -> None:
            heard.append("opened")

    monkeypatch.setattr(Exchange, "finish", finish)

    async def main() -> None:
        async with serving_websocket(Said) as running:
            peer = await open_raw(running, "/")
            await peer.send(frame(0x81, b"a"), frame(0x88))
            assert await peer.next() == "a"

    run(main)
    assert heard == ["finished", "opened"]
