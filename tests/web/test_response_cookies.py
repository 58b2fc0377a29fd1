"""The cookies of an answer: which attributes, in which spelling, and what is refused."""

from __future__ import annotations

import datetime
import http.cookies
import warnings
from typing import Any

import pytest
from tests.support.handlers import ask, request

from whirlwind import web
from whirlwind._web.response_cookies import make_cookie


def text(name: str = "a", value: str = "b", **attributes: Any) -> str:
    return make_cookie(name, value, attributes)[name].OutputString()


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({}, "a=b"),
        ({"domain": "h", "path": "/x"}, "a=b; Domain=h; Path=/x"),
        ({"domain": None, "path": "", "secure": False, "max_age": None}, "a=b"),
        ({"max_age": 5}, "a=b; Max-Age=5"),
        ({"max_age": 5.9}, "a=b; Max-Age=5"),
        ({"max_age": "5"}, "a=b; Max-Age=5"),
        ({"max_age": -1}, "a=b; Max-Age=-1"),
        ({"max_age": 0}, "a=b; Max-Age=0"),
        ({"httponly": True, "secure": True}, "a=b; HttpOnly; Secure"),
        ({"samesite": "Lax"}, "a=b; SameSite=Lax"),
        ({"path": "/", "Path": "/x"}, "a=b; Path=/x"),
        ({"Max_Age": 3}, "a=b; Max-Age=3"),
        ({"HttpOnly": True}, "a=b; HttpOnly"),
        ({"httponly": True, "HTTPONLY": False}, "a=b"),
        ({"path": "/\xe9"}, "a=b; Path=/\xe9"),
    ],
)
def test_attributes_are_written_whatever_their_spelling(
    attributes: dict[str, Any], expected: str
) -> None:
    assert text(**attributes) == expected


def test_values_are_quoted_where_they_must_be() -> None:
    assert text(value="x;y") == r'a="x\073y"'
    assert text(value='"') == r'a="\""'
    assert text(value="2|1:0|4:dg==") == 'a="2|1:0|4:dg=="'
    assert text(name="n:m", value="") == 'n:m=""'


BAD = [";", "\r", "\n", "\0", "\x1f", "\x7f", "; Domain=evil", "\r\nSet-Cookie: x=y"]


@pytest.mark.parametrize("bad", [*BAD, " ", "\t"])
@pytest.mark.parametrize(
    "key", ["domain", "path", "samesite", "comment", "max_age", "Domain", "PATH", "SameSite"]
)
def test_rule_4_no_attribute_in_any_spelling_holds_what_would_end_it(key: str, bad: str) -> None:
    """CVE-2026-35536, GHSA-wwv5-g3v4-889x, and max_age of 6.6.0."""
    with pytest.raises(ValueError, match=f"Invalid cookie attribute {key}="):
        text(**{key: "x" + bad})


@pytest.mark.parametrize("bad", BAD)
def test_rule_4_a_date_may_hold_blanks_and_nothing_worse(bad: str) -> None:
    assert text(expires="Sun, 13 Mar 2011") == "a=b; expires=Sun, 13 Mar 2011"
    with pytest.raises(ValueError, match="Invalid cookie attribute expires="):
        text(expires="x" + bad)


@pytest.mark.parametrize(
    "name", ["", "a b", "a=b", "a;b", "a\n", "\xe9", "a,b", "a/b", 'a"', "a@b"]
)
def test_rule_4_a_name_is_a_token(name: str) -> None:
    with pytest.raises(ValueError, match="Invalid cookie attribute name="):
        text(name=name)


@pytest.mark.parametrize("value", ["a b", "\t", "a\n", "\x01", "\0"])
def test_rule_4_a_value_holds_no_white_space_and_no_controls(value: str) -> None:
    with pytest.raises(ValueError, match="Invalid cookie 'a'"):
        text(value=value)


def test_errors_are_both_kinds_and_short() -> None:
    for attributes in ({"path": ";" * 10_000}, {"nonsense": "x"}):
        with pytest.raises(http.cookies.CookieError) as caught:
            text(**attributes)
        assert len(str(caught.value)) < 200
    with pytest.raises(http.cookies.CookieError):
        text(name="expires")
    for wrong in (b"x", ["x"], object()):
        with pytest.raises(TypeError, match="cookie attribute domain"):
            text(domain=wrong)


def answers(setter: Any, *lines: str) -> list[str]:
    class Handler(web.RequestHandler):
        def get(self) -> None:
            setter(self)

    [answer] = ask(Handler, request("/", *lines))
    assert answer.status == 200
    return answer.cookies()


def test_a_cookie_that_is_set_again_replaces_the_first() -> None:
    def setter(self: web.RequestHandler) -> None:
        self.set_cookie("a", "1", path="/x", httponly=True)
        self.set_cookie("b", "2")
        self.set_cookie("a", b"3")

    assert sorted(answers(setter)) == ["a=3; Path=/", "b=2; Path=/"]


def test_one_that_is_refused_leaves_the_first_as_it_was() -> None:
    def setter(self: web.RequestHandler) -> None:
        self.set_cookie("a", "1")
        with pytest.raises(ValueError, match="Invalid cookie"):
            self.set_cookie("a", "2", domain=";")

    assert answers(setter) == ["a=1; Path=/"]


def test_an_end_is_a_date_in_any_form() -> None:
    def setter(self: web.RequestHandler) -> None:
        moment = datetime.datetime(2011, 3, 13, 7, 6, 40)
        self.set_cookie("a", "1", expires=1_300_000_000)
        self.set_cookie("b", "1", expires=moment)
        self.set_cookie("c", "1", expires=moment.replace(tzinfo=datetime.UTC))
        self.set_cookie("d", "1", expires=moment.timetuple(), expires_days=3)
        self.set_cookie("e", "1", None, 1_300_000_000, "/")

    ends = {cookie.split("; ", 1)[1] for cookie in answers(setter)}
    assert ends == {"expires=Sun, 13 Mar 2011 07:06:40 GMT; Path=/"}


def test_capitalised_arguments_are_deprecated() -> None:
    """GHSA-wwv5-g3v4-889x: they were checked by nobody."""

    def setter(self: web.RequestHandler) -> None:
        with pytest.warns(DeprecationWarning, match=r"set_cookie: \{'HttpOnly'\} \(should be low"):
            self.set_cookie("a", "1", HttpOnly=True)
        with warnings.catch_warnings(), pytest.raises(ValueError, match="SameSite='x;y'"):
            warnings.simplefilter("ignore")
            self.set_cookie("b", "1", SameSite="x;y")

    assert answers(setter) == ["a=1; HttpOnly; Path=/"]


def test_cookies_are_deleted_one_by_one_or_all() -> None:
    def one(self: web.RequestHandler) -> None:
        self.clear_cookie("a", path="/x", domain="h")
        for wrong in ("expires", "max_age"):
            with pytest.raises(TypeError, match=f"unexpected keyword argument '{wrong}'"):
                self.clear_cookie("a", **{wrong: 1})

    def each(self: web.RequestHandler) -> None:
        self.clear_all_cookies(path="/x")

    [cookie] = answers(one)
    assert cookie.startswith('a=""; Domain=h; expires=')
    assert cookie.endswith(" GMT; Path=/x")
    assert [c.split("=")[0] for c in answers(each, "Cookie: a=1; b=2; a=3")] == ["a", "b"]
    assert answers(each) == []


def test_an_error_page_still_sets_them() -> None:
    class Handler(web.RequestHandler):
        def get(self) -> None:
            self.set_cookie("a", "1")
            raise web.HTTPError(403)

    [answer] = ask(Handler, request("/"))
    assert (answer.status, answer.cookies()) == (403, ["a=1; Path=/"])
