"""Targets of requests: their four forms, and the hosts in them (RFC 9112, sections 3.2 and 3.3).

Layer: protocols. Imports from ``_base`` and within ``_proto`` only.

Which form is right depends on the method: ``host:port`` belongs to CONNECT, ``*`` to OPTIONS, and
a path or a whole URL to all others. A target of another form names no resource, and peers who
make something of it all the same make different things of it.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from whirlwind._base.late_pattern import late_pattern
from whirlwind._proto.http.errors import HTTPInputError

# uri-host [":" port], RFC 3986, section 3.2.2; IP-literals in brackets. The comma, which the RFC
# has in its list, is left out: it is what a proxy makes of two Host fields.
_HOST: Final = late_pattern(
    r"(?:(?:[A-Za-z0-9\-._~!$&'()*+;=]|%[0-9A-Fa-f]{2})*|\[([0-9A-Fa-f:.]+)\])(?::([0-9]{0,5}))?"
)
# scheme "://" authority; the authority may not carry a user name (RFC 9110, section 4.2.4).
_ABSOLUTE: Final = late_pattern(r"([Hh][Tt][Tt][Pp][Ss]?)://([^/?#@]+)([/?].*|)", re.DOTALL)
_LARGEST_PORT: Final = 65_535


def is_host(text: str) -> bool:
    """True if ``text`` is what a Host field may hold: a host, empty or not, perhaps with a port.

    Source: RFC 9110, section 7.2; RFC 3986, sections 3.2.2 and 3.2.3.
    """
    match = _HOST().fullmatch(text)
    if match is None or int(match[2] or 0) > _LARGEST_PORT:
        return False
    if match[1] is not None:
        try:
            ipaddress.IPv6Address(match[1])
        except ValueError:
            return False
    return True


def split_target(target: str) -> tuple[str | None, str]:
    """Return the authority of a request target, if it has one, and the rest.

    Args:
        target: As sent: ``/path?query``, ``http://host/path?query``, ``*``, or ``host:port``.

    Returns:
        The authority of an absolute target, which stands before the Host field, and the path
        with its query; None and the target as it is for every other form.

    Source: RFC 9112, sections 3.2.1 to 3.2.4.
    """
    if target[:1] == "/":
        return None, target
    match = _ABSOLUTE().fullmatch(target)
    if match is None or not is_host(match[2]):
        return None, target
    rest = match[3]
    return match[2], rest if rest.startswith("/") else "/" + rest


def check_target(method: str, target: str, *, takes_https: bool) -> None:
    """Refuse a target that does not belong to its method, or names what is not served here.

    Args:
        method: The method as it was sent.
        target: The target as it was sent.
        takes_https: False if the connection is not secured and no proxy says that its own is:
            nobody can ask for an ``https`` resource then.

    Raises:
        HTTPInputError: ``status`` is 400, or 421 for a resource that is not served here.

    Source: RFC 9112, section 3.2; RFC 9110, sections 4.2.1, 4.2.4, 7.4 and 9.3.6.
    """
    if method == "CONNECT":
        parts = _HOST().fullmatch(target)
        port = "" if parts is None else parts[2]
        if not port or not int(port) or target.startswith(":") or not is_host(target):
            raise HTTPInputError(f"CONNECT to {target[:40]!r}: expected host:port")
        return
    if target[:1] == "/" or (target == "*" and method == "OPTIONS"):
        return
    match = _ABSOLUTE().fullmatch(target)
    if match is None or match[2].startswith(":") or not is_host(match[2]):
        raise HTTPInputError(
            f"{method[:20]} of the target {target[:40]!r}: expected a path or an http URL"
        )
    if len(match[1]) == len("https") and not takes_https:
        raise HTTPInputError(
            f"target {target[:40]!r} on a connection without TLS (protocol=, xheaders=)",
            status=421,
        )
