"""HTTP/1 over streams: client and server connections for programs that hold an ``IOStream``.

Door: names only. The connections are in ``_http/stream_connection/``; what decides about framing
and numbers is in ``_proto/http1/``.
"""

from whirlwind._base.limits import MAX_INFORMATIONAL as _MAX_1XX_RESPONSES
from whirlwind._base.publish import publish
from whirlwind._http.stream_connection.connection import HTTP1Connection
from whirlwind._http.stream_connection.parameters import HTTP1ConnectionParameters
from whirlwind._http.stream_connection.server_connection import HTTP1ServerConnection
from whirlwind._proto.http1.framing import is_transfer_encoding_chunked
from whirlwind._proto.http1.numbers import (
    CR_OR_LF_RE,
    DIGITS,
    HEXDIGITS,
    parse_hex_int,
    parse_int,
)

__all__ = [
    "CR_OR_LF_RE",
    "DIGITS",
    "HEXDIGITS",
    "HTTP1Connection",
    "HTTP1ConnectionParameters",
    "HTTP1ServerConnection",
    "_MAX_1XX_RESPONSES",
    "is_transfer_encoding_chunked",
    "parse_hex_int",
    "parse_int",
]

publish(__name__, globals())
