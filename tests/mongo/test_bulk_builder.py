"""Motor 1's bulk builder, on real servers and a scripted one."""

from __future__ import annotations

from typing import Any

import pytest
from pymongo.errors import BulkWriteError, InvalidOperation
from tests.mongo.scripted import run, scripted

from whirlwind.mongo import MotorClient

pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")


def test_what_was_gathered_is_written_in_order(any_uri: str, database_name: str) -> None:
    async def scene() -> None:
        async with MotorClient(any_uri) as client:
            await client.drop_database(database_name)
            things = client[database_name].things
            bulk = things.initialize_ordered_bulk_op()
            for number in range(4):
                bulk.insert({"_id": number, "a": 1})
            bulk.find({"a": 1}).update({"$set": {"b": 1}})
            bulk.find({"_id": 0}).update_one({"$set": {"c": 1}})
            bulk.find({"_id": 1}).replace_one({"d": 1})
            bulk.find({"_id": 9}).upsert().update({"$set": {"e": 1}})
            bulk.find({"_id": 2}).remove()
            bulk.find({"_id": 3}).remove_one()
            result = await bulk.execute()
            assert result is not None
            assert {name: result[name] for name in ("nInserted", "nRemoved", "nUpserted")} == {
                "nInserted": 4,
                "nRemoved": 2,
                "nUpserted": 1,
            }
            assert await things.find().sort("_id").to_list() == [
                {"_id": 0, "a": 1, "b": 1, "c": 1},
                {"_id": 1, "d": 1},
                {"_id": 9, "e": 1},
            ]
            with pytest.raises(InvalidOperation, match="once"):
                bulk.execute()

    run(scene)


def test_one_without_order_goes_on_after_an_error(any_uri: str, database_name: str) -> None:
    async def scene() -> None:
        async with MotorClient(any_uri) as client:
            await client.drop_database(database_name)
            things = client[database_name].things
            bulk = things.initialize_unordered_bulk_op()
            for number in (1, 1, 2):
                bulk.insert({"_id": number})
            with pytest.raises(BulkWriteError) as caught:
                await bulk.execute()
            assert [error["index"] for error in caught.value.details["writeErrors"]] == [1]
            assert await things.count_documents({}) == 2

    run(scene)


def test_options_reach_the_server_and_a_callback_gets_the_counts() -> None:
    results: list[Any] = []

    async def scene() -> None:
        async with scripted(lambda name, command: {"ok": 1, "n": 1}) as (server, things):
            bulk = things.initialize_ordered_bulk_op(bypass_document_validation=True)
            bulk.insert({})
            ended = things._binding.enter().create_future()

            def take(result: Any, error: Any) -> None:
                results.append((result["nInserted"], error))
                ended.set_result(None)

            assert bulk.execute({"w": 2}, callback=take) is None
            await ended
            assert server.commands[0]["writeConcern"] == {"w": 2}
            assert server.commands[0]["bypassDocumentValidation"] is True
            silent = things.initialize_ordered_bulk_op()
            silent.insert({})
            assert await silent.execute({"w": 0}) is None

    run(scene)
    assert results == [(1, None)]


def test_what_cannot_be_executed_is_refused_at_once() -> None:
    async def scene() -> None:
        async with scripted() as (_, things):
            bulk = things.initialize_ordered_bulk_op()
            with pytest.raises(InvalidOperation, match="no writes"):
                bulk.execute()
            with pytest.raises(TypeError, match="mapping"):
                bulk.find(5)
            with pytest.raises(AttributeError, match="upsert"):
                bulk.find({}).upsert().remove()
            with pytest.raises(AttributeError, match="upsert"):
                bulk.find({}).upsert().remove_one()

    run(scene)
