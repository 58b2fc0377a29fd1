"""WebSockets that end badly, peers that do not read, messages that blow up; what is left."""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import socket
import struct
import zlib
from typing import Any

import pytest
import uvloop
from tests.support.raw_http import run
from tests.support.websockets import Recorder, frame, handshake, open_raw, serving_websocket

from whirlwind._proto.websocket.events import Closed, Pong
from whirlwind.websocket import WebSocketClosedError, WebSocketHandler

FACTORIES = [asyncio.SelectorEventLoop, uvloop.new_event_loop]


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def reset(client: socket.socket) -> None:
    """Have a connection end with a reset and not in order."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def many_descriptors(count: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, hard), hard))


class Leaving(WebSocketHandler):
    """Counts who is there; each one has pings, a timer of its own and somebody who waits."""

    here: set[WebSocketHandler] = set()
    seen = 0
    writing = 0
    failed = 0

    def open(self, path: str) -> None:
        Leaving.here.add(self)
        Leaving.seen += 1

    async def on_message(self, message: str | bytes) -> None:
        Leaving.writing += 1
        try:
            while True:  # nobody reads: it waits once the sockets' buffers are full
                await self.write_message(bytes(1 << 20), binary=True)
        except WebSocketClosedError:
            Leaving.failed += 1

    def on_close(self) -> None:
        Leaving.here.discard(self)


@pytest.mark.parametrize("how", ["reset", "closed", "reset while it writes"])
@pytest.mark.parametrize("factory", FACTORIES)
def test_a_thousand_clients_that_leave_at_once_leave_nothing_behind(factory: Any, how: str) -> None:
    count = 50 if how == "reset while it writes" else 1000
    many_descriptors(3 * count)

    async def main() -> None:
        Leaving.here.clear()
        Leaving.seen = Leaving.writing = Leaving.failed = 0
        settings = {"websocket_ping_interval": 100}
        async with serving_websocket(Leaving, settings=settings) as running:
            # A thousand at once need a longer line to wait in.
            listening = socket.create_server(("127.0.0.1", 0), backlog=count)
            listening.setblocking(False)
            running.server.add_socket(listening)
            address = listening.getsockname()
            loop = asyncio.get_running_loop()
            tasks, before = len(asyncio.all_tasks()), descriptors()
            clients = []
            for _ in range(count):
                client = socket.socket()
                client.setblocking(False)
                await loop.sock_connect(client, address)
                wire = handshake() + (frame(0x81, b"x") if "writes" in how else b"")
                await loop.sock_sendall(client, wire)
                clients.append(client)
            written = count if "writes" in how else 0
            while len(Leaving.here) < count or Leaving.writing < written:
                await asyncio.sleep(0)
            assert len(running.server._adopted) == count
            for client in clients:
                client.close() if how == "closed" else reset(client)
            clients.clear()
            while Leaving.here or running.server._adopted:
                await asyncio.sleep(0)
            for _ in range(10):
                await asyncio.sleep(0)
            assert Leaving.seen == count
            assert Leaving.failed == written
            assert len(asyncio.all_tasks()) == tasks
            assert descriptors() == before
            assert pending_timers(loop) == 0

    run(lambda: asyncio.wait_for(main(), 60), factory)


def pending_timers(loop: asyncio.AbstractEventLoop) -> int:
    """Timers that have not been cancelled, but for those of ``run`` and ``main`` themselves."""
    scheduled = getattr(loop, "_scheduled", None)
    if scheduled is None:
        return 0  # uvloop does not say
    return max(0, sum(not timer.cancelled() for timer in scheduled) - 2)


@pytest.mark.parametrize("factory", FACTORIES)
@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(handshake()[:40], id="half a handshake"),
        pytest.param(handshake(), id="the handshake"),
        pytest.param(handshake() + b"\x81", id="half a header"),
        pytest.param(handshake() + frame(0x81, b"x" * 1000)[:-1], id="all but a byte"),
        pytest.param(handshake() + frame(0x01, b"x"), id="a fragment"),
        pytest.param(handshake() + frame(0x88, b"\x03\xe8"), id="a close frame"),
    ],
)
@pytest.mark.parametrize("how", ["reset", "half-closed"])
def test_a_connection_may_end_at_any_stage(how: str, wire: bytes, factory: Any) -> None:
    async def main() -> None:
        told: asyncio.Queue[Any] = asyncio.Queue()
        async with serving_websocket(Recorder, arguments={"told": told}) as running:
            before = descriptors()
            loop = asyncio.get_running_loop()
            client = socket.socket()
            client.setblocking(False)
            await loop.sock_connect(client, ("127.0.0.1", running.port))
            await loop.sock_sendall(client, wire)
            opened = wire.startswith(handshake())
            if opened:
                assert await told.get() == ("open", "")
            if how == "reset":
                reset(client)
            else:
                client.shutdown(socket.SHUT_WR)
            if opened:
                kind, code, _ = await told.get()
                assert kind == "close"
                assert code in ((1000, None) if b"\x88" in wire else (None,))
            if how == "half-closed":
                while await loop.sock_recv(client, 65536):
                    pass
                client.close()
            # Where nothing was told it may not even have been accepted yet.
            while running.server._open() or running.server._adopted or descriptors() != before:
                await asyncio.sleep(0)
            assert told.empty()

    run(main, factory)


def bomb(size: int) -> bytes:
    """A message that is ``size`` zeros once it is inflated."""
    compressor = zlib.compressobj(9, wbits=-15)
    return (compressor.compress(bytes(size)) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]


class Compressing(Recorder):
    def get_compression_options(self) -> dict[str, Any]:
        return {}


@pytest.mark.parametrize("fragments", [1, 7])
def test_security_a_message_that_inflates_beyond_the_limit_costs_no_memory(fragments: int) -> None:
    """Rule 14: limits after inflate; 200 MB in 200 KB, and the default limit of 10 MiB."""
    payload = bomb(200_000_000)
    assert len(payload) < 250_000
    step = -(-len(payload) // fragments)
    pieces = [payload[at : at + step] for at in range(0, len(payload), step)]
    wire = b"".join(
        frame((0x42 if number == 0 else 0x00) | (0x80 if number == len(pieces) - 1 else 0), piece)
        for number, piece in enumerate(pieces)
    )

    async def main() -> None:
        told: asyncio.Queue[Any] = asyncio.Queue()
        async with serving_websocket(Compressing, arguments={"told": told}) as running:
            peer = await open_raw(running, Sec_WebSocket_Extensions="permessage-deflate")
            gc.collect()
            before = peak_memory()
            await peer.send(wire)
            assert await peer.next() == Closed(1009, "message too big")
            assert peak_memory() - before < 40 << 20
            assert await told.get() == ("open", "")
            assert await told.get() == ("close", None, None)

    run(main)


def peak_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def test_security_a_peer_that_stops_to_read_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rule 6: a peer that takes nothing for SEND_TIMEOUT does not hold its connection."""
    monkeypatch.setattr("whirlwind._http.slow_reader.SEND_TIMEOUT", 0.01)
    ended: list[Any] = []

    class Pouring(WebSocketHandler):
        async def open(self, path: str) -> None:
            try:
                while True:
                    await self.write_message(bytes(1 << 20), binary=True)
            except WebSocketClosedError:
                ended.append("told")

        def on_close(self) -> None:
            ended.append("closed")

    async def main() -> None:
        async with serving_websocket(Pouring) as running:
            await open_raw(running)
            running.server.look_within(0.02)
            while len(ended) < 2:
                await asyncio.sleep(0)
            assert sorted(ended) == ["closed", "told"]

    run(main)


def test_a_slow_reader_holds_up_who_waits_for_it_and_nobody_else() -> None:
    class Pouring(WebSocketHandler):
        sent = 0

        async def on_message(self, message: str | bytes) -> None:
            for _ in range(50):
                await self.write_message(bytes(1 << 20), binary=True)
                Pouring.sent += 1

    async def main() -> None:
        async with serving_websocket(Pouring) as running:
            slow, quick = await open_raw(running), await open_raw(running)
            await slow.send(frame(0x81, b"x"))
            await quick.send(frame(0x81, b"x"))
            for _ in range(50):
                assert await quick.next() == bytes(1 << 20)
            assert 50 <= Pouring.sent < 100
            for _ in range(50):
                assert await slow.next() == bytes(1 << 20)
            await slow.send(frame(0x88))
            assert await slow.next() == Closed(None, None)
            assert Pouring.sent == 100

    run(main)


def test_messages_of_several_hands_do_not_mix() -> None:
    """Fragments of one message, a ping between them; answers are in the order of the messages."""

    class Slow(WebSocketHandler):
        async def on_message(self, message: str | bytes) -> None:
            await asyncio.sleep(0)
            self.write_message(f"{len(message)}")

    async def main() -> None:
        async with serving_websocket(Slow) as running:
            peer = await open_raw(running)
            await peer.send(
                frame(0x01, b"a" * 10),
                frame(0x89, b"p"),
                frame(0x00, b"b" * 10),
                frame(0x80),
                frame(0x82, b"c" * 3),
            )
            assert [await peer.next() for _ in range(3)] == [Pong(b"p"), "20", "3"]

    run(main)
