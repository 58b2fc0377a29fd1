"""A request that a WSGI server received, as one of ours."""

from __future__ import annotations

import io
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest

from whirlwind._http.messages import HTTPConnection
from whirlwind._proto.http.errors import HTTPInputError
from whirlwind._web.wsgi.requests import body_of, headers_of, host_of, request_of, target_of


def environ(**given: Any) -> dict[str, Any]:
    made: dict[str, Any] = {}
    setup_testing_defaults(made)
    return made | given


def test_a_request_has_all_that_the_server_said() -> None:
    request = request_of(
        environ(
            REQUEST_METHOD="POST",
            PATH_INFO="/p",
            QUERY_STRING="a=1",
            SERVER_PROTOCOL="HTTP/1.1",
            HTTP_HOST="h:81",
            HTTP_X_TWO_WORDS="v",
            HTTP_COOKIE="c=d",
            CONTENT_TYPE="application/x-www-form-urlencoded",
            CONTENT_LENGTH="3",
            REMOTE_ADDR="10.0.0.1",
            **{"wsgi.input": io.BytesIO(b"b=2 and the next request")},
        ),
        HTTPConnection(),
    )
    assert (request.method, request.uri, request.path) == ("POST", "/p?a=1", "/p")
    assert request.arguments == {"a": [b"1"], "b": [b"2"]}
    assert (request.host, request.host_name) == ("h:81", "h")
    assert (request.remote_ip, request.protocol, request.version) == (
        "10.0.0.1",
        "http",
        "HTTP/1.1",
    )
    assert request.headers["X-Two-Words"] == "v"
    assert request.cookies["c"].value == "d"
    assert request.full_url() == "http://h:81/p?a=1"


@pytest.mark.parametrize(
    ("script", "path", "query", "target"),
    [
        ("", "", "", "/"),
        ("", "/a b", "", "/a%20b"),
        ("/app", "/x", "y=%20", "/app/x?y=%20"),
        ("", "/\xc3\xbc", "", "/%C3%BC"),
        ("", "/a%2Fb?c#d", "", "/a%252Fb%3Fc%23d"),
        ("", "/~a:b@c;d=e,f!", "", "/~a:b@c;d=e,f!"),
    ],
)
def test_the_path_is_encoded_again(script: str, path: str, query: str, target: str) -> None:
    assert target_of({"SCRIPT_NAME": script, "PATH_INFO": path, "QUERY_STRING": query}) == target


@pytest.mark.parametrize(
    ("scheme", "port", "host"),
    [("http", "80", "n"), ("https", "443", "n"), ("https", "80", "n:80"), ("http", "81", "n:81")],
)
def test_a_request_without_a_host_gets_the_server_s(scheme: str, port: str, host: str) -> None:
    given = {"SERVER_NAME": "n", "SERVER_PORT": port, "wsgi.url_scheme": scheme}
    assert host_of(given) == host
    whole = environ(SERVER_PROTOCOL="HTTP/1.1", **given)
    del whole["HTTP_HOST"]
    assert request_of(whole, HTTPConnection()).host == host


def test_empty_content_fields_are_none() -> None:
    assert [*headers_of({"CONTENT_TYPE": "", "CONTENT_LENGTH": ""})] == []


class Trickle:
    """A stream that gives one byte at a time, as a socket may."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def read(self, size: int) -> bytes:
        piece, self.data = self.data[:1], self.data[1:]
        return piece


def body(data: bytes, length: str | None, **more: Any) -> bytes:
    given = {"wsgi.input": Trickle(data), **more}
    if length is not None:
        given["CONTENT_LENGTH"] = length
    return body_of(given, 5)


def test_the_body_is_as_long_as_announced() -> None:
    assert body(b"12345678", "5") == b"12345"
    assert body(b"12345678", "0") == b""
    # Without a length the stream might be the connection itself.
    assert body(b"12345678", None) == b""
    assert body(b"12345678", "") == b""


def test_a_stream_that_ends_by_itself_is_read_to_its_end() -> None:
    assert body(b"12345", None, **{"wsgi.input_terminated": True}) == b"12345"


@pytest.mark.parametrize(
    ("data", "length", "more", "status", "message"),
    [
        (b"123456", "6", {}, 413, r"body of 6 bytes is over 5 \(MAX_BODY_SIZE\)"),
        (b"123456", None, {"wsgi.input_terminated": True}, 413, "body is over 5 bytes"),
        (b"123", "5", {}, 400, "body ends 2 bytes before its Content-Length 5"),
        (b"123", "+3", {}, 400, "Content-Length '\\+3' is not a number"),
        (b"123", "1_0", {}, 400, "is not a number"),
        (b"123", "٣", {}, 400, "is not a number"),
    ],
)
def test_a_body_that_is_not_what_was_announced_is_refused(
    data: bytes, length: str | None, more: Any, status: int, message: str
) -> None:
    with pytest.raises(HTTPInputError, match=message) as caught:
        body(data, length, **more)
    assert caught.value.status == status
