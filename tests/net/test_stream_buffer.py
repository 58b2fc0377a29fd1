"""The buffers of a stream: every cut of the bytes, what is copied and what is not."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whirlwind._net.read_buffer_cy import ReadBuffer
from whirlwind._net.stream_buffer import LARGE_PIECE, WriteBuffer

WIRE = b"abcdefgh"


def test_what_is_taken_does_not_depend_on_how_it_arrived() -> None:
    for size in range(4):
        for cuts in combinations(range(1, len(WIRE)), size):
            for taken in range(len(WIRE) + 1):
                buffer = ReadBuffer()
                for start, end in zip((0, *cuts), (*cuts, len(WIRE)), strict=True):
                    buffer.append(WIRE[start:end])
                assert len(buffer) == len(WIRE)
                assert buffer.peek(taken) == WIRE[:taken]
                assert buffer.take(taken) == WIRE[:taken], cuts
                assert buffer.find(b"h") == (len(WIRE) - taken - 1 if taken < len(WIRE) else -1)
                assert bytes(buffer.whole()) == WIRE[taken:], cuts


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("append"), st.binary(max_size=12)),
            st.tuples(st.just("take"), st.integers(0, 20)),
            st.tuples(st.just("advance"), st.integers(0, 20)),
            st.tuples(st.just("whole"), st.none()),
            st.tuples(st.just("put back"), st.binary(max_size=4)),
            st.tuples(st.just("into"), st.integers(0, 9)),
        )
    )
)
def test_a_read_buffer_is_a_queue_of_bytes(steps: list[tuple[str, object]]) -> None:
    buffer, model = ReadBuffer(), b""
    for step, argument in steps:
        if isinstance(argument, bytes):
            if step == "append":
                buffer.append(bytearray(argument) if len(argument) % 2 else argument)
                model += argument
            else:
                buffer.put_back(argument)
                model = argument + model
        elif isinstance(argument, int):
            size = min(argument, len(model))
            if step == "take":
                assert buffer.take(size) == model[:size]
            elif step == "advance":
                buffer.advance(size)
            else:
                target = bytearray(argument)
                assert buffer.take_into(memoryview(target)) == size
                assert target[:size] == model[:size]
            model = model[size:]
        assert bytes(buffer.whole()) == model
        assert len(buffer) == len(model)


def test_a_message_that_arrives_whole_is_never_copied() -> None:
    message = bytes(100)
    buffer = ReadBuffer()
    buffer.append(message)
    assert buffer.take(100) is message


def test_memory_given_to_append_may_be_used_again() -> None:
    memory = bytearray(b"one")
    buffer = ReadBuffer()
    buffer.append(memoryview(memory))
    memory[:] = b"two"
    assert buffer.take(3) == b"one"


def test_find_counts_from_what_has_not_been_taken() -> None:
    buffer = ReadBuffer()
    buffer.append(b"a,b,c")
    buffer.take(2)
    assert buffer.find(b",") == 1
    assert buffer.find(b",", 2) == -1
    assert buffer.find(b"a") == -1


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
@pytest.mark.parametrize("size", [LARGE_PIECE, LARGE_PIECE + 1])
def test_what_goes_in_comes_out_whatever_its_kind_and_size(kind: type, size: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    buffer = WriteBuffer()
    for _ in range(3):
        buffer.append(kind(data[:size]))
    assert len(buffer) == 3 * size
    out = b""
    while buffer:
        with buffer.peek(1000) as view:
            assert 0 < len(view) <= 1000
            out += bytes(view)
            taken = len(view)
        buffer.advance(taken)
    assert out == data[:size] * 3


def test_a_large_piece_is_looked_at_and_not_copied() -> None:
    memory = bytearray(LARGE_PIECE + 1)
    buffer = WriteBuffer()
    buffer.append(memoryview(memory))
    memory[5] = 7
    with buffer.peek() as view:
        assert view[5] == 7
    with pytest.raises(BufferError):
        memory.append(0)
    buffer.advance(LARGE_PIECE + 1)
    memory.append(0)


def test_a_small_piece_is_copied_at_once() -> None:
    memory = bytearray(b"one")
    buffer = WriteBuffer()
    buffer.append(memoryview(memory))
    memory[:] = b"three"
    assert bytes(buffer.peek()) == b"one"


def test_small_pieces_leave_together() -> None:
    buffer = WriteBuffer()
    for _ in range(20):
        buffer.append(b"x" * 100)
    assert len(buffer.peek()) == 2000


def test_views_of_wide_items_are_counted_in_bytes() -> None:
    wide = memoryview(bytearray(8 * LARGE_PIECE)).cast("Q")
    small = memoryview(bytearray(16)).cast("I")
    buffer = WriteBuffer()
    buffer.append(wide)
    buffer.append(small)
    assert len(buffer) == 8 * LARGE_PIECE + 16
    buffer.advance(8 * LARGE_PIECE)
    assert len(buffer.peek()) == 16


def test_clearing_lets_go_of_the_memory_of_others() -> None:
    memory = bytearray(LARGE_PIECE + 1)
    buffer = WriteBuffer()
    buffer.append(memory)
    buffer.append(b"small")
    buffer.clear()
    memory.append(0)
    assert len(buffer) == 0
    assert bytes(buffer.peek()) == b""


@given(st.lists(st.tuples(st.binary(min_size=1, max_size=30), st.integers(0, 30))))
def test_a_write_buffer_is_a_queue_of_bytes(steps: list[tuple[bytes, int]]) -> None:
    buffer, model = WriteBuffer(), b""
    buffer._large_buf_threshold = 8
    for data, advance in steps:
        buffer.append(data)
        model += data
        with buffer.peek() as view:
            assert model.startswith(bytes(view))
            assert len(view) > 0
        size = min(advance, len(model))
        buffer.advance(size)
        model = model[size:]
        assert len(buffer) == len(model)
