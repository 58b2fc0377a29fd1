"""The load: connections that send one message, wait until it is back, and send it again.

``python load.py PORT SIZE CONNECTIONS SECONDS KIND`` prints how many messages came back. KIND is
``binary``, or ``deflate`` for compressed text. Needs uvloop only, so that it is the same for all
servers; frames are made once, and of what comes back only the frames' headers are looked at.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import zlib
from typing import Any

import uvloop

MASK = b"\x5a\x81\x3c\xe7"


def text_of(size: int) -> bytes:
    """Text as programs send it: JSON with names that repeat and numbers that do not."""
    items = ", ".join(f'{{"id": {n * 7919 % 9973}, "name": "item {n}"}}' for n in range(size // 20))
    return f"[{items}]".encode()[:size]


def frame(first: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        head = bytes((first, 0x80 | size))
    elif size < 65536:
        head = bytes((first, 0xFE)) + size.to_bytes(2, "big")
    else:
        head = bytes((first, 0xFF)) + size.to_bytes(8, "big")
    return head + MASK + bytes(byte ^ MASK[at & 3] for at, byte in enumerate(payload))


def message(kind: str, size: int) -> bytes:
    if kind == "binary":
        return frame(0x82, bytes(at & 0xFF for at in range(size)))
    # From a compressor that has seen nothing, so that it may be sent again and again.
    compressor = zlib.compressobj(wbits=-15)
    return frame(
        0xC1, (compressor.compress(text_of(size)) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]
    )


def request(kind: str) -> bytes:
    lines = [
        "GET / HTTP/1.1",
        "Host: 127.0.0.1",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
    ]
    if kind == "deflate":
        lines.append("Sec-WebSocket-Extensions: permessage-deflate")
    return "\r\n".join([*lines, "", ""]).encode()


class Connection(asyncio.BufferedProtocol):
    """One connection; ``count`` messages have come back on it."""

    transport: Any
    buffer = memoryview(bytearray(1 << 18))  # all connections': what is read is used up at once

    def __init__(self, kind: str, wire: bytes) -> None:
        self.wire = wire
        self.count = 0
        self.running = False
        self.stopped: asyncio.Future[None] | None = None
        self.opened: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.kind = kind
        self.held = b""
        self.left = 0  # bytes of the frame that is coming

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.transport.write(request(self.kind))

    def connection_lost(self, exc: Exception | None) -> None:
        if self.running or not self.opened.done():
            raise SystemExit("the server closed a connection")

    def get_buffer(self, sizehint: int) -> memoryview:
        return self.buffer

    def buffer_updated(self, size: int) -> None:
        if not self.left:
            data = self.held + bytes(self.buffer[: min(size, 512)])
            if not self.opened.done():
                head, end, _ = data.partition(b"\r\n\r\n")
                self.held = b"" if end else head
                if end:
                    self.opened.set_result(head)
                return
            size += len(self.held)
            short = data[1] & 0x7F if len(data) > 1 else 127
            header = 2 if short < 126 else 4 if short == 126 else 10
            if len(data) < header:
                self.held = data
                return
            self.held = b""
            # One frame a message is what all servers here send.
            assert data[0] & 0x8F in (0x81, 0x82), data[:2]
            self.left = header + (short if header == 2 else int.from_bytes(data[2:header], "big"))
        self.left -= size
        if not self.left:
            self.count += 1
            if self.running:
                self.transport.write(self.wire)
            elif self.stopped is not None:
                self.stopped.set_result(None)
        assert self.left >= 0, "more came than was sent"

    def start(self) -> None:
        self.running = True
        self.transport.write(self.wire)

    def stop(self) -> asyncio.Future[None]:
        """The message that is under way is the last one."""
        self.running = False
        self.stopped = asyncio.get_running_loop().create_future()
        return self.stopped


async def main(port: int, size: int, connections: int, seconds: float, kind: str) -> int:
    wire = message(kind, size)
    loop = asyncio.get_running_loop()
    opened = []
    for _ in range(connections):
        _, connection = await loop.create_connection(
            lambda: Connection(kind, wire), "127.0.0.1", port
        )
        head = await connection.opened
        assert head.startswith(b"HTTP/1.1 101 "), head
        assert (b"permessage-deflate" in head) is (kind == "deflate"), head
        opened.append(connection)
    for connection in opened:
        connection.start()
    await asyncio.sleep(seconds)
    await asyncio.gather(*[connection.stop() for connection in opened])
    for connection in opened:
        connection.transport.abort()
    return sum(connection.count for connection in opened)


if __name__ == "__main__":
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    port, size, connections, seconds, kind = sys.argv[1:]
    print(uvloop.run(main(int(port), int(size), int(connections), float(seconds), kind)))
