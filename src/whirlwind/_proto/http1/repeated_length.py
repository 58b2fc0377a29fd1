"""One length that is said several times (RFC 9112, section 6.3, rule 5).

Layer: protocols. Standard library only.

``Content-Length: 5, 5`` comes of intermediaries that join two fields. It says one thing, and the
RFC has recipients take it; parsers of the strict kind refuse the comma. Where the numbers differ,
the message has no end that two readers agree on, and stays refused.
"""

from __future__ import annotations

import re
from typing import Final

_REPEATED: Final = re.compile(
    rb"(\r\ncontent-length:[ \t]*+)([0-9]{1,18})(?:[ \t]*+,[ \t]*+\2(?![0-9]))++[ \t]*+(?=\r\n)",
    re.IGNORECASE,
)


def with_one_length(head: bytes) -> bytes | None:
    """Return a head whose length is said once.

    Args:
        head: The whole head, with the empty line that ends it.

    Returns:
        The head; None if it has no such field, or more than one.
    """
    once, count = _REPEATED.subn(rb"\1\2", head)
    return once if count == 1 else None
