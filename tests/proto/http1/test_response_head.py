"""Heads of responses: the status line, the fields, and what is refused."""

from __future__ import annotations

import pytest

from whirlwind._proto.http.errors import HTTPInputError
from whirlwind._proto.http.start_line import ResponseStartLine
from whirlwind._proto.http1.response_head import read_response_head


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_a_head_is_read_with_either_kind_of_line_end(end: bytes) -> None:
    lines = [b"HTTP/1.1 200 All right", b"Set-Cookie: a", b"Set-Cookie:  b ", b"X: \xe4", b"", b""]
    start_line, headers = read_response_head(end.join(lines))
    assert start_line == ResponseStartLine("HTTP/1.1", 200, "All right")
    assert headers.get_list("Set-Cookie") == ["a", "b"]
    assert headers["X"] == "\xe4"


def test_a_head_without_fields_is_a_head() -> None:
    start_line, headers = read_response_head(b"HTTP/1.0 204 \r\n\r\n")
    assert start_line == ResponseStartLine("HTTP/1.0", 204, None)
    assert not headers


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"\r\n\r\n", id="nothing"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="a request"),
        pytest.param(b"HTTP/2.0 200 OK\r\n\r\n", id="HTTP/2"),
        pytest.param(b"HTTP/1.1 20 OK\r\n\r\n", id="two digits"),
        pytest.param(b"HTTP/1.1 200 OK\r\nA: b\n\n", id="both line ends"),
        pytest.param(b"HTTP/1.1 200 OK\nA: b\r\n\r\n", id="both, LF first"),
        pytest.param(b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", id="space before colon"),
        pytest.param(b"HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n", id="NUL"),
        pytest.param(b"HTTP/1.1 200 O\0K\r\n\r\n", id="NUL in the reason"),
        pytest.param(b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", id="folded"),
    ],
)
def test_rule_1_a_head_that_breaks_the_grammar_is_refused(head: bytes) -> None:
    with pytest.raises(HTTPInputError):
        read_response_head(head)
