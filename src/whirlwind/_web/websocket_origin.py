"""Whether a page may open a WebSocket: cross-site hijacking is stopped here.

Layer: web. Standard library only.

A browser lets a page of any site open a WebSocket to any other, and sends the user's cookies along;
CORS does not apply. What it also sends, and a page cannot change, is where the page came from.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from urllib.parse import urlsplit


def is_trusted_origin(origin: str, host: str | None, trusted: Collection[str] = ()) -> bool:
    """True if a page of ``origin`` may open a WebSocket to ``host``.

    Args:
        origin: Scheme, host and port of the page, as the ``Origin`` field has it; ``"null"`` for
            pages that have none.
        host: The request's ``Host``.
        trusted: Origins of other sites that may, as browsers write them.

    Source: RFC 6455, section 10.2; RFC 6454, section 7.
    """
    if origin in trusted:
        return True
    try:
        authority = urlsplit(origin).netloc
    except ValueError:
        return False
    return bool(authority) and authority.lower() == (host or "").lower()


def origin_of(headers: Mapping[str, str]) -> str | None:
    """Return the origin of the page that asks; None if it is no page, or one of the same origin.

    Browsers say by ``Sec-Fetch-Site`` how the page relates to the server, which also holds where
    a proxy changes ``Host``. Programs that are no browsers send neither field as a rule; a user's
    cookies are not theirs to send.

    Source: W3C, Fetch Metadata Request Headers, section 2.3.
    """
    if headers.get("Sec-Fetch-Site") == "same-origin":
        return None
    origin = headers.get("Origin")
    # The name that the field had before RFC 6455.
    return headers.get("Sec-Websocket-Origin") if origin is None else origin
