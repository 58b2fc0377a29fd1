"""The errors of HTTP texts."""

from __future__ import annotations

from whirlwind._base.errors import LocalProtocolError, RemoteProtocolError
from whirlwind._proto.http.errors import HTTPInputError, HTTPOutputError


def test_errors_say_whose_they_are() -> None:
    assert issubclass(HTTPInputError, RemoteProtocolError)
    assert HTTPInputError("x").status == 400
    assert issubclass(HTTPOutputError, LocalProtocolError)
