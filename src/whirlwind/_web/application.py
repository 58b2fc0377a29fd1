"""The application: rules, settings, and the way from a request to a handler.

Layer: web. Imports from ``_base``, ``_http``, ``_net`` and ``_proto``.

Theory of operation
-------------------
Two routers stand behind one another: ``default_router`` chooses by host, and its last rule, for
every host, is ``wildcard_router`` with the handlers of the constructor.

Requests come on two ways. ``find_handler`` walks these routers and answers with a delegate; it is
what subclasses override and what nested routers call. Where neither the application nor its
routers were changed in kind, the server gives whole requests instead (``receive_request``), and a
table that was read off the same routers says what answers (``_web/rule_table.py``).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from re import Pattern
from typing import Any, Final

from whirlwind._http.messages import (
    DirectDelegate,
    HTTPMessageDelegate,
    HTTPServerRequest,
)
from whirlwind._http.server.httpserver import HTTPServer
from whirlwind._net import autoreload
from whirlwind._proto.http.start_line import RequestStartLine
from whirlwind._web.access_line import write_access_line
from whirlwind._web.base_handler import BaseHandler
from whirlwind._web.compression import GZipContentEncoding
from whirlwind._web.handler_delegate import HandlerDelegate
from whirlwind._web.matchers import (
    AnyMatches,
    DefaultHostMatches,
    HostMatches,
)
from whirlwind._web.routing import ReversibleRouter, ReversibleRuleRouter, Rule, _RuleList
from whirlwind._web.rule_table import RuleTable
from whirlwind._web.running import (
    start_handler,
)
from whirlwind._web.simple_handlers import ErrorHandler
from whirlwind._web.static.handler import StaticFileHandler
from whirlwind._web.static.rules import static_rules
from whirlwind._web.transforms import OutputTransform
from whirlwind._web.ui_modules import STOCK_MODULES, Source, UIModule, methods_of, modules_of


class _ApplicationRouter(ReversibleRuleRouter):
    """Rules whose targets may be handler classes, or lists of further rules."""

    def __init__(self, application: Application, rules: _RuleList | None = None) -> None:
        self.application = application
        super().__init__(rules)

    def process_rule(self, rule: Rule) -> Rule:
        if isinstance(rule.target, list | tuple):
            rule.target = _ApplicationRouter(self.application, rule.target)
        return super().process_rule(rule)

    def get_target_delegate(
        self, target: Any, request: HTTPServerRequest, **target_params: Any
    ) -> HTTPMessageDelegate | None:
        if isinstance(target, type) and issubclass(target, BaseHandler):
            return self.application.get_handler_delegate(request, target, **target_params)
        return super().get_target_delegate(target, request, **target_params)


class Application(ReversibleRouter, DirectDelegate):
    """A web application: which handler answers which request, and settings for all of them.

    >>> application = Application([(r"/", MainHandler)])  # doctest: +SKIP
    >>> application.listen(8888)  # doctest: +SKIP

    Args:
        handlers: ``URLSpec`` objects or tuples of its arguments (pattern, handler, arguments of
            ``initialize``, name); a ``Rule``, or a list of rules as a target, goes as well.
        default_host: The host whose rules (``add_handlers``) requests for unknown hosts use.
        transforms: ``OutputTransform`` classes for every answer.
        **settings: Settings, for handlers as ``self.settings``.
    """

    def __init__(
        self,
        handlers: _RuleList | None = None,
        default_host: str | None = None,
        transforms: list[type[OutputTransform]] | None = None,
        **settings: Any,
    ) -> None:
        if transforms is None:
            transforms = []
            if settings.get("compress_response") or settings.get("gzip"):
                transforms.append(GZipContentEncoding)
        self.transforms: list[type[OutputTransform]] = transforms
        self.default_host = default_host
        self.settings = settings
        self.ui_modules: dict[str, type[UIModule]] = dict(STOCK_MODULES)
        self.ui_methods: dict[str, Callable[..., Any]] = {}
        self._load_ui_modules(settings.get("ui_modules") or ())
        self._load_ui_methods(settings.get("ui_methods") or ())
        if settings.get("debug"):
            settings.setdefault("autoreload", True)
            settings.setdefault("compiled_template_cache", False)
            settings.setdefault("static_hash_cache", False)
            settings.setdefault("serve_traceback", True)
        if settings.get("static_path"):
            handlers = [*static_rules(settings), *(handlers or [])]
        self.wildcard_router = _ApplicationRouter(self, handlers)
        self.default_router = _ApplicationRouter(self, [Rule(AnyMatches(), self.wildcard_router)])
        self._table = RuleTable(self)
        self._watch_files()

    # --- set up ---

    def listen(
        self,
        port: int,
        address: str | None = None,
        *,
        family: socket.AddressFamily = socket.AF_UNSPEC,
        backlog: int = 128,
        flags: int | None = None,
        reuse_port: bool = False,
        **kwargs: Any,
    ) -> HTTPServer:
        """Start an HTTP server for this application; the loop is the caller's to run.

        Args:
            port: 0 for any free one.
            address: The interface's address or name; None for all.
            family: ``socket.AF_INET`` or ``AF_INET6`` for only that.
            backlog: Connections that the kernel holds at least until they are accepted.
            flags: For ``socket.getaddrinfo``.
            reuse_port: Share the port with other processes.
            **kwargs: For ``HTTPServer``.

        Returns:
            The server, to ``stop`` it.
        """
        self._watch_files()
        server = HTTPServer(self, **kwargs)
        server.listen(
            port,
            address=address,
            family=family,
            backlog=backlog,
            flags=flags,
            reuse_port=reuse_port,
        )
        return server

    def add_handlers(self, host_pattern: str | Pattern[str], host_handlers: _RuleList) -> None:
        """Add handlers for a host; hosts are tried in the order they were added.

        Args:
            host_pattern: A regular expression for the whole host name.
            host_handlers: As the constructor's ``handlers``.
        """
        matcher = HostMatches(host_pattern)
        rule = Rule(matcher, _ApplicationRouter(self, host_handlers))
        self.default_router.rules.insert(-1, rule)
        if self.default_host is not None:
            self.wildcard_router.add_rules(
                [(DefaultHostMatches(self, matcher.host_pattern), host_handlers)]
            )

    def _watch_files(self) -> None:
        # Asked for again in listen(): programs make applications before asyncio.run() makes the
        # loop that they will be served on.
        if self.settings.get("autoreload"):
            autoreload.start()

    def _load_ui_modules(self, source: Source) -> None:
        self.ui_modules.update(modules_of(source))

    def _load_ui_methods(self, source: Source) -> None:
        self.ui_methods.update(methods_of(source))

    def add_transform(self, transform_class: type[OutputTransform]) -> None:
        """Add a transform for every answer."""
        self.transforms.append(transform_class)

    def reverse_url(self, name: str, *args: Any) -> str:
        """Return the path of the handler called ``name``.

        Args:
            name: The rule's name.
            *args: One for each group of its pattern.

        Raises:
            KeyError: There is no rule of that name.
        """
        path = self.default_router.reverse_url(name, *args)
        if path is not None:
            return path
        raise KeyError(f"{name} not found in named urls")

    @property
    def static_handler_class(self) -> type[StaticFileHandler]:
        """What makes URLs for static files: the setting of this name, or ``StaticFileHandler``."""
        chosen: type[StaticFileHandler] = self.settings.get(
            "static_handler_class", StaticFileHandler
        )
        return chosen

    # --- requests, piece by piece ---

    def __call__(self, request: HTTPServerRequest) -> Awaitable[None] | None:
        """Answer a whole request, its body included: for servers of another kind."""
        delegate = self.find_handler(request)
        return delegate.execute()

    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> HandlerDelegate:
        """Return what receives ``request``: its handler's, or the one for unknown paths."""
        route = self.default_router.find_handler(request)
        if route is not None:
            return route  # type: ignore[return-value]  # or what a rule's own target returned
        handler_class, arguments = self._default_handler()
        return self.get_handler_delegate(request, handler_class, arguments)

    def _default_handler(self) -> tuple[type[BaseHandler], dict[str, Any]]:
        chosen = self.settings.get("default_handler_class")
        if chosen is not None:
            return chosen, self.settings.get("default_handler_args", {})
        return ErrorHandler, {"status_code": 404}

    def get_handler_delegate(
        self,
        request: HTTPServerRequest,
        target_class: type[BaseHandler],
        target_kwargs: dict[str, Any] | None = None,
        path_args: list[bytes] | None = None,
        path_kwargs: dict[str, bytes] | None = None,
    ) -> HandlerDelegate:
        """Return what receives a request and then runs a handler.

        Args:
            request: The request.
            target_class: The handler's class.
            target_kwargs: Arguments for its ``initialize``.
            path_args, path_kwargs: Arguments for its method.
        """
        return HandlerDelegate(
            self, request, target_class, target_kwargs or {}, path_args or [], path_kwargs or {}
        )

    # --- requests, whole ---

    def takes_requests(self) -> bool:
        kind = type(self)
        return (
            kind.find_handler is _find_handler
            and kind.get_handler_delegate is _get_handler_delegate
            and kind.start_request is _start_request
            and type(self.default_router) is _ApplicationRouter
            and type(self.wildcard_router) is _ApplicationRouter
        )

    def receive_request(self, request: HTTPServerRequest) -> None:
        found = self._table.find(request)
        if found is None or found[0]._stream_request_body:
            self._receive_by_delegate(request)
            return
        transforms = [make(request) for make in self.transforms] if self.transforms else []
        start_handler(self, request, found, transforms)

    def receive_head(self, request: HTTPServerRequest) -> HTTPMessageDelegate:
        return self.find_handler(request)

    def _receive_by_delegate(self, request: HTTPServerRequest) -> None:
        delegate = self.find_handler(request)
        line = RequestStartLine(str(request.method), str(request.uri), request.version)
        waiting = delegate.headers_received(line, request.headers)
        if waiting is None:
            delegate.finish()
        else:
            asyncio.ensure_future(waiting).add_done_callback(lambda _: delegate.finish())

    # --- the log ---

    def log_request(self, handler: BaseHandler) -> None:
        """Write a line about a finished request to the access log, or as ``log_function`` says.

        Args:
            handler: The handler that answered.
        """
        if "log_function" in self.settings:
            self.settings["log_function"](handler)
            return
        write_access_line(handler._status_code, handler.request, handler._request_summary)


_find_handler: Final = Application.find_handler
_get_handler_delegate: Final = Application.get_handler_delegate
_start_request: Final = Application.start_request
