"""Rule 6: what readers of a peer's bytes do grows as the bytes do, and not with their square.

Two measures, both without a clock. Calls are counted (``sys.setprofile``) for an input and for one
ten times as long: a reader that looks again at what it has seen makes a hundred times as many.
What regular expressions and ``bytes.find`` do inside of one call is not counted; so each reader
also gets an input so long that quadratic work takes hours (``cpu_limit``).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from types import FrameType
from typing import Any

import pytest
from tests.support.work import cpu_limit

from whirlwind._base.escape import parse_qs_bytes, url_unescape
from whirlwind._base.percent import unquote_to_bytes
from whirlwind._proto.http.cookies import parse_cookie
from whirlwind._proto.http.errors import HTTPInputError
from whirlwind._proto.http.forms import (
    ParseMultipartConfig,
    parse_multipart_form_data,
    parse_urlencoded,
)
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http.parameters import _parse_header
from whirlwind._proto.http1.chunked import ChunkedDecoder
from whirlwind._proto.http1.request_head import RequestHeadReader
from whirlwind._web.etags import etag_matches
from whirlwind._web.locale.preference import preferred_languages
from whirlwind._web.template.errors import ParseError
from whirlwind._web.template.template import Template

Reader = Callable[[Any], object]
Maker = Callable[[int], Any]


def _multipart(data: bytes) -> None:
    config = ParseMultipartConfig(max_parts=10_000_000)
    parse_multipart_form_data(b"b", data, {}, {}, config=config)


def _chunks(wire: bytes) -> None:
    ChunkedDecoder(max_body=None).feed(wire)


def _one_by_one(wire: bytes) -> None:
    decoder = ChunkedDecoder(max_body=None)
    for at in range(len(wire)):
        decoder.feed(wire[at : at + 1])


def _added(number: int) -> None:
    headers = HTTPHeaders()
    for _ in range(number):
        headers.add("X", "y")
    assert len(headers["X"]) == 2 * number - 1


def _head(wire: bytes) -> None:
    RequestHeadReader().read(b"GET / HTTP/1.1\r\nHost: h\r\n" + wire + b"\r\n")


def _part(header: str) -> bytes:
    return b"--b\r\nContent-Disposition: " + header.encode() + b"\r\n\r\nx\r\n"


_made = count()


def _names(number: int) -> str:
    """Names that no test has had: spellings are remembered."""
    return "".join([f"X{next(_made)}a: y\r\n" for _ in range(number)])


READERS: dict[str, tuple[Reader, Maker]] = {
    "cookies: pairs": (parse_cookie, lambda n: "a=b; " * n),
    "cookies: nothing but semicolons": (parse_cookie, lambda n: ";" * n),
    "cookies: escapes in quotes": (parse_cookie, lambda n: 'a="' + "\\" * n + '"'),
    "cookies: octal escapes": (parse_cookie, lambda n: 'a="' + "\\073" * n + '"'),
    "headers: repeated fields": (HTTPHeaders.parse, lambda n: "X: y\r\n" * n),
    "headers: repeated by a program": (_added, lambda n: n),
    "headers: a long value": (HTTPHeaders.parse, lambda n: "X: " + " y" * n),
    "headers: white space": (HTTPHeaders.parse, lambda n: "X:" + " " * n + "y"),
    "headers: different names": (HTTPHeaders.parse, _names),
    "heads: a long value": (_head, lambda n: b"X: " + b"y " * n + b"y\r\n"),
    "heads: a list of options": (_head, lambda n: b"Connection: " + b"x," * n + b"\r\n"),
    "heads: a list of expectations": (_head, lambda n: b"Expect: " + b"," * n + b"\r\n"),
    "heads: a long coding": (_head, lambda n: b"Transfer-Encoding: " + b"x," * n + b"\r\n"),
    "heads: a long Host": (_head, lambda n: b"Host: " + b"%41" * n + b"\r\n"),
    "Content-Disposition: parameters": (_parse_header, lambda n: "form-data" + "; a=b" * n),
    "Content-Disposition: quotes": (_parse_header, lambda n: 'form-data; a="' + '\\"' * n),
    "Content-Disposition: semicolons in quotes": (
        _parse_header,
        lambda n: 'form-data; a="' + ";" * n + '"',
    ),
    "Content-Disposition: quotes that stay open": (_parse_header, lambda n: '; a="' * n),
    "Content-Disposition: pieces": (
        _parse_header,
        lambda n: "a" + "".join([f"; b*{i}=c" for i in range(n)]),
    ),
    "percent-decoding: escapes": (unquote_to_bytes, lambda n: b"%41" * n),
    "percent-decoding: no escapes": (unquote_to_bytes, lambda n: b"%%4" * n),
    "percent-decoding: text": (url_unescape, lambda n: "%c3%a9a" * n),
    "arguments: pairs": (parse_qs_bytes, lambda n: b"a=b&" * n),
    "arguments: nothing but ampersands": (
        lambda data: parse_urlencoded(data, max_arguments=10**9),
        lambda n: b"&" * n,
    ),
    "multipart: parts": (_multipart, lambda n: _part('form-data; name="a"') * n + b"--b--"),
    "multipart: almost boundaries": (
        _multipart,
        lambda n: _part('form-data; name="a"') + b"\r\n--bx" * n + b"\r\n--b--",
    ),
    "multipart: no end": (_multipart, lambda n: b"--b\r\n" + b"\r\n--" * n),
    "multipart: line ends": (_multipart, lambda n: b"--b\r\n" + b"\r\n" * n),
    "multipart: preamble": (_multipart, lambda n: b"\r\n--" * n + b"--b--"),
    "chunks: tiny": (_chunks, lambda n: b"1\r\nx\r\n" * n),
    "chunks: byte by byte": (_one_by_one, lambda n: b"1\r\nx\r\n" * (n // 10)),
    "chunks: extensions": (_chunks, lambda n: (b"1" + b";a=b" * 5 + b"\r\nx\r\n") * n),
    "chunks: an extension that stays open": (_chunks, lambda n: b'1;a="' + b"\\" * n),
    "chunks: white space": (_chunks, lambda n: b"1" + b" " * n),
    "entity tags: a list": (lambda held: etag_matches('"x"', held), lambda n: '"a", ' * n),
    "entity tags: quotes that stay open": (
        lambda held: etag_matches('"x"', held),
        lambda n: "W/" * n + '"',
    ),
    "Accept-Language: codes": (preferred_languages, lambda n: "en;q=0.5, " * n),
    "Accept-Language: nothing but commas": (preferred_languages, lambda n: "," * n),
    "Accept-Language: digits": (preferred_languages, lambda n: "en;q=0." + "1" * n),
    "templates: braces": (Template, lambda n: "{" * n),
    "templates: expressions": (Template, lambda n: "{{ a }}" * (n // 100)),
}


def calls(reader: Reader, data: Any) -> int:
    """How many functions were called, of Python's and of C's."""
    made = 0

    def note(frame: FrameType, event: str, argument: object) -> None:
        nonlocal made
        made += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        with suppress(HTTPInputError, ParseError):
            reader(data)
    finally:
        sys.setprofile(None)
    return made


@pytest.mark.parametrize("what", READERS)
def test_rule_06_ten_times_the_bytes_are_ten_times_the_calls(what: str) -> None:
    reader, make = READERS[what]
    calls(reader, make(10))  # what is done once, and remembered
    few, many = calls(reader, make(200)), calls(reader, make(2_000))
    assert many <= 12 * few + 200, (few, many)


@pytest.mark.parametrize("what", READERS)
def test_rule_06_very_many_bytes_end(what: str) -> None:
    reader, make = READERS[what]
    data = make(100_000)
    with cpu_limit(10.0), suppress(HTTPInputError, ParseError):
        reader(data)
