"""Tokens of OAuth 1: as a provider sends them, and in the cookie between two requests.

Layer: web. Imports from ``_base`` and within ``_web``.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import Any, Final

from whirlwind._base.escape import parse_qs_bytes, utf8
from whirlwind._web.auth.errors import AuthError

COOKIE: Final = "_oauth_request_token"


def token_of(body: bytes) -> dict[str, Any]:
    """Read the token that a provider answered with.

    Args:
        body: The answer, urlencoded.

    Returns:
        ``key`` and ``secret``, and every other field under its own name, as text.

    Raises:
        AuthError: There is no token in it.

    Source: RFC 5849, sections 2.1 and 2.3.
    """
    try:
        fields = parse_qs_bytes(body, keep_blank_values=True)
        found = {name: values[0].decode() for name, values in fields.items()}
    except ValueError as error:
        raise AuthError(f"the provider answered {body[:40]!r}: no token") from error
    key = found.pop("oauth_token", "")
    secret = found.pop("oauth_token_secret", None)
    if not key or secret is None:
        missing = "oauth_token_secret" if key else "oauth_token"
        raise AuthError(f"the provider answered {body[:40]!r}: no {missing}")
    return {"key": key, "secret": secret} | {
        name: value for name, value in found.items() if name not in ("key", "secret")
    }


def cookie_of(token: dict[str, Any]) -> str:
    """Return a request token as the value of a cookie."""
    parts = [base64.b64encode(utf8(token[name])).decode() for name in ("key", "secret")]
    return "|".join(parts)


def token_from_cookie(cookie: str, key: str) -> dict[str, Any]:
    """Return the request token of a cookie, for the token that a provider sent the user back with.

    Args:
        cookie: The cookie's value.
        key: The provider's ``oauth_token``.

    Returns:
        ``key`` and ``secret``, as text.

    Raises:
        AuthError: The cookie is of another login, or damaged.
    """
    try:
        parts = [base64.b64decode(part, validate=True).decode() for part in cookie.split("|")]
        held, secret = parts
    except (binascii.Error, ValueError) as error:
        raise AuthError(f"OAuth request token cookie is damaged: {cookie[:40]!r}") from error
    if not hmac.compare_digest(held.encode(), key.encode()):
        # Whoever sees the message must not see the token that would have been right.
        raise AuthError(f"Request token does not match cookie: {key[:40]!r}")
    return {"key": held, "secret": secret}
