"""What goes out, and the closing, over a transport that is scripted for that."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.support import loops
from tests.support.scripted_websocket import frame, opened

from whirlwind._http.websocket.errors import WebSocketClosedError


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


@pytest.mark.parametrize("size", [126, 1000])
def test_a_ping_that_may_not_be_sent_is_refused(size: int) -> None:
    async def main() -> None:
        protocol, transport, _ = opened()
        with pytest.raises(ValueError, match="125"):
            protocol.write_ping(bytes(size))
        assert transport.written == []
        protocol.connection_lost(None)

    loops.run(main())


def test_what_waits_for_room_is_done_with_it_and_fails_with_the_end() -> None:
    async def main() -> None:
        protocol, transport, _ = opened()
        assert protocol.write_message("a").done()
        protocol.pause_writing()
        first, second = protocol.write_message(b"b", binary=True), protocol.write_message("c")
        assert not first.done()
        assert not second.done()
        protocol.resume_writing()
        assert first.done()
        assert second.done()
        protocol.pause_writing()
        third = protocol.write_message("d")
        protocol.connection_lost(ConnectionResetError("gone"))
        assert transport.written == [b"\x81\x01a", b"\x82\x01b", b"\x81\x01c", b"\x81\x01d"]
        with pytest.raises(WebSocketClosedError) as caught:
            await third
        assert isinstance(caught.value.__cause__, ConnectionResetError)
        with pytest.raises(WebSocketClosedError):
            await protocol.write_message("too late")

    loops.run(main())


def test_of_the_pongs_that_wait_only_the_last_one_goes_out() -> None:
    async def main() -> None:
        protocol, transport, _ = opened()
        protocol.pause_writing()
        for number in range(5):
            protocol.data_received(frame(0x89, b"%d" % number))
        assert transport.written == [b"\x8a\x010"]
        protocol.resume_writing()
        await asyncio.sleep(0)
        assert transport.written == [b"\x8a\x010", b"\x8a\x014"]
        protocol.connection_lost(None)

    loops.run(main())


@pytest.mark.parametrize("message", [None, 5, ["a"]])
def test_what_is_no_message_is_refused(message: Any) -> None:
    async def main() -> None:
        protocol, transport, _ = opened()
        with pytest.raises(TypeError, match="Expected bytes"):
            protocol.write_message(message)
        assert not transport.written
        protocol.connection_lost(None)

    loops.run(main())
