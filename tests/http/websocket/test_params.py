"""What a program decides before a WebSocket opens."""

from __future__ import annotations

from tests.conftest import LogWatch
from tests.support import loops
from tests.support.scripted_websocket import opened

from whirlwind._http.websocket.params import WebSocketParams, de_dupe_gen_log


def test_a_timeout_is_not_longer_than_the_interval_and_that_is_said_once(logs: LogWatch) -> None:
    async def main() -> None:
        de_dupe_gen_log.cache_clear()
        for _ in range(3):
            protocol, _, _ = opened(ping_interval=10, ping_timeout=20)
            assert protocol.ping_timeout == 10
            protocol.connection_lost(None)

    with logs.expect("whirlwind.general", "websocket_ping_timeout"):
        loops.run(main())


def test_what_is_not_said_follows_from_the_interval() -> None:
    assert WebSocketParams().pong_time() == 0
    assert WebSocketParams(ping_interval=10).pong_time() == 10
    assert WebSocketParams(ping_interval=10, ping_timeout=4).pong_time() == 4
    assert WebSocketParams(ping_timeout=4).pong_time() == 4
