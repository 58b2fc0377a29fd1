"""What a server answers where there is no request to answer.

Layer: HTTP. Imports from ``_proto`` and within ``_http``.
"""

from __future__ import annotations

from whirlwind._http.server.exchange import date_line, status_line
from whirlwind._proto.http.errors import HTTPInputError
from whirlwind._proto.http.status import responses
from whirlwind._proto.http1.request_head import MalformedRequestLine


def refusal(error: HTTPInputError, *, in_head: bool, now: float) -> bytes:
    """Return the whole answer to what was refused; the connection closes after it.

    It has no length, and ends with the connection, as Tornado's does. Tornado's suite wants the
    status alone, to the byte, for what is no HTTP and for bodies.

    Args:
        error: Why it was refused.
        in_head: Whether no request had begun yet.
        now: The time of day, for the field Date.
    """
    status = error.status or 400
    fields = b""
    if (in_head and not isinstance(error, MalformedRequestLine)) or status != 400:
        fields = date_line(now) + b"Connection: close\r\n"
    return status_line(status, responses[status]) + fields + b"\r\n"
