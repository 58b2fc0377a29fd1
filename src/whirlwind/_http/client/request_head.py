"""Writes the head of a request: its start line and header fields.

Layer: HTTP. Imports from ``_base`` and ``_proto``.

Everything that a program chose and that goes on the wire is checked on the way through here:
the method is a token, the path was checked with its URL, fields are checked where they are
written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from whirlwind._base.errors import LocalProtocolError
from whirlwind._http.client.target import Target
from whirlwind._proto.http.grammar import _ABNF
from whirlwind._proto.http.headers import HTTPHeaders, encode_fields

# Options that become header fields.
_SAYS_MORE: Final = frozenset({"user_agent", "expect_100_continue"})
# Fields that we write, or that mean something for what we write, whoever set them.
_OURS: Final = frozenset(
    {
        "Accept-Encoding",
        "Content-Length",
        "Expect",
        "Host",
        "Proxy-Authorization",
        "Transfer-Encoding",
        "User-Agent",
    }
)
_FORM: Final = "application/x-www-form-urlencoded"
_DIGITS: Final = re.compile(r"[0-9]{1,18}")
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})
_METHODS_WITH_BODY: Final = frozenset({"POST", "PATCH", "PUT"})


def check_method(method: str, *, has_body: bool, allow_nonstandard: bool) -> None:
    """Refuse a method that is none, or that does not go with what the request has for a body.

    Raises:
        KeyError: The method is not one of HTTP's own.
        ValueError: It is not even a token, or wants a body where there is none or the reverse.
    """
    if allow_nonstandard:
        if not isinstance(method, str) or _ABNF.token.fullmatch(method) is None:
            raise ValueError(f"method {str(method)[:40]!r} is not a token")
        return
    if method not in _METHODS:
        raise KeyError(f"unknown method {str(method)[:40]}")
    if has_body != (method in _METHODS_WITH_BODY):
        no = "" if has_body else "not "
        raise ValueError(
            f"Body must {no}be None for method {method} (unless allow_nonstandard_methods is true)"
        )


def is_chunked(
    method: str, fields: HTTPHeaders | None, *, body: bytes | None, has_producer: bool
) -> bool:
    """Decide about the framing of the body, and refuse fields that would make it ambiguous.

    Args:
        method: The method.
        fields: What the program set; None for nothing.
        body: The body; None for none.
        has_producer: Whether the body comes from a ``body_producer``.

    Returns:
        True if the body goes out in chunks. It has a length, or does not exist, otherwise.

    Raises:
        ValueError: The program set a length that is no number, a length without a body, or a
            transfer coding other than the one that the body will have.

    Source: RFC 9112, section 6.
    """
    if not fields:
        return body is None and (has_producer or method in _METHODS_WITH_BODY)
    length = fields.get("Content-Length")
    coding = fields.get("Transfer-Encoding")
    if body is not None:
        if coding is not None:
            raise ValueError(f"Transfer-Encoding {coding[:40]!r} for a body of known length")
        return False
    if length is not None:
        if _DIGITS.fullmatch(length) is None:
            raise ValueError(f"Content-Length is {length[:40]!r}, not a number")
        if coding is not None:
            raise ValueError("both Content-Length and Transfer-Encoding are set")
        if not has_producer and int(length):
            raise ValueError(f"Content-Length is {length}, and there is no body")
        return False
    if coding is not None and (coding != "chunked" or not has_producer):
        raise ValueError(f"Transfer-Encoding {coding[:40]!r} is not supported here")
    return has_producer or method in _METHODS_WITH_BODY


def encode_head(
    target: Target,
    method: str,
    fields: HTTPHeaders | None,
    options: Mapping[str, Any],
    *,
    body: bytes | None,
    chunked: bool,
    user_agent: str,
    named: str | None = None,
    credentials: Mapping[str, str] | None = None,
    closes: bool = False,
) -> bytes:
    """Write start line and header fields of a request.

    Args:
        target: Where it goes.
        method: The method, checked.
        fields: What the program set; it comes first, and is not changed. None for nothing.
        options: Options of the request, those not None.
        body: The body; None for none, or for one that comes later.
        chunked: What ``is_chunked`` says.
        user_agent: What to send if the program says nothing.
        named: What the request line names; None for the path.
        credentials: Fields that say who is asking; they replace the program's.
        closes: Whether the connection is for this request alone.

    Returns:
        The head, with the empty line that ends it.

    Raises:
        ValueError: A field holds what may not be sent.
        TypeError: A field is no text.
    """
    path = named or target.path
    if (
        not chunked
        and not credentials
        and (not fields or _OURS.isdisjoint(fields._fields))
        and _SAYS_MORE.isdisjoint(options)
    ):
        # Most requests there are: nothing that the program set is in the way of what we add.
        length = "" if body is None else f"Content-Length: {len(body)}\r\n"
        if method == "POST" and (not fields or "Content-Type" not in fields):
            length += f"Content-Type: {_FORM}\r\n"
        coding = "Accept-Encoding: gzip\r\n" if options.get("decompress_response") else ""
        if closes and (not fields or "Connection" not in fields):
            coding += "Connection: close\r\n"
        added = f"Host: {target.authority}\r\nUser-Agent: {user_agent}\r\n{length}{coding}\r\n"
        if not fields:
            return f"{method} {path} HTTP/1.1\r\n{added}".encode("ascii")
        lines = _encoded(fields)
        return f"{method} {path} HTTP/1.1\r\n".encode("ascii") + lines + added.encode("ascii")
    headers = HTTPHeaders() if fields is None else fields.copy()
    if "Host" not in headers:
        headers["Host"] = target.authority
    elif len(headers.get_list("Host")) > 1:
        raise ValueError("more than one Host field")
    # Meant for the next proxy and nobody else (RFC 9110, section 11.7.2): who sends it to one puts
    # it among the credentials.
    if "Proxy-Authorization" in headers:
        del headers["Proxy-Authorization"]
    for name, value in (credentials or {}).items():
        headers[name] = value
    if options.get("user_agent"):
        headers["User-Agent"] = options["user_agent"]
    elif "User-Agent" not in headers:
        headers["User-Agent"] = user_agent
    if options.get("expect_100_continue"):
        headers["Expect"] = "100-continue"
    if body is not None:
        # Ours, whatever the program set: one that differs from the body is an attack on, or a
        # riddle for, whoever reads the connection.
        headers["Content-Length"] = str(len(body))
    elif chunked:
        headers["Transfer-Encoding"] = "chunked"
    if method == "POST" and "Content-Type" not in headers:
        headers["Content-Type"] = _FORM
    if options.get("decompress_response") and "Accept-Encoding" not in headers:
        headers["Accept-Encoding"] = "gzip"
    if closes and "Connection" not in headers:
        # RFC 9112, section 9.6.
        headers["Connection"] = "close"
    return f"{method} {path} HTTP/1.1\r\n".encode("ascii") + _encoded(headers) + b"\r\n"


def _encoded(fields: HTTPHeaders) -> bytes:
    try:
        return encode_fields(fields)
    except LocalProtocolError as error:
        for _, value in fields.get_all():
            if not isinstance(value, str):
                raise TypeError(str(error)) from error
        raise ValueError(f"Illegal characters (CR or LF) in header: {error}") from error
