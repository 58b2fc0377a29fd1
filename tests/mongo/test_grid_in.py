"""Files of GridFS that are written: order, damage, fields."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping
from typing import Any

import pytest
from gridfs import NoFile
from pymongo.errors import InvalidOperation, OperationFailure
from tests.mongo.buckets import bucket_on
from tests.mongo.scripted import run, scripted
from tests.support.mongo_wire import KEEP_WAITING, WireServer, cursor_answer

from whirlwind.mongo import MotorGridFSBucket, MotorGridIn


def chunks(server: WireServer) -> bytes:
    """The bytes of all chunks that a scripted server was sent, in order."""
    sent = [command for command in server.commands if command.get("insert") == "fs.chunks"]
    documents = [chunk for command in sent for chunk in command["documents"]]
    assert [chunk["n"] for chunk in documents] == list(range(len(documents)))
    return b"".join(chunk["data"] for chunk in documents)


def accept(name: str, command: dict[str, Any]) -> Mapping[str, Any]:
    if name in ("find", "listIndexes"):
        return cursor_answer([], first=True)
    return {"ok": 1, "n": 1}


def test_calls_are_done_in_the_order_they_were_made() -> None:
    async def scene() -> None:
        async with scripted(accept) as (server, things):
            file = MotorGridFSBucket(things.database, chunk_size_bytes=4).open_upload_stream("a")
            started = [file.write(b"12345"), file.writelines([b"67", b"89"]), file.close()]
            await asyncio.gather(*started)
            assert chunks(server) == b"123456789"
            assert (file.closed, file.length) == (True, 9)
            with pytest.raises(ValueError, match="closed"):
                await file.write(b"more")
            sent = len(server.commands)
            await file.close()
            assert len(server.commands) == sent

    run(scene)


@pytest.mark.parametrize("end", ["refused", "cancelled"])
def test_a_file_whose_write_ended_half_way_is_not_completed(end: str) -> None:
    """Nothing is lost without a word: the file would be shorter than what was written."""
    failing = True

    def answer(name: str, command: dict[str, Any]) -> Mapping[str, Any]:
        if failing and command.get("insert") == "fs.chunks":
            return KEEP_WAITING if end == "cancelled" else {"ok": 0, "code": 8, "errmsg": "full"}
        return accept(name, command)

    async def scene() -> None:
        nonlocal failing
        async with scripted(answer) as (server, things):
            size = 2**23
            file = MotorGridFSBucket(things.database, chunk_size_bytes=size).open_upload_stream("a")
            # PyMongo gathers 48 MB before it sends.
            await file.write(b"x" * 5 * size)
            writing = file.write(b"x" * size)
            if end == "cancelled":
                await server.wait_for("insert")
                writing.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await writing
            else:
                with pytest.raises(OperationFailure, match="full"):
                    await writing
            failing = False
            for refused in (file.write(b"and more"), file.close()):
                with pytest.raises(InvalidOperation, match="not whole"):
                    await refused
            assert "fs.files" not in [command.get("insert") for command in server.commands]
            await file.abort()
            assert file.closed
            removed = [command["delete"] for command in server.commands if "delete" in command]
            assert removed == ["fs.chunks", "fs.files"]

    run(scene)


def test_a_close_that_fails_is_not_repeated_over_the_damage() -> None:
    def answer(name: str, command: dict[str, Any]) -> Mapping[str, Any]:
        if command.get("insert") == "fs.files":
            return {"ok": 0, "code": 8, "errmsg": "full"}
        return accept(name, command)

    async def scene() -> None:
        async with scripted(answer) as (_, things):
            file = MotorGridFSBucket(things.database).open_upload_stream("a")
            await file.write(b"text")
            with pytest.raises(OperationFailure, match="full"):
                await file.close()
            with pytest.raises(InvalidOperation, match="not whole"):
                await file.close()

    run(scene)


def test_an_error_in_the_block_stores_no_file() -> None:
    async def scene() -> None:
        async with scripted(accept) as (server, things):
            with pytest.raises(ZeroDivisionError):
                async with MotorGridFSBucket(things.database).open_upload_stream("a") as file:
                    await file.write(b"text")
                    raise ZeroDivisionError
            assert file.closed
            assert server.names == []

    run(scene)


def test_what_is_no_data_is_refused_and_leaves_the_file_as_it_was() -> None:
    async def scene() -> None:
        async with scripted(accept) as (server, things):
            async with MotorGridFSBucket(things.database).open_upload_stream("a") as file:
                await file.write(b"one")
                for wrong in (5, None, "text without an encoding"):
                    with pytest.raises(TypeError):
                        await file.write(wrong)
                await file.write(bytearray(b" two"))
            assert chunks(server) == b"one two"

    run(scene)


def test_fields_are_read_as_attributes_and_changed_with_set(
    any_uri: str, database_name: str
) -> None:
    async def scene() -> None:
        async with bucket_on(any_uri, database_name) as bucket:
            file = MotorGridIn(bucket.collection, filename="a", encoding="utf-16", colour="red")
            assert (file.filename, file.name, file.encoding, file.colour) == (
                "a",
                "a",
                "utf-16",
                "red",
            )
            await file.write("ü")
            with pytest.raises(AttributeError, match="set"):
                file.filename = "b"
            file.colour = "green"
            assert file.colour == "green"
            await file.set("colour", "blue")
            with pytest.raises(AttributeError):
                _ = file.upload_date
            file.corners = 0
            await file.set("content_type", "text/plain")
            await file.set("name", "b")
            assert (file.contentType, file.filename) == ("text/plain", "b")
            for fixed in ("_id", "length", "chunk_size", "upload_date"):
                with pytest.raises(AttributeError, match="cannot be set"):
                    await file.set(fixed, 5)
            await file.close()
            with pytest.raises(AttributeError, match="set"):
                file.colour = "red"
            await file.set("shape", "round")
            [stored] = await bucket.find().to_list()
            assert (stored.colour, stored.shape, stored.corners) == ("blue", "round", 0)
            assert (stored.content_type, stored.filename) == ("text/plain", "b")
            assert stored.upload_date is not None
            assert (await stored.read()).decode("utf-16") == "ü"
            for thing in (file, stored):
                with pytest.raises(AttributeError):
                    _ = thing.taste
                with pytest.raises(AttributeError):
                    _ = thing._taste
                # A coroutine of PyMongo's beside our Futures would be a trap.
                with pytest.raises(AttributeError):
                    _ = thing.readlines

    run(scene)


def test_abort_removes_what_was_stored(any_uri: str, database_name: str) -> None:
    async def scene() -> None:
        async with bucket_on(any_uri, database_name) as bucket:
            file = bucket.open_upload_stream("a")
            await file.write(b"text")
            await file.close()
            await file.abort()
            assert await bucket.collection.chunks.count_documents({}) == 0
            with pytest.raises(NoFile):
                await bucket.open_download_stream(file._id)

    run(scene)


def test_callbacks_are_called_for_motor_1s_programs() -> None:
    async def scene() -> None:
        async with scripted(accept) as (server, things):
            bucket: Any = MotorGridFSBucket(things.database)
            ended = things._binding.enter().create_future()
            file = bucket.open_upload_stream("a")

            def written(result: Any, error: Any) -> None:
                assert (result, error) == (None, None)
                file.close(callback=lambda result, error: ended.set_result(error))

            with pytest.warns(DeprecationWarning, match="callback="):
                assert file.write(b"text", callback=written) is None
            assert await ended is None
            assert chunks(server) == b"text"
            missed = things._binding.enter().create_future()
            bucket.open_download_stream(1, callback=lambda file, error: missed.set_result(error))
            assert isinstance(await missed, NoFile)
            with pytest.raises(TypeError, match="callable"):
                file.close(callback=5)

    run(scene)


def test_a_file_says_what_can_be_done_with_it() -> None:
    async def scene() -> None:
        async with scripted() as (_, things):
            file = MotorGridFSBucket(things.database).open_upload_stream("a")
            assert (file.readable(), file.writeable(), file.seekable()) == (False, True, False)
            with pytest.raises(AttributeError, match="async with"), file:
                pass

    run(scene)


class Broken(io.BytesIO):
    """A source that fails."""

    def read(self, size: int | None = -1) -> bytes:
        raise OSError("unreadable")


def test_the_error_of_a_source_is_the_error_of_the_write() -> None:
    async def scene() -> None:
        async with scripted(accept) as (server, things):
            with pytest.raises(OSError, match="unreadable"):
                await MotorGridFSBucket(things.database).upload_from_stream("a", Broken())
            assert "insert" not in server.names

    run(scene)
