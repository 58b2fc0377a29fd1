"""Forms read as they come in, over real sockets: in both styles, in bounded memory."""

from __future__ import annotations

import asyncio
import gc
import gzip
import hashlib
import io
import os
import tracemalloc
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.conftest import LogWatch
from tests.support.raw_http import RawClient, Serving, run, serving

from whirlwind import gen, web
from whirlwind._proto.http.forms import _DEFAULT_PARSE_BODY_CONFIG, ParseMultipartConfig
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._web.multipart import boundary_of
from whirlwind.iostream import StreamClosedError

FORM = (
    b'--b\r\nContent-Disposition: form-data; name="title"\r\n\r\nna\xc3\xafve\r\n'
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n'
    b"Content-Type: application/x-a\r\n\r\n0123456789\r\n--b--\r\n"
)


def post(body: bytes, *lines: str, kind: str = "multipart/form-data; boundary=b") -> bytes:
    fields = [f"Content-Type: {kind}", f"Content-Length: {len(body)}", "Host: h", *lines]
    return "\r\n".join(["POST / HTTP/1.1", *fields, "", ""]).encode() + body


def serving_one(handler: type[web.RequestHandler], **options: Any) -> Any:
    settings = {"log_function": lambda handler: None, **options.pop("settings", {})}
    return serving(web.Application([("/.*", handler)], **settings), **options)


async def quiet(condition: Callable[[], bool]) -> None:
    """Let the loop turn until something holds."""
    while not condition():
        await asyncio.sleep(0)


def native(self: web.RequestHandler) -> Any:
    async def read() -> None:
        async for part in self.multipart():
            data = b"".join([piece async for piece in part])
            self.write(f"{part.name} {part.filename} {part.content_type} ".encode() + data + b";")

    return read()


@gen.coroutine
def generator(self: web.RequestHandler) -> Any:
    parts = self.multipart()
    while (part := (yield parts.next_part())) is not None:
        self.write(f"{part.name} {part.filename} {part.content_type} ")
        while piece := (yield part.read(3)):
            assert len(piece) <= 3
            self.write(piece)
        assert (yield part.read()) == b""
        self.write(";")
    assert (yield parts.next_part()) is None


EXPECTED = "title None text/plain naïve;file a.bin application/x-a 0123456789;".encode()


@pytest.mark.parametrize("read", [native, generator])
@pytest.mark.parametrize("where", ["prepare", "post"])
@pytest.mark.parametrize("direct", [True, False])
def test_parts_are_read_in_both_styles_and_the_connection_is_kept(
    read: Any, where: str, direct: bool
) -> None:
    @web.stream_request_body
    class Handler(web.RequestHandler):
        def post(self) -> None:
            assert self.request.body == b""

    class Application(web.Application):
        if not direct:

            def find_handler(self, request: Any, **kwargs: Any) -> Any:
                return super().find_handler(request, **kwargs)

    setattr(Handler, where, read)

    async def main() -> None:
        application = Application([("/", Handler)], log_function=lambda handler: None)
        async with serving(application) as running:
            client = await running.connect()
            for _ in range(2):
                await client.send(post(FORM))
                assert await client.answer() == (200, EXPECTED)
            for byte in post(FORM):
                await client.send(bytes([byte]))
            assert await client.answer() == (200, EXPECTED)

    run(main)


def test_the_method_runs_before_the_body_is_there() -> None:
    seen: asyncio.Queue[Any] = asyncio.Queue()

    @web.stream_request_body
    class Handler(web.RequestHandler):
        async def post(self) -> None:
            seen.put_nowait("head")
            async for part in self.multipart():
                seen.put_nowait(part.name)
                async for piece in part:
                    seen.put_nowait(piece)

    async def main() -> None:
        async with serving_one(Handler) as running:
            client = await running.connect()
            wire = post(FORM)
            await client.send(wire[: -len(FORM)])
            assert await seen.get() == "head"
            await client.send(FORM[: FORM.index(b"na\xc3")])
            assert await seen.get() == "title"
            await client.send(b"na\xc3")
            assert await seen.get() == b"na\xc3"
            await client.send(FORM[FORM.index(b"na\xc3") + 3 :])
            assert (await client.answer())[0] == 200

    run(main)


def test_a_handler_that_defines_data_received_may_read_in_prepare() -> None:
    @web.stream_request_body
    class Handler(web.RequestHandler):
        def prepare(self) -> Any:
            return native(self)

        def data_received(self, chunk: bytes) -> None:
            raise AssertionError("somebody else reads")

        def post(self) -> None:
            with pytest.raises(RuntimeError, match="being read already"):
                self.multipart()
            self.write("post")

    async def main() -> None:
        async with serving_one(Handler) as running:
            client = await running.connect()
            await client.send(post(FORM))
            assert await client.answer() == (200, EXPECTED + b"post")

    run(main)


def test_a_body_goes_one_way_only() -> None:
    @web.stream_request_body
    class Pushed(web.RequestHandler):
        def data_received(self, chunk: bytes) -> None:
            with pytest.raises(RuntimeError, match="given to data_received"):
                self.body_stream()
            self.write(chunk)

        def post(self) -> None:
            with pytest.raises(RuntimeError, match="given to data_received"):
                self.body_stream()

    class Whole(web.RequestHandler):
        def post(self) -> None:
            with pytest.raises(RuntimeError, match="stream_request_body"):
                self.multipart()
            self.write(self.request.body)

    async def main() -> None:
        for handler in (Pushed, Whole):
            async with serving_one(handler) as running:
                client = await running.connect()
                await client.send(post(FORM))
                assert await client.answer() == (200, FORM)

    run(main)


def test_what_is_not_read_of_a_part_is_skipped() -> None:
    @web.stream_request_body
    class Handler(web.RequestHandler):
        async def post(self) -> None:
            kept = []
            async for part in self.multipart():
                kept.append(part)
                self.write(part.name + (await part.read(1)).decode())
            with pytest.raises(RuntimeError, match="is over"):
                await kept[0].read()

    async def main() -> None:
        async with serving_one(Handler) as running:
            client = await running.connect()
            large = FORM.replace(b"0123456789", b"x" * 500_000)
            await client.send(post(large))
            assert await client.answer() == (200, b"titlenfilex")

    run(main)


def test_a_form_that_is_not_read_to_its_end_leaves_no_cycle() -> None:
    readers: list[weakref.ref[Any]] = []

    @web.stream_request_body
    class Handler(web.RequestHandler):
        async def post(self) -> None:
            parts = self.multipart()
            readers.append(weakref.ref(parts))
            await parts.next_part()
            part = await parts.next_part()
            assert part is not None
            self.write(await part.read(1))

    async def main() -> None:
        async with serving_one(Handler) as running:
            client = await running.connect()
            gc.disable()
            try:
                await client.send(post(FORM))
                assert await client.answer() == (200, b"0")
                for _ in range(10):
                    await asyncio.sleep(0)
                assert readers[0]() is None
            finally:
                gc.enable()

    run(main)


def test_fields_are_read_whole_within_a_limit(logs: LogWatch) -> None:
    @web.stream_request_body
    class Handler(web.RequestHandler):
        async def post(self) -> None:
            parts = self.multipart()
            most = int(self.get_query_argument("most"))
            title = await parts.next_part()
            assert title is not None
            assert repr(title) == "<Part 'title' filename=None>"
            self.write(await title.text(max_bytes=most))
            file = await parts.next_part()
            assert file is not None
            self.write(await file.read_all())
            assert await parts.next_part() is None

    async def main() -> None:
        async with serving_one(Handler) as running:
            client = await running.connect()
            at_limit = post(FORM).replace(b"POST /", b"POST /?most=6")
            await client.send(at_limit)
            assert await client.answer() == (200, "naïve0123456789".encode())
            await client.send(at_limit.replace(b"most=6", b"most=5"))
            assert (await client.answer())[0] == 413
            client = await running.connect()
            await client.send(at_limit.replace(b"\xc3", b"\xff"))
            assert (await client.answer())[0] == 400

    with (
        logs.expect("whirlwind.general", "413 POST.* over 5 bytes"),
        logs.expect("whirlwind.general", "400 POST.* part 'title' is not UTF-8"),
    ):
        run(main)


@pytest.mark.parametrize(
    ("wire", "status", "message"),
    [
        (post(FORM, kind="text/plain"), 415, "not multipart/form-data"),
        (post(FORM, kind="multipart/form-data"), 400, "boundary not found"),
        (post(FORM, kind="multipart/form-data; boundary=" + "b" * 71), 400, "boundary of 71"),
        (post(FORM, "Content-Encoding: br"), 415, "Unsupported Content-Encoding: 'br'"),
        (post(b"preamble\r\n" + FORM), 400, "not with its boundary"),
        (post(FORM[:-10]), 400, "no final boundary"),
        (post(b""), 400, "no final boundary"),
        (post(FORM.replace(b"form-data; name", b"form-data; nome")), 400, "missing name"),
    ],
)
def test_rule_16_a_body_that_is_no_form_is_refused_with_one_line_in_the_log(
    wire: bytes, status: int, message: str, logs: LogWatch
) -> None:
    @web.stream_request_body
    class Handler(web.RequestHandler):
        def post(self) -> Any:
            return native(self)

    async def main() -> None:
        async with serving_one(Handler) as running:
            client = await running.connect()
            await client.send(wire)
            assert (await client.answer())[0] == status

    with logs.expect("whirlwind.general", message):
        run(main)


@pytest.mark.parametrize(
    ("limit", "value"),
    [
        ("max_parts", 1),
        ("max_part_header_size", 50),
        ("max_field_size", 5),
        ("max_file_size", 9),
    ],
)
def test_rule_5_each_limit_can_be_set_and_is_answered_with_413(
    limit: str, value: int, logs: LogWatch
) -> None:
    @web.stream_request_body
    class Handler(web.RequestHandler):
        async def post(self) -> None:
            async for _ in self.multipart(**{limit: value}):
                pass

    async def main() -> None:
        async with serving_one(Handler) as running:
            client = await running.connect()
            await client.send(post(FORM))
            assert (await client.answer())[0] == 413

    with logs.expect("whirlwind.general", limit):
        run(main)


def test_forms_can_be_disabled_for_the_process(
    monkeypatch: pytest.MonkeyPatch, logs: LogWatch
) -> None:
    monkeypatch.setattr(
        _DEFAULT_PARSE_BODY_CONFIG, "multipart", ParseMultipartConfig(enabled=False)
    )

    @web.stream_request_body
    class Handler(web.RequestHandler):
        def post(self) -> Any:
            return native(self)

    async def main() -> None:
        async with serving_one(Handler) as running:
            client = await running.connect()
            await client.send(post(FORM))
            assert (await client.answer())[0] == 415

    with logs.expect("whirlwind.general", "disabled"):
        run(main)


@pytest.mark.parametrize("chunked", [False, True])
def test_the_limit_of_the_body_can_be_raised_by_a_handler(chunked: bool) -> None:
    received: list[int] = []

    @web.stream_request_body
    class Handler(web.RequestHandler):
        async def post(self) -> None:
            most = 200_000 if self.request.path == "/raised" else None
            async for part in self.multipart(max_body_size=most):
                received.append(len(await part.read_all()))

    large = FORM.replace(b"0123456789", b"x" * 100_000)

    async def ask(running: Serving, path: str) -> int:
        client = await running.connect()
        if chunked:
            wire = (
                f"POST {path} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
                f"Content-Type: multipart/form-data; boundary=b\r\n\r\n{len(large):x}\r\n"
            ).encode() + large + b"\r\n0\r\n\r\n"  # fmt: skip
        else:
            wire = post(large).replace(b"POST /", f"POST {path}".encode())
        await client.send(wire)
        return int((await client.head()).split(b" ")[1])

    async def main() -> None:
        async with serving_one(Handler, max_body_size=50_000) as running:
            assert await ask(running, "/raised") == 200
            assert received == [6, 100_000]
            assert await ask(running, "/") == 400

    run(main)


def test_a_client_is_told_to_go_on_when_the_body_is_asked_for() -> None:
    @web.stream_request_body
    class Handler(web.RequestHandler):
        def post(self) -> Any:
            if "X-Refuse" in self.request.headers:
                self.set_status(403)
                return None
            return native(self)

    async def main() -> None:
        async with serving_one(Handler) as running:
            client = await running.connect()
            head = post(FORM, "Expect: 100-continue")[: -len(FORM)]
            await client.send(head)
            assert await client.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
            await client.send(FORM)
            assert await client.answer() == (200, EXPECTED)
            await client.send(head[:-2] + b"X-Refuse: yes\r\n\r\n")
            assert b" 403 " in await client.head()
            assert await client.rest() == b""

    run(main)


@pytest.mark.parametrize("when", ["before a read", "during a read"])
def test_a_client_that_goes_away_is_an_error_in_the_reader(when: str) -> None:
    arrived, gone = asyncio.Event(), asyncio.Event()
    errors: list[BaseException] = []
    closed: list[str] = []

    @web.stream_request_body
    class Handler(web.RequestHandler):
        async def post(self) -> None:
            parts = self.multipart()
            part = await parts.next_part()
            assert part is not None
            assert await part.read() == b"na"
            arrived.set()
            if when == "before a read":
                await gone.wait()
            try:
                await part.read()
            except StreamClosedError as error:
                errors.append(error)
                raise
            finally:
                gone.set()

        def on_connection_close(self) -> None:
            closed.append("closed")
            gone.set()

    async def main() -> None:
        async with serving_one(Handler) as running:
            client = await running.connect()
            await client.send(post(FORM)[: -len(FORM)] + FORM[: FORM.index(b"na\xc3") + 2])
            await arrived.wait()
            client.close()
            await gone.wait()
            await quiet(lambda: bool(errors))

    run(main)
    assert closed == ["closed"]


def test_a_method_that_fails_midway_answers_and_ends_the_connection() -> None:
    @web.stream_request_body
    class Handler(web.RequestHandler):
        async def post(self) -> None:
            async for _ in self.multipart():
                raise web.HTTPError(409)

    async def main() -> None:
        async with serving_one(Handler) as running:
            client = await running.connect()
            large = FORM.replace(b"0123456789", b"x" * 300_000)
            await client.send(post(large))
            head = await client.head()
            assert b" 409 " in head
            assert b"Connection: close\r\n" in head

    run(main)


def test_a_request_without_a_body_keeps_its_connection() -> None:
    @web.stream_request_body
    class Handler(web.RequestHandler):
        def get(self) -> None:
            self.write("form")

        async def post(self) -> None:
            assert [piece async for piece in self.body_stream()] == []
            self.write("empty")

    async def main() -> None:
        async with serving_one(Handler) as running:
            client = await running.connect()
            for _ in range(2):
                await client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                assert await client.answer() == (200, b"form")
                await client.send(post(b""))
                assert await client.answer() == (200, b"empty")

    run(main)


# --- files ---


def test_a_part_is_saved_to_a_path_and_to_a_file(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.write_bytes(b"old")
    given = io.BytesIO()

    @web.stream_request_body
    class Handler(web.RequestHandler):
        @gen.coroutine
        def post(self) -> Any:
            parts = self.multipart()
            title = yield parts.next_part()
            sizes = [(yield title.save(given))]
            file = yield parts.next_part()
            assert (yield file.read(2)) == b"01"
            sizes.append((yield file.save(there)))
            self.write({"sizes": sizes})
            assert (yield parts.next_part()) is None

    async def main() -> None:
        async with serving_one(Handler) as running:
            client = await running.connect()
            await client.send(post(FORM))
            assert await client.answer() == (200, b'{"sizes": [6, 8]}')

    run(main)
    assert given.getvalue() == "naïve".encode()
    assert there.read_bytes() == b"23456789"
    assert os.listdir(tmp_path) == ["there"]


def test_rule_7_of_an_upload_that_breaks_off_no_file_is_left(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.write_bytes(b"old")
    ended: asyncio.Queue[BaseException] = asyncio.Queue()

    @web.stream_request_body
    class Handler(web.RequestHandler):
        cancel_on_disconnect = True

        def prepare(self) -> None:
            self.cancel_on_disconnect = self.request.path == "/cancelled"

        async def post(self) -> None:
            try:
                async for part in self.multipart():
                    if part.filename:
                        await part.save(there)
            except BaseException as error:
                ended.put_nowait(error)
                raise

    async def main() -> None:
        async with serving_one(Handler) as running:
            for path, kind in (("/", StreamClosedError), ("/cancelled", asyncio.CancelledError)):
                client = await running.connect()
                large = FORM.replace(b"0123456789", b"x" * 600_000)
                wire = post(large).replace(b"POST /", f"POST {path}".encode())
                await client.send(wire[:-100])
                while not [name for name in os.listdir(tmp_path) if name.endswith(".part")]:
                    await asyncio.sleep(0)
                client.close()
                assert type(await ended.get()) is kind
                assert os.listdir(tmp_path) == ["there"]

    run(main)
    assert there.read_bytes() == b"old"


def test_a_path_that_cannot_be_written_is_an_error_of_the_handler(
    tmp_path: Path, logs: LogWatch
) -> None:
    @web.stream_request_body
    class Handler(web.RequestHandler):
        async def post(self) -> None:
            async for part in self.multipart():
                with pytest.raises(FileExistsError, match="no ordinary file"):
                    await part.save(tmp_path)
                await part.save(str(tmp_path / "missing" / "file"))

    async def main() -> None:
        async with serving_one(Handler) as running:
            client = await running.connect()
            await client.send(post(FORM))
            assert (await client.answer())[0] == 500

    with logs.expect("whirlwind.application", "Uncaught exception POST /"):
        run(main)
    assert os.listdir(tmp_path) == []


# --- real clients, and memory ---


def test_a_compressed_form_is_read_where_the_server_decompresses() -> None:
    @web.stream_request_body
    class Handler(web.RequestHandler):
        def post(self) -> Any:
            return native(self)

    async def main() -> None:
        async with serving_one(Handler, decompress_request=True) as running:
            client = await running.connect()
            await client.send(post(gzip.compress(FORM), "Content-Encoding: gzip"))
            assert await client.answer() == (200, EXPECTED)

    run(main)


def test_a_form_that_was_read_leaves_nothing_to_the_collector() -> None:
    handlers: list[weakref.ref[web.RequestHandler]] = []

    @web.stream_request_body
    class Handler(web.RequestHandler):
        def initialize(self) -> None:
            handlers.append(weakref.ref(self))

        def post(self) -> Any:
            return native(self)

        def put(self) -> Any:
            return generator(self)

    async def main() -> None:
        async with serving_one(Handler) as running:
            client = await running.connect()
            gc.disable()
            try:
                for method in (b"POST", b"PUT"):
                    await client.send(post(FORM).replace(b"POST", method, 1))
                    assert await client.answer() == (200, EXPECTED)
                for _ in range(5):
                    await asyncio.sleep(0)
                assert [handler() for handler in handlers] == [None, None]
            finally:
                gc.enable()

    run(main)


def test_a_form_of_curl_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a;b.txt"
    file.write_bytes(b"--x\r\n" * 50_000)
    saved = tmp_path / "saved"
    found: list[Any] = []

    @web.stream_request_body
    class Handler(web.RequestHandler):
        async def post(self) -> None:
            async for part in self.multipart():
                if part.filename:
                    found.append([part.filename, part.content_type, await part.save(saved)])
                else:
                    found.append(await part.text())
            self.write("stored")

    async def main() -> None:
        async with serving_one(Handler) as running:
            process = await asyncio.create_subprocess_exec(
                "curl", "-sS", "--noproxy", "*",
                "-F", "title=one=two", "-F", f'file=@"{file}"', f"http://127.0.0.1:{running.port}/",
                stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            output, _ = await process.communicate()
            assert output == b"stored"

    run(main, asyncio.SelectorEventLoop)
    assert found == ["one=two", ["a;b.txt", "text/plain", 250_000]]
    assert saved.read_bytes() == file.read_bytes()


def test_a_form_of_aiohttp_is_read(tmp_path: Path) -> None:
    @web.stream_request_body
    class Handler(web.RequestHandler):
        async def post(self) -> None:
            found: dict[str, Any] = {}
            async for part in self.multipart():
                if part.filename is None:
                    found[part.name] = await part.text()
                else:
                    digest = hashlib.sha256()
                    async for piece in part:
                        digest.update(piece)
                    found[part.name] = [part.filename, part.content_type, digest.hexdigest()]
            self.write(found)

    async def main() -> None:
        content = os.urandom(300_000)
        form = aiohttp.FormData()
        form.add_field("title", "naïve\r\nplan")
        form.add_field("file", content, filename='réport ;".pdf', content_type="application/pdf")
        form.add_field("empty", b"", filename="empty.bin")
        async with serving_one(Handler) as running, aiohttp.ClientSession() as session:
            url = f"http://127.0.0.1:{running.port}/"
            for _ in range(2):
                async with session.post(url, data=form()) as response:
                    assert response.status == 200
                    found = await response.json()
                assert found["title"] == "naïve\r\nplan"
                name, kind, digest = found["file"]
                assert kind == "application/pdf"
                assert digest == hashlib.sha256(content).hexdigest()
                assert name.endswith(".pdf")
                assert found["empty"][2] == hashlib.sha256(b"").hexdigest()

    run(main)


MIB = 2**20


async def upload(client: RawClient, size: int, seen: Callable[[], None]) -> None:
    head, tail = FORM.split(b"0123456789")
    total = len(head) + size + len(tail)
    wire = post(b"").replace(b"Content-Length: 0", f"Content-Length: {total}".encode())
    await client.send(wire + head)
    piece = b"x" * 65_536
    for _ in range(size // len(piece)):
        await client.send(piece)
        seen()
    await client.send(tail)


def test_rule_5_a_large_upload_through_a_slow_reader_takes_little_memory() -> None:
    size = 64 * MIB
    ahead = 0  # the most that the client has sent and the reader has not seen
    sent = received = 0

    @web.stream_request_body
    class Handler(web.RequestHandler):
        async def post(self) -> None:
            nonlocal received
            async for part in self.multipart(max_body_size=2 * size):
                async for piece in part:
                    if part.filename:
                        received += len(piece)
                        for _ in range(5):
                            await asyncio.sleep(0)
            self.write(str(received))

    def seen() -> None:
        nonlocal ahead, sent
        sent += 65_536
        ahead = max(ahead, sent - received)

    async def main() -> None:
        async with serving_one(Handler) as running:
            client = await running.connect()
            tracemalloc.start()
            try:
                await upload(client, size, seen)
                status, body = await client.answer()
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
            assert (status, int(body)) == (200, size)
            assert peak < 8 * MIB

    run(main)
    assert ahead < 16 * MIB  # what the sockets hold, and no more


def test_back_pressure_reaches_the_client() -> None:
    """A reader that does not read: the client's socket fills, and stays full."""
    go_on = asyncio.Event()

    @web.stream_request_body
    class Handler(web.RequestHandler):
        async def post(self) -> None:
            parts = self.multipart(max_body_size=2**30)
            await parts.next_part()
            file = await parts.next_part()
            assert file is not None
            await file.read(1)
            await go_on.wait()
            while await file.read():
                pass
            await parts.next_part()
            self.write("read")

    sent = 0

    def seen() -> None:
        nonlocal sent
        sent += 65_536

    async def main() -> None:
        async with serving_one(Handler) as running:
            client = await running.connect()
            sending = asyncio.ensure_future(upload(client, 64 * MIB, seen))
            before = -1
            while before != sent or not sent:
                # Far more turns than a socket with room needs for another piece.
                before = sent
                for _ in range(2000):
                    await asyncio.sleep(0)
            assert not sending.done()
            go_on.set()
            await sending
            assert await client.answer() == (200, b"read")

    run(main)


def test_the_boundary_may_stand_in_quotes() -> None:
    headers = HTTPHeaders({"Content-Type": 'Multipart/Form-Data; charset=utf-8; boundary="a;b"'})
    assert boundary_of(headers) == b"a;b"
