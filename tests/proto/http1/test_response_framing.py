"""Framing fields of answers: the ones that HTTP forbids do not go out."""

from __future__ import annotations

import pytest

from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http1.response_framing import allowed_framing

LENGTH = {"Content-Length": "5"}
CHUNKED = {"Transfer-Encoding": "chunked"}
GZIP = {"Transfer-Encoding": "gzip"}


@pytest.mark.parametrize(
    ("fields", "code", "method", "version", "left"),
    [
        pytest.param(LENGTH, 200, "GET", "HTTP/1.1", LENGTH, id="length"),
        pytest.param(CHUNKED, 200, "GET", "HTTP/1.1", CHUNKED, id="chunked"),
        pytest.param(CHUNKED | LENGTH, 200, "GET", "HTTP/1.1", CHUNKED | LENGTH, id="both"),
        pytest.param(GZIP | LENGTH, 200, "GET", "HTTP/1.1", GZIP, id="a length and a coding"),
        pytest.param(CHUNKED | LENGTH, 200, "HEAD", "HTTP/1.1", CHUNKED, id="both, HEAD"),
        pytest.param(CHUNKED | LENGTH, 304, "GET", "HTTP/1.1", CHUNKED, id="both, 304"),
        pytest.param(CHUNKED | LENGTH, 200, "GET", "HTTP/1.0", LENGTH, id="both, HTTP/1.0"),
        pytest.param(CHUNKED, 200, "GET", "HTTP/1.0", {}, id="chunked, HTTP/1.0"),
        pytest.param(CHUNKED | LENGTH, 204, "GET", "HTTP/1.1", {}, id="204"),
        pytest.param(LENGTH, 103, "GET", "HTTP/1.1", {}, id="1xx"),
        pytest.param(LENGTH, 304, "GET", "HTTP/1.1", LENGTH, id="304"),
        pytest.param(LENGTH, 200, "HEAD", "HTTP/1.1", LENGTH, id="HEAD"),
        pytest.param(LENGTH, 200, "CONNECT", "HTTP/1.1", {}, id="a tunnel"),
        pytest.param(LENGTH, 405, "CONNECT", "HTTP/1.1", LENGTH, id="no tunnel"),
    ],
)
def test_forbidden_framing_fields_are_left_out(
    fields: dict[str, str], code: int, method: str, version: str, left: dict[str, str]
) -> None:
    headers = HTTPHeaders(fields | {"X": "y"})
    assert dict(allowed_framing(headers, code, method, version)) == left | {"X": "y"}
    assert dict(headers) == fields | {"X": "y"}  # the program's own stay as they are
