"""What requests ask for: read once where several say the same, and never mixed up."""

from __future__ import annotations

from typing import Any

import pytest

from whirlwind._http.client.request import HTTPRequest, _RequestProxy
from whirlwind._http.client.settings import Settings, SettingsReader

DEFAULTS: dict[str, Any] = {"request_timeout": 20.0, "connect_timeout": 5.0, "user_agent": None}


def proxy(**options: Any) -> _RequestProxy:
    return _RequestProxy(HTTPRequest("http://host/", **options), DEFAULTS)


def test_what_a_request_says_wins_over_the_defaults_and_none_says_nothing() -> None:
    reader = SettingsReader()
    request = proxy(request_timeout=1.0)
    request.request.connect_timeout = None
    settings = reader.read(request)
    assert settings.options == {"request_timeout": 1.0, "connect_timeout": 5.0}
    assert (settings.request_timeout, settings.queue_timeout) == (1.0, 1.0)
    assert reader.read(proxy()).options == {"request_timeout": 20.0, "connect_timeout": 5.0}
    assert reader.read(HTTPRequest("http://host/")).options == {}


def test_equal_requests_have_their_settings_in_common() -> None:
    reader = SettingsReader()
    usual = reader.read(proxy())
    assert reader.read(proxy(method="POST", body=b"x", headers={"A": "b"})) is usual
    one = reader.read(proxy(request_timeout=1.0))
    assert reader.read(proxy(request_timeout=1.0)) is one
    assert reader.read(proxy(request_timeout=2.0)) is not one
    assert reader.read(proxy()) is usual


def test_a_request_that_was_fetched_says_no_more_than_before() -> None:
    reader = SettingsReader()
    request = proxy()
    usual = reader.read(request)
    request.request._sent = b"GET / HTTP/1.1\r\nHost: host\r\n\r\n"
    assert reader.read(request) is usual
    assert request.request.headers["Host"] == "host"
    request.request._begin_fetch()
    assert reader.read(request) is usual


def test_defaults_that_change_count_from_then_on() -> None:
    reader = SettingsReader()
    request = HTTPRequest("http://host/", user_agent="x")
    defaults: dict[str, Any] = {"max_redirects": 1}
    assert reader.read(_RequestProxy(request, defaults)).options["max_redirects"] == 1
    defaults["max_redirects"] = 2
    assert reader.read(_RequestProxy(request, defaults)).options["max_redirects"] == 2


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, 0),
        ({"request_timeout": 3.0}, 3.0),
        ({"connect_timeout": 4.0}, 4.0),
        ({"request_timeout": 3.0, "connect_timeout": 4.0}, 3.0),
        ({"request_timeout": 0, "connect_timeout": 4.0}, 4.0),
    ],
)
def test_a_place_is_waited_for_as_long_as_for_the_shorter_of_both(
    options: dict[str, Any], expected: float
) -> None:
    assert Settings(options).queue_timeout == expected


def test_redirects_are_counted_only_if_they_are_followed() -> None:
    assert Settings({"max_redirects": 5}).max_redirects == 0
    assert Settings({"max_redirects": 5, "follow_redirects": True}).max_redirects == 5


def test_a_request_with_callbacks_is_not_quiet() -> None:
    assert Settings({}).is_quiet
    for name in ("header_callback", "streaming_callback", "body_producer"):
        assert not Settings({name: print}).is_quiet


def test_what_a_program_may_change_or_depends_on_more_is_not_remembered() -> None:
    assert Settings({"user_agent": "x", "validate_cert": False}).plain == {}
    for name in ("auth_username", "proxy_host", "body_producer", "expect_100_continue"):
        assert Settings({name: "x"}).plain is None
    assert Settings({"ssl_options": {"ca_certs": "file"}}).plain is None
