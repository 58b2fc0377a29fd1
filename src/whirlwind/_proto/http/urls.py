"""Pieces of URLs: queries, hosts with ports, names with passwords.

Layer: protocols. Imports from ``_base`` only.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, AnyStr, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from whirlwind._base.late_pattern import late_pattern

# ASCII digits only: \d and int() also know those of other scripts. Twenty are more than any
# port has and fewer than int() refuses.
_HOST_PORT: Final = late_pattern(r"(.+):([0-9]{1,20})", re.DOTALL)


def url_concat(
    url: str,
    args: Mapping[str, Any] | list[tuple[str, Any]] | tuple[tuple[str, Any], ...] | None,
) -> str:
    """Add arguments to a URL's query, whether or not it has one.

    >>> url_concat("http://example.com/foo?a=b", {"c": "d"})
    'http://example.com/foo?a=b&c=d'

    Args:
        url: A URL; its query and fragment stay where they are.
        args: Names and values; pairs may repeat a name. None adds nothing.

    Returns:
        The URL with its query written anew; the URL as it was if ``args`` is empty.

    Raises:
        TypeError: ``args`` is neither a mapping nor a list or tuple of pairs.
    """
    if args is None:
        return url
    if isinstance(args, Mapping):
        more = list(args.items())
    elif isinstance(args, list | tuple):
        more = list(args)
    else:
        raise TypeError(f"'args' parameter should be dict, list or tuple. Not {type(args)}")
    if not more:
        return url
    parts = urlsplit(url)
    query = urlencode(parse_qsl(parts.query, keep_blank_values=True) + more)
    return urlunsplit(parts._replace(query=query))


def split_host_and_port(netloc: str) -> tuple[str, int | None]:
    """Divide ``host:port``.

    Args:
        netloc: A host, with or without a port; an IPv6 address stands in brackets.

    Returns:
        The host, brackets included, and the port; None where there is none.
    """
    match = _HOST_PORT().fullmatch(netloc)
    if match is None:
        return netloc, None
    return match[1], int(match[2])


def is_absolute(path: str) -> bool:
    """True for a path from the root, and for a URL with scheme http or https."""
    return path.startswith(("/", "http:", "https:"))


def qs_to_qsl(qs: Mapping[str, Iterable[AnyStr]]) -> Iterable[tuple[str, AnyStr]]:
    """Turn names against lists of values, as ``parse_qs`` gives them, into pairs."""
    for name, values in qs.items():
        for value in values:
            yield name, value


def encode_username_password(username: str | bytes, password: str | bytes) -> bytes:
    """Write a name and a password as the credentials of basic authentication, before base64.

    Args:
        username: The name; a string is brought into Unicode's composed form (NFC) first.
        password: Likewise.

    Returns:
        ``name:password`` in UTF-8.

    Source: RFC 7617, section 2.1.
    """
    return _octets(username) + b":" + _octets(password)


def _octets(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else unicodedata.normalize("NFC", text).encode("utf-8")
