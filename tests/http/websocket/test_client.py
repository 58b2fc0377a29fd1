"""The client's side of WebSockets, against a server of ours and one that says what it likes."""

from __future__ import annotations

import asyncio
import base64
import contextvars
import re
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvloop
from tests.conftest import LogWatch
from tests.support.raw_http import run, serving

import whirlwind.testing
from whirlwind._base.limits import MAX_HEADER_SIZE
from whirlwind._proto.websocket.handshake import accept_value
from whirlwind.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from whirlwind.web import Application, HTTPError, RequestHandler
from whirlwind.websocket import (
    WebSocketClientConnection,
    WebSocketClosedError,
    WebSocketError,
    WebSocketHandler,
    websocket_connect,
)

FACTORIES = [asyncio.SelectorEventLoop, uvloop.new_event_loop]


class Echo(WebSocketHandler):
    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        return subprotocols[-1] if subprotocols else None

    def get_compression_options(self) -> dict[str, Any]:
        return {}

    def on_message(self, message: str | bytes) -> None:
        if message == "headers":
            self.write_message(dict(self.request.headers))
        elif message == "close":
            self.close(3001, "as you wish")
        elif message == "abort":
            self.ws_connection.stream.close()  # type: ignore[union-attr]
        else:
            self.write_message(message, binary=isinstance(message, bytes))


class Plain(RequestHandler):
    def get(self, what: str) -> None:
        if what == "redirect":
            self.redirect("/ws")
        elif what == "missing":
            raise HTTPError(404)
        else:
            self.write("no WebSocket here")


@asynccontextmanager
async def echo_server(**options: Any) -> AsyncIterator[str]:
    """Yield the URL of a server without its scheme."""
    rules: list[Any] = [("/ws", Echo), ("/(redirect|missing|page)", Plain)]
    application = Application(rules, log_function=lambda handler: None)
    async with serving(application, **options) as running:
        yield f"localhost:{running.port}"


@asynccontextmanager
async def scripted(answer: Callable[[str], bytes]) -> AsyncIterator[str]:
    """Answer each request with what ``answer`` makes of the accept value, and wait."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        key = re.search(r"sec-websocket-key: (\S+)", head, re.IGNORECASE)
        assert key is not None
        writer.write(answer(accept_value(key[1])))
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize("factory", FACTORIES)
@pytest.mark.parametrize("compression", [None, {}, {"client_no_context_takeover": True}], ids=str)
def test_a_conversation(factory: Any, compression: dict[str, Any] | None) -> None:
    async def main() -> None:
        async with echo_server() as host:
            connection = await websocket_connect(
                f"ws://{host}/ws", compression_options=compression, subprotocols=["one", "two"]
            )
            assert connection.selected_subprotocol == "two"
            assert connection.headers is not None
            agreed = connection.headers.get("Sec-WebSocket-Extensions")
            assert (agreed is None) is (compression is None)
            for message in ("Grüße", b"\xff\x00", "", b"", "x" * 100_000, "x" * 100_000):
                await connection.write_message(message, binary=isinstance(message, bytes))
                assert await connection.read_message() == message
            connection.write_message({"a": 1})
            assert await connection.read_message() == '{"a": 1}'
            assert connection.stream is not None
            assert not connection.stream.closed()
            connection.close(1000, "bye")
            assert await connection.read_message() is None
            assert await connection.read_message() is None
            assert (connection.close_code, connection.close_reason) == (1000, None)
            with pytest.raises(WebSocketClosedError):
                connection.write_message("too late")
            with pytest.raises(WebSocketClosedError):
                connection.ping()

    run(main, factory)


def test_messages_wait_until_they_are_read_and_none_is_lost() -> None:
    async def main() -> None:
        async with echo_server() as host:
            connection = await websocket_connect(f"ws://{host}/ws")
            for number in range(1000):
                connection.write_message(str(number))
            connection.write_message("close")
            assert [await connection.read_message() for _ in range(1001)] == [
                *map(str, range(1000)),
                None,
            ]
            assert (connection.close_code, connection.close_reason) == (3001, "as you wish")

    run(main)


def test_messages_before_a_lost_connection_can_still_be_read() -> None:
    async def main() -> None:
        async with echo_server() as host:
            connection = await websocket_connect(f"ws://{host}/ws")
            for message in ("1", "2", "3", "abort"):
                connection.write_message(message)
            assert connection.stream is not None
            while not connection.stream.closed():
                await asyncio.sleep(0)
            assert [await connection.read_message() for _ in range(5)] == [
                "1",
                "2",
                "3",
                None,
                None,
            ]
            assert connection.close_code is None

    run(main)


def test_a_callback_takes_messages_and_the_end() -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")

    async def main() -> None:
        async with echo_server() as host:
            seen: asyncio.Queue[Any] = asyncio.Queue()
            variable.set("who asked")
            connected: list[Any] = []
            connection = await websocket_connect(
                f"ws://{host}/ws",
                callback=connected.append,
                on_message_callback=lambda message: seen.put_nowait((message, variable.get())),
            )
            connection.write_message("x")
            assert await seen.get() == ("x", "who asked")
            with pytest.raises(AssertionError, match="on_message_callback"):
                connection.read_message()
            connection.close()
            assert await seen.get() == (None, "who asked")
            assert connected[0].result() is connection

    run(main)


def test_read_message_takes_a_callback() -> None:
    async def main() -> None:
        async with echo_server() as host:
            connection = await websocket_connect(f"ws://{host}/ws")
            read: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            connection.read_message(lambda future: read.set_result(future.result()))
            connection.write_message("x")
            assert await read == "x"
            connection.close()
            await connection.read_message()

    run(main)


def test_reads_that_wait_together_get_messages_in_their_order() -> None:
    async def main() -> None:
        async with echo_server() as host:
            connection = await websocket_connect(f"ws://{host}/ws")
            reads = [connection.read_message() for _ in range(3)]
            for number in range(3):
                connection.write_message(str(number))
            assert await reads[0] == "0"
            reads.append(connection.read_message())
            connection.write_message("3")
            assert await asyncio.gather(*reads) == ["0", "1", "2", "3"]
            connection.close()
            assert await connection.read_message() is None

    run(main)


def test_a_read_that_was_cancelled_takes_no_message() -> None:
    async def main() -> None:
        async with echo_server() as host:
            connection = await websocket_connect(f"ws://{host}/ws")
            alone = connection.read_message()
            behind = connection.read_message()
            task = asyncio.create_task(read(connection))
            await asyncio.sleep(0)
            for each in (alone, behind, task):
                each.cancel()
            connection.write_message("x")
            assert await connection.read_message() == "x"
            connection.close()
            assert await connection.read_message() is None

    async def read(connection: Any) -> Any:
        return await connection.read_message()

    run(main)


def test_a_callback_that_fails_ends_the_connection(logs: LogWatch) -> None:
    async def main() -> None:
        async with echo_server() as host:
            ended = asyncio.Event()

            def fail(message: Any) -> None:
                if message is None:
                    ended.set()
                else:
                    raise RuntimeError("broken")

            connection = await websocket_connect(f"ws://{host}/ws", on_message_callback=fail)
            connection.write_message("x")
            await ended.wait()

    with logs.expect("whirlwind.application", "Uncaught exception broken"):
        run(main)


def test_a_request_says_more_than_a_url() -> None:
    async def main() -> None:
        async with echo_server() as host:
            request = HTTPRequest(f"ws://ada:secret@{host}/ws", headers={"X-Mine": "yes"})
            connection = await websocket_connect(request)
            connection.write_message("headers")
            headers = await connection.read_message()
            assert isinstance(headers, str)
            assert '"X-Mine": "yes"' in headers
            credentials = base64.b64encode(b"ada:secret").decode()
            assert f'"Authorization": "Basic {credentials}"' in headers
            assert dict(request.headers) == {"X-Mine": "yes"}
            assert request.url.startswith("ws://")
            with pytest.raises(AssertionError, match="connect_timeout"):
                websocket_connect(request, connect_timeout=1)
            connection.close()
            await connection.read_message()

    run(main)


@pytest.mark.parametrize("factory", FACTORIES)
def test_a_websocket_over_tls(factory: Any) -> None:
    folder = Path(whirlwind.testing.__file__).parent
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "test.crt", folder / "test.key")

    async def main() -> None:
        async with echo_server(ssl_options=context) as host:
            request = HTTPRequest(f"wss://{host}/ws", validate_cert=False)
            connection = await websocket_connect(request)
            connection.write_message("over TLS")
            assert await connection.read_message() == "over TLS"
            connection.close()
            assert await connection.read_message() is None

    run(main, factory)


@pytest.mark.parametrize(
    ("path", "error", "text"),
    [
        ("/missing", HTTPClientError, "HTTP 404"),
        ("/redirect", HTTPClientError, "HTTP 302"),
        ("/page", WebSocketError, "Non-websocket response"),
    ],
)
def test_an_answer_that_is_no_websocket_is_an_error(
    path: str, error: type[Exception], text: str
) -> None:
    async def main() -> None:
        async with echo_server() as host:
            with pytest.raises(error, match=text):
                await websocket_connect(f"ws://{host}{path}")

    run(main)


def test_nobody_there_is_an_error() -> None:
    async def main() -> None:
        async with echo_server() as host:
            pass
        with pytest.raises(ConnectionRefusedError):
            await websocket_connect(f"ws://{host}/ws")
        with pytest.raises(ValueError, match="scheme"):
            await websocket_connect("ftp://a.example/")
        with pytest.raises(ValueError, match="control character"):
            await websocket_connect("ws://a.example/\r\nX: y")

    run(main)


_HEAD = "HTTP/1.1 101 Switching Protocols\r\n"
_FIELDS = "Upgrade: websocket\r\nConnection: Upgrade\r\n"


@pytest.mark.parametrize(
    ("head", "error"),
    [
        pytest.param(_HEAD + _FIELDS + "Sec-WebSocket-Accept: x\r\n", "Accept", id="accept"),
        pytest.param(_HEAD + _FIELDS, "Accept", id="no accept"),
        pytest.param(
            _HEAD + _FIELDS + "Sec-WebSocket-Accept: {0}\r\nSec-WebSocket-Protocol: three\r\n",
            "subprotocol not asked for",
            id="subprotocol",
        ),
        pytest.param(
            _HEAD + _FIELDS + "Sec-WebSocket-Accept: {0}\r\n"
            "Sec-WebSocket-Extensions: permessage-deflate\r\n",
            "extension not asked for",
            id="extension",
        ),
        pytest.param(
            _HEAD + "Upgrade: h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {0}\r\n",
            "upgrades to",
            id="upgrade",
        ),
        pytest.param(
            _HEAD + "Sec-WebSocket-Accept: {0}\r\n", "switched protocols", id="no upgrade"
        ),
        pytest.param(
            "HTTP/1.0 101 Yes\r\n" + _FIELDS + "Sec-WebSocket-Accept: {0}\r\n", "switched", id="1.0"
        ),
        pytest.param("no HTTP\r\n", "Connection closed", id="no HTTP"),
    ],
)
def test_security_a_server_that_answers_something_else_is_refused(head: str, error: str) -> None:
    """RFC 6455, section 4.1: what was not asked for fails the connection."""

    async def main() -> None:
        async with scripted(lambda accept: (head.format(accept) + "\r\n").encode()) as host:
            with pytest.raises(WebSocketError, match=error):
                await websocket_connect(f"ws://{host}/", subprotocols=["one", "two"])

    run(main)


def test_frames_that_come_with_the_answer_are_read() -> None:
    async def main() -> None:
        head = _HEAD + _FIELDS + "Sec-WebSocket-Accept: {0}\r\n\r\n"
        wire = b"\x81\x05early\x82\x01\xff\x88\x02\x03\xe9"
        async with scripted(lambda accept: head.format(accept).encode() + wire) as host:
            connection = await websocket_connect(f"ws://{host}/")
            assert [await connection.read_message() for _ in range(3)] == ["early", b"\xff", None]
            assert connection.close_code == 1001

    run(main)


@pytest.mark.parametrize("factory", FACTORIES)
@pytest.mark.parametrize("how", ["plain", "with a time limit"])
def test_a_callback_for_messages_comes_after_the_connection_that_it_uses(
    factory: Any, how: str
) -> None:
    async def main() -> None:
        head = _HEAD + _FIELDS + "Sec-WebSocket-Accept: {0}\r\n\r\n"
        wire = b"\x81\x05early\x89\x01p\x81\x05later\x88\x00"
        told: list[Any] = []
        ended = asyncio.Event()

        def take(message: Any) -> None:
            told.append((connection.selected_subprotocol, message))
            if message is None:
                ended.set()

        async with scripted(lambda accept: head.format(accept).encode() + wire) as host:
            connecting = websocket_connect(f"ws://{host}/", on_message_callback=take)
            if how == "plain":
                connection = await connecting
            else:
                connection = await asyncio.wait_for(connecting, 60)
            connection.on_ping = lambda data: told.append(data)  # type: ignore[method-assign]
            await ended.wait()
            assert told == [(None, "early"), b"p", (None, "later"), (None, None)]

    run(main, factory)


def test_a_connection_knows_its_request_and_limits() -> None:
    async def main() -> None:
        async with echo_server() as host:
            connection = await websocket_connect(f"ws://{host}/ws?a=b")
            assert connection.parsed.path == "/ws"
            assert connection.parsed_hostname == "localhost"
            assert connection.client is None
            assert 0 < connection.start_time <= asyncio.get_running_loop().time()
            assert connection.start_wall_time > 1e9
            assert connection.max_header_size == MAX_HEADER_SIZE
            connection.close()
            assert await connection.read_message() is None

    run(main)


@pytest.mark.parametrize(
    ("wire", "limit"),
    [
        pytest.param(b"\x81\x81\x01\x02\x03\x04x", 100, id="masked"),
        pytest.param(b"\x82\x0b" + bytes(11), 10, id="too large"),
        pytest.param(b"\x81\x01\xff", 100, id="not UTF-8"),
    ],
)
def test_security_a_server_that_breaks_the_rules_ends_the_connection(
    wire: bytes, limit: int
) -> None:
    """Rule 14, the client's side."""

    async def main() -> None:
        head = _HEAD + _FIELDS + "Sec-WebSocket-Accept: {0}\r\n\r\n"
        async with scripted(lambda accept: head.format(accept).encode() + wire) as host:
            connection = await websocket_connect(f"ws://{host}/", max_message_size=limit)
            assert await connection.read_message() is None
            assert connection.close_code is None

    run(main)


def test_a_server_that_does_not_answer_is_given_up() -> None:
    async def main() -> None:
        async with scripted(lambda accept: b"") as host:
            with pytest.raises(HTTPClientError, match="Timeout"):
                await websocket_connect(HTTPRequest(f"ws://{host}/", request_timeout=0.01))

    run(main)


@pytest.mark.parametrize("when", ["connecting", "waiting", "open"])
def test_cancelling_stops_the_attempt(when: str) -> None:
    async def main() -> None:
        asked = asyncio.Event()

        def answer(accept: str) -> bytes:
            asked.set()
            return b""

        async with scripted(answer) as host:
            future = websocket_connect(f"ws://{host}/")
            if when == "waiting":
                await asked.wait()
            future.cancel()
            with pytest.raises(asyncio.CancelledError):
                await future
        # The server closes when its client does: the block would not end otherwise.

    run(main)


def test_a_subclass_is_a_proxys_way_in() -> None:
    class Proxied(WebSocketClientConnection):
        def __init__(self, **kwargs: Any) -> None:
            self.pinged = kwargs.pop("on_ping_callback")
            super().__init__(**kwargs)

        def on_ping(self, data: bytes) -> None:
            self.pinged(data)

        def on_pong(self, data: bytes) -> None:
            self.pinged(b"pong " + data)

    async def main() -> None:
        async with echo_server() as host:
            pinged: asyncio.Queue[bytes] = asyncio.Queue()
            messages: asyncio.Queue[Any] = asyncio.Queue()
            connection = Proxied(
                request=HTTPRequest(f"ws://{host}/ws"),
                compression_options={},
                on_message_callback=messages.put_nowait,
                on_ping_callback=pinged.put_nowait,
                max_message_size=1000,
                subprotocols=None,
                resolver=None,
            )
            assert await connection.connect_future is connection
            connection.ping("x")
            assert await pinged.get() == b"pong x"
            connection.write_message("y")
            assert await messages.get() == "y"
            connection.close()
            assert await messages.get() is None

    run(main)


def test_http_goes_on_beside_it() -> None:
    async def main() -> None:
        async with echo_server() as host:
            connection = await websocket_connect(f"ws://{host}/ws")
            client = AsyncHTTPClient(force_instance=True)
            response = await client.fetch(f"http://{host}/page")
            assert response.body == b"no WebSocket here"
            client.close()
            connection.close()
            assert await connection.read_message() is None

    run(main)


def test_a_connection_has_no_code_for_the_answer_that_made_it_a_websocket() -> None:
    # As in Tornado, where it is that of a response: suites of programs tell the two apart by it.
    async def main() -> None:
        async with echo_server() as address:
            connection = await websocket_connect(f"ws://{address}/ws")
            assert connection.code is None
            connection.close()

    run(main)
