"""A program that says what its documents are; type checkers must have nothing to say about it.

It is checked, not run: most of it would need a server.
"""

from __future__ import annotations

import asyncio
from typing import Any, TypedDict, assert_type

from bson import CodecOptions, ObjectId
from bson.codec_options import TypeRegistry
from bson.raw_bson import RawBSONDocument
from pymongo import ASCENDING, InsertOne, ReturnDocument, UpdateOne, WriteConcern
from pymongo.results import InsertManyResult, InsertOneResult, UpdateResult

from whirlwind import gen, mongo
from whirlwind.mongo.core import AgnosticDatabase
from whirlwind.mongo.motor_asyncio import (
    AsyncIOMotorClient,
    AsyncIOMotorCollection,
    AsyncIOMotorDatabase,
)


class Bird(TypedDict):
    name: str
    grams: int


# Annotations that are evaluated, as those of pydantic's models are.
Birds = AsyncIOMotorCollection[Bird]


class Aviary:
    """Keeps what it uses, with the types of its documents."""

    def __init__(self, client: AsyncIOMotorClient[Bird]) -> None:
        self.client = client
        self.database: AsyncIOMotorDatabase[Bird] = client.zoo
        self.birds: Birds = self.database.birds

    async def weigh(self, name: str) -> int | None:
        bird = await self.birds.find_one({"name": name})
        assert_type(bird, Bird | None)
        return None if bird is None else bird["grams"]

    async def all(self) -> list[Bird]:
        found = await self.birds.find().sort("name", ASCENDING).limit(10).to_list(length=100)
        assert_type(found, list[Bird])
        async for bird in self.birds.find({"grams": {"$gt": 5}}).skip(1):
            assert_type(bird, Bird)
        return found

    async def change(self, session: mongo.MotorClientSession) -> None:
        one = await self.birds.insert_one({"name": "owl", "grams": 600}, session=session)
        assert_type(one, InsertOneResult)
        many = await self.birds.insert_many([Bird(name="tit", grams=18)], session=session)
        assert_type(many, InsertManyResult)
        changed = await self.birds.update_one({"name": "owl"}, {"$inc": {"grams": 1}})
        assert_type(changed, UpdateResult)
        await self.birds.bulk_write(
            [InsertOne(Bird(name="wren", grams=10)), UpdateOne({}, {"$set": {"grams": 1}})]
        )
        after = await self.birds.find_one_and_update(
            {"name": "tit"}, {"$set": {"grams": 19}}, return_document=ReturnDocument.AFTER
        )
        assert after is not None
        await self.birds.with_options(write_concern=WriteConcern(w=1)).delete_many({})


@gen.coroutine
def names(database: mongo.MotorDatabase) -> Any:
    cursor = database.birds.find()
    found: list[str] = []
    while (yield cursor.fetch_next):
        bird = cursor.next_object()
        assert_type(bird, dict[str, Any] | None)
        if bird is not None:
            found.append(bird["name"])
    return found


async def objects_of_ours_where_pymongo_takes_its_own() -> None:
    client = mongo.MotorClient("mongodb://localhost", io_loop=asyncio.get_running_loop())
    assert_type(client, mongo.MotorClient[dict[str, Any]])
    database = client["zoo"]
    await database.drop_collection(database.birds)
    await database.validate_collection(database.birds, full=True)
    await client.drop_database(database)
    assert_type(await database.create_collection("eggs"), mongo.MotorCollection[dict[str, Any]])
    options: CodecOptions[dict[str, Any]] = CodecOptions(type_registry=TypeRegistry([]))
    eggs = database.get_collection("eggs", codec_options=options)
    async for each in eggs.aggregate([{"$match": {}}]).batch_size(5):
        assert_type(each, dict[str, Any])
    async for index in eggs.list_indexes():
        assert_type(index, dict[str, Any])
    for each in await (await client.list_databases()).to_list():
        print(each["name"])
    assert_type(await database.list_collection_names(), list[str])

    session = await client.start_session()
    async with session, session.start_transaction():
        await eggs.insert_one({"_id": 1}, session=session)
        await eggs.find_one({"_id": 1}, session=session)
        cursor = eggs.find({}, session=session)
        await cursor.close()

    async def work(inner: mongo.MotorClientSession) -> None:
        await eggs.insert_one({}, session=inner)

    await session.with_transaction(work)

    async with eggs.watch([{"$match": {}}], session=session) as stream:
        async for change in stream:
            assert_type(change, dict[str, Any])


async def files(database: AgnosticDatabase) -> bytes:
    bucket = mongo.MotorGridFSBucket(database, "pictures", chunk_size_bytes=1024)
    async with bucket.open_upload_stream("owl.png", metadata={"contentType": "image/png"}) as file:
        await file.write(b"pixels")
    number: ObjectId = await bucket.upload_from_stream("tit.png", b"pixels")
    stored = await bucket.open_download_stream(number)
    async for found in bucket.find({"filename": "owl.png"}).sort("uploadDate"):
        assert_type(found, mongo.MotorGridOut)
    return await stored.read()


async def keys(client: mongo.MotorClient) -> None:
    encryption: mongo.MotorClientEncryption[dict[str, Any]] = mongo.MotorClientEncryption(
        {"local": {"key": b"\x00" * 96}}, "keys.vault", client, CodecOptions()
    )
    async with encryption:
        key = await encryption.create_data_key("local", key_alt_names=["a"])
        await encryption.encrypt(1, "algorithm", key_id=key)
        collection, _ = await encryption.create_encrypted_collection(
            client.zoo, "secrets", {"fields": []}, "local"
        )
        assert_type(collection, mongo.MotorCollection[dict[str, Any]])


async def raw() -> None:
    client = mongo.MotorClient(document_class=RawBSONDocument)
    document = await client.zoo.birds.find_one()
    assert document is not None
    print(document.raw)
