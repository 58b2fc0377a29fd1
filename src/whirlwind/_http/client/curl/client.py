"""``CurlAsyncHTTPClient``: the client on libcurl.

Layer: HTTP. Imports from ``_base``, ``_net`` and this package.

Theory of operation
-------------------
A fetch gets a place at once if fewer than ``max_clients`` are under way, and a place in the queue
otherwise; a place that becomes free goes to the fetch that has waited longest. libcurl keeps
connections between requests, resolves names in threads of its own and follows redirects.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import pycurl

from whirlwind._base.limits import MAX_BODY_SIZE, MAX_CLIENTS
from whirlwind._base.log import app_log
from whirlwind._http.client.async_client import AsyncHTTPClient, FetchFuture
from whirlwind._http.client.curl.errors import CurlError
from whirlwind._http.client.curl.fetch import CurlFetch
from whirlwind._http.client.curl.transfers import Transfers
from whirlwind._http.client.loop_end import LoopEnd
from whirlwind._http.client.request import HTTPRequest
from whirlwind._http.client.response import HTTPResponse


class CurlAsyncHTTPClient(AsyncHTTPClient):
    """An HTTP client on libcurl, for what the other one cannot do.

    It has proxies, digest authentication, HTTP/2 and, through ``prepare_curl_callback``, all
    else that libcurl can do. It has no ``body_producer``, and TLS is set up with ``ca_certs``,
    ``client_cert`` and ``client_key``, not with ``ssl_options``.

    >>> AsyncHTTPClient.configure("whirlwind.curl_httpclient.CurlAsyncHTTPClient")

    Args:
        max_clients: Most requests under way at once; others wait in a queue.
        defaults: Values for what requests leave open.
        max_body_size: Most bytes in the body of a response, before and after decompression;
            also of one that a ``streaming_callback`` takes.

    Attributes:
        max_clients, max_body_size: As above.
    """

    def initialize(  # type: ignore[override]
        self,
        max_clients: int = MAX_CLIENTS,
        defaults: dict[str, Any] | None = None,
        max_body_size: int = MAX_BODY_SIZE,
    ) -> None:
        super().initialize(defaults=defaults)
        self.max_clients = max_clients
        self.max_body_size = max_body_size
        self._queue: OrderedDict[CurlFetch, FetchFuture | None] = OrderedDict()
        self._active: dict[CurlFetch, FetchFuture | None] = {}
        self._filling = False
        self._transfers = Transfers(self.io_loop)
        self._loop_end: LoopEnd | None = None

    def close(self) -> None:
        """Close the client and its connections; fetches under way end with an error."""
        if self._closed:
            return
        super().close()
        for fetch, future in [*self._active.items(), *self._queue.items()]:
            fetch.fail(CurlError(pycurl.E_ABORTED_BY_CALLBACK, "the client was closed"))
            if future is not None and future.done() and not future.cancelled():
                # Whoever closes a client knows; no need to log it if nobody waits any more.
                future.exception()
        self._transfers.close()
        if self._loop_end is not None:
            self._loop_end.forget()

    def fetch_impl(self, request: HTTPRequest, callback: Callable[[HTTPResponse], None]) -> None:
        """Send a request and call back with its response; see ``AsyncHTTPClient``."""
        fetch = CurlFetch(
            self._transfers,
            self.io_loop.asyncio_loop,
            request,
            callback,
            client=self,
            ended=self._ended,
            callback_failed=self.handle_callback_exception,
        )
        future = getattr(callback, "__self__", None)
        if not isinstance(future, FetchFuture):
            future = None
        else:
            future.abort = fetch.abort
        self._watch_loop()
        self._queue[fetch] = future
        self._fill()

    def handle_callback_exception(self, callback: Any) -> None:
        """Log that a function of the program's raised; called while its exception is handled.

        Args:
            callback: The function.
        """
        app_log.error("Exception in callback %r", callback, exc_info=True)

    def _set_timeout(self, milliseconds: int) -> None:
        self._transfers.call_within(milliseconds)

    def _watch_loop(self) -> None:
        if self._loop_end is None:
            try:
                asyncio.get_running_loop()
            except RuntimeError:
                return  # it will run later; a fetch that is made then asks again
            self._loop_end = LoopEnd(self.close)

    def _ended(self, fetch: CurlFetch) -> None:
        self._queue.pop(fetch, None)
        self._active.pop(fetch, None)
        self._fill()

    def _fill(self) -> None:
        # Fetches may end as soon as they begin; not one inside the other, however many wait.
        if self._filling:
            return
        self._filling = True
        try:
            while self._queue and len(self._active) < self.max_clients and not self._closed:
                fetch, future = self._queue.popitem(last=False)
                self._active[fetch] = future
                fetch.start()
        finally:
            self._filling = False
