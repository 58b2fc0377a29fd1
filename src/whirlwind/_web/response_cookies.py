"""The cookies of an answer: what may stand in them, and in which attribute.

Layer: web. Imports from ``_base`` only.
"""

from __future__ import annotations

import http.cookies
from collections.abc import Mapping
from typing import Any, Final

from whirlwind._base.late_pattern import late_pattern

# RFC 6265, section 4.1.1: no controls and no white space in values; quoting does the rest. What no
# header can hold is refused here as well, where the program sees which cookie it was.
_UNSAFE_VALUE: Final = late_pattern(r"[^\x21-\xff]")
_NAME: Final = late_pattern(r"[!#$%&'*+\-.^_`|~0-9A-Za-z:]+")
_UNSAFE_ATTRIBUTE: Final = late_pattern(r"[^\x21-\x3a\x3c-\x7e\x80-\xff]")
# Dates are the one attribute with blanks.
_UNSAFE_DATE: Final = late_pattern(r"[^\x20-\x3a\x3c-\x7e\x80-\xff]")


class InvalidCookieError(http.cookies.CookieError, ValueError):
    """A cookie that may not be sent. Both, since programs catch either."""


def make_cookie(name: str, value: str, attributes: Mapping[str, Any]) -> http.cookies.SimpleCookie:
    """Return a jar with one cookie in it, checked: what goes out is what was looked at here.

    Args:
        name: The cookie's name.
        value: Its value; quoted where it must be.
        attributes: Attributes in any spelling, of which a later one replaces an earlier; None,
            False and empty text stand for none.

    Raises:
        InvalidCookieError: Something holds characters that would end it early.
        CookieError: There is no such attribute, or the name is that of one.
    """
    if _NAME().fullmatch(name) is None:
        raise _bad_attribute("name", name, name)
    if _UNSAFE_VALUE().search(value):
        raise InvalidCookieError(f"Invalid cookie {name!r}: {value[:40]!r}")
    jar: http.cookies.SimpleCookie = http.cookies.SimpleCookie()
    jar[name] = value
    morsel = jar[name]
    for key, attribute in attributes.items():
        known = key.lower().replace("_", "-")
        if attribute is None or attribute is False or attribute == "":
            attribute = ""
        elif attribute is True and known in ("httponly", "secure", "partitioned"):
            pass
        elif known == "max-age" and isinstance(attribute, int | float):
            attribute = str(int(attribute))  # also zero, which ends the cookie at once
        elif isinstance(attribute, str | int | float):
            unsafe = _UNSAFE_DATE() if known == "expires" else _UNSAFE_ATTRIBUTE()
            if unsafe.search(str(attribute)):
                raise _bad_attribute(key, str(attribute), name)
        else:
            raise TypeError(f"cookie attribute {key} is {attribute!r}: expected text")
        morsel[known] = attribute
    return jar


def _bad_attribute(key: str, value: str, cookie: str) -> InvalidCookieError:
    return InvalidCookieError(
        f"Invalid cookie attribute {key}={value[:40]!r} for cookie {cookie[:40]!r}"
    )
