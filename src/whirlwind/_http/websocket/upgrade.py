"""A fetch that ends in another protocol.

Layer: HTTP. Imports from within ``_http`` and from ``_proto``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from whirlwind._http.client.connection import HTTPClientConnection
from whirlwind._http.client.fetch import Fetch
from whirlwind._http.client.request import HTTPRequest, _RequestProxy
from whirlwind._http.client.response import HTTPResponse
from whirlwind._http.client.shared import Shared
from whirlwind._proto.http.headers import HTTPHeaders

Upgraded = Callable[[HTTPClientConnection, HTTPHeaders, bytes], None]


def http_url(url: str) -> str:
    """Return a WebSocket's URL with the scheme of the HTTP request that opens it."""
    scheme, colon, rest = url.partition(":")
    schemes = {"ws": "http", "wss": "https"}
    return schemes.get(scheme.lower(), scheme) + colon + rest


class UpgradeFetch(Fetch):
    """A fetch whose request asks the server to switch protocols.

    Args:
        shared: As for ``Fetch``.
        request: The request, with its ``Upgrade`` field.
        callback: Called with the response if the server does not switch, or if there is none.
        upgraded: Called with the connection, the answer's fields and the first bytes of the other
            protocol if it does; has to take the connection over, or to raise.
    """

    upgrade = True

    def __init__(
        self,
        shared: Shared,
        request: HTTPRequest | _RequestProxy,
        callback: Callable[[HTTPResponse], None],
        upgraded: Upgraded,
    ) -> None:
        super().__init__(shared, request, callback)
        self._upgraded: Upgraded | None = upgraded
        # A redirect is an error, as in Tornado and in browsers: a WebSocket is what one asked for,
        # and whoever asked has to see that it is somewhere else.
        self._redirects = self.settings.max_redirects

    def switched(
        self, connection: HTTPClientConnection, headers: HTTPHeaders, leftover: bytes
    ) -> None:
        upgraded = self._upgraded
        if upgraded is None:
            return
        try:
            upgraded(connection, headers, leftover)
        except Exception as error:
            self.fail(error)
            return
        self._connection = None  # it is not ours to end any more
        self._end(None)

    def _end(self, response: HTTPResponse | None) -> Any:
        self._upgraded = None
        super()._end(response)
