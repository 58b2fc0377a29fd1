"""Entity tags: making one of a body, and matching what a client already has.

Layer: web. Imports from ``_base`` only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from whirlwind._base.late_pattern import late_pattern

# BLAKE2b at 128 bits: it need not be a secret, only differ where bodies differ, and it takes a
# quarter of SHA-512's time with half of its length. A copy for each body is faster than a new one.
EMPTY_DIGEST: Final = hashlib.blake2b(digest_size=16)
_TAG: Final = late_pattern(r'\*|(?:W/)?"[^"]*"')


def etag_of(pieces: Sequence[bytes]) -> str:
    """Return a strong entity tag, quotes included, for a body given in pieces."""
    digest = EMPTY_DIGEST.copy()
    for piece in pieces:
        digest.update(piece)
    return f'"{digest.hexdigest()}"'


def etag_matches(etag: str, if_none_match: str) -> bool:
    """True if a client that holds the listed entities holds this one.

    Args:
        etag: Ours, with quotes; may begin with ``W/``.
        if_none_match: The field's value: tags, or ``*`` for any.

    Source: RFC 9110, sections 8.8.3.2 (weak comparison) and 13.1.2.
    """
    tags = _TAG().findall(if_none_match)
    if not etag or not tags:
        return False
    if tags[0] == "*":
        return True
    opaque = etag.removeprefix("W/")
    return any(tag.removeprefix("W/") == opaque for tag in tags)
