"""A client's WebSocket through proxies, and with servers that break off, hold back or blow up."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import socket
import struct
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvloop
from tests.support.forward_proxy import proxying
from tests.support.raw_http import run, serving
from tests.support.websockets import serving_websocket

import whirlwind.testing
from whirlwind._proto.websocket.handshake import accept_value
from whirlwind.httpclient import HTTPClientError, HTTPRequest
from whirlwind.web import Application
from whirlwind.websocket import (
    WebSocketClosedError,
    WebSocketError,
    WebSocketHandler,
    websocket_connect,
)

FACTORIES = [asyncio.SelectorEventLoop, uvloop.new_event_loop]
CERTIFICATE = Path(whirlwind.testing.__file__).parent / "test.crt"


class Echo(WebSocketHandler):
    def on_message(self, message: str | bytes) -> Any:
        return self.write_message(message, binary=isinstance(message, bytes))


@pytest.mark.parametrize("secure", [False, True], ids=["ws", "wss"])
def test_a_proxy_is_asked_for_a_tunnel(secure: bool) -> None:
    """RFC 6455, section 4.1: CONNECT for ``ws`` as well; what is no HTTP needs a way through."""

    async def main() -> None:
        options: dict[str, Any] = {}
        if secure:
            options = {"certfile": str(CERTIFICATE), "keyfile": str(CERTIFICATE)[:-3] + "key"}
        application = Application([("/", Echo)], log_function=lambda handler: None)
        async with (
            serving(application, ssl_options=options or None) as running,
            proxying() as proxy,
        ):
            proxy.basic = "me:pass"
            scheme = "wss" if secure else "ws"
            request = HTTPRequest(
                f"{scheme}://localhost:{running.port}/",
                proxy_host="127.0.0.1",
                proxy_port=proxy.port,
                proxy_username="me",
                proxy_password="pass",
                validate_cert=False,
            )
            connection = await websocket_connect(request)
            connection.write_message("through the tunnel")
            assert await connection.read_message() == "through the tunnel"
            connection.close(1000)
            assert await connection.read_message() is None
            assert connection.close_code == 1000
            assert proxy.tunnels == [f"localhost:{running.port}"]
            # The tunnel is all that the proxy hears of.
            assert len(proxy.heads) == 1
            assert "upgrade" not in proxy.heads[0].lower()

            proxy.basic = "somebody:else"
            with pytest.raises(HTTPClientError, match="no tunnel"):
                await websocket_connect(request)

    run(main)


@asynccontextmanager
async def breaking_server(wire: Callable[[str], bytes], end: str) -> AsyncIterator[str]:
    """Answer a handshake with what ``wire`` makes of the accept value, and end in some way."""
    loop = asyncio.get_running_loop()
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setblocking(False)

    async def serve() -> None:
        while True:
            connection, _ = await loop.sock_accept(listening)
            connection.setblocking(False)
            with connection, contextlib.suppress(ConnectionError):
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    head += await loop.sock_recv(connection, 65536)
                key = re.search(rb"sec-websocket-key: (\S+)", head, re.IGNORECASE)
                assert key is not None
                await loop.sock_sendall(connection, wire(accept_value(key[1])))
                if end == "half-closed":
                    connection.shutdown(socket.SHUT_WR)
                    while await loop.sock_recv(connection, 65536):
                        pass
                elif end == "reset":
                    linger = struct.pack("ii", 1, 0)
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    serving = asyncio.ensure_future(serve())
    try:
        yield f"ws://127.0.0.1:{listening.getsockname()[1]}/"
    finally:
        serving.cancel()
        await asyncio.wait([serving])
        listening.close()


def opened(wire: bytes) -> Callable[[str], bytes]:
    head = (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: {}\r\n\r\n"
    )
    return lambda accept: head.format(accept).encode() + wire


@pytest.mark.parametrize("factory", FACTORIES)
@pytest.mark.parametrize("end", ["closed", "half-closed", "reset"])
@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        pytest.param(lambda accept: b"", None, id="nothing"),
        pytest.param(lambda accept: b"HTTP/1.1 101 Swi", None, id="half an answer"),
        pytest.param(opened(b""), [], id="the answer"),
        pytest.param(opened(b"\x81"), [], id="half a header"),
        pytest.param(opened(b"\x81\x05hell"), [], id="all but a byte"),
        pytest.param(opened(b"\x81\x05hello\x01\x01f"), ["hello"], id="a message and a fragment"),
    ],
)
def test_a_server_may_break_off_at_any_stage(
    wire: Callable[[str], bytes], expected: list[str] | None, end: str, factory: Any
) -> None:
    async def attempt(url: str) -> None:
        try:
            connection = await websocket_connect(url)
        except (HTTPClientError, OSError, WebSocketError):
            # A reset may overtake the answer.
            assert expected is None or end == "reset"
            return
        assert expected is not None
        seen = []
        while (message := await connection.read_message()) is not None:
            seen.append(message)
        assert seen == expected or (end == "reset" and seen == [])
        assert connection.close_code is None
        with pytest.raises(WebSocketClosedError):
            connection.write_message("too late")
        with pytest.raises(WebSocketClosedError):
            connection.ping()

    async def main() -> None:
        async with breaking_server(wire, end) as url:
            await attempt(url)  # the first one has the loop open things of its own
            before = len(os.listdir("/proc/self/fd"))
            await attempt(url)
            while len(os.listdir("/proc/self/fd")) > before:
                await asyncio.sleep(0)

    run(main, factory)


def test_a_client_that_does_not_read_holds_its_server_back() -> None:
    class Pouring(WebSocketHandler):
        sent = 0

        async def open(self, path: str) -> None:
            for number in range(100):
                await self.write_message(bytes([number]) * (1 << 20), binary=True)
                Pouring.sent += 1
            self.close(1000)

    async def main() -> None:
        async with serving_websocket(Pouring) as running:
            url = f"ws://127.0.0.1:{running.port}/"
            connection, other = await asyncio.gather(websocket_connect(url), websocket_connect(url))
            # The other one's whole conversation, and the first one's server is still waiting.
            for number in range(100):
                assert await other.read_message() == bytes([number]) * (1 << 20)
            assert await other.read_message() is None
            assert Pouring.sent < 200
            for number in range(100):
                assert await connection.read_message() == bytes([number]) * (1 << 20)
            assert await connection.read_message() is None
            assert connection.close_code == 1000

    run(main)


def test_who_writes_to_a_server_that_does_not_read_is_told() -> None:
    proceed = asyncio.Event()

    class Slow(WebSocketHandler):
        async def on_message(self, message: str | bytes) -> None:
            await proceed.wait()

    async def main() -> None:
        async with serving_websocket(Slow) as running:
            connection = await websocket_connect(f"ws://127.0.0.1:{running.port}/")
            sent = [connection.write_message(bytes(1 << 20), binary=True) for _ in range(40)]
            assert not sent[-1].done()
            proceed.set()
            await asyncio.gather(*sent)
            blocked = connection.write_message(bytes(40 << 20), binary=True)
            connection.stream.close()  # type: ignore[union-attr]
            with pytest.raises(WebSocketClosedError, match="before all was sent"):
                await blocked

    run(main)


def test_security_a_server_whose_message_inflates_beyond_the_limit_is_told_so() -> None:
    """Rule 14: limits after inflate, the client's side."""
    told: list[Any] = []

    class Bombing(WebSocketHandler):
        def get_compression_options(self) -> dict[str, Any]:
            return {}

        def open(self, path: str) -> None:
            compressor = zlib.compressobj(9, wbits=-15)
            bomb = compressor.compress(bytes(50_000_000)) + compressor.flush(zlib.Z_SYNC_FLUSH)
            self.write_message(b"first", binary=True)
            self.ws_connection._write_frame(True, 2, bomb[:-4], 0x40)  # type: ignore[union-attr]

        def on_close(self) -> None:
            told.append((self.close_code, self.close_reason))

    async def main() -> None:
        async with serving_websocket(Bombing) as running:
            connection = await websocket_connect(
                f"ws://127.0.0.1:{running.port}/", compression_options={}, max_message_size=1 << 20
            )
            assert await connection.read_message() == b"first"
            assert await connection.read_message() is None
            while not told:
                await asyncio.sleep(0)
            assert told == [(1009, "message too big")]

    run(main)


def test_a_message_is_answered_before_the_close_that_came_with_it() -> None:
    told: list[Any] = []

    class Parting(WebSocketHandler):
        def open(self, path: str) -> None:
            self.write_message("anything else?")
            self.close(1000)

        def on_message(self, message: str | bytes) -> None:
            told.append(message)

        def on_close(self) -> None:
            told.append(self.close_code)

    async def main() -> None:
        async with serving_websocket(Parting) as running:
            connection = await websocket_connect(f"ws://127.0.0.1:{running.port}/")
            assert await connection.read_message() == "anything else?"
            connection.write_message("no")
            assert await connection.read_message() is None
            assert connection.close_code == 1000
            while len(told) < 2:
                await asyncio.sleep(0)
            assert told == ["no", 1000]

    run(main)


def test_a_server_that_answers_no_ping_is_given_up() -> None:
    told: list[Any] = []

    class Deaf(WebSocketHandler):
        async def on_message(self, message: str | bytes) -> None:
            # What comes behind a message that takes its time is not read, pings included.
            await closed.wait()

        def on_close(self) -> None:
            told.append(self.close_code)

    closed = asyncio.Event()

    async def main() -> None:
        async with serving_websocket(Deaf) as running:
            connection = await websocket_connect(
                f"ws://127.0.0.1:{running.port}/", ping_interval=0.02, ping_timeout=0.01
            )
            connection.write_message("x")
            while not connection.protocol.is_closing():  # type: ignore[union-attr]
                await asyncio.sleep(0)
            closed.set()
            assert await connection.read_message() is None
            while not told:
                await asyncio.sleep(0)
            assert told == [1000]

    run(main)
