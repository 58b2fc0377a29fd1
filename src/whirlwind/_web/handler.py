"""What web applications like to have in a handler: arguments, cookies, users.

Layer: web. Imports from ``_base``, ``_proto`` and within ``_web``.
"""

from __future__ import annotations

import datetime
import enum
import http.cookies
import re
from typing import Any, Final, overload

from whirlwind._base.escape import to_unicode
from whirlwind._base.lazy import lazy
from whirlwind._base.objects import ObjectDict
from whirlwind._proto.http.dates import format_timestamp
from whirlwind._web.base_handler import BaseHandler
from whirlwind._web.errors import MissingArgumentError

# What has no place in a line of text that a form sends; tabs and line ends have.
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0e-\x1f]")
# RFC 6265, section 4.1.1: no controls and no white space in values; quoting does the rest.
_UNSAFE_COOKIE: Final = re.compile(r"[\x00-\x20]")
_COOKIE_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z:]+")
_UNSAFE_ATTRIBUTE: Final = re.compile(r"[\x00-\x1f\x7f;]")


class _InvalidCookieError(http.cookies.CookieError, ValueError):
    """Both, since programs catch either."""


def _bad_attribute(key: str, value: str, cookie: str) -> _InvalidCookieError:
    return _InvalidCookieError(
        f"Invalid cookie attribute {key}={value[:40]!r} for cookie {cookie[:40]!r}"
    )


class _Required(enum.Enum):
    """Stands for "no default": the argument has to be there."""

    REQUIRED = enum.auto()


_REQUIRED: Final = _Required.REQUIRED


def _last(values: list[str], name: str, default: str | _Required | None) -> str | None:
    """Return the last of the values of an argument, else the default, else raise."""
    if values:
        return values[-1]
    if default is _REQUIRED:
        raise MissingArgumentError(name)
    return default


class RequestHandler(BaseHandler):
    """Answers requests; derive from it and define methods named after those of HTTP.

    >>> class Main(RequestHandler):
    ...     def get(self):
    ...         self.write("Hello, world")

    A method (``get``, ``post``, …), and ``prepare`` before it, may be a plain function, a
    ``gen.coroutine`` or an ``async def``. When it is done, the answer is finished.

    Attributes:
        application: The application.
        request: The ``HTTPServerRequest``.
        path_args, path_kwargs: What the groups of the rule's pattern said, as text.
    """

    # --- arguments ---

    @overload
    def get_argument(
        self, name: str, default: str | _Required = ..., strip: bool = True
    ) -> str: ...

    @overload
    def get_argument(self, name: str, default: None, strip: bool = True) -> str | None: ...

    def get_argument(
        self, name: str, default: str | _Required | None = _REQUIRED, strip: bool = True
    ) -> str | None:
        """Return an argument of the query or the body, the last one of several.

        Args:
            name: Its name.
            default: What to return where there is none.
            strip: Take white space off both ends.

        Raises:
            MissingArgumentError: There is none, and no ``default`` was given.
        """
        return _last(self.get_arguments(name, strip), name, default)

    def get_arguments(self, name: str, strip: bool = True) -> list[str]:
        """Return all arguments of one name, of query and body; an empty list for none."""
        return self._decoded(self.request.arguments, name, strip)

    @overload
    def get_body_argument(
        self, name: str, default: str | _Required = ..., strip: bool = True
    ) -> str: ...

    @overload
    def get_body_argument(self, name: str, default: None, strip: bool = True) -> str | None: ...

    def get_body_argument(
        self, name: str, default: str | _Required | None = _REQUIRED, strip: bool = True
    ) -> str | None:
        """Return an argument of the body; otherwise as ``get_argument``."""
        return _last(self.get_body_arguments(name, strip), name, default)

    def get_body_arguments(self, name: str, strip: bool = True) -> list[str]:
        """Return all arguments of one name of the body; an empty list for none."""
        return self._decoded(self.request.body_arguments, name, strip)

    @overload
    def get_query_argument(
        self, name: str, default: str | _Required = ..., strip: bool = True
    ) -> str: ...

    @overload
    def get_query_argument(self, name: str, default: None, strip: bool = True) -> str | None: ...

    def get_query_argument(
        self, name: str, default: str | _Required | None = _REQUIRED, strip: bool = True
    ) -> str | None:
        """Return an argument of the query; otherwise as ``get_argument``."""
        return _last(self.get_query_arguments(name, strip), name, default)

    def get_query_arguments(self, name: str, strip: bool = True) -> list[str]:
        """Return all arguments of one name of the query; an empty list for none."""
        return self._decoded(self.request.query_arguments, name, strip)

    def _decoded(self, source: dict[str, list[bytes]], name: str, strip: bool) -> list[str]:
        if not isinstance(strip, bool):
            # get_arguments("name", "default") is a common slip: lists have no default.
            raise AssertionError(f"strip is {strip!r}: expected True or False")
        values = []
        for value in source.get(name, ()):
            text: Any = self.decode_argument(value, name=name)
            if isinstance(text, str):
                text = _CONTROLS.sub(" ", text)
            values.append(text.strip() if strip else text)
        return values

    # --- cookies ---

    @property
    def cookies(self) -> http.cookies.SimpleCookie:
        """The cookies of the request, as ``Morsel`` objects by name."""
        return self.request.cookies

    def get_cookie(self, name: str, default: str | None = None) -> str | None:
        """Return the value of a cookie of the request, or ``default``."""
        cookies = self.request.cookies
        return cookies[name].value if name in cookies else default

    def set_cookie(
        self,
        name: str,
        value: str | bytes,
        domain: str | None = None,
        expires: float | tuple[int, ...] | datetime.datetime | None = None,
        path: str = "/",
        expires_days: float | None = None,
        *,
        max_age: int | None = None,
        httponly: bool = False,
        secure: bool = False,
        samesite: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Set a cookie with the answer.

        Args:
            name: Its name.
            value: Its value; quoted where it must be.
            domain: Host names that get it; None for this one alone.
            expires: When it ends; None for the end of the browser's session.
            path: Paths that get it, by prefix.
            expires_days: The same as ``expires``, in days from now.
            max_age: The same, in seconds from now; browsers prefer it.
            httponly: Keep it from scripts.
            secure: Send it over TLS only.
            samesite: ``"Strict"``, ``"Lax"`` or ``"None"``.
            **kwargs: Further attributes, of ``http.cookies.Morsel``.

        Raises:
            ValueError: Name or value hold white space or controls, or an attribute holds a
                semicolon or a control character; it is a ``CookieError`` as well.
        """
        name = to_unicode(name)
        text = to_unicode(value)
        if _COOKIE_NAME.fullmatch(name) is None:
            raise _bad_attribute("name", name, name)
        if _UNSAFE_COOKIE.search(text):
            raise _InvalidCookieError(f"Invalid cookie {name!r}: {text[:40]!r}")
        cookies: http.cookies.SimpleCookie | None = getattr(self, "_new_cookie", None)
        if cookies is None:
            cookies = self._new_cookie = http.cookies.SimpleCookie()
        cookies.pop(name, None)
        if expires_days is not None and not expires:
            expires = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=expires_days)
        attributes: dict[str, Any] = {
            "domain": domain,
            "expires": format_timestamp(expires) if expires else None,
            "path": path,
            "max-age": max_age,
            "httponly": httponly,
            "secure": secure,
            "samesite": samesite,
        }
        attributes.update(kwargs)
        morsel: http.cookies.Morsel[str] = http.cookies.Morsel()
        # One place for all spellings: what goes out is what was checked.
        for key, attribute in attributes.items():
            if attribute is None or attribute is False or attribute == "":
                continue
            if _UNSAFE_ATTRIBUTE.search(str(attribute)):
                raise _bad_attribute(key, str(attribute), name)
            morsel[key.lower().replace("_", "-")] = attribute
        cookies[name] = text
        cookies[name].update(morsel)

    def clear_cookie(self, name: str, **kwargs: Any) -> None:
        """Delete a cookie; give ``path`` and ``domain`` as they were given when it was set."""
        for key in ("expires", "max_age"):
            if key in kwargs:
                raise TypeError(f"clear_cookie() got an unexpected keyword argument '{key}'")
        then = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=365)
        self.set_cookie(name, value="", expires=then, **kwargs)

    # --- users ---

    @property
    def current_user(self) -> Any:
        """Who makes the request: what ``get_current_user`` returned, asked for once.

        Set it in ``prepare`` where finding out has to wait.
        """
        # Under the name that programs set where they find out in prepare().
        known = self.__dict__
        if "_current_user" not in known:
            known["_current_user"] = self.get_current_user()
        return known["_current_user"]

    @current_user.setter
    def current_user(self, value: Any) -> None:
        self._current_user = value

    def get_current_user(self) -> Any:
        """Override to say who makes the request, from a cookie for example; None for nobody."""
        return None

    def get_login_url(self) -> str:
        """Return where ``authenticated`` sends those who are nobody: setting ``login_url``."""
        self.require_setting("login_url", "@tornado.web.authenticated")
        return str(self.application.settings["login_url"])

    # --- the application ---

    @lazy
    def ui(self) -> ObjectDict:
        self._made_ui = True
        return ObjectDict(
            {name: method.__get__(self) for name, method in self.application.ui_methods.items()}
        )

    def require_setting(self, name: str, feature: str = "this feature") -> None:
        """Raise an exception unless the application has a setting.

        Raises:
            Exception: It is not there, or empty.
        """
        if not self.application.settings.get(name):
            raise Exception(
                f"You must define the '{name}' setting in your application to use {feature}"
            )

    def reverse_url(self, name: str, *args: Any) -> str:
        """Return the path of the handler called ``name``; see ``Application.reverse_url``."""
        return self.application.reverse_url(name, *args)
