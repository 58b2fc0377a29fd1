"""``AIOHTTPGridFS`` in real applications of aiohttp, with files on real servers."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aiohttp
import aiohttp.web
import pytest
from tests.conftest import LogWatch
from tests.mongo.buckets import bucket_on
from tests.mongo.scripted import run, scripted
from tests.support.mongo_wire import cursor_answer

from whirlwind.mongo import MotorGridFSBucket, MotorGridOut
from whirlwind.mongo.aiohttp import AIOHTTPGridFS
from whirlwind.mongo.grid_answer import version_of

DATA = bytes(range(256)) * 4


async def empty_answer(request: aiohttp.web.Request) -> aiohttp.web.Response:
    return aiohttp.web.Response()


class Site:
    """A server with one route, and a client of it."""

    def __init__(self, port: int, session: aiohttp.ClientSession) -> None:
        self.port = port
        self._session = session

    async def get(
        self, path: str = "/files/a.txt", method: str = "GET", **fields: str
    ) -> tuple[int, bytes, Any]:
        """Return the status, the body and the header fields."""
        headers = {name.replace("_", "-"): value for name, value in fields.items()}
        url = f"http://127.0.0.1:{self.port}{path}"
        async with self._session.request(method, url, headers=headers) as response:
            return response.status, await response.read(), response.headers


@asynccontextmanager
async def site(files: AIOHTTPGridFS, pattern: str = "/files/{filename}") -> AsyncIterator[Site]:
    application = aiohttp.web.Application()
    application.router.add_route("*", pattern, files)
    application.router.add_get("/beside", empty_answer)
    runner = aiohttp.web.AppRunner(application, access_log=None, shutdown_timeout=1)
    await runner.setup()
    listener = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
    await listener.start()
    try:
        async with aiohttp.ClientSession() as session:
            yield Site(runner.addresses[0][1], session)
    finally:
        await runner.cleanup()


@asynccontextmanager
async def stored_site(
    uri: str, name: str, **functions: Any
) -> AsyncIterator[tuple[Site, MotorGridFSBucket]]:
    """A site with ``a.txt``, in chunks of 100 bytes."""
    async with bucket_on(uri, name) as bucket:
        await bucket.upload_from_stream("a.txt", DATA, chunk_size_bytes=100)
        async with site(AIOHTTPGridFS(bucket._database, **functions)) as served:
            yield served, bucket


def test_a_file_is_answered_with_what_is_known_of_it(any_uri: str, database_name: str) -> None:
    async def scene() -> None:
        async with stored_site(any_uri, database_name) as (served, bucket):
            status, body, headers = await served.get()
            assert (status, body) == (200, DATA)
            [file] = await bucket.find().to_list()
            assert headers["ETag"] == version_of(file)
            assert headers["Content-Type"] == "text/plain"
            assert headers["Content-Length"] == str(len(DATA))
            assert headers["Accept-Ranges"] == "bytes"
            assert headers["Cache-Control"] == "public"
            assert headers["Last-Modified"].endswith("GMT")
            assert "Expires" not in headers
            status, body, of_head = await served.get(method="HEAD")
            assert (status, body) == (200, b"")
            for name in ("ETag", "Content-Length", "Content-Type", "Last-Modified"):
                assert of_head[name] == headers[name]

    run(scene)


def test_what_is_not_there_or_not_asked_for_rightly_is_an_error(
    any_uri: str, database_name: str
) -> None:
    async def scene() -> None:
        async with stored_site(any_uri, database_name) as (served, bucket):
            assert (await served.get("/files/nobody"))[0] == 404
            status, _, headers = await served.get(method="POST")
            assert status == 405
            assert {name.strip() for name in headers["Allow"].split(",")} == {"GET", "HEAD"}
            async with site(AIOHTTPGridFS(bucket._database), "/files/{wrong}") as other:
                status, body, _ = await other.get()
                assert status == 500
                assert b'"/files/{wrong}"' in body
        with pytest.raises(TypeError, match="MotorDatabase"):
            AIOHTTPGridFS("test")  # type: ignore[arg-type]

    run(scene)


def test_conditions_and_ranges_are_those_of_our_handler(any_uri: str, database_name: str) -> None:
    """RFC 9110, 13.2.2; the whole table is in test_grid_answer."""

    async def scene() -> None:
        async with stored_site(any_uri, database_name) as (served, _):
            _, _, headers = await served.get()
            etag, date = headers["ETag"], headers["Last-Modified"]
            for fields in ({"If_None_Match": f'"a", {etag}'}, {"If_Modified_Since": date}):
                status, body, unchanged = await served.get(**fields)
                assert (status, body) == (304, b"")
                assert unchanged["ETag"] == etag
                assert unchanged["Cache-Control"] == "public"
            status, body, _ = await served.get(If_None_Match='"a"', If_Modified_Since=date)
            assert (status, body) == (200, DATA)
            status, body, part = await served.get(Range="bytes=95-104", If_Range=etag)
            assert (status, body) == (206, DATA[95:105])
            assert part["Content-Range"] == f"bytes 95-104/{len(DATA)}"
            status, body, part = await served.get(method="HEAD", Range="bytes=-10")
            assert (status, body, part["Content-Length"]) == (206, b"", "10")
            status, body, part = await served.get(Range="bytes=1024-")
            assert (status, body) == (416, b"")
            assert part["Content-Range"] == "bytes */1024"
            assert part["Content-Length"] == "0"

    run(scene)


def test_functions_of_the_program_choose_the_file_and_its_headers(
    any_uri: str, database_name: str
) -> None:
    async def get_file(bucket: MotorGridFSBucket, filename: str, request: Any) -> MotorGridOut:
        assert request.path == f"/files/{filename}"
        return MotorGridOut(bucket.collection, int(filename))

    def cache_time(filename: str, modified: datetime, mime_type: str | None) -> int:
        assert modified.tzinfo is UTC
        return 60 if mime_type == "image/x-test" else 0

    def extra(response: aiohttp.web.StreamResponse, file: MotorGridOut) -> None:
        response.headers["X-Name"] = str(file.filename)

    async def scene() -> None:
        functions = {
            "get_gridfs_file": get_file,
            "get_cache_time": cache_time,
            "set_extra_headers": extra,
        }
        async with stored_site(any_uri, database_name, **functions) as (served, bucket):
            await bucket.upload_from_stream_with_id(
                7, "picture", b"pixels", metadata={"contentType": "image/x-test"}
            )
            status, body, headers = await served.get("/files/7")
            assert (status, body) == (200, b"pixels")
            assert headers["Content-Type"] == "image/x-test"
            assert headers["Cache-Control"] == "max-age=60"
            assert "Expires" in headers
            assert headers["X-Name"] == "picture"
            assert (await served.get("/files/8"))[0] == 404

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


class Chunks:
    """A server of one large file, which counts the chunks that were fetched."""

    def __init__(self, available: int = COUNT) -> None:
        self.fetched = 0
        self.available = available
        self.killed = asyncio.Event()

    def answer(self, name: str, command: dict[str, Any]) -> Any:
        if command.get("find") == "fs.files":
            return cursor_answer([DOCUMENT], first=True)
        if name in ("find", "getMore"):
            number = self.fetched
            if number == self.available:
                return cursor_answer([], first=name == "find")
            self.fetched += 1
            chunk = {"_id": number, "files_id": 1, "n": number, "data": b"x" * SIZE}
            left = 7 if self.fetched < COUNT else 0
            return cursor_answer([chunk], left, first=name == "find")
        if name == "killCursors":
            self.killed.set()
        return {"ok": 1}


def test_a_client_that_does_not_read_stops_the_fetching_of_chunks() -> None:
    """Back-pressure: the server holds a few chunks of a large file, not all of them."""
    chunks = Chunks()

    async def scene() -> None:
        async with (
            scripted(chunks.answer) as (_, things),
            site(AIOHTTPGridFS(things.database)) as served,
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
            writer.write(b"GET /files/large HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
            await reader.readuntil(b"\r\n\r\n")
            # Read on only when the server stands still: every turn of the loop without a
            # fetch says that it waits for us.
            quiet, seen = 0, chunks.fetched
            while quiet < 500:
                await asyncio.sleep(0)
                quiet = quiet + 1 if chunks.fetched == seen else 0
                seen = chunks.fetched
            assert seen < COUNT // 2
            assert len(await reader.read()) == SIZE * COUNT
            assert chunks.fetched == COUNT
            writer.close()
            await writer.wait_closed()

    run(scene)


def test_a_client_that_goes_away_ends_the_answer_quietly() -> None:
    chunks = Chunks()

    async def scene() -> None:
        async with (
            scripted(chunks.answer) as (_, things),
            site(AIOHTTPGridFS(things.database)) as served,
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
            writer.write(b"GET /files/large HTTP/1.1\r\nHost: test\r\n\r\n")
            await reader.readuntil(b"\r\n\r\n")
            writer.transport.abort()
            await chunks.killed.wait()
            assert chunks.fetched < COUNT

    run(scene)


def test_a_file_with_a_chunk_missing_ends_the_connection(logs: LogWatch) -> None:
    """A body that is shorter than announced must not be taken for the whole one."""
    chunks = Chunks(available=2)

    async def scene() -> None:
        async with (
            scripted(chunks.answer) as (_, things),
            site(AIOHTTPGridFS(things.database)) as served,
        ):
            with pytest.raises(aiohttp.ClientPayloadError):
                await served.get("/files/large")
            assert (await served.get("/beside"))[0] == 200

    with logs.expect("aiohttp.server", "Error handling request|Unhandled exception"):
        run(scene)


PROGRAM = """
import sys
{imports}
from whirlwind.mongo.aiohttp import AIOHTTPGridFS
import aiohttp, whirlwind.mongo
assert whirlwind.mongo.aiohttp.AIOHTTPGridFS is AIOHTTPGridFS
assert aiohttp is not whirlwind.mongo.aiohttp and aiohttp.ClientSession
assert AIOHTTPGridFS.__module__ == "whirlwind.mongo.aiohttp"
{end}
"""


@pytest.mark.parametrize(
    ("imports", "end"),
    [
        ("", ""),
        ("import whirlwind.mongo.aiohttp", ""),
        ("import aiohttp", ""),
        (
            "from whirlwind import legacy; legacy.install()",
            "import motor.aiohttp as found; assert found is whirlwind.mongo.aiohttp",
        ),
    ],
    ids=["first", "whole", "after aiohttp", "as motor.aiohttp"],
)
def test_the_module_and_the_library_of_its_name_are_two(imports: str, end: str) -> None:
    program = PROGRAM.format(imports=imports, end=end)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_without_the_library_the_package_is_whole() -> None:
    program = (
        "import sys\nsys.modules['aiohttp'] = None\nimport whirlwind.mongo, whirlwind.mongo.web\n"
        "try:\n    import whirlwind.mongo.aiohttp\n"
        "except ImportError as error:\n    assert 'aiohttp' in str(error)\n"
        "else:\n    raise AssertionError\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
