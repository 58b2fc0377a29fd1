"""Text for HTML, JSON and URLs, and the way between ``str`` and ``bytes``.

Layer: base. Imports from within ``_base`` only.

Every function takes ``str`` or UTF-8 ``bytes`` where that makes sense, because what handlers
hold comes from the wire as bytes and from the program as text. Each runs in time linear in its
input: the input is often a peer's.
"""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Callable
from typing import Any, Final, overload

from whirlwind._base.late_pattern import late_pattern
from whirlwind._base.percent import unquote, unquote_to_bytes

# Control characters and the blank; other white space (U+00A0 …) means something in a text.
_BLANKS: Final = late_pattern(r"[\x00-\x20]+")

# Python's int() takes 4300 digits; there are no characters beyond 1114111.
_ENDLESS_REFERENCE: Final = late_pattern(r"&#[0-9]{4000,}+;?")


@overload
def utf8(value: bytes) -> bytes: ...
@overload
def utf8(value: str) -> bytes: ...
@overload
def utf8(value: None) -> None: ...
def utf8(value: str | bytes | None) -> bytes | None:
    """Return ``value`` as bytes, text encoded as UTF-8.

    Args:
        value: Text, bytes (returned as they are), or None (returned as it is).

    Raises:
        TypeError: ``value`` is something else; convert it first, with ``str()`` or otherwise.
    """
    if isinstance(value, bytes) or value is None:
        return value
    if isinstance(value, str):
        return value.encode("utf-8")
    raise TypeError(f"Expected bytes, unicode, or None; got {type(value)!r}")


@overload
def to_unicode(value: str) -> str: ...
@overload
def to_unicode(value: bytes) -> str: ...
@overload
def to_unicode(value: None) -> None: ...
def to_unicode(value: str | bytes | None) -> str | None:
    """Return ``value`` as text, bytes decoded as UTF-8.

    Args:
        value: Bytes, text (returned as it is), or None (returned as it is).

    Raises:
        TypeError: ``value`` is something else.
        UnicodeDecodeError: The bytes are not UTF-8.
    """
    if isinstance(value, str) or value is None:
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8")
    raise TypeError(f"Expected bytes, unicode, or None; got {type(value)!r}")


# On Python 2 the native string was bytes; programs that ran on both still say these names.
native_str = to_unicode
to_basestring = to_unicode


def recursive_unicode(obj: Any) -> Any:
    """Return a copy of a structure with every ``bytes`` in it decoded as UTF-8.

    Args:
        obj: Dicts (keys as well as values), lists, tuples and bytes, nested at will; anything
            else is kept as it is.
    """
    if isinstance(obj, bytes):
        return to_unicode(obj)
    if isinstance(obj, dict):
        return {recursive_unicode(key): recursive_unicode(item) for key, item in obj.items()}
    if isinstance(obj, list):
        return [recursive_unicode(item) for item in obj]
    if isinstance(obj, tuple):
        return tuple(recursive_unicode(item) for item in obj)
    return obj


def xhtml_escape(value: str | bytes) -> str:
    """Make text safe to stand in HTML or XML, in element content and in quoted attributes.

    Args:
        value: Text or UTF-8 bytes.

    Returns:
        The text with ``<``, ``>``, ``&`` and both quotes as character references.

    Source: WHATWG HTML, section 13.3 (serialising), and the single quote on top of it.
    """
    return escape_text(to_unicode(value))


def escape_text(text: str) -> str:
    """Do what ``xhtml_escape`` does, for what is text already."""
    # The ampersand first: the others bring ampersands in.
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&quot;").replace("'", "&#x27;")


def xhtml_unescape(value: str | bytes) -> str:
    """Turn character references, named and numeric, back into characters.

    Args:
        value: Text or UTF-8 bytes. A reference that HTML does not know stays as it is.

    Source: WHATWG HTML, section 13.2.5.72 and following.
    """
    # Imported here because it is heavy: a table of all names that characters have in HTML.
    import html

    # html.unescape raises ValueError where int() refuses the digits, which are a peer's to choose.
    return html.unescape(_ENDLESS_REFERENCE().sub("\ufffd", to_unicode(value)))


# What json.dumps() makes anew for each call, a third of its time. Without its table of the objects
# that it is inside of: one that is inside itself ends in a RecursionError. None on Pythons without
# the compiled half of json.
_encode: Final[Callable[[Any, int], tuple[str, ...]] | None] = (
    None
    if json.encoder.c_make_encoder is None  # type: ignore[attr-defined]
    else json.encoder.c_make_encoder(  # type: ignore[attr-defined]
        None,
        json.JSONEncoder().default,
        json.encoder.encode_basestring_ascii,
        None,
        ": ",
        ", ",
        False,
        False,
        True,
    )
)


def json_encode(value: Any) -> str:
    """Return ``value`` as JSON that may also stand inside a ``<script>`` element.

    Args:
        value: What ``json.dumps`` takes; bytes must be decoded first (``recursive_unicode``).

    Returns:
        JSON text in which ``</`` reads ``<\\/``: the same string to a JSON parser, and no end of
        the script to an HTML parser.

    Source: RFC 8259, section 7, which lets a solidus be escaped.
    """
    if _encode is None:
        return json.dumps(value).replace("</", "<\\/")
    try:
        pieces = _encode(value, 0)
    except RecursionError:
        # Too deep, or an object inside itself: dumps() tells them apart.
        pieces = (json.dumps(value),)
    return "".join(pieces).replace("</", "<\\/")


def json_decode(value: str | bytes) -> Any:
    """Return the Python object that JSON text stands for.

    Args:
        value: Text, or bytes in UTF-8, UTF-16 or UTF-32.

    Raises:
        json.JSONDecodeError: The text is not JSON; a ``ValueError``.
    """
    return json.loads(value)


def squeeze(value: str) -> str:
    """Return ``value`` with each run of blanks and control characters as one blank, ends bare."""
    return _BLANKS().sub(" ", value).strip()


def url_escape(value: str | bytes, plus: bool = True) -> str:
    """Percent-encode a value for use in a URL.

    Args:
        value: Text (encoded as UTF-8) or bytes.
        plus: True, the default, is for query strings and forms: a blank becomes ``+`` and
            ``/`` is encoded. False is for paths: a blank becomes ``%20`` and ``/`` stays.

    Source: RFC 3986, section 2.1; the plus sign from application/x-www-form-urlencoded.
    """
    return urllib.parse.quote_plus(utf8(value)) if plus else urllib.parse.quote(utf8(value))


@overload
def url_unescape(value: str | bytes, encoding: None, plus: bool = True) -> bytes: ...
@overload
def url_unescape(value: str | bytes, encoding: str = "utf-8", plus: bool = True) -> str: ...
def url_unescape(
    value: str | bytes, encoding: str | None = "utf-8", plus: bool = True
) -> str | bytes:
    """Decode the percent-encoding of a value from a URL.

    Args:
        value: Text or bytes as they stand in the URL. A ``%`` that two hexadecimal digits do
            not follow is kept.
        encoding: How to decode the bytes that result; undecodable ones become U+FFFD. None
            returns the bytes.
        plus: Whether ``+`` means a blank, as it does in query strings and forms.

    Source: RFC 3986, section 2.1.
    """
    if encoding is None:
        wire = utf8(value)
        return unquote_to_bytes(wire.replace(b"+", b" ") if plus else wire)
    text = to_unicode(value)
    return unquote(text.replace("+", " ") if plus else text, encoding)


def parse_qs_bytes(
    qs: str | bytes,
    keep_blank_values: bool = False,
    strict_parsing: bool = False,
    *,
    max_num_fields: int | None = None,
) -> dict[str, list[bytes]]:
    """Parse a query string, or an urlencoded body, into values that are still bytes.

    Which encoding the values are in is for the program to know, so they are left undecoded; the
    names are short and nearly always ASCII, so they are text (each byte one character).

    Args:
        qs: The string without its ``?``; bytes, or text with characters below U+0100.
        keep_blank_values: Whether ``name=`` counts; by default it is left out.
        strict_parsing: Whether a field without ``=`` is an error; by default it is left out, or
            kept as blank with ``keep_blank_values``.
        max_num_fields: Most fields to accept, counted before they are taken apart; None for no
            limit.

    Returns:
        For each name its values, in the order in which they came.

    Raises:
        ValueError: There are more than ``max_num_fields`` fields, or parsing is strict and a
            field is malformed.

    Source: WHATWG URL, section 5.1, with ``&`` as the only separator.
    """
    wire = qs.encode("latin-1") if isinstance(qs, str) else qs
    found: dict[str, list[bytes]] = {}
    if not wire:
        return found
    if max_num_fields is not None and wire.count(b"&") >= max_num_fields:
        raise ValueError(f"Max number of fields exceeded: over {max_num_fields} (max_num_fields)")
    for field in wire.split(b"&"):
        name, equals, value = field.partition(b"=")
        if strict_parsing and not equals:
            raise ValueError(f"bad query field: {field[:40]!r}")
        if value or (keep_blank_values and field):
            key = unquote_to_bytes(name.replace(b"+", b" ")).decode("latin-1")
            found.setdefault(key, []).append(unquote_to_bytes(value.replace(b"+", b" ")))
    return found
