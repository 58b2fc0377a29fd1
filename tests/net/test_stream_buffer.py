"""What waits for the wire: what is copied and what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whirlwind._net.stream_buffer import LARGE_PIECE, WriteBuffer


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
