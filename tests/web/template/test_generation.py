"""The Python that templates become."""

from __future__ import annotations

from whirlwind._web.template.generation import generate
from whirlwind._web.template.parser import parse


def code_of(source: str) -> list[str]:
    file = parse(source, "t", autoescape="xhtml_escape", whitespace="all")
    generated = generate(file, None)
    lines = generated.code.splitlines()
    assert len(lines) == len(generated.lines)  # each line says where it is from
    return [line.partition("  # t:")[0] for line in lines]


def test_a_template_is_one_function() -> None:
    assert code_of("a{{!b{# c #}{{ x }}{% raw y %}") == [
        "def _tt_render():",
        "    _tt_buffer = []",
        "    _tt_append = _tt_buffer.append",
        "    _tt_append(b'a{{b')",
        "    _tt_tmp = x",
        "    _tt_append(_tt_escape(xhtml_escape, _tt_tmp))",
        "    _tt_tmp = y",
        "    _tt_append(_tt_raw(_tt_tmp))",
        '    return b"".join(_tt_buffer)',
    ]


def test_no_suite_is_empty() -> None:
    assert code_of("{% if x %}{% elif y %}b{% else %}{% end %}")[3:-1] == [
        *("    if x:", "        pass"),
        *("    elif y:", "        _tt_append(b'b')"),
        *("    else:", "        pass"),
    ]


def test_what_is_applied_is_a_function_inside() -> None:
    assert code_of("{% apply f %}a{% end %}")[3:-1] == [
        "    def _tt_apply1():",
        "        _tt_buffer = []",
        "        _tt_append = _tt_buffer.append",
        "        _tt_append(b'a')",
        '        return b"".join(_tt_buffer)',
        "    _tt_tmp = f",
        "    _tt_append(_tt_utf8(_tt_tmp(_tt_apply1())))",
    ]
