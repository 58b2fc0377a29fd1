"""The HTTP client.

Layer: HTTP. Joined here: the interface ``AsyncHTTPClient`` and what it stands for by default.
"""

from whirlwind._http.client.async_client import AsyncHTTPClient as _AsyncHTTPClient
from whirlwind._http.client.simple import SimpleAsyncHTTPClient as _SimpleAsyncHTTPClient

_AsyncHTTPClient.join(default=_SimpleAsyncHTTPClient)
