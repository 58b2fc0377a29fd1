"""Templates: any text is a template or a ParseError, at once."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st
from tests.fuzz.effort import effort
from tests.support.work import cpu_limit

from whirlwind.template import DictLoader, ParseError, Template

PIECES = [
    *["{{", "}}", "{%", "%}", "{#", "#}", "{{!", "{%!", "{#!", "{", "}", "!", "\n", " ", "text"],
    *["{% end %}", "{% if x %}", "{% for x in y %}", "{% while x %}", "{% try %}", "{% else %}"],
    *["{% elif x %}", "{% except %}", "{% finally %}", "{% block a %}", "{% extends b %}"],
    *["{% include b %}", "{% apply f %}", "{% raw x %}", "{% module M() %}", "{% set a = 1 %}"],
    *["{% import os %}", "{% from a import b %}", "{% comment x %}", "{% autoescape None %}"],
    *["{% whitespace all %}", "{% whitespace x %}", "{% break %}", "{% continue %}", "{% x %}"],
    *[
        "{{ a }}",
        "{{ ' }}",
        "{{ ( }}",
        "{{ a; b }}",
        "{{ lambda: 0 }}",
        "{{ yield }}",
        "{{ x := 1 }}",
    ],
    *[
        "\0",
        "\x85",
        "\u2028",
        "\ufeff",
        "\U0001f300",
        '"""',
        "'''",
        "\\",
        "\t",
        "return",
        "{% return %}",
    ],
]


@effort
@given(st.lists(st.sampled_from(PIECES), max_size=15).map("".join))
def test_text_is_a_template_or_a_parse_error(source: str) -> None:
    loader = DictLoader({"b": "{% block a %}{% end %}", "t": source})
    with cpu_limit():
        with suppress(ParseError):
            Template(source)
        with suppress(ParseError):
            loader.load("t")


@effort
@given(st.text(st.characters(exclude_characters="{}", exclude_categories=["Cs"]), max_size=200))
def test_text_without_braces_comes_out_as_it_went_in(source: str) -> None:
    assert Template(source, whitespace="all").generate().decode() == source
