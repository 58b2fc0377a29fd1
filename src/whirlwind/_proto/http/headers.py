"""Header fields: a mapping whose names ignore case and may repeat (RFC 9110, section 5).

Layer: protocols. Imports from ``_base`` only.

Theory of operation
-------------------
One plain dictionary holds the fields: the name as it is written (``Content-Type``) against a
string, or against a list of strings once the field was added a second time. Nearly every field
comes once, so that no list is made and a copy is a copy of the dictionary. A repeated field is
joined when it is asked for and not when it is added: to join at each addition takes time
quadratic in the number of additions, which the peer chooses.

Spelling a name (``content-type`` to ``Content-Type``) costs ten times a look into a dictionary,
and few names are ever used; spellings are remembered, up to a bound, since peers choose names.
There are two memories: one of any names that were asked for, and one of names that were found
to be tokens, which saves the pattern as well.

What comes in is checked when it is added (``add``, ``parse``, ``fields_from_wire``). What a
program sets (``headers[name] = value``) is checked in one place, where header fields are turned
into bytes: ``encode_fields``. Nothing else in the package writes header fields.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any, Final, TypeVar, overload

from whirlwind._base.late_pattern import late_pattern
from whirlwind._base.limits import MAX_HEADER_COUNT, MAX_HEADER_NAMES
from whirlwind._proto.http.errors import HTTPInputError, HTTPOutputError
from whirlwind._proto.http.grammar import _ABNF

_T = TypeVar("_T")

#: The only characters that may stand around a field's value: not what ``str.strip()`` takes.
HTTP_WHITESPACE: Final = " \t"

# Longer names are not worth the memory; the longest registered one has 44 characters.
_LONGEST_REMEMBERED: Final = 64

# As ``_ABNF.field_value``, for texts that were UTF-8: the header of a multipart part.
_VALUE_TEXT: Final = late_pattern(
    r"(?:[^\x00-\x20\x7f](?:[^\x00-\x08\x0a-\x1f\x7f]*[^\x00-\x20\x7f])?)?"
)
# What may never be sent inside a field's value.
_UNSENDABLE: Final = re.compile(r"[^\t\x20-\x7e\x80-\xff]")


_Name = TypeVar("_Name", str, bytes)


def _remember(names: dict[_Name, str], name: _Name, spelling: str) -> str:
    if len(name) <= _LONGEST_REMEMBERED:
        if len(names) >= MAX_HEADER_NAMES:
            names.clear()
        names[name] = spelling
    return spelling


class _Spellings(dict[str, str]):
    """Names as they came in against names as they are written, ``Like-This``."""

    def __missing__(self, name: str) -> str:
        spelling = "-".join([word.capitalize() for word in name.split("-")])
        return _remember(self, name, spelling)


class _Tokens(dict[str, str]):
    """The same for names that are tokens; another name is an error."""

    def __missing__(self, name: str) -> str:
        if _ABNF.token.fullmatch(name) is None:
            raise HTTPInputError(f"Invalid header name {name[:40]!r}")
        spelling = _spellings[name]
        return _remember(self, name, spelling)


class _WireTokens(dict[bytes, str]):
    """The same for names as bytes, as a parser hands them over."""

    def __missing__(self, name: bytes) -> str:
        spelling = _tokens[name.decode("latin-1")]
        return _remember(self, name, spelling)


_spellings: Final = _Spellings()
_tokens: Final = _Tokens()
_wire_tokens: Final = _WireTokens()


def _normalize_header(name: str) -> str:
    """Return a name as it is written: ``coNtent-TYPE`` becomes ``Content-Type``."""
    return _spellings[name]


class HTTPHeaders(MutableMapping[str, str]):
    """Header fields of one message: a mapping whose names ignore case.

    ``headers[name]`` is one string, with repeated fields joined by commas; ``add``,
    ``get_list`` and ``get_all`` see repeated fields one by one. Order is that of first use.

    >>> h = HTTPHeaders({"content-type": "text/html"})
    >>> h["Content-Type"]
    'text/html'
    >>> h.add("set-cookie", "a=1")
    >>> h.add("Set-Cookie", "b=2")
    >>> h.get_list("Set-Cookie")
    ['a=1', 'b=2']
    >>> h["Set-Cookie"]
    'a=1,b=2'

    Args:
        fields: Another ``HTTPHeaders``, a mapping, or pairs of name and value; a name that
            comes twice in pairs keeps its last value.
        **kwargs: More fields, as in ``dict``.
    """

    __slots__ = ("_fields",)

    def __init__(
        self,
        fields: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
        /,
        **kwargs: str,
    ) -> None:
        self._fields: dict[str, str | list[str]] = {}
        if fields is not None:
            if isinstance(fields, HTTPHeaders):
                self._fields = _copied(fields._fields)
            else:
                # By way of a dictionary: a name that comes twice keeps its last value.
                for name, value in dict(fields).items():
                    self._fields[_spellings[name]] = value
        if kwargs:
            self.update(kwargs)

    # --- repeated fields ---

    def add(self, name: str, value: str | bytes, *, _chars_are_bytes: bool = True) -> None:
        """Add a field, beside those of the same name that are there.

        Args:
            name: The name, a token.
            value: The value, without white space around it; bytes are taken as UTF-8.

        Raises:
            HTTPInputError: The name is no token, or the value has a control character, white
                space at an end, or a character above U+00FF.

        Source: RFC 9110, sections 5.1 and 5.5.
        """
        if isinstance(value, bytes):
            value = value.decode("utf-8")
        name = _tokens[name]
        if (_ABNF.field_value if _chars_are_bytes else _VALUE_TEXT()).fullmatch(value) is None:
            raise HTTPInputError(f"Invalid header value {value[:40]!r}")
        _add(self._fields, name, value)

    def get_list(self, name: str) -> list[str]:
        """Return all values of a field in the order they were added; an empty list for none."""
        held = self._fields.get(_spellings[name])
        if held is None:
            return []
        return list(held) if isinstance(held, list) else [held]

    def get_all(self) -> Iterable[tuple[str, str]]:
        """Return name and value of every field, a repeated field once for each value."""
        for name, held in self._fields.items():
            if isinstance(held, list):
                for value in held:
                    yield name, value
            else:
                yield name, held

    # --- texts ---

    def parse_line(self, line: str, *, _chars_are_bytes: bool = True) -> None:
        """Add the field that one line holds; an empty line adds nothing.

        Args:
            line: ``name: value``, with or without its line ending.

        Raises:
            HTTPInputError: The line has no colon, begins with white space (the folding of old,
                which peers read differently), or its name or value are not allowed.

        Source: RFC 9112, sections 5 to 5.2.
        """
        if line.endswith("\r\n"):
            line = line[:-2]
        elif line.endswith("\n"):
            line = line[:-1]
        if not line:
            return
        if line[0] in HTTP_WHITESPACE:
            raise HTTPInputError(
                f"header line {line[:40]!r} cannot start with whitespace, folding not supported"
            )
        name, colon, value = line.partition(":")
        if not colon:
            raise HTTPInputError(f"no colon in header line {line[:40]!r}")
        self.add(name, value.strip(HTTP_WHITESPACE), _chars_are_bytes=_chars_are_bytes)

    @classmethod
    def parse(cls, headers: str, *, _chars_are_bytes: bool = True) -> HTTPHeaders:
        """Read the lines of a header.

        Args:
            headers: Lines that end with CRLF or, for texts not from the wire, with LF.

        Returns:
            The fields.

        Raises:
            HTTPInputError: As ``parse_line``.

        Source: RFC 9112, section 5.
        """
        result = cls()
        # Not splitlines(), which would also end a line at U+0085, U+2028 and more. The CR of a
        # line without LF is no line ending: parse_line() refuses it.
        *lines, rest = headers.split("\n")
        for line in lines:
            result.parse_line(line.removesuffix("\r"), _chars_are_bytes=_chars_are_bytes)
        result.parse_line(rest, _chars_are_bytes=_chars_are_bytes)
        return result

    def __str__(self) -> str:
        return "".join([f"{name}: {value}\n" for name, value in self.get_all()])

    __unicode__ = __str__

    # --- mapping ---

    def __setitem__(self, name: str, value: str) -> None:
        self._fields[_spellings[name]] = value

    def __getitem__(self, name: str) -> str:
        held = self._fields[_spellings[name]]
        return ",".join(held) if isinstance(held, list) else held

    def __delitem__(self, name: str) -> None:
        del self._fields[_spellings[name]]

    def __len__(self) -> int:
        return len(self._fields)

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and _spellings[name] in self._fields

    @overload
    def get(self, name: str, /) -> str | None: ...
    @overload
    def get(self, name: str, /, default: str) -> str: ...
    @overload
    def get(self, name: str, /, default: _T) -> str | _T: ...
    def get(self, name: str, /, default: Any = None) -> Any:
        """Return ``headers[name]``, or ``default`` where there is no such field."""
        held = self._fields.get(_spellings[name])
        if held is None:
            return default
        return ",".join(held) if isinstance(held, list) else held

    def copy(self) -> HTTPHeaders:
        """Return fields of their own with the same contents."""
        other = HTTPHeaders.__new__(type(self))
        other._fields = _copied(self._fields)
        return other

    __copy__ = copy


def _copied(fields: dict[str, str | list[str]]) -> dict[str, str | list[str]]:
    copied = fields.copy()
    if list in map(type, fields.values()):
        for name, held in fields.items():
            if isinstance(held, list):
                copied[name] = held.copy()
    return copied


def flat_copy(headers: HTTPHeaders) -> HTTPHeaders:
    """Return a copy of fields none of which is repeated; ``copy`` has to look whether one is."""
    other = HTTPHeaders.__new__(HTTPHeaders)
    other._fields = headers._fields.copy()
    return other


def _add(fields: dict[str, str | list[str]], name: str, value: str) -> None:
    held = fields.get(name)
    if held is None:
        fields[name] = value
    elif isinstance(held, list):
        held.append(value)
    else:
        fields[name] = [held, value]


def fields_from_wire(pairs: Iterable[tuple[bytes, bytes]]) -> HTTPHeaders:
    """Make header fields of what a parser found, with our own checks on top of the parser's.

    Args:
        pairs: Name and value as bytes in wire order; white space around values is taken off.

    Returns:
        The fields, values decoded as Latin-1.

    Raises:
        HTTPInputError: A name is no token, a value holds a control character, or there are more
            than MAX_HEADER_COUNT fields.

    Source: RFC 9110, section 5.5.
    """
    headers = HTTPHeaders()
    fields = headers._fields
    for count, (wire_name, wire_value) in enumerate(pairs, 1):
        if count > MAX_HEADER_COUNT:
            raise HTTPInputError(f"more than {MAX_HEADER_COUNT} header fields (MAX_HEADER_COUNT)")
        name, value = field_from_wire(wire_name, wire_value)
        if name in fields:
            _add(fields, name, value)
        else:
            fields[name] = value
    return headers


def field_from_wire(wire_name: bytes, wire_value: bytes) -> tuple[str, str]:
    """Return name and value of one field; as ``fields_from_wire``, which checks their number."""
    name = _wire_tokens[wire_name]
    value = wire_value.decode("latin-1").strip(HTTP_WHITESPACE)
    # isprintable() is true for nearly all values and five times faster than the pattern,
    # which decides about the rest (tabs, and the controls of Latin-1's upper half).
    if not value.isprintable() and _UNSENDABLE.search(value) is not None:
        raise HTTPInputError(f"Invalid header value {value[:40]!r}")
    return name, value


def fields_of(pairs: Sequence[tuple[str, str]]) -> HTTPHeaders:
    """Return the fields that ``field_from_wire`` has found, in their order."""
    headers = HTTPHeaders.__new__(HTTPHeaders)
    fields: dict[str, str | list[str]] = dict(pairs)
    if len(fields) != len(pairs):
        fields = {}
        for name, value in pairs:
            _add(fields, name, value)
    headers._fields = fields
    return headers


def encode_fields(headers: HTTPHeaders) -> bytes:
    """Write header fields as they go on the wire: the one place where that is done.

    Args:
        headers: The fields; names and values are checked here.

    Returns:
        A line for each field, each with its CRLF, without the empty line that ends a header;
        encoded as Latin-1.

    Raises:
        HTTPOutputError: A name is no token, or a value holds CR, LF, NUL, another control
            character or one above U+00FF. Nothing may be sent then.

    Source: RFC 9110, section 5.5; RFC 9112, section 5.
    """
    fields: Any = headers._fields
    if list in map(type, fields.values()):
        return _encode_one_by_one(headers)
    for name in fields:
        if name not in _tokens:
            return _encode_one_by_one(headers)
    try:
        # One look at all values together: true for nearly all headers ever sent.
        if not "".join(fields.values()).isprintable():
            return _encode_one_by_one(headers)
        lines = "\r\n".join(map(": ".join, fields.items()))
        return f"{lines}\r\n".encode("latin-1") if fields else b""
    except (TypeError, UnicodeEncodeError):
        return _encode_one_by_one(headers)  # which says what is wrong, and with which field


def encode_whole(headers: HTTPHeaders, length: int, etag: str | None) -> bytes | None:
    """Write the fields of a message that is all there, its length added.

    Args:
        headers: The fields; they get Content-Length, and Etag.
        length: Bytes of the body.
        etag: The body's tag; None to add none.

    Returns:
        As ``encode_fields``; None, and nothing was changed, if the fields themselves say something
        about framing, about the connection, or do not say when the message was made.

    Raises:
        HTTPOutputError: As from ``encode_fields``.
    """
    fields = headers._fields
    if (
        "Content-Length" in fields
        or "Transfer-Encoding" in fields
        or "Connection" in fields
        or "Date" not in fields
    ):
        return None
    if etag is not None:
        fields["Etag"] = etag
    fields["Content-Length"] = str(length)
    return encode_fields(headers)


def _encode_one_by_one(headers: HTTPHeaders) -> bytes:
    lines = []
    fields: Iterable[tuple[str, Any]] = headers.get_all()
    for name, value in fields:
        check_name(name)
        if isinstance(value, bytes):  # programs for Tornado's client set some as bytes
            value = value.decode("latin-1")
        check_value(name, value)
        lines.append(f"{name}: {value}\r\n")
    return "".join(lines).encode("latin-1")


def check_name(name: str) -> None:
    """Refuse a field name that may not be sent.

    Raises:
        HTTPOutputError: ``name`` is no token (RFC 9110, section 5.6.2).
    """
    if name not in _tokens:
        if _ABNF.token.fullmatch(name) is None:
            raise HTTPOutputError(f"header name {name[:40]!r} is not a token")
        _remember(_tokens, name, _spellings[name])


def check_value(name: str, value: object) -> None:
    """Refuse a field value that may not be sent.

    Raises:
        HTTPOutputError: ``value`` is no string, or holds CR, LF, NUL, another control character
            but the tab, or a character above U+00FF (RFC 9110, section 5.5).
    """
    if not isinstance(value, str):
        raise HTTPOutputError(f"value of header {name!r} is {type(value).__name__}, not str")
    found = _UNSENDABLE.search(value)
    if found is not None:
        raise HTTPOutputError(
            f"value of header {name!r} holds {found[0]!r}, which may not be sent in a header: "
            f"{value[:40]!r}"
        )
