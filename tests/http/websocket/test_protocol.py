"""What programs know of the protocol object: its pings, by the clock, and its constants."""

from __future__ import annotations

import asyncio

from tests.support import loops
from tests.support.scripted_websocket import frame, opened

from whirlwind._http.websocket.protocol import WebSocketProtocol13

PING = b"\x89\x00"


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


def test_the_time_to_the_next_ping_is_never_negative() -> None:
    sleep_time = WebSocketProtocol13.ping_sleep_time
    assert sleep_time(last_ping_time=100, interval=10, now=104) == 6
    assert sleep_time(last_ping_time=100, interval=10, now=110) == 0
    assert sleep_time(last_ping_time=100, interval=10, now=200) == 0


def test_frames_are_made_of_the_bits_that_programs_know() -> None:
    assert WebSocketProtocol13.RSV_MASK == 0x70
    assert WebSocketProtocol13.FIN | WebSocketProtocol13.OPCODE_MASK == 0x8F
    key = "dGhlIHNhbXBsZSBub25jZQ=="
    accept = WebSocketProtocol13.compute_accept_value(key)
    assert accept == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
