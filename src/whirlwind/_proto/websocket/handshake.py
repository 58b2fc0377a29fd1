"""The opening handshake: what an HTTP request and its answer must say (RFC 6455, section 4).

Layer: protocols. Imports from ``_base`` and ``_proto``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from typing import Final

from whirlwind._base.errors import RemoteProtocolError
from whirlwind._proto.http.headers import HTTPHeaders

VERSION: Final = "13"
# Names the protocol, so that a server which echoes what it got cannot be taken for one that
# speaks it (section 1.3).
_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def accept_value(key: str | bytes) -> str:
    """Return the ``Sec-WebSocket-Accept`` that answers a ``Sec-WebSocket-Key``."""
    raw = key.encode("latin-1") if isinstance(key, str) else key
    # A fingerprint, no signature: the RFC says which hash.
    digest = hashlib.sha1(raw + _GUID, usedforsecurity=False).digest()
    return base64.b64encode(digest).decode("ascii")


def is_key(key: str | None) -> bool:
    """True for the base64 form of sixteen bytes, which is what a key has to be."""
    if key is None or len(key) != 24:
        return False
    try:
        return len(base64.b64decode(key, validate=True)) == 16
    except (binascii.Error, ValueError):
        return False


def tokens(value: str | None) -> list[str]:
    """Return the items of a comma-separated field, in order; none is empty."""
    items = [item.strip(" \t") for item in (value or "").split(",")]
    return [item for item in items if item]


def asks_for_websocket(headers: HTTPHeaders) -> bool:
    """True if a request names ``websocket`` in its ``Upgrade`` field."""
    return "websocket" in [item.lower() for item in tokens(headers.get("Upgrade"))]


def asks_for_upgrade(headers: HTTPHeaders) -> bool:
    """True if a request has ``upgrade`` among its connection options."""
    return "upgrade" in [item.lower() for item in tokens(headers.get("Connection"))]


def is_complete_request(headers: HTTPHeaders) -> bool:
    """True if a request that asks for a WebSocket has the fields that must go with that.

    A body is no part of it: who sends one may want two readers to disagree about where it ends.

    Source: RFC 6455, section 4.2.1.
    """
    return (
        bool(headers.get("Host"))
        and is_key(headers.get("Sec-WebSocket-Key"))
        and headers.get("Sec-WebSocket-Version") == VERSION
        and headers.get("Content-Length", "0") == "0"
        and "Transfer-Encoding" not in headers
    )


def check_response(
    headers: HTTPHeaders, *, key: str | bytes, subprotocols: Sequence[str] | None
) -> str | None:
    """Check a server's answer of 101.

    Args:
        headers: Its fields.
        key: The request's ``Sec-WebSocket-Key``.
        subprotocols: What the request asked for; None or empty for nothing.

    Returns:
        The subprotocol that the server chose; None for none.

    Raises:
        RemoteProtocolError: The answer is not that of a WebSocket server, or not to this request.

    Source: RFC 6455, section 4.1, the list after "Once the client's opening handshake".
    """
    if [item.lower() for item in tokens(headers.get("Upgrade"))] != ["websocket"]:
        raise RemoteProtocolError(
            f"server upgrades to {headers.get('Upgrade', '')[:40]!r}: expected 'websocket'"
        )
    if not asks_for_upgrade(headers):
        raise RemoteProtocolError("server's answer has no 'Connection: Upgrade'")
    accepted = headers.get("Sec-WebSocket-Accept", "").strip(" \t")
    if accepted != accept_value(key):
        raise RemoteProtocolError(
            f"Sec-WebSocket-Accept is {accepted[:40]!r}, which does not answer our key"
        )
    chosen = headers.get("Sec-WebSocket-Protocol")
    if chosen is not None and chosen not in (subprotocols or ()):
        raise RemoteProtocolError(f"server chose a subprotocol not asked for: {chosen[:40]!r}")
    return chosen
