"""The errors of WebSockets that programs see.

Layer: HTTP. Imports from ``_base``.
"""

from __future__ import annotations

from whirlwind._base.errors import WhirlwindError


class WebSocketError(WhirlwindError):
    """A WebSocket that did not come about, or something that went wrong with one."""


class WebSocketClosedError(WebSocketError):
    """A message for a WebSocket that is closed, or closing; it was not sent."""
