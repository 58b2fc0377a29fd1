"""Decompression: every cut, every coding, the limit, damage."""

from __future__ import annotations

import gzip
import zlib

import pytest

from whirlwind._base.limits import BODY_CHUNK_SIZE
from whirlwind._http.body_decoding import BodyDecoder, can_decode
from whirlwind._proto.http.errors import HTTPInputError

PLAIN = b"Wikipedia, the free encyclopedia. " * 3
BARE = zlib.compressobj(wbits=-zlib.MAX_WBITS)
CODINGS = [
    ("gzip", gzip.compress(PLAIN)),
    ("X-GZIP", gzip.compress(PLAIN)),
    ("deflate", zlib.compress(PLAIN)),
    ("Deflate", BARE.compress(PLAIN) + BARE.flush()),
]


def decode(coding: str, pieces: list[bytes], limit: int = 10_000) -> bytes:
    decoder = BodyDecoder(coding, limit)
    plain = [part for piece in pieces for part in decoder.feed(piece)]
    return b"".join([*plain, *decoder.finish()])


@pytest.mark.parametrize(("coding", "wire"), CODINGS)
def test_where_the_bytes_are_cut_does_not_matter(coding: str, wire: bytes) -> None:
    assert can_decode(coding)
    for cut in range(1, len(wire)):
        assert decode(coding, [wire[:cut], wire[cut:]]) == PLAIN, cut
    assert decode(coding, [wire]) == PLAIN


@pytest.mark.parametrize(("coding", "wire"), CODINGS)
def test_rule_5_the_limit_holds_at_and_not_one_over(coding: str, wire: bytes) -> None:
    assert decode(coding, [wire], len(PLAIN)) == PLAIN
    with pytest.raises(HTTPInputError, match="max_body_size"):
        decode(coding, [wire], len(PLAIN) - 1)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_rule_5_a_bomb_is_unpacked_piece_by_piece(coding: str) -> None:
    compress = gzip.compress if coding == "gzip" else zlib.compress
    decoder = BodyDecoder(coding, BODY_CHUNK_SIZE * 2)
    seen = 0
    with pytest.raises(HTTPInputError, match="too large"):
        for piece in decoder.feed(compress(bytes(10_000_000))):
            assert len(piece) <= BODY_CHUNK_SIZE
            seen += len(piece)
    assert seen <= BODY_CHUNK_SIZE * 2


@pytest.mark.parametrize(("coding", "wire"), CODINGS)
def test_rule_7_what_was_cut_off_is_an_error(coding: str, wire: bytes) -> None:
    for cut in range(1, len(wire)):
        with pytest.raises(HTTPInputError, match="invalid"):
            decode(coding, [wire[:cut]])


@pytest.mark.parametrize(("coding", "wire"), CODINGS)
def test_damage_and_what_follows_the_end_are_errors(coding: str, wire: bytes) -> None:
    for damaged in (b"\xff" * 20, wire + b"x", wire[:10] + b"\xff\xff" + wire[12:]):
        with pytest.raises(HTTPInputError, match="invalid"):
            decode(coding, [damaged])
    if "deflate" in coding.lower():
        with pytest.raises(HTTPInputError, match="invalid"):
            decode(coding, [wire, b"x"])


def test_no_bytes_are_an_empty_body_in_deflate() -> None:
    assert decode("deflate", []) == b""


def test_other_codings_are_left_alone() -> None:
    assert not can_decode("br")
    assert not can_decode("gzip, deflate")
