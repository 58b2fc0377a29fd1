"""Dates that clients send, and what they say about a file's age.

Layer: web. Imports from ``_proto``.
"""

from __future__ import annotations

from datetime import UTC, datetime

from whirlwind._proto.http.dates import parse_fixdate


def parse_date(value: str) -> datetime | None:
    """Return the point in time that a field names, in UTC; None if it names none.

    All three forms of RFC 9110 are taken, zones in digits too; without a zone it is UTC.

    Source: RFC 9110, section 5.6.7.
    """
    date = parse_fixdate(value)
    if date is not None:
        return date
    # Imported here because it is heavy (a twentieth of what ``import whirlwind.web`` takes), and
    # a client sends back the date that it was given.
    import email.utils

    try:
        date = email.utils.parsedate_to_datetime(value)
        return as_utc(date)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def as_utc(date: datetime) -> datetime:
    """Return ``date`` with the zone UTC; one without a zone is taken to be in UTC."""
    return date.replace(tzinfo=UTC) if date.utcoffset() is None else date.astimezone(UTC)


def unmodified_since(value: str, modified: datetime | None) -> bool:
    """True if a file is no younger than an If-Modified-Since field says.

    Args:
        value: The field.
        modified: When the file was last modified; None if that is not known.

    Source: RFC 9110, section 13.1.3.
    """
    since = parse_date(value)
    return since is not None and modified is not None and as_utc(modified) <= since
