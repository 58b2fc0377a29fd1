"""Users only, and slashes at the end: where each redirect leads."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.conftest import LogWatch
from tests.support.handlers import Answer, ask, request

from whirlwind import gen, web


class Members(web.RequestHandler):
    def get_current_user(self) -> str | None:
        return self.get_argument("user", None)

    @web.authenticated
    def get(self) -> None:
        self.write("in")

    head = post = get

    @web.authenticated
    async def put(self) -> None:
        self.write("in")

    @web.authenticated
    @gen.coroutine
    def patch(self) -> Any:
        yield gen.moment
        self.write("in")


def members(path: str, method: str = "GET", **settings: Any) -> Answer:
    settings.setdefault("login_url", "/login")
    [answer] = ask(Members, request(path, method=method), pattern=".*", **settings)
    return answer


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH"])
def test_users_come_in(method: str) -> None:
    answer = members("/?user=ada", method)
    assert (answer.status, answer.body) == (200, b"in")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_nobody_is_sent_to_log_in_and_knows_where_to_go_on(method: str) -> None:
    answer = members("/a?b=c&d=%C3%A9", method)
    assert (answer.status, answer.body) == (302, b"")
    assert answer.headers["Location"] == "/login?next=%2Fa%3Fb%3Dc%26d%3D%25C3%25A9"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_nobody_may_change_things(method: str) -> None:
    assert members("/", method).status == 403


def test_a_login_page_elsewhere_gets_the_whole_address() -> None:
    location = members("/a?b", login_url="https://sso.example/in").headers["Location"]
    assert location == "https://sso.example/in?next=http%3A%2F%2Fh%2Fa%3Fb"
    assert members("/a", login_url="/login?x=1").headers["Location"] == "/login?x=1"


@pytest.mark.parametrize(
    "target", ["//evil.example/x", "///evil.example/x", "/\\evil.example/x", "/\\/evil.example/x"]
)
def test_rule_10_the_way_back_is_a_path_of_our_own(target: str) -> None:
    location = members(target).headers["Location"]
    assert parse_qs(urlsplit(location).query) == {"next": ["/evil.example/x"]}


def test_a_login_url_that_is_missing_is_said(logs: LogWatch) -> None:
    with logs.expect("whirlwind.application", "Uncaught exception GET"):
        assert members("/", login_url=None).status == 500


# --- slashes ---


class With(web.RequestHandler):
    @web.addslash
    def get(self) -> None:
        self.write("done")

    head = post = get


class Without(web.RequestHandler):
    @web.removeslash
    def get(self) -> None:
        self.write("done")

    head = post = get


def visit(handler: type[web.RequestHandler], path: str, method: str = "GET") -> Answer:
    [answer] = ask(handler, request(path, method=method), pattern="(?s).*")
    return answer


@pytest.mark.parametrize(
    ("handler", "path", "location"),
    [
        (With, "/a", "/a/"),
        (With, "/a?b=c", "/a/?b=c"),
        (With, "/a?b=//c", "/a/?b=//c"),
        (With, "/%2Fa", "/%2Fa/"),
        (Without, "/a/", "/a"),
        (Without, "/a///", "/a"),
        (Without, "/a/?b=c", "/a?b=c"),
        (Without, "/a//b/", "/a//b"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_other_spelling_is_redirected(
    handler: type[web.RequestHandler], path: str, location: str, method: str
) -> None:
    answer = visit(handler, path, method)
    assert (answer.status, answer.headers["Location"]) == (301, location)
    assert visit(handler, location, method).status == 200
    assert visit(handler, path, "POST").status == 404
    assert visit(handler, location, "POST").status == 200


@pytest.mark.parametrize("path", ["/", "//", "///"])
def test_the_root_has_one_spelling(path: str) -> None:
    for handler in (With, Without):
        assert visit(handler, path).status == 200


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "/\\\\evil.example",
        "//%09evil.example",
        "http://h//evil.example",
        "http://h/\\evil.example",
    ],
)
def test_rule_10_no_redirect_leads_elsewhere(path: str, logs: LogWatch) -> None:
    """The advisories of 6.6.0 and 6.6.1: browsers take ``//`` and ``/\\`` for a host."""
    for handler, asked in ((With, path), (Without, path + "/")):
        with logs.expect("whirlwind.general", "cannot redirect path with two initial slashes"):
            answer = visit(handler, asked)
        assert answer.status == 403
        assert "Location" not in answer.headers


def test_a_decorated_method_keeps_its_name_and_may_wait() -> None:
    class Waits(web.RequestHandler):
        @web.removeslash
        async def get(self) -> None:
            """What it does."""
            self.write("done")

    assert (Waits.get.__name__, Waits.get.__doc__) == ("get", "What it does.")
    assert visit(Waits, "/a").body == b"done"
    assert visit(Waits, "/a/").headers["Location"] == "/a"
