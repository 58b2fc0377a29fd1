"""Requests from other sites: the decision without a loop, then with an application."""

from __future__ import annotations

from typing import Any

import pytest
from tests.conftest import LogWatch
from tests.support.handlers import ask, request

from whirlwind import web
from whirlwind._web.origins import is_listed, is_origin_of, origin_refusal


def nobody(origin: str) -> bool:
    return False


@pytest.mark.parametrize(
    ("site", "origin"),
    [
        pytest.param(None, None, id="no browser"),
        pytest.param("same-origin", None, id="own page"),
        pytest.param("same-origin", "http://elsewhere", id="the browser knows better"),
        pytest.param("none", None, id="typed by the user"),
        pytest.param(None, "http://h:80", id="older browser, own page"),
        pytest.param(None, "https://h:80", id="TLS ends at a proxy"),
        pytest.param(None, "HTTP://H:80", id="letters of either case"),
        pytest.param(None, "http://h:80/path", id="with a path"),
    ],
)
def test_our_own_pages_and_programs_are_let_through(site: str | None, origin: str | None) -> None:
    assert origin_refusal(site, origin, "h:80", nobody) is None


@pytest.mark.parametrize(
    ("site", "origin", "reason"),
    [
        ("cross-site", None, "Sec-Fetch-Site cross-site & origin None not allowed"),
        ("same-site", "http://a.h", "Sec-Fetch-Site same-site & origin 'http://a.h' not allowed"),
        ("cross-site", "http://h", "Sec-Fetch-Site cross-site & origin 'http://h' not allowed"),
        ("", None, "Sec-Fetch-Site  & origin None not allowed"),
        ("Same-Origin", None, "Sec-Fetch-Site Same-Origin & origin None not allowed"),
        ("same-origin,none", None, "Sec-Fetch-Site same-origin,none & origin None not allowed"),
        (None, "http://elsewhere", "Origin 'http://elsewhere' not allowed"),
        (None, "null", "Origin 'null' not allowed"),
        (None, "", "Origin '' not allowed"),
    ],
)
def test_other_pages_are_refused_with_the_reason(
    site: str | None, origin: str | None, reason: str
) -> None:
    assert origin_refusal(site, origin, "h", nobody) == reason


@pytest.mark.parametrize(
    "origin",
    [
        "h",
        "//h",
        "http:h",
        "http:/h",
        "http://h:80",
        "http://h.elsewhere",
        "http://elsewhere/h",
        "http://elsewhere#h",
        "http://elsewhere?http://h",
        "http://h@elsewhere",
        "http://u@h",
        "http://h\\@elsewhere",
        "http://h,http://elsewhere",
        "http://[::1",
        "http://",
        "javascript:h",
        " http://h",
        "http://h\n",
    ],
)
def test_a_host_has_to_be_the_whole_host(origin: str) -> None:
    assert not is_origin_of(origin, "h")


def test_rule_16_the_reason_is_short_whatever_was_sent() -> None:
    long = "x" * 100_000
    for site in (None, long):
        assert len(origin_refusal(site, long, "h", nobody) or "") < 200


def test_trusted_origins_are_compared_letter_by_letter() -> None:
    listed = ["https://a.example", "https://b.example:8443"]
    assert is_listed("https://a.example", listed)
    assert is_listed("https://a.example", "https://a.example")
    for origin in (
        "https://A.example",
        "https://a.example:443",
        "https://a.example/",
        "http://a.example",
        "https://b.example",
        "a.example",
        "",
        "null",
    ):
        assert not is_listed(origin, listed)
        assert not is_listed(origin, "https://a.example")
        assert not is_listed(origin, None)


class Handler(web.RequestHandler):
    def prepare(self) -> None:
        self.set_header("X-Prepared", "yes")

    def get(self) -> None:
        self.write("done")

    head = post = put = delete = patch = options = get


def status(*lines: str, method: str = "POST", **settings: Any) -> int:
    settings.setdefault("cross_origin_protection", True)
    handler = settings.pop("handler", Handler)
    [answer] = ask(handler, request("/", *lines, method=method), **settings)
    assert (answer.status == 200) == ("X-Prepared" in answer.headers)
    return answer.status


FOREIGN = ("Sec-Fetch-Site: cross-site", "Origin: https://a.example")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_a_page_elsewhere_may_not_change_things(method: str, logs: LogWatch) -> None:
    with logs.expect("whirlwind.general", f"^403 {method} .*Sec-Fetch-Site cross-site"):
        assert status(*FOREIGN, method=method) == 403
    with logs.expect("whirlwind.general", f"^403 {method} .*Origin 'https://a.example'"):
        assert status(FOREIGN[1], method=method) == 403
    assert status("Sec-Fetch-Site: same-origin", method=method) == 200
    assert status(method=method) == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_page_elsewhere_may_read(method: str) -> None:
    assert status(*FOREIGN, method=method) == 200


def test_trusted_origins_may_change_things(logs: LogWatch) -> None:
    assert status(*FOREIGN, trusted_origins=["https://a.example"]) == 200
    assert status(FOREIGN[1], trusted_origins=["https://a.example"]) == 200
    with logs.expect("whirlwind.general", "not allowed"):
        assert status(FOREIGN[0], trusted_origins=["https://a.example"]) == 403


def test_the_protection_is_off_without_its_setting() -> None:
    choices: list[dict[str, Any]] = [{}, {"trusted_origins": ["https://b.example"]}]
    for settings in choices:
        assert status(*FOREIGN, cross_origin_protection=False, **settings) == 200


def test_a_handler_may_decide_by_itself(logs: LogWatch) -> None:
    asked: list[str] = []

    class Own(Handler):
        def check_trusted_origin(self, origin: str) -> bool:
            asked.append(origin)
            return origin.endswith(".example")

    assert status(*FOREIGN, handler=Own) == 200
    assert asked == ["https://a.example"]
    with logs.expect("whirlwind.general", "not allowed"):
        assert status("Origin: null", handler=Own) == 403
    assert asked == ["https://a.example", "null"]


def test_both_protections_have_to_be_content(logs: LogWatch) -> None:
    token = ("Cookie: _xsrf=616263", "X-XSRFToken: 616263")
    assert status(*token, xsrf_cookies=True) == 200
    with logs.expect("whirlwind.general", "Sec-Fetch-Site"):
        assert status(*token, *FOREIGN, xsrf_cookies=True) == 403
    with logs.expect("whirlwind.general", "missing from POST"):
        assert status("Sec-Fetch-Site: same-origin", xsrf_cookies=True) == 403


def test_a_wrong_address_says_404_to_older_browsers(logs: LogWatch) -> None:
    [answer] = ask(
        Handler,
        request("/nowhere", FOREIGN[1], method="POST"),
        pattern="/",
        cross_origin_protection=True,
    )
    assert answer.status == 404
