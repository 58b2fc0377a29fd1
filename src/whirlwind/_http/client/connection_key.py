"""What makes one connection differ from another.

Layer: HTTP. Imports from this package.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from whirlwind._base.limits import MAX_TARGETS
from whirlwind._http.client.address import is_address
from whirlwind._http.client.proxy import Proxy
from whirlwind._http.client.target import Target

_AF_UNSPEC: Final = 0
_AF_INET: Final = 2
# Options that the key of a connection depends on. ``validate_cert`` has a default, the others
# are there only if a program says something.
_SOCKET_OPTIONS: Final = frozenset({"network_interface", "allow_ipv6"})
# What a dict of ``ssl_options`` may say that a request can say without it.
_SIMPLE_OPTIONS: Final = frozenset({"cert_reqs", "ca_certs", "keyfile", "certfile"})
_TLS_OPTIONS: Final = frozenset({"ssl_options", "ca_certs", "client_key", "client_cert"})


class TLSOptions(NamedTuple):
    """What decides about the TLS of a connection; part of what connections are filed under.

    Attributes:
        validate_cert, ca_certs, client_key, client_cert: As in ``HTTPRequest``.
        given: What ``ssl_options`` says as a dict that has no other words for it, in the order
            of names; None without it.
        context: A context of the program's own; None to make one from the other options.
    """

    validate_cert: bool = True
    ca_certs: str | None = None
    client_key: str | None = None
    client_cert: str | None = None
    given: tuple[tuple[str, Any], ...] | None = None
    context: ssl.SSLContext | None = None


class ConnectionKey(NamedTuple):
    """What makes one connection differ from another: only one with an equal key may be reused.

    Attributes:
        scheme, host, port: Whom one talks to; an empty host and port 0 for a connection to a
            proxy that takes requests for any host.
        tls: How; None without TLS.
        family: Address family, ``AF_UNSPEC`` for any.
        interface: Local address, None for any.
        proxy: Whom one goes through, and as whom; None for nobody.
    """

    scheme: str
    host: str
    port: int
    tls: TLSOptions | None
    family: int
    interface: str | None
    proxy: Proxy | None = None


def connection_key(
    target: Target,
    options: Mapping[str, Any],
    proxy: Proxy | None = None,
    *,
    is_forwarded: bool = False,
) -> ConnectionKey:
    """Return what connections for a request are filed under.

    Args:
        target: Where it goes.
        options: Options of the request, those not None.
        proxy: Through whom; None for nobody.
        is_forwarded: Whether that proxy is to send the request on, rather than its bytes.

    Raises:
        ValueError: ``network_interface`` is not an address.
        TypeError: ``ssl_options`` is neither a context nor a dict.
    """
    secure = target.scheme == "https"
    if (
        proxy is None
        and _SOCKET_OPTIONS.isdisjoint(options)
        and (
            not secure or (options.get("validate_cert", True) and _TLS_OPTIONS.isdisjoint(options))
        )
    ):
        return _plain_key(target.scheme, target.host, target.port)
    interface = options.get("network_interface") or None
    if interface is not None and not is_address(interface):
        raise ValueError(
            f"Unrecognized IPv4 or IPv6 address for network_interface, got {interface[:40]!r}"
        )
    family = _AF_INET if options.get("allow_ipv6") is False else _AF_UNSPEC
    if is_forwarded:
        return ConnectionKey("http", "", 0, None, family, interface, proxy)
    tls = _tls_options(options) if secure else None
    return ConnectionKey(target.scheme, target.host, target.port, tls, family, interface, proxy)


@lru_cache(maxsize=MAX_TARGETS)
def _plain_key(scheme: str, host: str, port: int) -> ConnectionKey:
    tls = TLSOptions() if scheme == "https" else None
    return ConnectionKey(scheme, host, port, tls, _AF_UNSPEC, None)


def _tls_options(options: Mapping[str, Any]) -> TLSOptions:
    given = options.get("ssl_options")
    if isinstance(given, ssl.SSLContext):
        return TLSOptions(context=given)
    if isinstance(given, dict):
        required = given.get("cert_reqs", ssl.CERT_REQUIRED)
        if given.keys() <= _SIMPLE_OPTIONS and required != ssl.CERT_OPTIONAL:
            return TLSOptions(
                validate_cert=required != ssl.CERT_NONE,
                ca_certs=given.get("ca_certs"),
                client_key=given.get("keyfile"),
                client_cert=given.get("certfile"),
            )
        return TLSOptions(given=tuple(sorted(given.items())))
    if given is not None:
        raise TypeError(f"ssl_options is {given!r:.40}: expected an ssl.SSLContext or a dict")
    return TLSOptions(
        validate_cert=bool(options.get("validate_cert", True)),
        ca_certs=options.get("ca_certs"),
        client_key=options.get("client_key"),
        client_cert=options.get("client_cert"),
    )
