"""What older clients had as properties."""

from __future__ import annotations

from typing import Any

import pytest
from tests.mongo.scripted import run, scripted

from whirlwind.mongo import MotorClient


@pytest.mark.parametrize(
    ("name", "option", "value", "default"),
    [
        ("max_pool_size", "maxPoolSize", 7, 100),
        ("min_pool_size", "minPoolSize", 2, 0),
        ("max_idle_time_ms", "maxIdleTimeMS", 5000, None),
        ("local_threshold_ms", "localThresholdMS", 20, 15),
        ("retry_writes", "retryWrites", False, True),
        ("retry_reads", "retryReads", False, True),
    ],
)
def test_options_are_properties(name: str, option: str, value: Any, default: Any) -> None:
    given: dict[str, Any] = {option: value}
    assert getattr(MotorClient(**given), name) == value
    assert getattr(MotorClient(), name) == default


def test_time_and_listeners() -> None:
    assert MotorClient(serverSelectionTimeoutMS=1500).server_selection_timeout == 1.5
    assert MotorClient().event_listeners == []


def test_what_servers_decide_is_a_default_before_one_is_known() -> None:
    async def scene() -> None:
        async with scripted() as (_, things):
            client = things.client
            assert client.max_bson_size == 16 * 2**20
            await client.admin.command("ping")
            assert (client.max_bson_size, client.max_message_size) == (16_777_216, 48_000_000)
            assert client.max_write_batch_size == 100_000

    run(scene)
