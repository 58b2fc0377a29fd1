"""How a fetch on libcurl fails without a response.

Layer: HTTP. Imports from this package.
"""

from __future__ import annotations

from whirlwind._http.client.response import HTTPClientError


class CurlError(HTTPClientError):
    """A fetch that libcurl could not do; its ``code`` is 599.

    Args:
        errno: libcurl's number for what went wrong, one of ``pycurl.E_...``.
        message: What went wrong.

    Attributes:
        errno: As above.

    Source: https://curl.se/libcurl/c/libcurl-errors.html.
    """

    def __init__(self, errno: int, message: str) -> None:
        super().__init__(599, message)
        self.errno = errno

    def __reduce__(self) -> tuple[type[CurlError], tuple[int, str]]:
        # An exception is copied by its arguments, which the base class takes for its own.
        return type(self), (self.errno, self.message)
