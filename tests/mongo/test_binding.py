"""Clients and event loops: which one a client belongs to, and what happens elsewhere."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable
from typing import Any

import pytest
import uvloop
from tests.mongo.scripted import run, scripted
from tests.support.mongo_wire import KEEP_WAITING, WireServer, batches

from whirlwind.ioloop import IOLoop
from whirlwind.mongo import MotorClient, WrongLoopError
from whirlwind.mongo.binding import LoopBinding, run_without_waiting


def test_a_call_starts_at_once_and_returns_a_future() -> None:
    async def scene() -> None:
        async with scripted(lambda name, command: {"ok": 1, "n": 1}) as (server, things):
            future = things.insert_one({"a": 1})
            assert isinstance(future, asyncio.Future)
            # Nobody waits for the Future, and the operation goes on.
            command = await server.wait_for("insert")
            assert command["documents"][0]["a"] == 1
            await future

    run(scene)


def test_an_operation_whose_future_is_dropped_goes_on() -> None:
    async def scene() -> None:
        async with scripted(lambda name, command: {"ok": 1, "n": 1}) as (server, things):
            done = asyncio.Event()
            things.insert_one({"a": 1}).add_done_callback(lambda _: done.set())
            gc.collect()
            await server.wait_for("insert")
            gc.collect()
            await done.wait()

    run(scene)


def test_cancelling_the_future_cancels_the_operation() -> None:
    async def scene() -> None:
        async with scripted(lambda name, command: KEEP_WAITING) as (server, things):
            finding = things.find_one({})
            await server.wait_for("find")
            finding.cancel()
            with pytest.raises(asyncio.CancelledError):
                await finding
            server.answer = batches(1)
            assert await things.find_one({}) == {"_id": 0}

    run(scene)


def test_a_client_made_before_any_loop_runs_belongs_to_the_loop_of_its_first_call(
    any_uri: str,
) -> None:
    client = MotorClient(any_uri)
    things = client.test.things

    async def first() -> None:
        loops = [client._binding.loop]
        counting = things.count_documents({})
        loops.append(client._binding.loop)
        assert loops == [None, asyncio.get_running_loop()]
        assert await counting == 0
        await client.close()

    asyncio.run(first())


@pytest.mark.parametrize("make", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_io_loop_is_the_loop_that_is_used(make: Callable[[], asyncio.AbstractEventLoop]) -> None:
    loop = make()
    try:

        async def scene() -> None:
            async with WireServer(batches(1)) as server:
                client = MotorClient(server.uri, io_loop=loop)
                assert client.get_io_loop() is loop
                assert client.test.things.get_io_loop() is loop
                assert client.io_loop is loop
                finding = client.test.things.find_one()
                assert finding.get_loop() is loop
                assert await finding == {"_id": 0}
                await client.close()

        loop.run_until_complete(scene())
    finally:
        loop.close()


def test_a_client_runs_on_the_io_loop_it_was_given() -> None:
    io_loop = IOLoop(make_current=False)
    try:
        client = MotorClient("mongodb://127.0.0.1:1", io_loop=io_loop)
        assert client.get_io_loop() is io_loop

        async def scene() -> None:
            async with WireServer(batches(1)) as server:
                second = MotorClient(server.uri, io_loop=io_loop)
                assert await second.test.things.find_one() == {"_id": 0}
                await second.close()

        io_loop.run_sync(scene)
        client.close()
    finally:
        io_loop.close()


def test_without_io_loop_get_io_loop_is_the_current_one() -> None:
    async def scene() -> None:
        async with scripted() as (_, things):
            assert things.get_io_loop() is IOLoop.current()
            await things.database.command("ping")
            assert things.get_io_loop() is IOLoop.current()

    run(scene)


def test_what_is_no_loop_is_refused() -> None:
    with pytest.raises(TypeError, match="io_loop must be"):
        MotorClient("mongodb://127.0.0.1:1", io_loop="the loop")


def test_another_loop_is_refused_with_what_to_do(any_uri: str) -> None:
    client = MotorClient(any_uri)

    async def misuse() -> None:
        with pytest.raises(WrongLoopError, match=r"another event loop.*make one client for each"):
            client.test.things.find_one()
        with pytest.raises(RuntimeError):
            client.test.things.find().to_list()

    first = asyncio.new_event_loop()
    try:
        first.run_until_complete(_call(client))
        asyncio.run(misuse())
        client.close()
    finally:
        first.close()
    with pytest.raises(WrongLoopError, match="closed"):
        client.test.things.find_one()
    with pytest.raises(WrongLoopError, match="is closed"):
        run(lambda: _call(client))


async def _call(client: Any) -> None:
    await client.test.things.find_one()


def test_another_thread_is_refused_while_the_loop_runs() -> None:
    async def scene() -> None:
        async with scripted(batches(1)) as (_, things):
            await things.find_one()
            errors: list[BaseException] = []

            def elsewhere() -> None:
                try:
                    things.find_one()
                except WrongLoopError as error:
                    errors.append(error)

            thread = threading.Thread(target=elsewhere)
            thread.start()
            await asyncio.to_thread(thread.join)
            assert len(errors) == 1
            assert "thread" in str(errors[0])

    run(scene)


def test_wrong_arguments_raise_where_the_call_is() -> None:
    async def scene() -> None:
        async with scripted() as (server, things):
            with pytest.raises(TypeError):
                things.insert_one()
            assert server.commands == []

    run(scene)


def test_answers_are_shared_and_done() -> None:
    async def scene() -> None:
        binding = LoopBinding()
        assert binding.answer(True) is binding.answer(True)
        assert binding.answer(True).result() is True
        assert binding.answer(False).result() is False
        assert await binding.finished("x") == "x"

    run(scene)


def test_a_coroutine_that_has_to_wait_is_not_run_without_waiting() -> None:
    async def ready() -> int:
        return 3

    assert run_without_waiting(ready()) == 3
    with pytest.raises(RuntimeError, match="has to wait"):
        run_without_waiting(asyncio.sleep(0))
