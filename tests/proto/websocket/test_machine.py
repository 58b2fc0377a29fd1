"""One side of a WebSocket: cuts, illegal frames, limits, compression."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from whirlwind._base.limits import MAX_WEBSOCKET_TURN, MAX_WEBSOCKET_TURN_SIZE
from whirlwind._proto.websocket.deflate import MessageCompressor, MessageDecompressor
from whirlwind._proto.websocket.events import Closed, Event, Failed, Ping, Pong
from whirlwind._proto.websocket.frames_cy import encode_frame
from whirlwind._proto.websocket.machine import WebSocketMachine

MASK = b"\x01\x80\xff\x55"
LIMIT = 1000

Deflated = Callable[[bytes], bytes]


def frame(first: int, payload: bytes = b"") -> bytes:
    wire: bytes = encode_frame(first, payload, MASK)
    return wire


def server(*, compressed: bool = False, limit: int = LIMIT) -> WebSocketMachine:
    return WebSocketMachine(
        client=False,
        max_message_size=limit,
        compressor=MessageCompressor(True, None) if compressed else None,
        decompressor=MessageDecompressor(True, None, limit) if compressed else None,
    )


def all_events(machine: WebSocketMachine, *wires: bytes) -> list[Event]:
    events = []
    for wire in wires:
        events += machine.feed(wire)
        while machine.more:
            events += machine.feed(b"")
    return events


def failure(machine: WebSocketMachine, *wires: bytes) -> tuple[int | None, str]:
    """The code and the words of the failure that has to be the last event."""
    last = all_events(machine, *wires)[-1]
    assert isinstance(last, Failed), last
    assert machine.done
    assert machine.feed(frame(0x81, b"more")) == []
    return last.error.close_code, str(last.error)


def session() -> tuple[bytes, list[Event]]:
    deflate = MessageCompressor(True, None).compress
    text = "Grüße, Ευχαριστώ, 🌪".encode()
    wire = (
        frame(0x81, text)
        + frame(0x82, bytes(range(200)))
        + frame(0x01, text[:4])
        + frame(0x89, b"are you there?")
        + frame(0x00, text[4:5])
        + frame(0x00)
        + frame(0x8A, b"pong")
        + frame(0x80, text[5:])
        + frame(0xC1, deflate(text))
        + frame(0x42, deflate(b"spam" * 100)[:3])
    )
    second = MessageCompressor(True, None)
    second.compress(text)
    rest = second.compress(b"spam" * 100)[3:]
    wire += frame(0x89) + frame(0x80, rest) + frame(0x81) + frame(0x88, b"\x03\xe8bye")
    return wire, [
        text.decode(),
        bytes(range(200)),
        Ping(b"are you there?"),
        Pong(b"pong"),
        text.decode(),
        text.decode(),
        Ping(b""),
        b"spam" * 100,
        "",
        Closed(1000, "bye"),
    ]


def test_where_the_bytes_are_cut_does_not_matter() -> None:
    wire, expected = session()
    for cut in range(len(wire) + 1):
        machine = server(compressed=True)
        assert all_events(machine, wire[:cut], wire[cut:]) == expected, cut
        assert machine.done


@pytest.mark.parametrize("step", [1, 2, 3, 7])
def test_nor_does_it_when_they_come_in_small_pieces(step: int) -> None:
    wire, expected = session()
    machine = server(compressed=True)
    pieces = [wire[at : at + step] for at in range(0, len(wire), step)]
    assert all_events(machine, *pieces) == expected


@pytest.mark.parametrize(
    ("wires", "code", "words"),
    [
        pytest.param([b"\x81\x05Hello"], 1002, "not masked", id="no mask"),
        pytest.param([b"\x81\x05"], 1002, "not masked", id="no mask, header only"),
        pytest.param([frame(0xC1, b"x")], 1002, "reserved", id="RSV1, nothing agreed"),
        pytest.param([frame(0xA1, b"x")], 1002, "reserved", id="RSV2"),
        pytest.param([frame(0x91, b"x")], 1002, "reserved", id="RSV3"),
        pytest.param([frame(0xC9, b"x")], 1002, "reserved", id="RSV1 of a ping"),
        *[
            pytest.param([frame(0x80 | opcode)], 1002, "opcode", id=f"opcode {opcode}")
            for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
        ],
        pytest.param([frame(0x80, b"x")], 1002, "did not begin", id="fragment of nothing"),
        pytest.param([frame(0x00, b"x")], 1002, "did not begin", id="first fragment of nothing"),
        pytest.param(
            [frame(0x01, b"x"), frame(0x81, b"y")], 1002, "before the last", id="message in another"
        ),
        pytest.param(
            [frame(0x01, b"x"), frame(0x02, b"y")], 1002, "before the last", id="begun in another"
        ),
        pytest.param([frame(0x09, b"x")], 1002, "control frame", id="ping in fragments"),
        pytest.param([frame(0x08, b"")], 1002, "control frame", id="close in fragments"),
        pytest.param([frame(0x89, b"x" * 126)], 1002, "control frame", id="ping of 126 bytes"),
        pytest.param([b"\x81\xfe\x00\x05" + MASK + b"Hello"], 1002, "fewest", id="5 in 16 bits"),
        pytest.param([b"\x81\xff" + bytes(7) + b"\x05" + MASK], 1002, "fewest", id="5 in 64 bits"),
        pytest.param([b"\x82\xff\x80" + bytes(7) + MASK], 1002, "top bit", id="size of 2**63"),
        pytest.param([frame(0x88, b"\x03")], 1002, "half a code", id="close with one byte"),
        *[
            pytest.param([frame(0x88, code.to_bytes(2, "big"))], 1002, str(code), id=f"code {code}")
            for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)
        ],
        pytest.param([frame(0x88, b"\x03\xe8\xff")], 1007, "reason", id="reason not UTF-8"),
        pytest.param([frame(0x81, b"\xff")], 1007, "UTF-8", id="text not UTF-8"),
        pytest.param([frame(0x81, b"\xc3")], 1007, "UTF-8", id="text ends in a character"),
        pytest.param([frame(0x81, b"\xed\xa0\x80")], 1007, "UTF-8", id="surrogate"),
        pytest.param([frame(0x81, b"\xc0\x80")], 1007, "UTF-8", id="overlong"),
        pytest.param(
            [frame(0x01, b"\xc3"), frame(0x80, b"")], 1007, "UTF-8", id="fragments end in one"
        ),
    ],
)
def test_security_what_a_client_must_not_send_ends_the_connection(
    wires: list[bytes], code: int, words: str
) -> None:
    """Rule 14: mask required from clients, RSV only if negotiated, UTF-8 strict, valid codes."""
    machine = server()
    assert machine.feed(frame(0x81, b"before")) == ["before"]
    found, message = failure(machine, *wires)
    assert found == code
    assert words in message
    whole = b"".join(wires)
    assert failure(server(), *[whole[at : at + 1] for at in range(len(whole))])[0] == code


def test_security_rsv1_is_for_the_first_frame_of_a_message_only() -> None:
    """Rule 14: RSV only if negotiated; RFC 7692, section 6.1."""
    compressed = MessageCompressor(False, None).compress(b"text")
    for wires in (
        [frame(0xC9, b"ping")],
        [frame(0x41, compressed), frame(0xC0, b"")],
        [frame(0x01, b"a"), frame(0xC0, b"b")],
    ):
        code, words = failure(server(compressed=True), *wires)
        assert code == 1002
        assert "reserved" in words


def test_a_client_refuses_masked_frames() -> None:
    machine = WebSocketMachine(client=True, max_message_size=10, new_mask=lambda: MASK)
    assert failure(machine, frame(0x81, b"x"))[0] == 1002
    with pytest.raises(ValueError, match="new_mask"):
        WebSocketMachine(client=True, max_message_size=10)


@pytest.mark.parametrize(
    "text",
    [b"\xce\xba\xf4\x90", b"\xce\xba\xf5", b"\xed\xa0", b"\xe0\x80", b"ok\xff"],
)
def test_security_text_fails_at_the_byte_that_is_wrong(text: bytes) -> None:
    """Rule 14: UTF-8 strict, and as early as it can be known."""
    machine = server()
    whole = frame(0x01, text + b"and more to come")
    head = len(whole) - len(text) - 16
    assert machine.feed(whole[: head + len(text) - 1]) == []
    assert failure(machine, whole[head + len(text) - 1 : head + len(text)])[0] == 1007


def test_security_a_message_may_have_the_limit_and_not_a_byte_more() -> None:
    """Rule 5: every quantity has a limit, checked before allocation."""
    fits = b"x" * LIMIT
    for wires in (
        [frame(0x82, fits)],
        [frame(0x02, fits[:400]), frame(0x89), frame(0x00, fits[400:999]), frame(0x80, b"x")],
    ):
        assert fits in all_events(server(), *wires)
    for wires in (
        [frame(0x82, fits + b"x")],
        [frame(0x82, fits + b"x")[:8]],  # refused when announced
        [frame(0x02, fits), frame(0x80, b"x")[:6]],
        [b"\x82\xff" + (2**62).to_bytes(8, "big") + MASK],
    ):
        code, words = failure(server(), *wires)
        assert code == 1009
        assert "websocket_max_message_size" in words


def test_security_the_limit_holds_for_what_a_message_inflates_to() -> None:
    """Rule 14: limits after inflate."""
    assert all_events(
        server(compressed=True), frame(0xC2, MessageCompressor(True, None).compress(bytes(LIMIT)))
    ) == [bytes(LIMIT)]
    bomb = MessageCompressor(True, None).compress(bytes(LIMIT + 1))
    assert len(bomb) < 30
    assert failure(server(compressed=True), frame(0xC2, bomb))[0] == 1009
    assert failure(server(compressed=True), frame(0x42, bomb[:9]), frame(0x80, bomb[9:]))[0] == 1009


def test_what_is_not_deflate_is_refused() -> None:
    assert failure(server(compressed=True), frame(0xC1, b"\xff\xff\xff"))[0] == 1007


def test_compressed_text_is_checked_as_plain_text_is() -> None:
    bad = MessageCompressor(True, None).compress(b"ok\xff")
    assert failure(server(compressed=True), frame(0xC1, bad))[0] == 1007


def test_security_a_flood_of_tiny_frames_comes_in_portions() -> None:
    """Rule 6: yield to the loop at bounded work."""
    machine = server()
    count = 3 * MAX_WEBSOCKET_TURN + 5
    portions = [len(machine.feed(frame(0x81, b"x") * count))]
    while machine.more:
        portions.append(len(machine.feed(b"")))
    assert portions == [MAX_WEBSOCKET_TURN] * 3 + [5]
    assert len(machine.feed(frame(0x00) * count)) == 1  # a failure
    machine = server()
    machine.feed(frame(0x01))
    turns = 1
    machine.feed(frame(0x00) * count)
    while machine.more:
        turns += 1
        assert machine.feed(b"") == []
    assert turns == 4


def test_security_so_do_messages_that_inflate() -> None:
    """Rule 6: yield to the loop at bounded work."""
    size = MAX_WEBSOCKET_TURN_SIZE // 2
    compressor = MessageCompressor(True, None)
    machine = server(compressed=True, limit=size)
    wire = b"".join([frame(0xC2, compressor.compress(bytes(size))) for _ in range(10)])
    assert len(machine.feed(wire)) == 3
    assert machine.more
    assert len(all_events(machine, b"")) == 7
    assert not machine.more


def test_bytes_that_follow_while_more_is_held_come_after_it() -> None:
    machine = server()
    events = machine.feed(frame(0x81, b"x") * (MAX_WEBSOCKET_TURN + 1))
    assert len(events) == MAX_WEBSOCKET_TURN
    assert machine.feed(frame(0x81, b"y")) == ["x", "y"]


def test_nothing_is_read_after_the_peers_close_frame() -> None:
    machine = server()
    wire = frame(0x81, b"a") + frame(0x88) + frame(0x81, b"b")
    assert machine.feed(wire) == ["a", Closed(None, None)]
    assert machine.done
    assert machine.feed(frame(0x81, b"c")) == []


def test_after_the_end_of_the_connection_nothing_is_read() -> None:
    machine = server()
    machine.feed(frame(0x01, b"half"))
    assert machine.feed_eof() == []
    assert machine.feed(frame(0x80, b"half")) == []


@pytest.mark.parametrize("compressed", [False, True])
def test_what_one_side_sends_the_other_reads(compressed: bool) -> None:
    masks = iter(bytes([n, n + 1, n + 2, n + 3]) for n in range(200))
    client = WebSocketMachine(
        client=True,
        max_message_size=LIMIT,
        compressor=MessageCompressor(True, None) if compressed else None,
        decompressor=MessageDecompressor(True, None, LIMIT) if compressed else None,
        new_mask=lambda: next(masks),
    )
    other = server(compressed=compressed)
    for one, peer in ((client, other), (other, client)):
        wire = b""
        for data in ("Grüße", "", "", "x" * 500, "x" * 500):
            wire += one.message(data.encode(), binary=False)
        wire += one.message(b"\xff\x00", binary=True) + one.message(b"", binary=True)
        assert peer.feed(wire) == ["Grüße", "", "", "x" * 500, "x" * 500, b"\xff\x00", b""]
        assert one.message_bytes_out == peer.message_bytes_in == 1009
        assert one.wire_bytes_out == peer.wire_bytes_in == len(wire)
        assert compressed == (len(wire) < 500)
        assert peer.feed(one.ping(b"p") + one.pong(b"q")) == [Ping(b"p"), Pong(b"q")]
    assert other.feed(client.close(3000, "done")) == [Closed(3000, "done")]
    assert client.close(1000) == b""
    assert client.feed(other.close(3000)) == [Closed(3000, None)]
    assert client.close_sent


def test_control_frames_that_may_not_be_sent_are_refused() -> None:
    machine = server()
    assert machine.ping(b"x" * 125)
    with pytest.raises(ValueError, match="control frame"):
        machine.ping(b"x" * 126)
    with pytest.raises(ValueError, match="control frame"):
        machine.frame(0x09, b"")
    for code, reason in (
        (1005, None),
        (1006, None),
        (999, None),
        (1000, "x" * 124),
        (None, "ü" * 62),
    ):
        with pytest.raises(ValueError, match="close"):
            machine.close(code, reason)
    assert not machine.close_sent


def test_a_large_message_in_small_reads_takes_linear_time() -> None:
    # Each piece is looked at once: it is not in what is held for the next one.
    machine = server(limit=200_000)
    wire = frame(0x82, bytes(200_000))
    for at in range(0, len(wire), 1000):
        events = machine.feed(wire[at : at + 1000])
        assert len(machine._held) < 14
    assert events == [bytes(200_000)]
