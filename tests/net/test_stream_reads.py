"""The kinds of read, fed by hand: every cut, limits at and one over, how often bytes are seen."""

from __future__ import annotations

import re
from itertools import combinations

import pytest

from whirlwind._net.read_buffer_cy import ReadBuffer
from whirlwind._net.stream_errors import UnsatisfiableReadError
from whirlwind._net.stream_reads import (
    ReadBytes,
    ReadInto,
    ReadUntil,
    ReadUntilClose,
    ReadUntilRegex,
    longest_match,
)


class CountingBuffer(ReadBuffer):
    """Adds up how many bytes searches have looked at."""

    __slots__ = ("seen",)

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0

    def find(self, delimiter: bytes, start: int = 0) -> int:
        self.seen += len(self) - start
        return super().find(delimiter, start)


@pytest.mark.parametrize("delimiter", [b"\n", b"\r\n", b"\r\n\r\n"])
def test_a_delimiter_is_found_wherever_it_is_cut(delimiter: bytes) -> None:
    wire = b"\r\nk: v\r\n\r\nrest\n"[2:]
    expected = wire.index(delimiter) + len(delimiter)
    for size in range(3):
        for cuts in combinations(range(1, len(wire)), size):
            buffer, read = ReadBuffer(), ReadUntil(delimiter, None)
            answers = []
            for start, end in zip((0, *cuts), (*cuts, len(wire)), strict=True):
                buffer.append(wire[start:end])
                answers.append((end, read.size_in(buffer)))
            for end, answer in answers:
                assert answer == (expected if end >= expected else None), cuts
                if answer is not None:
                    break


def test_a_line_that_comes_byte_by_byte_is_not_searched_again_and_again() -> None:
    buffer, read = CountingBuffer(), ReadUntil(b"\r\n", None)
    for _ in range(10_000):
        buffer.append(b"x")
        assert read.size_in(buffer) is None
    assert buffer.seen <= 2 * 10_000


@pytest.mark.parametrize("cut", range(1, 6))
def test_a_delimiter_may_end_at_the_limit_and_not_one_byte_later(cut: int) -> None:
    for before, allowed in ((b"abcd", True), (b"abcde", False)):
        wire = before + b"\r\n"
        buffer, read = ReadBuffer(), ReadUntil(b"\r\n", 6)
        buffer.append(wire[:cut])
        assert read.size_in(buffer) is None
        buffer.append(wire[cut:])
        if allowed:
            assert read.size_in(buffer) == 6
        else:
            with pytest.raises(UnsatisfiableReadError, match="not found within 6 bytes"):
                read.size_in(buffer)


def test_as_many_bytes_as_the_limit_without_a_delimiter_are_refused_at_once() -> None:
    buffer, read = ReadBuffer(), ReadUntil(b"\n", 6)
    buffer.append(b"abcde")
    assert read.size_in(buffer) is None
    buffer.append(b"f")
    with pytest.raises(UnsatisfiableReadError):
        read.size_in(buffer)


@pytest.mark.parametrize(
    ("regex", "longest"),
    [
        (rb"\r?\n\r?\n", 4),
        (rb"abc|de", 3),
        (rb"x{2,5}", 5),
        (rb"a+", None),
        (rb"\d\b", None),
        (rb"^a", None),
        (rb"a$", None),
        (rb"a(?=b)", None),
        (rb"(?<!x)a", None),
        (rb"((a(?=b)))", None),
        (rb"", None),
    ],
)
def test_only_bounded_expressions_that_look_at_nothing_else_can_be_resumed(
    regex: bytes, longest: int | None
) -> None:
    assert longest_match(re.compile(regex)) == longest


@pytest.mark.parametrize(
    "regex", [rb"\r?\n\r?\n", rb"b+c", rb"c(?=d)", rb"(?<=b)c", rb"\bd", rb"d\Z", rb"(a|b){2}"]
)
def test_an_expression_finds_the_same_wherever_the_bytes_are_cut(regex: bytes) -> None:
    # Expressions that look ahead may match later when bytes are missing; ends are compared for
    # a buffer that is complete and was looked at in between.
    wire = b"aabbc\r\n\ndcd"
    match = re.search(regex, wire)
    assert match is not None
    for cut in range(1, len(wire)):
        buffer, read = ReadBuffer(), ReadUntilRegex(re.compile(regex), None)
        buffer.append(wire[:cut])
        early = read.size_in(buffer)
        if early is not None:
            found = re.search(regex, wire[:cut])
            assert found is not None
            assert early == found.end()
            continue
        buffer.append(wire[cut:])
        assert read.size_in(buffer) == match.end(), cut


def test_an_expression_does_not_see_what_was_taken_before() -> None:
    buffer = ReadBuffer()
    buffer.append(b"xab")
    buffer.take(1)
    assert ReadUntilRegex(re.compile(rb"^a"), None).size_in(buffer) == 1
    assert ReadUntilRegex(re.compile(rb"(?<=x)a"), None).size_in(buffer) is None


def test_a_match_may_end_at_the_limit_and_not_one_byte_later() -> None:
    buffer, read = ReadBuffer(), ReadUntilRegex(re.compile(rb"\d\d"), 4)
    buffer.append(b"ab12")
    assert read.size_in(buffer) == 4
    buffer, read = ReadBuffer(), ReadUntilRegex(re.compile(rb"\d\d"), 4)
    buffer.append(b"abc1")
    assert read.size_in(buffer) is None
    buffer.append(b"2")
    with pytest.raises(UnsatisfiableReadError, match="within 4 bytes"):
        read.size_in(buffer)


def test_an_unbounded_expression_is_tried_again_when_the_bytes_have_doubled() -> None:
    buffer, read = ReadBuffer(), ReadUntilRegex(re.compile(rb"z+"), None)
    buffer.append(b"x" * 100)
    assert read.size_in(buffer) is None
    assert read.look_at == 200


def test_partial_reads_take_what_there_is() -> None:
    buffer = ReadBuffer()
    assert ReadBytes(5, True).size_in(buffer) is None
    buffer.append(b"abc")
    assert ReadBytes(5, True).size_in(buffer) == 3
    assert ReadBytes(2, True).size_in(buffer) == 2
    assert ReadBytes(5, False).size_in(buffer) is None
    assert ReadBytes(3, False).size_in(buffer) == 3
    assert ReadUntilClose().size_in(buffer) is None


def test_a_read_into_memory_is_satisfied_when_full_or_partial() -> None:
    for partial, filled, satisfied in ((False, 1, False), (False, 2, True), (True, 1, True)):
        read = ReadInto(memoryview(bytearray(2)), partial)
        assert not read.satisfied
        read.filled = filled
        assert read.satisfied is satisfied
    assert ReadInto(memoryview(b""), False).satisfied
