"""What was read ahead, in both forms of the kernel: every cut of the bytes, what is copied."""

from __future__ import annotations

from itertools import combinations
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.kernels import both_forms

FORMS = both_forms("whirlwind._net.read_buffer_cy")
WIRE = b"abcdefgh"


@pytest.mark.parametrize("kernel", FORMS)
def test_what_is_taken_does_not_depend_on_how_it_arrived(kernel: ModuleType) -> None:
    for size in range(4):
        for cuts in combinations(range(1, len(WIRE)), size):
            for taken in range(len(WIRE) + 1):
                buffer = kernel.ReadBuffer()
                for start, end in zip((0, *cuts), (*cuts, len(WIRE)), strict=True):
                    buffer.append(WIRE[start:end])
                assert len(buffer) == len(WIRE)
                assert buffer.peek(taken) == WIRE[:taken]
                assert buffer.take(taken) == WIRE[:taken], cuts
                assert buffer.find(b"h") == (len(WIRE) - taken - 1 if taken < len(WIRE) else -1)
                assert bytes(buffer.whole()) == WIRE[taken:], cuts


@pytest.mark.parametrize("kernel", FORMS)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("append"), st.binary(max_size=12)),
            st.tuples(st.just("take"), st.integers(0, 20)),
            st.tuples(st.just("advance"), st.integers(0, 20)),
            st.tuples(st.just("whole"), st.none()),
            st.tuples(st.just("put back"), st.binary(max_size=4)),
            st.tuples(st.just("into"), st.integers(0, 9)),
            st.tuples(st.just("until"), st.sampled_from([b"\0", b"\0\1", b"\xff"])),
        )
    )
)
def test_a_read_buffer_is_a_queue_of_bytes(
    kernel: ModuleType, steps: list[tuple[str, object]]
) -> None:
    buffer, model = kernel.ReadBuffer(), b""
    for step, argument in steps:
        if isinstance(argument, bytes):
            if step == "append":
                buffer.append(bytearray(argument) if len(argument) % 2 else argument)
                model += argument
            elif step == "until":
                at = model.find(argument)
                line = model[: at + len(argument)] if at >= 0 else None
                if line is not None and len(line) > 1:
                    assert buffer.take_until(argument, len(line) - 1) is None
                assert buffer.take_until(argument, line and len(line)) == line
                model = model[len(line or b"") :]
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


@pytest.mark.parametrize("kernel", FORMS)
def test_a_message_that_arrives_whole_is_never_copied(kernel: ModuleType) -> None:
    message = bytes(100)
    buffer = kernel.ReadBuffer()
    buffer.append(message)
    assert buffer.take(100) is message


@pytest.mark.parametrize("kernel", FORMS)
def test_memory_given_to_append_may_be_used_again(kernel: ModuleType) -> None:
    memory = bytearray(b"one")
    buffer = kernel.ReadBuffer()
    buffer.append(memoryview(memory))
    memory[:] = b"two"
    assert buffer.take(3) == b"one"


@pytest.mark.parametrize("kernel", FORMS)
def test_find_counts_from_what_has_not_been_taken(kernel: ModuleType) -> None:
    buffer = kernel.ReadBuffer()
    buffer.append(b"a,b,c")
    buffer.take(2)
    assert buffer.find(b",") == 1
    assert buffer.find(b",", 2) == -1
    assert buffer.find(b"a") == -1


@pytest.mark.parametrize("kernel", FORMS)
def test_lines_are_taken_out_of_a_chunk_one_by_one(kernel: ModuleType) -> None:
    buffer = kernel.ReadBuffer()
    buffer.append(b"one\ntwo\r\nthree")
    assert buffer.take_until(b"\n", None) == b"one\n"
    assert buffer.take_until(b"\r\n", None) == b"two\r\n"
    assert buffer.take_until(b"\n", None) is None
    assert buffer.take(5) == b"three"
    assert buffer.take_until(b"\n", None) is None


@pytest.mark.parametrize("kernel", FORMS)
def test_more_than_there_is_cannot_be_taken(kernel: ModuleType) -> None:
    buffer = kernel.ReadBuffer()
    buffer.append(b"one")
    for call in (buffer.take, buffer.advance):
        for size in (4, -1):
            with pytest.raises(AssertionError):
                call(size)
    assert buffer.take(3) == b"one"
