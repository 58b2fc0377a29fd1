"""Server-Sent Events over real sockets."""

from __future__ import annotations

import asyncio
import gc
import math
import weakref
from typing import Any

import aiohttp
import pytest
from tests.conftest import LogWatch
from tests.support.loops import VirtualTimeLoop
from tests.support.raw_http import run, serving

from whirlwind import gen, web
from whirlwind.iostream import StreamClosedError

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


def serving_one(handler: type[web.RequestHandler], **settings: Any) -> Any:
    settings.setdefault("log_function", lambda handler: None)
    return serving(web.Application([("/.*", handler)], **settings))


def native(self: web.RequestHandler) -> Any:
    async def send() -> None:
        events = self.event_stream()
        await events.send("one\ntwo", id=7)
        await events.send({"price": 17}, "tick", "8", 1500)
        await events.send([1, None])
        await events.send("naïve".encode())
        await events.send(retry=10)
        await events.comment("look")

    return send()


@gen.coroutine
def generator(self: web.RequestHandler) -> Any:
    events = self.event_stream()
    yield events.send("one\ntwo", id=7)
    yield events.send({"price": 17}, "tick", "8", 1500)
    yield events.send([1, None])
    yield events.send("naïve".encode())
    yield events.send(retry=10)
    yield events.comment("look")


WIRE = (
    "id: 7\ndata: one\ndata: two\n\n"
    'event: tick\nid: 8\nretry: 1500\ndata: {"price": 17}\n\n'
    "data: [1, null]\n\ndata: naïve\n\nretry: 10\n\n: look\n\n"
)


@pytest.mark.parametrize("method", [native, generator])
def test_events_are_sent_in_both_styles(method: Any) -> None:
    class Handler(web.RequestHandler):
        get = method

    async def main() -> None:
        async with (
            serving_one(Handler, compress_response=True) as running,
            aiohttp.ClientSession() as session,  # which says that it takes gzip
            session.get(f"http://127.0.0.1:{running.port}/") as response,
        ):
            assert response.headers["Content-Type"] == "text/event-stream"
            assert response.headers["Cache-Control"] == "no-cache, no-transform"
            assert response.headers["X-Accel-Buffering"] == "no"
            for absent in ("Etag", "Content-Length", "Content-Encoding"):
                assert absent not in response.headers
            assert await response.text() == WIRE

    run(main)


def test_the_head_goes_out_before_the_first_event() -> None:
    go_on = asyncio.Event()

    class Handler(web.RequestHandler):
        async def get(self) -> None:
            events = self.event_stream()
            await go_on.wait()
            await events.send("late")

    async def main() -> None:
        async with serving_one(Handler) as running:
            client = await running.connect()
            await client.send(GET)
            assert b"text/event-stream" in await client.head()
            go_on.set()
            assert await client.reader.readuntil(b"\n\n") == b"c\r\ndata: late\n\n"

    run(main)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (b"", None),
        (b"Last-Event-ID: 41\r\n", "41"),
        (b"last-event-id: na\xc3\xafve\r\n", "naïve"),
        (b"Last-Event-ID: \xff\r\n", "\ufffd"),
    ],
)
def test_the_last_id_is_what_the_client_says(lines: bytes, expected: str | None) -> None:
    class Handler(web.RequestHandler):
        async def get(self) -> None:
            events = self.event_stream()
            assert events.last_event_id == expected
            await events.send("ok")

    async def main() -> None:
        async with serving_one(Handler) as running:
            wire = await running.exchange(GET[:-2] + lines + b"Connection: close\r\n\r\n")
            assert b"data: ok" in wire

    run(main)


@pytest.mark.parametrize("style", ["native", "generator"])
def test_a_handler_that_waits_for_something_else_is_cancelled_with_its_client(style: str) -> None:
    """Also where the stream begins after the handler has waited once."""
    ended: asyncio.Queue[Any] = asyncio.Queue()
    never = asyncio.Event()
    logged: list[int] = []

    async def native(self: web.RequestHandler) -> None:
        await asyncio.sleep(0)
        events = self.event_stream()
        await events.send("one")
        try:
            await never.wait()
        except asyncio.CancelledError:
            with pytest.raises(StreamClosedError):
                await events.send("two")
            assert events.closed
            ended.put_nowait("cancelled")
            raise

    @gen.coroutine
    def generator(self: web.RequestHandler) -> Any:
        yield asyncio.sleep(0)
        events = self.event_stream()
        yield events.send("one")
        try:
            yield never.wait()
        except asyncio.CancelledError:
            with pytest.raises(StreamClosedError):
                yield events.send("two")
            assert events.closed
            ended.put_nowait("cancelled")
            raise

    class Handler(web.RequestHandler):
        get = native if style == "native" else generator

        def on_connection_close(self) -> None:
            ended.put_nowait("closed")

        def on_finish(self) -> None:
            ended.put_nowait("finished")

    def log(handler: web.RequestHandler) -> None:
        logged.append(handler.get_status())

    async def main() -> None:
        async with serving_one(Handler, log_function=log) as running:
            client = await running.connect()
            await client.send(GET)
            await client.reader.readuntil(b"one\n\n")
            client.close()
            assert [await ended.get() for _ in range(3)] == ["closed", "cancelled", "finished"]

    run(main)
    assert logged == [200]


def test_a_slow_client_holds_the_handler_back() -> None:
    sent = 0
    ended = asyncio.Event()

    class Handler(web.RequestHandler):
        async def get(self) -> None:
            nonlocal sent
            events = self.event_stream()
            try:
                while True:
                    await events.send("x" * 100_000)
                    sent += 100_000
                    await asyncio.sleep(0)
            except StreamClosedError:
                raise AssertionError("it waits for room, and is cancelled there")
            finally:
                ended.set()

    async def main() -> None:
        async with serving_one(Handler) as running:
            client = await running.connect(limit=1000)
            await client.send(GET)
            before = -1
            while before != sent or not sent:
                before = sent
                for _ in range(2000):
                    await asyncio.sleep(0)
            assert sent < 32 * 2**20
            client.writer.transport.abort()
            await ended.wait()

    run(main)


def test_pings_come_when_nothing_else_does() -> None:
    class Handler(web.RequestHandler):
        async def get(self) -> None:
            events = self.event_stream(ping_interval=1)
            await asyncio.sleep(2.5)
            await events.send("one")  # the next ping is due at 3.5
            await asyncio.sleep(1.1)
            await events.send("two")

    async def main() -> None:
        async with serving_one(Handler) as running:
            client = await running.connect()
            await client.send(GET)
            await client.head()
            body = await client.reader.readuntil(b"0\r\n\r\n")
            events = [line for line in body.split(b"\r\n") if b"\n\n" in line]
            ping = b": ping\n\n"
            assert events == [ping, ping, b"data: one\n\n", ping, b"data: two\n\n"]

    run(main, VirtualTimeLoop)


def test_a_client_without_room_gets_no_pings() -> None:
    looked = asyncio.Event()

    class Handler(web.RequestHandler):
        async def get(self) -> None:
            events = self.event_stream(ping_interval=0.001)
            size = self.request.connection.server_connection.transport.get_write_buffer_size
            assert not events.send("x" * 30_000_000).done()
            before = size()
            events._sent -= 1
            events._ping()
            assert size() == before
            looked.set()

    async def main() -> None:
        async with serving_one(Handler) as running:
            client = await running.connect()
            await client.send(GET)
            await looked.wait()

    run(main)


def test_close_ends_the_answer_and_wakes_who_waits_for_it() -> None:
    streams: list[web.EventStream] = []
    order: list[str] = []

    class Handler(web.RequestHandler):
        async def get(self) -> None:
            events = self.event_stream(ping_interval=None)
            streams.append(events)
            await events.wait_closed()
            await events.wait_closed()
            order.append("woken")

        def on_finish(self) -> None:
            order.append("finished")

    async def main() -> None:
        async with serving_one(Handler) as running:
            client = await running.connect()
            for _ in range(2):
                await client.send(GET)
                await client.head()
                [events] = streams
                await events.send("from elsewhere")
                events.close()
                events.close()
                assert events.closed
                body = await client.reader.readuntil(b"0\r\n\r\n")
                assert b"data: from elsewhere\n\n" in body
                with pytest.raises(StreamClosedError):
                    await events.send("too late")
                streams.clear()

    run(main)
    assert order == ["finished", "woken"] * 2


def test_a_handler_may_stay_to_see_its_client_go() -> None:
    woken: asyncio.Event = asyncio.Event()

    class Handler(web.RequestHandler):
        async def get(self) -> None:
            events = self.event_stream()
            self.cancel_on_disconnect = False
            await events.wait_closed()
            woken.set()

    async def main() -> None:
        async with serving_one(Handler) as running:
            client = await running.connect()
            await client.send(GET)
            await client.head()
            client.close()
            await woken.wait()

    run(main)


def test_a_stream_that_is_kept_keeps_no_handler() -> None:
    kept: list[tuple[web.EventStream, weakref.ref[web.RequestHandler]]] = []

    class Handler(web.RequestHandler):
        async def get(self) -> None:
            events = self.event_stream()
            kept.append((events, weakref.ref(self)))
            await events.send("one")

    async def main() -> None:
        async with serving_one(Handler) as running:
            client = await running.connect()
            await client.send(GET)
            await client.head()
            await client.reader.readuntil(b"0\r\n\r\n")
            gc.disable()
            try:
                for _ in range(10):
                    await asyncio.sleep(0)
                [(events, handler)] = kept
                assert handler() is None
                assert events.closed
            finally:
                gc.enable()

    run(main)


def test_the_applications_timeout_is_not_for_event_streams(logs: LogWatch) -> None:
    class Handler(web.RequestHandler):
        async def get(self) -> None:
            await asyncio.sleep(0.1)
            events = self.event_stream()
            assert self.handler_timeout == math.inf
            await asyncio.sleep(2)
            await events.send("still here")

    class Limited(Handler):
        handler_timeout = 1

        async def get(self) -> None:
            events = self.event_stream()
            await events.send("one")
            await asyncio.sleep(2)

    async def main() -> None:
        for handler, end in ((Handler, b"still here\n\n\r\n0\r\n\r\n"), (Limited, b"one\n\n\r\n")):
            async with serving_one(handler, handler_timeout=0.5) as running:
                client = await running.connect()
                await client.send(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
                assert (await client.rest()).endswith(end)

    with logs.expect("whirlwind.general", "503 GET / .*handler_timeout"):
        run(main, VirtualTimeLoop)


def test_a_stream_begins_an_answer() -> None:
    class Handler(web.RequestHandler):
        async def get(self) -> None:
            with pytest.raises(ValueError, match="ping_interval"):
                self.event_stream(ping_interval=0)
            self.flush()
            with pytest.raises(RuntimeError, match="begun already"):
                self.event_stream()

    async def main() -> None:
        async with serving_one(Handler) as running:
            wire = await running.exchange(GET)
            assert wire.endswith(b"0\r\n\r\n")

    run(main)
