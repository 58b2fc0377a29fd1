"""What the parser takes and what it refuses, without I/O."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whirlwind._web.template.errors import ParseError
from whirlwind._web.template.generation import generate
from whirlwind._web.template.nodes import Block, Control, File, Include, Intermediate, Text
from whirlwind._web.template.parser import MAX_DEPTH, parse
from whirlwind.template import DictLoader


def parsed(source: str) -> File:
    return parse(source, "t", autoescape="xhtml_escape", whitespace="all")


def test_directives_nest() -> None:
    (loop,) = parsed("{% for x in y %}a{% block b %}c{% end %}{% else %}d{% end %}").body
    assert isinstance(loop, Control)
    assert loop.python.text == "for x in y"
    text, block, header, last = loop.body
    assert isinstance(text, Text)
    assert isinstance(block, Block)
    assert (block.name, block.body) == ("b", [Text("c", 1)])
    assert isinstance(header, Intermediate)
    assert last == Text("d", 1)


@pytest.mark.parametrize("path", ["a/b.html", '"a/b.html"', "'a/b.html'"])
def test_a_path_stands_in_quotes_or_without(path: str) -> None:
    assert parsed(f"{{% include {path} %}}").body == [Include("a/b.html", 1)]


def test_words_are_parted_by_any_blank() -> None:
    (condition,) = parsed("{%\tif\n x\n%}{%\nend\n%}").body
    assert isinstance(condition, Control)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{% if x %}\n{% for y in z %}", "Missing {% end %} block for for at t:2"),
        ("a\n{% end %}", "Extra {% end %} block at t:2"),
        ("{% else %}", "else outside if or for or while or try block at t:1"),
        ("{% elif x %}", "elif outside if block at t:1"),
        ("{% for x in y %}{% elif z %}", "elif block cannot be attached to for block at t:1"),
        ("{% if x %}{% except %}", "except block cannot be attached to if block at t:1"),
        ("{% break %}", "break outside for or while block at t:1"),
        ("{% for x in y %}{% apply f %}{% continue %}", "continue outside for or while block"),
        ("{% frobnicate x %}", "unknown operator: 'frobnicate' at t:1"),
        ("{% set %}", "set missing statement at t:1"),
        ("{% import %}", "import missing statement at t:1"),
        ("{% raw %}", "raw missing expression at t:1"),
        ("{% module %}", "module missing expression at t:1"),
        ("{% apply %}", "apply missing method name at t:1"),
        ("{% block %}", "block missing name at t:1"),
        ('{% include "" %}', "include missing file path at t:1"),
        ("{% extends %}", "extends missing file path at t:1"),
        ("{% whitespace tight %}", "invalid whitespace mode tight"),
        ("{% autoescape %}", "autoescape missing function name"),
    ],
)
def test_a_mistake_is_named_with_its_line(source: str, message: str) -> None:
    with pytest.raises(ParseError) as caught:
        parsed(source)
    assert str(caught.value).startswith(message)


def test_directives_nest_as_deeply_as_the_limit_and_no_deeper() -> None:
    def nested(depth: int) -> str:
        return "{% block a %}" * depth + "{% end %}" * depth

    generate(parsed(nested(MAX_DEPTH)), None)
    with pytest.raises(ParseError, match="more than 100 directives inside one another at t:1"):
        parsed(nested(MAX_DEPTH + 1))
    with pytest.raises(ParseError, match="more than 100"):
        parsed("{% if x %}" * 20_000)


PIECES = [
    *("{{", "}}", "{%", "%}", "{#", "#}", "!", "{", "}", " ", "\n", "\r", "\0", "é", "\ud800", "x"),
    *("{{ x }}", "{% raw x %}", "{% if x %}", "{% else %}", "{% elif x %}", "{% end %}"),
    *("{% for i in x %}", "{% break %}", "{% try %}", "{% except %}", "{% finally %}"),
    *("{% block a %}", "{% block b %}", "{% apply escape %}", '{% include "inner" %}'),
    *('{% extends "outer" %}', '{% include "t" %}', "{% set x = 1 %}", "{% whitespace single %}"),
    *("{% autoescape None %}", "{% module x %}", "(", ")", "'", "\\", "#", "lambda: ", "{% end %}"),
]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_any_source_becomes_a_template_or_a_parse_error(source: str) -> None:
    loader = DictLoader(
        {
            "t": source,
            "inner": "{% block a %}i{% end %}{{ x }}",
            "outer": '{% block b %}{% end %}{% include "inner" %}',
        }
    )
    try:
        loader.load("t")
    except ParseError:
        pass


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text(alphabet=st.sampled_from("{}%#! \n\tabend'\"(:,)=\\é"), max_size=40))
def test_any_text_becomes_a_template_or_a_parse_error(source: str) -> None:
    try:
        DictLoader({"t": source}).load("t")
    except ParseError:
        pass
