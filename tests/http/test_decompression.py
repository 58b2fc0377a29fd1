"""Compressed bodies of requests: what the delegate sees, and what is refused."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Awaitable
from typing import Any

import brotli
import pytest
import zstandard
from tests.support.raw_http import run, serving

from whirlwind._http.messages import (
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    HTTPServerRequest,
)
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http.start_line import ResponseStartLine


def post(body: bytes, coding: str = "gzip") -> bytes:
    fields = ["Host: h", "Connection: close", f"Content-Encoding: {coding}"]
    head = ["POST / HTTP/1.1", *fields, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(head).encode() + body


def look(request: HTTPServerRequest) -> None:
    """Answer with the coding's two fields and the body."""
    fields = [
        request.headers.get(n, "-") for n in ("Content-Encoding", "X-Consumed-Content-Encoding")
    ]
    text = " ".join(fields).encode() + b" " + request.body
    length = HTTPHeaders({"Content-Length": str(len(text))})
    request.connection.write_headers(ResponseStartLine("", 200, "OK"), length, text)
    request.connection.finish()


@pytest.mark.parametrize(
    ("options", "wire", "expected"),
    [
        pytest.param(
            {"decompress_request": True}, post(gzip.compress(b"plain")), b"- gzip plain", id="gzip"
        ),
        pytest.param(
            {"decompress_request": True},
            post(gzip.compress(b"two ") + gzip.compress(b"members"), "GZIP"),
            b"- GZIP two members",
            id="members",
        ),
        pytest.param(
            {"decompress_request": True},
            post(zlib.compress(b"plain"), "deflate"),
            b"- deflate plain",
            id="deflate",
        ),
        pytest.param(
            {"decompress_request": True},
            post(brotli.compress(b"plain"), "br"),
            b"- br plain",
            id="br",
        ),
        pytest.param(
            {"decompress_request": True},
            post(zstandard.compress(b"two ") + zstandard.compress(b"frames"), "zstd"),
            b"- zstd two frames",
            id="zstd",
        ),
        pytest.param(
            {"decompress_request": True}, post(b"raw", "lz4"), b"lz4 - raw", id="another coding"
        ),
        pytest.param({}, post(b"raw"), b"gzip - raw", id="not asked for"),
    ],
)
def test_a_body_is_decompressed_where_the_server_is_told_to(
    options: dict[str, Any], wire: bytes, expected: bytes
) -> None:
    async def main() -> None:
        async with serving(look, **options) as running:
            answer = await running.exchange(wire)
            assert answer.partition(b"\r\n\r\n")[2] == expected

    run(main)


COMPRESSORS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}


@pytest.mark.parametrize("coding", COMPRESSORS)
def test_rule_5_a_body_that_inflates_too_far_or_is_damaged_is_refused(coding: str) -> None:
    compress = COMPRESSORS[coding]
    bodies = {
        "one byte over the limit": compress(b"0" * 1001),
        "bomb": compress(b"0" * 10_000_000)[:500],
        "cut off": compress(b"plain")[:-1],
        "not compressed": b"plain",
        "something behind its end": compress(b"plain") + b"more",
        "nothing": b"\x00",
    }

    async def main() -> None:
        async with serving(look, decompress_request=True, max_body_size=1000) as running:
            for what, body in bodies.items():
                got = await running.exchange(post(body, coding))
                assert got.startswith(b"HTTP/1.1 400 "), what
            whole = await running.exchange(post(compress(b"0" * 1000), coding))
            assert whole.endswith(b" " + b"0" * 1000)

    run(main)


def test_pieces_are_of_the_chunk_size_and_wait_for_the_delegate() -> None:
    seen: list[bytes] = []

    class Slow(HTTPServerConnectionDelegate):
        def start_request(self, server_conn: object, request_conn: Any) -> HTTPMessageDelegate:
            class Message(HTTPMessageDelegate):
                def data_received(self, chunk: bytes) -> Awaitable[None]:
                    seen.append(chunk)
                    return asyncio.sleep(0)

                def finish(self) -> None:
                    seen.append(b"end")
                    length = HTTPHeaders({"Content-Length": "0"})
                    request_conn.write_headers(ResponseStartLine("", 200, "OK"), length)
                    request_conn.finish()

            return Message()

    async def main() -> None:
        async with serving(Slow(), decompress_request=True, chunk_size=16) as running:
            await running.exchange(post(gzip.compress(b"x" * 40)))

    run(main)
    assert seen == [b"x" * 16, b"x" * 16, b"x" * 8, b"end"]
