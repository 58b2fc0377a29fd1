"""Applications: hosts, default handlers, names of rules."""

from __future__ import annotations

import pytest
from tests.conftest import LogWatch
from tests.support.raw_http import echo
from tests.support.rules import Name, application, bodies

from whirlwind import web
from whirlwind.routing import (
    ReversibleRuleRouter,
)


def test_rules_of_a_host_stand_before_the_others() -> None:
    app = application()
    app.add_handlers(r"(?:www\.)?example\.com", [("/literal", Name, {"name": "example"})])
    assert bodies(app, "/literal", host="WWW.example.com:80") == ["example"]
    assert bodies(app, "/literal", host="other.com") == ["literal"]
    assert bodies(app, "http://example.com/literal", host="other.com") == ["example"]


def test_the_default_host_answers_for_hosts_nobody_knows() -> None:
    app = web.Application(default_host="a.com", log_function=lambda handler: None)
    app.add_handlers("a.com", [("/", Name, {"name": "a"})])
    app.add_handlers("b.com", [("/", Name, {"name": "b"})])
    assert bodies(app, "/", host="b.com") == ["b"]
    assert bodies(app, "/", host="c.com") == ["a"]


def test_a_default_handler_class_answers_for_unknown_paths() -> None:
    app = application(default_handler_class=Name, default_handler_args={"name": "default"})
    assert bodies(app, "/unknown") == ["default"]


def test_names_are_found_in_nested_routers_and_a_missing_one_is_an_error(logs: LogWatch) -> None:
    app = application()
    assert app.reverse_url("numbers", 5, "x") == "/n/5/x"
    with pytest.raises(KeyError, match="missing not found"):
        app.reverse_url("missing")
    outer = ReversibleRuleRouter([("/.*", app)])
    assert outer.reverse_url("numbers", 5, "x") == "/n/5/x"
    with logs.expect("whirlwind.application", "Multiple handlers named a"):
        ReversibleRuleRouter([("/1", echo, {}, "a"), ("/2", echo, {}, "a")])
