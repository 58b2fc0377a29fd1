"""When a connection has waited for too long, decided without a loop."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from tests.conftest import LogWatch

from whirlwind._base.limits import HEADER_TIMEOUT, LINGER_TIMEOUT, SEND_TIMEOUT
from whirlwind._http.server import connection_watch
from whirlwind._http.server.connection_watch import ConnectionWatch
from whirlwind._net.delivery import Delivery


class Transport(asyncio.Transport):
    """Holds as much as it is told to."""

    size = 0

    def get_write_buffer_size(self) -> int:
        return self.size


class Connection:
    """What a watch asks of a connection, each to be set; ``ended`` says what became of it."""

    def __init__(self) -> None:
        self.watch = ConnectionWatch(0.0)
        self.transport = Transport()
        self.exchange: Any = None
        self.closing = self.blocked = self.reading_paused = False
        self.held = self.thrown_away = False
        self.server = SimpleNamespace(idle_connection_timeout=500.0, body_timeout=None)
        self.ended: list[str] = []

    def holds_bytes(self) -> bool:
        return self.held

    def lingers(self) -> bool:
        return self.thrown_away

    def peer(self) -> str:
        return "somebody"

    def close(self) -> None:
        self.ended.append("closed")

    def abort(self) -> None:
        self.ended.append("aborted")

    def at(self, tick: float) -> list[str]:
        connection: Any = self
        self.watch.check(connection, tick)
        return self.ended


def request(*, reading: bool, body_timeout: float | None = None) -> SimpleNamespace:
    return SimpleNamespace(reading=reading, body_timeout=body_timeout, sending=None)


def test_an_idle_connection_is_closed_when_it_is_not_used() -> None:
    connection = Connection()
    assert connection.at(500) == []
    assert connection.at(501) == ["closed"]


def test_what_is_measured_begins_with_the_visit_after_a_change() -> None:
    connection = Connection()
    connection.watch.moved = True
    assert connection.at(400) == []
    assert connection.at(900) == []
    assert connection.at(901) == ["closed"]


def test_a_head_that_does_not_go_on_is_waited_for_less_long() -> None:
    connection = Connection()
    connection.held = True
    assert connection.at(HEADER_TIMEOUT) == []
    assert connection.at(HEADER_TIMEOUT + 1) == ["closed"]


def test_a_client_that_does_not_close_its_side_is_cut_off() -> None:
    connection = Connection()
    connection.closing = connection.thrown_away = True
    assert connection.at(LINGER_TIMEOUT) == []
    assert connection.at(LINGER_TIMEOUT + 1) == ["aborted"]


def test_an_answer_may_take_its_time() -> None:
    connection = Connection()
    connection.exchange = request(reading=False)
    assert connection.at(1_000_000) == []


@pytest.mark.parametrize(("own", "of_the_server"), [(7.0, None), (7.0, 3.0), (None, 7.0)])
def test_a_body_has_its_own_time_or_that_of_the_server(
    own: float | None, of_the_server: float | None, logs: LogWatch
) -> None:
    connection = Connection()
    connection.server.body_timeout = of_the_server
    connection.exchange = request(reading=True, body_timeout=own)
    connection.blocked = True  # the program is not ready for it: no fault of the client
    assert connection.at(100) == []
    connection.watch.moved = True
    connection.blocked = False
    assert connection.at(101) == []
    assert connection.at(108) == []
    assert connection.at(108.5) == ["closed"]


def test_a_client_that_does_not_read_is_cut_off_and_one_that_does_is_not_idle() -> None:
    connection = Connection()
    connection.transport.size = 5
    connection.watch.moved = True
    assert connection.at(10) == []
    connection.transport.size = 4
    assert connection.at(10 + SEND_TIMEOUT) == []
    assert connection.at(10 + 2 * SEND_TIMEOUT) == []
    assert connection.at(11 + 2 * SEND_TIMEOUT) == ["aborted"]

    connection = Connection()
    connection.transport.size = 1
    connection.watch.moved = True
    for tick in range(0, 2000, 100):
        connection.transport.size += 1
        assert connection.at(tick) == []
    connection.transport.size = 0
    assert connection.at(2000) == []
    assert connection.at(2400) == []
    assert connection.at(2401) == ["closed"]


def test_a_reset_is_noticed_while_the_socket_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    over = False
    monkeypatch.setattr(connection_watch, "delivery", lambda _: Delivery(0, False, over))
    connection = Connection()
    connection.exchange = request(reading=False)
    connection.reading_paused = True
    assert connection.at(1) == []
    over = True
    assert connection.at(2) == ["aborted"]
