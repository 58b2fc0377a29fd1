"""Declared methods: what they pass on, and Motor 1's callbacks."""

from __future__ import annotations

import asyncio
import inspect
import warnings
from collections.abc import Generator
from typing import Any

import pytest
from gridfs.asynchronous import AsyncGridFSBucket
from pymongo import AsyncMongoClient
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.asynchronous.encryption import AsyncClientEncryption
from pymongo.errors import OperationFailure
from tests.conftest import LogWatch
from tests.mongo.scripted import run, scripted
from tests.support.mongo_wire import batches

from whirlwind import gen
from whirlwind.mongo import (
    MotorClient,
    MotorClientEncryption,
    MotorClientSession,
    MotorCollection,
    MotorDatabase,
    MotorGridFSBucket,
)


@pytest.mark.parametrize(
    ("ours", "pymongos", "fewest"),
    [
        (MotorClient, AsyncMongoClient, 3),
        (MotorDatabase, AsyncDatabase, 3),
        (MotorCollection, AsyncCollection, 25),
        (MotorClientSession, AsyncClientSession, 3),
        (MotorGridFSBucket, AsyncGridFSBucket, 3),
        (MotorClientEncryption, AsyncClientEncryption, 10),
    ],
)
def test_every_operation_has_the_signature_and_documentation_of_pymongo(
    ours: type, pymongos: type, fewest: int
) -> None:
    declared = {
        name: member
        for name, member in vars(ours).items()
        if getattr(member, "__qualname__", "").startswith(f"{pymongos.__name__}.")
    }
    assert len(declared) >= fewest
    for name, member in declared.items():
        assert inspect.signature(member) == inspect.signature(getattr(pymongos, name))
        assert name in member.__doc__
        assert "Future" in member.__doc__


def test_a_method_that_was_replaced_in_pymongo_is_not_bypassed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    original = AsyncCollection.find_one
    seen: list[Any] = []

    async def watched(self: Any, *args: Any, **kwargs: Any) -> Any:
        seen.append(args)
        return await original(self, *args, **kwargs)

    monkeypatch.setattr(AsyncCollection, "find_one", watched)

    async def scene() -> None:
        async with scripted(batches(1)) as (_, things):
            assert await things.find_one({"a": 1}) == {"_id": 0}
            assert seen == [({"a": 1},)]

    run(scene)


def test_our_objects_among_the_arguments_are_replaced_by_pymongos() -> None:
    async def scene() -> None:
        async with scripted(lambda name, command: {"ok": 1}) as (server, things):
            await things.database.drop_collection(things)
            await things.client.drop_database(things.database)
            assert server.commands[0]["drop"] == "things"
            assert server.commands[1]["dropDatabase"] == 1

    run(scene)


def test_a_callback_gets_the_result_and_warns_once() -> None:
    async def scene() -> None:
        async with scripted(batches(1)) as (_, things):
            outcome: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            with pytest.warns(
                DeprecationWarning, match="callback= is deprecated; use the Future"
            ) as caught:
                returned = things.find_one(
                    {}, callback=lambda result, error: outcome.set_result((result, error))
                )
            assert returned is None
            assert caught[0].filename == __file__
            assert await outcome == ({"_id": 0}, None)
            second: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                things.find().to_list(
                    5, callback=lambda result, error: second.set_result((result, error))
                )
            assert await second == ([{"_id": 0}], None)

    run(scene)


def test_a_callback_gets_the_error() -> None:
    async def scene() -> None:
        async with scripted(lambda name, command: {"ok": 0, "code": 1, "errmsg": "no"}) as (
            _,
            things,
        ):
            outcome: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            with pytest.warns(DeprecationWarning, match="callback="):
                things.find_one(callback=lambda *both: outcome.set_result(both))
            result, error = await outcome
            assert result is None
            assert isinstance(error, OperationFailure)

    run(scene)


def test_what_a_callback_raises_is_logged_by_the_loop(logs: LogWatch) -> None:
    def callback(result: Any, error: Any) -> None:
        raise ZeroDivisionError

    async def scene() -> None:
        async with scripted(batches(1)) as (_, things):
            with pytest.warns(DeprecationWarning, match="callback="):
                things.find_one(callback=callback)
            handled = asyncio.Event()

            def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
                loop.default_exception_handler(context)
                handled.set()

            asyncio.get_running_loop().set_exception_handler(handle)
            await handled.wait()

    with logs.expect("asyncio", "ZeroDivisionError|Exception in callback"):
        run(scene)


def test_a_callback_that_cannot_be_called_is_refused_before_anything_is_sent() -> None:
    async def scene() -> None:
        async with scripted() as (server, things):
            with pytest.raises(TypeError, match="callback must be callable"):
                things.find_one(callback="result")
            assert server.commands == []

    run(scene)


def test_gen_task_turns_a_callback_operation_into_a_result_and_an_error() -> None:
    @gen.coroutine
    def program(things: MotorCollection) -> Generator[Any, Any, Any]:
        with pytest.warns(DeprecationWarning, match="callback="):
            arguments = yield gen.Task(things.find_one, {})
        return arguments

    async def scene() -> None:
        async with scripted(batches(1)) as (_, things):
            (result, error), _ = await program(things)
            assert (result, error) == ({"_id": 0}, None)

    run(scene)


def test_lists_and_dicts_of_operations_run_in_parallel() -> None:
    @gen.coroutine
    def program(things: MotorCollection) -> Generator[Any, Any, Any]:
        several = yield [things.find_one({"a": number}) for number in range(3)]
        named = yield {name: things.find_one({"a": name}) for name in "xy"}
        return several, named

    async def scene() -> None:
        async with scripted(lambda name, command: batches(1)(name, command)) as (_, things):
            several, named = await program(things)
            assert several == [{"_id": 0}] * 3
            assert named == {"x": {"_id": 0}, "y": {"_id": 0}}

    run(scene)


def test_underscore_names_say_how_to_reach_what_they_might_mean() -> None:
    client: Any = MotorClient("mongodb://127.0.0.1:1")
    with pytest.raises(AttributeError, match=r"client\['_private'\]"):
        _ = client._private
    with pytest.raises(AttributeError, match=r"database\['_private'\]"):
        _ = client.test._private
    with pytest.raises(AttributeError, match=r"collection\['_private'\]"):
        _ = client.test.things._private
    assert client["_private"]["_x"]["_y"].full_name == "_private._x._y"
