"""What libcurl tells goes to a logger."""

from __future__ import annotations

import logging

import pycurl
import pytest
from tests.support.curl_http import curl_serving
from tests.support.scripted_http import run

from whirlwind._http.client.curl.debug_log import log_transfer


def test_a_fetch_is_logged_where_the_logger_wants_to_know(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "whirlwind.curl_httpclient")

    async def main() -> None:
        async with curl_serving() as (server, client):
            await client.fetch(server.url, auth_username="ann", auth_password="secret")

    run(main())
    assert "> GET / HTTP/1.1" in caplog.messages
    assert "< HTTP/1.1 200 OK" in caplog.messages
    assert "> Authorization: ..." in caplog.messages
    assert "hello" not in caplog.text


def test_rule_16_control_characters_are_escaped_secrets_left_out_and_lines_bounded(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "whirlwind.curl_httpclient")
    log_transfer(pycurl.INFOTYPE_HEADER_IN, b"Set-Cookie: a=b\r\nX: \x1b[2J\r\n")
    log_transfer(pycurl.INFOTYPE_HEADER_OUT, b"proxy-authorization: Basic eDp5\r\n")
    log_transfer(pycurl.INFOTYPE_TEXT, b"x" * 10_000)
    log_transfer(pycurl.INFOTYPE_DATA_IN, b"body")
    assert caplog.messages == [
        "< Set-Cookie: ...",
        "< X: \\x1b[2J",
        "> proxy-authorization: ...",
        "* " + "x" * 500,
    ]
