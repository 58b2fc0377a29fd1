"""TLS contexts from the options that programs give, and names in certificates.

Layer: net. Standard library only.

A context made here speaks TLS 1.2 and newer and does not compress or renegotiate. Who passes a
context of their own has decided for themselves.
"""

from __future__ import annotations

import functools
import ipaddress
import socket as sockets
import ssl
import warnings
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

SSLOptions: TypeAlias = dict[str, Any] | ssl.SSLContext

SSLCertificateError = ssl.CertificateError

_KEYS: Final = frozenset({"ssl_version", "certfile", "keyfile", "cert_reqs", "ca_certs", "ciphers"})

_TOO_OLD: Final = frozenset(
    getattr(ssl, name)
    for name in ("PROTOCOL_SSLv2", "PROTOCOL_SSLv3", "PROTOCOL_TLSv1", "PROTOCOL_TLSv1_1")
    if hasattr(ssl, name)
)


@functools.cache
def default_client_context() -> ssl.SSLContext:
    """Return the context of streams without options that connect: the system's authorities.

    Made when it is first needed: reading the authorities takes 10 ms and more.
    """
    return _hardened(ssl.create_default_context(ssl.Purpose.SERVER_AUTH))


@functools.cache
def default_server_context() -> ssl.SSLContext:
    """Return the context of streams without options that accept: it has no certificate."""
    return _hardened(ssl.create_default_context(ssl.Purpose.CLIENT_AUTH))


def ssl_options_to_context(
    ssl_options: SSLOptions, server_side: bool | None = None
) -> ssl.SSLContext:
    """Make a context from a dict of options; a context is returned as it is.

    Args:
        ssl_options: Any of ``ssl_version`` (an ``ssl.PROTOCOL_…`` constant), ``certfile`` and
            ``keyfile`` (paths, PEM), ``cert_reqs`` (an ``ssl.CERT_…`` constant), ``ca_certs``
            (path of a PEM file; as a client, None means the system's authorities), ``ciphers``
            (OpenSSL's notation).
        server_side: True for a context that accepts, False for one that connects; None for
            one that can do both and checks nothing unless told to.

    Returns:
        A context for TLS 1.2 and newer. One that connects checks certificate and host name
        unless ``cert_reqs`` is ``ssl.CERT_NONE``.

    Raises:
        TypeError: The options are neither a context nor a dict.
        ValueError: An unknown key, or an ``ssl_version`` older than TLS 1.2.
        OSError: A file cannot be read, or holds no such thing (``ssl.SSLError``).
    """
    if isinstance(ssl_options, ssl.SSLContext):
        return ssl_options
    given: object = ssl_options
    if not isinstance(given, Mapping):
        kind = type(given).__name__
        raise TypeError(f"ssl_options must be a dict or an SSLContext, not {kind}")
    unknown = sorted(set(ssl_options) - _KEYS)
    if unknown:
        raise ValueError(f"unknown keys {unknown} in ssl_options; known are {sorted(_KEYS)}")
    protocol = ssl_options.get("ssl_version")
    if protocol in _TOO_OLD:
        raise ValueError(f"ssl_version {protocol!r} is older than TLS 1.2")
    context = _new_context(protocol, server_side)
    requirement = ssl_options.get("cert_reqs")
    if requirement is not None:
        if requirement == ssl.CERT_NONE:
            context.check_hostname = False  # checked first: a name needs a certificate
        context.verify_mode = requirement
    certfile = ssl_options.get("certfile")
    if certfile is not None:
        context.load_cert_chain(certfile, ssl_options.get("keyfile"))
    authorities = ssl_options.get("ca_certs")
    if authorities is not None:
        context.load_verify_locations(authorities)
    elif server_side is False and context.verify_mode != ssl.CERT_NONE:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    if "ciphers" in ssl_options:
        context.set_ciphers(ssl_options["ciphers"])
    return context


def ssl_wrap_socket(
    socket: sockets.socket,
    ssl_options: SSLOptions,
    server_hostname: str | None = None,
    server_side: bool | None = None,
    **kwargs: Any,
) -> ssl.SSLSocket:
    """Wrap a socket with options as ``ssl_options_to_context`` takes them.

    Args:
        socket: A stream socket; the result takes over its descriptor.
        ssl_options: A context or a dict.
        server_hostname: As a client, the name to ask for and to look for in the certificate.
        server_side: True to accept the handshake; None and False begin it.
        kwargs: For ``ssl.SSLContext.wrap_socket``, for example ``do_handshake_on_connect``.

    Returns:
        The wrapped socket.

    Raises:
        ValueError: The context checks host names and there is none, or bad options.
        OSError: A file cannot be read, or the handshake, where it runs at once, failed.
    """
    context = ssl_options_to_context(ssl_options, server_side=server_side)
    return context.wrap_socket(
        socket, server_side=bool(server_side), server_hostname=server_hostname, **kwargs
    )


def ssl_match_hostname(cert: dict[str, Any], hostname: str) -> None:
    """Check that a certificate is for a host, as ``ssl.match_hostname`` once did.

    A context with ``check_hostname`` does it in the handshake; this is for programs that keep
    to doing it themselves.

    Args:
        cert: What ``getpeercert()`` of a verified connection returned.
        hostname: The name or the IP address that was connected to.

    Raises:
        SSLCertificateError: None of the certificate's names is the host's.
        ValueError: ``cert`` is empty: the connection was not verified.

    Source: RFC 9525, sections 6.3 and 6.4: only subjectAltName counts, and a wildcard is a
    whole left-most label.
    """
    if not cert:
        raise ValueError("empty certificate: the peer was not verified")
    names = [
        value for kind, value in cert.get("subjectAltName", ()) if kind in ("DNS", "IP Address")
    ]
    address = _ip_address(hostname)
    for kind, value in cert.get("subjectAltName", ()):
        if kind == "IP Address" and address is not None and _ip_address(value.strip()) == address:
            return
        if kind == "DNS" and address is None and _names_match(value, hostname):
            return
    raise SSLCertificateError(f"hostname {hostname!r} doesn't match any of {names}")


def _names_match(pattern: str, hostname: str) -> bool:
    wanted = hostname.rstrip(".").lower().split(".")
    offered = pattern.rstrip(".").lower().split(".")
    if offered[0] == "*" and len(offered) > 2:
        # "*.com" would be every company: a wildcard needs two labels to its right.
        return bool(wanted[0]) and offered[1:] == wanted[1:]
    return offered == wanted


def _ip_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _new_context(protocol: int | None, server_side: bool | None) -> ssl.SSLContext:
    if protocol is None:
        if server_side is None:
            protocol = ssl.PROTOCOL_TLS
        else:
            protocol = ssl.PROTOCOL_TLS_SERVER if server_side else ssl.PROTOCOL_TLS_CLIENT
    with warnings.catch_warnings():
        # Python warns of every protocol that is not for one side only; the caller asked for it.
        warnings.simplefilter("ignore", DeprecationWarning)
        context = _hardened(ssl.SSLContext(protocol))
    if server_side is False:
        context.check_hostname = True  # which protocols that are not for clients leave out
    return context


def _hardened(context: ssl.SSLContext) -> ssl.SSLContext:
    one_version = context.protocol == ssl.PROTOCOL_TLSv1_2  # and no other can be set there
    if not one_version and context.minimum_version < ssl.TLSVersion.TLSv1_2:
        context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    return context
