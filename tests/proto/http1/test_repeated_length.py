"""Lengths said several times: once is kept where all agree, and nothing else is touched."""

from __future__ import annotations

import pytest
from tests.support.work import cpu_limit

from whirlwind._proto.http1.repeated_length import with_one_length


@pytest.mark.parametrize("value", [b"5,5", b"5, 5", b"5 ,\t5 , 5", b"5,5 \t"])
def test_the_same_number_several_times_is_that_number(value: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nA: 1,1\r\nContent-length: %b\r\nB: 2\r\n\r\n"
    assert with_one_length(head % value) == head % b"5"


@pytest.mark.parametrize(
    "value",
    [b"5", b"5,6", b"5,5,6", b"5,55", b"55,5", b"5,", b",5", b"5,,5", b"+5,+5", b"05,5", b"5;5"],
)
def test_rule_1_anything_else_stays_as_it_is(value: bytes) -> None:
    assert with_one_length(b"HTTP/1.1 200 OK\r\nContent-Length: %b\r\n\r\n" % value) is None


def test_rule_1_two_such_fields_are_not_one() -> None:
    field = b"Content-Length: 5,5\r\n"
    assert with_one_length(b"HTTP/1.1 200 OK\r\n" + field + field + b"\r\n") is None


@pytest.mark.parametrize("piece", [b"5,", b"5 , ", b" ", b"\r\nContent-Length: 5,", b"5"])
def test_rule_6_time_is_linear_in_the_head(piece: bytes) -> None:
    with cpu_limit():
        with_one_length(b"\r\nContent-Length: 5" + piece * 1_000_000)
