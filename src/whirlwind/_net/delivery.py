"""How far what was written has come: what the peer's system has acknowledged.

Layer: net. Standard library only.

The size of a transport's buffer says little about a slow peer. Linux calls a socket writable when a
third of its buffer is free, and that buffer grows to megabytes: at 10 KB a second nothing leaves
the process for minutes, although the peer reads all the time. The kernel counts what was
acknowledged, byte by byte; a peer that does not read closes its window, and the count stands still.
"""

from __future__ import annotations

import socket
import struct
import sys
from typing import Any, Final, NamedTuple

# struct tcp_info of linux/tcp.h: tcpi_state, tcpi_unacked, tcpi_bytes_acked and
# tcpi_notsent_bytes (4.6).
_TCP_INFO_SIZE: Final = 148
_FIELDS: Final = struct.Struct("=B23xI92xQ16xI")
_CLOSED: Final = 7  # TCP_CLOSE: reset, or given up


class Delivery(NamedTuple):
    """What the kernel says of one TCP connection's way out.

    Attributes:
        acknowledged: Bytes that the peer's system has taken, since the beginning.
        outstanding: True while there is something in the kernel that it has not.
        over: True once the connection was reset, or was given up.
    """

    acknowledged: int
    outstanding: bool
    over: bool = False


def delivery(opened: Any) -> Delivery | None:
    """Ask the kernel how far a connection's bytes have come.

    Args:
        opened: The socket, or what a transport has for it; None for a transport without one.

    Returns:
        None where nobody can tell: another system than Linux, no TCP, a closed socket.
    """
    if opened is None or sys.platform != "linux":
        return None
    if opened.family not in (socket.AF_INET, socket.AF_INET6):
        return None
    try:
        info = opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_SIZE)
    except OSError:
        return None
    if len(info) < _TCP_INFO_SIZE:
        return None
    state, unacknowledged, acknowledged, unsent = _FIELDS.unpack_from(info)
    return Delivery(acknowledged, bool(unacknowledged or unsent), state == _CLOSED)
