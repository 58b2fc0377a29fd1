"""Where a request goes: a URL taken apart, and what makes one connection differ from another.

Layer: HTTP. Imports from ``_base``.

This is where a URL is checked. ``urlsplit`` drops line breaks and tabs without a word, so that
what it returns says nothing about what it was given: the text is looked at first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote, urlsplit

from whirlwind._base.escape import to_unicode
from whirlwind._base.limits import MAX_TARGETS

_LONGEST_REMEMBERED: Final = 512
_PORTS: Final = {"http": 80, "https": 443}
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
# reg-name, IPv4address or IP-literal of RFC 3986, section 3.2.2. Percent-encoded is a path only,
# with which programs name a Unix socket: any other host has one way to be written.
_HOST: Final = re.compile(
    r"[A-Za-z0-9._~!$&'()*+,;=\-]+|\[[0-9A-Fa-f:.%a-zA-Z0-9_\-]+\]"
    r"|%2[Ff](?:[A-Za-z0-9._~!$&'()*+,;=\-]|%[2-9A-Fa-f][0-9A-Fa-f])+"
)
# Characters that stay as they are in a path with its query: those of RFC 3986 and the percent
# sign, so that what is encoded already is not encoded again.
_SAFE: Final = "!#$%&'()*+,/:;=?@[]~"
_PLAIN: Final = re.compile(r"[!#$%&'()*+,/:;=?@A-Za-z0-9\[\]_.~\-]*")


@dataclass(frozen=True, slots=True)
class Target:
    """What a URL says.

    Attributes:
        url: The URL as it was given.
        scheme: ``"http"`` or ``"https"``.
        host: Name or address to connect to, without brackets, in lower case; one with
            percent-encoded characters as it was given.
        port: Port to connect to.
        authority: The ``Host`` field: name and, unless it is the scheme's own, port.
        path: Path with query, as it stands in the request line.
        username: From the URL; None if it has none.
        password: From the URL; empty if it has none.
    """

    url: str
    scheme: str
    host: str
    port: int
    authority: str
    path: str
    username: str | None
    password: str

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port: whom one talks to."""
        return self.scheme, self.host, self.port


def url_text(url: Any) -> str:
    """Return a URL as text.

    Args:
        url: What a program gave for one; bytes are UTF-8.

    Raises:
        TypeError: It is neither text nor bytes.
        ValueError: It is None.
    """
    if url is None:
        raise ValueError("Unsupported url scheme: None")
    text: str = to_unicode(url)
    return text


def parse_target(url: str) -> Target:
    """Take a URL apart; as ``_parse`` does, but URLs that were seen lately cost nothing."""
    if type(url) is not str:
        url = url_text(url)
    return _parse_remembered(url) if len(url) <= _LONGEST_REMEMBERED else _parse(url)


def _parse(url: str) -> Target:
    """Take a URL apart.

    Args:
        url: An absolute URL. Characters that may not stand in a request line are
            percent-encoded, as browsers do; a name outside of ASCII becomes its IDNA form.

    Returns:
        What it says.

    Raises:
        ValueError: The URL has control characters, another scheme than ``http`` and ``https``,
            no host, or a host or port that cannot be one.

    Source: RFC 3986; RFC 9110, section 4.2.
    """
    found = _CONTROL.search(url)
    if found is not None:
        raise ValueError(f"URL holds the control character {found[0]!r}: {url[:40]!r}")
    parts = urlsplit(url)
    scheme = parts.scheme
    if scheme not in _PORTS:
        raise ValueError(f"Unsupported url scheme: {url[:100]}")
    userinfo, at, authority = parts.netloc.rpartition("@")
    port = parts.port  # raises ValueError unless it is a number that a port can be
    host = parts.hostname
    if not host:
        raise ValueError(f"URL has no host: {url[:100]!r}")
    if not authority.isascii():
        host = host.encode("idna").decode("ascii")
        authority = host if port is None else f"{host}:{port}"
    name = authority.rpartition(":")[0] if port is not None else authority.removesuffix(":")
    # Browsers read a backslash as a slash, and with it another host.
    if _HOST.fullmatch(name) is None or "\\" in userinfo:
        raise ValueError(f"URL has a host that cannot be one: {name[:40]!r}")
    if "%" in name and name[0] != "[":
        # Not decoded: resolvers of programs do it, to find the socket. In a path, case counts.
        host = name
    username, _, password = userinfo.partition(":")
    path = parts.path or "/"
    if parts.query:
        path = f"{path}?{parts.query}"
    if _PLAIN.fullmatch(path) is None:
        path = quote(path, safe=_SAFE)
    return Target(
        url=url,
        scheme=scheme,
        host=host,
        port=_PORTS[scheme] if port is None else port,
        authority=authority.removesuffix(":"),
        path=path,
        username=username if at else None,
        password=password,
    )


_parse_remembered = lru_cache(maxsize=MAX_TARGETS)(_parse)
