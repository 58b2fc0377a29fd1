"""What handlers and clients have in common."""

from __future__ import annotations

import pytest
from tests.support import loops
from tests.support.scripted_websocket import opened

from whirlwind._http.websocket.errors import WebSocketClosedError
from whirlwind._http.websocket.interface import WebSocketProtocol, send_ping


def test_a_ping_is_text_or_bytes_and_for_an_open_websocket() -> None:
    async def main() -> None:
        protocol, transport, _ = opened()
        send_ping(protocol, "ü")
        send_ping(protocol, b"\xff")
        assert transport.written == [b"\x89\x02\xc3\xbc", b"\x89\x01\xff"]
        protocol.close()
        for closed in (protocol, None):
            with pytest.raises(WebSocketClosedError):
                send_ping(closed, b"")
        protocol.connection_lost(None)

    loops.run(main())


def test_a_protocol_has_to_say_how_it_does_everything() -> None:
    with pytest.raises(TypeError, match="abstract"):
        WebSocketProtocol(None)  # type: ignore[abstract,arg-type]
