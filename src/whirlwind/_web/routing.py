"""From a request to what answers it: rules, tried in order.

Layer: web. Imports from ``_base``, ``_http`` and ``_proto``.

Theory of operation
-------------------
A rule joins a matcher and a target. A target is another router, a delegate, a function that
takes a request, or, inside an application, a handler class. ``find_handler`` answers with what
receives the rest of the message, or None, in which case the next rule is tried: a nested router
that knows nothing of a path does not end the search.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from functools import partial
from typing import Any, TypeAlias

from whirlwind._base.log import app_log
from whirlwind._base.objects import import_object
from whirlwind._http.messages import (
    HTTPConnection,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    HTTPServerRequest,
)
from whirlwind._http.server.whole_request import WholeRequest
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http.start_line import RequestStartLine, ResponseStartLine
from whirlwind._web.matchers import Matcher, PathMatches

_RuleList: TypeAlias = Iterable["Rule | list[Any] | tuple[Any, ...]"]


class Router(HTTPServerConnectionDelegate):
    """Finds what answers a request; derive from it for a router of another kind."""

    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> HTTPMessageDelegate | None:
        """Return what receives ``request``, or None if this router knows nothing of it.

        Args:
            request: The request, its body yet to come.
            **kwargs: What a rule that led here found out (``path_args``, ``target_kwargs``).
        """
        raise NotImplementedError

    def start_request(
        self, server_conn: object, request_conn: HTTPConnection
    ) -> HTTPMessageDelegate:
        return _RoutingDelegate(self, server_conn, request_conn)


class ReversibleRouter(Router):
    """A router that can say which path leads to a named rule."""

    def reverse_url(self, name: str, *args: Any) -> str | None:
        """Return the path of the rule called ``name``, or None if there is none.

        Args:
            name: The rule's name.
            *args: One for each group of its pattern.
        """
        raise NotImplementedError


class _RoutingDelegate(HTTPMessageDelegate):
    def __init__(self, router: Router, server_conn: object, request_conn: HTTPConnection) -> None:
        self.server_conn = server_conn
        self.request_conn = request_conn
        self.delegate: HTTPMessageDelegate | None = None
        self.router = router

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        assert isinstance(start_line, RequestStartLine)
        request = HTTPServerRequest(
            connection=self.request_conn,
            server_connection=self.server_conn,
            start_line=start_line,
            headers=headers,
        )
        self.delegate = self.router.find_handler(request)
        if self.delegate is None:
            app_log.debug(
                "Delegate for %s %s request not found", start_line.method, start_line.path
            )
            self.delegate = _NotFound(self.request_conn)
        return self.delegate.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        return None if self.delegate is None else self.delegate.data_received(chunk)

    def finish(self) -> None:
        if self.delegate is not None:
            self.delegate.finish()

    def on_connection_close(self) -> None:
        if self.delegate is not None:
            self.delegate.on_connection_close()


class _NotFound(HTTPMessageDelegate):
    def __init__(self, connection: HTTPConnection) -> None:
        self.connection = connection

    def finish(self) -> None:
        self.connection.write_headers(
            ResponseStartLine("HTTP/1.1", 404, "Not Found"), HTTPHeaders({"Content-Length": "0"})
        )
        self.connection.finish()


class RuleRouter(Router):
    """Tries rules in order.

    >>> RuleRouter([(HostMatches("example.com"), router), ("/app", application)])
    ... # doctest: +SKIP

    Args:
        rules: ``Rule`` objects, or tuples and lists of ``Rule``'s arguments; a string in the
            matcher's place is a pattern for the path.
    """

    def __init__(self, rules: _RuleList | None = None) -> None:
        self.rules: list[Rule] = []
        if rules:
            self.add_rules(rules)

    def add_rules(self, rules: _RuleList) -> None:
        """Add rules behind those that are there; as the constructor's argument."""
        for given in rules:
            if isinstance(given, (tuple, list)):
                if len(given) not in (2, 3, 4):
                    raise AssertionError(f"rule {given!r} has {len(given)} items: expected 2 to 4")
                if isinstance(given[0], str):
                    rule = Rule(PathMatches(given[0]), *given[1:])
                else:
                    rule = Rule(*given)
            else:
                rule = given
            self.rules.append(self.process_rule(rule))

    def process_rule(self, rule: Rule) -> Rule:
        """Look at a rule before it is added; override to check or to replace it."""
        return rule

    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> HTTPMessageDelegate | None:
        for rule in self.rules:
            params = rule.matcher.match(request)
            if params is not None:
                if rule.target_kwargs:
                    params["target_kwargs"] = rule.target_kwargs
                delegate = self.get_target_delegate(rule.target, request, **params)
                if delegate is not None:
                    return delegate
        return None

    def get_target_delegate(
        self, target: Any, request: HTTPServerRequest, **target_params: Any
    ) -> HTTPMessageDelegate | None:
        """Return what receives ``request`` on behalf of a rule's target.

        Override it to give rules targets of further kinds.

        Args:
            target: The rule's target.
            request: The request.
            **target_params: What the matcher found, and the rule's ``target_kwargs``.

        Returns:
            A delegate, or None to have the next rule tried.
        """
        if isinstance(target, Router):
            return target.find_handler(request, **target_params)
        if isinstance(target, HTTPServerConnectionDelegate):
            return target.start_request(request.server_connection, request.connection)
        if callable(target):
            return WholeRequest(request, partial(target, **target_params))
        return None


class ReversibleRuleRouter(ReversibleRouter, RuleRouter):
    """Tries rules in order, and knows the named ones by name.

    Args:
        rules: As for ``RuleRouter``; a rule's fourth item is its name.
    """

    def __init__(self, rules: _RuleList | None = None) -> None:
        self.named_rules: dict[str, Rule] = {}
        super().__init__(rules)

    def process_rule(self, rule: Rule) -> Rule:
        processed = super().process_rule(rule)
        name = processed.name
        if name:
            if name in self.named_rules:
                app_log.warning("Multiple handlers named %s; replacing previous value", name)
            self.named_rules[name] = processed
        return processed

    def reverse_url(self, name: str, *args: Any) -> str | None:
        known = self.named_rules.get(name)
        if known is not None:
            return known.matcher.reverse(*args)
        routers = [rule.target for rule in self.rules if isinstance(rule.target, ReversibleRouter)]
        paths = (router.reverse_url(name, *args) for router in routers)
        return next((path for path in paths if path is not None), None)


class Rule:
    """Joins a matcher and a target.

    Args:
        matcher: Decides whether the rule is for a request.
        target: What answers then: a router, a delegate, a function, in an application a
            handler class or a list of rules; or the dotted name of one.
        target_kwargs: Arguments for the target; for a handler class, those of ``initialize``.
        name: For ``reverse_url``.
    """

    def __init__(
        self,
        matcher: Matcher,
        target: Any,
        target_kwargs: dict[str, Any] | None = None,
        name: str | None = None,
    ) -> None:
        if isinstance(target, str):
            target = import_object(target)
        self.matcher = matcher
        self.target = target
        self.target_kwargs = target_kwargs or {}
        self.name = name

    def reverse(self, *args: Any) -> str | None:
        """Return the path that this rule matches with ``args``, or None."""
        return self.matcher.reverse(*args)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.matcher!r}, {self.target}, "
            f"kwargs={self.target_kwargs!r}, name={self.name!r})"
        )


class URLSpec(Rule):
    """A rule for a path: what the list of an ``Application``'s handlers is made of.

    Args:
        pattern: A regular expression for the whole path.
        handler: A ``RequestHandler`` class, or its dotted name.
        kwargs: Arguments for the handler's ``initialize``.
        name: For ``reverse_url``.
    """

    def __init__(
        self,
        pattern: str | Any,
        handler: Any,
        kwargs: dict[str, Any] | None = None,
        name: str | None = None,
    ) -> None:
        matcher = PathMatches(pattern)
        super().__init__(matcher, handler, kwargs, name)
        self.regex = matcher.regex
        self.handler_class = self.target
        self.kwargs = kwargs

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.regex.pattern!r}, {self.handler_class}, "
            f"kwargs={self.kwargs!r}, name={self.name!r})"
        )
