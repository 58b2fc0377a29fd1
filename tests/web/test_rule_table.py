"""The flat list of rules: it says what the routers say, at any time."""

from __future__ import annotations

from typing import Any

from tests.support.rules import EXPECTED, TARGETS, Name, application, bodies

from whirlwind import web
from whirlwind._http.messages import HTTPServerRequest
from whirlwind.routing import (
    URLSpec,
)


def test_the_routers_and_the_table_agree() -> None:
    class Walked(web.Application):
        def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> Any:
            return super().find_handler(request, **kwargs)

    walked = Walked(
        application().wildcard_router.rules,
        log_function=lambda handler: None,
    )
    assert not walked.takes_requests()
    assert application().takes_requests()
    assert bodies(walked, *TARGETS) == EXPECTED


def test_rules_that_are_added_later_count() -> None:
    app = application()
    assert bodies(app, "/new") == ["404"]
    app.wildcard_router.add_rules([("/new", Name, {"name": "new"})])
    assert bodies(app, "/new", "/literal") == ["new", "literal"]


def test_a_rule_that_was_replaced_is_not_asked_any_more() -> None:
    app = application()
    rules = app.wildcard_router.rules
    assert bodies(app, "/literal") == ["literal"]
    rules.pop(0)
    app.wildcard_router.add_rules([("/more", Name, {"name": "more"})])
    assert bodies(app, "/literal", "/more") == ["pattern", "more"]
    rules[0] = URLSpec("/literal", Name, {"name": "replaced"})
    assert bodies(app, "/literal") == ["replaced"]
