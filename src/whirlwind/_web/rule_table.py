"""The rules of an application as a flat list, for requests that come whole.

Layer: web. Imports from ``_http`` and within ``_web``.

A path without arguments that was seen before is one look into a dictionary; other paths are
matched by pattern after pattern. Where a rule is of another kind, the routers have to be asked.
"""

from __future__ import annotations

from re import Pattern
from typing import TYPE_CHECKING, Final

from whirlwind._http.messages import HTTPServerRequest
from whirlwind._web.base_handler import BaseHandler
from whirlwind._web.matchers import PathMatches, path_arguments
from whirlwind._web.routing import Rule
from whirlwind._web.running import Found, stock_execute

if TYPE_CHECKING:
    from whirlwind._web.application import Application

_decode_argument: Final = BaseHandler.decode_argument


class RuleTable:
    """The rules of an application as a flat list, for requests that come whole.

    It is read off the routers again when their lists hold other rules than before: what
    ``add_handlers`` and ``add_rules`` added, and what a program replaced in them.
    """

    __slots__ = ("_application", "_hosts", "_literal", "_paths", "_patterns")

    def __init__(self, application: Application) -> None:
        self._application = application
        self._hosts: list[Rule] = []
        self._paths: list[Rule] = []
        self._literal: dict[str, Found] = {}
        self._patterns: list[tuple[Pattern[str], Rule] | None] = []

    def find(self, request: HTTPServerRequest) -> Found | None:
        """Return what answers a request, or None if the routers have to be asked."""
        application = self._application
        # Lists of the same objects are found equal at some nanoseconds each.
        if (
            application.wildcard_router.rules != self._paths
            or application.default_router.rules != self._hosts
        ):
            self._read()
        path = request.path
        found = self._literal.get(path)
        if found is not None:
            return found
        for entry in self._patterns:
            if entry is None:
                return None
            pattern, rule = entry
            match = pattern.match(path)
            if match is None:
                continue
            if pattern.groups:
                target = rule.target
                if (
                    "%" not in path
                    and path.isascii()
                    and target.decode_argument is _decode_argument
                    and target._execute is stock_execute
                ):
                    # Nothing to unescape, to decode, or to show to whoever wants to see bytes.
                    if pattern.groupindex:
                        return target, rule.target_kwargs, [], match.groupdict()
                    return target, rule.target_kwargs, list(match.groups()), {}
                arguments = path_arguments(pattern, match)
                return (
                    rule.target,
                    rule.target_kwargs,
                    arguments["path_args"],
                    arguments["path_kwargs"],
                )
            found = (rule.target, rule.target_kwargs, [], {})
            if getattr(rule.matcher, "_path", None) == path:
                # One entry a rule: a pattern that matches many paths is not this path literally.
                self._literal[path] = found
            return found
        handler_class, initial = application._default_handler()
        return handler_class, initial, [], {}

    def _read(self) -> None:
        application = self._application
        self._paths = application.wildcard_router.rules.copy()
        self._hosts = application.default_router.rules.copy()
        self._literal.clear()
        self._patterns = []
        if len(self._hosts) != 1:
            self._patterns.append(None)
            return
        for rule in application.wildcard_router.rules:
            if (
                type(rule.matcher) is PathMatches
                and isinstance(rule.target, type)
                and issubclass(rule.target, BaseHandler)
            ):
                self._patterns.append((rule.matcher.regex, rule))
            else:
                self._patterns.append(None)
                return
