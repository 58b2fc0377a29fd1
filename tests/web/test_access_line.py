"""The line of the access log."""

from __future__ import annotations

import logging

import pytest
from tests.conftest import LogWatch

from whirlwind._web.access_line import level_of, summary_of, write_access_line
from whirlwind.httputil import HTTPServerRequest


@pytest.mark.parametrize(
    ("status", "level"),
    [
        (200, logging.INFO),
        (399, logging.INFO),
        (400, logging.WARNING),
        (499, logging.WARNING),
        (500, logging.ERROR),
    ],
)
def test_the_level_is_that_of_the_status(status: int, level: int) -> None:
    assert level_of(status) == level


def test_a_line_names_status_request_and_time(logs: LogWatch) -> None:
    request = HTTPServerRequest(method="PUT", uri="/a?b")
    request.remote_ip = "192.0.2.1"
    with logs.expect("whirlwind.access", r"^404 PUT /a\?b \(192\.0\.2\.1\) [0-9]+\.[0-9]{2}ms$"):
        write_access_line(404, request, lambda: summary_of(request))


def test_what_nobody_wants_to_read_is_not_made() -> None:
    log = logging.getLogger("whirlwind.access")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        write_access_line(500, HTTPServerRequest(uri="/"), lambda: pytest.fail("made"))
    finally:
        log.setLevel(level)


def test_rule_16_what_a_client_chooses_is_escaped_and_bounded() -> None:
    request = HTTPServerRequest(method="G" * 100_000, uri="/\x85\u2028" + "x" * 100_000)
    line = summary_of(request)
    assert len(line) < 2_000
    assert line.isascii()
    assert line.splitlines() == [line]
