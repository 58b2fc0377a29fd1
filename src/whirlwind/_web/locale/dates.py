"""Which words a date is given, before they are translated.

Layer: web. Pure: the present is an argument.
"""

from __future__ import annotations

import datetime
from enum import Enum

MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_MINUTE = 60
_HOUR = 3600
# From here on people count in the next unit: 50 seconds are about a minute.
_NEARLY_NEXT = 50


class Clock(Enum):
    """How the time of day is written."""

    TWELVE = "English: 4:46 pm"
    TWELVE_BEFORE = "Chinese: the half of the day stands before the time"
    TWENTY_FOUR = "16:46"


def clock_of(code: str) -> Clock:
    """Return how the locale with this code writes the time of day."""
    if code in ("en", "en_US"):
        return Clock.TWELVE
    return Clock.TWELVE_BEFORE if code == "zh_CN" else Clock.TWENTY_FOUR


def time_of_day(date: datetime.datetime, clock: Clock) -> str:
    """Return hour and minute of a date."""
    if clock is Clock.TWENTY_FOUR:
        return f"{date.hour}:{date.minute:02d}"
    time = f"{date.hour % 12 or 12}:{date.minute:02d}"
    afternoon = date.hour >= 12
    if clock is Clock.TWELVE_BEFORE:
        return ("\u4e0b\u5348" if afternoon else "\u4e0a\u5348") + time
    return f"{time} {'pm' if afternoon else 'am'}"


def elapsed(seconds: float) -> tuple[str, str, int]:
    """Return how long ago something was, for what is less than a day ago.

    Args:
        seconds: Seconds since then, 0 or more.

    Returns:
        The message for one unit, the message for more (with the unit's name as the field), and
        how many units.
    """
    if seconds < _NEARLY_NEXT:
        return "1 second ago", "%(seconds)d seconds ago", int(seconds)
    if seconds < _NEARLY_NEXT * _MINUTE:
        return "1 minute ago", "%(minutes)d minutes ago", round(seconds / _MINUTE)
    return "1 hour ago", "%(hours)d hours ago", round(seconds / _HOUR)


def message_for(
    date: datetime.datetime,
    now: datetime.datetime,
    offset: datetime.timedelta,
    *,
    relative: bool,
    shorter: bool,
) -> str:
    """Return the message for a date in the past, with fields for its parts.

    Args:
        date: The date, not later than ``now``.
        now: The present.
        offset: What to take off a date to have it as a clock on the reader's wall shows it.
        relative: Whether yesterday is called that.
        shorter: Whether the time of day is left out where the day says enough.
    """
    days = (now - date).days
    if days == 0:
        return "%(time)s"
    yesterday = (now - offset - datetime.timedelta(days=1)).date()
    if days == 1 and relative and (date - offset).date() == yesterday:
        return "yesterday" if shorter else "yesterday at %(time)s"
    if days < 5:
        return "%(weekday)s" if shorter else "%(weekday)s at %(time)s"
    # Eleven months: until then the same month has not come again, and the year goes without saying.
    if days < 334:
        return "%(month_name)s %(day)s" if shorter else "%(month_name)s %(day)s at %(time)s"
    return whole_date(shorter=shorter)


def whole_date(*, shorter: bool) -> str:
    """Return the message that has day, month and year."""
    day = "%(month_name)s %(day)s, %(year)s"
    return day if shorter else f"{day} at %(time)s"
