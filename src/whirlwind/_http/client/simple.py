"""``SimpleAsyncHTTPClient``: the client that needs nothing but Python.

Layer: HTTP. Imports from ``_base``, ``_net``, ``_proto`` and this package.

Theory of operation
-------------------
``fetch_impl`` gives a fetch a place at once if fewer than ``max_clients`` are under way, and a
place in the queue otherwise; a place that becomes free goes to the fetch that has waited longest.
With ``max_clients_per_host`` those pass it whose hosts have a place while its own has none.
Connections are kept between requests (``pool.py``), so that one fetch after another to the same
server pays for one connection.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from whirlwind._base.limits import (
    MAX_BUFFER_SIZE,
    MAX_CLIENTS,
    MAX_HEADER_SIZE,
    MAX_POOL_IDLE,
    POOL_IDLE_TIMEOUT,
)
from whirlwind._base.old_arguments import accepts_old
from whirlwind._http.client.async_client import AsyncHTTPClient, FetchFuture
from whirlwind._http.client.connector import Connector, HostnameMapping
from whirlwind._http.client.errors import HTTPStreamClosedError
from whirlwind._http.client.fetch import Fetch
from whirlwind._http.client.host_line import HostLine, Place
from whirlwind._http.client.pool import PoolStatistics
from whirlwind._http.client.request import HTTPRequest
from whirlwind._http.client.response import HTTPResponse
from whirlwind._http.client.shared import Shared
from whirlwind._http.client.target import parse_target
from whirlwind._net.ioloop import IOLoop
from whirlwind._net.resolver import Resolver
from whirlwind._net.tcpclient import TCPClient
from whirlwind._version import tornado_version


class SimpleAsyncHTTPClient(AsyncHTTPClient):
    """An HTTP/1.1 client on asyncio's transports.

    Args:
        max_clients: Most requests under way at once; others wait in a queue.
        hostname_mapping: Hosts to connect to instead of those in URLs: keys ``host``,
            ``(host, port)`` or ``(host, port, family)``, values ``host`` or ``(host, port)``.
        max_buffer_size: Most bytes of a response in memory.
        resolver: Turns names into addresses; None for a ``Resolver()``, which is what
            ``Resolver.configure`` says.
        defaults: Values for what requests leave open.
        max_header_size: Most bytes in the header of a response.
        max_body_size: Most bytes in the body of a response, before and after decompression;
            None for ``max_buffer_size``.
        max_clients_per_host: Most requests under way at once to one host and port, which is that
            of the request's own URL: a redirect keeps its place. None for ``max_clients``.
        max_idle_connections: Most connections to keep between requests, of all hosts together;
            0 for none, and requests say so: ``Connection: close``.
        idle_connection_timeout: Seconds after which a connection that nobody used is closed.

    Attributes:
        max_clients, max_buffer_size, max_header_size, max_body_size, resolver,
        max_clients_per_host: As above.
        own_resolver: Whether the client made its resolver, and closes it.
        queue: Fetches that wait for a place, longest first.
        waiting: The same.
        active: Fetches under way.
    """

    @accepts_old("io_loop")
    def initialize(  # type: ignore[override]
        self,
        max_clients: int = MAX_CLIENTS,
        hostname_mapping: HostnameMapping | None = None,
        max_buffer_size: int = MAX_BUFFER_SIZE,
        resolver: Any = None,
        defaults: dict[str, Any] | None = None,
        max_header_size: int | None = None,
        max_body_size: int | None = None,
        max_clients_per_host: int | None = None,
        max_idle_connections: int = MAX_POOL_IDLE,
        idle_connection_timeout: float = POOL_IDLE_TIMEOUT,
        io_loop: IOLoop | None = None,
    ) -> None:
        if max_clients_per_host is not None and max_clients_per_host < 1:
            raise ValueError(f"max_clients_per_host is {max_clients_per_host}, less than 1")
        super().initialize(defaults=defaults, io_loop=io_loop)
        self.max_clients = max_clients
        self.max_buffer_size = max_buffer_size or MAX_BUFFER_SIZE
        self.max_header_size = max_header_size or MAX_HEADER_SIZE
        self.max_body_size = self.max_buffer_size if max_body_size is None else max_body_size
        self.own_resolver = resolver is None
        self.resolver = Resolver() if resolver is None else resolver
        self._tcp_client: TCPClient | None = None
        self.max_clients_per_host = max_clients_per_host
        self._hosts: HostLine[Fetch] | None = None
        if max_clients_per_host is not None:
            self._hosts = HostLine(max_clients_per_host)
        self.queue: OrderedDict[Fetch, FetchFuture | None] = OrderedDict()
        self.active: dict[Fetch, FetchFuture | None] = {}
        loop = self.io_loop.asyncio_loop
        # The name that Tornado's programs send, and some servers look for.
        user_agent = f"Tornado/{tornado_version}"
        self._shared = Shared(
            loop,
            Connector(loop, self.resolver, hostname_mapping, user_agent=user_agent),
            max_header_size=self.max_header_size,
            max_body_size=self.max_body_size,
            user_agent=user_agent,
            ended=self._ended,
            loop_ended=self._end_with_loop,
            max_idle=max_idle_connections,
            idle_timeout=idle_connection_timeout,
        )

    @property
    def waiting(self) -> OrderedDict[Fetch, FetchFuture | None]:
        return self.queue

    @property
    def tcp_client(self) -> TCPClient:
        """A ``TCPClient`` with the client's resolver, for connections that are no fetches."""
        if self._tcp_client is None:
            self._tcp_client = TCPClient(resolver=self.resolver)
        return self._tcp_client

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
            self._close_resolver()

    def _close_resolver(self) -> None:
        if self.own_resolver:
            self.resolver.close()

    def _end_with_loop(self) -> None:
        """Close the client and all its connections; fetches under way end with an error."""
        super().close()
        for fetch, future in [*self.active.items(), *self.queue.items()]:
            fetch.fail(HTTPStreamClosedError("the loop is being closed"))
            if future is not None and future.done() and not future.cancelled():
                # Nobody can wait for it any more, so it need not be logged.
                future.exception()
        self._shared.close()
        self._close_resolver()

    def fetch_impl(self, request: HTTPRequest, callback: Callable[[HTTPResponse], None]) -> None:
        """Send a request and call back with its response; see ``AsyncHTTPClient``."""
        fetch = Fetch(self._shared, request, callback)
        future = getattr(callback, "__self__", None)
        if not isinstance(future, FetchFuture):
            future = None
        else:
            future.abort = fetch.abort
        if self._hosts is not None:
            fetch.place = _place(request.url)
        if len(self.active) < self.max_clients and self._begins(fetch):
            self.active[fetch] = future
            fetch.start()
        else:
            self.queue[fetch] = future
            if self._hosts is not None:
                self._hosts.add(fetch, fetch.place)
            fetch.queued_at = self._shared.loop.time()
            if timeout := fetch.settings.queue_timeout:
                self._shared.stages.add(fetch, timeout, fetch.queued_at)

    def _begins(self, fetch: Fetch) -> bool:
        if self._hosts is None:
            return True
        if not self._hosts.has_room(fetch.place):
            return False
        self._hosts.begin(fetch.place)
        return True

    def _ended(self, fetch: Fetch) -> None:
        waited = fetch in self.queue
        self.queue.pop(fetch, None)
        self.active.pop(fetch, None)
        if self._hosts is not None:
            if waited:
                self._hosts.remove(fetch, fetch.place)
            else:
                self._hosts.end(fetch.place)
        while self.queue and len(self.active) < self.max_clients:
            if self._hosts is None:
                following, future = self.queue.popitem(last=False)
            else:
                first = self._hosts.pop()
                if first is None:
                    return
                following, future = first, self.queue.pop(first)
            if timeout := following.settings.queue_timeout:
                self._shared.stages.remove(following, timeout)
            self.active[following] = future
            following.start()
        if self._closed and not (self.active or self.queue):
            self._close_resolver()


def _place(url: str) -> Place:
    try:
        target = parse_target(url)
    except (TypeError, ValueError):
        return None  # it fails as soon as it begins
    return target.host, target.port
