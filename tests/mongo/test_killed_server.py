"""A server that is killed in the middle of something: an error at once, and a pool that recovers.

Each server is the test's own. It is killed by a listener of PyMongo's, in the turn of the loop in
which a command has succeeded: certainly between two commands of one operation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from pymongo import InsertOne, UpdateOne
from pymongo.errors import AutoReconnect
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)
from tests.mongo.scripted import run
from tests.support.mongo_server import LOCAL_SERVERS, start_server

from whirlwind.mongo import MotorClient, MotorGridFSBucket

# briskdb takes seconds to end.
SLOW = {"briskdb": pytest.mark.slow}
pytestmark = pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=SLOW.get(kind, ())) for kind in LOCAL_SERVERS]
)


class Assassin(CommandListener):
    """Kills a server when a command of one name has succeeded."""

    def __init__(self) -> None:
        self.victim: Any = None
        self.weapon = ""
        self.seen: list[str] = []

    def aim(self, victim: Any, weapon: str) -> None:
        self.victim, self.weapon = victim, weapon

    def started(self, event: CommandStartedEvent) -> None:
        self.seen.append(event.command_name)

    def failed(self, event: CommandFailedEvent) -> None:
        pass

    def succeeded(self, event: CommandSucceededEvent) -> None:
        if event.command_name == self.weapon:
            self.weapon = ""
            self.victim.close()


Scene = Callable[[Any, Callable[[str], None]], Coroutine[Any, Any, None]]


def killed_in(kind: str, folder: Path, scene: Scene) -> None:
    """Play a scene with a client of a server, then start the server again and ask it something.

    The scene is given the database, and a function that names the command to kill it after.
    """

    async def play() -> None:
        assassin = Assassin()
        server = start_server(kind, folder)
        try:
            async with MotorClient(
                server.uri, event_listeners=[assassin], serverSelectionTimeoutMS=3000
            ) as client:
                await client.test.things.insert_many([{"_id": number} for number in range(300)])
                await scene(client.test, lambda weapon: assassin.aim(server, weapon))
                assert assassin.weapon == ""
                server = start_server(kind, folder, server.port)
                assert await client.test.things.find_one({"_id": 7}) == {"_id": 7}
                found = await client.test.things.find(batch_size=50).to_list()
                assert len(found) >= 300
        finally:
            server.close()

    run(play)


@pytest.mark.parametrize("reading", ["fetch_next", "async for", "to_list", "each"])
def test_in_the_middle_of_a_cursor(kind: str, reading: str, tmp_path: Path) -> None:
    async def read(cursor: Any, found: list[Any]) -> None:
        if reading == "fetch_next":
            while await cursor.fetch_next:
                found.append(cursor.next_object())
        elif reading == "async for":
            async for document in cursor:
                found.append(document)
        elif reading == "to_list":
            while part := await cursor.to_list(100):
                found.extend(part)
        else:
            ended = asyncio.get_running_loop().create_future()

            def take(document: Any, error: Any) -> None:
                if error is not None:
                    ended.set_exception(error)
                else:
                    found.append(document)

            cursor.each(take)
            await ended

    async def scene(database: Any, kill_after: Callable[[str], None]) -> None:
        kill_after("getMore")
        found: list[Any] = []
        cursor = database.things.find(batch_size=100)
        with pytest.raises(AutoReconnect):
            await read(cursor, found)
        # What had arrived is not lost to one who reads document by document.
        assert len(found) == 200
        assert not cursor.alive

    killed_in(kind, tmp_path, scene)


def test_in_the_middle_of_a_bulk_insert(kind: str, tmp_path: Path) -> None:
    async def scene(database: Any, kill_after: Callable[[str], None]) -> None:
        kill_after("insert")
        with pytest.raises(AutoReconnect):
            await database.things.bulk_write(
                [
                    InsertOne({"_id": 1000}),
                    UpdateOne({"_id": 1}, {"$set": {"a": 1}}),
                    InsertOne({"_id": 1001}),
                ]
            )

    killed_in(kind, tmp_path, scene)


def test_in_the_middle_of_an_upload_to_gridfs(kind: str, tmp_path: Path) -> None:
    async def scene(database: Any, kill_after: Callable[[str], None]) -> None:
        bucket = MotorGridFSBucket(database)
        await database.fs.chunks.create_index([("files_id", 1), ("n", 1)])
        kill_after("listIndexes")
        with pytest.raises(AutoReconnect):
            await bucket.upload_from_stream("a", b"x" * 2**20)

    killed_in(kind, tmp_path, scene)


def test_in_the_middle_of_a_download_from_gridfs(kind: str, tmp_path: Path) -> None:
    async def scene(database: Any, kill_after: Callable[[str], None]) -> None:
        bucket = MotorGridFSBucket(database, chunk_size_bytes=100)
        await database.fs.chunks.create_index([("files_id", 1), ("n", 1)])
        number = await bucket.upload_from_stream("a", b"x" * 20_000)  # over 101 chunks
        file = await bucket.open_download_stream(number)
        kill_after("find")
        with pytest.raises(AutoReconnect):
            while await file.readchunk():
                pass

    killed_in(kind, tmp_path, scene)
