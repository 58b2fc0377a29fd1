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

_NAME: Final = re.compile(r"[A-Za-z0-9._\-]+")


class Proxy(NamedTuple):
    """A proxy and who one is to it; connections made through it are filed under all of that.

    Attributes:
        host, port: Where it is.
        username, password: For it; None and empty for nobody.
        auth_mode: ``"basic"`` or ``"digest"``.
        field: A ``Proxy-Authorization`` that the program wrote itself; None for none.
    """

    host: str
    port: int
    username: str | None = None
    password: str = ""
    auth_mode: str = "basic"
    field: str | None = None

    @property
    def authority(self) -> str:
        """Host and port, for messages."""
        return _authority(self.host, self.port)


def chosen_proxy(options: Mapping[str, Any], fields: HTTPHeaders | None) -> Proxy | None:
    """Return the proxy that a request asks for; None for none.

    Args:
        options: Options of the request, those not None. An empty ``proxy_host`` is no proxy, so
            that a request can do without the one among its client's defaults.
        fields: Its header fields; None for none.

    Raises:
        ValueError: The host is no host, or the port is missing or no port.
    """
    host = options.get("proxy_host")
    if not host:
        return None
    if _NAME.fullmatch(host) is None and not is_address(host):
        raise ValueError(f"proxy_host is {host[:40]!r}, not the name or address of an HTTP proxy")
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
        fields.get("Proxy-Authorization") if username is None and fields else None,
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
