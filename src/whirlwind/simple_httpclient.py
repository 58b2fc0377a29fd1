"""The HTTP client that needs nothing but Python.

Door: names only. What is behind them is in ``_http/client/``.
"""

from whirlwind._base.publish import publish
from whirlwind._http.client.errors import (
    HTTPProxyError,
    HTTPStreamClosedError,
    HTTPTimeoutError,
)
from whirlwind._http.client.simple import SimpleAsyncHTTPClient

__all__ = [
    "HTTPProxyError",
    "HTTPStreamClosedError",
    "HTTPTimeoutError",
    "SimpleAsyncHTTPClient",
]

publish(__name__, globals())
