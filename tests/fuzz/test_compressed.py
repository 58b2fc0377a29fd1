"""Compressed messages and bodies: whole, cut, damaged, and far larger than they look."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from tests.fuzz.effort import effort
from tests.fuzz.wires import pieces_of

from whirlwind._base.errors import RemoteProtocolError
from whirlwind._http.client.decoded_body import decoder_of
from whirlwind._proto.http.errors import HTTPInputError
from whirlwind._proto.websocket.deflate import MessageCompressor, MessageDecompressor

LIMIT = 20_000

plain = st.one_of(
    st.binary(max_size=600),
    st.tuples(st.binary(min_size=1, max_size=20), st.integers(0, 1000)).map(
        lambda made: made[0] * made[1]
    ),
)
damage = st.lists(
    st.tuples(st.integers(0, 10_000), st.integers(0, 255), st.integers(0, 3)), max_size=3
)


def damaged(wire: bytes, changes: list[tuple[int, int, int]]) -> bytes:
    """Change a byte, take some away, or put one in."""
    for place, byte, how in changes:
        at = place % (len(wire) + 1)
        if how == 0:
            wire = wire[:at]
        else:
            wire = wire[:at] + bytes([byte]) * (how < 3) + wire[at + how - 1 :]
    return wire


# --- permessage-deflate ---


def inflated(message: bytes, bits: int) -> bytes | None:
    """What zlib itself makes of one message without context; None where it is refused."""
    wire = message + b"\x00\x00\xff\xff"
    found = b""
    while wire:
        decompressor = zlib.decompressobj(-bits)
        try:
            found += decompressor.decompress(wire)
        except zlib.error:
            return None
        if not decompressor.eof:
            return found
        wire = decompressor.unused_data
        if wire == b"\x00\x00\xff\xff":
            return found
    return found


@effort
@given(
    st.lists(plain, max_size=4),
    st.booleans(),
    st.integers(9, 15),
    st.integers(0, 9),
    st.lists(st.integers(0, 30_000), max_size=6),
)
def test_messages_come_back_whatever_their_pieces(
    messages: list[bytes], persistent: bool, bits: int, level: int, cuts: list[int]
) -> None:
    compressor = MessageCompressor(persistent, bits, {"compression_level": level, "mem_level": 1})
    whole = MessageDecompressor(persistent, bits, LIMIT)
    pieces = MessageDecompressor(persistent, bits, LIMIT)
    for message in messages:
        wire = compressor.compress(message)
        assert whole.decompress(wire) == message
        got = b"".join([pieces.feed(piece) for piece in pieces_of(wire, cuts)])
        assert got + pieces.finish() == message


@effort
@given(plain, damage)
def test_a_message_that_was_damaged_means_what_it_means_to_zlib_or_is_refused(
    message: bytes, changes: list[tuple[int, int, int]]
) -> None:
    wire = damaged(MessageCompressor(False, None).compress(message), changes)
    expected = inflated(wire, 15)
    try:
        got = MessageDecompressor(False, None, 10 * LIMIT).decompress(wire)
    except RemoteProtocolError as error:
        assert error.close_code in (1007, 1009)  # noqa: PT017
        assert expected is None or len(expected) > 10 * LIMIT
    else:
        assert got == expected


@effort
@given(st.integers(0, 3000), st.booleans(), st.lists(st.integers(0, 3000), max_size=4))
def test_a_bomb_is_refused_with_no_more_than_the_limit_made(
    limit: int, over: bool, cuts: list[int]
) -> None:
    wire = MessageCompressor(False, None).compress(bytes(limit + over))
    decompressor = MessageDecompressor(False, None, limit)
    made = 0
    try:
        for piece in pieces_of(wire, cuts):
            made += len(decompressor.feed(piece))
        made += len(decompressor.finish())
    except RemoteProtocolError as error:
        assert over
        assert error.close_code == 1009  # noqa: PT017
    else:
        assert not over
    assert made <= limit


# --- bodies ---

CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "raw deflate": lambda data: zlib.compress(data, wbits=-15),
    "br": brotli.compress,
    "zstd": zstandard.compress,
}


def decoded(coding: str, pieces: list[bytes], limit: int = LIMIT) -> bytes | None:
    """A body, decoded; None where it is refused."""
    decoder = decoder_of("deflate" if coding == "raw deflate" else coding, limit)
    assert decoder is not None
    body = b""
    try:
        for piece in pieces:
            body += b"".join(decoder.feed(piece))
            assert len(body) <= limit
        body += b"".join(decoder.finish())
    except HTTPInputError:
        return None
    return body


@pytest.mark.parametrize("coding", CODINGS)
@effort
@given(body=plain, cuts=st.lists(st.integers(0, 1000), max_size=5))
def test_a_body_comes_back_wherever_it_is_cut_and_is_refused_if_it_is_cut_off(
    coding: str, body: bytes, cuts: list[int]
) -> None:
    wire = CODINGS[coding](body)
    pieces = pieces_of(wire, cuts)
    assert decoded(coding, pieces) == body
    for count in range(1, len(pieces)):
        assert decoded(coding, pieces[:count]) is None


@pytest.mark.parametrize("coding", CODINGS)
@effort
@given(body=plain, changes=damage, cuts=st.lists(st.integers(0, 1000), max_size=5))
def test_a_damaged_body_is_the_same_wherever_it_is_cut(
    coding: str, body: bytes, changes: list[tuple[int, int, int]], cuts: list[int]
) -> None:
    wire = damaged(CODINGS[coding](body), changes)
    whole = decoded(coding, [wire])
    if coding == "zstd" and wire.endswith(b"\x01\0\0"):
        # Of a frame that comes in pieces and ends with an empty block, libzstd does not compare
        # the size with the one announced.
        assert whole in (decoded(coding, pieces_of(wire, cuts)), None)
    else:
        assert decoded(coding, pieces_of(wire, cuts)) == whole
    if coding == "gzip" and whole is not None and wire:
        # It has a checksum: what is taken is what was sent, or several of it.
        assert whole in (body, b"") or body in whole or len(body) < 8


@pytest.mark.parametrize("coding", CODINGS)
@effort
@given(limit=st.integers(1, LIMIT), over=st.integers(-1, 1))
def test_a_body_may_have_the_limit_and_not_a_byte_more(coding: str, limit: int, over: int) -> None:
    got = decoded(coding, [CODINGS[coding](bytes(limit + over))], limit)
    assert (got is None) == (over > 0)
