"""Which words a date is given; the present is an argument."""

from __future__ import annotations

import datetime

import pytest

from whirlwind._web.locale.dates import clock_of, elapsed, message_for, time_of_day
from whirlwind._web.locale.locales import CSVLocale

NOW = datetime.datetime(2026, 11, 23, 16, 46, tzinfo=datetime.UTC)  # a Monday
DAY = 86400


@pytest.mark.parametrize(
    ("hour", "english", "chinese", "german"),
    [
        (0, "12:05 am", "上午12:05", "0:05"),
        (9, "9:05 am", "上午9:05", "9:05"),
        (12, "12:05 pm", "下午12:05", "12:05"),
        (13, "1:05 pm", "下午1:05", "13:05"),
    ],
)
def test_each_language_has_its_clock(hour: int, english: str, chinese: str, german: str) -> None:
    date = NOW.replace(hour=hour, minute=5)
    expected = {"en_US": english, "zh_CN": chinese, "de": german}
    assert {code: time_of_day(date, clock_of(code)) for code in expected} == expected


@pytest.mark.parametrize(
    ("seconds", "message", "count"),
    [
        (0, "%(seconds)d seconds ago", 0),
        (49.9, "%(seconds)d seconds ago", 49),
        (50, "%(minutes)d minutes ago", 1),
        (50 * 60 - 1, "%(minutes)d minutes ago", 50),
        (50 * 60, "%(hours)d hours ago", 1),
        (DAY - 1, "%(hours)d hours ago", 24),
    ],
)
def test_less_than_a_day_is_counted(seconds: float, message: str, count: int) -> None:
    assert elapsed(seconds)[1:] == (message, count)


@pytest.mark.parametrize(
    ("ago", "message"),
    [
        (DAY - 1, "%(time)s"),
        (DAY, "yesterday at %(time)s"),
        (2 * DAY - 1, "%(weekday)s at %(time)s"),  # 24 hours before yesterday, or nearly
        (5 * DAY - 1, "%(weekday)s at %(time)s"),
        (5 * DAY, "%(month_name)s %(day)s at %(time)s"),
        (334 * DAY - 1, "%(month_name)s %(day)s at %(time)s"),
        (334 * DAY, "%(month_name)s %(day)s, %(year)s at %(time)s"),
    ],
)
def test_the_further_back_the_more_is_said(ago: int, message: str) -> None:
    date = NOW - datetime.timedelta(seconds=ago)
    nothing = datetime.timedelta(0)
    assert message_for(date, NOW, nothing, relative=True, shorter=False) == message
    shorter = message_for(date, NOW, nothing, relative=True, shorter=True)
    assert shorter == message.replace(" at %(time)s", "")


@pytest.mark.parametrize(
    ("ago", "offset", "options", "text"),
    [
        (300, 0, "relative", "5 minutes ago"),
        (55, 0, "relative", "1 minute ago"),
        (300, 0, "", "4:41 pm"),
        (300, 300, "", "11:41 am"),
        (DAY, 0, "relative shorter", "yesterday"),
        (DAY, 0, "shorter", "Sunday"),
        (DAY, 0, "full", "November 22, 2026 at 4:46 pm"),
        (-59, 0, "relative", "0 seconds ago"),
        (-60, 0, "relative", "November 23, 2026 at 4:47 pm"),
        (-59, 0, "", "November 23, 2026 at 4:46 pm"),
        (-2 * DAY - 30, 0, "relative", "November 25, 2026 at 4:46 pm"),
    ],
)
def test_a_date_is_written_out(ago: int, offset: int, options: str, text: str) -> None:
    date = NOW - datetime.timedelta(seconds=ago)
    given = options.split()
    shown = CSVLocale("en_US", {})._date_text(
        date, NOW, offset, "relative" in given, "shorter" in given, "full" in given
    )
    assert shown == text
