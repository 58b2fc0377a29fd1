"""Bodies out of files over TLS and through transforms, where the kernel cannot send them."""

from __future__ import annotations

import gzip
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from tests.support.raw_http import run, serving
from tests.support.static_files import Answer, ask, wire
from tests.support.streams import SERVER_OPTIONS, trusting_context

from whirlwind import web
from whirlwind._web.static.opened_file import OpenedFile

SIZE = 8_000_000


@pytest.fixture
def data(tmp_path: Path) -> bytes:
    data = os.urandom(1000) * (SIZE // 1000)
    (tmp_path / "f.txt").write_bytes(data)
    (tmp_path / "f.bin").write_bytes(data)
    (tmp_path / "page.html").write_bytes(b"<head></head>" + data)
    return data


@pytest.fixture
def no_sendfile(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any) -> int:
        raise AssertionError("sendfile was called")

    monkeypatch.setattr(os, "sendfile", refuse)


def application(root: Path, **settings: Any) -> web.Application:
    return web.Application([(r"/(.*)", web.StaticFileHandler, {"path": str(root)})], **settings)


@pytest.mark.usefixtures("no_sendfile")
def test_compressed_files_come_in_pieces(tmp_path: Path, data: bytes) -> None:
    (answer,) = ask(
        application(tmp_path, compress_response=True),
        wire("/f.txt", "Accept-Encoding: gzip").replace(b"HTTP/1.1", b"HTTP/1.0"),
    )
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.body) == data


def test_what_compression_leaves_alone_still_goes_by_sendfile(
    tmp_path: Path, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    real = os.sendfile

    def counted(out: int, file: int, offset: int, count: int) -> int:
        sent.append(real(out, file, offset, count))
        return sent[-1]

    monkeypatch.setattr(os, "sendfile", counted)
    site = application(tmp_path, compress_response=True)
    answers = ask(
        site,
        wire("/f.bin", "Accept-Encoding: gzip"),
        wire("/f.txt", "Accept-Encoding: gzip", "Range: bytes=1-7999999"),
        wire("/f.txt"),
    )
    assert [answer.body for answer in answers] == [data, data[1:], data]
    assert all(answer.headers["Vary"] == "Accept-Encoding" for answer in answers)
    assert sum(sent) > 23_000_000


def test_a_transform_that_adds_to_the_beginning_of_a_page_sees_it(
    tmp_path: Path, data: bytes
) -> None:
    class Script(web.OutputTransform):
        """What development servers do to reload pages."""

        def transform_first_chunk(
            self, status_code: int, headers: Any, chunk: bytes, finishing: bool
        ) -> Any:
            chunk = chunk.replace(b"</head>", b"<script></script></head>")
            headers["Content-Length"] = str(int(headers["Content-Length"]) + 17)
            return status_code, headers, chunk

    (answer,) = ask(application(tmp_path, transforms=[Script]), wire("/page.html"))
    assert answer.body == b"<head><script></script></head>" + data


@pytest.mark.usefixtures("no_sendfile")
def test_over_tls_files_are_read_in_threads_as_fast_as_the_client_reads(
    tmp_path: Path, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    real = OpenedFile.read

    def counted(file: OpenedFile, count: int, offset: int) -> bytes:
        assert threading.current_thread() is not threading.main_thread()
        piece = real(file, count, offset)
        read.append(len(piece))
        return piece

    async def main() -> None:
        site = application(tmp_path, log_function=lambda handler: None)
        web.StaticFileHandler.get_version({"static_path": str(tmp_path)}, "f.txt")
        monkeypatch.setattr(OpenedFile, "read", counted)
        async with serving(site, ssl_options=SERVER_OPTIONS) as running:
            slow = await running.connect(ssl=trusting_context(), limit=1000)
            await slow.send(wire("/f.txt"))
            await slow.head()
            quick = await running.connect(ssl=trusting_context())
            await quick.send(wire("/f.txt", "Range: bytes=0-99999"))
            assert Answer(await quick.rest()).body == data[:100_000]
            connection = next(
                each for each in running.server._connections if each.exchange is not None
            )
            assert connection.transport is not None
            assert connection.transport.get_write_buffer_size() < 1_000_000
            assert await slow.rest() == data

    run(main)
    assert max(read) <= 262_144
