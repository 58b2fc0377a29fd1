"""GridFS on real servers."""

from __future__ import annotations

import asyncio
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from gridfs import NoFile
from gridfs.errors import FileExists
from pymongo.errors import ConfigurationError, InvalidOperation
from pymongo.write_concern import WriteConcern
from tests.mongo.buckets import bucket_on
from tests.mongo.scripted import run, scripted

from whirlwind import gen
from whirlwind.ioloop import IOLoop
from whirlwind.mongo import MotorClient, MotorGridFSBucket, MotorGridIn, MotorGridOut

DATA = bytes(range(256)) * 4  # more than one chunk of 1000


def test_what_was_stored_comes_back_whole(any_uri: str, database_name: str) -> None:
    async def scene() -> None:
        async with bucket_on(any_uri, database_name, chunk_size_bytes=1000) as bucket:
            number = await bucket.upload_from_stream("a", DATA, metadata={"kind": "test"})
            file = await bucket.open_download_stream(number)
            assert isinstance(file, MotorGridOut)
            assert (file._id, file.filename, file.length) == (number, "a", len(DATA))
            assert (file.chunk_size, file.metadata) == (1000, {"kind": "test"})
            assert [len(chunk) async for chunk in file] == [1000, 24]
            taken = io.BytesIO()
            await bucket.download_to_stream(number, taken)
            assert taken.getvalue() == DATA

    run(scene)


def test_the_yield_form_of_the_same(any_uri: str, database_name: str) -> None:
    @gen.coroutine
    def scene() -> Any:
        client = MotorClient(any_uri)
        database = client[database_name]
        yield database.fs.chunks.create_index([("files_id", 1), ("n", 1)])
        bucket = MotorGridFSBucket(database, collection="fs")
        file = bucket.open_upload_stream("a")
        yield file.write(b"one ")
        yield file.write(b"two")
        yield file.close()
        found = []
        cursor = bucket.find({"filename": "a"})
        while (yield cursor.fetch_next):
            stored = cursor.next_object()
            assert stored is not None
            found.append((stored.filename, (yield stored.read())))
        yield client.drop_database(database_name)
        yield client.close()
        return found

    loop = IOLoop(make_current=True)
    try:
        assert loop.run_sync(scene) == [("a", b"one two")]
    finally:
        loop.close(all_fds=True)
        asyncio.set_event_loop(None)


def test_names_have_revisions(any_uri: str, database_name: str) -> None:
    async def scene() -> None:
        async with bucket_on(any_uri, database_name) as bucket:
            for year, text in enumerate((b"first", b"second", b"third"), 2001):
                number = await bucket.upload_from_stream("a", text)
                # It is the date that puts them in order, and two may have the same millisecond.
                dated = {"$set": {"uploadDate": datetime(year, 1, 1, tzinfo=UTC)}}
                await bucket.collection.files.update_one({"_id": number}, dated)
            found = []
            for revision in (0, 1, -1, -2):
                file = await bucket.open_download_stream_by_name("a", revision)
                found.append(await file.read())
            assert found == [b"first", b"second", b"third", b"second"]
            taken = io.BytesIO()
            await bucket.download_to_stream_by_name("a", taken, revision=0)
            assert taken.getvalue() == b"first"

    run(scene)


def test_a_file_is_renamed_and_deleted(any_uri: str, database_name: str) -> None:
    async def scene() -> None:
        async with bucket_on(any_uri, database_name) as bucket:
            number = await bucket.upload_from_stream("a", DATA)
            await bucket.rename(number, "b")
            assert [file.filename async for file in bucket.find()] == ["b"]
            await bucket.delete(number)
            assert await bucket.find().to_list() == []
            assert await bucket.collection.chunks.count_documents({}) == 0
            for gone in (
                bucket.open_download_stream(number),
                bucket.open_download_stream_by_name("b"),
                bucket.download_to_stream(number, io.BytesIO()),
                bucket.rename(number, "c"),
                bucket.delete(number),
            ):
                with pytest.raises(NoFile):
                    await gone

    run(scene)


def test_an_id_of_the_programs_choice_is_taken_once(any_uri: str, database_name: str) -> None:
    async def scene() -> None:
        async with bucket_on(any_uri, database_name) as bucket:
            await bucket.upload_from_stream_with_id("me", "a", b"one", metadata={"n": 1})
            with pytest.raises(FileExists):
                # An empty one: whose chunks would collide depends on the server's indexes.
                await bucket.upload_from_stream_with_id("me", "b", b"")
            file = await bucket.open_download_stream("me")
            assert (file.filename, await file.read()) == ("a", b"one")
            later = bucket.open_upload_stream_with_id("you", "c", chunk_size_bytes=7)
            await later.write(b"text")
            await later.close()
            assert (later._id, later.chunk_size, later.length) == ("you", 7, 4)

    run(scene)


def test_find_is_a_cursor_over_files(any_uri: str, database_name: str) -> None:
    async def scene() -> None:
        async with bucket_on(any_uri, database_name) as bucket:
            for name in "abc":
                await bucket.upload_from_stream(name, name.encode() * 3)
            cursor = bucket.find({"filename": {"$ne": "b"}}).sort("filename", -1)
            names = [file.filename for file in await cursor.to_list(length=10)]
            assert names == ["c", "a"]
            again = cursor.clone()
            files = await again.to_list()
            assert [await file.read() for file in files] == [b"ccc", b"aaa"]
            assert [file.filename async for file in cursor.rewind().limit(1)] == ["c"]
            with pytest.raises(NotImplementedError):
                bucket.find().add_option(2)
            with pytest.raises(NotImplementedError):
                bucket.find().remove_option(2)

    run(scene)


def test_a_file_of_the_system_is_read_and_written(
    any_uri: str, database_name: str, tmp_path: Path
) -> None:
    async def scene() -> None:
        async with bucket_on(any_uri, database_name, chunk_size_bytes=700) as bucket:
            (tmp_path / "source").write_bytes(DATA * 3)
            with (tmp_path / "source").open("rb") as source:
                number = await bucket.upload_from_stream("a", source)
            with (tmp_path / "taken").open("wb") as taken:
                await bucket.download_to_stream(number, taken)
            assert (tmp_path / "taken").read_bytes() == DATA * 3

    run(scene)


def test_a_file_is_copied_from_one_bucket_to_another(any_uri: str, database_name: str) -> None:
    async def scene() -> None:
        async with bucket_on(any_uri, database_name, chunk_size_bytes=300) as bucket:
            first = await bucket.upload_from_stream("a", DATA)
            source = await bucket.open_download_stream(first)
            source.seek(10)
            second = await bucket.upload_from_stream("b", source, chunk_size_bytes=400)
            copy = await bucket.open_download_stream(second)
            assert await copy.read() == DATA[10:]
            third = bucket.open_upload_stream("c")
            await bucket.download_to_stream(second, third)
            await third.close()
            assert third.length == len(DATA) - 10

    run(scene)


def test_wrap_gives_our_object_for_each_of_pymongos(any_uri: str, database_name: str) -> None:
    async def scene() -> None:
        async with bucket_on(any_uri, database_name) as bucket:
            written = bucket.wrap(bucket.delegate.open_upload_stream("a"))
            assert isinstance(written, MotorGridIn)
            await written.write(b"text")
            await written.close()
            read = bucket.wrap(await bucket.delegate.open_download_stream(written._id))
            assert isinstance(read, MotorGridOut)
            assert await read.read() == b"text"
            found = await bucket.wrap(bucket.delegate.find()).to_list()
            assert [type(file) for file in found] == [MotorGridOut]
            assert bucket.wrap(bucket.collection.delegate) == bucket.collection
            assert bucket.wrap(5) == 5

    run(scene)


def test_what_cannot_be_a_bucket_is_refused_where_it_is_made() -> None:
    async def scene() -> None:
        async with scripted() as (server, things):
            database = things.database
            with pytest.raises(TypeError, match="MotorDatabase"):
                MotorGridFSBucket(things)
            with pytest.raises(ConfigurationError):
                MotorGridFSBucket(database, write_concern=WriteConcern(w=0))
            with pytest.warns(DeprecationWarning, match="disable_md5"):
                bucket = MotorGridFSBucket(database, "pictures", disable_md5=True)
            assert bucket.collection == database.pictures
            assert bucket.wrap(database.delegate) == database
            assert "pictures" in repr(bucket)
            assert server.names == []

    run(scene)


def test_files_cannot_be_part_of_a_transaction() -> None:
    async def scene() -> None:
        async with (
            scripted() as (server, things),
            await things.client.start_session() as session,
        ):
            bucket = MotorGridFSBucket(things.database)
            async with session.start_transaction():
                with pytest.raises(InvalidOperation, match="transaction"):
                    await bucket.open_download_stream(1, session=session)
            assert server.names == []

    run(scene)
