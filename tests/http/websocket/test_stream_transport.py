"""WebSockets on connections that are not the server's own: a stream drives them."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from tests.support.raw_http import run
from tests.support.websockets import KEY, frame

from whirlwind._http.messages import HTTPServerRequest
from whirlwind._http.websocket.stream_transport import StreamTransport
from whirlwind._net.iostream import IOStream
from whirlwind._proto.http.headers import HTTPHeaders, encode_fields
from whirlwind.web import Application
from whirlwind.websocket import WebSocketHandler


class ForeignConnection:
    """A request's connection as somebody else may have written it, over an ``IOStream``."""

    def __init__(self, stream: IOStream) -> None:
        self.stream = stream

    def set_close_callback(self, callback: Any) -> None:
        self.stream.set_close_callback(callback)

    def write_headers(
        self, start_line: Any, headers: HTTPHeaders, chunk: bytes = b""
    ) -> asyncio.Future[None]:
        head = f"HTTP/1.1 {start_line.code} {start_line.reason}\r\n".encode()
        return self.stream.write(head + encode_fields(headers) + b"\r\n" + chunk)

    def write(self, chunk: bytes) -> asyncio.Future[None]:
        return self.stream.write(chunk)

    def finish(self) -> None:
        pass

    def detach(self) -> IOStream:
        self.stream.set_close_callback(None)
        return self.stream


def test_a_websocket_on_a_foreign_connection() -> None:
    told: asyncio.Queue[Any] = asyncio.Queue()

    class Echo(WebSocketHandler):
        def on_message(self, message: str | bytes) -> Any:
            if message == b"room?":
                future = self.write_message(bytes(5_000_000), binary=True)
                told.put_nowait(future.done())
                return future
            return self.write_message(message, binary=isinstance(message, bytes))

        def on_close(self) -> None:
            told.put_nowait((self.close_code, self.close_reason))

    async def main() -> None:
        ours, theirs = socket.socketpair()
        connection = ForeignConnection(IOStream(ours))
        client = IOStream(theirs)
        fields = {
            "Host": "test",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": KEY,
            "Sec-WebSocket-Version": "13",
        }
        request = HTTPServerRequest("GET", "/", "HTTP/1.1", HTTPHeaders(fields))
        request.connection = connection
        application = Application([("/", Echo)], log_function=lambda handler: None)
        client.write(frame(0x81, b"early"))
        application(request)
        head = await client.read_until(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 ")
        assert await client.read_bytes(7) == b"\x81\x05early"
        client.write(frame(0x82, b"room?") + frame(0x81, b"next"))
        assert await told.get() is False
        assert len(await client.read_bytes(10 + 5_000_000)) == 5_000_010
        assert await client.read_bytes(6) == b"\x81\x04next"
        client.write(frame(0x88, b"\x03\xe8"))
        assert await client.read_until_close() == b"\x88\x02\x03\xe8"
        assert await told.get() == (1000, None)

    run(main)


class Told(asyncio.Protocol):
    def __init__(self) -> None:
        self.data = b""
        self.lost: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        self.paused: list[bool] = []

    def data_received(self, data: bytes) -> None:
        self.data += data

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set_result(exc)

    def pause_writing(self) -> None:
        self.paused.append(True)

    def resume_writing(self) -> None:
        self.paused.append(False)


def pair() -> tuple[StreamTransport, Told, IOStream]:
    ours, theirs = socket.socketpair()
    protocol = Told()
    return StreamTransport(IOStream(ours), protocol), protocol, IOStream(theirs)


def test_closing_sends_what_was_written() -> None:
    async def main() -> None:
        transport, protocol, peer = pair()
        transport.write(bytes(3_000_000))
        assert protocol.paused == [True]
        assert transport.get_write_buffer_size() == 3_000_000
        transport.close()
        assert transport.is_closing()
        transport.write(b"too late")
        assert len(await peer.read_until_close()) == 3_000_000
        await protocol.lost
        assert protocol.paused == [True, False]

    run(main)


def test_aborting_does_not() -> None:
    async def main() -> None:
        transport, protocol, peer = pair()
        transport.write(bytes(3_000_000))
        transport.abort()
        await protocol.lost
        assert len(await peer.read_until_close()) < 3_000_000

    run(main)


def test_reading_can_be_paused() -> None:
    async def main() -> None:
        transport, protocol, peer = pair()
        transport.pause_reading()
        await peer.write(b"x")
        for _ in range(10):
            await asyncio.sleep(0)
        assert protocol.data == b""
        transport.resume_reading()
        while not protocol.data:
            await asyncio.sleep(0)
        assert transport.get_extra_info("socket").fileno() > 0
        assert transport.get_extra_info("peername", "unknown") == "unknown"
        assert not transport.can_write_eof()
        peer.close()
        await protocol.lost
        assert transport.is_closing()

    run(main)
