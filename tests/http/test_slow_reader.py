"""When a peer counts as one that has stopped to read, decided without a loop."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from whirlwind._base.limits import SEND_TIMEOUT
from whirlwind._http import slow_reader
from whirlwind._http.slow_reader import SlowReader
from whirlwind._net.delivery import Delivery


class Transport(asyncio.Transport):
    """Holds as much as it is told to."""

    def __init__(self, *, tls: bool = False) -> None:
        super().__init__({"ssl_object": object() if tls else None})
        self.size = 0

    def get_write_buffer_size(self) -> int:
        return self.size


def asked(reader: SlowReader, transport: Transport, tick: float, **options: Any) -> bool:
    return reader.has_stopped(transport, tick, **options)


def test_while_nothing_waits_for_the_peer_no_time_passes() -> None:
    reader, transport = SlowReader(), Transport()
    assert not any(asked(reader, transport, tick) for tick in range(0, 10_000, 50))
    transport.size = 1
    assert not asked(reader, transport, 10_000)
    assert not asked(reader, transport, 10_000 + SEND_TIMEOUT)
    assert asked(reader, transport, 10_001 + SEND_TIMEOUT)


def test_without_a_kernel_that_counts_any_change_is_progress() -> None:
    reader, transport = SlowReader(), Transport()
    for tick in range(0, 1000, 50):
        transport.size = 1000 - tick % 100
        assert not asked(reader, transport, tick)
    transport.size = 0
    for tick in range(1000, 2000, 50):
        assert not asked(reader, transport, tick, file_sent=tick)
    assert asked(reader, transport, 2100, file_sent=1950)


def test_where_the_kernel_counts_only_what_was_taken_is_progress(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken = 0

    def counted(_: object) -> Delivery:
        return Delivery(taken, outstanding=True)

    monkeypatch.setattr(slow_reader, "delivery", counted)
    reader, transport = SlowReader(), Transport()
    transport.size = 5
    for tick in range(0, 1000, 50):
        taken += 1  # the buffer stays as it is: the kernel's own is megabytes
        assert not asked(reader, transport, tick)
    transport.size = 500  # the program writes on, and nobody reads
    assert not asked(reader, transport, 950 + SEND_TIMEOUT)
    assert asked(reader, transport, 951 + SEND_TIMEOUT)


def test_under_tls_the_kernel_is_asked_what_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outstanding = True
    monkeypatch.setattr(slow_reader, "delivery", lambda _: Delivery(7, outstanding))
    reader, transport = SlowReader(), Transport(tls=True)
    assert not asked(reader, transport, 0)
    assert reader.waits
    assert asked(reader, transport, 1 + SEND_TIMEOUT)
    outstanding = False  # a long poll, of which nothing is on its way
    assert not asked(reader, transport, 2001 + SEND_TIMEOUT)
    assert not reader.waits
