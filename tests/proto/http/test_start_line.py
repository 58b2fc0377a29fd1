"""Start lines, against examples worked out from RFC 9112, sections 3 and 4."""

from __future__ import annotations

import pytest

from whirlwind._proto.http.errors import HTTPInputError
from whirlwind._proto.http.start_line import (
    RequestStartLine,
    ResponseStartLine,
    parse_request_start_line,
    parse_response_start_line,
)


@pytest.mark.parametrize("method", ["GET", "get", "M-SEARCH"])
@pytest.mark.parametrize("target", ["/", "/a?b=c", "*", "http://a/b", "/\xe9"])
@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
def test_a_request_line_has_three_words(method: str, target: str, version: str) -> None:
    line = parse_request_start_line(f"{method} {target} {version}")
    assert line == RequestStartLine(method, target, version)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "GET /",
        "GET  / HTTP/1.1",
        "GET / HTTP/1.1 ",
        " GET / HTTP/1.1",
        "GET\t/ HTTP/1.1",
        "GET /a b HTTP/1.1",
        "GET /\x00 HTTP/1.1",
        "GET /\r HTTP/1.1",
        "GET / HTTP/1.1\n",
        "GET / http/1.1",
        "GET / HTTP/1.11",
        "GET / HTTP/1.\u0661",
        "GET / HTTP/2.0",
        "G(T / HTTP/1.1",
        "\xc9T / HTTP/1.1",
    ],
)
def test_rule_1_another_request_line_is_refused(line: str) -> None:
    with pytest.raises(HTTPInputError):
        parse_request_start_line(line)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("HTTP/1.1 200 OK", ResponseStartLine("HTTP/1.1", 200, "OK")),
        ("HTTP/1.0 404 Not Found", ResponseStartLine("HTTP/1.0", 404, "Not Found")),
        ("HTTP/1.1 200 ", ResponseStartLine("HTTP/1.1", 200, None)),
        ("HTTP/1.1 200 \xe9", ResponseStartLine("HTTP/1.1", 200, "\xe9")),
    ],
)
def test_a_status_line_is_read(line: str, expected: ResponseStartLine) -> None:
    assert parse_response_start_line(line) == expected


@pytest.mark.parametrize(
    "line",
    [
        "",
        "HTTP/1.1 200",
        "HTTP/1.1  200 OK",
        "HTTP/1.1 20 OK",
        "HTTP/1.1 2000 OK",
        "HTTP/1.1 +20 OK",
        "HTTP/1.1 \u0662\u0660\u0660 OK",
        "HTTP/1.1 200 a\rb",
        "HTTP/1.1 200 a\n",
        "HTTP/2.0 200 OK",
        "http/1.1 200 OK",
    ],
)
def test_rule_1_another_status_line_is_refused(line: str) -> None:
    with pytest.raises(HTTPInputError):
        parse_response_start_line(line)
