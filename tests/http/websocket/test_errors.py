"""The errors of WebSockets."""

from __future__ import annotations

from whirlwind._base.errors import WhirlwindError
from whirlwind._http.websocket.errors import WebSocketClosedError, WebSocketError


def test_a_closed_websocket_is_an_error_of_websockets() -> None:
    assert issubclass(WebSocketClosedError, WebSocketError)
    assert issubclass(WebSocketError, WhirlwindError)
