"""A WebSocket's protocol object over a transport that is scripted, for what goes by the clock."""

from __future__ import annotations

from typing import Any

from whirlwind._http.websocket.params import WebSocketParams
from whirlwind._http.websocket.protocol import WebSocketProtocol13
from whirlwind._proto.websocket.frames_cy import encode_frame

MASK = b"mask"


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


def opened(*, client: bool = False, **params: Any) -> tuple[WebSocketProtocol13, Any, Delegate]:
    delegate = Delegate()
    protocol = WebSocketProtocol13(delegate, client, WebSocketParams(**params))
    transport: Any = Transport()
    protocol._open(None)
    protocol.take_over(transport, b"")
    return protocol, transport, delegate


def frame(first: int, payload: bytes = b"") -> bytes:
    wire: bytes = encode_frame(first, payload, MASK)
    return wire
