"""Loops over a cursor of a real MongoDB server."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
from tests.guide.conftest import Run, Serve

import whirlwind.mongo as motor
from whirlwind import gen
from whirlwind.httpclient import AsyncHTTPClient
from whirlwind.web import RequestHandler

WORDS = ["ant", "bee", "cat", "dog", "eel", "fox", "gnu"]


@gen.coroutine
def words_by_yield(collection: Any) -> Generator[Any, Any, Any]:
    words = []
    cursor = collection.find().sort("_id", -1).batch_size(3)
    while (yield cursor.fetch_next):
        document = cursor.next_object()
        words.append(document["word"])
    return words


async def words_by_await(collection: Any) -> list[str]:
    words = []
    cursor = collection.find().sort("_id", -1).batch_size(3)
    while await cursor.fetch_next:
        words.append(cursor.next_object()["word"])
    return words


async def words_by_async_for(collection: Any) -> list[str]:
    cursor = collection.find().sort("_id", -1).batch_size(3)
    return [document["word"] async for document in cursor]


@gen.coroutine
def words_as_a_list(collection: Any) -> Generator[Any, Any, Any]:
    documents = yield collection.find().sort("_id", -1).to_list(100)
    raise gen.Return([document["word"] for document in documents])


@pytest.fixture(params=[words_by_yield, words_by_await, words_by_async_for, words_as_a_list])
def words_of(request: pytest.FixtureRequest) -> Any:
    return request.param


@gen.coroutine
def fill(collection: Any) -> Generator[Any, Any, None]:
    yield collection.drop()
    yield collection.insert_many([{"_id": at, "word": word} for at, word in enumerate(WORDS)])


def test_the_loop_sees_every_document_in_order(
    words_of: Any, mongo_uri: str, database_name: str, run: Run
) -> None:
    async def main() -> None:
        client = motor.MotorClient(mongo_uri)
        collection = client[database_name].words
        await fill(collection)
        assert await words_of(collection) == WORDS[::-1]
        await collection.drop()
        assert await words_of(collection) == []
        await client.close()

    run(main())


def test_each_turn_of_the_loop_may_ask_the_database_again(
    mongo_uri: str, database_name: str, run: Run
) -> None:
    @gen.coroutine
    def number_all(collection: Any) -> Generator[Any, Any, Any]:
        cursor = collection.find({"word": {"$gt": "bz"}}).batch_size(2)
        changed = 0
        while (yield cursor.fetch_next):
            document = cursor.next_object()
            result = yield collection.update_one(
                {"_id": document["_id"]}, {"$set": {"length": len(document["word"])}}
            )
            changed += result.modified_count
        return changed

    async def main() -> None:
        client = motor.MotorClient(mongo_uri)
        collection = client[database_name].words
        await fill(collection)
        assert await number_all(collection) == 5
        assert await collection.count_documents({"length": 3}) == 5
        await client.close()

    run(main())


@pytest.mark.parametrize("style", ["yield", "await"])
def test_a_handler_writes_documents_as_they_come(
    style: str, mongo_uri: str, database_name: str, serve: Serve, run: Run
) -> None:
    class ByYield(RequestHandler):
        def initialize(self, collection: Any) -> None:
            self.collection = collection

        @gen.coroutine
        def get(self) -> Generator[Any, Any, None]:
            cursor = self.collection.find().sort("_id")
            while (yield cursor.fetch_next):
                self.write(cursor.next_object()["word"] + "\n")
                yield self.flush()

    class ByAwait(ByYield):
        async def get(self) -> None:  # type: ignore[override]
            async for document in self.collection.find().sort("_id"):
                self.write(document["word"] + "\n")
                await self.flush()

    async def main() -> None:
        client = motor.MotorClient(mongo_uri)
        collection = client[database_name].words
        await fill(collection)
        handler = ByYield if style == "yield" else ByAwait
        async with serve([("/", handler, {"collection": collection})]) as url:
            response = await AsyncHTTPClient().fetch(url)
            assert response.body.decode().split() == WORDS
        await client.close()

    run(main())
