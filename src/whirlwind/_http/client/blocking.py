"""``HTTPClient``: the HTTP client for programs without an event loop.

Layer: HTTP. Imports from ``_net`` and this package.
"""

from __future__ import annotations

import asyncio
import functools
from typing import Any, cast

from whirlwind._http.client.async_client import AsyncHTTPClient
from whirlwind._http.client.request import HTTPRequest
from whirlwind._http.client.response import HTTPResponse
from whirlwind._net.ioloop import IOLoop


class HTTPClient:
    """An HTTP client that blocks until the response is there.

    For scripts, tests and the interactive prompt. It has a loop of its own, so that it cannot be
    used where a loop runs already: use ``AsyncHTTPClient`` there.

    Args:
        async_client_class: What does the work; None for the configured ``AsyncHTTPClient``.
        **kwargs: Arguments for it, such as ``max_clients`` or ``defaults``.
    """

    def __init__(
        self, async_client_class: type[AsyncHTTPClient] | None = None, **kwargs: Any
    ) -> None:
        self._closed = True  # until there is something to close: __del__ runs in any case
        self._io_loop = IOLoop(make_current=False)
        chosen = AsyncHTTPClient if async_client_class is None else async_client_class

        async def make() -> AsyncHTTPClient:
            return cast(AsyncHTTPClient, chosen(**{**kwargs, "force_instance": True}))

        self._async_client: AsyncHTTPClient = self._io_loop.run_sync(make)
        self._closed = False

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Close the client and its connections; it cannot be used afterwards."""
        if self._closed:
            return
        self._closed = True

        async def close() -> None:
            self._async_client.close()
            # Transports close their sockets in the turn after they were told to.
            await asyncio.sleep(0)
            await asyncio.sleep(0)

        self._io_loop.run_sync(close)
        self._io_loop.close()

    def fetch(self, request: str | HTTPRequest, **kwargs: Any) -> HTTPResponse:
        """Send a request and wait for the response.

        Args:
            request: A URL, or a request.
            **kwargs: ``raise_error``, and for a URL arguments of ``HTTPRequest``.

        Returns:
            The response.

        Raises:
            HTTPClientError: The status is no success.
            OSError: No connection could be made.
        """
        fetch = functools.partial(self._async_client.fetch, request, **kwargs)
        return cast(HTTPResponse, self._io_loop.run_sync(fetch))
