"""Bodies of forms: ``application/x-www-form-urlencoded`` and ``multipart/form-data``.

Layer: protocols. Imports from ``_base`` and ``_proto`` only.

Theory of operation
-------------------
A form's fields are counted before any of them is copied out of the body: counting takes no
memory, so that what a body of two million empty fields costs is one pass over its bytes. The
parts of a multipart body are looked for one by one, and the search stops at the first thing
that is wrong; nothing is logged here.

A delimiter stands at the start of a line and is all that its line holds::

    --boundary CRLF header CRLF CRLF body CRLF --boundary-- epilogue
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from whirlwind._base.limits import MAX_ARGUMENTS, MAX_MULTIPART_PARTS, MAX_PART_HEADER_SIZE
from whirlwind._base.objects import ObjectDict
from whirlwind._proto.http.errors import HTTPInputError
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http.parameters import _parse_header


class HTTPFile(ObjectDict):
    """A file that came in a form.

    Its items are attributes as well.

    Attributes:
        filename: The name that the sender gave it; never use it as a path.
        body: The contents.
        content_type: The type that the sender gave it, ``application/unknown`` if none.
    """

    filename: str
    body: bytes
    content_type: str


class _Config:
    """What the three below are alike in: what they hold, they are compared and shown by.

    No dataclasses, since making three of them takes longer than a small module does to load.
    """

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({values})"


class ParseMultipartConfig(_Config):
    """What to accept of ``multipart/form-data``.

    Attributes:
        enabled: False refuses such bodies, for applications that have no use for them.
        max_parts: Most parts in one body.
        max_part_header_size: Most bytes in the header of one part.
    """

    def __init__(
        self,
        enabled: bool = True,
        max_parts: int = MAX_MULTIPART_PARTS,
        max_part_header_size: int = MAX_PART_HEADER_SIZE,
    ) -> None:
        self.enabled = enabled
        self.max_parts = max_parts
        self.max_part_header_size = max_part_header_size


class ParseUrlEncodedConfig(_Config):
    """What to accept of query strings and ``application/x-www-form-urlencoded``.

    Attributes:
        max_arguments: Most arguments in one of them.
    """

    def __init__(self, max_arguments: int = MAX_ARGUMENTS) -> None:
        self.max_arguments = max_arguments


class ParseBodyConfig(_Config):
    """What to accept of bodies with forms.

    Attributes:
        multipart: For ``multipart/form-data``.
        urlencoded: For ``application/x-www-form-urlencoded``.
    """

    def __init__(
        self,
        multipart: ParseMultipartConfig | None = None,
        urlencoded: ParseUrlEncodedConfig | None = None,
    ) -> None:
        self.multipart = ParseMultipartConfig() if multipart is None else multipart
        self.urlencoded = ParseUrlEncodedConfig() if urlencoded is None else urlencoded


#: What holds where no configuration is given; one object for the life of the process.
_DEFAULT_PARSE_BODY_CONFIG: Final = ParseBodyConfig()


def set_parse_body_config(config: ParseBodyConfig) -> None:
    """Change what forms may hold wherever no other configuration is given.

    Call it while the program starts: it holds for the whole process.
    """
    _DEFAULT_PARSE_BODY_CONFIG.multipart = config.multipart
    _DEFAULT_PARSE_BODY_CONFIG.urlencoded = config.urlencoded


def parse_urlencoded(query: bytes, *, max_arguments: int | None = None) -> dict[str, list[bytes]]:
    """Read a query string or an urlencoded body.

    Args:
        query: Names and values, ``a=1&b=2``.
        max_arguments: Most arguments to accept; None for what ``set_parse_body_config`` says.

    Returns:
        Names, decoded as Latin-1 so that no byte of theirs is lost, against their values in
        order. Empty values are kept.

    Raises:
        HTTPInputError: There are more arguments.

    Source: WHATWG URL, section 5.1.
    """
    if max_arguments is None:
        max_arguments = _DEFAULT_PARSE_BODY_CONFIG.urlencoded.max_arguments
    if query and query.count(b"&") >= max_arguments:
        raise HTTPInputError(
            f"Max number of fields exceeded: more than {max_arguments} arguments "
            "(ParseUrlEncodedConfig.max_arguments)"
        )
    arguments: dict[str, list[bytes]] = {}
    for pair in query.split(b"&"):
        if pair:
            name, _, value = pair.partition(b"=")
            key = _unquote_plus(name).decode("latin-1")
            arguments.setdefault(key, []).append(_unquote_plus(value))
    return arguments


def _unquote_plus(text: bytes) -> bytes:
    if b"+" in text:
        text = text.replace(b"+", b" ")
    return unquote_to_bytes(text) if b"%" in text else text


def parse_body_arguments(
    content_type: str,
    body: bytes,
    arguments: dict[str, list[bytes]],
    files: dict[str, list[HTTPFile]],
    headers: HTTPHeaders | None = None,
    *,
    config: ParseBodyConfig | None = None,
) -> None:
    """Read a body with a form, if it is one.

    Args:
        content_type: The body's ``Content-Type``; another type than the two is left alone.
        body: The whole body.
        arguments: Gets the fields, added to what it holds.
        files: Gets the files, likewise.
        headers: The message's header; a ``Content-Encoding`` in it means that the body was
            not decoded, and is refused.
        config: What to accept; None for what ``set_parse_body_config`` says.

    Raises:
        HTTPInputError: The body is not what its type says, or passes a limit.
    """
    config = config or _DEFAULT_PARSE_BODY_CONFIG
    if content_type.startswith("application/x-www-form-urlencoded"):
        _refuse_encoded(headers)
        try:
            found = parse_urlencoded(body, max_arguments=config.urlencoded.max_arguments)
        except HTTPInputError as error:
            raise HTTPInputError(f"Invalid x-www-form-urlencoded body: {error}") from error
        for name, values in found.items():
            arguments.setdefault(name, []).extend(values)
    elif content_type.startswith("multipart/form-data"):
        _refuse_encoded(headers)
        boundary = _boundary(content_type)
        if not boundary:
            raise HTTPInputError("Invalid multipart/form-data: multipart boundary not found")
        try:
            parse_multipart_form_data(boundary, body, arguments, files, config=config.multipart)
        except HTTPInputError as error:
            raise HTTPInputError(f"Invalid multipart/form-data: {error}") from error


def _refuse_encoded(headers: HTTPHeaders | None) -> None:
    if headers is not None and "Content-Encoding" in headers:
        raise HTTPInputError(
            f"Unsupported Content-Encoding: {headers['Content-Encoding'][:40]}", status=415
        )


def _boundary(content_type: str) -> bytes:
    return _parse_header(content_type)[1].get("boundary", "").encode("latin-1", "replace")


def parse_multipart_form_data(
    boundary: bytes,
    data: bytes,
    arguments: dict[str, list[bytes]],
    files: dict[str, list[HTTPFile]],
    *,
    config: ParseMultipartConfig | None = None,
) -> None:
    """Read a ``multipart/form-data`` body.

    Args:
        boundary: The boundary, as the ``Content-Type`` has it; quotes around it are taken off.
        data: The body.
        arguments: Gets the fields that are no files, added to what it holds.
        files: Gets the files, likewise.
        config: What to accept; None for what ``set_parse_body_config`` says.

    Raises:
        HTTPInputError: The body breaks the format, or passes a limit. Nothing was added then.

    Source: RFC 7578; RFC 2046, section 5.1.1.
    """
    config = config or _DEFAULT_PARSE_BODY_CONFIG.multipart
    if not config.enabled:
        raise HTTPInputError(
            "multipart/form-data parsing is disabled (ParseMultipartConfig.enabled)"
        )
    if len(boundary) >= 2 and boundary[:1] == boundary[-1:] == b'"':
        boundary = boundary[1:-1]
    # All are read before any is handed over: a caller that goes on after an error must not see
    # half a form.
    found: list[tuple[str, HTTPFile | bytes]] = []
    for start, end in _parts(boundary, data, config.max_parts):
        found.append(_read_part(data, start, end, config.max_part_header_size))
    for name, value in found:
        if isinstance(value, HTTPFile):
            files.setdefault(name, []).append(value)
        else:
            arguments.setdefault(name, []).append(value)


def _parts(boundary: bytes, data: bytes, max_parts: int) -> Iterator[tuple[int, int]]:
    """Where the parts of a multipart body start and end, headers included."""
    delimiter = b"\r\n--" + boundary
    count = 0
    if data.startswith(delimiter[2:]):
        at = len(delimiter) - 2
    elif data.startswith(delimiter):
        at = len(delimiter)
    else:
        # RFC 2046 calls what stands before the first boundary a preamble, to be ignored. Tornado
        # reads it as a part whose boundary was left out, and its users send such. What cannot be
        # read as a part is refused: nothing that another reader might see is ever passed over.
        end = _find_delimiter(data, delimiter, 0)
        count = 1
        if max_parts < 1:
            raise _too_many(max_parts)
        yield 0, end
        at = end + len(delimiter)
    while not data.startswith(b"--", at):
        if not data.startswith(b"\r\n", at):
            raise HTTPInputError(f"first boundary is followed by {data[at : at + 8]!r}, not CRLF")
        count += 1
        if count > max_parts:
            raise _too_many(max_parts)
        start = at + 2
        # The search starts at the CRLF of the boundary's own line, which is all that stands
        # before the next boundary if the part is empty.
        end = _find_delimiter(data, delimiter, at)
        yield start, end
        at = end + len(delimiter)


def _too_many(max_parts: int) -> HTTPInputError:
    return HTTPInputError(
        f"multipart/form-data has too many parts: more than {max_parts} "
        "(ParseMultipartConfig.max_parts)"
    )


def _find_delimiter(data: bytes, delimiter: bytes, at: int) -> int:
    # A longer line that begins like a boundary is content of the part.
    while True:
        at = data.find(delimiter, at)
        if at < 0:
            raise HTTPInputError("no final boundary found")
        end = at + len(delimiter)
        if data.startswith((b"\r\n", b"--"), end):
            return at
        at = end


def _read_part(data: bytes, start: int, end: int, max_header: int) -> tuple[str, HTTPFile | bytes]:
    # A part may end with its header: the CRLF of the boundary that follows is the empty line.
    stop = data.find(b"\r\n\r\n", start, min(end + 2, start + max_header + 4))
    if stop < 0:
        if end - start > max_header:
            raise HTTPInputError(
                f"multipart/form-data part header too large: more than {max_header} bytes "
                "(ParseMultipartConfig.max_part_header_size)"
            )
        raise HTTPInputError("multipart/form-data missing headers")
    headers, name, parameters = read_part_header(data[start:stop])
    body = data[stop + 4 : end]
    filename = parameters.get("filename")
    if not filename:
        return name, body
    content_type = headers.get("Content-Type", "application/unknown")
    fields: dict[str, Any] = {"filename": filename, "body": body, "content_type": content_type}
    return name, HTTPFile(fields)


def read_part_header(header: bytes) -> tuple[HTTPHeaders, str, dict[str, str]]:
    """Read the header of one part of a ``multipart/form-data`` body.

    Args:
        header: Its lines, without the empty one.

    Returns:
        The fields, the part's name, and all parameters of its Content-Disposition.

    Raises:
        HTTPInputError: The header is not UTF-8, or not that of a form's field.

    Source: RFC 7578, section 4.2.
    """
    try:
        text = header.decode("utf-8")
    except UnicodeDecodeError as error:
        raise HTTPInputError(f"multipart/form-data part header is not UTF-8: {error}") from error
    headers = HTTPHeaders.parse(text, _chars_are_bytes=False)
    kind, parameters = _parse_header(headers.get("Content-Disposition", ""))
    if kind.lower() != "form-data":
        raise HTTPInputError(
            f"Content-Disposition of a multipart/form-data part is {kind[:40]!r}, not form-data"
        )
    name = parameters.get("name")
    if not name:
        raise HTTPInputError("multipart/form-data missing name")
    return headers, name, parameters
