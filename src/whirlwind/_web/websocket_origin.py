"""Whether a page may open a WebSocket: cross-site hijacking is stopped here.

Layer: web. Standard library only.

A browser lets a page of any site open a WebSocket to any other, and sends the user's cookies along;
CORS does not apply. What it also sends, and a page cannot change, is where the page came from.
Clients that are no browsers send none of it, and a user's cookies are not theirs to send.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

# Scheme, host and port are what browsers write. A user's name before the host is refused: it is
# how an address is made to look like another.
_ORIGIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://([^/\\?#@\s]+)(?:[/?#]\S*)?")
# "none" is what the user asked for by hand, which no page can bring about.
_OWN: Final = frozenset({"same-origin", "none"})


def websocket_refusal(
    site: str | None, origin: str | None, host: str | None, check: Callable[[str], bool]
) -> str | None:
    """Return why a page may not open a WebSocket; None if it may.

    Args:
        site: The field ``Sec-Fetch-Site``, which says how the page relates to the server, also
            where a proxy changes ``Host``; None if there was none.
        origin: The field ``Origin``: scheme, host and port of the page, or ``"null"``; None if
            there was none.
        host: The field ``Host``.
        check: Says whether a page of another origin may; asked about no others.

    Source: W3C, Fetch Metadata Request Headers, section 2.3; RFC 6455, section 10.2.
    """
    if site is None:
        if origin is None or _is_of_host(origin, host) or check(origin):
            return None
        return f"Origin {origin[:100]!r} not allowed"
    if site in _OWN or (origin is not None and check(origin)):
        return None
    shown = None if origin is None else origin[:100]
    return f"Sec-Fetch-Site {site[:40]} & origin {shown!r} not allowed"


def _is_of_host(origin: str, host: str | None) -> bool:
    # The scheme is not compared: behind a proxy that does the TLS it is not known here.
    match = _ORIGIN.fullmatch(origin)
    return match is not None and host is not None and match[1].lower() == host.lower()
