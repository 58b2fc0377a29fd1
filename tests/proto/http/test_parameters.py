"""Header values with parameters."""

from __future__ import annotations

import pytest

from whirlwind._proto.http.parameters import _encode_header, _parse_header


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", {}),
        ("form-data", {}),
        ('form-data; name="a"; filename="b;c"', {"name": "a", "filename": "b;c"}),
        ("form-data ;Name = a ;; flag", {"name": "a"}),
        ('form-data; f="a\\"b\\\\c"', {"f": 'a"b\\c'}),
        ('form-data; f="C:\\dir\\x.txt"', {"f": "C:\\dir\\x.txt"}),
        ('form-data; f="a\\";b"; g=1', {"f": 'a";b', "g": "1"}),
        ('form-data; f="a', {"f": '"a'}),
        ('form-data; f="a\\', {"f": '"a\\'}),
        ('form-data; f="e"x', {"f": '"e"x'}),
        ("form-data; f=1; f=2", {"f": "2"}),
        ("form-data; f*=UTF-8''%c3%a9x", {"f": "\xe9x"}),
        ("form-data; f*=iso-8859-1'en'%e9; f=plain", {"f": "\xe9"}),
        ("form-data; f*=punycode''abc", {"f": "punycode''abc"}),
        ("form-data; f*=bare", {"f": "bare"}),
        ('form-data; f*0="a"; f*1="b"', {"f": "ab"}),
        ("form-data; f*0*=UTF-8''%41; f*1=C; f*2*=%42", {"f": "ACB"}),
        ("form-data; f*1=b; f*0=a; f*3=d", {"f": "ab"}),
    ],
)
def test_parameters_are_read(line: str, expected: dict[str, str]) -> None:
    assert _parse_header(line)[1] == expected
    assert _parse_header(line)[0] == line.partition(";")[0].strip()


def test_rule_6_parameters_are_read_in_one_pass() -> None:
    # A megabyte of each shape that makes a reader look for its end again and again.
    size = 250_000
    assert _parse_header("a; b=" + '";' * size)[0] == "a"
    assert _parse_header("a" + ";" * 4 * size) == ("a", {})
    assert _parse_header('a; b="' + '\\"' * size)[0] == "a"
    assert _parse_header('a; b="' + '\\"' * size + '"')[1] == {"b": '"' * size}
    assert _parse_header("a; " + "b=c; " * size)[1] == {"b": "c"}


def test_a_value_with_parameters_is_written_in_order_of_name() -> None:
    assert _encode_header("x", {"b": "1", "a": None, "c": ""}) == "x; a; b=1; c="
    assert _encode_header("x", None) == "x"
