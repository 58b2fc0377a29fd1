"""nginx in front, as a proxy."""

from __future__ import annotations

import pathlib
import tempfile
from collections.abc import Iterator

import pytest
from tests.peers.application import PIECES, application
from tests.support.peers import nginx_before, output_of
from tests.support.raw_http import run, serving


@pytest.fixture
def folder() -> Iterator[pathlib.Path]:
    # Not pytest's: the path of a Unix socket may have 107 bytes.
    with tempfile.TemporaryDirectory() as path:
        yield pathlib.Path(path)


def through_nginx(folder: pathlib.Path, *arguments: str, given: bytes = b"") -> tuple[bytes, int]:
    """Run curl against nginx; return what it printed, and how many connections nginx opened."""
    got: list[tuple[bytes, int]] = []

    async def main() -> None:
        async with serving(application(), xheaders=True) as running:
            opened = []
            note = running.server.connection_opened
            running.server.connection_opened = lambda c: (opened.append(c), note(c))  # type: ignore
            async with nginx_before(running.port, folder) as front:
                before = len(opened)
                body, _ = await output_of(
                    "curl", "-sS", "--unix-socket", front, *arguments, given=given
                )
                got.append((body, len(opened) - before))

    run(main)
    return got[0]


def test_requests_come_over_kept_connections(folder: pathlib.Path) -> None:
    body, connections = through_nginx(folder, *["http://name/"] * 20)
    assert body == b"Hello" * 20
    assert connections <= 2


def test_the_proxys_word_on_the_client_counts(folder: pathlib.Path) -> None:
    body, _ = through_nginx(folder, "http://name/peer")
    assert body == b"https 203.0.113.7 name HTTP/1.1"


@pytest.mark.parametrize("path", ["/count", "/unbuffered/count"])
def test_a_body_goes_through(folder: pathlib.Path, path: str) -> None:
    chunked = ("-H", "Transfer-Encoding: chunked", "-T", "-")
    body, _ = through_nginx(folder, *chunked, f"http://name{path}", given=b"x" * (1 << 20))
    assert body == b"1048576"


@pytest.mark.parametrize("path", ["/pieces", "/unbuffered/pieces"])
def test_an_answer_in_pieces_goes_through(folder: pathlib.Path, path: str) -> None:
    body, _ = through_nginx(folder, f"http://name{path}")
    assert body == PIECES


def test_an_early_refusal_reaches_the_client(folder: pathlib.Path) -> None:
    status = ("-o", "/dev/null", "-w", "%{http_code}")
    code, _ = through_nginx(
        folder, *status, "--data-binary", "@-", "http://name/missing", given=b"x" * 100
    )
    assert code == b"404"
