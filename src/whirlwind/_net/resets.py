"""Closing a connection so that its peer sees that something is missing.

Layer: net. Standard library only.
"""

from __future__ import annotations

import os
import socket
import struct
from typing import Any, Final

# struct linger, on and of no seconds: two shorts on Windows, two ints elsewhere.
_NO_LINGER: Final = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)


def reset_when_closed(opened: Any) -> None:
    """Have a TCP socket end with a reset, and not in order, when it is closed.

    Args:
        opened: The socket, or what a transport has for it; of another family, or None, it is
            left as it is.
    """
    if opened is not None and opened.family in (socket.AF_INET, socket.AF_INET6):
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
