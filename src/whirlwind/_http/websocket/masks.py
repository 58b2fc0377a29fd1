"""Masking keys for a client's frames (RFC 6455, section 10.3).

Layer: HTTP. Standard library only.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

_KEYS: Final = 64  # asked of the system at once: one call costs as much as ten keys


def masking_keys() -> Callable[[], bytes]:
    """Return a function that returns four bytes that nobody can foretell, new ones each time."""
    keys: list[bytes] = []

    def next_key() -> bytes:
        if not keys:
            pool = os.urandom(4 * _KEYS)
            keys.extend(pool[at : at + 4] for at in range(0, len(pool), 4))
        return keys.pop()

    return next_key
