"""Files of GridFS that are read: places, lines, errors half-way, handlers."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from gridfs import NoFile
from gridfs.errors import CorruptGridFile
from pymongo.errors import InvalidOperation, OperationFailure
from tests.mongo.buckets import bucket_on
from tests.mongo.scripted import run, scripted
from tests.support.mongo_wire import KEEP_WAITING, cursor_answer

from whirlwind.mongo import MotorGridFSBucket, MotorGridOut

TEXT = b"one\ntwo\nthree"


async def stored(bucket: MotorGridFSBucket, text: bytes = TEXT) -> MotorGridOut:
    """A file in chunks of five bytes, opened."""
    number = await bucket.upload_from_stream("a", text, chunk_size_bytes=5)
    return await bucket.open_download_stream(number)


def test_reading_goes_on_where_it_stood(any_uri: str, database_name: str) -> None:
    async def scene() -> None:
        async with bucket_on(any_uri, database_name) as bucket:
            file = await stored(bucket)
            assert await file.read(2) == b"on"
            assert await file.readchunk() == b"e\nt"
            assert await file.readline() == b"wo\n"
            assert file.tell() == 8
            assert await file.readline(2) == b"th"
            assert await file.read() == b"ree"
            assert [await file.read(), await file.readline(), await file.readchunk()] == [b""] * 3
            assert file.tell() == len(TEXT)

    run(scene)


def test_seek_is_an_ordinary_method(any_uri: str, database_name: str) -> None:
    async def scene() -> None:
        async with bucket_on(any_uri, database_name) as bucket:
            file = await stored(bucket)
            await file.read(1)
            assert file.seek(4) == file.tell() == 4
            assert file.seek(4, os.SEEK_CUR) == 8
            assert await file.read(3) == b"thr"
            assert file.seek(-5, os.SEEK_END) == 8
            assert await file.read() == b"three"
            file.seek(0)
            assert await file.readline() == b"one\n"
            file.seek(100)
            assert (file.tell(), await file.readchunk()) == (100, b"")
            with pytest.raises(OSError, match="before the beginning"):
                file.seek(-1)
            with pytest.raises(OSError, match="whence"):
                file.seek(0, 3)

    run(scene)


def test_readings_are_done_in_the_order_they_were_called(any_uri: str, database_name: str) -> None:
    async def scene() -> None:
        async with bucket_on(any_uri, database_name) as bucket:
            file = await stored(bucket)
            parts = await asyncio.gather(*[file.readchunk() for _ in range(4)])
            assert parts == [b"one\nt", b"wo\nth", b"ree", b""]

    run(scene)


def test_a_file_that_is_made_by_hand_is_opened_first(any_uri: str, database_name: str) -> None:
    async def scene() -> None:
        async with bucket_on(any_uri, database_name) as bucket:
            first = await stored(bucket)
            file = MotorGridOut(bucket.collection, first._id)
            with pytest.raises(InvalidOperation, match="open"):
                _ = file.length
            assert await file.open() is file
            assert file.length == len(TEXT)
            unopened = MotorGridOut(bucket.collection, first._id)
            unopened.seek(8)
            assert await unopened.read() == b"three"
            with pytest.raises(NoFile):
                await MotorGridOut(bucket.collection, "nobody").open()
            document = await bucket.collection.files.find_one()
            given = MotorGridOut(bucket.collection, file_document=document)
            assert (given.filename, await given.read()) == ("a", TEXT)

    run(scene)


def test_a_missing_chunk_is_an_error(any_uri: str, database_name: str) -> None:
    async def scene() -> None:
        async with bucket_on(any_uri, database_name) as bucket:
            file = await stored(bucket)
            await bucket.collection.chunks.delete_one({"n": 1})
            with pytest.raises(CorruptGridFile):
                await file.read()

    run(scene)


DOCUMENT = {"_id": 1, "length": 12, "chunkSize": 4, "uploadDate": datetime(2020, 1, 1, tzinfo=UTC)}


def chunk(number: int) -> dict[str, Any]:
    return {"_id": number, "files_id": 1, "n": number, "data": b"abcd"}


@pytest.mark.parametrize("end", ["refused", "cancelled"])
def test_a_reading_that_ended_half_way_begins_again_at_the_same_place(end: str) -> None:
    failing = True

    def answer(name: str, command: dict[str, Any]) -> Mapping[str, Any]:
        if command.get("find") == "fs.files":
            return cursor_answer([DOCUMENT], first=True)
        if name == "find":
            first = command["filter"].get("n", {}).get("$gte", 0)
            return cursor_answer([chunk(first)], 7, first=True)
        if name == "getMore":
            if failing:
                return KEEP_WAITING if end == "cancelled" else {"ok": 0, "code": 8, "errmsg": "no"}
            return cursor_answer([chunk(number) for number in range(1, 3)])
        return {"ok": 1, "n": 1}

    async def scene() -> None:
        nonlocal failing
        async with scripted(answer) as (server, things):
            file = await MotorGridFSBucket(things.database).open_download_stream(1)
            assert await file.read(1) == b"a"
            reading = file.read()
            if end == "cancelled":
                await server.wait_for("getMore")
                reading.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await reading
            else:
                with pytest.raises(OperationFailure, match="no"):
                    await reading
            failing = False
            assert file.tell() == 1
            assert await file.read() == b"bcdabcdabcd"

    run(scene)


class Handler:
    """A ``RequestHandler``, as far as ``stream_to_handler`` sees one."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.room: asyncio.Future[None] | None = None

    def write(self, chunk: bytes) -> None:
        self.written.append(chunk)

    def flush(self) -> asyncio.Future[None]:
        self.room = asyncio.get_running_loop().create_future()
        return self.room


def test_stream_to_handler_waits_for_the_client_after_each_chunk(
    any_uri: str, database_name: str
) -> None:
    async def scene() -> None:
        async with bucket_on(any_uri, database_name) as bucket:
            file = await stored(bucket)
            file.seek(1)
            handler = Handler()
            streaming = file.stream_to_handler(handler)
            for size in range(1, 4):
                while handler.room is None:
                    await asyncio.sleep(0)
                # Whoever runs until nothing more happens sees no further chunk without room.
                for _ in range(20):
                    await asyncio.sleep(0)
                assert len(handler.written) == size
                room, handler.room = handler.room, None
                room.set_result(None)
            await streaming
            assert b"".join(handler.written) == TEXT[1:]

    run(scene)


def test_the_file_is_a_context(any_uri: str, database_name: str) -> None:
    async def scene() -> None:
        async with bucket_on(any_uri, database_name) as bucket:
            file: Any = await stored(bucket)
            async with file:
                assert not file.closed
                assert (file.readable(), file.writable(), file.seekable()) == (True, False, True)
            assert file.closed
            with pytest.raises(AttributeError, match="cannot be set"):
                file.length = 5
            with pytest.raises(AttributeError, match="async with"), file:
                pass

    run(scene)
