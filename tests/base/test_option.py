"""Values of one option, from objects and from text."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from whirlwind._base.option import Error, InvalidValueError, Option

SPAN = datetime.timedelta
MOMENT = datetime.datetime


@pytest.mark.parametrize(
    ("type_", "text", "value"),
    [
        (str, "a b,c", "a b,c"),
        (int, "-3", -3),
        (float, "1e3", 1000.0),
        (bool, "true", True),
        (bool, "yes", True),
        (bool, "FALSE", False),
        (bool, "0", False),
        (bool, "f", False),
        (SPAN, "", SPAN()),
        (SPAN, "90", SPAN(seconds=90)),
        (SPAN, "1h", SPAN(hours=1)),
        (SPAN, "1h 30m", SPAN(minutes=90)),
        (SPAN, "1h30m", SPAN(minutes=90)),
        (SPAN, "-1.5 days", SPAN(days=-1.5)),
        (SPAN, "2weeks .5h 1e-3s", SPAN(weeks=2, minutes=30, milliseconds=1)),
        (SPAN, "7us 5ms", SPAN(microseconds=5007)),
        (MOMENT, "2020-01-02 03:04:05", MOMENT(2020, 1, 2, 3, 4, 5)),
        (MOMENT, "2020-01-02T03:04", MOMENT(2020, 1, 2, 3, 4)),
        (MOMENT, "2020-01-02", MOMENT(2020, 1, 2)),
        (MOMENT, "20200102", MOMENT(2020, 1, 2)),
        (MOMENT, "20200102 03:04:05", MOMENT(2020, 1, 2, 3, 4, 5)),
        (MOMENT, "20200102 03:04", MOMENT(2020, 1, 2, 3, 4)),
        (MOMENT, "Thu Jan  2 03:04:05 2020", MOMENT(2020, 1, 2, 3, 4, 5)),
        (MOMENT, "03:04", MOMENT(1900, 1, 1, 3, 4)),
    ],
)
def test_text_becomes_a_value_of_the_type(type_: type, text: str, value: object) -> None:
    option = Option("o", type=type_)
    assert option.parse(text) == value
    assert option.value() == value


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        (int, ""),
        (int, "0x10"),
        (float, "x"),
        (SPAN, "x"),
        (SPAN, "1 fortnight"),
        (SPAN, "1h,2m"),
        (MOMENT, "tomorrow"),
        (MOMENT, ""),
    ],
)
def test_other_text_is_refused_and_the_value_stays(type_: type, text: str) -> None:
    option = Option("o", type=type_, default=None)
    with pytest.raises(InvalidValueError, match="'o'") as caught:
        option.parse(text)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, Error)
    assert option.value() is None


@pytest.mark.parametrize(
    ("type_", "text", "value"),
    [
        (str, "a,b, c", ["a", "b", " c"]),
        (str, "", [""]),
        (str, "a:b", ["a:b"]),
        (int, "1:3,7", [1, 2, 3, 7]),
        (int, "1:", [1]),
        (int, "3:1", []),
        (float, "1,2.5", [1.0, 2.5]),
    ],
)
def test_several_values_are_separated_by_commas(type_: type, text: str, value: list[Any]) -> None:
    assert Option("o", type=type_, multiple=True).parse(text) == value


def test_objects_are_checked_not_converted() -> None:
    option = Option("o", type=int, default=1)
    option.set(2)
    assert option.value() == 2
    for wrong in ("3", 3.0, [3]):
        with pytest.raises(Error, match="required to be a int"):
            option.set(wrong)
    assert option.value() == 2
    option.set(None)
    assert option.value() is None


def test_a_list_is_checked_item_by_item() -> None:
    option = Option("o", type=int, multiple=True)
    assert option.value() == []
    option.set([1, None])
    for wrong in (1, (1,), ["1"]):
        with pytest.raises(Error, match="list of int"):
            option.set(wrong)
    assert option.value() == [1, None]


def test_the_callback_is_given_each_new_value() -> None:
    seen: list[Any] = []
    option = Option("o", type=int, callback=seen.append)
    option.parse("1")
    option.set(2)
    assert seen == [1, 2]
