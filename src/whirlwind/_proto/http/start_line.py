"""The first line of an HTTP/1 message (RFC 9112, sections 3 and 4).

Layer: protocols. Imports from ``_base`` only.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from whirlwind._proto.http.errors import HTTPInputError

# method SP request-target SP HTTP-version. The target is kept apart from the other two by
# single spaces only, and takes every character that is neither a control nor a space; its own
# grammar is for the server to check, which knows the method. Characters above 0x7f are not
# allowed by the RFC and sent by browsers of old all the same.
_REQUEST_LINE: Final = re.compile(
    r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([^\x00-\x20\x7f]+) (HTTP/[0-9]\.[0-9])"
)
# status-code is three digits; the space after it stands even where the reason is empty.
_STATUS_LINE: Final = re.compile(r"(HTTP/[0-9]\.[0-9]) ([0-9]{3}) ([^\x00-\x08\x0a-\x1f\x7f]*)")


class RequestStartLine(NamedTuple):
    """The start line of a request.

    Attributes:
        method: The method as it was sent; methods are case-sensitive.
        path: The request target: path and query, or a whole URL, or an authority, or ``*``.
        version: ``"HTTP/1.0"`` or ``"HTTP/1.1"``.
    """

    method: str
    path: str
    version: str


class ResponseStartLine(NamedTuple):
    """The start line of a response.

    Attributes:
        version: ``"HTTP/1.0"`` or ``"HTTP/1.1"``.
        code: The status code, 0 to 999.
        reason: The reason phrase; None where a peer sent an empty one.
    """

    version: str
    code: int
    reason: str | None


def parse_request_start_line(line: str) -> RequestStartLine:
    """Take the start line of a request apart.

    Args:
        line: The line without its line ending.

    Returns:
        Method, target and version.

    Raises:
        HTTPInputError: The line is not of the form ``method target HTTP/1.x``, or it names
            another major version.

    Source: RFC 9112, section 3.
    """
    match = _REQUEST_LINE.fullmatch(line)
    if match is None:
        raise HTTPInputError(f"Malformed HTTP request line {line[:40]!r}")
    method, path, version = match.groups()
    if not version.startswith("HTTP/1."):
        raise HTTPInputError(f"Unexpected HTTP version {version!r}: expected HTTP/1.x", status=505)
    return RequestStartLine(method, path, version)


def parse_response_start_line(line: str) -> ResponseStartLine:
    """Take the start line of a response apart.

    Args:
        line: The line without its line ending.

    Returns:
        Version, status code and reason.

    Raises:
        HTTPInputError: The line is not of the form ``HTTP/1.x code reason``, or it names
            another major version.

    Source: RFC 9112, section 4.
    """
    match = _STATUS_LINE.fullmatch(line)
    if match is None:
        raise HTTPInputError(f"Error parsing response start line {line[:40]!r}")
    version, code, reason = match.groups()
    if not version.startswith("HTTP/1."):
        raise HTTPInputError(f"Unexpected HTTP version {version!r}: expected HTTP/1.x")
    return ResponseStartLine(version, int(code), reason or None)
