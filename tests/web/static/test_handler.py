"""``StaticFileHandler`` over real sockets: answers, conditions, paths, versions, hooks."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from tests.conftest import LogWatch
from tests.support.raw_http import run, serving
from tests.support.static_files import ask, get, wire

from whirlwind import gen, httputil, web
from whirlwind._web.static import sending
from whirlwind._web.static.opened_file import OpenedFile

ALPHABET = b"abcdefghijklmnopqrstuvwxyz"
ETAG = f'"{hashlib.sha512(ALPHABET).hexdigest()}"'
THEN = 1_700_000_000
DATE = "Tue, 14 Nov 2023 22:13:20 GMT"


@pytest.fixture(autouse=True)
def forget_versions() -> Iterator[None]:
    web.StaticFileHandler.reset()
    yield
    web.StaticFileHandler.reset()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "dir").mkdir(parents=True)
    (root / "empty").mkdir()
    (root / "a.txt").write_bytes(ALPHABET)
    (root / "dir" / "index.html").write_bytes(b"<p>index")
    os.utime(root / "a.txt", (THEN, THEN))
    private = tmp_path / "root_private"
    private.mkdir()
    (private / "secret.txt").write_bytes(b"secret")
    return root


# --- answers ---


def test_head_does_not_wait_for_what_its_connection_answers(root: Path) -> None:
    # Suites of programs call the method of a handler whose connection is a mock.
    async def main() -> None:
        request = httputil.HTTPServerRequest("HEAD", "/a.txt", connection=mock.MagicMock())
        handler = web.StaticFileHandler(web.Application(), request, path=str(root))
        await handler.head("a.txt")
        assert handler.get_status() == 200
        assert request.connection.write_headers.call_count == 1

    run(main)


def test_a_file_comes_with_what_is_known_about_it(root: Path) -> None:
    answer = get("/a.txt", path=str(root))
    assert (answer.status, answer.body) == (200, ALPHABET)
    assert answer.headers["Content-Type"] == "text/plain"
    assert answer.headers["Content-Length"] == "26"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Last-Modified"] == DATE
    assert answer.headers["Etag"] == ETAG
    assert "Cache-Control" not in answer.headers


def test_head_says_the_same_without_a_body(root: Path) -> None:
    answer = get("/a.txt", path=str(root), method="HEAD")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["Content-Length"] == "26"
    assert answer.headers["Etag"] == ETAG
    part = get("/a.txt", "Range: bytes=1-3", path=str(root), method="HEAD")
    assert (part.status, part.headers["Content-Length"], part.body) == (206, "3", b"")


def test_a_url_with_a_version_is_good_for_ten_years(root: Path) -> None:
    answer = get("/a.txt?v=1", path=str(root))
    assert answer.headers["Cache-Control"] == "max-age=315360000"
    assert "Expires" in answer.headers


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("a.css", "text/css"),
        ("a.tar.gz", "application/gzip"),
        ("a.bz2", "application/octet-stream"),
        ("a", "application/octet-stream"),
        ("a.unheard-of", "application/octet-stream"),
    ],
)
def test_the_name_tells_the_media_type(root: Path, name: str, media_type: str) -> None:
    (root / name).write_bytes(b"x")
    assert get(f"/{name}", path=str(root)).headers["Content-Type"] == media_type


def test_a_part_is_sent_and_a_bad_one_is_not(root: Path) -> None:
    part = get("/a.txt", "Range: bytes=2-5", path=str(root))
    assert (part.status, part.body) == (206, b"cdef")
    assert part.headers["Content-Range"] == "bytes 2-5/26"
    assert part.headers["Content-Length"] == "4"
    assert part.headers["Etag"] == ETAG
    bad = get("/a.txt", "Range: bytes=26-", path=str(root))
    assert (bad.status, bad.body) == (416, b"")
    assert bad.headers["Content-Range"] == "bytes */26"
    several = get("/a.txt", "Range: bytes=0-1,3-4", path=str(root))
    assert (several.status, several.body) == (200, ALPHABET)


def test_a_range_of_a_file_that_has_changed_gets_the_whole_file(root: Path) -> None:
    same = get("/a.txt", "Range: bytes=2-5", f"If-Range: {ETAG}", path=str(root))
    assert same.status == 206
    assert get("/a.txt", "Range: bytes=2-5", f"If-Range: {DATE}", path=str(root)).status == 206
    other = get("/a.txt", "Range: bytes=2-5", 'If-Range: "other"', path=str(root))
    assert (other.status, other.body) == (200, ALPHABET)


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ([f"If-None-Match: {ETAG}"], 304),
        ([f"If-None-Match: W/{ETAG}"], 304),
        (["If-None-Match: *"], 304),
        (['If-None-Match: "other"'], 200),
        ([f"If-Modified-Since: {DATE}"], 304),
        (["If-Modified-Since: Tue, 14 Nov 2023 22:13:19 GMT"], 200),
        (["If-Modified-Since: garbage"], 200),
        # RFC 9110, section 13.2.2: the tag decides where there are both.
        (['If-None-Match: "other"', f"If-Modified-Since: {DATE}"], 200),
        ([f"If-None-Match: {ETAG}", "Range: bytes=0-1"], 304),
    ],
)
def test_conditions_decide_whether_anything_is_sent(
    root: Path, lines: list[str], status: int
) -> None:
    answer = get("/a.txt", *lines, path=str(root))
    assert (answer.status, answer.body) == (status, b"" if status == 304 else ALPHABET)
    if status == 304:
        assert answer.headers["Etag"] == ETAG
        assert "Content-Type" not in answer.headers
        assert "Content-Length" not in answer.headers


def test_other_methods_are_refused(root: Path) -> None:
    assert get("/a.txt", "Content-Length: 0", path=str(root), method="POST").status == 405


# --- large files ---


@pytest.fixture
def large(root: Path) -> bytes:
    data = os.urandom(1 << 16) * 48
    (root / "large").write_bytes(data)
    return data


def count_sendfile(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    counts: list[int] = []
    real = os.sendfile

    def counted(out: int, file: int, offset: int, count: int) -> int:
        sent = real(out, file, offset, count)
        counts.append(sent)
        return sent

    monkeypatch.setattr(os, "sendfile", counted)
    return counts


def test_a_large_file_and_its_parts_go_by_sendfile(
    root: Path, large: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = count_sendfile(monkeypatch)
    answer = get("/large", path=str(root))
    assert answer.body == large
    assert answer.headers["Etag"] == f'"{hashlib.sha512(large).hexdigest()}"'
    assert sum(counts) == len(large)
    counts.clear()
    assert get("/large", "Range: bytes=100-1000099", path=str(root)).body == large[100:1000100]
    assert sum(counts) == 1_000_000


def test_where_somebody_wants_to_see_the_bytes_they_are_read(
    root: Path, large: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = count_sendfile(monkeypatch)
    seen: list[int] = []

    class Looking(web.StaticFileHandler):
        def write(self, chunk: Any) -> None:
            seen.append(len(chunk))
            super().write(chunk)

    class First(web.OutputTransform):
        def transform_first_chunk(
            self, status_code: int, headers: Any, chunk: bytes, finishing: bool
        ) -> Any:
            seen.append(len(chunk))
            return status_code, headers, chunk

    assert get("/large", handler=Looking, path=str(root)).body == large
    assert (sum(seen), counts) == (len(large), [])
    assert max(seen) <= 262_144  # never more of it in memory
    # A transform that looks at the beginning sees the beginning; the rest needs no reading.
    seen.clear()
    answer = get("/large", path=str(root), settings={"transforms": [First]})
    assert answer.body == large
    assert seen == [65_536]
    assert sum(counts) == len(large) - 65_536


def test_a_client_that_goes_away_leaves_no_file_open(root: Path, large: bytes) -> None:
    opened: list[OpenedFile] = []
    ended = asyncio.Event()

    class Watched(web.StaticFileHandler):
        def on_finish(self) -> None:
            ended.set()

    real = sending.send_file

    def noting(handler: Any, file: OpenedFile, offset: int, count: int) -> Any:
        opened.append(file)
        return real(handler, file, offset, count)

    async def main() -> None:
        application = web.Application(
            [(r"/(.*)", Watched, {"path": str(root)})], log_function=lambda handler: None
        )
        async with serving(application) as running:
            client = await running.connect(limit=1000)
            await client.send(wire("/large"))
            await client.head()
            client.writer.transport.abort()
            await ended.wait()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("whirlwind._web.static.handler.send_file", noting)
        run(main)
    assert [file._closed for file in opened] == [True]


def test_a_file_that_gets_shorter_while_it_is_sent_breaks_the_connection(
    root: Path, logs: LogWatch
) -> None:
    class Longer(web.StaticFileHandler):
        def get_content_size(self) -> int:
            return 30

    with (
        logs.expect("whirlwind.application", "Uncaught exception"),
        logs.expect("whirlwind.general", "Cannot send error response after headers"),
    ):
        answer = get("/a.txt", handler=Longer, path=str(root))
    assert answer.headers["Content-Length"] == "30"
    assert len(answer.body) < 30


# --- paths: the rules ---


@pytest.mark.parametrize(
    "path",
    [
        "/../root_private/secret.txt",
        "/%2e%2e/root_private/secret.txt",
        "/..%2froot_private%2fsecret.txt",
        "/dir/../../root_private/secret.txt",
        "/..",
        "//etc/passwd",
        "/%2fetc/passwd",
    ],
)
def test_rule_of_4_2_1_no_path_leads_out_of_the_root(root: Path, path: str, logs: LogWatch) -> None:
    with logs.expect("whirlwind.general", "is not in root static directory"):
        assert get(path, path=str(root)).status == 403


def test_rule_10_a_path_is_decoded_once(root: Path) -> None:
    (root / "%2e%2e").mkdir()
    (root / "%2e%2e" / "f").write_bytes(b"a name like any other")
    assert get("/%252e%252e/f", path=str(root)).body == b"a name like any other"
    assert get("/%252e%252e/root_private/secret.txt", path=str(root)).status == 404


def test_rule_of_6_5_9_links_out_of_the_root_are_refused(root: Path, logs: LogWatch) -> None:
    (root / "link.txt").symlink_to(root.parent / "root_private" / "secret.txt")
    (root / "link").symlink_to(root.parent / "root_private")
    (root / "inside.txt").symlink_to("a.txt")
    (root / "inside").symlink_to("dir")
    (root / "dir2").mkdir()
    (root / "dir2" / "index.html").symlink_to(root.parent / "root_private" / "secret.txt")
    for path in ("/link.txt", "/link/secret.txt", "/link/nothing", "/link/", "/dir2/"):
        with logs.expect("whirlwind.general", "is not in root static directory"):
            answer = get(path, path=str(root), default_filename="index.html")
        assert answer.status == 403, path
    assert get("/inside.txt", path=str(root)).body == ALPHABET
    assert get("/inside/index.html", path=str(root)).body == b"<p>index"


def test_links_may_lead_where_it_is_allowed(root: Path, logs: LogWatch) -> None:
    private = root.parent / "root_private"
    (root / "link").symlink_to(private)
    for allowed in (str(private), [str(root), str(private)]):
        answer = get("/link/secret.txt", path=str(root), allowed_symlink_directory=allowed)
        assert answer.body == b"secret"
    with logs.expect("whirlwind.general", "is not in root static directory"):
        get("/link/secret.txt", path=str(root), allowed_symlink_directory=str(root / "dir"))


def test_a_root_may_be_a_link_a_path_object_or_one_file(root: Path) -> None:
    linked = root.parent / "linked"
    linked.symlink_to(root)
    assert get("/a.txt", path=str(linked)).body == ALPHABET
    assert get("/a.txt", path=root).body == ALPHABET
    assert get("/one", pattern="/one()", path=str(root / "a.txt")).body == ALPHABET


def test_rule_10_devices_and_fifos_are_never_opened(root: Path, logs: LogWatch) -> None:
    os.mkfifo(root / "fifo")
    (root / "zero").symlink_to("/dev/zero")
    with logs.expect("whirlwind.general", "fifo is not a file"):
        assert get("/fifo", path=str(root)).status == 403
    with logs.expect("whirlwind.general", "zero is not in root static directory"):
        assert get("/zero", path=str(root)).status == 403
    with logs.expect("whirlwind.general", "zero is not a file"):
        assert get("/zero", path=str(root), allowed_symlink_directory="/dev").status == 403

    class Trusting(web.StaticFileHandler):
        def validate_absolute_path(self, root: str, absolute_path: str) -> str:
            return absolute_path

    with logs.expect("whirlwind.general", "fifo is not a file"):
        assert get("/fifo", handler=Trusting, path=str(root)).status == 403


def test_rule_of_6_6_1_other_streams_of_a_file_do_not_exist(
    root: Path, monkeypatch: pytest.MonkeyPatch, logs: LogWatch
) -> None:
    assert get("/a.txt::$DATA", path=str(root)).status == 404
    (root / "a:b").write_bytes(b"here, a name like any other")
    assert get("/a:b", path=str(root)).status == 200
    monkeypatch.setattr("whirlwind._web.static.handler._WINDOWS", True)
    for path in ("/a:b", "/a.txt::$DATA", "/nul", "/dir/con.txt", "/%5c%5chost%5cshare"):
        with logs.expect("whirlwind.general", "is not in root static directory"):
            assert get(path, path=str(root)).status == 403, path


def test_names_that_cannot_be_are_not_found(root: Path) -> None:
    for path in ("/a%00.txt", "/" + "x" * 300, "/a.txt/x", "/nothing"):
        assert get(path, path=str(root)).status == 404, path


# --- directories ---


def test_a_directory_is_its_default_file_under_a_url_with_a_slash(
    root: Path, logs: LogWatch
) -> None:
    answer = get("/dir?x=1", path=str(root), default_filename="index.html")
    assert (answer.status, answer.headers["Location"]) == (301, "/dir/")
    assert get("/dir/", path=str(root), default_filename="index.html").body == b"<p>index"
    assert get("/empty/", path=str(root), default_filename="index.html").status == 404
    with logs.expect("whirlwind.general", "dir is not a file"):
        assert get("/dir", path=str(root)).status == 403


@pytest.mark.parametrize("path", ["//evil.com/..//%s", "/\\evil.com/../%s", "/%%5cevil.com/../%s"])
def test_rule_of_6_3_2_no_redirect_leads_to_another_host(
    root: Path, path: str, logs: LogWatch
) -> None:
    target = path % f"{root}/dir".lstrip("/")
    with logs.expect("whirlwind.general", "cannot redirect path with two initial slashes"):
        answer = get(target, pattern="(.*)", path="/", default_filename="index.html")
    assert answer.status == 403
    assert "Location" not in answer.headers


# --- versions and URLs ---


def settings(root: Path, **more: Any) -> dict[str, Any]:
    return {"static_path": str(root), **more}


def test_a_url_has_the_version_of_the_content(root: Path, logs: LogWatch) -> None:
    make = web.StaticFileHandler.make_static_url
    version = hashlib.sha512(ALPHABET).hexdigest()
    assert make(settings(root), "a.txt") == f"/static/a.txt?v={version}"
    assert make(settings(root, static_url_prefix="/s/"), "a.txt") == f"/s/a.txt?v={version}"
    assert make(settings(root), "a.txt", include_version=False) == "/static/a.txt"
    with logs.expect("whirlwind.general", "Could not open static file"):
        assert make(settings(root), "nothing") == "/static/nothing"
        assert make(settings(root), "nothing") == "/static/nothing"  # and no second line


def test_a_file_that_changes_has_another_version(root: Path) -> None:
    version = web.StaticFileHandler.get_version(settings(root), "a.txt")
    before = get("/a.txt", path=str(root)).headers["Etag"]
    (root / "a.txt").write_bytes(b"changed")
    assert web.StaticFileHandler.get_version(settings(root), "a.txt") != version
    answer = get("/a.txt", f"If-None-Match: {before}", path=str(root))
    assert (answer.status, answer.body) == (200, b"changed")


def test_versions_are_remembered_where_programs_look_for_them(root: Path) -> None:
    web.StaticFileHandler.get_version(settings(root), "a.txt")
    path = str(root / "a.txt")
    assert web.StaticFileHandler._static_hashes == {path: ETAG.strip('"')}
    web.StaticFileHandler._static_hashes["virtual"] = "mine"
    assert web.StaticFileHandler._get_cached_version("virtual") == "mine"
    web.StaticFileHandler.reset()
    assert web.StaticFileHandler._static_hashes == {}


def test_without_the_cache_each_url_is_computed_anew(root: Path) -> None:
    calls: list[str] = []

    class Counting(web.StaticFileHandler):
        @classmethod
        def get_content_version(cls, abspath: str) -> str:
            calls.append(abspath)
            return str(len(calls))

    class Page(web.RequestHandler):
        def get(self) -> None:
            self.write(self.static_url("a.txt") + self.static_url("a.txt"))

    def page(**more: Any) -> bytes:
        application = web.Application(
            [("/", Page)], **settings(root, static_handler_class=Counting, **more)
        )
        return ask(application, wire("/"))[0].body

    assert page() == b"/static/a.txt?v=1/static/a.txt?v=1"
    assert page(static_hash_cache=False) == b"/static/a.txt?v=2/static/a.txt?v=3"
    assert page(debug=True, autoreload=False) == b"/static/a.txt?v=4/static/a.txt?v=5"


def test_rule_of_6_6_0_no_version_is_made_of_what_is_outside_or_no_file(
    root: Path, logs: LogWatch
) -> None:
    secret = root.parent / "root_private" / "secret.txt"
    os.mkfifo(root / "fifo")
    (root / "zero").symlink_to("/dev/zero")
    (root / "link.txt").symlink_to(secret)
    version = web.StaticFileHandler.get_version
    for path in ("../root_private/secret.txt", str(secret), ".."):
        with pytest.raises(web.HTTPError) as caught:
            version(settings(root), path)
        assert caught.value.status_code == 403
    for path in ("fifo", "zero", "link.txt", "dir", "", "a\0b"):
        with logs.expect("whirlwind.general", "Could not open static file"):
            assert version(settings(root), path) is None, path
    allowed = {"allowed_symlink_directory": str(secret.parent)}
    assert version(settings(root, static_handler_args=allowed), "link.txt") is not None


def test_rule_5_versions_and_what_is_read_for_them_have_limits(root: Path, logs: LogWatch) -> None:
    class Small(web.StaticFileHandler):
        MAX_VERSION_CONTENT_SIZE = 25
        MAX_CACHED_VERSIONS = 2

    with logs.expect("whirlwind.general", r"larger than MAX_VERSION_CONTENT_SIZE \(25 bytes\)"):
        answer = get("/a.txt", handler=Small, path=str(root))
    assert (answer.status, answer.body) == (200, ALPHABET)
    assert "Etag" not in answer.headers
    for name in "bcd":
        (root / name).write_bytes(b"x")
        Small.get_version(settings(root), name)
    assert [Path(path).name for path in Small._static_hashes] == ["c", "d"]


# --- subclasses ---


class Virtual(web.StaticFileHandler):
    """Content that is in no file, as programs have it."""

    def initialize(self, path: str) -> None:  # type: ignore[override]
        self.root = path

    @classmethod
    def get_absolute_path(cls, root: str, path: str) -> str:
        return f"{root}:{path}"

    def validate_absolute_path(self, root: str, absolute_path: str) -> str | None:
        if not absolute_path.startswith(root):
            raise web.HTTPError(404)
        return absolute_path

    @classmethod
    def get_content(cls, abspath: str, start: int | None = None, end: int | None = None) -> Any:
        data = ALPHABET[start:end]
        return data if "bytes" in abspath else (data[at : at + 3] for at in range(0, len(data), 3))

    def get_content_size(self) -> int:
        return len(ALPHABET)

    def get_modified_time(self) -> datetime | None:
        return datetime(2023, 11, 14, 22, 13, 20)  # without zone, as old programs have it

    def get_content_type(self) -> str:
        return "text/x-virtual"

    def get_cache_time(self, path: str, modified: datetime | None, mime_type: str) -> int:
        return 7 if mime_type == "text/x-virtual" else 0

    def set_extra_headers(self, path: str) -> None:
        self.set_header("X-Path", path)


@pytest.mark.parametrize("kind", ["bytes", "pieces"])
def test_content_may_be_bytes_or_pieces_from_anywhere(kind: str) -> None:
    answer = get(f"/{kind}", handler=Virtual, path="db")
    assert (answer.status, answer.body) == (200, ALPHABET)
    assert answer.headers["Content-Type"] == "text/x-virtual"
    assert answer.headers["Cache-Control"] == "max-age=7"
    assert answer.headers["X-Path"] == kind
    assert answer.headers["Last-Modified"] == DATE
    assert answer.headers["Etag"] == ETAG
    part = get(f"/{kind}", "Range: bytes=5-8", handler=Virtual, path="db")
    assert (part.status, part.body) == (206, ALPHABET[5:9])
    assert get(f"/{kind}", f"If-Modified-Since: {DATE}", handler=Virtual, path="db").status == 304


def test_pieces_are_asked_for_as_the_client_takes_them_and_closed_when_it_leaves() -> None:
    asked: list[int] = []
    closed = asyncio.Event()

    class Endless(Virtual):
        @classmethod
        def get_content(
            cls, abspath: str, start: int | None = None, end: int | None = None
        ) -> Iterator[bytes]:
            try:
                for number in range(10_000):
                    asked.append(number)
                    yield b"x" * 100_000
            finally:
                closed.set()

        @classmethod
        def get_content_version(cls, abspath: str) -> str:
            return "1"

        def get_content_size(self) -> int:
            return 1_000_000_000

    async def main() -> None:
        application = web.Application(
            [(r"/(.*)", Endless, {"path": "db"})], log_function=lambda handler: None
        )
        async with serving(application) as running:
            client = await running.connect(limit=1000)
            await client.send(wire("/x"))
            await client.head()
            client.writer.transport.abort()
            await closed.wait()

    run(main)
    assert len(asked) < 1000


def test_an_error_in_the_middle_of_pieces_breaks_the_answer_off(logs: LogWatch) -> None:
    class Failing(Virtual):
        @classmethod
        def get_content(
            cls, abspath: str, start: int | None = None, end: int | None = None
        ) -> Iterator[bytes]:
            yield b"abc"
            raise RuntimeError("gone")

        @classmethod
        def get_content_version(cls, abspath: str) -> str:
            return "1"

    with (
        logs.expect("whirlwind.application", "Uncaught exception"),
        logs.expect("whirlwind.general", "Cannot send error response after headers"),
        logs.expect("whirlwind.general", "Failed to flush partial response"),
    ):
        answer = get("/x", handler=Failing, path="db")
    assert (answer.status, answer.headers["Content-Length"]) == (200, "26")
    assert answer.body != ALPHABET


def test_hooks_are_called_in_order_with_the_arguments_that_programs_expect(root: Path) -> None:
    calls: list[Any] = []

    class Traced(web.StaticFileHandler):
        def parse_url_path(self, url_path: str) -> str:
            calls.append(("parse_url_path", url_path))
            return super().parse_url_path(url_path)

        def get_absolute_path(self, root: str, path: str) -> str:  # type: ignore[override]
            calls.append(("get_absolute_path", root, path))  # as a method of the instance
            return super().get_absolute_path(root, path)

        def validate_absolute_path(self, root: str, absolute_path: str) -> str | None:
            calls.append(("validate_absolute_path", root, absolute_path))
            return super().validate_absolute_path(root, absolute_path)

        def set_headers(self) -> None:
            calls.append("set_headers")
            super().set_headers()

        def compute_etag(self) -> str | None:
            calls.append("compute_etag")
            return super().compute_etag()

        def get_content_type(self) -> str:
            calls.append("get_content_type")
            return super().get_content_type()

        def get_cache_time(self, path: str, modified: datetime | None, mime_type: str) -> int:
            calls.append(("get_cache_time", path, modified, mime_type))
            return 0

        def set_extra_headers(self, path: str) -> None:
            calls.append(("set_extra_headers", path))

        def should_return_304(self) -> bool:
            calls.append("should_return_304")
            return False

        def get_content_size(self) -> int:
            calls.append("get_content_size")
            return super().get_content_size()

        @classmethod
        def get_content(cls, abspath: str, start: int | None = None, end: int | None = None) -> Any:
            calls.append(("get_content", abspath, start, end))
            return super().get_content(abspath, start, end)

    web.StaticFileHandler.get_version(settings(root), "a.txt")
    # And a client that has it gets it nevertheless, as should_return_304 says.
    assert get("/a.txt", f"If-None-Match: {ETAG}", handler=Traced, path=str(root)).status == 200
    path = str(root / "a.txt")
    then = datetime.fromtimestamp(THEN, UTC)
    assert calls == [
        ("parse_url_path", "a.txt"),
        ("get_absolute_path", str(root), "a.txt"),
        ("validate_absolute_path", str(root), path),
        "set_headers",
        "compute_etag",
        "get_content_type",
        ("get_cache_time", "a.txt", then, "text/plain"),
        ("set_extra_headers", "a.txt"),
        "should_return_304",
        "get_content_size",
        ("get_content", path, None, None),
    ]
    calls.clear()
    get("/a.txt", "Range: bytes=1-2", handler=Traced, path=str(root))
    assert calls[-1] == ("get_content", path, 1, 3)
    calls.clear()
    head = get("/a.txt", f"If-None-Match: {ETAG}", handler=Traced, path=str(root), method="HEAD")
    assert head.status == 200
    assert calls[-1] == "get_content_size"


def test_get_can_be_waited_for_in_every_manner_and_leaves_the_answer_open(root: Path) -> None:
    class Native(web.StaticFileHandler):
        async def get(self, path: str, include_body: bool = True) -> None:
            await super().get(path, include_body)
            self.finish()

    class Generator(web.StaticFileHandler):
        @gen.coroutine
        def get(self, path: str, include_body: bool = True) -> Any:  # type: ignore[override]
            yield gen.sleep(0)
            yield super().get(path, include_body)

    class Returning(web.StaticFileHandler):
        def get(self, path: str, include_body: bool = True) -> Any:
            return super().get("a.txt", include_body)

    for handler in (Native, Generator, Returning):
        answer = get("/a.txt", handler=handler, path=str(root))
        assert (answer.status, answer.body) == (200, ALPHABET), handler


def test_roots_may_be_several_and_the_one_that_has_the_file_is_asked(root: Path) -> None:
    class Finding(web.StaticFileHandler):
        def initialize(self, path: list[str]) -> None:  # type: ignore[override]
            self.root = tuple(os.path.abspath(each) + os.sep for each in path)

        @classmethod
        def get_absolute_path(cls, root: Any, path: str) -> str:
            found = [each + path for each in root if os.path.exists(each + path)]
            return found[0] if found else ""

        def validate_absolute_path(self, root: Any, absolute_path: str) -> str | None:
            if not absolute_path:
                raise web.HTTPError(404)
            for each in root:
                if absolute_path.startswith(each):
                    return super().validate_absolute_path(each, absolute_path)
            return None

    roots = [str(root / "dir"), str(root)]
    assert get("/a.txt", handler=Finding, path=roots).body == ALPHABET
    assert get("/index.html", handler=Finding, path=roots).body == b"<p>index"
    assert get("/nothing", handler=Finding, path=roots).status == 404


def test_a_path_that_was_answered_otherwise_is_not_looked_at(root: Path) -> None:
    class Elsewhere(web.StaticFileHandler):
        def validate_absolute_path(self, root: str, absolute_path: str) -> str | None:
            self.write("from elsewhere")
            return None

    answer = get("/a.txt", handler=Elsewhere, path=str(root))
    assert (answer.status, answer.body) == (200, b"from elsewhere")


def test_a_date_that_no_calendar_has_is_left_out(root: Path) -> None:
    class Timeless(web.StaticFileHandler):
        def _stat(self) -> os.stat_result:
            fields = list(super()._stat())
            fields[8] = 10**15  # st_mtime
            return os.stat_result(fields)

    answer = get("/a.txt", f"If-Modified-Since: {DATE}", handler=Timeless, path=str(root))
    assert answer.status == 200
    assert "Last-Modified" not in answer.headers


def test_a_class_that_finds_files_in_its_own_way_may_have_any_kind_of_root(root: Path) -> None:
    class Found(web.StaticFileHandler):
        @classmethod
        def get_absolute_path(cls, root: Any, path: str) -> str:
            places = [os.path.join(folder, path) for folder in root]
            return next(place for place in places if os.path.exists(place))

    folders = {"static_path": [str(root / "empty"), str(root)]}
    url = Found.make_static_url(folders, "a.txt")
    assert url == f"/static/a.txt?v={ETAG[1:-1]}"


def test_a_decorator_that_waits_for_native_coroutines_only_gets_one(root: Path) -> None:
    class Guarded(web.StaticFileHandler):
        async def get(self, path: str, include_body: bool = True) -> None:
            waiting = super().get(path, include_body)
            if inspect.iscoroutine(waiting):
                await waiting

    assert inspect.iscoroutinefunction(web.StaticFileHandler.get)
    answer = get("/missing.txt", handler=Guarded, path=str(root))
    assert answer.status == 404
