"""What one version of libcurl or another does not keep apart: connections and origins.

Layer: HTTP. Imports from this package.

libcurl pools connections and follows redirects by itself, and each version of it knew more about
what must not be mixed. Where the one at hand does not know enough, a request gets a connection of
its own, or a redirect is refused: an error is better than a password in the wrong hands.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Final

# Versions as libcurl writes them: 0xXXYYZZ.
# CVE-2022-27774 and CVE-2022-27776: only the host's name was compared, not port and scheme.
_STRIPS_CREDENTIALS: Final = 0x07_53_00
# CVE-2026-3784: a tunnel through a proxy was given to requests with other credentials for it.
_KEEPS_TUNNELS_APART: Final = 0x08_13_00
# CVE-2026-8932: not all of a client's certificate and key was compared.
_KEEPS_CERTIFICATES_APART: Final = 0x08_15_00
# The first version that was seen not to show the certificate to the next origin.
_STRIPS_CERTIFICATES: Final = 0x08_17_00
# CURLFOLLOW_OBEYCODE: a method that libcurl has no option for becomes GET after 303.
_OBEYS_CODES: Final = 0x08_0D_00

_ALWAYS_CARRIED: Final = ("Proxy-Authorization", "Cookie2")
_CREDENTIALS: Final = ("Authorization", "Cookie")


def needs_own_connection(version: int, *, client_cert: bool, proxy_credentials: bool) -> bool:
    """Tell whether a request may not share connections with others.

    Args:
        version: libcurl's.
        client_cert: Whether the request shows a certificate.
        proxy_credentials: Whether it has a name for its proxy.
    """
    return (proxy_credentials and version < _KEEPS_TUNNELS_APART) or (
        client_cert and version < _KEEPS_CERTIFICATES_APART
    )


def carried_secret(
    version: int, *, fields: Container[str], credentials: bool, client_cert: bool
) -> str | None:
    """Name what libcurl would take along on a redirect to another origin, and must not.

    Args:
        version: libcurl's.
        fields: Names of header fields that the program set.
        credentials: Whether the request has a name and a password.
        client_cert: Whether it shows a certificate.

    Returns:
        The first thing found; None if libcurl can be left alone.
    """
    for name in _ALWAYS_CARRIED:
        if name in fields:
            return name
    if version < _STRIPS_CREDENTIALS:
        if credentials:
            return "Authorization"
        for name in _CREDENTIALS:
            if name in fields:
                return name
    if client_cert and version < _STRIPS_CERTIFICATES:
        return "client_cert"
    return None


def follow_option(version: int) -> int:
    """Return the value of ``FOLLOWLOCATION`` that follows redirects as the RFC says."""
    return 2 if version >= _OBEYS_CODES else 1
