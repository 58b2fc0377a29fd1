"""Which pages may send requests that change things: the browser's word on where one comes from.

Layer: web. Imports from ``_base`` only.

Theory of operation
-------------------
Browsers say with each request how the page that makes it relates to the address that it goes to
(``Sec-Fetch-Site``, a header that pages cannot set), and older ones at least from which origin
it is. What is neither ``same-origin`` nor typed by the user (``none``) is refused unless its
origin is trusted. A request without either header comes from a program and not from a page, and
nobody can make a program of somebody else send it: it passes.

Source: W3C Fetch Metadata Request Headers, section 2.3; RFC 6454, section 7.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from whirlwind._base.late_pattern import late_pattern

# What browsers write is scheme, host and port; a path that a program adds does no harm. A user's
# name before the host would, and urlsplit() raises for some of what strangers may send.
_ORIGIN: Final = late_pattern(r"[A-Za-z][A-Za-z0-9+.\-]*://([^/\\?#@\s]+)(?:[/?#]\S*)?")
_SAME: Final = frozenset({"same-origin", "none"})


def origin_refusal(
    site: str | None, origin: str | None, host: str, trusted: Callable[[str], bool]
) -> str | None:
    """Return why a request is refused for the page that it comes from, or None if it is not.

    Args:
        site: The field ``Sec-Fetch-Site``; None if there was none.
        origin: The field ``Origin``; None if there was none.
        host: The host of the request, with its port where it is not the scheme's own.
        trusted: Says whether an origin is one of those that may.
    """
    if site is not None:
        if site in _SAME or (origin and trusted(origin)):
            return None
        shown = None if origin is None else origin[:80]
        return f"Sec-Fetch-Site {site[:40]} & origin {shown!r} not allowed"
    if origin is None or is_origin_of(origin, host) or (origin and trusted(origin)):
        return None
    return f"Origin {origin[:80]!r} not allowed"


def is_origin_of(origin: str, host: str) -> bool:
    """True if pages of ``host`` have this origin.

    The scheme is not compared: behind a proxy that does the TLS we do not know it.
    """
    match = _ORIGIN().fullmatch(origin)
    return match is not None and match[1].lower() == host.lower()


def is_listed(origin: str, listed: str | Iterable[str] | None) -> bool:
    """True if an origin is one of a setting's, letter by letter.

    Args:
        origin: The origin.
        listed: Origins, or a single one; None for none.
    """
    if listed is None:
        return False
    # A lone string is taken for what was meant, and not searched for a piece that fits.
    return origin == listed if isinstance(listed, str) else origin in listed
