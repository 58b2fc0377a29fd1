"""How long a server's connection may wait for what it waits for.

Layer: HTTP. Imports from ``_base``, ``_net`` and within ``_http``.

Theory of operation
-------------------
Time is coarse: the server's timer visits its connections, a connection only notes that its state
has changed (``moved``), and what it waits for is measured from the visit after that. So a request
costs no timer and no look at a clock for one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whirlwind._base.limits import HEADER_TIMEOUT, LINGER_TIMEOUT
from whirlwind._base.log import gen_log
from whirlwind._http.slow_reader import SlowReader
from whirlwind._net.delivery import delivery

if TYPE_CHECKING:
    from whirlwind._http.server.protocol import ServerProtocol


class ConnectionWatch:
    """Closes one connection when what it waits for has taken too long.

    Args:
        tick: The server's clock.

    Attributes:
        moved: True once the state of the connection has changed since the last visit; set it.
        since: When it had changed last, as the visits tell.
    """

    __slots__ = ("_reader", "moved", "since")

    def __init__(self, tick: float) -> None:
        self.since = tick
        self.moved = False
        self._reader: SlowReader | None = None

    def check(self, connection: ServerProtocol, tick: float) -> None:
        """Close the connection if it is time.

        Args:
            connection: The connection that is watched.
            tick: The server's clock.
        """
        moved = self.moved
        if moved:
            self.moved = False
            self.since = tick
        passed = tick - self.since
        exchange = connection.exchange
        busy = moved or exchange is not None or connection.closing
        if (busy or self._reader is not None) and self._reads_nothing(connection, tick):
            gen_log.info("Timeout writing to %s", connection.peer())
            connection.abort()
        elif exchange is None:
            if self._reader is not None:
                self.since = tick  # the client has something to read first
            elif passed > _patience(connection):
                connection.abort() if connection.closing else connection.close()
        elif connection.reading_paused and _is_reset(connection):
            connection.abort()
        elif exchange.reading and not connection.blocked:
            timeout = exchange.body_timeout
            if timeout is None:
                timeout = connection.server.body_timeout
            if timeout is not None and passed > timeout:
                gen_log.info("Timeout reading body from %s", connection.peer())
                connection.close()

    def _reads_nothing(self, connection: ServerProtocol, tick: float) -> bool:
        transport = connection.transport
        if transport is None:
            return False
        reader = self._reader
        if reader is None:
            reader = self._reader = SlowReader()
        sending = None if connection.exchange is None else connection.exchange.sending
        stopped = reader.has_stopped(
            transport, tick, file_sent=None if sending is None else sending.sent
        )
        if not reader.waits:
            self._reader = None
        return stopped


def _patience(connection: ServerProtocol) -> float:
    """Return the seconds that a connection without a request may take."""
    if connection.lingers():
        return LINGER_TIMEOUT
    if connection.holds_bytes():
        return HEADER_TIMEOUT
    return connection.server.idle_connection_timeout


def _is_reset(connection: ServerProtocol) -> bool:
    # Nobody hears of it from the loop while reading is paused.
    transport = connection.transport
    seen = None if transport is None else delivery(transport.get_extra_info("socket"))
    return seen is not None and seen.over
