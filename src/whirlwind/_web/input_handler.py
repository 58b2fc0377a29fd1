"""What a request says to a handler: arguments, cookies, who sent it and from where.

Layer: web. Imports from ``_base``, ``_proto`` and within ``_web``.

What is decided about a signed cookie, a token or an origin is decided in files of their own
(``_web/signed_values.py``, ``xsrf.py``, ``origins.py``); the methods here ask one another, so that
each of them can be overridden.
"""

from __future__ import annotations

import datetime
import enum
import http.cookies
import os
import re
import time
import warnings
from collections.abc import Callable
from typing import Any, Final, overload

from whirlwind._base.escape import to_unicode, xhtml_escape
from whirlwind._proto.http.dates import format_timestamp
from whirlwind._web.base_handler import BaseHandler
from whirlwind._web.errors import HTTPError, MissingArgumentError
from whirlwind._web.origins import is_listed, origin_refusal
from whirlwind._web.response_cookies import make_cookie
from whirlwind._web.signed_values import (
    Secret,
    create_signed_value,
    decode_signed_value,
    get_signature_key_version,
)
from whirlwind._web.xsrf import (
    MASK_SIZE,
    TOKEN_SIZE,
    DecodedToken,
    decode_token,
    encode_token,
    token_refusal,
)

# What has no place in a line of text that a form sends; tabs and line ends have.
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0e-\x1f]")


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


class InputHandler(BaseHandler):
    """The part of ``RequestHandler`` that reads the request, and knows who may send it."""

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
        return self._decoded_arguments(self.request.arguments, name, strip)

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
        return self._decoded_arguments(self.request.body_arguments, name, strip)

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
        return self._decoded_arguments(self.request.query_arguments, name, strip)

    def _decoded_arguments(
        self, source: dict[str, list[bytes]], name: str, strip: bool
    ) -> list[str]:
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
            **kwargs: Further attributes, of ``http.cookies.Morsel``; those above in capitals
                (``HttpOnly``), as until Tornado 6.3, are deprecated.

        Raises:
            ValueError: Name or value hold white space or controls, or an attribute holds a
                semicolon or a control character; it is a ``CookieError`` as well.
        """
        if kwargs:
            warnings.warn(
                f"Deprecated arguments to set_cookie: {set(kwargs)} (should be lowercase)",
                DeprecationWarning,
                stacklevel=2,
            )
        name = to_unicode(name)
        if expires_days is not None and not expires:
            expires = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=expires_days)
        attributes: dict[str, Any] = {
            "domain": domain,
            "expires": format_timestamp(expires) if expires else None,
            "path": path,
            "max_age": max_age,
            "httponly": bool(httponly),
            "secure": bool(secure),
            "samesite": samesite,
            **kwargs,
        }
        made = make_cookie(name, to_unicode(value), attributes)
        jar: http.cookies.SimpleCookie | None = getattr(self, "_new_cookie", None)
        if jar is None:
            self._new_cookie = made
        else:
            jar.pop(name, None)
            jar.update(made)

    def clear_cookie(self, name: str, **kwargs: Any) -> None:
        """Delete a cookie; give ``path`` and ``domain`` as they were given when it was set."""
        for key in ("expires", "max_age"):
            if key in kwargs:
                raise TypeError(f"clear_cookie() got an unexpected keyword argument '{key}'")
        then = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=365)
        self.set_cookie(name, value="", expires=then, **kwargs)

    def clear_all_cookies(self, **kwargs: Any) -> None:
        """Delete every cookie of the request; arguments as for ``clear_cookie``.

        Deprecated: a request does not say which path and domain its cookies have, and one that is
        deleted under others stays.
        """
        for name in self.request.cookies:
            self.clear_cookie(name, **kwargs)

    # --- signed cookies ---

    def _cookie_secret(self) -> Secret:
        self.require_setting("cookie_secret", "secure cookies")
        secret: Secret = self.application.settings["cookie_secret"]
        return secret

    def set_signed_cookie(
        self,
        name: str,
        value: str | bytes,
        expires_days: float | None = 30,
        version: int | None = None,
        **kwargs: Any,
    ) -> None:
        """Set a cookie that the client can read and cannot change.

        Needs the setting ``cookie_secret``. Read it with ``get_signed_cookie``.

        Args:
            name: Its name, which is signed as well.
            value: Any bytes, or text.
            expires_days: When the browser forgets it, in days from now; None for the end of the
                browser's session. The signature itself is good for ``max_age_days``.
            version: The format, 1 or 2; None for 2.
            **kwargs: As for ``set_cookie``.
        """
        signed = self.create_signed_value(name, value, version=version)
        self.set_cookie(name, signed, expires_days=expires_days, **kwargs)

    def create_signed_value(
        self, name: str, value: str | bytes, version: int | None = None
    ) -> bytes:
        """Sign a value as ``set_signed_cookie`` does, for another way than a cookie.

        ``get_signed_cookie(name, value=…)`` reads it.

        Raises:
            Exception: There is no ``cookie_secret``, or it is a dict and no ``key_version`` says
                which of them signs.
        """
        secret = self._cookie_secret()
        key_version = None
        if isinstance(secret, dict):
            key_version = self.application.settings.get("key_version")
            if key_version is None:
                raise Exception("key_version setting must be used for secret_key dicts")
        return create_signed_value(secret, name, value, version=version, key_version=key_version)

    def get_signed_cookie(
        self,
        name: str,
        value: str | bytes | None = None,
        max_age_days: float = 31,
        min_version: int | None = None,
    ) -> bytes | None:
        """Return the value of a signed cookie, as bytes; None if it is missing or not ours.

        Args:
            name: Its name.
            value: A signed value that came on another way; None for the cookie.
            max_age_days: How old the signature may be, in days.
            min_version: The oldest format to accept; None for 1.
        """
        secret = self._cookie_secret()
        return decode_signed_value(
            secret,
            name,
            self.get_cookie(name) if value is None else value,
            max_age_days=max_age_days,
            min_version=min_version,
        )

    def get_signed_cookie_key_version(
        self, name: str, value: str | bytes | None = None
    ) -> int | None:
        """Return which of several secrets a cookie says it was signed with; None for none.

        Only ``get_signed_cookie`` says whether that is so.
        """
        self._cookie_secret()
        signed = self.get_cookie(name) if value is None else value
        return None if signed is None else get_signature_key_version(signed)

    # Their names until Tornado 6.3: "secure" is another attribute of cookies.
    set_secure_cookie = set_signed_cookie
    get_secure_cookie = get_signed_cookie
    get_secure_cookie_key_version = get_signed_cookie_key_version

    # --- requests from other sites ---

    def _check_request(self) -> None:
        settings = self.application.settings
        if settings.get("xsrf_cookies"):
            self.check_xsrf_cookie()
        if settings.get("cross_origin_protection"):
            refused = self._check_cross_origin(self.check_trusted_origin)
            if refused is not None:
                raise HTTPError(403, refused)

    def _check_cross_origin(self, trusted: Callable[[str], bool]) -> str | None:
        headers = self.request.headers
        return origin_refusal(
            headers.get("Sec-Fetch-Site"), headers.get("Origin"), self.request.host, trusted
        )

    def check_trusted_origin(self, origin: str) -> bool:
        """True if pages of ``origin`` may send requests here: one of ``trusted_origins``.

        Asked with the setting ``cross_origin_protection``, of requests that change things and do
        not come from our own pages. Override to decide in another way.

        Args:
            origin: Scheme, host and port as the browser writes them, ``https://example.com``; or
                ``null``, for pages without one.
        """
        return is_listed(origin, self.application.settings.get("trusted_origins"))

    def check_xsrf_cookie(self) -> None:
        """Refuse a request that does not repeat what its ``_xsrf`` cookie says.

        Called with the setting ``xsrf_cookies`` for methods other than GET, HEAD and OPTIONS. The
        token is looked for in the argument ``_xsrf`` and in the headers ``X-XSRFToken`` and
        ``X-CSRFToken``. Override to exempt a handler that authenticates without cookies.

        Raises:
            HTTPError: 403, it is missing or another one.
        """
        headers = self.request.headers
        given = (
            self.get_argument("_xsrf", None)
            or headers.get("X-Xsrftoken")
            or headers.get("X-Csrftoken")
        )
        if not given:
            raise HTTPError(403, "'_xsrf' argument missing from POST")
        _, token, _ = self._decode_xsrf_token(given)
        _, expected, _ = self._get_raw_xsrf_token()
        refused = token_refusal(token, expected)
        if refused is not None:
            raise HTTPError(403, refused)

    @property
    def xsrf_token(self) -> bytes:
        """The token for forms and scripts; asking for it sets the ``_xsrf`` cookie.

        It is written differently in each answer, and stands for the same. Ask for it where a
        page has no form and scripts shall find the cookie.
        """
        # Under the names that programs set which have tokens of their own.
        if not hasattr(self, "_xsrf_token"):
            version, token, timestamp = self._get_raw_xsrf_token()
            settings = self.application.settings
            written = encode_token(
                settings.get("xsrf_cookie_version", 2),
                token,
                timestamp,
                os.urandom(MASK_SIZE),
            )
            self._xsrf_token = written
            if version is None:
                attributes = dict(settings.get("xsrf_cookie_kwargs") or {})
                if self.current_user:
                    attributes.setdefault("expires_days", 30)
                self.set_cookie(self._xsrf_cookie_name(), written, **attributes)
        return self._xsrf_token

    def _xsrf_cookie_name(self) -> str:
        return str(self.application.settings.get("xsrf_cookie_name", "_xsrf"))

    def _get_raw_xsrf_token(self) -> tuple[int | None, bytes, float]:
        """Return the request's token, a new one where it has none.

        Returns:
            Version of the cookie, None for a new token; the token; when it was made.
        """
        raw: tuple[int | None, bytes, float] | None = getattr(self, "_raw_xsrf_token", None)
        if raw is None:
            cookie = self.get_cookie(self._xsrf_cookie_name())
            version, token, timestamp = (
                self._decode_xsrf_token(cookie) if cookie else (None, None, None)
            )
            if not token or timestamp is None:
                version, token, timestamp = None, os.urandom(TOKEN_SIZE), time.time()
            raw = self._raw_xsrf_token = version, token, timestamp
        return raw

    def _decode_xsrf_token(self, cookie: str) -> DecodedToken:
        return decode_token(cookie, int(time.time()))

    def xsrf_form_html(self) -> str:
        """Return a hidden field with the token, for each form whose method is POST."""
        token = xhtml_escape(self.xsrf_token)
        return f'<input type="hidden" name="_xsrf" value="{token}"/>'

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

    # --- settings ---

    def require_setting(self, name: str, feature: str = "this feature") -> None:
        """Raise an exception unless the application has a setting.

        Raises:
            Exception: It is not there, or empty.
        """
        if not self.application.settings.get(name):
            raise Exception(
                f"You must define the '{name}' setting in your application to use {feature}"
            )
