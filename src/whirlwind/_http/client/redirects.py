"""What to ask next when a server says that something is elsewhere.

Layer: HTTP. Imports from ``_proto`` and this package.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urljoin

from whirlwind._http.client.target import Target
from whirlwind._proto.http.headers import HTTPHeaders

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})

# What says who is asking. It was meant for the origin that the program named, and for no other.
_CREDENTIALS: Final = ("Authorization", "Cookie", "Cookie2", "Proxy-Authorization")
# What describes a body that is not sent again.
_BODY_FIELDS: Final = (
    "Content-Length",
    "Content-Type",
    "Content-Encoding",
    "Content-Language",
    "Content-Location",
    "Transfer-Encoding",
    "Expect",
)


def is_redirect(code: int, headers: HTTPHeaders) -> bool:
    """True for a response that names where to go instead.

    Source: RFC 9110, section 15.4; 300 leaves the choice to the user, 304 to 306 name nothing.
    """
    return code in _REDIRECTS and bool(headers.get("Location"))


def redirected_url(url: str, headers: HTTPHeaders) -> str:
    """Return where a redirect leads; a relative location counts from ``url``."""
    # The fragment of the page that was asked for says nothing about another page.
    return urljoin(url, headers["Location"]).partition("#")[0]


def redirected_method(code: int, method: str) -> str:
    """Return the method of the request that follows a redirect.

    After 303 it is GET, except that HEAD stays. After 301 and 302 POST becomes GET, which is
    what browsers do and the RFC allows. All else stays.

    Source: RFC 9110, sections 15.4.2 to 15.4.4.
    """
    if (code == 303 and method != "HEAD") or (code in (301, 302) and method == "POST"):
        return "GET"
    return method


def redirected_headers(
    headers: HTTPHeaders, *, body_dropped: bool, same_origin: bool
) -> HTTPHeaders:
    """Return the header fields of the request that follows a redirect.

    Args:
        headers: Those of the request before.
        body_dropped: Whether the next request has no body although this one may have had.
        same_origin: Whether scheme, host and port are the same; if not, credentials stay here.
    """
    headers = headers.copy()
    dropped = ["Host"]
    if body_dropped:
        dropped += _BODY_FIELDS
    if not same_origin:
        dropped += _CREDENTIALS
    for name in dropped:
        if name in headers:
            del headers[name]
    return headers


def is_same_origin(one: Target, other: Target) -> bool:
    """True if scheme, host and port are the same."""
    return (one.scheme, one.host.lower(), one.port) == (
        other.scheme,
        other.host.lower(),
        other.port,
    )
