"""Pages over real sockets: templates, what UI modules add, languages, who is asked what."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import LogWatch
from tests.support.raw_http import run, serving

from whirlwind import gen, web
from whirlwind._proto.http.urls import is_absolute
from whirlwind._web.locale.locales import CATALOGUE, Locale
from whirlwind._web.rendering import insert_resources, linked
from whirlwind.template import DictLoader, Loader


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    web.RequestHandler._template_loaders.clear()
    yield
    web.RequestHandler._template_loaders.clear()


class Entry(web.UIModule):
    def render(self, number: int) -> str:
        return f"<b>{number}</b>"

    def embedded_javascript(self) -> str:
        return "entry('</body>');"

    def javascript_files(self) -> list[str]:
        return ["/a.js", "http://x/b.js?c&d"]

    def embedded_css(self) -> bytes:
        return b"b {}"

    def css_files(self) -> str:
        return "/entry.css"

    def html_head(self) -> str:
        return "<meta>"

    def html_body(self) -> str:
        return "<p>end</p>"


class Second(web.UIModule):
    def render(self) -> str:
        return "<i>&</i>"

    def javascript_files(self) -> str:
        return "/a.js"

    def embedded_javascript(self) -> str:
        return "second();"


def ask(
    handler: type[web.RequestHandler],
    paths: dict[str, str | bytes],
    *lines: str,
    **settings: Any,
) -> list[bytes]:
    """GET each path of ``settings["of"]``, by default ``/``; return status and body of each."""
    answers: list[bytes] = []
    asked = settings.pop("of", ["/"])
    if paths:
        settings["template_loader"] = DictLoader(paths)

    async def main() -> None:
        settings.setdefault("log_function", lambda handler: None)
        application = web.Application([(r"/.*", handler)], **settings)
        async with serving(application) as running:
            for path in asked:
                head = "\r\n".join([f"GET {path} HTTP/1.1", "Host: h", "Connection: close", *lines])
                wire = await running.exchange(f"{head}\r\n\r\n".encode())
                status, _, body = wire.partition(b"\r\n\r\n")
                answers.append(status.split(b" ")[1] + b" " + body)

    run(main)
    return answers


def page(name: str = "page.html", **names: Any) -> type[web.RequestHandler]:
    class Page(web.RequestHandler):
        def get(self) -> None:
            self.render(name, **names)

    return Page


WHOLE = "<html><head></head><body>{%% %s %%}</body></html>"


def test_a_page_is_the_template_filled_in() -> None:
    source = "<p>{{ name }} {{ request.path }} {{ reverse_url('home') }}</p>"

    class Page(web.RequestHandler):
        @gen.coroutine
        def get(self) -> Any:
            yield self.render("page.html", name="<Ada>")
            assert self._finished

        def reverse_url(self, name: str, *args: Any) -> str:
            return f"/{name}"

    [answer] = ask(Page, {"page.html": source}, of=["/x"])
    assert answer == b"200 <p>&lt;Ada&gt; /x /home</p>"


def test_a_second_page_is_refused() -> None:
    said: list[str] = []

    class Twice(web.RequestHandler):
        def get(self) -> None:
            self.render("a")
            with pytest.raises(RuntimeError) as caught:
                self.render("a")
            said.append(str(caught.value))

    assert ask(Twice, {"a": "A"}) == [b"200 A"]
    assert said == ["Cannot render() after finish()"]


def test_render_string_leaves_the_answer_alone() -> None:
    class Parts(web.RequestHandler):
        def get(self) -> None:
            part = self.render_string("a", number=1)
            assert part == b"1"
            self.write(part + self.render_string("a", number=2))

    assert ask(Parts, {"a": "{{ number }}"}) == [b"200 12"]


def test_what_templates_find() -> None:
    seen: dict[str, Any] = {}

    class Names(web.RequestHandler):
        def get_current_user(self) -> str:
            return "ada"

        def get_template_namespace(self) -> dict[str, Any]:
            namespace = super().get_template_namespace()
            seen.update(namespace)
            namespace["more"] = "extra"
            return namespace

        def get(self) -> None:
            self.render("a", request="argument")

    template = "{{ current_user }} {{ more }} {{ request }} {{ shout('x') }}"
    answer = ask(
        Names, {"a": template}, ui_methods={"shout": lambda handler, text: handler.request.path}
    )
    assert answer == [b"200 ada extra argument /"]
    assert set(seen) == {
        "handler",
        "request",
        "current_user",
        "locale",
        "_",
        "pgettext",
        "static_url",
        "xsrf_form_html",
        "reverse_url",
        "shout",
        "modules",
        "_tt_modules",
    }


def test_modules_bring_their_scripts_and_styles() -> None:
    source = (
        "<html><head><title></title></head><body>"
        "{% module Entry(1) %}{{ modules.Second() }}{% module Entry(2) %}</body></html>"
    )
    modules = [{"Entry": Entry}, {"Second": Second}]
    [answer] = ask(page(), {"page.html": source}, ui_modules=modules)
    assert answer == (
        b"200 <html><head><title></title>"
        b'<link href="/entry.css" type="text/css" rel="stylesheet"/>\n'
        b'<style type="text/css">\nb {}\n</style>\n'
        b"<meta>\n"
        b"</head><body><b>1</b>&lt;i&gt;&amp;&lt;/i&gt;<b>2</b>"
        b'<script src="/a.js" type="text/javascript"></script>'
        b'<script src="http://x/b.js?c&amp;d" type="text/javascript"></script>\n'
        b'<script type="text/javascript">\n//<![CDATA[\n'
        b"entry('</body>');\nsecond();\n//]]>\n</script>\n"
        b"<p>end</p>\n"
        b"</body></html>"
    )


def test_handlers_say_how_resources_are_linked() -> None:
    class Own(web.RequestHandler):
        def get(self) -> None:
            self.render("a")

        def render_linked_js(self, js_files: Any) -> str:
            return f"JS{list(js_files)}"

        def render_embed_js(self, js_embed: Any) -> bytes:
            return b"EJS"

        def render_linked_css(self, css_files: Any) -> str:
            return "CSS"

        def render_embed_css(self, css_embed: Any) -> bytes:
            return b"ECSS"

    [answer] = ask(Own, {"a": WHOLE % "module Entry(1)"}, ui_modules={"Entry": Entry})
    assert answer == (
        b"200 <html><head>CSS\nECSS\n<meta>\n</head><body><b>1</b>"
        b"JS['/a.js', 'http://x/b.js?c&d']\nEJS\n<p>end</p>\n</body></html>"
    )


def test_static_files_get_their_versions() -> None:
    class Own(web.RequestHandler):
        def get(self) -> None:
            self.render("a")

        def static_url(self, path: str, include_host: bool | None = None, **kwargs: Any) -> str:
            return f"/static/{path}?v=1"

    source = "<head></head><body>{% module Template('m') %}</body>"
    resources = "{{ set_resources(javascript_files='s.js') }}M"
    [answer] = ask(Own, {"a": source, "m": resources})
    assert answer == (
        b"200 <head></head><body>M"
        b'<script src="/static/s.js?v=1" type="text/javascript"></script>\n</body>'
    )


def test_a_page_without_an_end_is_told_what_it_lacks(logs: LogWatch) -> None:
    with logs.expect("whirlwind.application", "Uncaught exception"):
        [answer] = ask(page(), {"page.html": "{% module S() %}"}, ui_modules={"S": Second})
    assert answer.startswith(b"500")


def test_the_modules_that_are_there_by_themselves() -> None:
    class Own(web.RequestHandler):
        def get(self) -> None:
            self.render("a")

        def xsrf_form_html(self) -> str:
            return "<input/>"

    source = "{% module linkify('http://a.b/') %}{% module xsrf_form_html() %}"
    assert ask(Own, {"a": source}) == [b'200 <a href="http://a.b/">http://a.b/</a><input/>']


def test_a_module_is_one_object_for_a_page_and_makes_no_cycle() -> None:
    made: list[str] = []

    class Counting(web.UIModule):
        def __init__(self, handler: web.RequestHandler) -> None:
            super().__init__(handler)
            made.append("made")

        def render(self) -> bytes:
            return self.render_string("m", n=self.ui.count())

        def __del__(self) -> None:
            made.append("gone")

    source: dict[str, str | bytes] = {
        "a": "{% module C() %}{% module C() %}",
        "m": "{{ n }}{{ locale.code }} ",
    }
    gc.collect()
    gc.disable()
    try:
        answers = ask(
            page("a"),
            source,
            ui_modules={"C": Counting},
            ui_methods={"count": lambda handler: len(made)},
        )
    finally:
        gc.enable()
    assert answers == [b"200 1en_US 1en_US "]
    assert made == ["made", "gone"]


# --- where templates are ---


def test_templates_are_where_the_setting_says(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("  {{ '<' }}  \n\n x")
    settings: dict[str, Any] = {"template_path": str(tmp_path)}
    assert ask(page(), {}, **settings) == [b"200  &lt;\nx"]
    # The same file in an application that wants it otherwise.
    settings |= {"autoescape": None, "template_whitespace": "oneline"}
    assert ask(page(), {}, **settings) == [b"200  < x"]
    assert len(web.RequestHandler._template_loaders) == 2


def test_templates_are_beside_the_program_by_default(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("{% module Template('part.html') %}{% module Own() %}")
    (tmp_path / "part.html").write_text("part")
    program = tmp_path / "program.py"
    program.write_text(
        "from whirlwind import web\n"
        "class Own(web.UIModule):\n"
        "    def render(self):\n"
        "        return self.render_string('part.html')\n"
        "class Page(web.RequestHandler):\n"
        "    async def get(self):\n"
        "        await self.render('page.html')\n"
    )
    names: dict[str, Any] = {}
    exec(compile(program.read_text(), str(program), "exec"), names)
    assert ask(names["Page"], {}, ui_modules={"Own": names["Own"]}) == [b"200 partpart"]


def test_a_handler_may_have_its_own_loader(tmp_path: Path) -> None:
    made: list[str] = []

    class Own(web.RequestHandler):
        def get(self) -> None:
            self.render("a")

        def get_template_path(self) -> str:
            return "anywhere"

        def create_template_loader(self, template_path: str) -> Any:
            made.append(template_path)
            return DictLoader({"a": "own"})

    assert ask(Own, {}, of=["/", "/"]) == [b"200 own", b"200 own"]
    assert made == ["anywhere"]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [({}, b"200 one"), ({"compiled_template_cache": False}, b"200 second")],
)
def test_templates_are_compiled_once_unless_the_setting_says_otherwise(
    tmp_path: Path, settings: dict[str, Any], expected: bytes
) -> None:
    file = tmp_path / "page.html"
    file.write_text("one")

    class Page(web.RequestHandler):
        def get(self) -> None:
            part = self.render_string("page.html")
            file.write_text("second")
            assert self.render_string("page.html") == part  # the same within a request
            self.write(part)

    answers = ask(Page, {}, of=["/", "/"], template_path=str(tmp_path), **settings)
    assert answers == [b"200 one", expected]


def test_a_loader_stays_one_object(tmp_path: Path) -> None:
    loader = Loader(str(tmp_path))

    class Page(web.RequestHandler):
        def get(self) -> None:
            assert self.create_template_loader("x") is loader
            self.write("ok")

    assert ask(Page, {}, template_loader=loader) == [b"200 ok"]


# --- languages ---


@pytest.fixture
def languages() -> Iterator[None]:
    CATALOGUE.replace({"fr": {"unknown": {"hello": "salut"}}, "pt_BR": {}}, from_gettext=False)
    yield
    CATALOGUE.replace({}, from_gettext=False)


@pytest.mark.usefixtures("languages")
@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], b"200 en_US hello"),
        (["Accept-Language: en;q=0.5, fr-CH"], b"200 fr salut"),
        (["Accept-Language: pt-BR"], b"200 pt_BR hello"),
        (["Accept-Language: xx"], b"200 en_US hello"),
        (["Accept-Language: fr;q=0"], b"200 en_US hello"),
    ],
)
def test_the_browsers_language_is_the_pages(lines: list[str], expected: bytes) -> None:
    source: dict[str, str | bytes] = {"page.html": "{{ locale.code }} {{ _('hello') }}"}
    assert ask(page(), source, *lines) == [expected]


@pytest.mark.usefixtures("languages")
def test_the_users_language_goes_before_and_is_asked_for_once() -> None:
    asked: list[int] = []

    class Own(web.RequestHandler):
        def get_user_locale(self) -> Locale | None:
            asked.append(1)
            return Locale.get("fr")

        def get(self) -> None:
            assert self.get_browser_locale("pt_BR").code == "pt_BR"
            self.write(f"{self.locale.code} {self.locale.code} ")
            self.locale = Locale.get("pt_BR")
            self.write(self.locale.code)

    assert ask(Own, {}) == [b"200 fr fr pt_BR"]
    assert asked == [1]


# --- what is decided without a handler ---


def test_places_are_looked_for_in_the_page_as_it_was() -> None:
    page = b"<head></head></head><body></body>|</body>"
    assert insert_resources(page, [b"H1", b"H2</body>"], [b"S</body></head>"], [b"B"]) == (
        b"<head>H1\nH2</body>\n</head></head><body>B\n</body>|S</body></head>\n</body>"
    )
    assert insert_resources(b"no tags", [], [], []) == b"no tags"


@pytest.mark.parametrize(
    ("page", "missing"), [(b"<head></head>", "</body>"), (b"<body></body>", "</head>")]
)
def test_a_place_that_is_missing_is_named(page: bytes, missing: str) -> None:
    with pytest.raises(ValueError, match=missing):
        insert_resources(page, [b"head"], [b"script"], [])


def test_a_link_is_given_once_and_escaped() -> None:
    files = ["a.js", "/static/a.js", 'https://x/"><script>']
    assert linked(files, lambda path: f"/static/{path}", "[%s]") == (
        "[/static/a.js][https://x/&quot;&gt;&lt;script&gt;]"
    )


@pytest.mark.parametrize(
    ("path", "absolute"),
    [("/a", True), ("//h/a", True), ("http://h", True), ("https://h", True), ("a/b", False)],
)
def test_absolute_is_what_is_no_name_of_a_static_file(path: str, absolute: bool) -> None:
    assert is_absolute(path) is absolute
