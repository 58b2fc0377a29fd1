"""Responses and the errors made of them."""

from __future__ import annotations

import io
import pickle
import re
from unittest import mock

import pytest

from whirlwind._http.client.response import Times
from whirlwind.httpclient import HTTPClientError, HTTPError, HTTPRequest, HTTPResponse
from whirlwind.simple_httpclient import HTTPStreamClosedError, HTTPTimeoutError

REQUEST = HTTPRequest("http://host/")


def test_a_response_without_anything_has_usual_values() -> None:
    response = HTTPResponse(REQUEST, 200)
    assert response.reason == "OK"
    assert response.body == b""
    assert response.buffer is None
    assert response.effective_url == "http://host/"
    assert response.time_info == {}
    assert list(response.headers.get_all()) == []
    response.rethrow()


def test_the_body_is_that_of_the_buffer_or_of_its_pieces() -> None:
    assert HTTPResponse(REQUEST, 200, buffer=io.BytesIO(b"abc")).body == b"abc"
    for pieces in ([b"abc"], [b"a", b"bc"]):
        response = HTTPResponse(REQUEST, 200)
        response._pieces = pieces
        assert response.body == b"abc"
        assert response.body is response.body
        assert response.buffer.read() == b"abc"


@pytest.mark.parametrize("code", [199, 300, 404, 500, 599])
def test_a_code_that_is_no_success_is_an_error(code: int) -> None:
    response = HTTPResponse(REQUEST, code, reason="Because")
    with pytest.raises(HTTPClientError, match=f"HTTP {code}: Because") as caught:
        response.rethrow()
    assert caught.value.response is response
    assert len(repr(response)) < 2000  # the two refer to one another


def test_an_error_that_is_given_counts() -> None:
    error = HTTPTimeoutError("Timeout while connecting")
    response = HTTPResponse(REQUEST, 599, error=error)
    assert response.error is error
    assert not response._error_is_response_code
    assert str(error) == "Timeout while connecting"


def test_a_stand_in_for_a_response_has_its_attributes_too() -> None:
    made_up = mock.Mock(spec=HTTPResponse)
    made_up.body = b"{}"
    assert made_up.error is not None
    assert HTTPResponse.error is None


def test_errors_are_of_one_family() -> None:
    assert HTTPError is HTTPClientError
    for kind in (HTTPTimeoutError, HTTPStreamClosedError):
        assert issubclass(kind, HTTPClientError)
        assert kind("x").code == 599
    assert HTTPClientError(404).message == "Not Found"
    assert HTTPClientError(799).message == "Unknown"
    copied = pickle.loads(pickle.dumps(HTTPClientError(404, "gone")))
    assert (copied.code, copied.message, copied.response) == (404, "gone", None)


def test_stages_count_from_the_last_hop_and_are_never_negative() -> None:
    times = Times(1, 2, 4, 4.5, 5, 0, 6, 7, 8).as_stages()
    assert times == {
        "queue": 1,
        "namelookup": 0.5,
        "connect": 1,
        "appconnect": 0,
        "pretransfer": 2,
        "starttransfer": 3,
        "total": 6,
        "redirect": 2,
    }
    # All within one tick of the clock: programs divide by what it took.
    assert 0 < Times(1, 2, 2, 2, 2, 0, 2, 2, 2).as_stages()["total"] < 0.001
    assert Times(1, 0, 0, 0, 0, 0, 0, 0, 4).as_stages() == {"queue": 3}
    assert Times(0, 0, 0, 0, 0, 0, 0, 0, 4).as_stages() == {"queue": 0}


def test_the_repr_shows_what_is_public() -> None:
    response = HTTPResponse(HTTPRequest("http://a/"), 404, buffer=io.BytesIO(b"x"))
    names = re.findall(r"[(,]([a-z_]+)=", re.sub(r"<[^<>]*>", "", repr(response)))
    assert names == [
        "buffer",
        "code",
        "effective_url",
        "error",
        "headers",
        "reason",
        "request",
        "request_time",
        "start_time",
        "time_info",
    ]
