"""The face of a stream."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.support.raw_http import run
from tests.support.websockets import open_raw, serving_websocket

from whirlwind.websocket import WebSocketHandler


def test_a_websocket_has_what_programs_ask_of_a_stream() -> None:
    closed = asyncio.Event()
    order: list[str] = []

    def called() -> None:
        order.append("callback")
        closed.set()

    class Asking(WebSocketHandler):
        def open(self, path: str) -> None:
            stream: Any = self.ws_connection.stream  # type: ignore[union-attr]
            assert stream is self.stream
            assert stream.socket.fileno() == stream.fileno()
            assert stream.io_loop.asyncio_loop is asyncio.get_running_loop()
            assert not stream.closed()
            stream.set_nodelay(True)
            stream.set_close_callback(called)
            stream.close()
            assert stream.closed()

        def on_close(self) -> None:
            order.append("on_close")

    async def main() -> None:
        async with serving_websocket(Asking) as running:
            peer = await open_raw(running)
            assert await peer.next() is None
            await closed.wait()
            assert order == ["on_close", "callback"]

    run(main)
