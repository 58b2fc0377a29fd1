"""Templates filled in."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from whirlwind import escape
from whirlwind.template import DictLoader, ParseError, Template


def fill(source: str | bytes, **names: Any) -> str:
    return Template(source).generate(**names).decode()


class Modules:
    def __getattr__(self, name: str) -> Any:
        return lambda value: f"<{name} {value}>"


def upper(text: bytes) -> bytes:
    assert type(text) is bytes
    return text.upper()


@pytest.mark.parametrize(
    ("source", "page"),
    [
        ("{{ 1, 2 }}", "(1, 2)"),
        ("{{ 1 # one }}", "1"),
        ("{{ 1\n + 2 # three\n }}", "3"),
        ("{{ None }}", "None"),
        ("{{ '<' }}{% raw '<' %}", "&lt;<"),
        ("{{ b }}{{ n }}{{ t }}", "&lt;b&gt;3&lt;&quot;"),
        ("{% autoescape None %}{{ '<' }}", "<"),
        ("{{ 'a' }}{% autoescape upper %}", "A"),
        ("{% set y = n + 1 %}{{ y }}", "4"),
        ("{% import os.path %}{{ os.path.sep }}{% from os import sep as s %}{{ s }}", "//"),
        ("{% for i in [1, 2, 3] %}{% if i == 2 %}{% continue %}{% end %}{{ i }}{% end %}", "13"),
        ("{% for i in [1, 2] %}{{ i }}{% break %}{% else %}no{% end %}", "1"),
        ("{% while False %}{% else %}end{% end %}", "end"),
        ("{% if n %}{% elif n %}{% else %}{% end %}", ""),
        ("{% try %}{{ 1 / 0 }}{% except ZeroDivisionError %}z{% finally %}f{% end %}", "zf"),
        ("{% apply upper %}a{{ t }}{% end %}", "A&LT;&QUOT;"),
        ("{% apply lambda text: text * 2 %}ab{% end %}", "abab"),
        ("{% apply upper %}a{% apply escape %}<{% end %}{% end %}", "A&LT;"),
        ("{% module Note(n) %}", "<Note 3>"),
        ("{% comment nothing %}{# and nothing #}", ""),
        ("{% block a %}x{% end %}{% block a %}y{% end %}", "yy"),
        ("{{!n}} {%!n%} {#!n#}", "{{n}} {%n%} {#n#}"),
        ("é{{ 'é' }}", "éé"),
        (escape.utf8("é"), "é"),
    ],
)
def test_the_language(source: str | bytes, page: str) -> None:
    names = {"n": 3, "t": '<"', "b": b"<b>", "upper": upper, "_tt_modules": Modules()}
    assert fill(source, **names) == page


def test_every_template_finds_the_escaping_functions() -> None:
    page = fill(
        "{{ escape('<') }} {{ xhtml_escape('<') }} {{ url_escape('/ ') }} {{ json_encode([1]) }} "
        "{{ squeeze(' a  b ') }} {% raw linkify('http://a.b') %} {{ datetime.date(2020, 1, 2) }}"
    )
    link = '<a href="http://a.b">http://a.b</a>'
    assert page == f"&amp;lt; &amp;lt; %2F+ [1] a b {link} 2020-01-02"


def test_a_name_given_goes_before_one_that_every_template_has() -> None:
    assert fill("{{ squeeze }}", squeeze=1) == "1"
    assert fill("{{ 'a' }}", xhtml_escape=upper) == "A"


def test_raw_bytes_go_out_as_they_are() -> None:
    assert Template("{% raw x %}").generate(x=b"\xff") == b"\xff"


@pytest.mark.parametrize(
    ("arguments", "page"),
    [
        ({}, "a  b"),
        ({"name": "a.html"}, "a b"),
        ({"name": "a.html", "whitespace": "all"}, "a  b"),
        ({"whitespace": "oneline"}, "a b"),
        ({"compress_whitespace": True}, "a b"),
        ({"compress_whitespace": False, "name": "a.html"}, "a  b"),
    ],
)
def test_white_space_is_chosen_by_argument_or_by_name(arguments: dict[str, Any], page: str) -> None:
    assert Template("a  b", **arguments).generate() == page.encode()


def test_white_space_changes_within_a_template_and_never_in_pre() -> None:
    page = fill("a  b{% whitespace oneline %}a  b\n{% if 1 %}c  d{% end %}<pre>  </pre>")
    assert page == "a  ba b c d<pre>  </pre>"


def test_both_arguments_for_white_space_are_a_mistake() -> None:
    with pytest.raises(TypeError, match="cannot set both"):
        Template("", compress_whitespace=True, whitespace="all")
    with pytest.raises(ValueError, match="invalid whitespace mode tight"):
        Template("", whitespace="tight")


@pytest.mark.parametrize("path", ["{% include 'a' %}", "{% extends a %}"])
def test_without_a_loader_there_are_no_other_templates(path: str) -> None:
    with pytest.raises(ParseError, match=r"found, but no template loader at <string>:2"):
        Template("\n" + path)


def test_a_template_is_compiled_once() -> None:
    template = DictLoader({"a": "{{ x }}"}).load("a")
    code = template.compiled
    assert template.generate(x=1) + template.generate(x=2) == b"12"
    assert template.compiled is code
    assert template.code.startswith("def _tt_render():  # a:1\n")


def test_what_one_run_sets_the_next_does_not_see() -> None:
    template = Template("{% if first %}{% set seen = 1 %}{% end %}{{ seen }}")
    assert template.generate(first=True) == b"1"
    with pytest.raises(UnboundLocalError):
        template.generate(first=False)


def test_a_page_leaves_no_garbage() -> None:
    template = Template("{% for i in x %}{% apply upper %}{{ i }}{% end %}{% end %}")
    template.generate(x=[1, 2], upper=upper)
    gc.collect()
    gc.disable()
    try:
        assert template.generate(x=[1, 2], upper=upper) == b"12"
        assert gc.collect() == 0
    finally:
        gc.enable()
