"""What web applications like to have in a handler: streams, languages, pages, URLs.

Layer: web. Imports from ``_base`` and within ``_web``.

The last of four steps of inheritance: ``Answer`` is what goes out, ``BaseHandler`` runs the handler
and answers its errors, ``InputHandler`` reads the request, and ``RequestHandler``, the only one
that programs know, makes pages of it.
"""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, ClassVar, Final

from whirlwind._base.escape import utf8
from whirlwind._base.lazy import lazy
from whirlwind._base.limits import MAX_FIELD_SIZE, PING_INTERVAL
from whirlwind._base.objects import ObjectDict
from whirlwind._web.base_handler import BaseHandler
from whirlwind._web.body_stream import BodyStream
from whirlwind._web.event_stream import EventStream
from whirlwind._web.input_handler import InputHandler
from whirlwind._web.locale.locales import CATALOGUE, Locale
from whirlwind._web.locale.preference import preferred_languages
from whirlwind._web.multipart import MultipartReader, decoder_for
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
from whirlwind._web.template.loaders import BaseLoader, Loader
from whirlwind._web.ui_modules import ModuleNamespace, UIModule

_stock_data_received: Final = BaseHandler.data_received


class RequestHandler(InputHandler):
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

    # --- streams ---

    def body_stream(self) -> BodyStream:
        """Return the body of a streamed request, to read it piece by piece.

        Use it in a handler with ``stream_request_body``: in ``prepare``, or in the request's
        method where the handler does not define ``data_received``. It is the same object each
        time.

        Raises:
            RuntimeError: The body is not streamed, or was given to ``data_received``.
        """
        body = self._streamed_body
        if body is None:
            asked = self._prepared_future
            if asked is None:
                raise RuntimeError(
                    "body_stream() and multipart() are for handlers with @stream_request_body; "
                    "this request's body is in self.request.body"
                )
            arrived = self.request.__dict__["_body_future"]
            if asked.done() and type(self).data_received is not _stock_data_received:
                raise RuntimeError("the body of this request was given to data_received()")
            body = self._streamed_body = BodyStream(asked)
            if arrived.done():
                body.feed_eof() if arrived.exception() is None else body.fail()
        return body

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
        events = self._events_sent = EventStream(self, ping_interval)
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
