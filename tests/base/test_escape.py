"""Escaping: what comes out, and that nothing a peer sends makes it slow."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.support.work import cpu_limit

from whirlwind import escape


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param("", b"", id="empty"),
        pytest.param("été", b"\xc3\xa9t\xc3\xa9", id="text"),
        pytest.param(b"\xff", b"\xff", id="bytes stay"),
        pytest.param(None, None, id="None stays"),
    ],
)
def test_utf8_makes_bytes(given: Any, expected: bytes | None) -> None:
    assert escape.utf8(given) == expected


@pytest.mark.parametrize("convert", [escape.utf8, escape.to_unicode, escape.native_str])
@pytest.mark.parametrize("wrong", [3, bytearray(b"x"), ["x"]])
def test_what_is_neither_text_nor_bytes_is_refused(convert: Any, wrong: object) -> None:
    with pytest.raises(TypeError, match="Expected bytes, unicode, or None"):
        convert(wrong)


def test_to_unicode_decodes_utf8_and_nothing_else() -> None:
    assert escape.to_unicode(b"\xc3\xa9") == "é"
    assert escape.to_unicode("é") == "é"
    assert escape.to_unicode(None) is None
    assert escape.to_basestring is escape.native_str
    with pytest.raises(UnicodeDecodeError):
        escape.to_unicode(b"\xe9")


def test_recursive_unicode_decodes_at_every_depth_and_leaves_the_original_alone() -> None:
    given = {b"k": [b"a", (b"b", {b"c": b"d"}), 1, None]}
    assert escape.recursive_unicode(given) == {"k": ["a", ("b", {"c": "d"}), 1, None]}
    assert given == {b"k": [b"a", (b"b", {b"c": b"d"}), 1, None]}


def test_markup_is_escaped_and_comes_back() -> None:
    assert escape.xhtml_escape('<a href="x">\'&</a>') == (
        "&lt;a href=&quot;x&quot;&gt;&#x27;&amp;&lt;/a&gt;"
    )
    assert escape.xhtml_unescape(escape.xhtml_escape("<\"'&é>")) == "<\"'&é>"
    assert escape.xhtml_escape(b"\xc3\xa9<") == "é&lt;"


def test_unescaping_keeps_what_is_no_reference() -> None:
    assert escape.xhtml_unescape("&bogus; &#xyz; &amp &#65;&#x42;") == "&bogus; &#xyz; & AB"


def test_a_number_too_long_for_int_is_the_replacement_character() -> None:
    assert escape.xhtml_unescape("a&#" + "9" * 5000 + ";b") == "a\ufffdb"
    assert escape.xhtml_unescape("a&#" + "0" * 3000 + "65;b") == "aAb"


def test_json_cannot_end_the_script_element_it_stands_in() -> None:
    text = escape.json_encode({"html": "</script>"})
    assert "</" not in text
    assert json.loads(text) == {"html": "</script>"}


def test_json_is_decoded_from_bytes_and_text() -> None:
    assert escape.json_decode(b'{"\xc3\xa9": 1}') == {"é": 1}
    assert escape.json_decode('["é"]') == ["é"]
    with pytest.raises(ValueError, match="Expecting value"):
        escape.json_decode("nothing")


def test_squeeze_makes_one_blank_of_a_run_and_leaves_other_spaces() -> None:
    assert escape.squeeze("\r\n a \t\x00 b\xa0c ") == "a b\xa0c"


def test_url_escape_is_for_queries_unless_told_that_it_is_for_a_path() -> None:
    assert escape.url_escape("a/b c+é~") == "a%2Fb+c%2B%C3%A9~"
    assert escape.url_escape("a/b c", plus=False) == "a/b%20c"
    assert escape.url_escape(b"\xff") == "%FF"


@pytest.mark.parametrize("plus", [True, False])
def test_url_unescape_undoes_url_escape(plus: bool) -> None:
    text = "".join(map(chr, range(0x250))) + "\u20ac\U0001f300"
    assert escape.url_unescape(escape.url_escape(text, plus), plus=plus) == text
    assert escape.url_unescape(escape.url_escape(text, plus), None, plus) == text.encode()


def test_url_unescape_decodes_by_the_encoding_given() -> None:
    assert escape.url_unescape("%e9", encoding="latin-1") == "é"
    assert escape.url_unescape("%e9") == "\ufffd"
    assert escape.url_unescape(b"+%2b", encoding=None) == b" +"
    assert escape.url_unescape(b"\xe9%41", encoding=None) == b"\xe9A"


@pytest.mark.parametrize(
    ("query", "options", "expected"),
    [
        pytest.param("a=1&b=2&a=3", {}, {"a": [b"1", b"3"], "b": [b"2"]}, id="in order"),
        pytest.param("a=%e9&b=+%2B", {}, {"a": [b"\xe9"], "b": [b" +"]}, id="escapes"),
        pytest.param(b"\xe9=\xe9", {}, {"é": [b"\xe9"]}, id="raw bytes"),
        pytest.param("é=1", {}, {"é": [b"1"]}, id="text below U+0100"),
        pytest.param("a=&b&=&&c=1", {}, {"c": [b"1"]}, id="blank ones are left out"),
        pytest.param(
            "a=&b&=&&c=1",
            {"keep_blank_values": True},
            {"a": [b""], "b": [b""], "": [b""], "c": [b"1"]},
            id="blank ones are kept",
        ),
        pytest.param("a=1;b=2", {}, {"a": [b"1;b=2"]}, id="semicolons separate nothing"),
        pytest.param("a=b=c", {}, {"a": [b"b=c"]}, id="first equals sign"),
        pytest.param("", {"strict_parsing": True, "max_num_fields": 0}, {}, id="empty"),
    ],
)
def test_query_strings_become_lists_of_bytes(
    query: str | bytes, options: dict[str, Any], expected: dict[str, list[bytes]]
) -> None:
    assert escape.parse_qs_bytes(query, **options) == expected


def test_strict_parsing_shows_the_beginning_of_the_bad_field() -> None:
    with pytest.raises(ValueError, match=r"bad query field: b'x{40}'$"):
        escape.parse_qs_bytes("a=1&" + "x" * 1000, strict_parsing=True)


def test_security_the_number_of_fields_is_limited_at_the_limit_and_not_one_later() -> None:
    three = "a=1&b=2&c=3"
    assert len(escape.parse_qs_bytes(three, max_num_fields=3)) == 3
    with pytest.raises(ValueError, match="max_num_fields"):
        escape.parse_qs_bytes(three, max_num_fields=2)
    with pytest.raises(ValueError, match="max_num_fields"):
        escape.parse_qs_bytes("&&&", max_num_fields=3)


@pytest.mark.parametrize(
    "unit", ["%", "%4", "%41", "%41x", "+", "&", "=", "a=%zz&", "%e9", "%%%41"]
)
def test_security_percent_decoding_is_linear(unit: str) -> None:
    hostile = unit * 300_000
    with cpu_limit():
        escape.url_unescape(hostile)
        escape.url_unescape(hostile, encoding=None)
        escape.parse_qs_bytes(hostile, keep_blank_values=True)


@pytest.mark.parametrize("unit", ["&", "&#", "&#9", "&#x", "&am", "&notit", "&#99999999", "<"])
def test_security_escaping_and_unescaping_are_linear(unit: str) -> None:
    with cpu_limit():
        escape.xhtml_unescape(unit * 200_000)
        escape.xhtml_escape(unit * 200_000)


@pytest.mark.parametrize(
    "value",
    [{"a": [1, 2.5, None, True, "é</script>"]}, "text", 1e300, float("inf"), [], {}, {1: "a"}],
)
def test_json_is_what_the_standard_library_writes_but_for_closing_tags(value: object) -> None:
    assert escape.json_encode(value) == json.dumps(value).replace("</", "<\\/")
    assert escape.json_encode(value) == escape.json_encode(value)


def test_json_refuses_what_is_inside_itself_or_of_no_json_type() -> None:
    circle: list[object] = []
    circle.append(circle)
    with pytest.raises(ValueError, match="Circular"):
        escape.json_encode(circle)
    with pytest.raises(TypeError, match="not JSON serializable"):
        escape.json_encode({"a": object()})
    assert escape.json_encode([]) == "[]"
