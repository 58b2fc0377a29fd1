"""Brotli and Zstandard: bounded output at each step, every cut, and what happens without them."""

from __future__ import annotations

import importlib
import struct
from types import ModuleType
from typing import Any

import brotli
import pytest
import zstandard

from whirlwind._http import optional_codings
from whirlwind._http.optional_codings import OptionalDecoder, can_decode_optional
from whirlwind._proto.http.errors import HTTPInputError

PLAIN = bytes(range(256)) * 40


def decoder(coding: str, max_size: int = 100_000_000) -> OptionalDecoder:
    assert can_decode_optional(coding)
    return OptionalDecoder(coding, max_size)


@pytest.mark.parametrize(
    ("coding", "wire"),
    [("br", brotli.compress(PLAIN)), ("ZSTD", zstandard.compress(PLAIN[:5000]) * 2)],
)
def test_where_the_bytes_are_cut_does_not_matter(coding: str, wire: bytes) -> None:
    whole = b"".join(decoder(coding).feed(wire))
    assert whole in (PLAIN, PLAIN[:5000] * 2)
    for cut in range(0, len(wire), 7):
        one = decoder(coding)
        assert b"".join([*one.feed(wire[:cut]), *one.feed(wire[cut:]), *one.finish()]) == whole
        if cut and coding == "br":
            short = decoder(coding)
            list(short.feed(wire[:cut]))
            with pytest.raises(HTTPInputError, match="cut off"):
                short.finish()


def test_rule_5_each_piece_of_a_brotli_bomb_is_bounded() -> None:
    sizes = [len(piece) for piece in decoder("br").feed(brotli.compress(b"0" * 10_000_000))]
    assert (sum(sizes), max(sizes) <= 100_000) == (10_000_000, True)


def test_rule_5_each_piece_of_a_zstandard_bomb_is_bounded() -> None:
    # Blocks of one byte said to repeat 128 Ki times: 4 bytes each, the worst there is.
    head = bytes.fromhex("28b52ffd") + bytes([0, 13 << 3])
    block = struct.pack("<I", 131_072 << 3 | 2)[:3] + b"0"
    sizes = [len(piece) for piece in decoder("zstd").feed(head + block * 500)]
    assert sum(sizes) > 60_000_000
    assert max(sizes) <= 17 * 131_072


def test_rule_5_a_window_larger_than_http_allows_is_refused() -> None:
    head = bytes.fromhex("28b52ffd") + bytes([0, 17 << 3])  # 128 MiB
    with pytest.raises(HTTPInputError, match="invalid zstd data"):
        list(decoder("zstd").feed(head + struct.pack("<I", 1 << 3 | 3)[:3] + b"0"))


def test_without_the_package_or_with_one_that_knows_no_limit_the_coding_is_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def absent(name: str) -> ModuleType:
        raise ImportError(name)

    old: Any = ModuleType("brotli")
    old.Decompressor = type("Decompressor", (), {})
    for importing in (absent, lambda name: old):
        monkeypatch.setattr(optional_codings, "_found", {})
        monkeypatch.setattr(importlib, "import_module", importing)
        assert not can_decode_optional("br")
        assert not can_decode_optional("zstd")
    assert not can_decode_optional("lz4")
