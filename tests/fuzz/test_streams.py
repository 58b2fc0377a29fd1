"""Streams: buffers against a queue of bytes, and reads over a real socket against the wire."""

from __future__ import annotations

import asyncio
import re
import socket
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fuzz.effort import effort
from tests.support.kernels import both_forms

from whirlwind._net.stream_buffer import WriteBuffer
from whirlwind.iostream import IOStream, StreamClosedError

FORMS = both_forms("whirlwind._net.read_buffer_cy")
WIRE = st.lists(
    st.sampled_from([b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"a", b"bc", b"\0", b"x" * 70]),
    max_size=20,
).map(b"".join)
DELIMITERS = st.sampled_from([b"\n", b"\r\n", b"\r\n\r\n", b"c\r", b"\0"])

READS = st.one_of(
    st.tuples(st.just("until"), DELIMITERS),
    st.tuples(st.just("regex"), st.sampled_from([rb"\r?\n", rb"\r?\n\r?\n", rb"x+\r", rb"$"])),
    st.tuples(st.just("bytes"), st.integers(0, 90)),
    st.tuples(st.just("partial"), st.integers(1, 90)),
    st.tuples(st.just("into"), st.integers(0, 90)),
)


@pytest.mark.parametrize("kernel", FORMS)
@effort
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("append"), WIRE),
            st.tuples(st.just("put back"), WIRE),
            st.tuples(st.just("until"), DELIMITERS),
            st.tuples(st.sampled_from(["take", "advance", "into", "peek"]), st.integers(0, 99)),
            st.tuples(st.sampled_from(["whole", "clear"]), st.none()),
        ),
        max_size=30,
    )
)
def test_what_was_read_ahead_is_a_queue(kernel: ModuleType, steps: list[tuple[str, Any]]) -> None:
    buffer, model = kernel.ReadBuffer(), b""
    for step, argument in steps:
        if step == "append":
            buffer.append(argument)
            model += argument
        elif step == "put back":
            buffer.put_back(argument)
            model = argument + model
        elif step == "until":
            at = model.find(argument)
            assert buffer.find(argument) == at
            line = model[: at + len(argument)] if at >= 0 else None
            assert buffer.take_until(argument, None) == line
            model = model[len(line or b"") :]
        elif step == "peek":
            assert buffer.peek(argument) == model[:argument]
        elif step == "whole":
            assert bytes(buffer.whole()) == model
        elif step == "clear":
            buffer.clear()
            model = b""
        else:
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
        assert buffer.size == len(buffer) == len(model)
    assert buffer.take(len(model)) == model


@effort
@given(
    st.lists(
        st.tuples(st.binary(max_size=40), st.integers(0, 60), st.booleans()),
        max_size=30,
    )
)
def test_what_waits_for_the_wire_is_a_queue(steps: list[tuple[bytes, int, bool]]) -> None:
    buffer, model = WriteBuffer(), b""
    buffer._large_buf_threshold = 16
    for data, taken, as_view in steps:
        buffer.append(memoryview(data) if as_view else data)
        model += data
        with buffer.peek() as view:
            assert model.startswith(bytes(view))
            assert bool(view) == bool(model)
        size = min(taken, len(model))
        buffer.advance(size)
        model = model[size:]
        assert buffer.size == len(buffer) == len(model)


def expected(kind: str, argument: Any, wire: bytes) -> int | None:
    """How many bytes answer a read of ``wire``; None if its end comes first."""
    if kind == "until":
        at = wire.find(argument)
        return at + len(argument) if at >= 0 else None
    if kind == "regex":
        found = re.search(argument, wire)
        return found.end() if found else None
    if kind == "partial":
        return min(argument, len(wire)) or None
    return argument if len(wire) >= argument else None


def start(stream: IOStream, kind: str, argument: Any) -> Any:
    if kind == "until":
        return stream.read_until(argument)
    if kind == "regex":
        return stream.read_until_regex(argument)
    if kind == "into":
        return stream.read_into(argument)
    return stream.read_bytes(argument, partial=kind == "partial")


@effort
@given(WIRE, st.lists(READS, max_size=12), st.data())
def test_reads_take_the_wire_in_order_wherever_it_is_cut(
    wire: bytes, reads: list[tuple[str, Any]], data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=4)))
    chunk = data.draw(st.sampled_from([1, 7, 65_536]))

    async def body() -> None:
        ours, theirs = socket.socketpair()
        stream = IOStream(ours, read_chunk_size=chunk)
        left = wire

        async def send() -> None:
            for begin, end in zip([0, *cuts], [*cuts, len(wire)], strict=True):
                theirs.sendall(wire[begin:end])
                await asyncio.sleep(0)
            theirs.close()

        sending = asyncio.ensure_future(send())
        try:
            for kind, argument in reads:
                if kind == "regex" and argument == b"$":
                    # Where the wire stands still for a moment is not the model's to know.
                    await sending
                size = expected(kind, argument, left)
                target = bytearray(argument) if kind == "into" else argument
                try:
                    got = await start(stream, kind, target)
                except StreamClosedError:
                    assert size is None
                    if kind == "into":  # what came is in the program's memory
                        assert target[: len(left)] == left
                        left = b""
                    break
                if kind == "into":
                    assert got == argument == size
                elif kind == "partial":
                    assert 0 < len(got) <= argument
                    assert left.startswith(got)
                    size = len(got)
                elif argument != b"$":
                    assert size is not None
                    assert got == left[:size]
                else:
                    assert left.startswith(got)
                    size = len(got)
                left = left[size:]
            await sending
            assert await stream.read_until_close() == left
        finally:
            stream.close()

    with asyncio.Runner() as runner:
        runner.run(body())
