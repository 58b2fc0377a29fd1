"""Header values with parameters: ``form-data; name="a"; filename*=UTF-8''%C3%A9``.

Layer: protocols. Imports from ``_base`` and within ``_proto`` only.

One pass over the text: a reader that looks for the end of a quoted string from the start again
is quadratic (CVE-2025-67726).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote_to_bytes

from whirlwind._base.late_pattern import late_pattern
from whirlwind._proto.http.headers import HTTP_WHITESPACE

# Text up to the next semicolon that does not stand between quotes. The alternatives exclude one
# another at each character, so that there is one way only to match, and no way back. A quote
# that is never closed runs to the end.
_SEGMENT: Final = late_pattern(r'(?:[^;"]|"(?:[^"\\]|\\.)*+(?:"|\\?\Z))*+', re.DOTALL)
# Only these two are escaped in practice: browsers of old send ``filename="C:\dir\file"``.
_QUOTED_PAIR: Final = late_pattern(r'\\([\\"])')
# name, then *, then a number of a piece, then * for a piece in percent-encoding (RFC 2231)
_EXTENDED: Final = late_pattern(r"([^*]+)\*(?:([0-9]{1,3})(\*)?)?")
# RFC 8187 asks for these. Any other name would let a peer choose among Python's codecs, of
# which some are no character sets and some take quadratic time.
_CHARSETS: Final = {"utf-8": "utf-8", "iso-8859-1": "latin-1", "us-ascii": "ascii"}


def _parse_header(line: str) -> tuple[str, dict[str, str]]:
    """Take a header's value with parameters apart.

    Args:
        line: The header's value.

    Returns:
        What stands before the first semicolon, and the parameters: names in lower case, values
        without their quotes. A parameter without ``=`` is left out; of two of one name the last
        stays; an extended one (``name*``) wins over a plain one.

    Source: RFC 9110, section 5.6.6; RFC 8187 and, for pieces, RFC 2231, section 3.
    """
    plain: dict[str, str] = {}
    extended: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    end = _end_of_segment(line, 0)
    key = line[:end].strip(HTTP_WHITESPACE)
    while end < len(line):
        start = end + 1
        end = _end_of_segment(line, start)
        name, equals, value = line[start:end].partition("=")
        if not equals:
            continue
        name = name.strip(HTTP_WHITESPACE).lower()
        value = _unquote(value.strip(HTTP_WHITESPACE))
        match = _EXTENDED().fullmatch(name)
        if match is None:
            plain[name] = value
        elif match[2] is None:
            extended[match[1]] = _decode(value)
        else:
            pieces.setdefault(match[1], {})[int(match[2])] = (value, match[3] is not None)
    for name, numbered in pieces.items():
        extended.setdefault(name, _joined(numbered))
    return key, {**plain, **extended}


def _end_of_segment(line: str, start: int) -> int:
    match = _SEGMENT().match(line, start)
    return match.end() if match is not None else len(line)


def _unquote(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return _QUOTED_PAIR().sub(r"\1", value[1:-1])
    return value


def _decode(value: str) -> str:
    charset, quote, rest = value.partition("'")
    codec = _CHARSETS.get(charset.lower())
    if not quote or codec is None:
        return value
    return unquote_to_bytes(rest.partition("'")[2]).decode(codec, "replace")


def _joined(numbered: dict[int, tuple[str, bool]]) -> str:
    # The charset stands in the first piece and holds for all of them.
    charset = ""
    text = []
    for number in range(len(numbered)):
        if number not in numbered:
            break  # a piece is missing: what follows it cannot be placed
        value, encoded = numbered[number]
        if encoded and number == 0:
            charset, _, value = value.partition("'")
            value = value.partition("'")[2]
        if encoded:
            codec = _CHARSETS.get(charset.lower(), "utf-8")
            value = unquote_to_bytes(value).decode(codec, "replace")
        text.append(value)
    return "".join(text)


def _encode_header(key: str, pdict: Mapping[str, str | None] | None) -> str:
    """Write a value with parameters, those of value None as a name alone, in order of name."""
    parts = [key]
    for name, value in sorted((pdict or {}).items()):
        parts.append(name if value is None else f"{name}={value}")
    return "; ".join(parts)
