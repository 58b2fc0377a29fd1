"""Dates as HTTP writes them (RFC 9110, section 5.6.7).

Layer: protocols. Imports from ``_base`` only; it never asks what time it is.
"""

from __future__ import annotations

import datetime
from typing import Final

from whirlwind._base.late_pattern import late_pattern

# Not strftime: its names of days and months follow the process's locale.
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ")  # noqa: SIM905

_FIXDATE: Final = late_pattern(
    "[A-Z][a-z]{2}, ([0-9]{2}) ([A-Z][a-z]{2}) ([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT"
)


def format_timestamp(ts: float | tuple[int, ...] | datetime.datetime) -> str:
    """Write a point in time as the headers ``Date``, ``Expires`` and their like want it.

    >>> format_timestamp(1359312200)
    'Sun, 27 Jan 2013 18:43:20 GMT'

    Args:
        ts: Seconds since 1970 (fractions are cut off), a time tuple in UTC, or a ``datetime``,
            which counts as UTC if it has no zone.

    Returns:
        The date, in GMT.

    Raises:
        TypeError: ``ts`` is none of these.
        ValueError: The year is not between 1 and 9999.

    Source: RFC 9110, section 5.6.7 (IMF-fixdate).
    """
    utc = datetime.UTC
    if isinstance(ts, int | float):
        at = datetime.datetime(1970, 1, 1, tzinfo=utc)
        try:
            at += datetime.timedelta(seconds=ts // 1)
        except OverflowError as error:
            raise ValueError(f"timestamp {ts!r} is outside of the years 1 to 9999") from error
    elif isinstance(ts, datetime.datetime):
        at = ts.astimezone(utc) if ts.utcoffset() is not None else ts
    elif isinstance(ts, tuple) and len(ts) >= 6:
        year, month, day, hour, minute, second = ts[:6]
        # Added up, since the seconds of a time tuple go to 61.
        at = datetime.datetime(year, month, day, tzinfo=utc)
        at += datetime.timedelta(hours=hour, minutes=minute, seconds=second)
    else:
        raise TypeError(f"unknown timestamp type: {ts!r}")
    return (
        f"{_DAYS[at.weekday()]}, {at.day:02} {_MONTHS[at.month - 1]} {at.year:04} "
        f"{at.hour:02}:{at.minute:02}:{at.second:02} GMT"
    )


def parse_fixdate(value: str) -> datetime.datetime | None:
    """Read a date of the one form that may be sent today; what ``format_timestamp`` writes.

    Returns:
        The point in time, in UTC. None if it is written in another way, or is no date.

    Source: RFC 9110, section 5.6.7 (IMF-fixdate). The day of the week is not compared.
    """
    match = _FIXDATE().fullmatch(value)
    if match is None or match[2] not in _MONTHS:
        return None
    day, month, year, hour, minute, second = match.groups()
    try:
        return datetime.datetime(
            int(year),
            _MONTHS.index(month) + 1,
            int(day),
            int(hour),
            int(minute),
            int(second),
            tzinfo=datetime.UTC,
        )
    except ValueError:
        return None
