"""What a WebSocket leaves behind: nothing that the garbage collector would have to find."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvloop
from tests.support.raw_http import run, serving

from whirlwind import gen
from whirlwind.httpclient import HTTPClientError, HTTPRequest
from whirlwind.web import Application
from whirlwind.websocket import (
    WebSocketClientConnection,
    WebSocketClosedError,
    WebSocketError,
    WebSocketHandler,
    websocket_connect,
)

FACTORIES = [asyncio.SelectorEventLoop, uvloop.new_event_loop]
# An error and its response refer to each other, as they do in Tornado; programs look at both.
HTTP_ERROR = {"HTTPClientError", "HTTPHeaders", "HTTPRequest", "HTTPResponse", "Times"}
Scenario = Callable[[str], Coroutine[Any, Any, None]]


class Server(WebSocketHandler):
    """Echoes, and ends in whatever way it is told to."""

    def get_compression_options(self) -> dict[str, Any]:
        return {}

    def on_message(self, message: str | bytes) -> Any:
        if message == "close":
            self.close(1000, "as you wish")
        elif message == "abort":
            self.stream.close()
        elif message == "break":
            self.ws_connection.transport.write(b"\xff\x00")  # type: ignore[union-attr]
        elif message == "fail":
            raise ValueError(message)
        elif message == "wait":
            return self._wait()
        else:
            self.write_message(message, binary=isinstance(message, bytes))
        return None

    @gen.coroutine
    def _wait(self) -> Any:
        yield gen.moment
        yield self.write_message("waited")

    def log_exception(self, *exc_info: Any) -> None:
        """The log that is watched would keep the exception."""


async def we_close(url: str) -> None:
    connection = await websocket_connect(url, ping_interval=100)
    for message in ("text", b"binary"):
        connection.write_message(message, binary=isinstance(message, bytes))
        assert await connection.read_message() == message
    assert connection.stream is not None
    connection.close(1000, "bye")
    assert await connection.read_message() is None


async def we_close_with_deflate(url: str) -> None:
    connection = await websocket_connect(url, compression_options={})
    connection.write_message("text" * 1000)
    assert await connection.read_message() == "text" * 1000
    connection.close()
    assert await connection.read_message() is None


def they(do: str) -> Scenario:
    async def scenario(url: str) -> None:
        connection = await websocket_connect(url)
        connection.write_message(do)
        assert await connection.read_message() is None

    scenario.__name__ = f"they_{do}"
    return scenario


async def a_coroutine_answers(url: str) -> None:
    connection = await websocket_connect(url)
    connection.write_message("wait")
    assert await connection.read_message() == "waited"
    connection.close()
    assert await connection.read_message() is None


async def nothing_is_read(url: str) -> None:
    connection = await websocket_connect(url)
    for number in range(3):
        connection.write_message(str(number))
    while not connection.protocol._blocked:  # type: ignore[union-attr]
        await asyncio.sleep(0)
    connection.stream.close()  # type: ignore[union-attr]
    with pytest.raises(WebSocketClosedError):
        connection.write_message("too late")


async def a_callback_reads(url: str) -> None:
    seen: asyncio.Queue[Any] = asyncio.Queue()
    connection = await websocket_connect(url, on_message_callback=seen.put_nowait)
    connection.write_message("x")
    assert await seen.get() == "x"
    connection.close()
    assert await seen.get() is None


async def a_callback_fails(url: str) -> None:
    ended = asyncio.Event()

    class Quiet(WebSocketClientConnection):
        def log_exception(self, *exc_info: Any) -> None:
            ended.set()

    def fail(message: Any) -> None:
        if message is not None:
            raise ValueError(message)

    connection = Quiet(HTTPRequest(url), on_message_callback=fail)
    await connection.connect_future
    connection.write_message("x")
    await ended.wait()


async def the_transport_is_cut(url: str) -> None:
    connection = await websocket_connect(url)
    connection.stream.close()  # type: ignore[union-attr]
    assert await connection.read_message() is None


async def the_answer_is_no_websocket(url: str) -> None:
    with pytest.raises(HTTPClientError, match="404"):
        await websocket_connect(url + "missing")


async def the_answer_breaks_the_rules(url: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: no\r\n\r\n"
        )
        await reader.read()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(WebSocketError, match="Accept"):
            await websocket_connect(f"ws://127.0.0.1:{port}/")


async def nobody_is_there(url: str) -> None:
    with pytest.raises(ConnectionRefusedError):
        await websocket_connect("ws://127.0.0.1:1/")


async def the_url_is_none(url: str) -> None:
    with pytest.raises(ValueError, match="scheme"):
        await websocket_connect("ftp://127.0.0.1/")


async def it_is_cancelled(url: str) -> None:
    future = websocket_connect(url)
    future.cancel()
    with pytest.raises(asyncio.CancelledError):
        await future


SCENARIOS: list[Scenario] = [
    we_close,
    we_close_with_deflate,
    they("close"),
    they("abort"),
    they("break"),
    they("fail"),
    a_coroutine_answers,
    nothing_is_read,
    a_callback_reads,
    a_callback_fails,
    the_transport_is_cut,
    the_answer_is_no_websocket,
    the_answer_breaks_the_rules,
    nobody_is_there,
    the_url_is_none,
    it_is_cancelled,
]


@asynccontextmanager
async def echo_server() -> AsyncIterator[str]:
    application = Application([("/", Server)], log_function=lambda handler: None)
    async with serving(application) as running:
        yield f"ws://127.0.0.1:{running.port}/"


async def garbage_of(work: Callable[[], Coroutine[Any, Any, None]]) -> Counter[str]:
    """Run a coroutine with the collector off; return the types of ours that it would have found."""
    gc.collect()
    gc.disable()
    try:
        await work()
        for _ in range(20):
            await asyncio.sleep(0)
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        return Counter(
            type(thing).__name__
            for thing in gc.garbage
            if type(thing).__module__.startswith("whirlwind")
            and type(thing).__name__ not in HTTP_ERROR
        )
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


@pytest.mark.parametrize("factory", FACTORIES)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_neither_side_leaves_a_cycle(scenario: Scenario, factory: Any) -> None:
    async def main() -> None:
        async with echo_server() as url:
            await scenario(url)  # what is made once, by the first use, is no matter
            assert await garbage_of(lambda: scenario(url)) == {}

    run(main, factory)


def test_a_connection_that_nobody_holds_any_more_is_gone_with_its_closing() -> None:
    async def main() -> None:
        async with echo_server() as url:
            connection = await websocket_connect(url)
            gone = weakref.ref(connection)
            protocol = weakref.ref(connection.protocol)
            gc.disable()
            try:
                connection.close()
                await connection.read_message()
                del connection
                for _ in range(20):
                    await asyncio.sleep(0)
                assert gone() is None
                assert protocol() is None
            finally:
                gc.enable()

    run(main)


def test_who_asks_for_the_future_later_gets_a_connection_all_the_same() -> None:
    async def main() -> None:
        async with echo_server() as url:
            connection = await websocket_connect(url)
            assert await connection.connect_future is connection
            connection.close()
            assert await connection.read_message() is None
            made = WebSocketClientConnection(HTTPRequest("ws://127.0.0.1:1/"))
            while not made._connecting.done():  # type: ignore[union-attr]
                await asyncio.sleep(0)
            first = made.connect_future
            assert made.connect_future is first
            with pytest.raises(ConnectionRefusedError):
                await first

    run(main)
