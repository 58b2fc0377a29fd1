"""What to ask next when a server says that something is elsewhere.

Layer: HTTP. Imports from ``_proto`` and this package.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import urljoin, urlsplit

from whirlwind._http.client.target import Target, parse_target
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
    return code in _REDIRECTS and "Location" in headers


def redirected_url(url: str, headers: HTTPHeaders) -> str:
    """Return where a redirect leads; a relative location counts from ``url``.

    A name and password in the location are left out: it is not for a server to say as whom a
    program goes on.
    """
    location = headers["Location"]
    if "@" in location:
        parts = urlsplit(location)
        location = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    return urljoin(url, location)


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
    headers: HTTPHeaders | None, *, body_dropped: bool, same_origin: bool
) -> HTTPHeaders | None:
    """Return the header fields of the request that follows a redirect.

    Args:
        headers: Those of the request before; None for none.
        body_dropped: Whether the next request has no body although this one may have had.
        same_origin: Whether scheme, host and port are the same; if not, credentials stay here.
    """
    if not headers:
        return None
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


class Following(NamedTuple):
    """What changes from one request to the one that follows a redirect.

    Attributes:
        url, method: Of the request.
        drops_body: Whether it goes without the body of the one before.
        headers: What the program set, as far as it still counts.
        options: The options, likewise.
    """

    url: str
    method: str
    headers: HTTPHeaders | None
    options: Mapping[str, Any]
    drops_body: bool = False


def following_request(
    request: Following, target: Target, code: int, headers: HTTPHeaders
) -> Following:
    """Return the request that follows a redirect.

    Args:
        request: The one before.
        target: Where that went.
        code: The status of the redirect.
        headers: Its header fields.

    Raises:
        ValueError: It leads where no request can go.
    """
    url = redirected_url(request.url, headers)
    method = redirected_method(code, request.method)
    same_origin = is_same_origin(target, parse_target(url))
    body_dropped = method != request.method or (code == 303 and method == "GET")
    dropped: set[str] = set()
    if body_dropped:
        dropped.update(("expect_100_continue", "body_producer"))
    if not same_origin:
        dropped.update(("auth_username", "auth_password", "client_cert", "client_key"))
    options = request.options
    if not dropped.isdisjoint(options):
        options = {name: value for name, value in options.items() if name not in dropped}
    fields = redirected_headers(request.headers, body_dropped=body_dropped, same_origin=same_origin)
    return Following(url, method, fields, options, body_dropped)


def is_same_origin(one: Target, other: Target) -> bool:
    """True if scheme, host and port are the same."""
    return (one.scheme, one.host.lower(), one.port) == (
        other.scheme,
        other.host.lower(),
        other.port,
    )
