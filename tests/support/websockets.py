"""A server with one WebSocket handler, and a peer that sends frames as they are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.support.raw_http import RawClient, Serving, serving

from whirlwind._proto.websocket.events import Event
from whirlwind._proto.websocket.frames_cy import encode_frame
from whirlwind._proto.websocket.machine import WebSocketMachine
from whirlwind.web import Application
from whirlwind.websocket import WebSocketHandler

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
MASK = b"\x01\x80\xff\x55"


def frame(first: int, payload: bytes = b"") -> bytes:
    """One frame as a client sends it."""
    wire: bytes = encode_frame(first, payload, MASK)
    return wire


def handshake(path: str = "/", **fields: str | None) -> bytes:
    """A client's request; names of fields with underscores for hyphens, None to leave one out."""
    headers: dict[str, str | None] = {
        "Host": "test",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": KEY,
        "Sec-WebSocket-Version": "13",
    }
    headers.update({name.replace("_", "-"): value for name, value in fields.items()})
    lines = [f"{name}: {value}\r\n" for name, value in headers.items() if value is not None]
    return f"GET {path} HTTP/1.1\r\n{''.join(lines)}\r\n".encode()


class RawPeer:
    """The client's end of an open WebSocket.

    Attributes:
        head: The server's answer.
    """

    def __init__(self, client: RawClient, head: bytes) -> None:
        self.client = client
        self.head = head
        self._machine = WebSocketMachine(client=True, max_message_size=2**30, new_mask=lambda: MASK)
        self._events: list[Event] = []

    async def send(self, *frames: bytes) -> None:
        await self.client.send(b"".join(frames))

    async def next(self) -> Event | None:
        """The next event; None at the end of the connection."""
        while not self._events:
            if self._machine.more:
                self._events = self._machine.feed(b"")
                continue
            try:
                wire = await self.client.reader.read(65536)
            except ConnectionError:
                return None
            if not wire:
                return None
            self._events = self._machine.feed(wire)
        return self._events.pop(0)


async def open_raw(running: Serving, path: str = "/", **fields: str | None) -> RawPeer:
    """Connect and shake hands."""
    client = await running.connect()
    await client.send(handshake(path, **fields))
    return RawPeer(client, await client.head())


@asynccontextmanager
async def serving_websocket(
    handler: type[WebSocketHandler], **options: Any
) -> AsyncIterator[Serving]:
    """Serve one handler at ``/`` for the length of a block; ``settings`` are the application's."""
    settings = options.pop("settings", {})
    arguments = options.pop("arguments", {})
    application = Application([(r"/(.*)", handler, arguments)], log_function=_quiet, **settings)
    async with serving(application, **options) as running:
        yield running


def _quiet(handler: object) -> None:
    pass


class Recorder(WebSocketHandler):
    """Tells a queue what happens to it, and echoes messages."""

    def initialize(self, told: asyncio.Queue[Any]) -> None:
        self.told = told

    def open(self, path: str) -> None:
        self.told.put_nowait(("open", path))

    def on_message(self, message: str | bytes) -> Any:
        self.told.put_nowait(("message", message))
        self.write_message(message, binary=isinstance(message, bytes))

    def on_ping(self, data: bytes) -> None:
        self.told.put_nowait(("ping", data))

    def on_pong(self, data: bytes) -> None:
        self.told.put_nowait(("pong", data))

    def on_close(self) -> None:
        self.told.put_nowait(("close", self.close_code, self.close_reason))
