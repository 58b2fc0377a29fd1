"""Where text ends and Python begins."""

from __future__ import annotations

import pytest

from whirlwind._web.template.errors import ParseError
from whirlwind._web.template.tokens import tokenize


def cut(source: str) -> list[tuple[str, str]]:
    return [(token.kind.name[0], token.value) for token in tokenize(source, "t")]


@pytest.mark.parametrize(
    ("source", "tokens"),
    [
        ("a{{ b }}c", [("T", "a"), ("E", "b"), ("T", "c")]),
        ("{%if b%}", [("D", "if b")]),
        ("a{# {{ b #}c", [("T", "a"), ("T", "c")]),
        ("{{!b}}", [("T", "{{"), ("T", "b}}")]),
        ("{%!b%}{#!", [("T", "{%"), ("T", "b%}"), ("T", "{#")]),
        ("{{{ b }}}", [("T", "{"), ("E", "b"), ("T", "}")]),
        ("{{{{{b}}", [("T", "{{{"), ("E", "b")]),
        ("{a} }} %} { { {", [("T", "{a} }} %} { { {")]),
        ("{{ '}}' }}", [("E", "'"), ("T", "' }}")]),
        ("", []),
    ],
)
def test_text_expressions_and_directives_are_told_apart(
    source: str, tokens: list[tuple[str, str]]
) -> None:
    assert cut(source) == tokens


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("a\n{{ b", "Missing end expression }} at t:2"),
        ("{% b }}", "Missing end block %} at t:1"),
        ("\n\n{# b", "Missing end comment #} at t:3"),
        ("{{ \n }}", "Empty expression at t:1"),
        ("{%%}", "Empty block tag ({% %}) at t:1"),
    ],
)
def test_what_has_no_end_or_no_content_is_an_error_with_its_line(source: str, message: str) -> None:
    with pytest.raises(ParseError) as caught:
        cut(source)
    assert str(caught.value) == message


def test_places_count_lines_from_one_and_columns_in_bytes() -> None:
    tokens = list(tokenize("ä{{  b }}\n é{%\n  if c %}", "t"))
    assert [(token.line, token.column) for token in tokens] == [(1, 0), (1, 6), (1, 10), (3, 2)]


@pytest.mark.parametrize("piece", ["{ ", "{{!", "{%!", "{#x#}", "{{x}}", "}}", "\n", "{{{x}}"])
def test_a_hundred_thousand_pieces_take_linear_time(piece: str) -> None:
    # Each step that looks at all that is left would make this billions of steps.
    assert sum(1 for _ in tokenize(piece * 100_000 + "{#{##}", "t")) <= 200_002
