"""What comes in, over a transport that is scripted for that."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.support import loops
from tests.support.scripted_websocket import MASK, frame, opened

from whirlwind._proto.websocket.frames_cy import encode_frame


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


@pytest.mark.parametrize("client", [False, True], ids=["server", "client"])
@pytest.mark.parametrize("pieces", [1, 2, 7])
def test_a_message_of_very_many_fragments_arrives_whole(client: bool, pieces: int) -> None:
    """Nothing but fragments may come in a turn, and none of them is told to the program."""

    async def main() -> None:
        protocol, transport, delegate = opened(client=client)
        mask = None if client else MASK
        wire = encode_frame(0x02, b"0", mask)
        wire += b"".join(encode_frame(0x00, b"%d" % (n % 10), mask) for n in range(1, 2000))
        wire += encode_frame(0x80, b"!", mask)
        size = -(-len(wire) // pieces)
        for at in range(0, len(wire), size):
            protocol.data_received(wire[at : at + size])
        for _ in range(20):
            await asyncio.sleep(0)
        assert delegate.told == [b"0123456789" * 200 + b"!"]
        assert not transport.paused
        protocol.connection_lost(None)

    loops.run(main())


def test_a_message_of_very_many_fragments_counts_if_the_connection_ends_behind_it() -> None:
    async def main() -> None:
        protocol, _, delegate = opened()
        protocol.data_received(
            frame(0x02, b"0") + frame(0x00, b"1") * 2000 + frame(0x80, b"2") + frame(0x81, b"next")
        )
        protocol.connection_lost(None)
        assert delegate.told == [b"0" + b"1" * 2000 + b"2", "next", ("close", None, None)]

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


@pytest.mark.parametrize("last", [b"\x88\x00", b"\xff\x00"], ids=["close", "broken"])
def test_a_client_has_a_turn_between_a_message_and_the_end_that_came_with_it(last: bytes) -> None:
    async def main() -> None:
        protocol, transport, delegate = opened(client=True)
        protocol.data_received(b"\x81\x01x" + last)
        assert delegate.told == ["x"]
        assert protocol.write_message("answer").exception() is None
        assert len(transport.written) == 1
        await asyncio.sleep(0)
        assert len(transport.written) > 1
        assert protocol.client_terminated
        protocol.connection_lost(None)
        assert delegate.told[1][0] == "close"

    loops.run(main())


def test_the_handler_is_let_go_at_the_end() -> None:
    async def main() -> None:
        protocol, _, delegate = opened()
        assert protocol.handler is delegate
        stream = protocol.stream
        protocol.connection_lost(None)
        handler: Any = protocol.handler
        assert handler is None
        assert stream is not None
        assert stream.closed()
        stream.close()
        stream.set_nodelay(True)
        stream.set_close_callback(None)

    loops.run(main())


def test_but_not_before_what_it_is_at_is_done() -> None:
    async def main() -> None:
        protocol, _, delegate = opened()
        waited = delegate.wait_for = asyncio.get_running_loop().create_future()
        protocol.data_received(frame(0x81, b"1"))
        protocol.connection_lost(None)
        assert protocol.handler is delegate
        error = ValueError("broken")
        waited.set_exception(error)
        await asyncio.sleep(0)
        assert delegate.told == ["1", ("close", None, None), error]
        handler: Any = protocol.handler
        assert handler is None

    loops.run(main())


def test_what_a_failed_peer_sends_on_is_read_also_if_it_had_been_held_back() -> None:
    async def main() -> None:
        protocol, transport, delegate = opened()
        waited = delegate.wait_for = asyncio.get_running_loop().create_future()
        protocol.data_received(frame(0x81, b"1") + b"\xff\x00")
        protocol.data_received(frame(0x81, b"2"))
        assert transport.paused
        waited.set_result(None)
        await asyncio.sleep(0)
        # Else its closing would not be noticed, and the close frame be lost in a reset.
        assert not transport.paused
        assert delegate.told == ["1", ("close", None, None)]
        assert transport.written[-1] == b"EOF"
        protocol.connection_lost(None)

    loops.run(main())
