"""Setting ``static_path``: the rules that it makes, and the URLs for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.support.static_files import ask, wire

from whirlwind import web


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("a.txt", "robots.txt", "favicon.ico", "index.html"):
        (tmp_path / name).write_text(name)
    return tmp_path


def bodies(application: web.Application, *paths: str) -> list[tuple[int, bytes]]:
    answers = ask(application, *[wire(path) for path in paths])
    return [(answer.status, answer.body if answer.status == 200 else b"") for answer in answers]


def test_files_are_below_the_prefix_and_two_of_them_at_the_top(root: Path) -> None:
    application = web.Application(static_path=str(root))
    paths = ("/static/a.txt", "/robots.txt", "/favicon.ico", "/a.txt", "/robotsXtxt", "/static")
    assert bodies(application, *paths) == [
        (200, b"a.txt"),
        (200, b"robots.txt"),
        (200, b"favicon.ico"),
        (404, b""),
        (404, b""),
        (404, b""),
    ]


def test_a_prefix_is_text_and_no_pattern(root: Path) -> None:
    application = web.Application(static_path=str(root), static_url_prefix="/s+.(x)/")
    assert bodies(application, "/s+.(x)/a.txt", "/ss.x/a.txt") == [(200, b"a.txt"), (404, b"")]


def test_class_and_arguments_of_the_handler_can_be_chosen(root: Path) -> None:
    class Own(web.StaticFileHandler):
        def set_extra_headers(self, path: str) -> None:
            self.set_header("X-Own", path)

    arguments = {"default_filename": "index.html"}
    application = web.Application(
        static_path=root, static_handler_class=Own, static_handler_args=arguments
    )
    (answer,) = ask(application, wire("/static/"))
    assert (answer.body, answer.headers["X-Own"]) == (b"index.html", "")
    assert application.static_handler_class is Own


def test_rules_of_the_program_come_after_them_and_stay_its_own(root: Path) -> None:
    class Mine(web.RequestHandler):
        def get(self) -> None:
            self.write("mine")

    handlers = [(r"/.*", Mine)]
    application = web.Application(handlers, static_path=str(root))
    assert bodies(application, "/robots.txt", "/x") == [(200, b"robots.txt"), (200, b"mine")]
    assert handlers == [(r"/.*", Mine)]


@pytest.mark.parametrize("path", [None, ""])
def test_without_a_path_there_are_no_files(path: str | None) -> None:
    application = web.Application(static_path=path)
    assert application.wildcard_router.rules == []


def urls_of(kind: type[web.RequestHandler], **settings: Any) -> str:
    (answer,) = ask(web.Application([("/", kind)], **settings), wire("/"))
    return answer.body.decode()


def test_urls_get_scheme_and_host_where_they_are_asked_for(root: Path) -> None:
    class Page(web.RequestHandler):
        def get(self) -> None:
            urls = [
                self.static_url("a.txt", include_version=False),
                self.static_url("a.txt", include_host=True, include_version=False),
            ]
            self.write(" ".join(urls))

    class Hosted(Page):
        include_host = True

    settings = {"static_path": str(root)}
    assert urls_of(Page, **settings) == "/static/a.txt http://h/static/a.txt"
    assert urls_of(Hosted, **settings) == "http://h/static/a.txt http://h/static/a.txt"


def test_urls_without_the_setting_say_what_is_missing() -> None:
    class Page(web.RequestHandler):
        def get(self) -> None:
            try:
                self.static_url("a.txt")
            except Exception as error:
                self.write(str(error))

    assert "'static_path' setting" in urls_of(Page)


def test_the_class_in_the_setting_makes_the_urls(root: Path) -> None:
    class Elsewhere(web.StaticFileHandler):
        @classmethod
        def make_static_url(
            cls, settings: dict[str, Any], path: str, include_version: bool = True
        ) -> str:
            return f"https://cdn.example/{path}?{include_version}"

    class Page(web.RequestHandler):
        def get(self) -> None:
            self.write(self.static_url("a.txt"))

    settings = {"static_path": str(root), "static_handler_class": Elsewhere}
    assert urls_of(Page, **settings) == "https://cdn.example/a.txt?True"
