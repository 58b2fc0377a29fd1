"""What web applications like to have in a handler: arguments, cookies, users, pages.

Layer: web. Imports from ``_base``, ``_proto`` and within ``_web``.

What is decided about a signed cookie, a token or an origin is decided in files of their own
(``_web/signed_values.py``, ``xsrf.py``, ``origins.py``); the methods here ask one another, so that
each of them can be overridden.
"""

from __future__ import annotations

import asyncio
import datetime
import enum
import http.cookies
import math
import re
import secrets
import threading
import time
import warnings
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, ClassVar, Final, overload

from whirlwind._base.escape import to_unicode, utf8, xhtml_escape
from whirlwind._base.lazy import lazy
from whirlwind._base.limits import MAX_FIELD_SIZE, PING_INTERVAL
from whirlwind._base.objects import ObjectDict
from whirlwind._proto.http.dates import format_timestamp
from whirlwind._web.base_handler import BaseHandler
from whirlwind._web.errors import HTTPError, MissingArgumentError
from whirlwind._web.event_stream import EventStream
from whirlwind._web.locale.locales import CATALOGUE, Locale
from whirlwind._web.locale.preference import preferred_languages
from whirlwind._web.multipart import MultipartReader, decoder_for
from whirlwind._web.origins import is_listed, origin_refusal
from whirlwind._web.rendering import (
    SCRIPT_LINK,
    STYLE_LINK,
    directory_of_caller,
    embedded_script,
    embedded_style,
    insert_resources,
    linked,
    resources_of,
)
from whirlwind._web.response_cookies import make_cookie
from whirlwind._web.signed_values import (
    Secret,
    create_signed_value,
    decode_signed_value,
    get_signature_key_version,
)
from whirlwind._web.template.loaders import BaseLoader, Loader
from whirlwind._web.ui_modules import ModuleNamespace, UIModule
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
                secrets.token_bytes(MASK_SIZE),
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
                version, token, timestamp = None, secrets.token_bytes(TOKEN_SIZE), time.time()
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

    # --- streams ---

    def multipart(
        self,
        *,
        max_body_size: int | None = None,
        max_parts: int | None = None,
        max_part_header_size: int | None = None,
        max_field_size: int = MAX_FIELD_SIZE,
        max_file_size: int | None = None,
    ) -> MultipartReader:
        """Return the parts of a form (``multipart/form-data``), to read them as they come in.

        Use it for uploads that are too large for memory, where ``body_stream`` can be used:

        >>> async for part in self.multipart():  # doctest: +SKIP
        ...     if part.filename:
        ...         await part.save(folder / new_name())
        ...     else:
        ...         fields[part.name] = await part.text()

        The client is held back while nothing is read. Its form must be complete: a body that
        ends early, or breaks the format, is an error in whoever reads it.

        Args:
            max_body_size: Most bytes of the whole body; None for the server's own limit.
            max_parts: Most parts; None for what ``set_parse_body_config`` says, 100 by default.
            max_part_header_size: Most bytes in the header of one part; None likewise, 10 KiB.
            max_field_size: Most bytes of a part that is no file.
            max_file_size: Most bytes of a part that is one; None for what the body may have.

        Raises:
            HTTPError: 415 if the body is no form, 400 if its boundary is missing or impossible.
            RuntimeError: The body is not streamed, or is being read already.

        Source: RFC 7578.
        """
        body = self.body_stream()
        decoder = decoder_for(
            self.request.headers,
            max_parts=max_parts,
            max_part_header_size=max_part_header_size,
            max_field_size=max_field_size,
            max_file_size=max_file_size,
        )
        body.claim()
        if max_body_size is not None:
            self.request.connection.set_max_body_size(max_body_size)
        return MultipartReader(body, decoder)

    def event_stream(self, ping_interval: float | None = PING_INTERVAL) -> EventStream:
        """Begin an answer of Server-Sent Events, for an ``EventSource`` in a browser.

        >>> events = self.event_stream()  # doctest: +SKIP
        >>> await events.send({"price": 17}, event="tick", id=1)  # doctest: +SKIP

        The head goes out at once, with what keeps proxies and browsers from holding events back.
        When the client goes away the handler is cancelled (``cancel_on_disconnect``). A
        ``handler_timeout`` that the class does not set itself is lifted.

        Args:
            ping_interval: Seconds after which a comment is sent if nothing else was, so that
                proxies keep the connection and a client that has gone is noticed; None for none.

        Raises:
            RuntimeError: The answer has begun already.

        Source: WHATWG HTML, section 9.2.
        """
        if self._headers_written or self._finished:
            raise RuntimeError("event_stream() begins an answer: this one has begun already")
        self.cancel_on_disconnect = True
        if self.handler_timeout is None:
            self.handler_timeout = math.inf
        self.set_header("Content-Type", "text/event-stream")
        # Whoever compresses or rewrites an answer gathers some of it first.
        self.set_header("Cache-Control", "no-cache, no-transform")
        self.set_header("X-Accel-Buffering", "no")
        events = self._events = EventStream(self, ping_interval)
        return events

    # --- languages ---

    _locale: Locale | None = None

    @property
    def locale(self) -> Locale:
        """The language of the answer: the user's, else the browser's; found out once.

        Set it, in ``prepare`` for example, where finding out has to wait.
        """
        found = self._locale
        if found is None:
            found = self.get_user_locale()
            if found is None:
                found = self.get_browser_locale()
            self._locale = found
        return found

    @locale.setter
    def locale(self, value: Locale) -> None:
        self._locale = value

    def get_user_locale(self) -> Locale | None:
        """Override to return the language that the user has chosen; None for the browser's."""
        return None

    def get_browser_locale(self, default: str = "en_US") -> Locale:
        """Return the language that the browser asks for with Accept-Language.

        Args:
            default: Code of the language for browsers that ask for none.
        """
        if len(CATALOGUE.supported) == 1:
            return Locale.get_closest()  # whatever they ask for
        field = self.request.headers.get("Accept-Language")
        wanted = [] if field is None else preferred_languages(field)
        return Locale.get_closest(*wanted or [default])

    # --- pages ---

    #: Loaders of all applications, by directory and by what else decides on how they are made.
    _template_loaders: ClassVar[dict[Any, BaseLoader]] = {}
    _template_loader_lock: ClassVar[threading.Lock] = threading.Lock()
    # Loaders that this request has reset, where templates are read anew for each.
    _fresh_loaders: list[BaseLoader] | None = None
    # The UI modules that the page has used so far; a dict of the handler's own from the first on.
    _active_modules: dict[str, UIModule] = {}

    @lazy
    def ui(self) -> ObjectDict:
        """The UI methods and, as ``modules``, the UI modules of the application."""
        self._made_ui = True
        application = self.application
        ui = ObjectDict()
        for name, method in application.ui_methods.items():
            ui[name] = self._ui_method(method)
        ui["_tt_modules"] = ui["modules"] = ModuleNamespace(self, application.ui_modules)
        return ui

    def _ui_method(self, method: Callable[..., Any]) -> Callable[..., Any]:
        return partial(method, self)

    def _ui_module(self, name: str, module: type[UIModule]) -> Callable[..., str | bytes]:
        if not self._active_modules:
            self._active_modules = {}
        active = self._active_modules.get(name)
        if active is None:
            active = self._active_modules[name] = module(self)
        return active.render

    def render(self, template_name: str, **kwargs: Any) -> asyncio.Future[None]:
        """Fill in a template, add what its UI modules want, and finish with that.

        Args:
            template_name: The template's name, relative to ``get_template_path``.
            **kwargs: Names for the template, before those of ``get_template_namespace``.

        Returns:
            What ``finish`` returns.

        Raises:
            RuntimeError: The answer is complete already.
            ValueError: UI modules have scripts or styles, and the page no end of body or head.
        """
        if self._finished:
            raise RuntimeError("Cannot render() after finish()")
        page = self.render_string(template_name, **kwargs)
        if self._active_modules:
            page = self._add_resources(page, self._active_modules.values())
        return self.finish(page)

    def _add_resources(self, page: bytes, modules: Iterable[UIModule]) -> bytes:
        found = resources_of(modules)
        head, scripts = [], []
        if found.css_files:
            head.append(utf8(self.render_linked_css(found.css_files)))
        if found.embedded_css:
            head.append(utf8(self.render_embed_css(found.embedded_css)))
        if found.html_head:
            head.append(b"".join(found.html_head))
        if found.javascript_files:
            scripts.append(utf8(self.render_linked_js(found.javascript_files)))
        if found.embedded_javascript:
            scripts.append(utf8(self.render_embed_js(found.embedded_javascript)))
        body = [b"".join(found.html_body)] if found.html_body else []
        return insert_resources(page, head, scripts, body)

    def render_linked_js(self, js_files: Iterable[str]) -> str:
        """Return the tags for script files of UI modules; override for others.

        Args:
            js_files: URLs, paths from the root, or names of static files.
        """
        return linked(js_files, self.static_url, SCRIPT_LINK)

    def render_embed_js(self, js_embed: Iterable[bytes]) -> bytes:
        """Return the tag for JavaScript of UI modules; override for another.

        Args:
            js_embed: What each module wants in it.
        """
        return embedded_script(js_embed)

    def render_linked_css(self, css_files: Iterable[str]) -> str:
        """Return the tags for style sheets of UI modules; override for others.

        Args:
            css_files: URLs, paths from the root, or names of static files.
        """
        return linked(css_files, self.static_url, STYLE_LINK)

    def render_embed_css(self, css_embed: Iterable[bytes]) -> bytes:
        """Return the tag for CSS of UI modules; override for another.

        Args:
            css_embed: What each module wants in it.
        """
        return embedded_style(css_embed)

    def render_string(self, template_name: str, **kwargs: Any) -> bytes:
        """Fill in a template and return it, without an answer.

        Args:
            template_name: The template's name, relative to ``get_template_path``.
            **kwargs: Names for the template, before those of ``get_template_namespace``.
        """
        template = self._template_loader().load(template_name)
        namespace = self.get_template_namespace()
        namespace.update(kwargs)
        return template.generate(**namespace)

    def get_template_namespace(self) -> dict[str, Any]:
        """Return the names that every template of this handler finds; extend it for more.

        Returns:
            A new dict: the handler, its request, user and language, its functions for URLs and
            forms, and the UI methods and modules.
        """
        locale = self.locale
        namespace: dict[str, Any] = {
            "handler": self,
            "request": self.request,
            "current_user": self.current_user,
            "locale": locale,
            "_": locale.translate,
            "pgettext": locale.pgettext,
            "static_url": self.static_url,
            "xsrf_form_html": self.xsrf_form_html,
            "reverse_url": self.reverse_url,
        }
        namespace.update(self.ui)
        return namespace

    def get_template_path(self) -> str | None:
        """Return the directory of the handler's templates: the setting ``template_path``.

        Override for one of the handler's own. None stands for the directory of the file that
        calls ``render``.
        """
        return self.application.settings.get("template_path")

    def create_template_loader(self, template_path: str) -> BaseLoader:
        """Return a new loader; called once for each directory. Override for one of another kind.

        Args:
            template_path: The directory.

        Returns:
            The setting ``template_loader`` if there is one; else a loader of that directory with
            the settings ``autoescape`` and ``template_whitespace``.
        """
        settings = self.application.settings
        if "template_loader" in settings:
            loader: BaseLoader = settings["template_loader"]
            return loader
        options = {}
        if "autoescape" in settings:
            options["autoescape"] = settings["autoescape"]  # None is a choice too
        if "template_whitespace" in settings:
            options["whitespace"] = settings["template_whitespace"]
        return Loader(template_path, **options)

    def _template_loader(self) -> BaseLoader:
        settings = self.application.settings
        path = self.get_template_path()
        if not path:
            # Looking through the stack takes as long as a small page: not for a loader that is
            # there already.
            given = "template_loader" in settings
            stock = type(self).create_template_loader is RequestHandler.create_template_loader
            path = "" if given and stock else directory_of_caller()
        # Applications of one process share the compiled templates that are the same for them.
        key = (
            path,
            type(self).create_template_loader,
            id(settings.get("template_loader")),
            settings.get("autoescape", ""),
            settings.get("template_whitespace"),
        )
        loaders = RequestHandler._template_loaders
        loader = loaders.get(key)
        if loader is None:
            with RequestHandler._template_loader_lock:
                loader = loaders.get(key)
                if loader is None:
                    loader = loaders[key] = self.create_template_loader(path)
        if not settings.get("compiled_template_cache", True):
            # Read anew for each request, and the same within it.
            fresh = self._fresh_loaders
            if fresh is None:
                fresh = self._fresh_loaders = []
            if loader not in fresh:
                loader.reset()
                fresh.append(loader)
        return loader

    # --- the application ---

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

    # --- static files ---

    def static_url(self, path: str, include_host: bool | None = None, **kwargs: Any) -> str:
        """Return the URL of a file below setting ``static_path``, with its version.

        Args:
            path: The path below ``static_path``.
            include_host: Put scheme and host before it; None for what attribute ``include_host``
                of the handler says, or False.
            **kwargs: For ``make_static_url`` of the handler class: ``include_version=False``.

        Raises:
            Exception: There is no setting ``static_path``.
            HTTPError: 403, the path leads out of it.
        """
        self.require_setting("static_path", "static_url")
        kind = self.application.static_handler_class
        if not self.settings.get("static_hash_cache", True):
            kind.reset()
        url = kind.make_static_url(self.settings, path, **kwargs)
        if include_host is None:
            include_host = getattr(self, "include_host", False)
        return f"{self.request.protocol}://{self.request.host}{url}" if include_host else url
