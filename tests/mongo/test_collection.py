"""Collections and databases, against a real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from bson import SON, CodecOptions
from examples.support.mongo_server import MongoServer
from pymongo import DeleteOne, InsertOne, ReadPreference, ReturnDocument, UpdateOne, WriteConcern
from pymongo.errors import AutoReconnect, BulkWriteError, DuplicateKeyError, OperationFailure
from tests.mongo.scripted import run, scripted

from whirlwind import gen
from whirlwind.mongo import MotorClient, MotorCollection, MotorDatabase


@pytest.fixture
def things(any_uri: str, database_name: str) -> Any:
    """A context that gives an empty collection."""

    @asynccontextmanager
    async def connected() -> AsyncIterator[Any]:
        async with MotorClient(any_uri) as client:
            yield client[database_name].things

    return connected


def numbered(count: int) -> list[dict[str, Any]]:
    return [{"_id": number, "even": number % 2 == 0} for number in range(count)]


def test_documents_are_inserted_and_found(things: Any) -> None:
    async def scene() -> None:
        async with things() as collection:
            assert (await collection.insert_one({"_id": 1})).inserted_id == 1
            result = await collection.insert_many([{"_id": 2}, {"_id": 3}])
            assert result.inserted_ids == [2, 3]
            assert await collection.find_one({"_id": 2}) == {"_id": 2}
            assert await collection.find_one(3) == {"_id": 3}
            assert await collection.find_one({"_id": 4}) is None
            with pytest.raises(DuplicateKeyError):
                await collection.insert_one({"_id": 1})

    run(scene)


def test_a_long_result_is_read_in_order_by_every_way_of_reading(things: Any) -> None:
    @gen.coroutine
    def by_fetch_next(collection: MotorCollection) -> Generator[Any, Any, list[Any]]:
        found = []
        cursor = collection.find().sort("_id", 1).batch_size(50)
        while (yield cursor.fetch_next):
            found.append(cursor.next_object())
        return found

    async def by_each(collection: Any) -> list[Any]:
        ended = asyncio.get_running_loop().create_future()
        found: list[Any] = []

        def callback(document: Any, error: Any) -> None:
            if document is not None:
                found.append(document)
            elif error is not None:
                ended.set_exception(error)
            else:
                ended.set_result(found)

        collection.find().sort("_id", 1).each(callback)
        await ended
        return found

    async def scene() -> None:
        async with things() as collection:
            expected = numbered(300)
            await collection.insert_many(expected)
            assert await by_fetch_next(collection) == expected
            assert await by_each(collection) == expected
            cursor = collection.find().sort("_id", 1)
            assert await cursor.to_list() == expected
            assert [document async for document in cursor.rewind()] == expected
            assert await collection.find().sort("_id", 1)[10:20].to_list(None) == expected[10:20]
            assert await collection.find().sort("_id", -1)[0].to_list(1) == expected[-1:]
            assert (
                await collection.find({"even": True}).sort("_id").limit(7).to_list()
                == (expected[:14:2])
            )
            aggregation = collection.aggregate([{"$sort": {"_id": 1}}], batchSize=100)
            assert [document async for document in aggregation] == expected

    run(scene)


def test_documents_are_replaced_updated_and_deleted(things: Any) -> None:
    async def scene() -> None:
        async with things() as collection:
            await collection.insert_many(numbered(6))
            assert (await collection.replace_one({"_id": 0}, {"x": 1})).modified_count == 1
            assert (await collection.update_one({"_id": 1}, {"$set": {"x": 2}})).matched_count == 1
            result = await collection.update_many({"even": True}, {"$set": {"x": 3}})
            assert result.modified_count == 2
            result = await collection.update_one({"_id": 9}, {"$set": {"x": 4}}, upsert=True)
            assert result.upserted_id == 9
            assert (await collection.delete_one({"x": 3})).deleted_count == 1
            assert (await collection.delete_many({"even": False})).deleted_count == 3
            assert await collection.count_documents({}) == 3
            assert await collection.estimated_document_count() == 3
            assert sorted(await collection.distinct("x")) == [1, 3, 4]

    run(scene)


def test_one_document_is_found_and_changed_at_once(things: Any) -> None:
    async def scene() -> None:
        async with things() as collection:
            await collection.insert_many(numbered(3))
            changed = await collection.find_one_and_update(
                {"_id": 1}, {"$set": {"x": 1}}, return_document=ReturnDocument.AFTER
            )
            assert changed == {"_id": 1, "even": False, "x": 1}
            replaced = await collection.find_one_and_replace({"_id": 2}, {"x": 2})
            assert replaced == {"_id": 2, "even": True}
            assert await collection.find_one_and_delete({"_id": 2}) == {"_id": 2, "x": 2}
            assert await collection.find_one_and_delete({"_id": 2}) is None

    run(scene)


def test_bulk_writes_run_and_tell_what_failed(things: Any) -> None:
    async def scene() -> None:
        async with things() as collection:
            result = await collection.bulk_write(
                [InsertOne({"_id": 1}), UpdateOne({"_id": 1}, {"$set": {"a": 1}}), DeleteOne({})]
            )
            assert (result.inserted_count, result.modified_count, result.deleted_count) == (1, 1, 1)
            with pytest.raises(BulkWriteError) as caught:
                await collection.bulk_write([InsertOne({"_id": 1}), InsertOne({"_id": 1})])
            assert caught.value.details["nInserted"] == 1

    run(scene)


def test_indexes_are_created_listed_and_dropped(things: Any) -> None:
    from pymongo import IndexModel

    async def scene() -> None:
        async with things() as collection:
            assert await collection.create_index([("a", 1)], unique=True) == "a_1"
            assert await collection.create_indexes([IndexModel("b")]) == ["b_1"]
            assert set(await collection.index_information()) == {"_id_", "a_1", "b_1"}
            listed = await collection.list_indexes().to_list()
            assert [index["name"] for index in listed] == ["_id_", "a_1", "b_1"]
            await collection.drop_index("b_1")
            await collection.drop_indexes()
            assert set(await collection.index_information()) == {"_id_"}

    run(scene)


def test_collections_and_databases_are_created_listed_and_dropped(
    things: Any, database_name: str
) -> None:
    async def scene() -> None:
        async with things() as collection:
            database, client = collection.database, collection.client
            made = await database.create_collection("made")
            assert isinstance(made, MotorCollection)
            assert made == database.made
            await collection.insert_one({})
            assert sorted(await database.list_collection_names()) == ["made", "things"]
            described = [entry async for entry in await database.list_collections()]
            assert sorted(entry["name"] for entry in described) == ["made", "things"]
            assert await made.options() == {}
            await made.drop()
            await database.drop_collection("things")
            assert await database.list_collection_names() == []
            await database.again.insert_one({})
            assert database_name in await client.list_database_names()
            listed = await (await client.list_databases(nameOnly=True)).to_list()
            assert database_name in [entry["name"] for entry in listed]
            await client.drop_database(database)
            assert database_name not in await client.list_database_names()
            assert "version" in await client.server_info()
            assert (await database.command("ping"))["ok"] == 1

    run(scene)


def test_commands_that_this_server_lacks_reach_the_wire() -> None:
    async def scene() -> None:
        async with scripted(
            lambda name, command: {"ok": 1, "value": {"_id": 1}, "valid": True}
        ) as (server, things):
            await things.rename("other", dropTarget=True)
            await things.database.validate_collection(things)
            rename, validate = server.commands
            assert (rename["renameCollection"], rename["to"]) == ("test.things", "test.other")
            assert validate["validate"] == "things"

    run(scene)


def test_sub_collections_come_by_attribute_and_item() -> None:
    client = MotorClient("mongodb://127.0.0.1:1")
    assert client.test.a.b.c.full_name == "test.a.b.c"
    assert client.test["a"]["b.c"] == client.test.a.b.c
    assert client.test.a.name == "a"
    assert client.test.a.database == client.test
    assert client.test.a.client is client
    assert client.test.a != client.test.b
    assert len({client.test.a, client.test["a"]}) == 1


def test_options_are_kept_by_what_is_made_from_them() -> None:
    codec = CodecOptions(document_class=SON)
    client = MotorClient("mongodb://127.0.0.1:1")
    database = client.test.with_options(codec_options=codec)
    assert isinstance(database, MotorDatabase)
    assert database.a.codec_options == codec
    collection = database.a.with_options(
        read_preference=ReadPreference.NEAREST, write_concern=WriteConcern(w=2)
    )
    assert collection.codec_options == codec
    assert collection.read_preference == ReadPreference.NEAREST
    assert collection.write_concern == WriteConcern(w=2)
    assert collection.sub.write_concern == WriteConcern(w=2)
    assert client.test.get_collection("a", codec).codec_options == codec


def test_a_name_that_cannot_be_one_raises_where_it_is_written() -> None:
    from pymongo.errors import InvalidName

    client = MotorClient("mongodb://127.0.0.1:1")
    with pytest.raises(InvalidName):
        _ = client.test["a..b"]
    with pytest.raises(InvalidName):
        _ = client["a b"]


def test_databases_and_collections_are_neither_true_nor_false() -> None:
    client = MotorClient("mongodb://127.0.0.1:1")
    with pytest.raises(NotImplementedError, match="is not None"):
        bool(client.test)
    with pytest.raises(NotImplementedError, match="is not None"):
        bool(client.test.a)


def test_an_error_of_the_server_is_pymongos() -> None:
    async def scene() -> None:
        async with scripted(lambda name, command: {"ok": 0, "code": 59, "errmsg": "unknown"}) as (
            _,
            things,
        ):
            with pytest.raises(OperationFailure, match="unknown") as caught:
                await things.database.command("nonsense")
            assert caught.value.code == 59

    run(scene)


def test_eighty_operations_at_once_share_the_pool(things: Any) -> None:
    async def scene() -> None:
        async with things() as collection:
            await collection.insert_many(numbered(80))
            found = await asyncio.gather(*[collection.find_one(number) for number in range(80)])
            assert [document["_id"] for document in found] == list(range(80))

    run(scene)


def test_a_server_that_stops_is_an_error_and_one_that_is_back_is_used(tmp_path: Path) -> None:
    server = MongoServer(tmp_path)
    port = server.port

    async def scene() -> None:
        nonlocal server
        async with MotorClient(server.uri, serverSelectionTimeoutMS=100) as client:
            collection = client.test.things
            await collection.insert_many(numbered(500))
            cursor = collection.find().batch_size(10)
            assert await cursor.fetch_next
            server.close()
            read = 0
            with pytest.raises(AutoReconnect):
                while await cursor.fetch_next:
                    cursor.next_object()
                    read += 1
            assert read == 10
            assert not cursor.alive
            with pytest.raises(AutoReconnect):
                await collection.insert_many(numbered(3))
            with pytest.raises(AutoReconnect):
                await collection.find().to_list()
            server = MongoServer(tmp_path, port)
            count = None
            while count is None:  # until the client has noticed
                try:
                    count = await collection.count_documents({})
                except AutoReconnect:
                    continue
            assert count == 500

    try:
        run(scene)
    finally:
        server.close()
