"""Motor 1's names for GridFS."""

from __future__ import annotations

from typing import Any

import pytest
from gridfs import NoFile
from tests.mongo.buckets import bucket_on
from tests.mongo.scripted import run, scripted

from whirlwind.mongo import MotorGridFS, MotorGridIn, MotorGridOut


def test_files_are_put_and_got(any_uri: str, database_name: str) -> None:
    async def scene() -> None:
        async with bucket_on(any_uri, database_name) as bucket:
            with pytest.warns(DeprecationWarning, match="MotorGridFSBucket"):
                files = MotorGridFS(bucket._database)
            first = await files.put(b"first", filename="a", colour="red")
            file = await files.new_file(filename="b")
            assert isinstance(file, MotorGridIn)
            await file.write(b"second")
            await file.close()
            found = await files.get(first)
            assert isinstance(found, MotorGridOut)
            assert (await found.read(), found.colour) == (b"first", "red")
            assert sorted(await files.list()) == ["a", "b"]
            assert await files.exists(first)
            assert not await files.exists(filename="c")
            assert (await (await files.get_last_version("b")).read()) == b"second"
            assert (await files.get_version("a", 0))._id == first
            one = await files.find_one({"filename": "a"})
            assert one is not None
            assert one._id == first
            assert await files.find_one({"filename": "c"}) is None
            assert [found.filename async for found in files.find().sort("filename")] == ["a", "b"]
            await files.delete(first)
            with pytest.raises(NoFile):
                await files.get(first)

    run(scene)


@pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")
def test_callbacks_get_files_and_errors(mongo_uri: str, database_name: str) -> None:
    async def scene() -> None:
        async with bucket_on(mongo_uri, database_name) as bucket:
            files = MotorGridFS(bucket._database, "fs")
            number = await files.put(b"text")
            loop = files._binding.enter()
            got: Any = loop.create_future()
            assert files.get(number, callback=lambda file, error: got.set_result(file)) is None
            assert await (await got).read() == b"text"
            missed: Any = loop.create_future()
            assert files.get(5, callback=lambda file, error: missed.set_result(error)) is None
            assert isinstance(await missed, NoFile)

    run(scene)


def test_what_is_no_database_is_refused() -> None:
    async def scene() -> None:
        async with scripted() as (_, things):
            with pytest.raises(TypeError, match="MotorDatabase"):
                MotorGridFS(things)

    run(scene)
