"""What Tornado has as an extension in C: the masking of WebSocket payloads.

Door: names only. The function is a kernel, ``_proto/websocket/mask_cy.py``.
"""

from whirlwind._base.publish import publish
from whirlwind._proto.websocket.mask_cy import websocket_mask

__all__ = ["websocket_mask"]

publish(__name__, globals())
