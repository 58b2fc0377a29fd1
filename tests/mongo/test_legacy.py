"""Methods of Motor 1, against a real server."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.mongo.scripted import run, scripted
from tests.support.mongo_wire import batches

from whirlwind.mongo import MotorClient

pytestmark = pytest.mark.filterwarnings("ignore:.* is deprecated; use:DeprecationWarning")


@pytest.fixture
def things(mongo_uri: str, database_name: str) -> Any:
    """A context that gives an empty collection."""

    @asynccontextmanager
    async def connected() -> AsyncIterator[Any]:
        async with MotorClient(mongo_uri) as client:
            yield client[database_name].things

    return connected


def test_insert_and_save_return_ids(things: Any) -> None:
    async def scene() -> None:
        async with things() as collection:
            assert await collection.insert({"_id": 1, "a": 1}) == 1
            assert await collection.insert([{"_id": 2}, {"_id": 3}], manipulate=True) == [2, 3]
            assert await collection.save({"_id": 1, "a": 2}) == 1
            fresh = {"a": 3}
            assert await collection.save(fresh) == fresh["_id"]
            assert await collection.find_one({"_id": 1}) == {"_id": 1, "a": 2}
            assert await collection.count() == 4

    run(scene)


def test_insert_goes_on_after_an_error_only_if_asked(things: Any) -> None:
    from pymongo.errors import BulkWriteError

    async def scene() -> None:
        async with things() as collection:
            for go_on, expected in ((False, 1), (True, 2)):
                await collection.delete_many({})
                with pytest.raises(BulkWriteError):
                    await collection.insert(
                        [{"_id": 1}, {"_id": 1}, {"_id": 2}], continue_on_error=go_on
                    )
                assert await collection.count_documents({}) == expected

    run(scene)


def test_update_returns_the_answer_of_the_server(things: Any) -> None:
    async def scene() -> None:
        async with things() as collection:
            await collection.insert([{"_id": number, "a": 0} for number in range(3)])
            answer = await collection.update({"a": 0}, {"$set": {"a": 1}})
            assert (answer["n"], answer["nModified"]) == (1, 1)
            answer = await collection.update({}, {"$set": {"a": 2}}, multi=True)
            assert answer["n"] == 3
            await collection.update({"_id": 1}, {"b": 1})
            assert await collection.find_one(1) == {"_id": 1, "b": 1}
            await collection.update({"_id": 9}, {"$set": {"c": 1}}, upsert=True)
            assert await collection.find_one(9) == {"_id": 9, "c": 1}
            with pytest.raises(ValueError, match="multi=True needs update operators"):
                await collection.update({}, {"b": 1}, multi=True)

    run(scene)


def test_remove_takes_a_filter_an_id_or_nothing(things: Any) -> None:
    async def scene() -> None:
        async with things() as collection:
            await collection.insert([{"_id": number, "a": number % 2} for number in range(6)])
            assert (await collection.remove({"a": 0}))["n"] == 3
            assert (await collection.remove({"a": 1}, multi=False))["n"] == 1
            assert (await collection.remove(5))["n"] == 1
            assert (await collection.remove())["n"] == 1

    run(scene)


def test_find_and_modify_changes_removes_and_returns(things: Any) -> None:
    async def scene() -> None:
        async with things() as collection:
            await collection.insert([{"_id": number, "a": number} for number in range(4)])
            before = await collection.find_and_modify({"_id": 1}, {"$set": {"a": 10}})
            assert before == {"_id": 1, "a": 1}
            after = await collection.find_and_modify({"_id": 1}, {"$inc": {"a": 1}}, new=True)
            assert after == {"_id": 1, "a": 11}
            replaced = await collection.find_and_modify({"_id": 2}, {"b": 1}, new=True)
            assert replaced == {"_id": 2, "b": 1}
            removed = await collection.find_and_modify(
                {}, sort={"_id": -1}, remove=True, fields=["a"]
            )
            assert removed == {"_id": 3, "a": 3}
            assert await collection.count_documents({}) == 3
            with pytest.raises(ValueError, match="either update or remove"):
                await collection.find_and_modify({})

    run(scene)


def test_find_and_modify_with_the_full_response_is_the_command() -> None:
    async def scene() -> None:
        async with scripted(lambda name, command: {"ok": 1, "value": {"_id": 1}}) as (server, c):
            answer = await c.find_and_modify(
                {"a": 1}, {"$set": {"a": 2}}, full_response=True, sort=[("a", 1)], fields=["a"]
            )
            assert answer["value"] == {"_id": 1}
            (command,) = server.commands
            assert command["query"] == {"a": 1}
            assert command["update"] == {"$set": {"a": 2}}
            assert (command["sort"], command["fields"]) == ({"a": 1}, {"a": 1})

    run(scene)


def test_ensure_index_creates_an_index_and_returns_its_name(things: Any) -> None:
    async def scene() -> None:
        async with things() as collection:
            assert await collection.ensure_index("a", cache_for=60, drop_dups=True) == "a_1"
            assert "a_1" in await collection.index_information()

    run(scene)


def test_names_of_collections_and_databases(things: Any, database_name: str) -> None:
    async def scene() -> None:
        async with things() as collection:
            await collection.insert({})
            assert await collection.database.collection_names() == ["things"]
            assert database_name in await collection.client.database_names()

    run(scene)


def test_count_of_a_cursor_counts_what_its_query_finds(things: Any) -> None:
    async def scene() -> None:
        async with things() as collection:
            await collection.insert([{"a": number % 2} for number in range(10)])
            assert await collection.count({"a": 1}) == 5
            cursor = collection.find({"a": 1}).skip(1).limit(3)
            assert await cursor.count() == 5
            assert await cursor.count(with_limit_and_skip=True) == 3

    run(scene)


def test_write_concern_options_of_one_call_reach_the_server() -> None:
    async def scene() -> None:
        async with scripted(lambda name, command: {"ok": 1, "n": 1}) as (server, things):
            await things.insert({"_id": 1}, w=1, j=True)
            assert server.commands[0]["writeConcern"] == {"w": 1, "j": True}
            assert await things.update({}, {"$set": {"a": 1}}, safe=False) is None
            unacknowledged = await server.wait_for("update")
            assert unacknowledged["writeConcern"] == {"w": 0}

    run(scene)


@pytest.mark.filterwarnings("error")
def test_each_name_warns_once_with_its_replacement() -> None:
    async def scene() -> None:
        async with scripted(batches(1)) as (_, things):
            with pytest.warns(
                DeprecationWarning, match=r"MotorCollection\.ensure_index is .*; use create_index"
            ) as caught:
                await things.ensure_index("a")
            assert caught[0].filename == __file__
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                await things.ensure_index("a")
            with pytest.warns(DeprecationWarning, match=r"find_and_modify is .*find_one_and_upd"):
                await things.find_and_modify({}, remove=True)

    run(scene)


def test_old_names_take_callbacks_too() -> None:
    async def scene() -> None:
        async with scripted(lambda name, command: {"ok": 1, "n": 4}) as (_, things):
            outcome: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            assert things.remove({}, callback=lambda *both: outcome.set_result(both)) is None
            answer, error = await outcome
            assert answer["n"] == 4
            assert error is None

    run(scene)
