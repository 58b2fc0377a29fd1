"""A request as WSGI has it."""

from __future__ import annotations

from typing import Any

import pytest

from whirlwind._http.messages import HTTPServerRequest
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._web.wsgi.environ import environ_of, fields_of


def request(uri: str = "/", host: str = "h", **attributes: Any) -> HTTPServerRequest:
    made = HTTPServerRequest("GET", uri, "HTTP/1.1", HTTPHeaders(), host=host)
    for name, value in attributes.items():
        setattr(made, name, value)
    return made


def test_the_variables_of_the_pep_are_there() -> None:
    environ = environ_of(request("/a%20b?c=%20d", remote_ip="10.0.0.1"), multithread=True)
    body = environ.pop("wsgi.input")
    assert body.read() == b""
    del environ["wsgi.errors"]
    assert environ == {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/a b",
        "QUERY_STRING": "c=%20d",
        "REMOTE_ADDR": "10.0.0.1",
        "SERVER_NAME": "h",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
    }


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("/%C3%BC", "/\xc3\xbc"),
        ("/a+b", "/a+b"),
        ("/a%2Fb", "/a/b"),
        ("/%zz", "/%zz"),
        ("http://h/x?y", "/x"),
    ],
)
def test_the_path_is_decoded_once_and_each_byte_is_a_character(uri: str, path: str) -> None:
    assert environ_of(request(uri), multithread=False)["PATH_INFO"] == path


@pytest.mark.parametrize(
    ("host", "protocol", "name", "port"),
    [
        ("h:81", "http", "h", "81"),
        ("h", "https", "h", "443"),
        ("[::1]:8080", "http", "[::1]", "8080"),
    ],
)
def test_the_server_is_the_host_that_was_asked(
    host: str, protocol: str, name: str, port: str
) -> None:
    environ = environ_of(request(host=host, protocol=protocol), multithread=False)
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == (name, port)


def test_fields_have_the_names_of_the_pep() -> None:
    assert fields_of(
        [
            ("Content-Type", "text/x"),
            ("Content-Length", "3"),
            ("X-Two-Words", "v"),
            ("X-List", "1"),
            ("X-List", "2"),
            ("Cookie", "a=1"),
            ("Cookie", "b=2"),
            ("Transfer-Encoding", "chunked"),
        ]
    ) == {
        "CONTENT_TYPE": "text/x",
        "CONTENT_LENGTH": "3",
        "HTTP_X_TWO_WORDS": "v",
        "HTTP_X_LIST": "1,2",
        "HTTP_COOKIE": "a=1; b=2",
    }


@pytest.mark.parametrize("order", [1, -1])
def test_a_name_with_an_underscore_cannot_pass_for_one_with_a_dash(order: int) -> None:
    pairs = [("X-Remote-User", "real"), ("X_Remote_User", "admin"), ("X-Remote_User", "admin")]
    assert fields_of(pairs[::order]) == {"HTTP_X_REMOTE_USER": "real"}
    assert fields_of([("Content_Length", "9"), ("CONTENT_TYPE", "x")]) == {}


def test_the_length_is_that_of_the_body_which_is_there() -> None:
    made = request(body=b"decompressed")
    made.headers["Content-Length"] = "5"
    environ = environ_of(made, multithread=False)
    assert environ["CONTENT_LENGTH"] == "12"
    assert environ["wsgi.input"].read() == b"decompressed"
