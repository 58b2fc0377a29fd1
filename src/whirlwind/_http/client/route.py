"""Whom a request is sent to, and as whom: the server itself, or a proxy.

Layer: HTTP. Imports from ``_proto`` and this package.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from whirlwind._http.client.authentication import Account, Authenticator
from whirlwind._http.client.connection_key import ConnectionKey, connection_key
from whirlwind._http.client.connector import proxy_account
from whirlwind._http.client.proxy import absolute_form, chosen_proxy
from whirlwind._http.client.target import Target
from whirlwind._proto.http.headers import HTTPHeaders

# Options that say who is asking, or whom to ask instead.
ROUTING_OPTIONS: Final = frozenset({"auth_username", "proxy_host"})


class Route(NamedTuple):
    """How a request gets to its server.

    Attributes:
        key: What its connection is filed under.
        named: What its request line names; None for the path.
        credentials: Fields that say who is asking.
        accounts: Who is asking, by the status that wants to know: 401 or 407.
    """

    key: ConnectionKey
    named: str | None = None
    credentials: dict[str, str] | None = None
    accounts: dict[int, Account] | None = None


def route_of(
    target: Target,
    method: str,
    fields: HTTPHeaders | None,
    options: Mapping[str, Any],
    authenticator: Authenticator,
    *,
    is_http: bool,
) -> Route:
    """Decide whom to ask and as whom.

    Args:
        target: Where the request goes.
        method: Its method.
        fields: The header fields that the program set; None for none.
        options: Options of the request, those not None.
        authenticator: Writes the fields with credentials.
        is_http: Whether the connection stays one of HTTP. What is something else afterwards does
            not pass a proxy that expects HTTP, except in a tunnel.

    Raises:
        ValueError: The proxy, or a mode of authentication, is none.
    """
    if target.username is None and ROUTING_OPTIONS.isdisjoint(options):
        return Route(connection_key(target, options))
    proxy = chosen_proxy(options, fields)
    forwarded = proxy is not None and not proxy.version and target.scheme == "http" and is_http
    key = connection_key(target, options, proxy, is_forwarded=forwarded)
    named = absolute_form(target) if forwarded else None
    username, password = target.username, target.password
    if username is None and "auth_username" in options:
        username, password = options["auth_username"], options.get("auth_password") or ""
    accounts: dict[int, Account] = {}
    credentials: dict[str, str] = {}
    if username is not None:
        account = Account(target.origin, username, password, options.get("auth_mode", "basic"))
        accounts[401] = account
        # The server's own view of it, also where a proxy is told the whole URL.
        value = authenticator.field(account, method, target.path)
        if value is not None:
            credentials["Authorization"] = value
    if proxy is not None and forwarded:
        value = proxy.field
        proxys = proxy_account(proxy)
        if proxys is not None:
            accounts[407] = proxys
            value = authenticator.field(proxys, method, named or "")
        if value is not None:
            credentials["Proxy-Authorization"] = value
    return Route(key, named, credentials, accounts)
