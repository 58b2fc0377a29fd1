"""Compression: who gets it, of what, how it is framed, and what is said about it."""

from __future__ import annotations

import gzip
import zlib
from typing import Any

import pytest
from tests.support.static_files import Answer, ask, wire

from whirlwind import web
from whirlwind._http.messages import HTTPServerRequest
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._web.compression import accepts_gzip

GZIP = "Accept-Encoding: gzip"
BODY = b"compress me " * 200


class Page(web.RequestHandler):
    """Writes what the test's attributes say."""

    status = 200
    fields: dict[str, str] = {}
    pieces = [BODY]
    flushing = False

    def get(self) -> Any:
        self.set_status(self.status)
        for name, value in self.fields.items():
            self.set_header(name, value)
        for piece in self.pieces:
            self.write(piece)
            if self.flushing:
                self.flush()

    head = post = get


def answer(*lines: str, method: str = "GET", version: bytes = b"1.1", **attributes: Any) -> Answer:
    page = type("Page", (Page,), attributes)
    application = web.Application([("/", page)], compress_response=True)
    request = wire("/", *(lines or [GZIP]), method=method).replace(b"/1.1", b"/" + version)
    return ask(application, request)[0]


@pytest.mark.parametrize(
    ("field", "takes"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("deflate, gzip;q=0.5, br", True),
        ("gzip ; q=0.001", True),
        ("", False),
        ("deflate", False),
        ("notgzip", False),
        ("*", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("identity;q=1, gzip;q=0", False),
    ],
)
def test_clients_say_whether_they_take_gzip(field: str, takes: bool) -> None:
    assert accepts_gzip(field) is takes


def test_an_answer_that_is_written_at_once_is_compressed_at_once() -> None:
    got = answer()
    assert gzip.decompress(got.body) == BODY
    assert got.headers["Content-Encoding"] == "gzip"
    assert got.headers["Content-Length"] == str(len(got.body))
    assert got.headers["Vary"] == "Accept-Encoding"
    assert got.headers["Etag"].startswith('W/"')
    assert got.body == answer().body  # no time of day in it


def test_a_tag_of_a_compressed_answer_is_still_known() -> None:
    tag = answer().headers["Etag"]
    known = answer(GZIP, f"If-None-Match: {tag}")
    assert (known.status, known.body) == (304, b"")
    assert known.headers["Vary"] == "Accept-Encoding"
    assert "Content-Encoding" not in known.headers


def test_clients_without_gzip_are_told_that_others_get_something_else() -> None:
    got = answer("Accept-Encoding: br")
    assert got.body == BODY
    assert "Content-Encoding" not in got.headers
    assert got.headers["Vary"] == "Accept-Encoding"
    assert got.headers["Etag"].startswith('"')


@pytest.mark.parametrize(
    ("vary", "expected"),
    [
        ("Cookie", "Cookie, Accept-Encoding"),
        ("accept-encoding", "accept-encoding"),
        ("Cookie, Accept-Encoding", "Cookie, Accept-Encoding"),
        ("*", "*"),
    ],
)
def test_vary_is_added_to_once(vary: str, expected: str) -> None:
    assert answer(fields={"Vary": vary}).headers["Vary"] == expected


@pytest.mark.parametrize(
    ("media_type", "compressed"),
    [
        ("text/plain", True),
        ("TEXT/HTML; charset=UTF-8", True),
        ("application/json", True),
        ("application/json ; charset=UTF-8", True),
        ("image/svg+xml", True),
        ("image/png", False),
        ("application/octet-stream", False),
        ("application/gzip", False),
    ],
)
def test_what_is_worth_it_is_compressed(media_type: str, compressed: bool) -> None:
    got = answer(fields={"Content-Type": media_type})
    assert ("Content-Encoding" in got.headers) is compressed
    assert (gzip.decompress(got.body) if compressed else got.body) == BODY


@pytest.mark.parametrize(
    "attributes",
    [
        {"pieces": [b"x" * 1023]},
        {"pieces": []},
        {"fields": {"Content-Encoding": "br"}},
        {"fields": {"Cache-Control": "no-cache, No-Transform"}},
        {"status": 206, "fields": {"Content-Range": "bytes 0-2399/9999"}},
        {"flushing": True, "pieces": [b""], "fields": {"Content-Length": "0"}},
    ],
    ids=["short", "empty", "encoded already", "not to be changed", "a part", "empty and flushed"],
)
def test_what_must_not_or_need_not_be_is_left_alone(attributes: dict[str, Any]) -> None:
    got = answer(**attributes)
    assert got.headers.get("Content-Encoding") != "gzip"
    assert got.body == b"".join(attributes.get("pieces", [BODY]))


def test_flushed_pieces_can_each_be_read_when_they_come() -> None:
    transform = web.GZipContentEncoding(
        HTTPServerRequest("GET", "/", headers=HTTPHeaders({"Accept-Encoding": "gzip"}))
    )
    headers = HTTPHeaders({"Content-Type": "text/plain"})
    _, headers, wire_bytes = transform.transform_first_chunk(200, headers, b"one", False)
    assert headers["Content-Encoding"] == "gzip"
    client = zlib.decompressobj(16 + zlib.MAX_WBITS)
    assert client.decompress(wire_bytes) == b"one"
    assert client.decompress(transform.transform_chunk(b"two", False)) == b"two"
    assert client.decompress(transform.transform_chunk(b"end", True)) == b"end"
    assert client.eof


def test_flushed_answers_are_chunked_or_end_with_the_connection() -> None:
    pieces = [b"one", b"two"]
    chunked = answer(flushing=True, pieces=pieces)
    assert chunked.headers["Transfer-Encoding"] == "chunked"
    assert "Content-Length" not in chunked.headers
    closing = answer(flushing=True, pieces=pieces, version=b"1.0")
    assert gzip.decompress(closing.body) == b"onetwo"


def test_a_length_that_was_announced_is_kept_true() -> None:
    whole = answer(flushing=True, fields={"Content-Length": str(len(BODY))})
    assert gzip.decompress(whole.body) == BODY
    assert whole.headers["Content-Length"] == str(len(whole.body))
    begun = answer(flushing=True, pieces=[BODY, BODY], fields={"Content-Length": "4800"})
    assert begun.headers["Transfer-Encoding"] == "chunked"
    assert "Content-Length" not in begun.headers


def test_head_says_what_get_says() -> None:
    got, head = answer(), answer(method="HEAD")
    assert head.body == b""
    for name in ("Content-Encoding", "Content-Length", "Etag", "Vary"):
        assert head.headers[name] == got.headers[name]


def test_level_length_and_types_belong_to_the_class() -> None:
    class Eager(web.GZipContentEncoding):
        MIN_LENGTH = 1
        GZIP_LEVEL = 9
        CONTENT_TYPES = {*web.GZipContentEncoding.CONTENT_TYPES, "application/x-own"}

    page = type("Own", (Page,), {"pieces": [b"x"], "fields": {"Content-Type": "application/x-own"}})
    (got,) = ask(web.Application([("/", page)], transforms=[Eager]), wire("/", GZIP))
    assert gzip.decompress(got.body) == b"x"


def test_settings_ask_for_it_unless_transforms_were_given() -> None:
    gzipping = [web.GZipContentEncoding]
    assert web.Application(compress_response=True).transforms == gzipping
    assert web.Application(gzip=True).transforms == gzipping
    assert web.Application(transforms=[], gzip=True).transforms == []
    assert web.Application().transforms == []
