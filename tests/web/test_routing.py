"""Routers, rules and matchers; applications whose rules are found in more than one way."""

from __future__ import annotations

from typing import Any

import pytest
from tests.conftest import LogWatch
from tests.support.raw_http import echo
from tests.support.rules import EXPECTED, TARGETS, Name, application, bodies

from whirlwind import web
from whirlwind.routing import (
    AnyMatches,
    HostMatches,
    PathMatches,
    Rule,
    RuleRouter,
    URLSpec,
)


def test_the_first_rule_that_matches_answers() -> None:
    assert bodies(application(), *TARGETS) == EXPECTED


def test_rule_11_the_host_is_never_part_of_the_path() -> None:
    app = application()
    assert bodies(app, "/literal", host="h") == ["literal"]
    for host in ("h/literal", "h?", "h#", "a@h"):
        assert bodies(app, "/", host=host) == ["400"]


def test_routers_nest_and_take_targets_of_every_kind() -> None:
    inner = RuleRouter([Rule(PathMatches("/in/app.*"), application()), ("/in/function", echo)])
    router = RuleRouter(
        [
            (HostMatches("other"), echo),
            (PathMatches("/in/.*"), inner),
            ("/literal", application()),
            Rule(AnyMatches(), echo),
        ]
    )
    assert bodies(router, "/literal", "/in/function", "/x?y") == [
        "literal",
        "GET /in/function |",
        "GET /x y|",
    ]


def test_a_router_that_finds_nothing_answers_404() -> None:
    assert bodies(RuleRouter([]), "/") == ["404"]


def test_a_list_as_target_is_a_router_inside() -> None:
    app = web.Application(
        [
            (HostMatches("h"), [("/a", Name, {"name": "inside"}, "inside")]),
            ("/b", Name, {"name": "outside"}),
        ],
        log_function=lambda handler: None,
    )
    assert bodies(app, "/a", "/b", "/c") == ["inside", "outside", "404"]
    assert app.reverse_url("inside") == "/a"


@pytest.mark.parametrize(
    ("pattern", "args", "expected"),
    [
        ("/a", (), "/a"),
        ("^/a$", (), "/a"),
        ("/a/([^/]+)/b/(.*)", ("x y", 5), "/a/x%20y/b/5"),
        (r"/a\.b/([0-9]+)", (b"1",), "/a.b/1"),
        (r"/100%/(.*)", ("é",), "/100%/%C3%A9"),
        ("/(?P<name>.*)", ("a/b?",), "/a/b%3F"),
        (r"/a%20(.*)", ("",), "/a%20"),
    ],
)
def test_a_path_is_made_of_its_rule(pattern: str, args: tuple[Any, ...], expected: str) -> None:
    assert PathMatches(pattern).reverse(*args) == expected


@pytest.mark.parametrize("pattern", [r"/a/(b(c)d)", r"/\d+/a", r"/(?:a|b)/(c)"])
def test_a_pattern_that_cannot_be_turned_round_says_so(pattern: str) -> None:
    with pytest.raises(ValueError, match="Cannot reverse"):
        PathMatches(pattern).reverse("x")


def test_reversing_needs_as_many_arguments_as_groups() -> None:
    with pytest.raises(AssertionError, match="number of arguments"):
        PathMatches("/(.*)").reverse()
    with pytest.raises(AssertionError, match="either be all named"):
        PathMatches("/(?P<a>.*)/(.*)")


def test_a_target_may_be_named_by_its_dotted_path() -> None:
    spec = URLSpec("/", "whirlwind.web.ErrorHandler", {"status_code": 404})
    assert spec.handler_class is web.ErrorHandler


def test_redirects_keep_their_host_whatever_the_path_says(logs: LogWatch) -> None:
    app = web.Application(
        [
            ("/free/(.*)", web.RedirectHandler, {"url": "{0}"}),
            ("/one(/.*)", web.RedirectHandler, {"url": "http://example.com{0}"}),
            ("/two/(.*)", web.RedirectHandler, {"url": "//{0}/"}),
            ("/three/(.*)", web.RedirectHandler, {"url": "/{0}"}),
            ("/four/(.*)", web.RedirectHandler, {"url": "http://{0}.example.com/"}),
        ],
        log_function=lambda handler: None,
    )
    assert bodies(app, "/free/a/b", "/one/a?b=c") == ["301", "301"]
    evil = [
        "/free/http://evil.com",
        "/free/%2F%2Fevil.com",
        "/free/%2F%5Cevil.com",
        "/free/%09//evil.com",
        "/free/javascript:alert(1)",
        "/two/evil.com",
        "/two//evil.com",
        "/three//evil.com",
        "/three///evil.com",
        "/three/%5Cevil.com",
        "/three//%5Cevil.com",
        "/four/evil",
        "/four//evil.com/",
        "/four/%3Fq",
    ]
    with logs.expect("whirlwind.general", "Redirect URL cannot change", count=len(evil)):
        assert bodies(app, *evil) == ["400"] * len(evil)
