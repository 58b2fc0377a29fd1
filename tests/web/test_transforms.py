"""Which transforms let further pieces of a body pass as they are."""

from __future__ import annotations

import pytest

from whirlwind import web
from whirlwind._http.messages import HTTPServerRequest
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._web.transforms import OutputTransform, passes_bytes

REQUEST = HTTPServerRequest("GET", "/", headers=HTTPHeaders({"Accept-Encoding": "gzip"}))


class Pieces(OutputTransform):
    def transform_chunk(self, chunk: bytes, finishing: bool) -> bytes:
        return chunk.upper()


class Foreign:
    """Has the methods, and another base."""

    transform_first_chunk = OutputTransform.transform_first_chunk
    transform_chunk = OutputTransform.transform_chunk


def test_a_transform_that_changes_nothing_changes_nothing() -> None:
    transform = OutputTransform(REQUEST)
    headers = HTTPHeaders()
    assert transform.transform_first_chunk(200, headers, b"a", False) == (200, headers, b"a")
    assert transform.transform_chunk(b"b", True) == b"b"
    assert passes_bytes(transform)


def test_a_transform_of_pieces_or_of_an_unknown_kind_wants_to_see_them() -> None:
    assert not passes_bytes(Pieces(REQUEST))
    assert not passes_bytes(Foreign())


@pytest.mark.parametrize(("media_type", "passes"), [("image/png", True), ("text/css", False)])
def test_compression_wants_to_see_what_it_compresses(media_type: str, passes: bool) -> None:
    transform = web.GZipContentEncoding(REQUEST)
    transform.transform_first_chunk(200, HTTPHeaders({"Content-Type": media_type}), b"a", False)
    assert passes_bytes(transform) is passes
