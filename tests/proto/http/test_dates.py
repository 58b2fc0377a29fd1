"""Dates as HTTP writes them."""

from __future__ import annotations

import datetime
import time
from typing import Any

import pytest

from whirlwind._proto.http.dates import format_timestamp


@pytest.mark.parametrize(
    "moment",
    [
        1359312200,
        1359312200.503611,
        time.gmtime(1359312200),
        (2013, 1, 27, 18, 43, 20, 6, 27, 0),
        (2013, 1, 27, 18, 42, 80),
        datetime.datetime(2013, 1, 27, 18, 43, 20),
        datetime.datetime(
            2013, 1, 27, 20, 43, 20, tzinfo=datetime.timezone(datetime.timedelta(hours=2))
        ),
    ],
)
def test_a_date_is_written_in_gmt(moment: Any) -> None:
    assert format_timestamp(moment) == "Sun, 27 Jan 2013 18:43:20 GMT"


def test_dates_before_1970_and_outside_of_the_calendar() -> None:
    assert format_timestamp(-0.5) == "Wed, 31 Dec 1969 23:59:59 GMT"
    with pytest.raises(ValueError, match="9999"):
        format_timestamp(2**40)
    with pytest.raises(TypeError, match="unknown timestamp type"):
        format_timestamp("today")  # type: ignore[arg-type]
