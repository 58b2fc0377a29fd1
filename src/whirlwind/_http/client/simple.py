"""``SimpleAsyncHTTPClient``: the client that needs nothing but Python.

Layer: HTTP. Imports from ``_base``, ``_net``, ``_proto`` and this package.

Theory of operation
-------------------
``fetch_impl`` gives a fetch a place at once if fewer than ``max_clients`` are under way, and a
place in the queue otherwise; a place that becomes free goes to the fetch that has waited longest.
Connections are kept between requests (``pool.py``), so that one fetch after another to the same
server pays for one connection.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from whirlwind._base.limits import MAX_BUFFER_SIZE, MAX_CLIENTS, MAX_HEADER_SIZE
from whirlwind._http.client.async_client import AsyncHTTPClient, FetchFuture
from whirlwind._http.client.connector import Connector, HostnameMapping
from whirlwind._http.client.errors import HTTPStreamClosedError
from whirlwind._http.client.fetch import Fetch, Shared
from whirlwind._http.client.pool import PoolStatistics
from whirlwind._http.client.request import HTTPRequest
from whirlwind._http.client.response import HTTPResponse
from whirlwind._net.ioloop import IOLoop
from whirlwind._version import tornado_version


class SimpleAsyncHTTPClient(AsyncHTTPClient):
    """An HTTP/1.1 client on asyncio's transports.

    Args:
        max_clients: Most requests under way at once; others wait in a queue.
        hostname_mapping: Hosts to connect to instead of those in URLs: keys ``host``,
            ``(host, port)`` or ``(host, port, family)``, values ``host`` or ``(host, port)``.
        max_buffer_size: Most bytes of a response in memory.
        resolver: Turns names into addresses; None for the loop's own.
        defaults: Values for what requests leave open.
        max_header_size: Most bytes in the header of a response.
        max_body_size: Most bytes in the body of a response, before and after decompression;
            None for ``max_buffer_size``.

    Attributes:
        max_clients, max_buffer_size, max_header_size, max_body_size, resolver: As above.
        queue: Fetches that wait for a place, longest first.
        active: Fetches under way.
    """

    def initialize(  # type: ignore[override]
        self,
        max_clients: int = MAX_CLIENTS,
        hostname_mapping: HostnameMapping | None = None,
        max_buffer_size: int = MAX_BUFFER_SIZE,
        resolver: Any = None,
        defaults: dict[str, Any] | None = None,
        max_header_size: int | None = None,
        max_body_size: int | None = None,
        io_loop: IOLoop | None = None,
    ) -> None:
        super().initialize(defaults=defaults, io_loop=io_loop)
        self.max_clients = max_clients
        self.max_buffer_size = max_buffer_size
        self.max_header_size = max_header_size or MAX_HEADER_SIZE
        self.max_body_size = max_buffer_size if max_body_size is None else max_body_size
        self.resolver = resolver
        self.queue: OrderedDict[Fetch, FetchFuture | None] = OrderedDict()
        self.active: dict[Fetch, FetchFuture | None] = {}
        loop = self.io_loop.asyncio_loop
        # The name that Tornado's programs send, and some servers look for.
        user_agent = f"Tornado/{tornado_version}"
        self._shared = Shared(
            loop,
            Connector(loop, resolver, hostname_mapping, user_agent=user_agent),
            max_header_size=self.max_header_size,
            max_body_size=self.max_body_size,
            user_agent=user_agent,
            ended=self._ended,
            loop_ended=self._end_with_loop,
        )

    def statistics(self) -> PoolStatistics:
        """Return how many connections the client has, and how many of them wait for use."""
        return self._shared.pool.statistics()

    def close(self) -> None:
        """Close the client; connections that nobody uses are closed, and no more are kept.

        Fetches under way and those in the queue come to their end: the client of a loop is shared,
        and who closes it does not know whose they are.
        """
        super().close()
        if self.active or self.queue:
            self._shared.pool.drain()
        else:
            self._shared.close()

    def _end_with_loop(self) -> None:
        """Close the client and all its connections; fetches under way end with an error."""
        super().close()
        for fetch, future in [*self.active.items(), *self.queue.items()]:
            fetch.fail(HTTPStreamClosedError("the loop is being closed"))
            if future is not None and future.done() and not future.cancelled():
                # Nobody can wait for it any more, so it need not be logged.
                future.exception()
        self._shared.close()

    def fetch_impl(self, request: HTTPRequest, callback: Callable[[HTTPResponse], None]) -> None:
        """Send a request and call back with its response; see ``AsyncHTTPClient``."""
        fetch = Fetch(self._shared, request, callback)
        future = getattr(callback, "__self__", None)
        if not isinstance(future, FetchFuture):
            future = None
        else:
            future.abort = fetch.abort
        if len(self.active) < self.max_clients:
            self.active[fetch] = future
            fetch.start()
        else:
            self.queue[fetch] = future
            fetch.queued_at = self._shared.loop.time()
            if fetch.queue_timeout:
                self._shared.stages.add(fetch, fetch.queue_timeout, fetch.queued_at)

    def _ended(self, fetch: Fetch) -> None:
        self.queue.pop(fetch, None)
        self.active.pop(fetch, None)
        while self.queue and len(self.active) < self.max_clients:
            following, future = self.queue.popitem(last=False)
            if following.queue_timeout:
                self._shared.stages.remove(following, following.queue_timeout)
            self.active[following] = future
            following.start()
        if self._closed and not self.active:
            self._shared.close()
