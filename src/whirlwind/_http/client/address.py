"""Addresses written in numbers, and the order in which to try several.

Layer: HTTP. Standard library only.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from itertools import chain, zip_longest
from typing import Any

# Family, and what ``connect`` of that family takes.
Address = tuple[int, Any]


def literal_address(host: str, port: int) -> Address | None:
    """Return the address that a host written in numbers stands for; None for a name."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except (OSError, ValueError):
            continue
        return (family, (host, port) if family == socket.AF_INET else (host, port, 0, 0))
    return None


def is_address(text: str) -> bool:
    """True for an IPv4 or IPv6 address in numbers."""
    return literal_address(text, 0) is not None


def interleaved(addresses: Sequence[Address]) -> list[Address]:
    """Order addresses so that families take turns, that of the first address first.

    Source: RFC 8305, section 4.
    """
    if not addresses:
        return []
    first = [address for address in addresses if address[0] == addresses[0][0]]
    other = [address for address in addresses if address[0] != addresses[0][0]]
    pairs = chain.from_iterable(zip_longest(first, other))
    return [address for address in pairs if address is not None]
