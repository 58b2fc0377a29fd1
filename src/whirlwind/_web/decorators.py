"""Decorators for the methods of handlers: who may, and with or without a slash at the end.

Layer: web. Imports from ``_base``, ``_http`` and within ``_web``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final, TypeVar, cast
from urllib.parse import urlencode, urlsplit

from whirlwind._base.late_pattern import late_pattern
from whirlwind._http.messages import HTTPServerRequest
from whirlwind._web.errors import HTTPError
from whirlwind._web.handler import RequestHandler

_Method = TypeVar("_Method", bound=Callable[..., Any])

_READS: Final = frozenset({"GET", "HEAD"})
# One slash, and no other behind it, which browsers take for the start of a host; they read a
# backslash as a slash and leave out tabs and line ends.
_OWN_PATH: Final = late_pattern(r"/(?![/\\])[^\x00-\x20\x7f]*")


def authenticated(method: _Method) -> _Method:
    """Decorate a method that only users may call.

    For nobody (``current_user`` is None, or otherwise false) GET and HEAD are redirected to
    ``get_login_url()``, with an argument ``next`` that says where to go after it; other methods
    are answered with 403. A login address with a query of its own gets no ``next``.
    """

    @functools.wraps(method)
    def wrapper(self: RequestHandler, *args: Any, **kwargs: Any) -> Any:
        if self.current_user:
            return method(self, *args, **kwargs)
        if self.request.method not in _READS:
            raise HTTPError(403)
        self.redirect(_with_next(self.get_login_url(), self.request))
        return None

    return cast(_Method, wrapper)


def _with_next(url: str, request: HTTPServerRequest) -> str:
    if "?" in url:
        return url
    if urlsplit(url).scheme:
        target = request.full_url()
    else:
        # A login page that asks only whether this is a path must not be led elsewhere.
        target = "/" + request.path.lstrip("/\\")
        if request.query:
            target += "?" + request.query
    return url + "?" + urlencode({"next": target})


def addslash(method: _Method) -> _Method:
    """Decorate a method that answers paths with a slash at the end.

    GET and HEAD of the path without it are redirected, other methods are answered with 404. The
    rule's pattern has to match both: ``r"/foo/?"``.
    """

    @functools.wraps(method)
    def wrapper(self: RequestHandler, *args: Any, **kwargs: Any) -> Any:
        path = self.request.path
        if path.endswith("/"):
            return method(self, *args, **kwargs)
        _redirect(self, path + "/")
        return None

    return cast(_Method, wrapper)


def removeslash(method: _Method) -> _Method:
    """Decorate a method that answers paths without a slash at the end.

    GET and HEAD of the path with one are redirected, other methods are answered with 404. The
    rule's pattern has to match both: ``r"/foo/?"``.
    """

    @functools.wraps(method)
    def wrapper(self: RequestHandler, *args: Any, **kwargs: Any) -> Any:
        path = self.request.path
        if not path.endswith("/"):
            return method(self, *args, **kwargs)
        if self.request.method in _READS and not path.strip("/"):
            return method(self, *args, **kwargs)  # the root has no other name
        _redirect(self, path.rstrip("/"))
        return None

    return cast(_Method, wrapper)


def _redirect(handler: RequestHandler, path: str) -> None:
    request = handler.request
    if request.method not in _READS:
        raise HTTPError(404)
    if _OWN_PATH().fullmatch(path) is None:
        raise HTTPError(403, "cannot redirect path with two initial slashes")
    handler.redirect(f"{path}?{request.query}" if request.query else path, permanent=True)
