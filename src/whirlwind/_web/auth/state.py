"""The ``state`` of OAuth 2: whether a login that comes back is one that this browser began.

Layer: web. Standard library only.
"""

from __future__ import annotations

import hmac
import secrets
from typing import Final

COOKIE: Final = "_oauth2_state"


def new_state() -> str:
    """Return a value that nobody can guess: 256 random bits as 43 characters.

    Source: RFC 6749, section 10.10, asks for 128 bits at least.
    """
    return secrets.token_urlsafe(32)


def is_same_state(held: str | None, received: str | None) -> bool:
    """Tell whether the state of a request is the one of the cookie, in constant time.

    Args:
        held: The cookie's; None or empty if there is none, which matches nothing.
        received: The request's; the same.
    """
    if not held or not received:
        return False
    return hmac.compare_digest(held.encode(), received.encode())
