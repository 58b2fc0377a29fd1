"""Dates of clients: three forms of them, zones, and what is none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from whirlwind._web.static.times import as_utc, parse_date, unmodified_since

THEN = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "Tue, 14 Nov 2023 22:13:20 GMT",
        "Tuesday, 14-Nov-23 22:13:20 GMT",
        "Tue Nov 14 22:13:20 2023",
        "Tue, 14 Nov 2023 23:13:20 +0100",
        "Tue, 14 Nov 2023 22:13:20 -0000",
        "Tue, 14 Nov 2023 22:13:20",
    ],
)
def test_dates_are_points_in_time(value: str) -> None:
    assert parse_date(value) == THEN


@pytest.mark.parametrize(
    "value", ["", "garbage", "Tue, 14 Nov 99999 22:13:20 GMT", "Tue, 34 Nov 2023 22:13:20 GMT", ","]
)
def test_what_is_no_date_is_none(value: str) -> None:
    assert parse_date(value) is None


def test_a_date_without_zone_is_in_utc() -> None:
    assert as_utc(THEN.replace(tzinfo=None)) == THEN


def test_a_file_is_unmodified_up_to_its_own_second() -> None:
    value = "Tue, 14 Nov 2023 22:13:20 GMT"
    assert unmodified_since(value, THEN)
    assert unmodified_since(value, THEN.replace(tzinfo=None))
    assert not unmodified_since(value, THEN + timedelta(seconds=1))
    assert not unmodified_since(value, None)
    assert not unmodified_since("garbage", THEN)
