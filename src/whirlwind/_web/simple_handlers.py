"""Handlers that need no program: an error, a redirect, another application.

Layer: web. Imports from ``_http`` and within ``_web``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from whirlwind._http.messages import HTTPServerRequest
from whirlwind._proto.http.urls import url_concat
from whirlwind._web.errors import HTTPError
from whirlwind._web.handler import RequestHandler


class ErrorHandler(RequestHandler):
    """Answers every request with an error page.

    Args of ``initialize``:
        status_code: The status.
    """

    def check_xsrf_cookie(self) -> None:
        """An error is not worth a token: POST to a wrong address should say 404."""

    def check_trusted_origin(self, origin: str) -> bool:
        """There is nothing here to protect from anybody."""
        return True

    def prepare(self) -> None:
        raise HTTPError(self.get_status())

    def initialize(self, status_code: int) -> None:
        self.set_status(status_code)


class RedirectHandler(RequestHandler):
    """Redirects every GET.

    Args of ``initialize``:
        url: Where to; ``{0}`` or ``{name}`` stand for groups of the rule's pattern, which may
            not change the host that the redirect leads to.
        permanent: False for 302 in place of 301.
    """

    def initialize(self, url: str, permanent: bool = True) -> None:
        self._url = url
        self._permanent = permanent

    def get(self, *args: Any, **kwargs: Any) -> None:
        target = self._url.format(*args, **kwargs)
        if (args or kwargs) and not _same_place(target, self._url):
            raise HTTPError(400, "Redirect URL cannot change the scheme or netloc")
        if self.request.query_arguments:
            # As bytes: in what encoding they are is not known here.
            given: list[tuple[Any, bytes]] = [
                (name.encode("latin-1"), value)
                for name, values in self.request.query_arguments.items()
                for value in values
            ]
            target = url_concat(target, given)
        self.redirect(target, permanent=self._permanent)


def _same_place(target: str, url: str) -> bool:
    """True if what a client put into the path did not choose scheme or host of a redirect.

    Args:
        target: The redirect's target, with the path's groups filled in.
        url: The handler's format, of which only the part before the first group is our own word.
    """
    if not target.isprintable():
        return False  # browsers skip tabs and line ends, wherever they stand
    target = target.replace("\\", "/")  # ... and read a backslash as a slash
    try:
        parts = urlsplit(target)
        ours = urlsplit(url.partition("{")[0])
    except ValueError:
        return False
    # Where we see an empty host, browsers skip slashes until they find one: in ///evil.com, and
    # after http: even in http:/evil.com.
    if not parts.netloc and (target.startswith("//") or parts.scheme in ("http", "https")):
        return False
    return (parts.scheme, parts.netloc) == (ours.scheme, ours.netloc)


class FallbackHandler(RequestHandler):
    """Gives the request to something that takes whole requests, as a ``WSGIContainer`` does.

    Args of ``initialize``:
        fallback: Takes an ``HTTPServerRequest``.
    """

    def initialize(self, fallback: Callable[[HTTPServerRequest], Awaitable[None] | None]) -> None:
        self.fallback = fallback

    def prepare(self) -> None:
        self.fallback(self.request)
        self._finished = True
        self.on_finish()
