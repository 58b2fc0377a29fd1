"""What a server answers where there is no request to answer.

Layer: HTTP. Imports from ``_base``, ``_proto`` and within ``_http``. Both kinds of a server's
connection decide by it, that over a transport and that over a stream.
"""

from __future__ import annotations

from whirlwind._base.log import gen_log
from whirlwind._base.log_text import log_text
from whirlwind._http.server.exchange import date_line, status_line
from whirlwind._proto.http.errors import HTTPInputError
from whirlwind._proto.http.status import responses
from whirlwind._proto.http1.request_head import MalformedRequestLine


def log_refusal(error: HTTPInputError, peer: object) -> None:
    """Write to the log what was refused, in the words that Tornado has for it."""
    what = (
        "Unsatisfiable read, closing connection"
        if error.status in (414, 431)
        else "Malformed HTTP message"
    )
    gen_log.info("%s from %s: %s", what, peer, log_text(str(error)))


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
