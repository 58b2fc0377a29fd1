"""The ``Cookie`` header of a request, read as browsers write it.

Layer: protocols. Imports from ``_base`` and within ``_proto`` only.

Only ``;`` divides one cookie from the next, also between quotes: browsers know no quoting here.
A reader that honours quotes lets the value of one cookie, which a neighbour on a sub-domain may
set, hide or set another (the advisory behind Tornado 4.4.2).
"""

from __future__ import annotations

import re
from typing import Final

from whirlwind._base.late_pattern import late_pattern
from whirlwind._proto.http.headers import HTTP_WHITESPACE

# Three octal digits, or any character, after a backslash. One pass over the text: what looks
# for the next backslash from the start again is quadratic (CVE-2024-7592).
_ESCAPED: Final = late_pattern(r"\\(?:([0-3][0-7][0-7])|(.))", re.DOTALL)


def _unescape(match: re.Match[str]) -> str:
    octal: str | None = match[1]
    return chr(int(octal, 8)) if octal is not None else match[2]


def unquote_cookie(value: str) -> str:
    r"""Undo the quoting that Python's own cookie writer uses: ``"a\073b"`` is ``a;b``.

    Args:
        value: A cookie's value; one that is not between quotes is returned as it is.
    """
    if len(value) < 2 or value[0] != '"' or value[-1] != '"':
        return value
    value = value[1:-1]
    return _ESCAPED().sub(_unescape, value) if "\\" in value else value


def parse_cookie(cookie: str) -> dict[str, str]:
    """Read a ``Cookie`` header.

    Args:
        cookie: The header's value.

    Returns:
        Name against value. Of cookies of one name the last stays; what has no ``=`` is the
        value of a cookie whose name is empty.

    Source: RFC 6265, section 5.4, and what browsers do.
    """
    cookies: dict[str, str] = {}
    for pair in cookie.split(";"):
        name, equals, value = pair.partition("=")
        if not equals:
            name, value = "", pair
        name = name.strip(HTTP_WHITESPACE)
        value = value.strip(HTTP_WHITESPACE)
        if name or value:
            cookies[name] = unquote_cookie(value)
    return cookies
