"""Deadlines reach the server; cancelling ends the operation there as far as we can."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Mapping
from typing import Any

import pytest
from pymongo.errors import ExecutionTimeout, PyMongoError
from tests.mongo.scripted import run, scripted
from tests.support.mongo_wire import KEEP_WAITING, batches

from whirlwind import gen, mongo
from whirlwind.httpclient import AsyncHTTPClient
from whirlwind.ioloop import IOLoop
from whirlwind.mongo import MotorClient
from whirlwind.web import Application, RequestHandler

LIMIT = datetime.timedelta(seconds=20)


def in_limit(command: dict[str, Any], seconds: float) -> bool:
    """True if the server was told of most of the time that there is, and of no more."""
    told: float = command["maxTimeMS"]
    return seconds * 500 < told <= seconds * 1000


def test_without_a_deadline_the_server_is_told_nothing() -> None:
    async def scene() -> None:
        async with scripted(batches(1)) as (server, things):
            with mongo.deadline(None):
                await things.find_one()
            assert "maxTimeMS" not in server.commands[0]

    run(scene)


@pytest.mark.parametrize("form", ["timedelta", "absolute"])
def test_the_deadline_of_with_timeout_reaches_the_server(form: str) -> None:
    @gen.coroutine
    def ask(things: Any) -> Any:
        limit = LIMIT if form == "timedelta" else IOLoop.current().time() + 20
        with mongo.deadline(limit):
            found = yield gen.with_timeout(limit, things.find_one())
        yield things.find_one()
        return found

    async def scene() -> None:
        async with scripted(batches(1)) as (server, things):
            assert await ask(things) == {"_id": 0}
            inside, outside = server.commands
            assert in_limit(inside, 20)
            assert "maxTimeMS" not in outside

    run(scene)


def test_writes_and_fetches_of_a_cursor_have_the_deadline_of_where_they_are() -> None:
    def answer(name: str, command: dict[str, Any]) -> Mapping[str, Any]:
        return answer_find(name, command) if name in ("find", "getMore") else {"ok": 1, "n": 1}

    answer_find = batches(1, 1)

    async def scene() -> None:
        async with scripted(answer) as (server, things):
            cursor = things.find()
            with mongo.deadline(LIMIT):
                await things.insert_one({})
                await things.delete_many({})
                assert await cursor.fetch_next
                with mongo.deadline(LIMIT / 4), mongo.deadline(LIMIT):
                    await things.insert_one({})
            insert, delete, find, nested = server.commands
            assert in_limit(insert, 20)
            assert in_limit(delete, 20)
            assert in_limit(find, 20)
            assert in_limit(nested, 5)

    run(scene)


def test_time_that_is_up_is_an_error_here_even_if_the_server_is_silent() -> None:
    async def scene() -> None:
        async with scripted(lambda name, command: KEEP_WAITING) as (_, things):
            with (
                pytest.raises(PyMongoError) as caught,
                mongo.deadline(datetime.timedelta(seconds=0.1)),
            ):
                await things.find_one()
            assert caught.value.timeout

    run(scene)


def test_a_deadline_in_the_past_sends_nothing() -> None:
    async def scene() -> None:
        async with scripted() as (server, things):
            for limit in (datetime.timedelta(0), IOLoop.current().time() - 1):
                with pytest.raises(ExecutionTimeout, match="past"), mongo.deadline(limit):
                    await things.find_one()
            with pytest.raises(TypeError, match="timedelta"), mongo.deadline("soon"):  # type: ignore[arg-type]
                pass
            assert server.names == []

    run(scene)


def test_the_deadline_of_a_handler_reaches_the_server() -> None:
    class Ask(RequestHandler):
        handler_timeout = 20

        async def get(self) -> None:
            with mongo.deadline(self.deadline):
                self.write(await self.settings["things"].find_one())

    async def scene() -> None:
        async with scripted(batches(1)) as (server, things):
            application = Application(
                [("/", Ask)], things=things, log_function=lambda handler: None
            )
            listening = application.listen(0, "127.0.0.1")
            [socket] = listening._sockets.values()
            port = socket.getsockname()[1]
            try:
                response = await AsyncHTTPClient().fetch(f"http://127.0.0.1:{port}/")
                assert response.body == b'{"_id": 0}'
                assert in_limit(server.commands[0], 20)
            finally:
                listening.stop()
                await listening.close_all_connections()
                AsyncHTTPClient().close()

    run(scene)


def test_cancelling_a_handlers_wait_cancels_the_operation() -> None:
    async def scene() -> None:
        async with scripted(lambda name, command: KEEP_WAITING) as (server, things):

            @gen.coroutine
            def ask() -> Any:
                yield things.find_one()

            asking = ask()
            await server.wait_for("find")
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            # The connection that waits for an answer nobody wants is not used again.
            server.answer = batches(1)
            assert await things.find_one() == {"_id": 0}

    run(scene)


def test_a_client_with_timeout_ms_needs_no_block() -> None:
    async def scene() -> None:
        async with scripted(batches(1)) as (server, things):
            client = MotorClient(server.uri, timeoutMS=20_000)
            await client.test.things.find_one()
            assert in_limit(server.commands[0], 20)
            await client.close()
            await things.find_one()
            assert "maxTimeMS" not in server.commands[1]

    run(scene)
