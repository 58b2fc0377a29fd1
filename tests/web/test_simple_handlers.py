"""Handlers that need no program."""

from __future__ import annotations

import pytest
from tests.conftest import LogWatch
from tests.support.handlers import ask, request

from whirlwind import web
from whirlwind._http.messages import HTTPServerRequest
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http.start_line import ResponseStartLine


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
def test_an_error_is_the_answer_to_every_method(method: str) -> None:
    [answer] = ask(
        web.ErrorHandler,
        request("/", "Origin: http://elsewhere", method=method),
        arguments={"status_code": 410},
        xsrf_cookies=True,
        cross_origin_protection=True,
    )
    assert (answer.status, b"410: Gone" in answer.body) == (410, True)


def test_unknown_paths_have_a_handler_of_the_programs_choice() -> None:
    class Missing(web.RequestHandler):
        def initialize(self, text: str) -> None:
            self.text = text

        def prepare(self) -> None:
            self.set_status(404)
            self.finish(self.text)

    for method in ("GET", "PUT"):
        [answer] = ask(
            web.RequestHandler,
            request("/nowhere", method=method),
            pattern="/",
            default_handler_class=Missing,
            default_handler_args={"text": "not here"},
        )
        assert (answer.status, answer.body) == (404, b"not here")


def test_finished_requests_are_logged_where_the_program_says() -> None:
    seen: list[tuple[int, str | None]] = []
    ask(
        web.RequestHandler,
        request("/a"),
        log_function=lambda handler: seen.append((handler.get_status(), handler.request.uri)),
    )
    assert seen == [(405, "/a")]


def test_another_application_takes_whole_requests() -> None:
    def fallback(message: HTTPServerRequest) -> None:
        text = f"{message.method} {message.path} ".encode() + message.body
        assert message.connection is not None
        message.connection.write_headers(
            ResponseStartLine("", 200, "OK"), HTTPHeaders({"Content-Length": str(len(text))}), text
        )
        message.connection.finish()

    for wire, body in (
        (request("/a"), b"GET /a "),
        (request("/b", method="POST", body=b"text"), b"POST /b text"),
    ):
        [answer] = ask(web.FallbackHandler, wire, arguments={"fallback": fallback})
        assert answer.body == body


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/a", "/to/a"),
        ("/a?b=c", "/to/a?b=c"),
        ("/a?%C3%A9=%E2%82%AC&b=%FF", "/to/a?%C3%A9=%E2%82%AC&b=%FF"),
        ("/%C3%A9", "/to/\xc3\xa9"),
        ("//elsewhere", "/to//elsewhere"),
    ],
)
def test_a_redirect_fills_in_the_groups_of_its_pattern(path: str, location: str) -> None:
    [answer] = ask(
        web.RedirectHandler, request(path), pattern="/(.*)", arguments={"url": "/to/{0}"}
    )
    assert (answer.status, answer.headers["Location"]) == (301, location)


@pytest.mark.parametrize("path", ["/evil.example", "/\\evil.example", "/%5Cevil.example", "//evil"])
def test_rule_10_what_is_filled_in_does_not_choose_the_host(path: str, logs: LogWatch) -> None:
    """The advisories of 6.6.0 and 6.6.1."""
    with logs.expect("whirlwind.general", "cannot change the scheme or netloc"):
        [answer] = ask(
            web.RedirectHandler, request("/" + path), pattern="/(.*)", arguments={"url": "/{0}"}
        )
    assert answer.status == 400
    assert "Location" not in answer.headers
