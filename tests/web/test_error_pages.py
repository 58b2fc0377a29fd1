"""What happens to a handler's errors, and the hooks that programs override for them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.conftest import LogWatch
from tests.support.handlers import Answer, ask, request

from whirlwind import web


def get(body: Callable[..., Any], *lines: str, **more: Any) -> Answer:
    """Ask a handler whose ``get`` is ``body``; its other attributes are ``more``."""
    settings = more.pop("settings", {})
    handler = type("Handler", (web.RequestHandler,), {"get": body, **more})
    return ask(handler, request("/", *lines), **settings)[0]


def test_an_error_page_may_be_the_programs_own() -> None:
    def write_error(self: web.RequestHandler, status_code: int, **kwargs: Any) -> None:
        self.finish({"status": status_code, "error": kwargs["exc_info"][0].__name__})

    def fails(self: web.RequestHandler) -> None:
        self.write("thrown away")
        raise web.HTTPError(402)

    answer = get(fails, write_error=write_error)
    assert (answer.status, json.loads(answer.body)) == (402, {"status": 402, "error": "HTTPError"})


def test_one_that_does_not_finish_is_finished() -> None:
    def write_error(self: web.RequestHandler, status_code: int, **kwargs: Any) -> None:
        self.write("nearly")

    answer = get(lambda self: self.send_error(418), write_error=write_error)
    assert (answer.status, answer.body) == (418, b"nearly")


def test_one_that_fails_itself_is_logged_and_answered(logs: LogWatch) -> None:
    def write_error(self: web.RequestHandler, status_code: int, **kwargs: Any) -> None:
        raise KeyError("page")

    with logs.expect("whirlwind.application", "Uncaught exception in write_error"):
        answer = get(lambda self: self.send_error(418), write_error=write_error)
    assert (answer.status, answer.body) == (418, b"")


def test_an_error_takes_headers_back_and_keeps_default_ones() -> None:
    def fails(self: web.RequestHandler) -> None:
        self.set_header("X-Own", "1")
        self.set_status(201)
        raise web.HTTPError(400)

    def defaults(self: web.RequestHandler) -> None:
        self.set_header("X-Default", "1")

    answer = get(fails, set_default_headers=defaults)
    assert answer.status == 400
    assert "X-Own" not in answer.headers
    assert answer.headers["X-Default"] == "1"


@pytest.mark.parametrize("code", [204, 304])
def test_an_error_without_a_body_has_none(code: int) -> None:
    def fails(self: web.RequestHandler) -> None:
        raise web.HTTPError(code)

    answer = get(fails)
    assert (answer.status, answer.body) == (code, b"")
    assert "Content-Type" not in answer.headers


def test_a_body_that_the_status_forbids_is_an_error(logs: LogWatch) -> None:
    def wrong(self: web.RequestHandler) -> None:
        self.set_status(204)
        self.write("x")

    with logs.expect("whirlwind.application", "Uncaught exception GET"):
        assert get(wrong).status == 500


def test_exceptions_may_be_reported_elsewhere() -> None:
    reported: list[str] = []

    def report(self: web.RequestHandler, typ: type, value: Exception, tb: Any) -> None:
        reported.append(f"{typ.__name__} {value}")

    def fails(self: web.RequestHandler) -> None:
        raise ValueError("x")

    assert get(fails, log_exception=report).status == 500
    assert reported == ["ValueError x"]


def test_a_report_that_fails_does_not_keep_the_client_waiting(logs: LogWatch) -> None:
    def report(self: web.RequestHandler, typ: type, value: Exception, tb: Any) -> None:
        raise KeyError("report")

    def fails(self: web.RequestHandler) -> None:
        raise ValueError("x")

    with logs.expect("whirlwind.application", "Error in exception logger"):
        assert get(fails, log_exception=report).status == 500


def test_finish_ends_a_request_with_what_it_says() -> None:
    def ends(self: web.RequestHandler) -> None:
        self.set_status(401)
        self.set_header("WWW-Authenticate", "Basic")
        raise web.Finish({"a": 1})

    answer = get(ends)
    assert (answer.status, answer.body) == (401, b'{"a": 1}')
    assert answer.headers["Www-Authenticate"] == "Basic"


def test_prepare_may_finish_and_the_method_is_not_run() -> None:
    order: list[str] = []

    def prepare(self: web.RequestHandler) -> None:
        order.append("prepare")
        self.finish("prepared")

    answer = get(
        lambda self: order.append("get"),
        prepare=prepare,
        on_finish=lambda self: order.append("on_finish"),
    )
    assert answer.body == b"prepared"
    assert order == ["prepare", "on_finish"]


def test_headers_are_taken_back_one_by_one() -> None:
    def answers(self: web.RequestHandler) -> None:
        self.add_header("X-Two", "1")
        self.add_header("x-two", b"2")
        self.add_header("X-Gone", 3)
        self.clear_header("x-gone")
        self.clear_header("Server")
        self.clear_header("X-Never")

    answer = get(answers)
    assert [value for name, value in answer.fields if name == "X-Two"] == ["1", "2"]
    assert not {"X-Gone", "Server"} & set(answer.headers)


def test_a_user_is_asked_for_once_and_may_be_set() -> None:
    asked: list[int] = []

    def who(self: web.RequestHandler) -> None:
        asked.append(1)

    def answers(self: web.RequestHandler) -> None:
        assert self.current_user is None
        assert self.current_user is None
        self.current_user = "ada"
        self.write(self.current_user)

    assert get(answers, get_current_user=who).body == b"ada"
    assert asked == [1]


def test_settings_that_are_missing_are_named() -> None:
    def answers(self: web.RequestHandler) -> None:
        self.require_setting("there", "this page")
        with pytest.raises(Exception, match=r"define the 'login_url' setting .* to use @tornado"):
            self.get_login_url()
        with pytest.raises(Exception, match=r"define the 'other' setting .* to use this feature"):
            self.require_setting("other")
        assert self.settings is self.application.settings

    assert get(answers, settings={"there": True}).status == 200
