"""A MongoDB server that costs almost nothing: it answers from bytes made beforehand.

What is measured against it is the client. It knows one collection of ``COUNT`` documents, which
``find`` gives in a first batch of 101, as MongoDB does, and one ``getMore`` with the rest; with a
limit, ``find`` gives one document.

Run as a program it prints its port and serves until its standard input ends.
"""

from __future__ import annotations

import asyncio
import struct
import sys
from typing import Any

import bson

COUNT = 10_000
FIRST = 101


def _document(number: int) -> dict[str, Any]:
    return {"_id": number, "name": f"name {number}", "value": number / 3, "tags": ["a", "b"]}


def _body(reply: dict[str, Any]) -> bytes:
    return struct.pack("<ib", 0, 0) + bson.encode(reply)


def _cursor(name: str, batch: list[dict[str, Any]], cursor_id: int) -> bytes:
    cursor = {name: batch, "id": bson.Int64(cursor_id), "ns": "test.things"}
    return _body({"cursor": cursor, "ok": 1})


HELLO = {
    "ok": 1,
    "helloOk": True,
    "ismaster": True,
    "isWritablePrimary": True,
    "minWireVersion": 0,
    "maxWireVersion": 21,
    "maxBsonObjectSize": 16_777_216,
    "maxMessageSizeBytes": 48_000_000,
    "maxWriteBatchSize": 100_000,
}
DOCUMENTS = [_document(number) for number in range(COUNT)]
FIND = _cursor("firstBatch", DOCUMENTS[:FIRST], 7)
MORE = _cursor("nextBatch", DOCUMENTS[FIRST:], 0)
ONE = _cursor("firstBatch", DOCUMENTS[:1], 0)
OK = _body({"ok": 1})
HELLO_MESSAGE = _body(HELLO)
HELLO_REPLY = struct.pack("<iqii", 0, 0, 0, 1) + bson.encode(HELLO)


class Connection(asyncio.Protocol):
    """One client."""

    def __init__(self) -> None:
        self._held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        wire = self._held + data
        at = 0
        while len(wire) - at >= 16:
            size, request, _, opcode = struct.unpack_from("<iiii", wire, at)
            if len(wire) - at < size:
                break
            self._answer(opcode, request, wire[at : at + size])
            at += size
        self._held = wire[at:]

    def _answer(self, opcode: int, request: int, message: bytes) -> None:
        if opcode == 2004:
            opcode, body = 1, HELLO_REPLY
        else:
            name = message[26 : message.index(b"\0", 26)]
            if name == b"find":
                body = ONE if b"\x10limit\x00" in message else FIND
            else:
                body = {b"getMore": MORE, b"hello": HELLO_MESSAGE, b"ismaster": HELLO_MESSAGE}.get(
                    name, OK
                )
        self._transport.write(struct.pack("<iiii", 16 + len(body), 1, request, opcode) + body)


async def serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(serve())
