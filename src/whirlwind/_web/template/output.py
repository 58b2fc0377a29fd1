"""What a template's code does with the values of its expressions.

Layer: web. Pure.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any, Final

from whirlwind._base.escape import (
    escape_text,
    json_encode,
    squeeze,
    url_escape,
    utf8,
    xhtml_escape,
)
from whirlwind._base.linkify import linkify


def escaped(function: Callable[[Any], str | bytes], value: Any) -> bytes:
    """Return a value as text that passed through an escaping function.

    Args:
        function: Receives UTF-8 bytes, as in Tornado, and returns text or bytes.
        value: Text, bytes, or anything that ``str()`` takes.
    """
    if function is xhtml_escape:
        # Nearly every expression of every page comes here: no way through bytes and back.
        kind = type(value)
        if kind is str:
            return escape_text(value).encode()
        if kind is int:
            return b"%d" % value
    return utf8(function(raw(value)))


def raw(value: Any) -> bytes:
    """Return a value as UTF-8, unescaped."""
    if isinstance(value, bytes):
        return value
    return (value if isinstance(value, str) else str(value)).encode()


# What every template finds without being given it.
NAMESPACE: Final[dict[str, Any]] = {
    "escape": xhtml_escape,
    "xhtml_escape": xhtml_escape,
    "url_escape": url_escape,
    "json_encode": json_encode,
    "squeeze": squeeze,
    "linkify": linkify,
    "datetime": datetime,
    "_tt_escape": escaped,
    "_tt_raw": raw,
    "_tt_utf8": utf8,
}
