"""How long bodies are, in both directions: RFC 9112, section 6."""

from __future__ import annotations

import pytest

from whirlwind._proto.http.errors import HTTPInputError, HTTPOutputError
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http1.framing import (
    BodyFraming,
    OutgoingBody,
    OutgoingFraming,
    answer_framing,
    is_transfer_encoding_chunked,
    request_framing,
    request_line,
    response_framing,
)

CHUNKED = {"Transfer-Encoding": "chunked"}
BOTH = {**CHUNKED, "Content-Length": "4"}


def test_chunked_is_one_word_in_any_case() -> None:
    assert is_transfer_encoding_chunked(HTTPHeaders(CHUNKED))
    assert is_transfer_encoding_chunked(HTTPHeaders({"Transfer-Encoding": "ChunkeD"}))
    assert not is_transfer_encoding_chunked(HTTPHeaders({"Content-Length": "4"}))


@pytest.mark.parametrize(
    "coding", ["gzip", "chunked, chunked", "gzip, chunked", "xchunked", " chunked", "identity", ""]
)
def test_rule_1_any_other_transfer_coding_is_refused(coding: str) -> None:
    with pytest.raises(HTTPInputError, match="Unsupported Transfer-Encoding"):
        is_transfer_encoding_chunked(HTTPHeaders({"Transfer-Encoding": coding}))


def test_rule_1_a_length_beside_chunks_is_refused() -> None:
    with pytest.raises(HTTPInputError, match="both Transfer-Encoding and Content-Length"):
        is_transfer_encoding_chunked(HTTPHeaders(BOTH))


@pytest.mark.parametrize(
    ("code", "fields", "answers_head", "expected"),
    [
        pytest.param(200, {"Content-Length": "4"}, False, BodyFraming(False, 4), id="length"),
        pytest.param(200, CHUNKED, False, BodyFraming(True, None), id="chunked"),
        pytest.param(200, {}, False, BodyFraming(False, None), id="until close"),
        pytest.param(200, {"Content-Length": "4"}, True, BodyFraming(False, 0), id="HEAD"),
        pytest.param(304, {"Content-Length": "4"}, False, BodyFraming(False, 0), id="304"),
        pytest.param(204, {}, False, BodyFraming(False, 0), id="204"),
        pytest.param(204, {"Content-Length": "0"}, False, BodyFraming(False, 0), id="204 with 0"),
    ],
)
def test_where_a_response_ends(
    code: int, fields: dict[str, str], answers_head: bool, expected: BodyFraming
) -> None:
    framing = response_framing("HTTP/1.1", code, HTTPHeaders(fields), answers_head=answers_head)
    assert framing == expected


@pytest.mark.parametrize(
    ("version", "code", "fields"),
    [
        pytest.param("HTTP/1.1", 200, {"Content-Length": "+4"}, id="sign"),
        pytest.param("HTTP/1.1", 200, {"Content-Length": "4,4"}, id="two lengths"),
        pytest.param("HTTP/1.1", 200, {"Content-Length": "\u0664"}, id="digits of another script"),
        pytest.param("HTTP/1.1", 200, {"Content-Length": "1" * 19}, id="too many digits"),
        pytest.param("HTTP/1.1", 200, BOTH, id="length beside chunks"),
        pytest.param("HTTP/1.0", 200, CHUNKED, id="chunks in HTTP/1.0"),
        pytest.param("HTTP/1.1", 204, CHUNKED, id="204 with chunks"),
        pytest.param("HTTP/1.1", 204, {"Content-Length": "4"}, id="204 with a length"),
    ],
)
def test_rule_1_a_response_whose_end_is_in_doubt_is_refused(
    version: str, code: int, fields: dict[str, str]
) -> None:
    with pytest.raises(HTTPInputError):
        response_framing(version, code, HTTPHeaders(fields), answers_head=False)


@pytest.mark.parametrize(
    ("method", "version", "code", "fields", "expected"),
    [
        pytest.param(
            "GET", "HTTP/1.1", 200, {"Content-Length": "4"}, OutgoingFraming(length=4), id="length"
        ),
        pytest.param(
            "GET", "HTTP/1.1", 200, {}, OutgoingFraming(chunked=True, adds_field=True), id="chunked"
        ),
        pytest.param(
            "GET", "HTTP/1.1", 200, CHUNKED, OutgoingFraming(chunked=True), id="chunked by itself"
        ),
        pytest.param(
            "GET", "HTTP/1.1", 200, BOTH, OutgoingFraming(chunked=True, closes=True), id="both"
        ),
        pytest.param("GET", "HTTP/1.0", 200, {}, OutgoingFraming(closes=True), id="HTTP/1.0"),
        pytest.param(
            "GET",
            "HTTP/1.1",
            200,
            {"Transfer-Encoding": "gzip"},
            OutgoingFraming(closes=True),
            id="another coding",
        ),
        pytest.param(
            "HEAD",
            "HTTP/1.1",
            200,
            {"Content-Length": "4"},
            OutgoingFraming(length=4, silent=True),
            id="HEAD",
        ),
        pytest.param(
            "HEAD", "HTTP/1.0", 200, {}, OutgoingFraming(silent=True), id="HEAD of HTTP/1.0"
        ),
        pytest.param(
            "GET", "HTTP/1.1", 304, {"Content-Length": "4"}, OutgoingFraming(silent=True), id="304"
        ),
        pytest.param("GET", "HTTP/1.1", 204, {}, OutgoingFraming(silent=True), id="204"),
    ],
)
def test_how_an_answer_is_framed(
    method: str, version: str, code: int, fields: dict[str, str], expected: OutgoingFraming
) -> None:
    assert answer_framing(method, version, code, HTTPHeaders(fields)) == expected


@pytest.mark.parametrize("length", ["four", "", "+4", "4,4"])
def test_rule_1_an_answer_that_peers_would_read_differently_is_not_sent(
    length: str,
) -> None:
    with pytest.raises(HTTPOutputError):
        answer_framing("GET", "HTTP/1.1", 200, HTTPHeaders({"Content-Length": length}))


@pytest.mark.parametrize(
    ("method", "fields", "expected"),
    [
        pytest.param("POST", {"Content-Length": "4"}, OutgoingFraming(length=4), id="length"),
        pytest.param("POST", {}, OutgoingFraming(chunked=True, adds_field=True), id="chunked"),
        pytest.param("GET", {}, OutgoingFraming(length=0), id="no body"),
        pytest.param("GET", CHUNKED, OutgoingFraming(chunked=True), id="body on demand"),
    ],
)
def test_how_a_request_is_framed(
    method: str, fields: dict[str, str], expected: OutgoingFraming
) -> None:
    assert request_framing(method, HTTPHeaders(fields)) == expected


@pytest.mark.parametrize("fields", [{"Content-Length": "-4"}, {"Transfer-Encoding": "gzip"}, BOTH])
def test_rule_1_a_request_that_peers_would_read_differently_is_not_sent(
    fields: dict[str, str],
) -> None:
    with pytest.raises(HTTPOutputError):
        request_framing("POST", HTTPHeaders(fields))


def test_a_body_goes_out_in_its_frame() -> None:
    chunked = OutgoingBody(chunked=True, length=None)
    assert [chunked.frame(b"0123456789"), chunked.frame(b""), chunked.end()] == [
        b"a\r\n0123456789\r\n",
        b"",
        b"0\r\n\r\n",
    ]
    counted = OutgoingBody(chunked=False, length=4)
    assert [counted.frame(b"ab"), counted.frame(b"cd"), counted.end()] == [b"ab", b"cd", b""]
    silent = OutgoingBody(chunked=True, length=None, silent=True)
    assert [silent.frame(b"ab"), silent.end()] == [b"", b""]
    announced = OutgoingBody(chunked=False, length=4, silent=True)
    assert [announced.frame(b"abcdef"), announced.end()] == [b"", b""]


def test_a_body_of_another_size_than_announced_is_an_error() -> None:
    body = OutgoingBody(chunked=False, length=4)
    body.frame(b"ab")
    with pytest.raises(HTTPOutputError, match="more data than Content-Length"):
        body.frame(b"cde")
    with pytest.raises(HTTPOutputError, match="2 bytes less than Content-Length"):
        body.end()


def test_a_request_line_is_written() -> None:
    assert request_line("GET", "/a?b=c") == b"GET /a?b=c HTTP/1.1\r\n"


@pytest.mark.parametrize(
    ("method", "target"),
    [("G ET", "/"), ("GET\r\n", "/"), ("", "/"), ("GET", ""), ("GET", "/ HTTP/1.1\r\nX: y"),
     ("GET", "/\0"), ("GET", "/\u0100")],
)  # fmt: skip
def test_rule_4_nothing_of_a_program_splits_a_request_line(method: str, target: str) -> None:
    with pytest.raises(HTTPOutputError):
        request_line(method, target)
