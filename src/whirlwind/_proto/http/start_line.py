"""The first line of an HTTP/1 message (RFC 9112, sections 3 and 4).

Layer: protocols. Imports from ``_base`` only.
"""

from __future__ import annotations

from typing import NamedTuple

from whirlwind._proto.http.errors import HTTPInputError
from whirlwind._proto.http.grammar import _ABNF


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
    match = _ABNF.request_line.fullmatch(line)
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
    match = _ABNF.status_line.fullmatch(line)
    if match is None:
        raise HTTPInputError(f"Error parsing response start line {line[:40]!r}")
    version, code, reason = match.groups()
    if not version.startswith("HTTP/1."):
        raise HTTPInputError(f"Unexpected HTTP version {version!r}: expected HTTP/1.x")
    return ResponseStartLine(version, int(code), reason or None)
