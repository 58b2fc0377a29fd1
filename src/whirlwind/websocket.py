"""WebSockets: handlers for web applications, and a client.

Door: names only. The handler is in ``_web/websocket.py``, connection and client in
``_http/websocket/``, the protocol, without I/O, in ``_proto/websocket/``.
"""

from whirlwind._base.limits import MAX_MESSAGE_SIZE
from whirlwind._base.publish import publish
from whirlwind._http.websocket.client import WebSocketClientConnection, websocket_connect
from whirlwind._http.websocket.errors import WebSocketClosedError, WebSocketError
from whirlwind._http.websocket.interface import WebSocketProtocol
from whirlwind._http.websocket.params import WebSocketParams, de_dupe_gen_log
from whirlwind._http.websocket.protocol import WebSocketProtocol13
from whirlwind._proto.websocket.deflate import (
    DecompressTooLargeError,
    MessageCompressor,
    MessageDecompressor,
)
from whirlwind._web.websocket import WebSocketHandler

__all__ = [
    "WebSocketClientConnection",
    "WebSocketClosedError",
    "WebSocketError",
    "WebSocketHandler",
    "WebSocketProtocol",
    "WebSocketProtocol13",
    "de_dupe_gen_log",
    "websocket_connect",
]

# Private names that programs, and Tornado's own tests, have come to use all the same.
_default_max_message_size = MAX_MESSAGE_SIZE
_DecompressTooLargeError = DecompressTooLargeError
_PerMessageDeflateCompressor = MessageCompressor
_PerMessageDeflateDecompressor = MessageDecompressor
_WebSocketParams = WebSocketParams

publish(__name__, globals())
