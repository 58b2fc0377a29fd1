"""Signatures of OAuth 1, without I/O.

Layer: web. Standard library only.

Theory of operation
-------------------
Both sides make one string out of the request (method, URL, every parameter, sorted) and sign it
with the two secrets they share. So all that matters is that both make the same string: each name
and value is percent-encoded by one rule, before sorting, and then the parts once more.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit


def text_of(value: Any) -> str:
    """Return a parameter's value as text: bytes decoded as UTF-8, others as ``str`` has them."""
    return value.decode() if isinstance(value, bytes) else str(value)


def percent_encode(value: Any) -> str:
    """Percent-encode everything but letters, digits, ``-``, ``.``, ``_`` and ``~``.

    Args:
        value: Text, UTF-8 bytes, or what ``str`` makes text of.

    Source: RFC 5849, section 3.6.
    """
    return quote(text_of(value).encode(), safe="")


def base_string_uri(url: str) -> str:
    """Return scheme, authority and path of a URL as a signature sees them.

    Args:
        url: An absolute URL of ``http`` or ``https``.

    Returns:
        Scheme and host in lower case, the port unless it is the scheme's own; no query.

    Raises:
        ValueError: It is no URL of that kind.

    Source: RFC 5849, section 3.4.1.2.
    """
    parts = urlsplit(url)
    host = parts.hostname
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError(f"cannot sign {url[:40]!r}: expected an absolute URL of http or https")
    if ":" in host:
        host = f"[{host}]"
    if parts.port not in (None, {"http": 80, "https": 443}[parts.scheme]):
        host = f"{host}:{parts.port}"
    return f"{parts.scheme}://{host}{parts.path or '/'}"


def base_string(method: str, url: str, parameters: Iterable[tuple[str, Any]]) -> str:
    """Return the string that is signed.

    Args:
        method: The request's method.
        url: Its URL; the parameters in its query count.
        parameters: Name and value of each other one: those of the protocol but for
            ``oauth_signature``, and those of an urlencoded body. A name may come again.

    Source: RFC 5849, sections 3.4.1.1 and 3.4.1.3.
    """
    pairs = [*parse_qsl(urlsplit(url).query, keep_blank_values=True), *parameters]
    encoded = sorted([(percent_encode(name), percent_encode(value)) for name, value in pairs])
    normalized = "&".join([f"{name}={value}" for name, value in encoded])
    parts = (method.upper(), base_string_uri(url), normalized)
    return "&".join([percent_encode(part) for part in parts])


def sign(base: str, client_secret: Any, token_secret: Any = "") -> str:
    """Return the HMAC-SHA1 signature of a base string, in base64.

    Args:
        base: What ``base_string`` made.
        client_secret: The program's secret.
        token_secret: That of the token; empty before there is one.

    Source: RFC 5849, section 3.4.2. OAuth 1.0 before its revision A says the same; Tornado leaves
    the secrets unencoded there, which differs only for secrets that need encoding.
    """
    key = f"{percent_encode(client_secret)}&{percent_encode(token_secret)}"
    digest = hmac.digest(key.encode(), base.encode(), hashlib.sha1)
    return base64.b64encode(digest).decode()
