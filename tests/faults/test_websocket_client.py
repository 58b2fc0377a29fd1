"""A server that fails at each stage of a WebSocket: before it is open, and while it is used."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest
from tests.support.faulty_peer import FaultyPeer, Script, Wire, reply
from tests.support.leftovers import nothing_is_left
from tests.support.scripted_http import run

from whirlwind.httpclient import HTTPRequest
from whirlwind.simple_httpclient import HTTPStreamClosedError, HTTPTimeoutError
from whirlwind.websocket import WebSocketClientConnection, WebSocketClosedError, websocket_connect

ENDS: dict[str, Script] = {"reset": Wire.reset, "half-close": Wire.hang_up, "close": Wire.finish}


def sends(data: bytes) -> Script:
    return reply(data, lambda wire: None)


BEFORE = "before a response came"
HEADER = "in the middle of the response's header"
HANDSHAKE: dict[str, tuple[Script, str]] = {
    "request": (sends(b""), BEFORE),
    "status line": (sends(b"HTTP/1.1 10"), HEADER),
    "fields": (sends(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"), HEADER),
}


def opened(data: bytes) -> Script:
    """Answer the handshake as one should, then send something."""

    def script(wire: Wire) -> None:
        found = re.search(rb"(?i)sec-websocket-key: (\S+)", wire.head())
        assert found is not None
        guid = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
        accept = base64.b64encode(hashlib.sha1(found[1] + guid).digest())
        wire.send(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n" + data
        )

    return script


# What is sent once it is open; the messages and the close code that are seen of it.
OPEN: dict[str, tuple[bytes, list[str | bytes], int | None]] = {
    "nothing": (b"", [], None),
    "half a header": (b"\x82", [], None),
    "half a payload": (b"\x82\x05ab", [], None),
    "one fragment of two": (b"\x02\x02ab", [], None),
    "a message and half": (b"\x81\x02hi\x81\x02h", ["hi"], None),
    "a close frame": (b"\x81\x02hi\x88\x02\x03\xe9", ["hi"], 1001),
}


async def connect(port: int) -> WebSocketClientConnection:
    return await websocket_connect(HTTPRequest(f"ws://127.0.0.1:{port}/", connect_timeout=0.3))


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("stage", HANDSHAKE)
def test_a_server_that_ends_in_the_handshake_is_an_error_that_names_the_stage(
    stage: str, end: str
) -> None:
    before, where = HANDSHAKE[stage]

    def script(wire: Wire) -> None:
        before(wire)
        ENDS[end](wire)

    async def main() -> None:
        with FaultyPeer(script, opened(b"\x81\x02hi\x88\x00")) as peer:
            async with nothing_is_left():
                how = "reset" if end == "reset" else "closed"
                with pytest.raises(HTTPStreamClosedError, match=f"^Connection {how} {where}"):
                    await connect(peer.port)
                connection = await connect(peer.port)
                assert await connection.read_message() == "hi"
                assert await connection.read_message() is None
                del connection

    run(main())


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("stage", OPEN)
def test_who_reads_from_a_websocket_that_ends_gets_what_came_and_then_none(
    stage: str, end: str
) -> None:
    sent, messages, code = OPEN[stage]

    def script(wire: Wire) -> None:
        opened(sent)(wire)
        ENDS[end](wire)

    async def main() -> None:
        with FaultyPeer(script) as peer:
            async with nothing_is_left():
                connection = await connect(peer.port)
                read: list[str | bytes] = []
                while (message := await connection.read_message()) is not None:
                    read.append(message)
                assert read == messages
                assert connection.close_code == code
                # Whoever comes later hears the same, and nobody waits for ever.
                assert await connection.read_message() is None
                with pytest.raises(WebSocketClosedError):
                    await connection.write_message("late")
                with pytest.raises(WebSocketClosedError):
                    connection.ping(b"late")
                connection.close()
                del connection, message

    run(main())


def test_who_writes_to_a_server_that_reads_nothing_learns_of_its_end() -> None:
    """Back-pressure: the writer waits for room, and is told that there will be none."""

    def script(wire: Wire) -> None:
        opened(b"")(wire)
        wire.read(100_000)
        wire.reset()

    async def main() -> None:
        with FaultyPeer(script) as peer:
            async with nothing_is_left():
                connection = await connect(peer.port)
                with pytest.raises(WebSocketClosedError):
                    while True:
                        await connection.write_message(b"x" * 1_000_000, binary=True)
                assert await connection.read_message() is None
                del connection

    run(main())


@pytest.mark.parametrize("code", [200, 302, 401, 503])
def test_an_answer_that_opens_nothing_is_an_error_and_closes_the_connection(code: int) -> None:
    answer = f"HTTP/1.1 {code} No\r\nLocation: /there\r\nContent-Length: 2\r\n\r\nno".encode()

    async def main() -> None:
        with FaultyPeer(reply(answer)) as peer:
            async with nothing_is_left():
                with pytest.raises(Exception, match=r"Non-websocket|HTTP \d+|redirect"):
                    await connect(peer.port)

    run(main())


@pytest.mark.parametrize("hangs", ["before", "within"])
def test_a_server_that_never_answers_is_given_up(hangs: str) -> None:
    async def main() -> None:
        sent = b"" if hangs == "before" else b"HTTP/1.1 101 Switching Protocols\r\nUpgr"
        with FaultyPeer(reply(sent)) as peer:
            async with nothing_is_left():
                request = HTTPRequest(f"ws://127.0.0.1:{peer.port}/", request_timeout=0.2)
                with pytest.raises(HTTPTimeoutError) as caught:
                    await websocket_connect(request)
                assert caught.value.stage == ("starttransfer" if hangs == "before" else "total")
                del caught

    run(main())
