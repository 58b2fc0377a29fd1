"""Change streams, as a scripted server and PyMongo's client see them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import bson
import pytest
from pymongo.errors import InvalidOperation, OperationFailure
from tests.mongo.scripted import run, scripted
from tests.support.mongo_wire import HANG_UP, KEEP_WAITING, cursor_answer

from whirlwind import gen
from whirlwind.mongo import MotorChangeStream


def change(number: int) -> dict[str, Any]:
    return {"_id": {"_data": str(number)}, "operationType": "insert", "number": number}


class Changes:
    """Answers a stream: one batch for the opening, one for each ``getMore``, then it waits."""

    def __init__(self, *batches: Any) -> None:
        self.batches = list(batches)

    def __call__(self, name: str, command: dict[str, Any]) -> Mapping[str, Any]:
        if name == "killCursors":
            return {"ok": 1, "cursorsKilled": command["cursors"]}
        if name not in ("aggregate", "getMore"):
            return {"ok": 1, "n": 1}
        batch = self.batches.pop(0) if self.batches else KEEP_WAITING
        if not isinstance(batch, list):
            answer: Mapping[str, Any] = batch
            return answer
        answer = cursor_answer([change(number) for number in batch], 7, first=name == "aggregate")
        answer["cursor"]["postBatchResumeToken"] = {"_data": f"after {batch}"}
        return {**answer, "operationTime": bson.Timestamp(1, 1)}


def numbers(changes: list[Any]) -> list[int]:
    return [found["number"] for found in changes]


def test_nothing_is_sent_before_the_first_change_is_asked_for() -> None:
    async def scene() -> None:
        async with scripted(Changes([1])) as (server, things):
            stream = things.watch([{"$match": {"n": 1}}], full_document="updateLookup")
            assert isinstance(stream, MotorChangeStream)
            assert (server.names, stream.alive, stream.resume_token) == ([], True, None)
            assert (await stream.next())["number"] == 1
            [command] = server.commands
            assert command["aggregate"] == "things"
            assert command["pipeline"] == [
                {"$changeStream": {"fullDocument": "updateLookup"}},
                {"$match": {"n": 1}},
            ]
            await stream.close()

    run(scene)


def test_entering_opens_the_stream_and_leaving_frees_it() -> None:
    async def scene() -> None:
        async with scripted(Changes([], [], [1, 2], [3])) as (server, things):
            async with things.watch(max_await_time_ms=50, batch_size=2) as stream:
                assert server.names == ["aggregate"]
                found = [await stream.next(), await stream.next()]
                async for latest in stream:
                    found.append(latest)
                    break
            assert numbers(found) == [1, 2, 3]
            assert not stream.alive
            assert server.names == ["aggregate", "getMore", "getMore", "getMore", "killCursors"]
            assert server.commands[1]["maxTimeMS"] == 50
            with pytest.raises(StopAsyncIteration):
                await stream.next()
            with pytest.raises(InvalidOperation, match="closed"):
                await stream.__aenter__()

    run(scene)


def test_the_loop_of_the_guide_reads_changes() -> None:
    @gen.coroutine
    def read(stream: MotorChangeStream) -> Any:
        found = []
        while (yield stream.fetch_next):
            found.append(stream.next_object())
            if len(found) == 3:
                yield stream.close()
        return found

    async def scene() -> None:
        async with scripted(Changes([1], [2, 3])) as (_, things):
            stream = things.watch()
            assert numbers(await read(stream)) == [1, 2, 3]
            assert stream.next_object() is None

    run(scene)


@pytest.mark.parametrize(
    ("target", "aggregate", "options"),
    [
        (lambda things: things.client, ("admin", 1), {"allChangesForCluster": True}),
        (lambda things: things.database, ("test", 1), {}),
        (lambda things: things, ("test", "things"), {}),
    ],
    ids=["client", "database", "collection"],
)
def test_a_client_a_database_and_a_collection_can_be_watched(
    target: Callable[[Any], Any], aggregate: tuple[str, Any], options: dict[str, Any]
) -> None:
    async def scene() -> None:
        async with scripted(Changes([1])) as (server, things):
            stream = target(things).watch(show_expanded_events=True, comment="why")
            await stream.next()
            [command] = server.commands
            assert (command["$db"], command["aggregate"]) == aggregate
            expected = {"showExpandedEvents": True, **options}
            assert command["pipeline"] == [{"$changeStream": expected}]
            assert command["comment"] == "why"
            assert stream.collection is target(things) or stream.collection == target(things)
            await stream.close()

    run(scene)


def test_try_next_is_none_when_nothing_has_happened() -> None:
    async def scene() -> None:
        async with scripted(Changes([], [], [1, 2], [])) as (_, things):
            stream = things.watch()
            assert [await stream.try_next() for _ in range(4)] == [
                None,
                change(1),
                change(2),
                None,
            ]
            assert stream.alive
            await stream.close()
            assert await stream.try_next() is None

    run(scene)


def test_try_next_does_not_wait_behind_one_who_waits() -> None:
    async def scene() -> None:
        async with scripted(Changes([])) as (server, things):
            stream = things.watch()
            waiting = stream.next()
            await server.wait_for("getMore")
            assert await stream.try_next() is None
            await stream.close()
            with pytest.raises(StopAsyncIteration):
                await waiting

    run(scene)


def test_the_resume_token_is_that_of_the_last_change_that_was_fetched() -> None:
    async def scene() -> None:
        async with scripted(Changes([1, 2])) as (_, things), things.watch() as stream:
            await stream.next()
            token = stream.resume_token
            assert token == {"_data": "1"}
        async with scripted(Changes([2])) as (server, things):
            async with things.watch(resume_after=token) as stream:
                assert (await stream.next())["number"] == 2
            [stage] = server.commands[0]["pipeline"]
            assert stage == {"$changeStream": {"resumeAfter": token}}

    run(scene)


def test_a_lost_connection_is_passed_over_behind_the_last_change() -> None:
    async def scene() -> None:
        async with scripted(Changes([], [1], HANG_UP, [2])) as (server, things):
            async with things.watch() as stream:
                found = [await stream.next(), await stream.next()]
            assert numbers(found) == [1, 2]
            again = [c for c in server.commands if "aggregate" in c][-1]
            assert again["pipeline"] == [{"$changeStream": {"resumeAfter": {"_data": "after [1]"}}}]

    run(scene)


def test_an_error_that_does_not_pass_ends_the_stream() -> None:
    refusal = {"ok": 0, "code": 13, "errmsg": "not authorised"}

    async def scene() -> None:
        async with scripted(Changes([1], refusal)) as (_, things):
            stream = things.watch()
            await stream.next()
            with pytest.raises(OperationFailure, match="not authorised"):
                await stream.next()
            assert not stream.alive
            assert not await stream.fetch_next
        async with scripted(Changes(refusal)) as (_, things):
            stream = things.watch()
            with pytest.raises(OperationFailure, match="not authorised"):
                await stream.__aenter__()
            await stream.close()

    run(scene)


def test_cancelling_a_read_closes_the_stream_and_keeps_its_token() -> None:
    async def scene() -> None:
        async with scripted(Changes([], [1])) as (server, things):
            stream = things.watch()
            await stream.next()
            reading = stream.next()
            while server.names.count("getMore") < 2:
                await server.wait_for("getMore")
                await asyncio.sleep(0)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
            assert not stream.alive
            assert stream.resume_token == {"_data": "after [1]"}
            with pytest.raises(StopAsyncIteration):
                await stream.next()

    run(scene)


def test_close_ends_one_who_waits() -> None:
    async def scene() -> None:
        async with scripted(Changes([])) as (server, things):
            stream = things.watch()

            async def read() -> list[Any]:
                return [found async for found in stream]

            reading = asyncio.create_task(read())
            await server.wait_for("getMore")
            await stream.close()
            assert await reading == []
            await stream.close()

    run(scene)


def test_a_list_of_a_stream_needs_a_length() -> None:
    async def scene() -> None:
        async with scripted(Changes([1], [2, 3])) as (_, things):
            stream = things.watch()
            with pytest.raises(InvalidOperation, match="length"):
                stream.to_list()
            assert numbers(await stream.to_list(2)) == [1, 2]
            await stream.close()

    run(scene)


def test_a_session_goes_with_the_stream() -> None:
    async def scene() -> None:
        async with (
            scripted(Changes([1])) as (server, things),
            await things.client.start_session() as session,
            things.watch(session=session),
        ):
            assert server.commands[0]["lsid"]["id"] == session.session_id["id"]

    run(scene)


def test_what_a_stream_has_not_is_an_attribute_error() -> None:
    async def scene() -> None:
        async with scripted(Changes([1])) as (_, things):
            stream = things.watch()
            for name in ("cursor_id", "address", "session"):
                assert not hasattr(stream, name)
            with pytest.raises(AttributeError, match="async with"), stream:
                pass
            with pytest.raises(TypeError, match="colour"):
                things.watch(colour="red")

    run(scene)


def test_wrap_takes_a_stream_of_pymongos() -> None:
    async def scene() -> None:
        async with scripted(Changes([1])) as (_, things):
            stream = things.client.wrap(await things.delegate.watch())
            assert isinstance(stream, MotorChangeStream)
            assert (await stream.next())["number"] == 1
            await stream.close()

    run(scene)
