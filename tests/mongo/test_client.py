"""The client: databases from it, what it knows of the deployment, and its ends."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import textwrap
import weakref
from typing import Any

import pytest
from bson import SON, CodecOptions
from pymongo import AsyncMongoClient, ReadPreference
from pymongo.driver_info import DriverInfo
from pymongo.errors import AutoReconnect, ConfigurationError, InvalidOperation, InvalidURI
from tests.mongo.scripted import run, scripted
from tests.support.mongo_wire import KEEP_WAITING, WireServer, batches

from whirlwind.mongo import (
    MotorClient,
    MotorClientSession,
    MotorCollection,
    MotorCommandCursor,
    MotorCursor,
    MotorDatabase,
)
from whirlwind.mongo.motor_asyncio import AsyncIOMotorClient

NOWHERE = "mongodb://127.0.0.1:1/named"


def test_databases_come_by_attribute_by_item_and_by_method() -> None:
    client = MotorClient(NOWHERE)
    assert isinstance(client.test, MotorDatabase)
    assert client.test == client["test"] == client.get_database("test")
    assert client.test != client.other
    assert hash(client.test) == hash(client["test"])
    assert client.get_default_database().name == "named"
    assert client.get_database().name == "named"
    assert client.test.client is client
    assert client.get_database("x", read_preference=ReadPreference.SECONDARY).read_preference == (
        ReadPreference.SECONDARY
    )


def test_a_uri_without_a_database_has_no_default_one() -> None:
    client = MotorClient("mongodb://127.0.0.1:1")
    with pytest.raises(ConfigurationError):
        client.get_default_database()
    with pytest.raises(ConfigurationError):
        client.get_database()
    assert client.get_default_database("spare").name == "spare"


def test_a_bad_uri_or_option_raises_where_it_is_written() -> None:
    with pytest.raises(InvalidURI):
        MotorClient("mongodb://")
    with pytest.raises(ConfigurationError):
        MotorClient(NOWHERE, unheardOf=1)


def test_a_client_is_equal_to_one_of_the_same_servers() -> None:
    assert MotorClient(NOWHERE) == MotorClient(NOWHERE)
    assert MotorClient(NOWHERE) != MotorClient("mongodb://127.0.0.1:2")
    assert len({MotorClient(NOWHERE), MotorClient(NOWHERE)}) == 1


def test_calling_what_is_not_a_method_names_the_mistake() -> None:
    client: Any = MotorClient(NOWHERE)
    with pytest.raises(TypeError, match=r"find_everything was called, but no such method exists"):
        client.find_everything()
    with pytest.raises(TypeError, match="'find_all' was called, but no such method exists"):
        client.test.things.find_all()
    with pytest.raises(TypeError, match="cannot be called"):
        client()


def test_what_is_known_of_the_deployment_is_an_attribute_and_never_waits() -> None:
    async def scene() -> None:
        async with scripted() as (server, things):
            client = things.client
            assert [client.address, client.primary, client.is_primary] == [None, None, False]
            await client.test.command("ping")
            address = ("127.0.0.1", server.port)
            assert client.address == client.primary == address
            assert client.is_primary is True
            assert client.is_mongos is False
            assert client.secondaries == client.arbiters == set()
            assert client.nodes == {address}
            assert client.topology_description.topology_type_name == "Single"
            assert client.HOST == "localhost"
            assert client.PORT == 27017

    run(scene)


def test_wrap_gives_our_object_for_each_of_pymongos() -> None:
    async def scene() -> None:
        async with scripted(batches(2, 1)) as (_, things):
            client = things.client
            raw = client.delegate
            options = CodecOptions(document_class=SON)
            database = client.wrap(raw.get_database("test", codec_options=options))
            assert isinstance(database, MotorDatabase)
            assert database.codec_options == options
            collection = things.wrap(raw.test.things.with_options(codec_options=options))
            assert isinstance(collection, MotorCollection)
            assert collection == things
            assert collection.codec_options == options
            cursor = client.test.wrap(raw.test.things.find())
            assert isinstance(cursor, MotorCursor)
            assert len(await cursor.to_list()) == 3
            started = raw.test.things.find()
            await started.next()
            assert len(await client.wrap(started).to_list()) == 2
            started = raw.test.things.find()
            await started.next()
            rest = [document async for document in client.wrap(started)]
            assert [document["_id"] for document in rest] == [1, 2]
            command = await raw.test.things.aggregate([])
            assert isinstance(client.wrap(command), MotorCommandCursor)
            assert len(await client.wrap(command).to_list()) == 3
            async with raw.start_session() as session:
                assert isinstance(client.wrap(session), MotorClientSession)
            assert client.wrap("x") == "x"

    run(scene)


def test_close_ends_everything_and_leaves_no_task() -> None:
    async def scene() -> None:
        async with WireServer(batches(1)) as server:
            before = asyncio.all_tasks()
            client = MotorClient(server.uri)
            await client.test.things.find_one()
            assert len(asyncio.all_tasks() - before) > 1
            closing = client.close()
            assert client.close() is closing
            await closing
            ours = {
                task
                for task in asyncio.all_tasks() - before
                if "WireServer" not in repr(task.get_coro())
            }
            assert ours == set()
            with pytest.raises(InvalidOperation):
                await client.test.things.find_one()

    run(scene)


def test_close_while_an_operation_waits_ends_it_with_an_error() -> None:
    async def scene() -> None:
        async with WireServer(lambda name, command: KEEP_WAITING) as server:
            client = MotorClient(server.uri, retryReads=False)
            finding = client.test.things.find_one()
            await server.wait_for("find")
            await client.close()
            await server.shut_down()
            with pytest.raises((AutoReconnect, InvalidOperation)):
                await finding

    run(scene)


def test_close_when_the_loop_does_not_run_has_closed_when_it_returns() -> None:
    loop = asyncio.new_event_loop()
    try:
        server = WireServer(batches(1))
        loop.run_until_complete(server.listen())
        client = MotorClient(server.uri, io_loop=loop)
        finding = client.test.things.find_one()
        assert loop.run_until_complete(finding) == {"_id": 0}
        assert client.close().done()
        loop.run_until_complete(server.shut_down())
        assert asyncio.all_tasks(loop) == set()
    finally:
        loop.close()


def test_a_client_that_is_dropped_closes_its_connections() -> None:
    async def scene() -> None:
        before = asyncio.all_tasks()
        async with WireServer(batches(1)) as server:
            client = MotorClient(server.uri)
            await client.test.things.find_one()
            gone = weakref.ref(client)
            del client
            gc.collect()
            assert gone() is None
            # Its monitors end, and the server's side of its connections.
            while left := asyncio.all_tasks() - before:
                await asyncio.wait(left)

    run(scene)


def test_a_loop_that_ends_in_order_closes_the_client(mongo_uri: str) -> None:
    client = MotorClient(mongo_uri)

    asyncio.run(_find(client))
    gc.collect()  # a transport left open would complain now
    with pytest.raises(RuntimeError, match="closed"):
        asyncio.run(_find(client))
    assert client.close().done()


async def _find(client: MotorClient) -> Any:
    return await client.test.things.find_one()


def test_the_client_is_a_context_that_closes_it() -> None:
    async def scene() -> None:
        async with WireServer(batches(1)) as server:
            async with MotorClient(server.uri) as client:
                await client.test.things.find_one()
            with pytest.raises(InvalidOperation):
                await client.test.things.find_one()

    run(scene)


PROGRAM = """
import faulthandler, sys
from examples.support.mongo_server import MongoServer
from whirlwind import gen
from whirlwind.ioloop import IOLoop
from whirlwind import mongo as motor

server = MongoServer(sys.argv[1])
client = motor.MotorClient(server.uri)
things = client.test.things

@gen.coroutine
def main():
    yield things.insert_many([{"_id": number} for number in range(300)])
    cursor = things.find()
    total = 0
    while (yield cursor.fetch_next):
        total += cursor.next_object()["_id"]
    print(total)
"""


def run_program(program: str, folder: object) -> tuple[str, str, int]:
    done = subprocess.run(
        [
            sys.executable,
            "-X",
            "faulthandler",
            "-W",
            "error",
            "-c",
            textwrap.dedent(program),
            str(folder),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    return done.stdout, done.stderr, done.returncode


@pytest.mark.slow
@pytest.mark.parametrize(
    "ending",
    [
        pytest.param("IOLoop.current().run_sync(main)", id="the loop only stops"),
        pytest.param("IOLoop.current().run_sync(main); client.close()", id="closed afterwards"),
        pytest.param(
            "import asyncio\nasync def run(): await main()\nasyncio.run(run())", id="asyncio.run"
        ),
        pytest.param(
            "import asyncio\nasync def run():\n await main()\n client.close()\nasyncio.run(run())",
            id="closed and not waited for",
        ),
    ],
)
def test_a_program_ends_without_a_word_whether_it_closes_its_client_or_not(
    ending: str, tmp_path: object
) -> None:
    assert run_program(PROGRAM + ending, tmp_path) == ("44850\n", "", 0)


FORKING = """
import os
@gen.coroutine
def count():
    number = yield things.count_documents({})
    print("child" if os.getpid() != parent else "parent", number, flush=True)

parent = os.getpid()
def forked():
    child = os.fork()
    if child == 0:
        try:
            IOLoop.current().run_sync(count)
            client.close()
        except BaseException as error:
            print(repr(error), flush=True)
        finally:
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0

IOLoop.current().run_sync(main)
forked()
IOLoop.current().run_sync(count)
client.close()
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_forked_child_gets_connections_of_its_own(tmp_path: object) -> None:
    out, err, code = run_program(PROGRAM + FORKING, tmp_path)
    assert out == "44850\nchild 300\nparent 300\n", err
    assert code == 0


def test_the_delegate_is_a_client_of_pymongo_that_names_us() -> None:
    delegate = MotorClient(NOWHERE).delegate
    assert isinstance(delegate, AsyncMongoClient)
    assert "whirlwind" in str(delegate.options.pool_options.metadata["driver"]["name"])


def test_what_a_program_tells_of_itself_stands_beside_our_name() -> None:
    own = DriverInfo("layer", "1.2", "platform")
    told = MotorClient(NOWHERE, driver=own).delegate.options.pool_options.metadata
    assert told["driver"]["name"].endswith("|whirlwind|layer")
    assert told["driver"]["version"].endswith("|1.2")
    assert told["platform"].endswith("|platform")
    with pytest.raises(TypeError, match="DriverInfo"):
        MotorClient(NOWHERE, driver="layer")


def test_objects_show_the_name_that_the_program_has_them_under() -> None:
    for client, family in [(MotorClient(NOWHERE), ""), (AsyncIOMotorClient(NOWHERE), "AsyncIO")]:
        for thing, name in [
            (client, "Client"),
            (client.test, "Database"),
            (client.test.things, "Collection"),
            (client.test.things.find(), "Cursor"),
        ]:
            assert repr(thing).startswith(f"{family}Motor{name}(")
