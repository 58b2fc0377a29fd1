"""gzip as it arrives: cut anywhere, in members, too large, damaged."""

from __future__ import annotations

import gzip
import random
import zlib

import pytest
from tests.support.work import cpu_limit

from whirlwind.util import GzipDecompressor

PLAIN = b"hello " * 50 + b"end"
NO_LIMIT = 1 << 30


def decompress_all(pieces: list[bytes], max_length: int) -> bytes:
    decompressor = GzipDecompressor()
    plain = b""
    for piece in pieces:
        while piece:
            out = decompressor.decompress(piece, max_length)
            assert len(out) <= max_length
            plain += out
            piece = decompressor.unconsumed_tail
    return plain + decompressor.flush()


def test_where_the_bytes_are_cut_does_not_matter() -> None:
    wire = gzip.compress(PLAIN) + gzip.compress(b"") + gzip.compress(b"more")
    for cut in range(len(wire) + 1):
        assert decompress_all([wire[:cut], wire[cut:]], NO_LIMIT) == PLAIN + b"more", cut


@pytest.mark.parametrize("max_length", [1, 7, len(PLAIN), len(PLAIN) + 1, 2 * len(PLAIN)])
def test_no_more_comes_out_than_was_asked_for(max_length: int) -> None:
    wire = gzip.compress(PLAIN) * 3
    assert decompress_all([wire], max_length) == PLAIN * 3


def test_large_members_pass_piece_by_piece() -> None:
    plain = random.Random(1).randbytes(300_000)
    wire = gzip.compress(plain) + gzip.compress(plain)
    assert decompress_all([wire], NO_LIMIT) == plain * 2
    assert decompress_all([wire], 1000) == plain * 2


def test_output_that_zlib_holds_back_comes_without_further_input() -> None:
    decompressor = GzipDecompressor()
    wire = gzip.compress(bytes(10_000))
    plain = decompressor.decompress(wire[:-1], 100)
    while decompressor.unconsumed_tail:
        plain += decompressor.decompress(decompressor.unconsumed_tail, 100)
    while out := decompressor.decompress(b"", 100):
        plain += out
    plain += decompressor.decompress(wire[-1:], 100)
    assert plain + decompressor.flush() == bytes(10_000)


def test_nothing_at_all_is_a_stream_of_no_members() -> None:
    decompressor = GzipDecompressor()
    assert decompressor.decompress(b"", 1) == b""
    assert decompressor.flush() == b""


def test_a_truncated_stream_is_an_error_wherever_it_ends() -> None:
    wire = gzip.compress(PLAIN)
    for end in range(1, len(wire)):
        decompressor = GzipDecompressor()
        decompressor.decompress(wire[:end], NO_LIMIT)
        with pytest.raises(zlib.error, match="truncated"):
            decompressor.flush()


def test_security_something_else_after_the_end_is_an_error() -> None:
    wire = gzip.compress(PLAIN)
    with pytest.raises(zlib.error, match=r"expected a gzip member, got b'HTTP/1\.1"):
        GzipDecompressor().decompress(wire + b"HTTP/1.1 200 OK", NO_LIMIT)
    decompressor = GzipDecompressor()
    decompressor.decompress(wire, NO_LIMIT)
    with pytest.raises(zlib.error, match="expected a gzip member"):
        decompressor.decompress(b"garbage", NO_LIMIT)


def test_what_is_not_gzip_is_refused() -> None:
    for wire in (b"plain text", zlib.compress(PLAIN)):
        with pytest.raises(zlib.error, match="expected a gzip member"):
            GzipDecompressor().decompress(wire, NO_LIMIT)


def test_damage_is_found_by_the_checksum() -> None:
    wire = bytearray(gzip.compress(PLAIN))
    wire[-6] ^= 1
    with pytest.raises(zlib.error):
        GzipDecompressor().decompress(bytes(wire), NO_LIMIT)


def test_flush_reminds_of_input_that_was_not_passed_on() -> None:
    decompressor = GzipDecompressor()
    decompressor.decompress(gzip.compress(PLAIN), 1)
    with pytest.raises(ValueError, match="unconsumed_tail must be passed"):
        decompressor.flush()


def test_no_limit_is_deprecated_and_a_negative_one_refused() -> None:
    with pytest.warns(DeprecationWarning, match="without max_length"):
        assert GzipDecompressor().decompress(gzip.compress(PLAIN)) == PLAIN
    with pytest.raises(ValueError, match="non-negative"):
        GzipDecompressor().decompress(b"", -1)


def test_security_a_bomb_comes_out_in_portions() -> None:
    decompressor = GzipDecompressor()
    assert len(decompressor.decompress(gzip.compress(bytes(50_000_000)), 1000)) == 1000


def test_security_many_empty_members_take_linear_time() -> None:
    wire = gzip.compress(b"", mtime=0) * 250_000
    with cpu_limit():
        assert GzipDecompressor().decompress(wire, NO_LIMIT) == b""
