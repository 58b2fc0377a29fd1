"""What the connection does by the clock, and over transports that are scripted for that."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.conftest import LogWatch
from tests.support import loops

from whirlwind._http.websocket.params import WebSocketParams, de_dupe_gen_log
from whirlwind._http.websocket.protocol import WebSocketProtocol13
from whirlwind._proto.websocket.frames_cy import encode_frame

MASK = b"mask"
PING = b"\x89\x00"


class Transport:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.ended: Any = None
        self.paused = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def is_closing(self) -> bool:
        return self.ended is not None

    def close(self) -> None:
        self.ended = self.ended or "closed"

    def abort(self) -> None:
        self.ended = "aborted"

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.written.append(b"EOF")

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def get_extra_info(self, name: str) -> None:
        return None


class Delegate:
    """Keeps what it is told; waits where it is told to."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.wait_for: Any = None

    def on_message(self, message: str | bytes) -> Any:
        self.told.append(message)
        return self.wait_for

    def on_ping(self, data: bytes) -> None:
        self.told.append(("ping", data))

    def on_pong(self, data: bytes) -> None:
        self.told.append(("pong", data))

    def on_ws_connection_close(self, close_code: Any = None, close_reason: Any = None) -> None:
        self.told.append(("close", close_code, close_reason))

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        self.told.append(value)


def opened(**params: Any) -> tuple[WebSocketProtocol13, Any, Delegate]:
    delegate = Delegate()
    protocol = WebSocketProtocol13(delegate, False, WebSocketParams(**params))
    transport: Any = Transport()
    protocol._open(None)
    protocol.take_over(transport, b"")
    return protocol, transport, delegate


def frame(first: int, payload: bytes = b"") -> bytes:
    wire: bytes = encode_frame(first, payload, MASK)
    return wire


def test_pings_go_out_at_their_interval_while_pongs_come_back() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        protocol, transport, _ = opened(ping_interval=10, ping_timeout=4)
        for number in range(1, 4):
            await asyncio.sleep(10.5 if number == 1 else 10)
            assert transport.written == [PING] * number
            assert loop.time() == 10 * number + 0.5
            protocol.data_received(frame(0x8A))
        await asyncio.sleep(13)
        assert transport.written[3:] == [PING]
        await asyncio.sleep(1)
        assert transport.written[4] == b"\x88\x10\x03\xe8ping timed out"
        assert not transport.ended
        await asyncio.sleep(6)
        assert transport.ended == "aborted"
        protocol.connection_lost(None)

    loops.run(main())


def test_a_pong_behind_a_message_that_takes_long_was_not_missed() -> None:
    async def main() -> None:
        protocol, transport, delegate = opened(ping_interval=10, ping_timeout=4)
        delegate.wait_for = asyncio.get_running_loop().create_future()
        protocol.data_received(frame(0x81, b"x"))
        await asyncio.sleep(11)
        protocol.data_received(frame(0x8A))
        await asyncio.sleep(20)
        assert transport.written == [PING] * 3
        delegate.wait_for.set_result(None)
        await asyncio.sleep(0)
        assert delegate.told == ["x", ("pong", b"")]
        protocol.connection_lost(None)

    loops.run(main())


def test_without_a_timeout_pings_only_keep_the_connection_busy() -> None:
    async def main() -> None:
        protocol, transport, _ = opened(ping_interval=10, ping_timeout=0)
        await asyncio.sleep(45)
        assert transport.written == [PING] * 4
        protocol.connection_lost(None)
        await asyncio.sleep(45)
        assert len(transport.written) == 4

    loops.run(main())


def test_a_timeout_is_not_longer_than_the_interval_and_that_is_said_once(logs: LogWatch) -> None:
    async def main() -> None:
        de_dupe_gen_log.cache_clear()
        for _ in range(3):
            protocol, _, _ = opened(ping_interval=10, ping_timeout=20)
            assert protocol.ping_timeout == 10
            protocol.connection_lost(None)

    with logs.expect("whirlwind.general", "websocket_ping_timeout"):
        loops.run(main())


def test_the_time_to_the_next_ping_is_never_negative() -> None:
    sleep_time = WebSocketProtocol13.ping_sleep_time
    assert sleep_time(last_ping_time=100, interval=10, now=104) == 6
    assert sleep_time(last_ping_time=100, interval=10, now=110) == 0
    assert sleep_time(last_ping_time=100, interval=10, now=200) == 0


def test_a_peer_that_does_not_answer_a_close_frame_gets_five_seconds() -> None:
    async def main() -> None:
        protocol, transport, _ = opened()
        protocol.close()
        await asyncio.sleep(4.9)
        assert not transport.ended
        await asyncio.sleep(0.2)
        assert transport.ended == "aborted"
        protocol.connection_lost(None)

    loops.run(main())


def test_security_what_a_failed_peer_still_sends_is_thrown_away_within_a_bound() -> None:
    """Rule 5: every quantity has a limit."""

    async def main() -> None:
        protocol, transport, delegate = opened()
        protocol.data_received(b"\x81\x00")
        assert transport.written[0].startswith(b"\x88")
        assert transport.written[1] == b"EOF"
        assert delegate.told == [("close", None, None)]
        for _ in range(16):
            assert not transport.ended
            protocol.data_received(bytes(65_536))
        assert transport.ended == "aborted"
        protocol.connection_lost(None)
        assert len(delegate.told) == 1

    loops.run(main())


def test_security_a_flood_of_tiny_frames_lets_the_loop_breathe() -> None:
    """Rule 6: yield to the loop at bounded work."""

    async def main() -> None:
        protocol, _, delegate = opened()
        protocol.data_received(frame(0x81, b"x") * 1000)
        turns = [len(delegate.told)]
        while len(delegate.told) < 1000:
            await asyncio.sleep(0)
            turns.append(len(delegate.told))
        assert turns == [256, 512, 768, 1000]
        protocol.connection_lost(None)

    loops.run(main())


def test_the_peer_is_held_back_with_the_first_bytes_too_many() -> None:
    async def main() -> None:
        protocol, transport, delegate = opened()
        delegate.wait_for = asyncio.get_running_loop().create_future()
        protocol.data_received(frame(0x81, b"1"))
        assert not transport.paused
        protocol.data_received(frame(0x81, b"2"))
        assert transport.paused
        waited, delegate.wait_for = delegate.wait_for, None
        waited.set_result(None)
        await asyncio.sleep(0)
        assert delegate.told == ["1", "2"]
        assert not transport.paused
        protocol.connection_lost(None)

    loops.run(main())


def test_frames_are_made_of_the_bits_that_programs_know() -> None:
    assert WebSocketProtocol13.RSV_MASK == 0x70
    assert WebSocketProtocol13.FIN | WebSocketProtocol13.OPCODE_MASK == 0x8F
    key = "dGhlIHNhbXBsZSBub25jZQ=="
    accept = WebSocketProtocol13.compute_accept_value(key)
    assert accept == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


@pytest.mark.parametrize("size", [126, 1000])
def test_a_ping_that_may_not_be_sent_is_refused(size: int) -> None:
    async def main() -> None:
        protocol, transport, _ = opened()
        with pytest.raises(ValueError, match="125"):
            protocol.write_ping(bytes(size))
        assert transport.written == []
        protocol.connection_lost(None)

    loops.run(main())
