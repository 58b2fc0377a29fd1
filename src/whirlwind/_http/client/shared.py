"""What the fetches of one client have in common.

Layer: HTTP. Imports from ``_base``, ``_proto`` and this package.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from whirlwind._base.limits import MAX_POOL_IDLE, MAX_TARGETS, POOL_IDLE_TIMEOUT
from whirlwind._http.client.connection import HTTPClientConnection
from whirlwind._http.client.connection_key import ConnectionKey, connection_key
from whirlwind._http.client.connector import Connector
from whirlwind._http.client.deadlines import Deadlines
from whirlwind._http.client.loop_end import LoopEnd
from whirlwind._http.client.pool import ConnectionPool
from whirlwind._http.client.request_head import encode_head
from whirlwind._http.client.route import ROUTING_OPTIONS
from whirlwind._http.client.target import Target, parse_target
from whirlwind._proto.http.headers import HTTPHeaders

# Options that change what is sent, or through what, if they are there at all.
_SAYS_MORE: Final = ROUTING_OPTIONS | {
    "allow_ipv6",
    "body_producer",
    "ca_certs",
    "client_cert",
    "client_key",
    "expect_100_continue",
    "network_interface",
    "ssl_options",
    "user_agent",
}
_LONGEST_REMEMBERED: Final = 512
PlainRequest = tuple[Target, bytes, ConnectionKey]


class Expiring(Protocol):
    """What has a time limit."""

    def expire(self) -> None:
        """End because time is up."""


def _expire(thing: Expiring) -> None:
    thing.expire()


class Shared:
    """What the fetches of one client have in common.

    Args:
        loop: The loop.
        connector: Opens connections.
        max_header_size: Most bytes in the header of a response.
        max_body_size: Most bytes in its body, before and after decompression.
        user_agent: What to send where neither request nor client says anything.
        ended: Called with each fetch at its end.
        loop_ended: A bound method, called before the loop is closed.
        max_idle, idle_timeout: For the pool.

    Attributes:
        pool: The kept connections.
        stages: Timeouts of waiting in the queue and of connecting.
        totals: Timeouts of whole fetches.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        connector: Connector,
        *,
        max_header_size: int,
        max_body_size: int,
        user_agent: str,
        ended: Callable[[Any], None],
        loop_ended: Callable[[], None],
        max_idle: int = MAX_POOL_IDLE,
        idle_timeout: float = POOL_IDLE_TIMEOUT,
    ) -> None:
        self.loop = loop
        self.connector = connector
        self.pool = ConnectionPool(loop, max_idle=max_idle, idle_timeout=idle_timeout)
        self.stages: Deadlines[Expiring] = Deadlines(loop, _expire)
        self.totals: Deadlines[Expiring] = Deadlines(loop, _expire)
        self.max_header_size = max_header_size
        self.max_body_size = max_body_size
        self.user_agent = user_agent
        self.ended = ended
        self._loop_ended = weakref.WeakMethod(loop_ended)
        self._loop_end: LoopEnd | None = None
        self._plain: dict[tuple[str, bool, bool], PlainRequest] = {}

    def new_connection(self, key: object) -> HTTPClientConnection:
        """Make the protocol of a new connection."""
        if self._loop_end is None and (ended := self._loop_ended()) is not None:
            self._loop_end = LoopEnd(ended)
        connection = HTTPClientConnection(
            key,
            max_header_size=self.max_header_size,
            released=self.pool.put,
            lost=self.pool.lost,
        )
        self.pool.opened(connection)
        return connection

    def plain_request(self, url: str, options: Mapping[str, Any]) -> PlainRequest | None:
        """Return what a GET is sent as that says nothing but its URL; None if it says more."""
        if not _SAYS_MORE.isdisjoint(options) or len(url) > _LONGEST_REMEMBERED:
            return None
        what = (
            url,
            bool(options.get("decompress_response")),
            bool(options.get("validate_cert", True)),
        )
        found = self._plain.get(what)
        if found is None:
            target = parse_target(url)
            if target.username is not None:
                return None
            if len(self._plain) >= MAX_TARGETS:
                self._plain.clear()
            head = encode_head(
                target,
                "GET",
                HTTPHeaders(),
                options,
                body=None,
                chunked=False,
                user_agent=self.user_agent,
            )
            found = self._plain[what] = (target, head, connection_key(target, options))
        return found

    def close(self) -> None:
        """End all connections and timers."""
        self.stages.clear()
        self.totals.clear()
        self.pool.close()
        self.connector.close()
        if self._loop_end is not None:
            self._loop_end.forget()
