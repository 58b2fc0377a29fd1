"""UI modules and methods: where an application finds them, and what a module has."""

from __future__ import annotations

from functools import partial
from types import ModuleType
from typing import Any

import pytest

from whirlwind import web
from whirlwind._web.ui_modules import ModuleNamespace, file_list, methods_of, modules_of


class Entry(web.UIModule):
    def render(self, *args: Any) -> str:
        return f"<p>{args}</p>"


def shout(handler: object, text: str) -> str:
    return text.upper()


def as_module(**names: Any) -> ModuleType:
    module = ModuleType("parts")
    vars(module).update(names)
    return module


@pytest.mark.parametrize(
    "source",
    [
        {"Entry": Entry, "number": 3, "str": str},
        as_module(Entry=Entry, number=3),
        [{"Entry": Entry}, as_module(UIModule=3)],
        ([({"Entry": Entry},)],),
    ],
)
def test_modules_come_from_modules_dicts_and_lists_of_them(source: Any) -> None:
    assert modules_of(source) == {"Entry": Entry}


def test_methods_are_what_can_be_called_and_begins_with_a_small_letter() -> None:
    source = {"shout": shout, "_private": shout, "Shout": shout, "number": 3, "": shout}
    bound = partial(shout)
    assert methods_of([source, as_module(bound=bound)]) == {
        "shout": shout,
        "": shout,
        "bound": bound,
    }


def test_every_application_has_three_modules_of_its_own() -> None:
    application = web.Application([], ui_modules=[{"Entry": Entry}], ui_methods={"shout": shout})
    assert sorted(application.ui_modules) == ["Entry", "Template", "linkify", "xsrf_form_html"]
    assert application.ui_modules["Template"] is web.TemplateModule
    assert application.ui_methods == {"shout": shout}
    application._load_ui_modules({"Other": Entry})
    assert application.ui_modules["Other"] is Entry


def test_a_setting_may_be_none() -> None:
    application = web.Application([], ui_modules=None, ui_methods=None)
    assert application.ui_methods == {}


class Handler:
    """As much of a handler as a module looks at."""

    request = object()
    ui = {"a": 1}
    locale = object()
    current_user = "ada"

    def _ui_module(self, name: str, module: Any) -> Any:
        return module(self).render

    def render_string(self, path: str, **kwargs: Any) -> bytes:
        said = kwargs.pop("set_resources")(**kwargs)
        return f"{path}{said}".encode()


def test_a_module_has_what_its_handler_has() -> None:
    handler: Any = Handler()
    module = Entry(handler)
    assert (module.handler, module.request, module.ui) == (handler, handler.request, handler.ui)
    assert (module.locale, module.current_user) == (handler.locale, "ada")
    module.locale = handler
    assert module.locale is handler


def test_a_namespace_gives_modules_as_attributes_and_items() -> None:
    handler: Any = Handler()
    namespace = ModuleNamespace(handler, {"Entry": Entry})
    assert namespace.Entry(1) == namespace["Entry"](1) == "<p>(1,)</p>"
    with pytest.raises(AttributeError, match=r"no UI module 'Entri'; .* \['Entry'\]"):
        _ = namespace.Entri
    with pytest.raises(KeyError, match="Entri"):
        namespace["Entri"]


def test_a_template_says_its_resources_itself() -> None:
    handler: Any = Handler()
    module = web.TemplateModule(handler)
    assert module.render("a.html", javascript_files="a.js", embedded_css=b"a{}") == b"a.html"
    module.render("b.html", javascript_files=["b.js"], embedded_css="b{}", html_body="<b>")
    module.render("b.html", javascript_files=["b.js"], embedded_css="b{}", html_body="<b>")
    assert module.javascript_files() == ["a.js", "b.js"]
    assert module.css_files() == []
    assert module.embedded_css() == b"a{}\nb{}"
    assert (module.embedded_javascript(), module.html_head()) == (b"", b"")
    assert module.html_body() == b"<b>"
    with pytest.raises(ValueError, match="different resources for the same template"):
        module.render("b.html")


def test_one_file_may_stand_alone() -> None:
    assert file_list("a.js") == file_list(b"a.js") == file_list(("a.js",)) == ["a.js"]
