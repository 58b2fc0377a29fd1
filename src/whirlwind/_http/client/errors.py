"""How a fetch fails without a response.

Layer: HTTP. Imports from this package.
"""

from __future__ import annotations

from whirlwind._http.client.response import HTTPClientError


class HTTPTimeoutError(HTTPClientError):
    """A fetch that took longer than it was given; the message says what it was doing.

    Args:
        message: ``"Timeout while connecting"``, ``"Timeout during request"`` and so on.
    """

    def __init__(self, message: str | None) -> None:
        super().__init__(599, message=message)

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
