"""A MongoDB server that plays a script: for what must be seen or timed on the wire itself.

It runs on the test's own loop, answers the handshake as the primary of a replica set, and gives
every other command to the test's function. Sessions and transactions are accepted, so that what
a client sends for them can be read from ``commands``.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Final

import bson

OP_REPLY: Final = 1
OP_QUERY: Final = 2004
OP_MSG: Final = 2013

# Answers that are none.
HANG_UP: Final = {"the connection": "ends"}
KEEP_WAITING: Final = {"the client": "waits"}

Answer = Callable[[str, dict[str, Any]], Mapping[str, Any]]
SILENT: Final = ("hello", "ismaster", "isMaster", "endSessions", "ping")


def documents(start: int, stop: int) -> list[dict[str, Any]]:
    """Return documents numbered from start up to stop."""
    return [{"_id": number} for number in range(start, stop)]


def cursor_answer(batch: list[Any], cursor_id: int = 0, *, first: bool = False) -> dict[str, Any]:
    """Return the answer to ``find`` and the like (first) or to ``getMore``."""
    name = "firstBatch" if first else "nextBatch"
    return {"ok": 1, "cursor": {"id": bson.Int64(cursor_id), "ns": "test.things", name: batch}}


def batches(*sizes: int) -> Answer:
    """Answer one query with batches of these sizes, documents numbered through."""
    position = 0
    given = 0

    def answer(name: str, command: dict[str, Any]) -> Mapping[str, Any]:
        nonlocal position, given
        if name == "killCursors":
            return {"ok": 1, "cursorsKilled": command["cursors"]}
        if name != "getMore":
            position = given = 0
            if command.get("cursor", {}).get("batchSize") == 0:
                return cursor_answer([], 77, first=True)
        size = sizes[given]
        given += 1
        batch = documents(position, position + size)
        position += size
        return cursor_answer(batch, 77 if given < len(sizes) else 0, first=name != "getMore")

    return answer


class WireServer:
    """The server; an asynchronous context.

    Args:
        answer: Called with a command's name and the command; returns the reply, or ``HANG_UP``
            or ``KEEP_WAITING``.

    Attributes:
        commands: Every command but the handshake's, in the order they came.
    """

    def __init__(self, answer: Answer | None = None) -> None:
        self.answer = answer or (lambda name, command: {"ok": 1})
        self.commands: list[dict[str, Any]] = []
        self._came = asyncio.Condition()
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._server: asyncio.Server
        self.port = 0

    @property
    def uri(self) -> str:
        """What to give to ``MotorClient``."""
        return f"mongodb://127.0.0.1:{self.port}/?directConnection=true"

    @property
    def names(self) -> list[str]:
        """The names of the commands that came."""
        return [next(iter(command)) for command in self.commands]

    async def wait_for(self, name: str) -> dict[str, Any]:
        """Wait until a command of this name has come, and return it."""
        async with self._came:
            await self._came.wait_for(lambda: name in self.names)
        return next(command for command in self.commands if next(iter(command)) == name)

    async def __aenter__(self) -> WireServer:
        await self.listen()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.shut_down()

    async def listen(self) -> None:
        """Begin to accept; on the same port as before, if there was one."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def shut_down(self) -> None:
        """Stop accepting and cut every connection."""
        self._server.close()
        for writer in self._connections.values():
            writer.transport.abort()
        if self._connections:
            await asyncio.wait(list(self._connections))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = writer
        try:
            while True:
                head = await reader.readexactly(16)
                size, request, _, opcode = struct.unpack("<iiii", head)
                body = await reader.readexactly(size - 16)
                reply = await self._reply(opcode, body)
                if reply is HANG_UP:
                    break
                if reply is not KEEP_WAITING:
                    writer.write(_frame(opcode, request, reply))
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client has hung up
        finally:
            del self._connections[task]
            writer.transport.abort()

    async def _reply(self, opcode: int, body: bytes) -> Mapping[str, Any]:
        if opcode == OP_QUERY:
            return self._hello()
        command, rest = _decode_message(body)
        name = next(iter(command))
        if name in SILENT:
            return self._hello() if name not in ("endSessions", "ping") else {"ok": 1}
        command.update(rest)
        async with self._came:
            self.commands.append(command)
            self._came.notify_all()
        return self.answer(name, command)

    def _hello(self) -> Mapping[str, Any]:
        me = f"127.0.0.1:{self.port}"
        return {
            "ok": 1,
            "helloOk": True,
            "ismaster": True,
            "isWritablePrimary": True,
            "setName": "script",
            "setVersion": 1,
            "hosts": [me],
            "me": me,
            "primary": me,
            "minWireVersion": 0,
            "maxWireVersion": 21,
            "maxBsonObjectSize": 16_777_216,
            "maxMessageSizeBytes": 48_000_000,
            "maxWriteBatchSize": 100_000,
            "logicalSessionTimeoutMinutes": 30,
        }


def _decode_message(body: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split an OP_MSG into its command and its sequences of documents."""
    command: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    at = 4
    while at < len(body):
        kind = body[at]
        (size,) = struct.unpack_from("<i", body, at + 1)
        part = body[at + 1 : at + 1 + size]
        at += 1 + size
        if kind == 0:
            command = bson.decode(part)
        else:
            name, _, sequence = part[4:].partition(b"\0")
            rest[name.decode()] = bson.decode_all(sequence)
    return command, rest


def _frame(opcode: int, request: int, reply: Mapping[str, Any]) -> bytes:
    if opcode == OP_QUERY:
        body = struct.pack("<iqii", 0, 0, 0, 1) + bson.encode(reply)
        opcode = OP_REPLY
    else:
        body = struct.pack("<ib", 0, 0) + bson.encode(reply)
    return struct.pack("<iiii", 16 + len(body), 1, request, opcode) + body
