"""Loading, inheriting, including."""

from __future__ import annotations

from pathlib import Path

import pytest

from whirlwind.template import BaseLoader, DictLoader, Loader, ParseError, Template


def test_a_loader_keeps_what_it_loaded_until_it_is_reset() -> None:
    loader = DictLoader({"a": "1"})
    first = loader.load("a")
    assert loader.load("a") is first
    loader.dict["a"] = "2"
    assert loader.load("a").generate() == b"1"
    loader.reset()
    assert loader.load("a").generate() == b"2"


def test_a_loader_gives_defaults_to_its_templates() -> None:
    loader = DictLoader(
        {"a": "{{ x }}  {{ y }}"}, autoescape=None, namespace={"x": "<"}, whitespace="oneline"
    )
    assert loader.load("a").generate(y=">") == b"< >"


@pytest.mark.parametrize(
    ("name", "parent", "full"),
    [
        ("x", None, "x"),
        ("./x", None, "./x"),
        ("x", "a", "x"),
        ("x", "a/b", "a/x"),
        ("../x", "a/b/c", "a/x"),
        ("/x", "a/b", "/x"),
        ("x", "/a/b", "x"),
        ("x", "<string>", "x"),
    ],
)
def test_names_in_a_template_are_relative_to_it(
    name: str, parent: str | None, full: str, tmp_path: Path
) -> None:
    assert DictLoader({}).resolve_path(name, parent) == full
    assert Loader(tmp_path).resolve_path(name, parent) == full


def test_a_path_that_leaves_the_root_is_left_as_it_is(tmp_path: Path) -> None:
    assert Loader(tmp_path).resolve_path("../../x", "a/b") == "../../x"


def test_files_are_loaded_from_a_directory(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.html").write_text("{% include b.html %}é", encoding="utf-8")
    (tmp_path / "sub" / "b.html").write_text("b", encoding="utf-8")
    assert Loader(tmp_path).load("sub/a.html").generate() == "bé".encode()
    with pytest.raises(FileNotFoundError):
        Loader(tmp_path).load("c.html")


def test_a_loader_of_ones_own_defines_two_methods() -> None:
    class Upper(BaseLoader):
        def resolve_path(self, name: str, parent_path: str | None = None) -> str:
            return name.upper()

        def _create_template(self, name: str) -> Template:
            return Template(name, name=name, loader=self)

    loader = Upper()
    assert loader.load("a").generate() == b"A"
    assert list(loader.templates) == ["A"]
    with pytest.raises(NotImplementedError):
        BaseLoader().load("a")


TEMPLATES = {
    "base": "[{% block a %}a{% end %}|{% block b %}b{% end %}]",
    "child": "{% extends base %}lost{% set x = 1 %}{% block a %}child{% end %}",
    "grandchild": "{% extends child %}{% block b %}{% block c %}c{% end %}{% end %}",
    "great": "{% extends grandchild %}{% block c %}C{% end %}",
    "includes": "{% block b %}B{% end %}{% include base %}",
    "values": "{% set v = 7 %}{% for i in [1] %}{% include value %}{% end %}{{ w }}",
    "value": "{{ v }}{{ i }}{% set w = 8 %}",
    "unescaped": "{% autoescape None %}{{ t }}{% include escaped %}{% block e %}{{ t }}{% end %}",
    "escaped": "{{ t }}",
    "overrides": "{% extends unescaped %}{% block e %}{{ t }}{% end %}",
}


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("base", "[a|b]"),
        ("child", "[child|b]"),
        ("grandchild", "[child|c]"),
        ("great", "[child|C]"),
        ("includes", "b[a|b]"),
        ("values", "718"),
        ("unescaped", "<&lt;<"),
        ("overrides", "<&lt;&lt;"),
    ],
)
def test_templates_build_on_one_another(name: str, page: str) -> None:
    assert DictLoader(TEMPLATES).load(name).generate(t="<").decode() == page  # type: ignore[arg-type]


@pytest.mark.parametrize("directive", ["include", "extends"])
def test_a_circle_of_templates_is_an_error_that_shows_it(directive: str) -> None:
    loader = DictLoader({"a": f"{{% {directive} b %}}", "b": f"{{% {directive} a %}}"})
    with pytest.raises(ParseError, match=r"includes or extends itself \(a -> b -> a\)"):
        loader.load("a")
    loader.dict["b"] = "b"
    assert loader.load("a").generate() == b"b"


def test_extends_inside_something_is_an_error_where_it_would_count() -> None:
    loader = DictLoader({"base": "b", "a": "\n{% if 1 %}{% extends base %}{% end %}"})
    with pytest.raises(ParseError, match=r"extends inside another directive.* at a:2"):
        loader.load("a")


def test_an_error_in_an_included_template_names_that_template() -> None:
    loader = DictLoader({"a": "{% include b %}", "b": "\n\n{% oops %}"})
    with pytest.raises(ParseError) as caught:
        loader.load("a")
    assert (caught.value.filename, caught.value.lineno) == ("b", 3)
