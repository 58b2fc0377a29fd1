"""Compression of messages, against the examples of RFC 7692, section 7.2.3."""

from __future__ import annotations

import zlib

import pytest

from whirlwind._base.errors import RemoteProtocolError
from whirlwind._proto.websocket.deflate import (
    DecompressTooLargeError,
    MessageCompressor,
    MessageDecompressor,
)

HELLO = bytes.fromhex("f248cdc9c90700")


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param("f248cdc9c90700", id="7.2.3.1"),
        pytest.param("000500faff48656c6c6f00", id="7.2.3.3 stored"),
        pytest.param("f348cdc9c9070000", id="7.2.3.4 final block"),
        pytest.param("f348cdc9c90700", id="final block, and nothing after it"),
        pytest.param("f248050000 00ffff cac9c90700", id="7.2.3.5 two blocks"),
    ],
)
def test_the_examples_of_the_rfc_are_read(wire: str) -> None:
    data = bytes.fromhex(wire)
    for cut in range(len(data) + 1):
        decompressor = MessageDecompressor(True, 15, 5)
        plain = decompressor.feed(data[:cut]) + decompressor.feed(data[cut:])
        assert plain + decompressor.finish() == b"Hello", cut
        assert decompressor.decompress(data) == b"Hello"


def test_with_context_takeover_a_message_refers_to_the_one_before() -> None:
    compressor = MessageCompressor(True, None)
    assert compressor.compress(b"Hello") == HELLO
    assert compressor.compress(b"Hello") == bytes.fromhex("f200110000")
    decompressor = MessageDecompressor(True, None, 100)
    assert decompressor.decompress(HELLO) == b"Hello"
    assert decompressor.decompress(bytes.fromhex("f200110000")) == b"Hello"


def test_without_it_every_message_stands_for_itself() -> None:
    compressor = MessageCompressor(False, None)
    assert [compressor.compress(b"Hello") for _ in range(2)] == [HELLO, HELLO]
    decompressor = MessageDecompressor(False, None, 100)
    assert decompressor.decompress(HELLO) == b"Hello"
    with pytest.raises(RemoteProtocolError):
        decompressor.decompress(bytes.fromhex("f200110000"))


@pytest.mark.parametrize("persistent", [True, False])
@pytest.mark.parametrize("bits", [9, 12, 15, None])
def test_what_is_compressed_can_be_decompressed(persistent: bool, bits: int | None) -> None:
    options = {"compression_level": 9, "mem_level": 3}
    compressor = MessageCompressor(persistent, bits, options)
    decompressor = MessageDecompressor(persistent, bits, 100_000, options)
    messages = [b"", b"", b"x", bytes(range(256)) * 300, b"", bytes(range(256)) * 300]
    for message in messages:
        wire = compressor.compress(message)
        assert not wire.endswith(b"\x00\x00\xff\xff")
        assert decompressor.decompress(wire) == message


def test_an_empty_message_is_one_byte() -> None:
    assert MessageCompressor(True, None).compress(b"") == b"\x00"


def test_windows_that_zlib_does_not_have_are_refused() -> None:
    for bits in (8, 16, 0):
        with pytest.raises(ValueError, match="window"):
            MessageCompressor(True, bits)
    for bits in (7, 16):
        with pytest.raises(ValueError, match="window"):
            MessageDecompressor(True, bits, 10)
    assert MessageDecompressor(True, 8, 10).decompress(HELLO) == b"Hello"


@pytest.mark.parametrize("limit", [1, 4, 1000])
def test_security_decompression_stops_at_the_limit(limit: int) -> None:
    """Rules 5 and 14: limits after inflate, checked before allocation."""
    fits = MessageCompressor(False, None).compress(bytes(limit))
    bomb = MessageCompressor(False, None).compress(bytes(50_000_000))
    decompressor = MessageDecompressor(True, None, limit)
    assert decompressor.decompress(fits) == bytes(limit)
    with pytest.raises(DecompressTooLargeError, match="max_message_size") as caught:
        decompressor.decompress(bomb)
    assert caught.value.close_code == 1009


def test_security_a_limit_of_nothing_is_a_limit() -> None:
    """Rule 5: zlib takes 0 for no limit; here it stands for 0 bytes."""
    with pytest.raises(DecompressTooLargeError):
        MessageDecompressor(True, None, 0).decompress(HELLO)
    assert MessageDecompressor(True, None, 0).decompress(b"\x00") == b""


def test_many_final_blocks_are_no_deep_recursion() -> None:
    block = zlib.compressobj(wbits=-15)
    one = block.compress(b"a") + block.flush()
    assert MessageDecompressor(True, None, 5000).decompress(one * 5000) == b"a" * 5000


def test_garbage_is_refused() -> None:
    with pytest.raises(RemoteProtocolError, match="not DEFLATE") as caught:
        MessageDecompressor(True, None, 100).decompress(b"\xff\xff\xff\xff")
    assert caught.value.close_code == 1007
