"""Frames and compression against whatever a peer may send; bounded, and the same each time."""

from __future__ import annotations

import asyncio
import itertools
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fuzz.effort import effort
from tests.fuzz.wires import pieces_of
from tests.support.scripted_websocket import opened

from whirlwind._base.errors import RemoteProtocolError
from whirlwind._proto.websocket.close_codes import encode_close, parse_close
from whirlwind._proto.websocket.deflate import MessageCompressor, MessageDecompressor
from whirlwind._proto.websocket.events import Closed, Event, Failed, Ping, Pong
from whirlwind._proto.websocket.extensions import accept_offer, check_answer, parse_extensions
from whirlwind._proto.websocket.frames_cy import decode_header, encode_frame, take_frame
from whirlwind._proto.websocket.machine import WebSocketMachine
from whirlwind._proto.websocket.mask_cy import websocket_mask

LIMIT = 2000
MASK = b"\x01\x80\xff\x55"

bounded = effort


def machine(*, compressed: bool) -> WebSocketMachine:
    return WebSocketMachine(
        client=False,
        max_message_size=LIMIT,
        decompressor=MessageDecompressor(True, None, LIMIT) if compressed else None,
    )


def feed(one: WebSocketMachine, wire: bytes, cuts: list[int]) -> list[Event]:
    events: list[Event] = []
    for piece in pieces_of(wire, cuts):
        events += one.feed(piece)
        while one.more:
            events += one.feed(b"")
    return events


def comparable(events: list[Event]) -> list[object]:
    return [
        ("failed", event.error.close_code) if isinstance(event, Failed) else event
        for event in events
    ]


frames = st.builds(
    encode_frame,
    st.one_of(
        st.sampled_from([0x81, 0x82, 0x01, 0x02, 0x00, 0x80, 0x89, 0x8A, 0xC1, 0x41, 0x88]),
        st.integers(0, 255),
    ),
    st.one_of(
        st.binary(max_size=140),
        st.text(max_size=60).map(str.encode),
        st.binary(max_size=300).map(MessageCompressor(False, None).compress),
        st.sampled_from([b"", b"\x03\xe8", bytes(130), bytes(LIMIT + 1)]),
    ),
    st.one_of(st.just(MASK), st.binary(min_size=4, max_size=4)),
)
wires = st.one_of(
    st.lists(frames, max_size=8).map(b"".join),
    st.binary(max_size=200),
    st.tuples(st.lists(frames, max_size=3).map(b"".join), st.binary(max_size=40)).map(b"".join),
)


@bounded
@given(wires, st.lists(st.integers(0, 4000), max_size=12), st.booleans())
def test_any_bytes_give_the_same_events_however_they_are_cut(
    wire: bytes, cuts: list[int], compressed: bool
) -> None:
    whole = feed(machine(compressed=compressed), wire, [])
    one = machine(compressed=compressed)
    parts = feed(one, wire, cuts)
    assert comparable(parts) == comparable(whole)
    for event in whole[:-1]:
        assert isinstance(event, str | bytes | Ping | Pong)
    for event in whole:
        if isinstance(event, str | bytes):
            assert len(event) <= LIMIT
        elif isinstance(event, Failed):
            assert event.error.close_code in (1002, 1007, 1009)
    assert one.done == (bool(whole) and isinstance(whole[-1], Closed | Failed))


fragmented = st.tuples(
    st.binary(max_size=40),
    st.one_of(st.integers(1, 3), st.integers(250, 260), st.integers(500, 900)),
)


@bounded
@given(
    st.lists(fragmented, max_size=4),
    st.lists(st.integers(0, 20_000), max_size=5),
    st.booleans(),
    st.booleans(),
)
def test_a_connection_tells_each_message_however_it_is_in_fragments_and_cut(
    messages: list[tuple[bytes, int]], cuts: list[int], slow: bool, ends: bool
) -> None:
    wire = b""
    for payload, count in messages:
        wire += encode_frame(0x82 if count == 1 else 0x02, payload, MASK)
        wire += encode_frame(0x00, b".", MASK) * (count - 2)
        wire += encode_frame(0x80, b"!", MASK) if count > 1 else b""
    places = sorted({0, len(wire), *(cut % (len(wire) + 1) for cut in cuts)})

    async def main() -> list[object]:
        protocol, transport, delegate = opened(max_message_size=LIMIT)

        def on_message(message: str | bytes) -> object:
            delegate.told.append(message)
            return asyncio.sleep(0) if slow else None

        delegate.on_message = on_message  # type: ignore[method-assign]
        for start, end in itertools.pairwise(places):
            while transport.paused:
                await asyncio.sleep(0)
            protocol.data_received(wire[start:end])
        if ends:
            protocol.connection_lost(None)
        for _ in range(60):
            await asyncio.sleep(0)
        if not ends:
            protocol.connection_lost(None)
        return delegate.told

    expected = [
        payload + b"." * (count - 2) + (b"!" if count > 1 else b"") for payload, count in messages
    ]
    told = asyncio.run(main())
    assert told.pop() == ("close", None, None)
    if slow and ends:
        # A handler that is at something hears of the end at once, and of nothing more.
        assert told == expected[: len(told)]
    else:
        assert told == expected


@bounded
@given(st.binary(max_size=300), st.binary(max_size=6), st.integers(0, 9))
def test_a_payload_is_masked_byte_by_byte_or_its_mask_refused(
    data: bytes, mask: bytes, start: int
) -> None:
    payload = data[start:]
    if len(mask) != 4:
        with pytest.raises(ValueError, match="4 bytes"):
            websocket_mask(mask, payload)
        return
    masked = websocket_mask(mask, payload)
    assert masked == bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))


@bounded
@given(st.binary(max_size=20), st.integers(0, 5))
def test_a_header_is_read_refused_or_waited_for(data: bytes, start: int) -> None:
    try:
        header = decode_header(data, start)
    except RemoteProtocolError as error:
        assert error.close_code == 1002  # noqa: PT017
        assert take_frame(data, start, True) is None
        assert take_frame(data, start, False) is None
        return
    if header is not None:
        flags, opcode, masked, head, size = header
        assert 0 <= flags <= 15
        assert 0 <= opcode <= 15
        assert masked in (0, 1)
        assert 2 <= head <= 14
        assert 0 <= size < 2**63
        taken = take_frame(data, start, bool(masked))
        if taken is not None:
            assert taken[2] == start + head + size <= len(data)
            assert len(taken[1]) == size


@bounded
@given(st.lists(st.binary(max_size=400), max_size=5), st.booleans(), st.integers(9, 15))
def test_what_is_compressed_comes_back(messages: list[bytes], persistent: bool, bits: int) -> None:
    compressor = MessageCompressor(persistent, bits)
    decompressor = MessageDecompressor(persistent, bits, 400)
    for message in messages:
        assert decompressor.decompress(compressor.compress(message)) == message


@bounded
@given(st.lists(st.binary(max_size=200), max_size=4), st.booleans())
def test_what_is_no_compression_is_refused_or_bounded(
    pieces: list[bytes], persistent: bool
) -> None:
    decompressor = MessageDecompressor(persistent, None, LIMIT)
    plain = b""
    try:
        for piece in pieces:
            plain += decompressor.feed(piece)
        plain += decompressor.finish()
    except RemoteProtocolError as error:
        assert error.close_code in (1007, 1009)  # noqa: PT017
    assert len(plain) <= LIMIT


@bounded
@given(st.binary(max_size=125))
def test_a_close_payload_is_read_as_it_would_be_written_or_refused(payload: bytes) -> None:
    try:
        code, reason = parse_close(payload)
    except RemoteProtocolError as error:
        assert error.close_code in (1002, 1007)  # noqa: PT017
        return
    assert encode_close(code, reason) == payload
    if code is not None:
        assert struct.unpack("!H", payload[:2])[0] == code


@bounded
@given(
    st.one_of(
        st.text(max_size=80),
        st.lists(
            st.sampled_from(
                [
                    "permessage-deflate",
                    ";",
                    ",",
                    "=",
                    '"',
                    " ",
                    "server_max_window_bits",
                    "client_max_window_bits",
                    "server_no_context_takeover",
                    "10",
                    "8",
                ]
            ),
            max_size=12,
        ).map("".join),
    )
)
def test_any_offer_is_answered_with_what_a_client_accepts_or_refused(text: str) -> None:
    try:
        offers = parse_extensions(text)
    except RemoteProtocolError:
        return
    agreement = accept_offer(offers, {})
    if agreement is not None:
        assert check_answer(str(agreement), {}) == agreement
