"""``GridFSHandler`` over real sockets, with files on real servers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.mongo.buckets import bucket_on
from tests.mongo.scripted import run, scripted
from tests.support.mongo_wire import cursor_answer

from whirlwind import gen
from whirlwind.httpclient import AsyncHTTPClient, HTTPResponse
from whirlwind.mongo import MotorGridFSBucket, MotorGridOut
from whirlwind.mongo.grid_answer import version_of
from whirlwind.mongo.web import GridFSHandler
from whirlwind.web import Application, RequestHandler

DATA = bytes(range(256)) * 4


class Site:
    """A server of one bucket's files."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def get(self, path: str = "/files/a.txt", **options: Any) -> HTTPResponse:
        options.setdefault("raise_error", False)
        headers = {
            name.replace("_", "-"): options.pop(name) for name in list(options) if name[0].isupper()
        }
        response: HTTPResponse = await AsyncHTTPClient().fetch(
            f"http://127.0.0.1:{self.port}{path}", headers=headers, **options
        )
        return response


@asynccontextmanager
async def site(
    database: Any, handler: type[GridFSHandler] = GridFSHandler, **options: Any
) -> AsyncIterator[Site]:
    rule = (r"/files/(.*)", handler, {"database": database, **options})
    async with serving(Application([rule], log_function=lambda handler: None)) as served:
        yield served


@asynccontextmanager
async def serving(application: Application) -> AsyncIterator[Site]:
    server = application.listen(0, "127.0.0.1")
    [socket] = server._sockets.values()
    try:
        yield Site(socket.getsockname()[1])
    finally:
        server.stop()
        await server.close_all_connections()
        AsyncHTTPClient().close()


@asynccontextmanager
async def stored_site(
    uri: str, name: str, handler: type[GridFSHandler] = GridFSHandler
) -> AsyncIterator[tuple[Site, MotorGridFSBucket]]:
    """A site with ``a.txt``, in chunks of 100 bytes."""
    async with bucket_on(uri, name) as bucket:
        await bucket.upload_from_stream("a.txt", DATA, chunk_size_bytes=100)
        async with site(bucket._database, handler) as served:
            yield served, bucket


def test_a_file_is_answered_with_what_is_known_of_it(any_uri: str, database_name: str) -> None:
    async def scene() -> None:
        async with stored_site(any_uri, database_name) as (served, bucket):
            response = await served.get()
            assert (response.code, response.body) == (200, DATA)
            [file] = await bucket.find().to_list()
            assert response.headers["Etag"] == version_of(file)
            assert response.headers["Content-Type"] == "text/plain"
            assert response.headers["Content-Length"] == str(len(DATA))
            assert response.headers["Accept-Ranges"] == "bytes"
            assert response.headers["Cache-Control"] == "public"
            assert "Expires" not in response.headers
            assert response.headers["Last-Modified"].endswith("GMT")
            head = await served.get(method="HEAD")
            assert (head.code, head.body) == (200, b"")
            for name in ("Etag", "Content-Length", "Content-Type", "Last-Modified"):
                assert head.headers[name] == response.headers[name]
            missing = await served.get("/files/nobody")
            assert missing.code == 404

    run(scene)


def test_the_newest_file_of_a_name_answers(any_uri: str, database_name: str) -> None:
    async def scene() -> None:
        async with stored_site(any_uri, database_name) as (served, bucket):
            first = await served.get()
            number = await bucket.upload_from_stream("a.txt", b"newer")
            # Two may have the date of one millisecond.
            dated = {"$set": {"uploadDate": datetime(2999, 1, 1, tzinfo=UTC)}}
            await bucket.collection.files.update_one({"_id": number}, dated)
            second = await served.get(If_None_Match=first.headers["Etag"])
            assert (second.code, second.body) == (200, b"newer")

    run(scene)


def test_what_the_client_has_is_not_sent_again(any_uri: str, database_name: str) -> None:
    """RFC 9110, 13.2.2: If-None-Match first, If-Modified-Since without it only."""

    async def scene() -> None:
        async with stored_site(any_uri, database_name) as (served, _):
            first = await served.get()
            etag, date = first.headers["Etag"], first.headers["Last-Modified"]
            old = "Mon, 01 Jan 2001 00:00:00 GMT"
            for fields, code in [
                ({"If_None_Match": etag}, 304),
                ({"If_None_Match": f'"other", {etag}'}, 304),
                ({"If_None_Match": "*"}, 304),
                ({"If_None_Match": '"other"'}, 200),
                ({"If_None_Match": '"other"', "If_Modified_Since": date}, 200),
                ({"If_Modified_Since": date}, 304),
                ({"If_Modified_Since": old}, 200),
                ({"If_None_Match": etag, "If_Modified_Since": old}, 304),
                ({"If_None_Match": etag, "Range": "bytes=0-1"}, 304),
            ]:
                response = await served.get(**fields)
                assert (response.code, response.body) == (code, DATA if code == 200 else b"")
                assert response.headers["Etag"] == etag

    run(scene)


@pytest.mark.parametrize(
    ("value", "start", "stop"),
    [
        ("bytes=0-9", 0, 10),
        ("bytes=95-104", 95, 105),
        ("bytes=1000-", 1000, 1024),
        ("bytes=-10", 1014, 1024),
        ("bytes=1000-5000", 1000, 1024),
    ],
)
def test_a_range_is_answered_with_its_bytes(
    mongo_uri: str, database_name: str, value: str, start: int, stop: int
) -> None:
    async def scene() -> None:
        async with stored_site(mongo_uri, database_name) as (served, _):
            response = await served.get(Range=value)
            assert (response.code, response.body) == (206, DATA[start:stop])
            assert response.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(DATA)}"
            head = await served.get(method="HEAD", Range=value)
            assert (head.code, head.headers["Content-Length"]) == (206, str(stop - start))

    run(scene)


def test_ranges_that_are_none(mongo_uri: str, database_name: str) -> None:
    async def scene() -> None:
        async with stored_site(mongo_uri, database_name) as (served, _):
            beyond = await served.get(Range="bytes=1024-")
            assert (beyond.code, beyond.body) == (416, b"")
            assert beyond.headers["Content-Range"] == "bytes */1024"
            for ignored in ("bytes=0-1,5-6", "lines=1-2", "bytes=a-b"):
                assert (await served.get(Range=ignored)).code == 200
            etag = (await served.get()).headers["Etag"]
            for if_range, code in [(etag, 206), ('"other"', 200), (f"W/{etag}", 200)]:
                response = await served.get(Range="bytes=0-1", If_Range=if_range)
                assert response.code == code

    run(scene)


def test_what_subclasses_say_is_part_of_the_answer(any_uri: str, database_name: str) -> None:
    class Files(GridFSHandler):
        async def get_gridfs_file(
            self, bucket: MotorGridFSBucket, filename: str, request: Any
        ) -> MotorGridOut:
            assert request is self.request
            return MotorGridOut(bucket.collection, int(filename))

        def get_cache_time(self, path: str, modified: Any, mime_type: str | None) -> int:
            assert modified.tzinfo is UTC
            return 60 if mime_type == "image/x-test" else 0

        def set_extra_headers(self, path: str, gridout: MotorGridOut) -> None:
            self.set_header("X-Name", f"{path} {gridout.filename}")

    async def scene() -> None:
        async with stored_site(any_uri, database_name, Files) as (served, bucket):
            await bucket.upload_from_stream_with_id(
                7, "picture", b"pixels", metadata={"contentType": "image/x-test"}
            )
            response = await served.get("/files/7")
            assert (response.code, response.body) == (200, b"pixels")
            assert response.headers["Content-Type"] == "image/x-test"
            assert response.headers["Cache-Control"] == "max-age=60"
            assert "Expires" in response.headers
            assert response.headers["X-Name"] == "7 picture"
            assert (await served.get("/files/8")).code == 404

    run(scene)


SIZE = 2**20
COUNT = 64
DOCUMENT = {
    "_id": 1,
    "filename": "large",
    "length": SIZE * COUNT,
    "chunkSize": SIZE,
    "uploadDate": datetime(2020, 1, 1, tzinfo=UTC),
}


def test_a_client_that_does_not_read_stops_the_fetching_of_chunks() -> None:
    """Back-pressure: the server holds a few chunks of a large file, not all of them."""

    def answer(name: str, command: dict[str, Any]) -> Any:
        if command.get("find") == "fs.files":
            return cursor_answer([DOCUMENT], first=True)
        if name in ("find", "getMore"):
            number = fetched[0]
            fetched[0] += 1
            chunk = {"_id": number, "files_id": 1, "n": number, "data": b"x" * SIZE}
            left = 7 if fetched[0] < COUNT else 0
            return cursor_answer([chunk], left, first=name == "find")
        return {"ok": 1}

    fetched = [0]

    async def scene() -> None:
        async with (
            scripted(answer) as (_, things),
            site(things.database) as served,
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
            writer.write(b"GET /files/large HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
            await reader.readuntil(b"\r\n\r\n")
            # Read on only when the server stands still: every turn of the loop without a fetch
            # says that it waits for us.
            quiet, seen = 0, fetched[0]
            while quiet < 500:
                await asyncio.sleep(0)
                quiet = quiet + 1 if fetched[0] == seen else 0
                seen = fetched[0]
            assert seen < COUNT // 2
            assert len(await reader.read()) == SIZE * COUNT
            assert fetched[0] == COUNT
            writer.close()
            await writer.wait_closed()

    run(scene)


def test_a_client_that_goes_away_ends_the_answer_quietly() -> None:
    killed = asyncio.Event()

    def answer(name: str, command: dict[str, Any]) -> Any:
        if command.get("find") == "fs.files":
            return cursor_answer([DOCUMENT], first=True)
        if name in ("find", "getMore"):
            chunk = {"_id": fetched[0], "files_id": 1, "n": fetched[0], "data": b"x" * SIZE}
            fetched[0] += 1
            return cursor_answer([chunk], 7, first=name == "find")
        if name == "killCursors":
            killed.set()
        return {"ok": 1}

    fetched = [0]

    async def scene() -> None:
        async with (
            scripted(answer) as (_, things),
            site(things.database) as served,
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
            writer.write(b"GET /files/large HTTP/1.1\r\nHost: test\r\n\r\n")
            await reader.readuntil(b"\r\n\r\n")
            writer.transport.abort()
            await killed.wait()
            assert fetched[0] < COUNT

    run(scene)


def test_a_handler_of_the_programs_own_streams_a_file(any_uri: str, database_name: str) -> None:
    class Own(RequestHandler):
        @gen.coroutine
        def get(self) -> Any:
            bucket = MotorGridFSBucket(self.settings["database"])
            file = yield bucket.open_download_stream_by_name("a.txt")
            self.set_header("Content-Length", file.length - 5)
            file.seek(5)
            yield file.stream_to_handler(self)

    async def scene() -> None:
        async with bucket_on(any_uri, database_name) as bucket:
            await bucket.upload_from_stream("a.txt", DATA, chunk_size_bytes=100)
            application = Application(
                [("/", Own)], database=bucket._database, log_function=lambda handler: None
            )
            async with serving(application) as served:
                response = await served.get("/")
                assert (response.code, response.body) == (200, DATA[5:])

    run(scene)
