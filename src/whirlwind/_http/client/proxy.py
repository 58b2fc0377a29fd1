"""The proxy that a request goes through.

Layer: HTTP. Imports from ``_proto`` and this package.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from whirlwind._http.client.address import is_address
from whirlwind._http.client.target import Target
from whirlwind._proto.http.headers import HTTPHeaders

# Kinds of proxies, as libcurl writes them before the host: version of SOCKS (0 for HTTP), and
# whether it is the proxy that resolves names.
_KINDS: Final = {
    "http": (0, True),
    "socks4": (4, False),
    "socks4a": (4, True),
    "socks5": (5, False),
    "socks5h": (5, True),
}
_NAME: Final = re.compile(r"[A-Za-z0-9._\-]+")


class Proxy(NamedTuple):
    """A proxy and who one is to it; connections made through it are filed under all of that.

    Attributes:
        host, port: Where it is.
        username, password: For it; None and empty for nobody.
        auth_mode: ``"basic"`` or ``"digest"``.
        field: A ``Proxy-Authorization`` that the program wrote itself; None for none.
        version: Of SOCKS, 4 or 5; 0 for a proxy of HTTP.
        resolves: Whether it is told names, rather than addresses.
    """

    host: str
    port: int
    username: str | None = None
    password: str = ""
    auth_mode: str = "basic"
    field: str | None = None
    version: int = 0
    resolves: bool = True

    @property
    def authority(self) -> str:
        """Host and port, for messages."""
        return _authority(self.host, self.port)


def chosen_proxy(options: Mapping[str, Any], fields: HTTPHeaders | None) -> Proxy | None:
    """Return the proxy that a request asks for; None for none.

    Args:
        options: Options of the request, those not None. An empty ``proxy_host`` is no proxy, so
            that a request can do without the one among its client's defaults. One of SOCKS has
            its kind before it: ``socks5h://host``.
        fields: Its header fields; None for none.

    Raises:
        ValueError: The host is no host, or the port is missing or no port.
    """
    host = options.get("proxy_host")
    if not host:
        return None
    kind, separator, rest = host.partition("://")
    if separator:
        host = rest[1:-1] if rest.startswith("[") and rest.endswith("]") else rest
    else:
        kind = "http"
    found = _KINDS.get(kind.lower())
    if found is None:
        raise ValueError(f"proxy_host is of the kind {kind[:40]!r}, expected {', '.join(_KINDS)}")
    version, resolves = found
    if _NAME.fullmatch(host) is None and not is_address(host):
        raise ValueError(f"proxy_host is {host[:40]!r}, not the name or address of a proxy")
    port = options.get("proxy_port")
    if not isinstance(port, int) or not 0 < port < 65536:
        raise ValueError(f"proxy_port is {str(port)[:40]}, and proxy_host needs a port")
    username = options.get("proxy_username") or None
    return Proxy(
        host,
        port,
        username,
        (options.get("proxy_password") or "") if username is not None else "",
        options.get("proxy_auth_mode") or "basic",
        fields.get("Proxy-Authorization") if username is None and fields and not version else None,
        version,
        resolves,
    )


def absolute_form(target: Target) -> str:
    """Return what the request line of a request to a proxy names; without user and fragment.

    Source: RFC 9112, section 3.2.2.
    """
    return f"{target.scheme}://{target.authority}{target.path}"


def tunnel_authority(target: Target) -> str:
    """Return what the request line of CONNECT names: always with the port.

    Source: RFC 9112, section 3.2.3.
    """
    return _authority(target.host, target.port)


def _authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
