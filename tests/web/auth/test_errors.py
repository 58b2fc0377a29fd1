"""What messages say of a provider's errors, and what they keep to themselves."""

from __future__ import annotations

import io

import pytest

from whirlwind import auth
from whirlwind._web.auth.errors import error_of
from whirlwind.httpclient import HTTPClientError, HTTPRequest, HTTPResponse


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", ""),
        (b'{"error": "invalid_grant"}', "invalid_grant"),
        (b'{"error": "a", "error_description": "b\\nc"}', "a: b\\nc"),
        (b'{"error": {"code": 7}}', repr(b'{"error": {"code": 7}}')),
        (b"[1]", "b'[1]'"),
        (b"\xff" * 100, repr(b"\xff" * 40)),
        (b"[" * 100_000, repr(b"[" * 40)),
    ],
)
def test_the_reason_that_a_provider_gives_is_in_the_message(body: bytes, expected: str) -> None:
    assert error_of(body) == expected


def test_the_error_is_of_both_kinds_and_shows_no_query() -> None:
    request = HTTPRequest("http://provider.example/token?client_secret=hush")
    response = HTTPResponse(request, 400, buffer=io.BytesIO(b'{"error": "invalid_grant"}'))
    error = auth.ProviderError(response)
    assert isinstance(error, auth.AuthError)
    assert isinstance(error, HTTPClientError)
    assert (error.code, error.response) == (400, response)
    assert str(error) == "HTTP 400: Bad Request from provider.example/token: invalid_grant"
