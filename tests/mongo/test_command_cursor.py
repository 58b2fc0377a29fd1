"""Latent cursors and cursors of commands."""

from __future__ import annotations

from typing import Any

import pytest
from bson import SON, CodecOptions
from pymongo.errors import OperationFailure
from tests.mongo.scripted import run, scripted
from tests.support.mongo_wire import KEEP_WAITING, batches, cursor_answer, documents

from whirlwind.mongo import MotorCommandCursor, MotorLatentCommandCursor


def test_an_aggregation_is_sent_when_its_first_document_is_asked_for() -> None:
    async def scene() -> None:
        async with scripted(batches(2, 1)) as (server, things):
            cursor = things.aggregate([{"$match": {"a": 1}}], batchSize=2)
            assert isinstance(cursor, MotorLatentCommandCursor)
            assert not cursor.started
            assert cursor.alive
            assert cursor.cursor_id is None
            await things.database.command("ping")
            assert server.commands == []
            assert [document async for document in cursor] == documents(0, 3)
            assert server.names == ["aggregate", "getMore"]
            assert server.commands[0]["pipeline"] == [{"$match": {"a": 1}}]
            assert server.commands[0]["cursor"] == {"batchSize": 2}
            assert not cursor.alive

    run(scene)


def test_an_aggregation_fetches_one_batch_at_a_time() -> None:
    async def scene() -> None:
        async with scripted(batches(3, 3, 3)) as (server, things):
            cursor = things.aggregate([])
            for number in range(9):
                assert await cursor.fetch_next
                assert len(server.commands) == number // 3 + 1
                assert cursor.next_object() == {"_id": number}
            assert await cursor.fetch_next is False
            assert len(server.commands) == 3

    run(scene)


def test_batch_size_of_a_latent_cursor_is_that_of_all_its_batches() -> None:
    async def scene() -> None:
        async with scripted(batches(1, 1)) as (server, things):
            cursor = things.aggregate([])
            assert cursor.batch_size(5) is cursor
            assert await cursor.to_list() == documents(0, 2)
            assert server.commands[0]["cursor"] == {"batchSize": 5}
            assert server.commands[1]["batchSize"] == 5
            indexes = things.list_indexes().batch_size(5)
            assert await indexes.to_list() == documents(0, 2)
            assert [command.get("batchSize") for command in server.commands[2:]] == [None, 5]
            with pytest.raises(ValueError, match="0 or more"):
                things.aggregate([]).batch_size(-1)
            with pytest.raises(TypeError, match="int"):
                things.aggregate([]).batch_size("5")

    run(scene)


def test_a_pipeline_that_fails_is_an_error_and_the_end() -> None:
    async def scene() -> None:
        async with scripted(
            lambda name, command: {"ok": 0, "code": 40324, "errmsg": "no such stage"}
        ) as (_, things):
            cursor = things.aggregate([{"$nonsense": 1}])
            with pytest.raises(OperationFailure, match="no such stage"):
                await cursor.to_list()
            assert not cursor.alive
            assert await cursor.fetch_next is False

    run(scene)


@pytest.mark.parametrize("stage", ["$out", "$merge"])
def test_a_pipeline_that_writes_runs_and_has_no_documents(stage: str) -> None:
    async def scene() -> None:
        async with scripted(batches(0)) as (server, things):
            assert await things.aggregate([{"$match": {}}, {stage: "copy"}]).to_list() == []
            assert server.names == ["aggregate"]

    run(scene)


def test_a_list_of_indexes_is_latent_too() -> None:
    async def scene() -> None:
        async with scripted(batches(2, 2)) as (server, things):
            cursor = things.list_indexes()
            assert isinstance(cursor, MotorLatentCommandCursor)
            assert server.commands == []
            assert await cursor.to_list() == documents(0, 4)
            assert server.names == ["listIndexes", "getMore"]

    run(scene)


def test_the_last_batch_of_a_command_is_handed_out_without_a_turn_of_the_loop() -> None:
    async def scene() -> None:
        async with scripted(batches(4)) as (_, things):
            cursor = await things.database.list_collections()
            assert isinstance(cursor, MotorCommandCursor)
            assert await cursor.fetch_next
            for _ in range(4):
                assert cursor.fetch_next.done()
                assert cursor.next_object() is not None
            assert await cursor.fetch_next is False

    run(scene)


def test_a_command_with_several_batches_fetches_none_too_early() -> None:
    async def scene() -> None:
        async with scripted(batches(2, 2)) as (server, things):
            cursor = await things.database.list_collections()
            for number in range(4):
                assert await cursor.fetch_next
                assert len(server.commands) == number // 2 + 1
                assert cursor.next_object() == {"_id": number}
            assert await cursor.fetch_next is False

    run(scene)


def test_try_next_fetches_once_and_is_none_if_that_brought_nothing() -> None:
    def answer(name: str, command: dict[str, Any]) -> Any:
        if name == "aggregate":
            return cursor_answer([], 9, first=True)
        return cursor_answer(next(later), 9) if name == "getMore" else {"ok": 1}

    later = iter([[], documents(0, 2)])

    async def scene() -> None:
        async with scripted(answer) as (server, things):
            cursor = things.aggregate([])
            assert await cursor.try_next() is None
            sent = len(server.commands)
            assert await cursor.try_next() in (None, {"_id": 0})
            assert len(server.commands) - sent <= 1
            assert await cursor.next() in documents(0, 2)
            await cursor.close()

    run(scene)


def test_closing_a_latent_cursor_before_or_while_it_is_sent() -> None:
    async def scene() -> None:
        async with scripted(lambda name, command: KEEP_WAITING) as (server, things):
            unsent = things.aggregate([])
            await unsent.close()
            assert await unsent.fetch_next is False
            assert server.commands == []
            cursor = things.aggregate([])
            fetching = cursor.fetch_next
            await server.wait_for("aggregate")
            await cursor.close()
            assert await fetching is False

    run(scene)


def test_documents_of_an_aggregation_are_decoded_as_the_collection_says() -> None:
    async def scene() -> None:
        async with scripted(batches(1)) as (_, things):
            typed = things.with_options(codec_options=CodecOptions(document_class=SON))
            (document,) = await typed.aggregate([]).to_list()
            assert type(document) is SON
            (document,) = await typed.find().to_list()
            assert type(document) is SON

    run(scene)


def test_raw_batches_of_an_aggregation_come_as_bytes() -> None:
    async def scene() -> None:
        async with scripted(batches(2, 2)) as (_, things):
            found = await things.aggregate_raw_batches([]).to_list()
            assert len(found) == 2
            assert all(isinstance(batch, bytes) for batch in found)

    run(scene)


def test_a_database_aggregates_and_answers_commands_with_cursors() -> None:
    async def scene() -> None:
        async with scripted(batches(2, 1)) as (server, things):
            database = things.database
            assert await database.aggregate([{"$currentOp": {}}]).to_list() == documents(0, 3)
            assert server.commands[0]["aggregate"] == 1
            cursor = await database.cursor_command("checkMetadataConsistency")
            assert await cursor.to_list() == documents(0, 3)

    run(scene)
