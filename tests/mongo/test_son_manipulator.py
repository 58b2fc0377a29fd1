"""Manipulators of Motor 1 and 2, on real servers. What is expected was observed with PyMongo 3."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from bson import ObjectId
from tests.mongo.scripted import run, scripted

from whirlwind import gen
from whirlwind.mongo import MotorClient
from whirlwind.mongo.son_manipulator import (
    NamespaceInjector,
    ObjectIdInjector,
    ObjectIdShuffler,
    SONManipulator,
)

pytestmark = pytest.mark.filterwarnings("ignore:.* is deprecated; use:DeprecationWarning")


class Marks(SONManipulator):
    """Notes what passes, and marks it with a field."""

    def __init__(self, name: str, passed: list[str], copies: bool = False) -> None:
        self.name = name
        self._passed = passed
        self._copies = copies

    def will_copy(self) -> bool:
        return self._copies

    def mark(self, document: Any, collection: Any) -> Any:
        assert collection.name == "things"
        self._passed.append(self.name + ("+id" if "_id" in document else ""))
        if self._copies:
            document = dict(document)
        document[self.name] = 1
        return document


class MarksIn(Marks):
    def transform_incoming(self, son: Any, collection: Any) -> Any:
        return self.mark(son, collection)


class MarksOut(Marks):
    def transform_outgoing(self, son: Any, collection: Any) -> Any:
        return self.mark(son, collection)


@asynccontextmanager
async def connected(uri: str, name: str) -> AsyncIterator[tuple[Any, list[str]]]:
    """A database with eight manipulators, and a list of what passes them."""
    passed: list[str] = []
    async with MotorClient(uri) as client:
        await client.drop_database(name)
        database = client[name]
        for kind, letter in ((MarksIn, "i"), (MarksOut, "o")):
            for number in (1, 2):
                database.add_son_manipulator(kind(f"{letter}{number}", passed))
            for number in (1, 2):
                database.add_son_manipulator(kind(f"{letter}c{number}", passed, copies=True))
        yield database, passed


STORED = {"i1": 1, "i2": 1, "ic1": 1, "ic2": 1}
READ = {**STORED, "o1": 1, "o2": 1, "oc1": 1, "oc2": 1}


def test_the_newest_comes_first_on_the_way_in_and_last_on_the_way_out(
    any_uri: str, database_name: str
) -> None:
    async def scene() -> None:
        async with connected(any_uri, database_name) as (database, passed):
            document: dict[str, Any] = {"a": 1}
            number = await database.things.insert(document)
            assert passed == ["i2", "i1", "ic2+id", "ic1+id"]
            # The program's own document has what the ones that do not copy did, and its id.
            assert document == {"_id": number, "a": 1, "i1": 1, "i2": 1}
            passed.clear()
            assert await database.things.find_one(number) == {"_id": number, "a": 1, **READ}
            assert passed == ["o1+id", "o2+id", "oc1+id", "oc2+id"]

    run(scene)


def test_what_is_inserted_and_saved_passes_on_the_way_in(any_uri: str, database_name: str) -> None:
    async def scene() -> None:
        async with connected(any_uri, database_name) as (database, passed):
            things = database.things
            assert await things.insert([{"_id": 1}, {"_id": 2}]) == [1, 2]
            assert await things.save({"_id": 3}) == 3
            number = await things.save({})
            await things.insert({"_id": 5}, manipulate=False)
            await things.save({"_id": 6}, manipulate=False)
            assert len(passed) == 4 * 4
            plain = things.find({}, manipulate=False).sort("_id")
            assert await plain.to_list() == [
                *({"_id": each, **STORED} for each in (1, 2, 3)),
                {"_id": 5},
                {"_id": 6},
                {"_id": number, **STORED},
            ]

    run(scene)


def test_update_asks_for_it(any_uri: str, database_name: str) -> None:
    async def scene() -> None:
        async with connected(any_uri, database_name) as (database, passed):
            things = database.things
            await things.insert_one({"_id": 1})
            await things.update({"_id": 1}, {"a": 1})
            assert passed == []
            assert await things.find_one(1, manipulate=False) == {"_id": 1, "a": 1}
            await things.update({"_id": 1}, {"a": 2}, manipulate=True)
            assert passed == ["i2", "i1", "ic2", "ic1"]
            assert await things.find_one(1, manipulate=False) == {"_id": 1, "a": 2, **STORED}

    run(scene)


def test_every_way_to_read_a_cursor_passes_on_the_way_out(any_uri: str, database_name: str) -> None:
    async def scene() -> None:
        async with connected(any_uri, database_name) as (database, _):
            things = database.things
            await things.insert_many([{"_id": 1}, {"_id": 2}])
            expected = [{"_id": each, "o1": 1, "o2": 1, "oc1": 1, "oc2": 1} for each in (1, 2)]

            @gen.coroutine
            def loop(cursor: Any) -> Any:
                found = []
                while (yield cursor.fetch_next):
                    found.append(cursor.next_object())
                return found

            makers: tuple[Callable[[], Any], ...] = (
                lambda: things.find().sort("_id"),
                lambda: things.find().sort("_id").clone(),
                lambda: things.with_options().find().sort("_id"),
                lambda: things.aggregate([{"$sort": {"_id": 1}}]),
            )
            for make in makers:
                assert await loop(make()) == expected
                assert await make().to_list() == expected
                assert [document async for document in make()] == expected
            cursor = things.find().sort("_id")
            assert await cursor.next() == expected[0]
            assert await cursor.rewind().to_list() == expected
            assert await things.find({"_id": 1}).distinct("_id") == [1]
            assert len(await things.find_raw_batches().to_list()) == 1
            plain = [{"_id": 1}, {"_id": 2}]
            assert await things.find({}, manipulate=False).sort("_id").clone().to_list() == plain

    run(scene)


def test_find_and_modify_asks_for_it_and_find_one_takes_a_callback(
    mongo_uri: str, database_name: str
) -> None:
    async def scene() -> None:
        async with connected(mongo_uri, database_name) as (database, passed):
            things = database.things
            await things.insert_one({"_id": 1})
            change: dict[str, Any] = {"$set": {"a": 1}}
            assert await things.find_and_modify({"_id": 1}, change) == {"_id": 1}
            assert passed == []
            read = {"_id": 1, "a": 1, "o1": 1, "o2": 1, "oc1": 1, "oc2": 1}
            assert await things.find_and_modify({"_id": 1}, change, manipulate=True) == read
            assert await things.find_and_modify({"_id": 9}, change, manipulate=True) is None
            found = gen.Task(things.find_one, {"_id": 1})
            (document, error), _ = await gen.convert_yielded(found)
            assert (document, error) == (read, None)
            assert await things.find_one({"_id": 9}) is None

    run(scene)


def test_methods_of_today_pass_by_them(mongo_uri: str, database_name: str) -> None:
    async def scene() -> None:
        async with connected(mongo_uri, database_name) as (database, passed):
            things = database.things
            await things.insert_one({"_id": 1})
            await things.insert_many([{"_id": 2}])
            await things.replace_one({"_id": 1}, {"a": 1})
            await things.find_one_and_update({"_id": 1}, {"$set": {"a": 2}})
            bulk = things.initialize_ordered_bulk_op()
            bulk.insert({"_id": 3})
            await bulk.execute()
            # Another object of the same name has none.
            assert await database.client[database.name].things.count() == 3
            assert await database.with_options().things.find_one(3) == {"_id": 3}
            assert passed == []

    run(scene)


class Plain:
    """Three methods are enough."""

    def will_copy(self) -> bool:
        return False

    def transform_incoming(self, son: Any, collection: Any) -> Any:
        return son

    def transform_outgoing(self, son: Any, collection: Any) -> Any:
        return son


def test_a_database_names_the_classes_of_its_manipulators() -> None:
    async def scene() -> None:
        async with scripted() as (_, things):
            database = things.database

            def names() -> list[list[str]]:
                return [
                    database.incoming_manipulators,
                    database.incoming_copying_manipulators,
                    database.outgoing_manipulators,
                    database.outgoing_copying_manipulators,
                ]

            assert names() == [[], [], [], []]
            for manipulator in (
                ObjectIdInjector(),
                ObjectIdShuffler(),
                NamespaceInjector(),
                Plain(),
                MarksOut("o", [], copies=True),
                SONManipulator(),
            ):
                assert database.add_son_manipulator(manipulator) is None
            assert names() == [
                ["Plain", "NamespaceInjector", "ObjectIdInjector"],
                ["ObjectIdShuffler"],
                ["Plain"],
                ["MarksOut"],
            ]
            with pytest.raises(AttributeError, match="will_copy"):
                database.add_son_manipulator(object())

    run(scene)


def test_adding_one_says_what_is_there_instead() -> None:
    async def scene() -> None:
        async with scripted() as (_, things):
            with pytest.warns(DeprecationWarning, match="TypeRegistry"):
                things.database.add_son_manipulator(ObjectIdInjector())

    run(scene)


def test_pymongos_own_manipulators_do_what_they_did() -> None:
    async def scene() -> None:
        async with scripted() as (_, things):
            document = ObjectIdInjector().transform_incoming({"a": 1}, things)
            assert isinstance(document["_id"], ObjectId)
            assert ObjectIdInjector().transform_incoming({"_id": 1}, things) == {"_id": 1}
            shuffled = ObjectIdShuffler().transform_incoming({"a": 1, "_id": 2}, things)
            assert list(shuffled) == ["_id", "a"]
            assert ObjectIdShuffler().transform_incoming({"a": 1}, things) == {"a": 1}
            assert NamespaceInjector().transform_incoming({}, things) == {"_ns": "things"}

    run(scene)
