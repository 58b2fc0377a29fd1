"""How long the end of a TLS connection is waited for, once its transport was closed.

Layer: net. Imports from ``_base``.
"""

from __future__ import annotations

import asyncio
from typing import Any

from whirlwind._base.limits import SEND_TIMEOUT, TLS_SHUTDOWN_TIMEOUT
from whirlwind._net.delivery import delivery


def bound_end(loop: asyncio.AbstractEventLoop, transport: asyncio.Transport, opened: Any) -> None:
    """See to it that a transport that was closed is gone in time.

    A server's transports may take an hour to send what they hold. The peer gets that long only
    while it reads on; when it has everything, it gets TLS_SHUTDOWN_TIMEOUT to answer the end.

    Args:
        loop: The loop.
        transport: The transport, closed.
        opened: Its socket, asked for before it was closed.
    """
    acknowledged = -1
    left: float = SEND_TIMEOUT

    def look() -> None:
        nonlocal acknowledged, left
        seen = delivery(opened)
        if seen is not None and seen.outstanding and left > 0:
            left -= TLS_SHUTDOWN_TIMEOUT
            if seen.acknowledged != acknowledged:
                acknowledged = seen.acknowledged
                left = SEND_TIMEOUT
            loop.call_later(TLS_SHUTDOWN_TIMEOUT, look)
        else:
            transport.abort()

    loop.call_later(TLS_SHUTDOWN_TIMEOUT, look)
