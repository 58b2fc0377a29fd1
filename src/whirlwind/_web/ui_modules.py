"""UI modules: parts of a page that bring their scripts and styles along.

Layer: web. Imports from ``_base`` and within ``_web``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from whirlwind._base.escape import utf8
from whirlwind._base.lazy import lazy
from whirlwind._base.linkify import linkify
from whirlwind._base.objects import ObjectDict

if TYPE_CHECKING:
    from whirlwind._http.messages import HTTPServerRequest
    from whirlwind._web.handler import RequestHandler
    from whirlwind._web.locale.locales import Locale

#: What the settings ``ui_modules`` and ``ui_methods`` take: modules, dicts, and lists of them.
Source: TypeAlias = "ModuleType | Mapping[str, Any] | list[Source] | tuple[Source, ...]"


class UIModule:
    """A part of pages: derive from it, define ``render``, and name it in ``ui_modules``.

    A template puts it in its place with ``{% module Name(...) %}``. There is one object for each
    page and name, however often the template uses it, so it can collect what its scripts need.
    The other methods say what the page as a whole gets on its behalf.

    Args:
        handler: The handler that renders the page.

    Attributes:
        handler: As given.
        request: The handler's request.
        ui: The names of UI methods and modules, as in the handler.
        locale: The handler's language.
    """

    def __init__(self, handler: RequestHandler) -> None:
        self.handler = handler
        self.request: HTTPServerRequest = handler.request
        self.ui: ObjectDict = handler.ui

    @lazy
    def locale(self) -> Locale:
        # Many modules never ask, and finding a user's language may take a look into a session.
        return self.handler.locale

    @property
    def current_user(self) -> Any:
        """The handler's ``current_user``."""
        return self.handler.current_user

    def render(self, *args: Any, **kwargs: Any) -> str | bytes:
        """Override to return the module's HTML.

        Args:
            *args, **kwargs: What stands between the parentheses in the template.
        """
        raise NotImplementedError

    def embedded_javascript(self) -> str | bytes | None:
        """Override to return JavaScript that stands in the page, before ``</body>``."""
        return None

    def javascript_files(self) -> str | bytes | list[str] | None:
        """Override to return addresses of scripts, or paths of static files."""
        return None

    def embedded_css(self) -> str | bytes | None:
        """Override to return CSS that stands in the page, before ``</head>``."""
        return None

    def css_files(self) -> str | bytes | list[str] | None:
        """Override to return addresses of style sheets, or paths of static files."""
        return None

    def html_head(self) -> str | bytes | None:
        """Override to return HTML for the end of the page's head."""
        return None

    def html_body(self) -> str | bytes | None:
        """Override to return HTML for the end of the page's body."""
        return None

    def render_string(self, path: str, **kwargs: Any) -> bytes:
        """Fill in a template, with the names that the handler's templates have.

        Args:
            path: The template's name.
            **kwargs: Further names for it.
        """
        return self.handler.render_string(path, **kwargs)


class _Linkify(UIModule):
    def render(self, text: str, **kwargs: Any) -> str:
        return linkify(text, **kwargs)


class _XsrfFormHtml(UIModule):
    def render(self) -> str:
        return self.handler.xsrf_form_html()


class TemplateModule(UIModule):
    """A UI module that is a template and nothing else: ``{% module Template("cart.html") %}``.

    What the methods of other modules return, the template says itself, with the method's names::

        {{ set_resources(javascript_files="cart.js", embedded_css=".cart {}") }}
    """

    def __init__(self, handler: RequestHandler) -> None:
        super().__init__(handler)
        self._resources: dict[str, dict[str, Any]] = {}

    def render(self, path: str, **kwargs: Any) -> bytes:
        """Fill in the template.

        Args:
            path: Its name.
            **kwargs: Further names for it.

        Raises:
            ValueError: It was used in this page before and asked for other resources then.
        """

        def set_resources(**resources: Any) -> str:
            if self._resources.setdefault(path, resources) != resources:
                raise ValueError(
                    "set_resources called with different resources for the same template"
                )
            return ""

        return self.render_string(path, set_resources=set_resources, **kwargs)

    def _each(self, name: str) -> Iterator[Any]:
        return (given[name] for given in self._resources.values() if given.get(name))

    def _files(self, name: str) -> list[str]:
        return [file for given in self._each(name) for file in file_list(given)]

    def embedded_javascript(self) -> bytes:
        return b"\n".join(map(utf8, self._each("embedded_javascript")))

    def javascript_files(self) -> list[str]:
        return self._files("javascript_files")

    def embedded_css(self) -> bytes:
        return b"\n".join(map(utf8, self._each("embedded_css")))

    def css_files(self) -> list[str]:
        return self._files("css_files")

    def html_head(self) -> bytes:
        return b"".join(map(utf8, self._each("html_head")))

    def html_body(self) -> bytes:
        return b"".join(map(utf8, self._each("html_body")))


#: The modules of every application.
STOCK_MODULES: Final[dict[str, type[UIModule]]] = {
    "linkify": _Linkify,
    "xsrf_form_html": _XsrfFormHtml,
    "Template": TemplateModule,
}


class ModuleNamespace:
    """The UI modules of an application as attributes and items: ``modules`` in a template.

    Args:
        handler: The handler that renders the page.
        classes: The application's UI modules.
    """

    __slots__ = ("_classes", "_handler")

    def __init__(self, handler: RequestHandler, classes: Mapping[str, type[UIModule]]) -> None:
        self._handler = handler
        self._classes = classes

    def __getitem__(self, name: str) -> Callable[..., str | bytes]:
        return self._handler._ui_module(name, self._classes[name])

    def __getattr__(self, name: str) -> Callable[..., str | bytes]:
        known = self._classes
        if name not in known:
            raise AttributeError(f"no UI module {name!r}; the application has {sorted(known)}")
        return self._handler._ui_module(name, known[name])


def file_list(given: Any) -> list[str]:
    """Return what a module says of its files as a list: one file may stand alone."""
    if isinstance(given, bytes):
        return [given.decode()]
    return [given] if isinstance(given, str) else list(given)


def methods_of(source: Source) -> dict[str, Callable[..., Any]]:
    """Return the UI methods of the setting ``ui_methods``.

    Those are functions, or anything else to call, whose names begin with a small letter.

    Args:
        source: The setting.
    """
    return {
        name: value
        for name, value in _named(source)
        if callable(value) and name[:1] != "_" and name[:1].lower() == name[:1]
    }


def modules_of(source: Source) -> dict[str, type[UIModule]]:
    """Return the UI modules of the setting ``ui_modules``: what is derived from ``UIModule``.

    Args:
        source: The setting.
    """
    return {
        name: value
        for name, value in _named(source)
        if isinstance(value, type) and issubclass(value, UIModule)
    }


def _named(source: Source) -> Iterator[tuple[str, Any]]:
    if isinstance(source, ModuleType):
        for name in dir(source):
            yield name, getattr(source, name)
    elif isinstance(source, Mapping):
        yield from source.items()
    else:
        for one in source:
            yield from _named(one)
