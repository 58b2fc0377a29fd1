"""What a program decides about a WebSocket before it opens.

Layer: HTTP. Imports from ``_base`` only.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from whirlwind._base.limits import MAX_MESSAGE_SIZE
from whirlwind._base.log import gen_log

#: Says the same thing once, however many connections there are that it holds for.
de_dupe_gen_log = lru_cache(gen_log.log)

_WARNING = 30  # logging.WARNING


@dataclass(slots=True)
class WebSocketParams:
    """What a program decides about a WebSocket before it opens.

    Attributes:
        ping_interval: Seconds between pings; None or 0 for none.
        ping_timeout: Seconds that a pong may take; None for ``ping_interval``.
        max_message_size: Most bytes in a message from the peer, decompressed.
        compression_options: Options for compression, empty for the defaults; None for no
            compression.
    """

    ping_interval: float | None = None
    ping_timeout: float | None = None
    max_message_size: int = MAX_MESSAGE_SIZE
    compression_options: dict[str, Any] | None = None

    def pong_time(self) -> float:
        """Seconds that a pong may take; at most ``ping_interval``, since the next ping follows."""
        timeout = self.ping_timeout
        interval = self.ping_interval or 0
        if timeout is None:
            return interval
        if interval and timeout > interval:
            de_dupe_gen_log(
                _WARNING,
                f"The websocket_ping_timeout ({timeout}) cannot be longer than the "
                f"websocket_ping_interval ({interval}). Setting websocket_ping_timeout={interval}",
            )
            return interval
        return timeout
