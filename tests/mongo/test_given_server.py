"""Transactions and change streams on a real replica set: the one of ``WHIRLWIND_MONGO_URI``.

The servers that tests can start themselves have neither. Without that variable this file has no
tests; what the client sends and takes is tested on a scripted server (``test_session.py``,
``test_change_stream.py``).
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.mongo.scripted import run
from tests.support.mongo_server import GIVEN_URI

from whirlwind.mongo import MotorClient

if GIVEN_URI is not None:

    @pytest.fixture
    def uri() -> str:
        assert GIVEN_URI is not None
        return GIVEN_URI

    def test_a_transaction_is_there_whole_or_not_at_all(uri: str, database_name: str) -> None:
        async def scene() -> None:
            async with MotorClient(uri) as client:
                await client.drop_database(database_name)
                things = await client[database_name].create_collection("things")
                async with await client.start_session() as session:
                    async with session.start_transaction():
                        await things.insert_one({"_id": 1}, session=session)
                        assert await things.count_documents({}) == 0
                    with pytest.raises(ZeroDivisionError):
                        async with session.start_transaction():
                            await things.insert_one({"_id": 2}, session=session)
                            raise ZeroDivisionError

                    async def work(session: Any) -> str:
                        await things.insert_one({"_id": 3}, session=session)
                        return "done"

                    assert await session.with_transaction(work) == "done"
                assert await things.find().sort("_id").to_list() == [{"_id": 1}, {"_id": 3}]
                await client.drop_database(database_name)

        run(scene)

    def test_changes_come_and_are_resumed_behind_a_token(uri: str, database_name: str) -> None:
        async def scene() -> None:
            async with MotorClient(uri) as client:
                await client.drop_database(database_name)
                things = await client[database_name].create_collection("things")
                async with things.watch() as stream:
                    assert await stream.try_next() is None
                    for number in (1, 2):
                        await things.insert_one({"_id": number})
                    first = await stream.next()
                    token = stream.resume_token
                    assert first["fullDocument"] == {"_id": 1}
                async with things.watch(resume_after=token) as stream:
                    assert await stream.fetch_next
                    second = stream.next_object()
                    assert second is not None
                    assert second["fullDocument"] == {"_id": 2}
                async with client[database_name].watch() as stream:
                    await things.drop()
                    assert (await stream.next())["operationType"] == "drop"
                await client.drop_database(database_name)

        run(scene)
