"""How a fetch fails without a response.

Layer: HTTP. Imports from ``_base``, ``_net``, ``_proto`` and this package.
"""

from __future__ import annotations

import errno

from whirlwind._base.log import gen_log
from whirlwind._http.client.response import HTTPClientError
from whirlwind._net.stream_errors import UnsatisfiableReadError
from whirlwind._proto.http.errors import HTTPInputError


class HTTPTimeoutError(HTTPClientError):
    """A fetch that took longer than it was given; the message says what it was doing.

    Args:
        message: ``"Timeout while connecting"``, ``"Timeout during request"`` and so on.

    Attributes:
        stage: What it was doing, under its name in ``HTTPResponse.time_info``: ``"queue"``,
            ``"namelookup"``, ``"connect"``, ``"appconnect"`` (TLS, or a proxy's tunnel),
            ``"starttransfer"`` (no byte of the response came), ``"total"`` (not all of it did);
            empty if unknown.
        time_info: How long the stages before took, in seconds, as in ``HTTPResponse``.
    """

    stage = ""

    def __init__(self, message: str | None) -> None:
        super().__init__(599, message=message)
        self.time_info: dict[str, float] = {}

    def __str__(self) -> str:
        return self.message


class HTTPStreamClosedError(HTTPClientError):
    """A connection that ended before the response did, or was closed because of what came.

    Args:
        message: What was wrong.
    """

    def __init__(self, message: str | None) -> None:
        super().__init__(599, message=message)

    def __str__(self) -> str:
        return self.message


class HTTPStreamResetError(HTTPStreamClosedError, ConnectionResetError):
    """A connection that was cut, rather than closed, before the response was complete.

    Tornado raises the ``ConnectionResetError`` itself, so programs look for an ``OSError`` here.

    Args:
        message: What was wrong.
        number: The system's ``errno``.
    """

    def __init__(self, message: str | None, number: int = errno.ECONNRESET) -> None:
        super().__init__(message)
        # OSError has taken the first two of HTTPClientError's arguments for its own.
        self.errno = number
        self.strerror = message


class HTTPProxyError(HTTPClientError):
    """A proxy that opens no tunnel to the server; nothing reached the server.

    Args:
        proxy: Host and port of the proxy.
        message: What it said instead.
        proxy_code: Its status, such as 403 or 407; None if it sent none.

    Attributes:
        proxy_code: As above. ``code`` is 599, as for all that ends without a response.
    """

    def __init__(self, proxy: str, message: str, proxy_code: int | None = None) -> None:
        super().__init__(599, message=f"proxy {proxy}: {message}")
        self.proxy_code = proxy_code

    def __str__(self) -> str:
        return self.message


def refused_response(error: HTTPInputError) -> Exception:
    """Log that a response was refused, and return what its fetch fails with.

    Args:
        error: What is wrong with it; becomes the cause.
    """
    if error.status == 431:
        gen_log.info("Unsatisfiable read, closing connection: %s", error)
        refused: Exception = UnsatisfiableReadError(str(error))
    else:
        gen_log.info("Malformed HTTP message from None: %s", error)
        refused = HTTPStreamClosedError(f"Connection closed: {error}")
    refused.__cause__ = error
    return refused
