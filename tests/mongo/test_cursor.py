"""Cursors, against a scripted server that shows what is fetched, and when."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Generator
from typing import Any

import bson
import pytest
from pymongo import CursorType
from pymongo.errors import AutoReconnect, InvalidOperation, OperationFailure
from tests.mongo.scripted import run, scripted
from tests.support.mongo_wire import (
    HANG_UP,
    KEEP_WAITING,
    batches,
    cursor_answer,
    documents,
)

from whirlwind import gen, inspector
from whirlwind.mongo import MotorCollection, MotorCursor


def test_the_loop_of_the_guide_reads_every_document_in_order() -> None:
    @gen.coroutine
    def loop_example(collection: MotorCollection) -> Generator[Any, Any, list[Any]]:
        found = []
        cursor = collection.find()
        while (yield cursor.fetch_next):
            found.append(cursor.next_object())
        return found

    async def scene() -> None:
        async with scripted(batches(3, 2, 4)) as (server, things):
            assert await loop_example(things) == documents(0, 9)
            assert server.names == ["find", "getMore", "getMore"]

    run(scene)


def test_nothing_is_sent_before_the_first_document_is_asked_for() -> None:
    async def scene() -> None:
        async with scripted(batches(1)) as (server, things):
            cursor = things.find().sort("_id").limit(5)
            assert not cursor.started
            assert cursor.alive
            await things.database.command("ping")
            assert server.commands == []
            assert await cursor.next() == {"_id": 0}
            assert cursor.started
            (find,) = server.commands
            assert find["sort"] == {"_id": 1}
            assert find["limit"] == 5

    run(scene)


def test_a_batch_is_handed_out_without_a_turn_of_the_loop() -> None:
    async def scene() -> None:
        async with scripted(batches(3, 3)) as (server, things):
            cursor = things.find()
            assert await cursor.fetch_next
            turns = 0

            def count() -> None:
                nonlocal turns
                turns += 1
                asyncio.get_running_loop().call_soon(count)

            asyncio.get_running_loop().call_soon(count)
            for number in range(3):
                assert cursor.fetch_next.done()
                assert await cursor.fetch_next is True
                assert cursor.next_object() == {"_id": number}
            assert turns == 0
            assert server.names == ["find"]
            assert not cursor.fetch_next.done()
            await cursor.close()

    run(scene)


def test_one_batch_is_fetched_at_a_time_and_only_when_it_is_needed() -> None:
    async def scene() -> None:
        async with scripted(batches(2, 2, 2)) as (server, things):
            cursor = things.find().batch_size(2)
            for number in range(6):
                assert await cursor.fetch_next
                assert len(server.commands) == number // 2 + 1
                assert cursor.next_object() == {"_id": number}
                assert len(server.commands) == number // 2 + 1
            assert await cursor.fetch_next is False
            assert cursor.next_object() is None
            assert not cursor.alive
            assert server.names == ["find", "getMore", "getMore"]
            assert [command.get("batchSize") for command in server.commands] == [2, 2, 2]

    run(scene)


def test_two_that_ask_at_once_share_one_fetch() -> None:
    async def scene() -> None:
        async with scripted(batches(2, 1)) as (server, things):
            cursor = things.find()
            both = await asyncio.gather(cursor.fetch_next, cursor.fetch_next)
            assert list(both) == [True, True]
            assert server.names == ["find"]
            assert sorted([(await cursor.next())["_id"] for _ in range(3)]) == [0, 1, 2]

    run(scene)


def test_next_object_never_waits_and_is_none_when_the_batch_is_used_up() -> None:
    async def scene() -> None:
        async with scripted(batches(1, 1)) as (server, things):
            cursor = things.find()
            assert cursor.next_object() is None
            assert server.commands == []
            assert await cursor.fetch_next
            assert cursor.next_object() == {"_id": 0}
            assert cursor.next_object() is None
            await cursor.close()

    run(scene)


def test_an_empty_batch_is_not_the_end() -> None:
    async def scene() -> None:
        async with scripted(batches(0, 0, 2, 0, 1, 0)) as (server, things):
            assert await things.find().to_list() == documents(0, 3)
            assert len(server.commands) == 6

    run(scene)


def test_async_for_and_next_end_with_stop_async_iteration() -> None:
    async def scene() -> None:
        async with scripted(batches(2, 3)) as (_, things):
            assert [document async for document in things.find()] == documents(0, 5)
            cursor = things.find()
            assert [await cursor.next() for _ in range(5)] == documents(0, 5)
            with pytest.raises(StopAsyncIteration):
                await cursor.next()
            with pytest.raises(StopAsyncIteration):
                await anext(cursor)

    run(scene)


@pytest.mark.parametrize("sizes", [(7,), (3, 4), (1, 1, 1, 1, 1, 1, 1), (6, 1), (0, 7)])
@pytest.mark.parametrize("length", [0, 1, 2, 3, 6, 7, 8, None])
def test_to_list_takes_the_length_asked_for_and_leaves_the_rest(
    sizes: tuple[int, ...], length: int | None
) -> None:
    async def scene() -> None:
        async with scripted(batches(*sizes)) as (_, things):
            cursor = things.find()
            taken = await cursor.to_list(length)
            stop = 7 if length is None else min(7, length)
            assert taken == documents(0, stop)
            assert await cursor.to_list() == documents(stop, 7)
            assert await cursor.to_list(10) == []
            assert not cursor.alive

    run(scene)


def test_to_list_of_zero_documents_asks_nothing_of_the_server() -> None:
    async def scene() -> None:
        async with scripted(batches(1)) as (server, things):
            assert await things.find().to_list(0) == []
            assert await things.find().to_list(length=0) == []
            assert server.commands == []

    run(scene)


def test_to_list_fetches_no_batch_that_it_does_not_need() -> None:
    async def scene() -> None:
        async with scripted(batches(3, 3, 3)) as (server, things):
            cursor = things.find()
            assert len(await cursor.to_list(3)) == 3
            assert server.names == ["find"]
            assert len(await cursor.to_list(2)) == 2
            assert server.names == ["find", "getMore"]
            assert await cursor.fetch_next
            assert cursor.next_object() == {"_id": 5}
            assert server.names == ["find", "getMore"]
            await cursor.close()

    run(scene)


@pytest.mark.parametrize(
    ("length", "error"), [(-1, ValueError), ("3", TypeError), (True, TypeError)]
)
def test_to_list_refuses_a_length_that_is_none(length: Any, error: type[Exception]) -> None:
    async def scene() -> None:
        async with scripted(batches(1)) as (_, things):
            with pytest.raises(error, match="length must be"):
                things.find().to_list(length)

    run(scene)


def test_each_calls_back_for_each_document_and_once_more_at_the_end() -> None:
    async def scene() -> None:
        async with scripted(batches(2, 2)) as (_, things):
            seen: list[tuple[Any, Any]] = []
            ended = asyncio.Event()

            def callback(document: Any, error: Any) -> None:
                seen.append((document, error))
                if document is None:
                    ended.set()

            assert things.find().each(callback) is None
            assert seen == []
            await ended.wait()
            assert seen == [*((document, None) for document in documents(0, 4)), (None, None)]

    run(scene)


def test_each_stops_at_false_and_only_at_false() -> None:
    async def scene() -> None:
        async with scripted(batches(9)) as (_, things):
            seen: list[Any] = []
            ended = asyncio.Event()
            answers = iter([None, 0, "", False])

            def callback(document: Any, error: Any) -> Any:
                seen.append(document)
                answer = next(answers)
                if answer is False:
                    ended.set()
                return answer

            cursor = things.find()
            cursor.each(callback)
            await ended.wait()
            assert seen == documents(0, 4)
            assert await cursor.to_list() == documents(4, 9)

    run(scene)


def test_each_hands_an_error_to_the_callback() -> None:
    def answer(name: str, command: dict[str, Any]) -> Any:
        return {"ok": 0, "code": 13, "errmsg": "not you"}

    async def scene() -> None:
        async with scripted(answer) as (_, things):
            outcome: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            things.find().each(lambda document, error: outcome.set_result((document, error)))
            document, error = await outcome
            assert document is None
            assert isinstance(error, OperationFailure)

    run(scene)


def test_an_error_of_the_server_ends_the_cursor() -> None:
    def answer(name: str, command: dict[str, Any]) -> Any:
        if name == "find":
            return cursor_answer(documents(0, 2), 5, first=True)
        return {"ok": 0, "code": 237, "errmsg": "cursor killed"}

    async def scene() -> None:
        async with scripted(answer) as (_, things):
            cursor = things.find()
            found = []
            with pytest.raises(OperationFailure, match="cursor killed"):
                while await cursor.fetch_next:
                    found.append(cursor.next_object())
            assert found == documents(0, 2)
            assert not cursor.alive
            assert await cursor.fetch_next is False
            assert await cursor.to_list() == []

    run(scene)


@pytest.mark.parametrize("reading", ["fetch_next", "to_list", "async for", "each"])
def test_a_server_that_dies_in_the_middle_of_a_cursor_is_an_error_at_once(reading: str) -> None:
    def answer(name: str, command: dict[str, Any]) -> Any:
        return cursor_answer(documents(0, 2), 5, first=True) if name == "find" else HANG_UP

    async def read(cursor: MotorCursor) -> None:
        if reading == "fetch_next":
            while await cursor.fetch_next:
                cursor.next_object()
        elif reading == "to_list":
            await cursor.to_list()
        elif reading == "async for":
            async for _ in cursor:
                pass
        else:
            ended = asyncio.get_running_loop().create_future()

            def callback(document: Any, error: Any) -> None:
                if document is None:
                    ended.set_exception(error)

            cursor.each(callback)
            await ended

    async def scene() -> None:
        async with scripted(answer) as (_, things):
            with pytest.raises(AutoReconnect):
                await read(things.find())

    run(scene)


def test_cancelling_the_future_cancels_the_fetch() -> None:
    def answer(name: str, command: dict[str, Any]) -> Any:
        if name == "getMore":
            return KEEP_WAITING
        return cursor_answer(documents(0, 1), 5, first=True) if name == "find" else {"ok": 1}

    async def scene() -> None:
        async with scripted(answer) as (server, things):
            cursor = things.find()
            assert await cursor.next() == {"_id": 0}
            fetching = cursor.fetch_next
            await server.wait_for("getMore")
            fetching.cancel()
            with pytest.raises(asyncio.CancelledError):
                await fetching
            assert not cursor.alive
            assert await cursor.fetch_next is False
            # The client goes on with another connection.
            assert await things.find().next() == {"_id": 0}

    run(scene)


def test_close_frees_the_cursor_of_the_server() -> None:
    async def scene() -> None:
        async with scripted(batches(2, 2)) as (server, things):
            cursor = things.find()
            assert await cursor.fetch_next
            assert cursor.cursor_id == 77
            assert not cursor.closed
            await cursor.close()
            assert cursor.closed
            assert server.names == ["find", "killCursors"]
            assert server.commands[-1]["cursors"] == [77]
            # What was fetched can still be read, as in Motor; nothing more is fetched.
            assert cursor.alive
            assert await cursor.to_list() == [{"_id": 0}, {"_id": 1}]
            assert not cursor.alive
            assert await cursor.fetch_next is False
            assert cursor.next_object() is None
            async with things.find() as second:
                assert await second.next() == {"_id": 0}
            assert server.names[2:] == ["find", "killCursors"]

    run(scene)


def test_an_ordinary_loop_over_a_cursor_is_refused() -> None:
    """Python would call cursor[0], cursor[1] … and never come to an end."""

    async def scene() -> None:
        async with scripted() as (server, things):
            for cursor in (things.find(), things.aggregate([]), things.find_raw_batches()):
                with pytest.raises(TypeError, match="async for"):
                    list(cursor)
            for other in (things, things.database, things.client):
                with pytest.raises(TypeError):
                    list(other)
            assert server.names == []

    run(scene)


def test_an_exhaust_cursor_has_no_limit() -> None:
    async def scene() -> None:
        async with scripted() as (_, things):
            with pytest.raises(InvalidOperation, match="exhaust"):
                things.find(limit=5).add_option(64)
            with pytest.raises(InvalidOperation, match="exhaust"):
                things.find().add_option(64).limit(5)
            with pytest.raises(InvalidOperation, match="exhaust"):
                things.find(cursor_type=CursorType.EXHAUST).limit(5)
            assert things.find(cursor_type=CursorType.EXHAUST).remove_option(64).limit(5)

    run(scene)


@pytest.mark.parametrize("reading", ["fetch_next", "next", "to_list", "async for"])
def test_close_while_a_batch_is_on_its_way_is_the_end_for_who_reads(reading: str) -> None:
    async def read(cursor: MotorCursor) -> Any:
        if reading == "fetch_next":
            return await cursor.fetch_next
        if reading == "to_list":
            return await cursor.to_list()
        if reading == "async for":
            return [document async for document in cursor]
        with pytest.raises(StopAsyncIteration):
            await cursor.next()
        return []

    async def scene() -> None:
        async with scripted(lambda name, command: KEEP_WAITING) as (server, things):
            cursor = things.find()
            reader = asyncio.ensure_future(read(cursor))
            await server.wait_for("find")
            await cursor.close()
            assert await reader == (False if reading == "fetch_next" else [])

    run(scene)


def test_close_at_once_is_the_end_too() -> None:
    async def scene() -> None:
        async with scripted(lambda name, command: KEEP_WAITING) as (_, things):
            await things.database.command("ping")
            cursor = things.find()
            fetching = cursor.fetch_next
            await cursor.close()
            await asyncio.wait([fetching])
            assert fetching.cancelled() or fetching.result() is False
            assert not cursor.alive

    run(scene)


def test_who_is_cancelled_while_the_cursor_is_closed_stays_cancelled() -> None:
    async def scene() -> None:
        async with scripted(lambda name, command: KEEP_WAITING) as (server, things):
            cursor = things.find()
            reader = asyncio.ensure_future(cursor.__anext__())
            await server.wait_for("find")
            closing = cursor.close()
            reader.cancel()
            await asyncio.wait([reader, closing])
            assert reader.cancelled()
            assert closing.exception() is None

    run(scene)


def test_a_fetch_that_is_shared_with_a_loop_ends_with_it() -> None:
    async def scene() -> None:
        async with scripted(lambda name, command: {"ok": 0, "code": 1, "errmsg": "no"}) as (
            _,
            things,
        ):
            cursor = things.find()
            listing = asyncio.ensure_future(cursor.__anext__())
            await asyncio.sleep(0)
            waiting = cursor.fetch_next
            for future in (listing, waiting):
                with pytest.raises(OperationFailure):
                    await future

    run(scene)


def test_rewind_while_a_batch_is_on_its_way_is_refused() -> None:
    async def scene() -> None:
        async with scripted(lambda name, command: KEEP_WAITING) as (server, things):
            cursor = things.find()
            cursor.fetch_next
            await server.wait_for("find")
            with pytest.raises(InvalidOperation, match="rewind"):
                cursor.rewind()
            await cursor.close()

    run(scene)


def test_rewind_sends_the_query_again() -> None:
    async def scene() -> None:
        async with scripted(batches(2, 2)) as (server, things):
            cursor = things.find({"a": 1}).limit(9)
            assert await cursor.next() == {"_id": 0}
            assert cursor.rewind() is cursor
            assert not cursor.started
            assert await cursor.to_list() == documents(0, 4)
            finds = [command for command in server.commands if "find" in command]
            assert [find["filter"] for find in finds] == [{"a": 1}, {"a": 1}]
            await server.wait_for("killCursors")
            assert await cursor.rewind().to_list(1) == documents(0, 1)
            await cursor.close()

    run(scene)


def test_a_clone_is_the_same_query_not_started() -> None:
    async def scene() -> None:
        async with scripted(batches(2)) as (server, things):
            cursor = things.find({"a": 1}).skip(3).batch_size(7)
            await cursor.to_list()
            for twin in (cursor.clone(), copy.copy(cursor), copy.deepcopy(cursor)):
                assert not twin.started
                assert twin.collection is cursor.collection
                assert await twin.to_list() == documents(0, 2)
                assert server.commands[-1]["filter"] == {"a": 1}
                assert server.commands[-1]["skip"] == 3
                assert server.commands[-1]["batchSize"] == 7

    run(scene)


@pytest.mark.parametrize(
    ("slice_", "skip", "limit"),
    [
        pytest.param(slice(5, 20), 5, 15, id="both"),
        pytest.param(slice(5, None), 5, None, id="start"),
        pytest.param(slice(None, 4), None, 4, id="stop"),
    ],
)
def test_a_slice_is_skip_and_limit(slice_: slice, skip: int | None, limit: int | None) -> None:
    async def scene() -> None:
        async with scripted(batches(1)) as (server, things):
            cursor = things.find().skip(100).limit(100)
            assert cursor[slice_] is cursor
            await cursor.to_list(1)
            assert server.commands[0].get("skip") == skip
            assert server.commands[0].get("limit") == limit

    run(scene)


def test_an_index_is_a_new_cursor_of_one_document_at_most() -> None:
    async def scene() -> None:
        async with scripted(lambda name, command: cursor_answer([], first=True)) as (
            server,
            things,
        ):
            cursor = things.find()
            assert await cursor[5].to_list() == []
            (find,) = server.commands
            assert (find["skip"], find["limit"], find["singleBatch"]) == (5, 1, True)
            assert not cursor.started

    run(scene)


@pytest.mark.parametrize("index", [-1, slice(-1, 3), slice(5, 5), slice(5, 3), slice(0, 9, 2)])
def test_a_place_that_no_query_has_is_an_index_error(index: Any) -> None:
    async def scene() -> None:
        async with scripted() as (_, things):
            with pytest.raises(IndexError):
                things.find()[index]

    run(scene)


def test_a_query_that_was_sent_cannot_be_changed() -> None:
    async def scene() -> None:
        async with scripted(batches(1)) as (_, things):
            cursor = things.find()
            fetching = cursor.fetch_next
            changes: tuple[Callable[[], Any], ...] = (
                lambda: cursor.sort("a"),
                lambda: cursor.limit(1),
                lambda: cursor.skip(1),
                lambda: cursor.hint("a_1"),
                lambda: cursor.add_option(2),
                lambda: cursor[1],
            )
            for change in changes:
                with pytest.raises(InvalidOperation):
                    change()
            await fetching

    run(scene)


def test_every_shaping_method_returns_the_cursor_and_reaches_the_server() -> None:
    async def scene() -> None:
        async with scripted(batches(0)) as (server, things):
            cursor = things.find()
            assert (
                cursor.sort([("a", 1)])
                .skip(1)
                .limit(2)
                .batch_size(3)
                .hint("a_1")
                .min([("a", 1)])
                .max([("a", 9)])
                .max_time_ms(1000)
                .comment("why")
                .collation({"locale": "en"})
                .allow_disk_use(True)
                .where("true")
                is cursor
            )
            assert await cursor.to_list() == []
            (find,) = server.commands
            assert find["sort"] == {"a": 1}
            assert (find["skip"], find["limit"], find["batchSize"]) == (1, 2, 3)
            assert (find["hint"], find["min"], find["max"]) == ("a_1", {"a": 1}, {"a": 9})
            assert (find["maxTimeMS"], find["comment"]) == (1000, "why")
            assert find["collation"] == {"locale": "en"}
            assert find["allowDiskUse"] is True
            assert "$where" in find["filter"]

    run(scene)


def test_a_tailable_cursor_says_false_when_nothing_is_new_and_stays_alive() -> None:
    def answer(name: str, command: dict[str, Any]) -> Any:
        if name == "find":
            return cursor_answer(documents(0, 1), 9, first=True)
        return cursor_answer(next(later), 9) if name == "getMore" else {"ok": 1}

    later = iter([[], documents(1, 3)])

    async def scene() -> None:
        async with scripted(answer) as (server, things):
            cursor = things.find(cursor_type=CursorType.TAILABLE)
            assert await cursor.next() == {"_id": 0}
            assert await cursor.fetch_next is False
            assert cursor.alive
            assert await cursor.fetch_next is True
            assert cursor.next_object() == {"_id": 1}
            assert server.commands[0]["tailable"] is True
            with pytest.raises(InvalidOperation, match="tailable"):
                cursor.to_list()
            await cursor.close()

    run(scene)


def test_query_flags_are_set_when_the_query_is_sent() -> None:
    async def scene() -> None:
        async with scripted(batches(1)) as (server, things):
            cursor = things.find().add_option(2 | 16).remove_option(2)
            assert await cursor.to_list() == documents(0, 1)
            assert server.commands[0]["noCursorTimeout"] is True
            assert "tailable" not in server.commands[0]
            assert await cursor.clone().to_list() == documents(0, 1)
            assert server.commands[1]["noCursorTimeout"] is True
            with pytest.raises(InvalidOperation):
                things.find().add_option(2).to_list()

    run(scene)


def test_explain_and_distinct_ask_for_the_query_of_the_cursor() -> None:
    def answer(name: str, command: dict[str, Any]) -> Any:
        return {"ok": 1, "values": [1, 2]} if name == "distinct" else {"ok": 1, "plan": "scan"}

    async def scene() -> None:
        async with scripted(answer) as (server, things):
            cursor = things.find({"a": 1})
            assert await cursor.distinct("b") == [1, 2]
            assert server.commands[-1]["query"] == {"a": 1}
            assert (await cursor.explain())["plan"] == "scan"
            assert server.commands[-1]["explain"]["filter"] == {"a": 1}

    run(scene)


def test_raw_batches_come_as_bytes_one_a_batch() -> None:
    async def scene() -> None:
        async with scripted(batches(2, 1)) as (_, things):
            found = [bson.decode_all(batch) async for batch in things.find_raw_batches()]
            assert found == [documents(0, 2), documents(2, 3)]

    run(scene)


def test_a_picture_of_what_runs_names_the_operation_that_is_waited_for() -> None:
    @gen.coroutine
    def reads(collection: MotorCollection) -> Generator[Any, Any, None]:
        yield collection.find_one()
        cursor = collection.find()
        while (yield cursor.fetch_next):
            cursor.next_object()

    async def scene() -> None:
        async with scripted(batches(3)) as (_server, things):
            with inspector.recording() as record:
                await reads(things)
            labels = {wait.label for event in record.events for wait in event.waits}
            assert {"MotorCollection.find_one", "MotorCursor.fetch_next"} <= labels

    run(scene)
