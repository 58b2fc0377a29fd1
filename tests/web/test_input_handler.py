"""What a handler reads of its request: arguments and cookies."""

from __future__ import annotations

import json

from tests.conftest import LogWatch
from tests.support.handlers import ask, request

from whirlwind import web


def test_arguments_come_from_query_and_body() -> None:
    class Handler(web.RequestHandler):
        def post(self) -> None:
            self.write(
                {
                    "all": self.get_arguments("a"),
                    "last": self.get_argument("a"),
                    "query": self.get_query_argument("a"),
                    "body": self.get_body_arguments("a"),
                    "none": self.get_argument("b", None),
                    "raw": self.get_argument("c", strip=False),
                }
            )

    [answer] = ask(
        Handler,
        request(
            "/?a=1&c=+x%01",
            "Content-Type: application/x-www-form-urlencoded",
            method="POST",
            body=b"a=2&a=%C3%A9",
        ),
    )
    assert json.loads(answer.body) == {
        "all": ["1", "2", "é"],
        "last": "é",
        "query": "1",
        "body": ["2", "é"],
        "none": None,
        "raw": " x ",
    }


def test_an_argument_that_is_missing_or_no_utf_8_is_a_400(logs: LogWatch) -> None:
    class Handler(web.RequestHandler):
        def get(self) -> None:
            self.get_argument("a")

    with logs.expect("whirlwind.general", "Missing argument a"):
        assert ask(Handler, request("/"))[0].status == 400
    with logs.expect("whirlwind.general", "Invalid unicode in a"):
        assert ask(Handler, request("/?a=%FF"))[0].status == 400


def test_rule_5_arguments_have_a_limit_in_number(logs: LogWatch) -> None:
    class Handler(web.RequestHandler):
        def get(self) -> None:
            self.write(str(len(self.get_arguments("a"))))

    assert ask(Handler, request("/?" + "a=1&" * 999 + "a=1"))[0].body == b"1000"
    with logs.expect("whirlwind.general", "MAX_ARGUMENTS"):
        assert ask(Handler, request("/?" + "a=1&" * 1000 + "a=1"))[0].status == 400


def test_cookies_go_both_ways() -> None:
    class Handler(web.RequestHandler):
        def get(self) -> None:
            self.set_cookie("b", "2 3".replace(" ", "-"), httponly=True, samesite="Lax", max_age=5)
            self.write(self.get_cookie("a") or "none")

    with_cookie, without = ask(Handler, request("/", "Cookie: a=1; c=3"), request("/"))
    assert (with_cookie.body, without.body) == (b"1", b"none")
    parts = set(with_cookie.headers["Set-Cookie"].split("; "))
    assert parts == {"b=2-3", "HttpOnly", "SameSite=Lax", "Max-Age=5", "Path=/"}
