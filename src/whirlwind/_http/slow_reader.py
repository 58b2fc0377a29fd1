"""Finds the peers that have stopped to read, and leaves alone those that read slowly.

Layer: HTTP. Imports from ``_base`` and ``_net``.

Theory of operation
-------------------
The server's timer asks once in a while. Nothing is counted while bytes are written: as long as a
transport's buffer is empty, nobody waits for the peer and there is nothing to measure, however
long a poll or an event stream is silent. Otherwise it is noted how far the peer has come, by what
its system has acknowledged or, where the kernel does not say that, by any change in the buffer;
and when it last came further.

Under TLS the buffer that can be seen is not the last one: a transport below holds what is encrypted
already, megabytes perhaps. There the kernel is asked, until it says that nothing is left.
"""

from __future__ import annotations

import asyncio

from whirlwind._base.limits import SEND_TIMEOUT
from whirlwind._net.delivery import delivery


class SlowReader:
    """Measures one peer.

    Attributes:
        since: When the peer was last seen to come further, on the server's clock.
        waits: True if something waited for the peer when it was last looked at.
    """

    __slots__ = ("_mark", "since", "waits")

    def __init__(self) -> None:
        self._mark: tuple[object, ...] | None = None
        self.since = 0.0
        self.waits = False

    def has_stopped(
        self, transport: asyncio.Transport, tick: float, *, file_sent: int | None = None
    ) -> bool:
        """True if something waits for the peer, and nothing moved for SEND_TIMEOUT.

        Args:
            transport: The connection.
            tick: The time.
            file_sent: How much of a file was sent that bypasses the transport; None for no file.
        """
        size = transport.get_write_buffer_size()
        self.waits = size > 0 or file_sent is not None
        seen = None
        if self.waits or transport.get_extra_info("ssl_object") is not None:
            seen = delivery(transport.get_extra_info("socket"))
            self.waits = self.waits or (seen is not None and seen.outstanding)
        if not self.waits:
            self._mark = None
            return False
        mark = (size, file_sent) if seen is None else (seen.acknowledged,)
        if mark != self._mark:
            self._mark = mark
            self.since = tick
            return False
        return tick - self.since > SEND_TIMEOUT
