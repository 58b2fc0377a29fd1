"""Where a request came from: the peer, or the client that a proxy speaks for.

Layer: HTTP. Imports from the standard library and from ``_proto``.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from typing import Any

from whirlwind._proto.http.headers import HTTPHeaders


class RequestContext:
    """The addresses and the scheme of one request.

    Args:
        address: What the socket says of its peer; not a tuple for Unix sockets.
        protocol: ``"http"`` or ``"https"``.
        trusted_downstream: Addresses of proxies whose headers may be believed.

    Attributes:
        remote_ip: The client's address; ``"0.0.0.0"`` for Unix sockets.
        protocol: The scheme that the client used.
    """

    __slots__ = (
        "_orig_protocol",
        "_orig_remote_ip",
        "address",
        "protocol",
        "remote_ip",
        "trusted_downstream",
    )

    def __init__(
        self, address: Any, protocol: str, trusted_downstream: Collection[str] = ()
    ) -> None:
        self.address = address
        self.remote_ip = str(address[0]) if isinstance(address, tuple) and address else "0.0.0.0"  # noqa: S104
        self.protocol = protocol
        self.trusted_downstream = trusted_downstream
        self._orig_remote_ip = self.remote_ip
        self._orig_protocol = protocol

    def __str__(self) -> str:
        return self.remote_ip if isinstance(self.address, tuple) else str(self.address)

    def apply_forwarded(self, headers: HTTPHeaders) -> None:
        """Believe what a proxy says about the client.

        ``X-Real-Ip`` stands before ``X-Forwarded-For``, of which the last address counts that is
        no trusted proxy's; ``X-Scheme`` stands before ``X-Forwarded-Proto``. What is no address
        and no HTTP scheme changes nothing.

        Args:
            headers: The fields of the request.
        """
        address = self.remote_ip
        for candidate in reversed(headers.get("X-Forwarded-For", address).split(",")):
            address = candidate.strip()
            if address not in self.trusted_downstream:
                break
        address = headers.get("X-Real-Ip", address)
        if _is_address(address):
            self.remote_ip = address
        scheme = headers.get("X-Scheme", headers.get("X-Forwarded-Proto", self.protocol))
        # Several proxies each add one: the last was added by the nearest, the only one we know.
        scheme = scheme.rpartition(",")[2].strip()
        if scheme in ("http", "https"):
            self.protocol = scheme


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
