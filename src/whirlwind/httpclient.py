"""HTTP clients: one for programs with an event loop, one for programs without.

Door: names only. What is behind them is in ``_http/client/``. As a program,
``python -m whirlwind.httpclient URL`` fetches a URL.
"""

from whirlwind._base.publish import publish
from whirlwind._http.client.async_client import AsyncHTTPClient
from whirlwind._http.client.blocking import HTTPClient
from whirlwind._http.client.command import main
from whirlwind._http.client.request import HTTPRequest, _RequestProxy
from whirlwind._http.client.response import HTTPClientError, HTTPResponse

HTTPError = HTTPClientError

__all__ = [
    "AsyncHTTPClient",
    "HTTPClient",
    "HTTPClientError",
    "HTTPError",
    "HTTPRequest",
    "HTTPResponse",
    "_RequestProxy",
    "main",
]

publish(__name__, globals())

if __name__ == "__main__":
    main()
