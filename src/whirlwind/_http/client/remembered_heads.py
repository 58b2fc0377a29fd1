"""The heads of responses that came before, taken apart.

Layer: HTTP. Imports from ``_base`` and ``_proto``.

Theory of operation
-------------------
A server says much the same again and again; its date changes once a second. What the parser made
of a head, and what was decided about it, holds for the same bytes again. So a response whose head
is known, and which is all there in one read, passes without the parser. Only heads that passed it
are remembered, and none whose meaning depends on more than its bytes: no 1xx, no answer to HEAD, no
other framing than a length.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from whirlwind._base.limits import MAX_REMEMBERED_RESPONSES
from whirlwind._proto.http.headers import HTTPHeaders

_LONGEST: Final = 2048


class KnownHead(NamedTuple):
    """What a head means.

    Attributes:
        code, reason, version: Its status line.
        headers: Its fields; to be copied before others see them.
        length: Bytes of the body behind it.
        keep_alive: Whether the connection can be used again.
    """

    code: int
    reason: str
    version: str
    headers: HTTPHeaders
    length: int
    keep_alive: bool


# One for all clients: what a head means does not depend on who asked.
known_heads: Final[dict[bytes, KnownHead]] = {}


def remember_head(wire: bytes, known: KnownHead) -> None:
    """Remember a head.

    Args:
        wire: Its bytes, with the empty line that ends it.
        known: What it means.
    """
    if len(wire) > _LONGEST:
        return
    if len(known_heads) >= MAX_REMEMBERED_RESPONSES:
        # All at once: to find the one that was used least costs more than to take them apart again.
        known_heads.clear()
    known_heads[wire] = known
