"""Bodies of forms: what they hold, what breaks them, and each of their limits."""

from __future__ import annotations

import tracemalloc

import pytest

from whirlwind._base.limits import MAX_ARGUMENTS, MAX_MULTIPART_PARTS
from whirlwind._proto.http.errors import HTTPInputError
from whirlwind._proto.http.forms import (
    _DEFAULT_PARSE_BODY_CONFIG,
    HTTPFile,
    ParseBodyConfig,
    ParseMultipartConfig,
    ParseUrlEncodedConfig,
    parse_body_arguments,
    parse_multipart_form_data,
    parse_urlencoded,
    set_parse_body_config,
)
from whirlwind._proto.http.headers import HTTPHeaders

Form = tuple[dict[str, list[bytes]], dict[str, list[HTTPFile]]]

ONE = (
    b'--1234\r\nContent-Disposition: form-data; name="files"; filename="ab.txt"\r\n'
    b"\r\nFoo\r\n--1234--\r\n"
)


def multipart(data: bytes, config: ParseMultipartConfig | None = None) -> Form:
    arguments: dict[str, list[bytes]] = {}
    files: dict[str, list[HTTPFile]] = {}
    parse_multipart_form_data(b"1234", data, arguments, files, config=config)
    return arguments, files


def body(kind: str, data: bytes, **more: object) -> Form:
    arguments: dict[str, list[bytes]] = {}
    files: dict[str, list[HTTPFile]] = {}
    parse_body_arguments(kind, data, arguments, files, **more)  # type: ignore[arg-type]
    return arguments, files


def test_an_urlencoded_body_keeps_order_and_empty_values() -> None:
    data = b"a=1&b=2&a=3&c=&d&=e&%20=+x&&f=%e9%C3%A9&g=%zz;h"
    assert parse_urlencoded(data) == {
        "a": [b"1", b"3"],
        "b": [b"2"],
        "c": [b""],
        "d": [b""],
        "": [b"e"],
        " ": [b" x"],
        "f": [b"\xe9\xc3\xa9"],
        "g": [b"%zz;h"],
    }
    assert parse_urlencoded(b"") == {}


def test_rule_5_urlencoded_arguments_are_counted_before_they_are_split() -> None:
    assert len(parse_urlencoded(b"&".join([b"a=1"] * MAX_ARGUMENTS))["a"]) == MAX_ARGUMENTS
    flood = b"a&" * 2_000_000
    tracemalloc.start()
    with pytest.raises(HTTPInputError, match="max_arguments"):
        parse_urlencoded(flood)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000


def test_rule_6_percent_decoding_takes_one_pass() -> None:
    assert parse_urlencoded(b"a=" + b"%41" * 700_000) == {"a": [b"A" * 700_000]}
    assert parse_urlencoded(b"a=" + b"%" * 2_000_000)["a"] == [b"%" * 2_000_000]


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/form-data; boundary=1234",
        'multipart/form-data; boundary="1234"',
        "multipart/form-data;charset=x;  Boundary=1234; y=z",
    ],
)
def test_the_content_type_says_how_a_body_is_read(kind: str) -> None:
    arguments, files = body(kind, ONE)
    assert arguments == {}
    file = files["files"][0]
    assert (file.filename, file["body"], file.content_type) == (
        "ab.txt",
        b"Foo",
        "application/unknown",
    )
    assert body("application/x-www-form-urlencoded; charset=x", b"a=1") == ({"a": [b"1"]}, {})
    assert body("application/json", b"a=1") == ({}, {})


def test_fields_and_files_of_a_multipart_body_keep_their_order() -> None:
    data = (
        b"--1234\r\ncontent-disposition: form-data; name=a\r\n\r\n1\r\n"
        b'--1234\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n'
        b"Content-Type: text/plain\r\n\r\n\r\n--1234x\r\n--1234-\r\n\r\n"
        b"--1234\r\nContent-Disposition: form-data; name=a\r\n\r\n2\r\n"
        b'--1234\r\nContent-Disposition: form-data; name="f"; filename="y"\r\n\r\n\r\n'
        b'--1234\r\nContent-Disposition: form-data; name="\xc3\xa9"\r\n\r\n\r\n--1234--epilogue'
    )
    arguments, files = multipart(data)
    assert arguments == {"a": [b"1", b"2"], "\xe9": [b""]}
    assert [(f.filename, f.body, f.content_type) for f in files["f"]] == [
        ("x", b"\r\n--1234x\r\n--1234-\r\n", "text/plain"),
        ("y", b"", "application/unknown"),
    ]
    assert multipart(b"--1234--") == ({}, {})


def test_a_first_part_may_come_without_its_boundary() -> None:
    part = b"content-disposition: form-data; name=a\r\n\r\n1\r\n"
    arguments, files = multipart(part + ONE)
    assert arguments == {"a": [b"1"]}
    assert list(files) == ["files"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b"", "no final boundary", id="nothing"),
        pytest.param(ONE.replace(b"--1234--", b"--1234"), "no final boundary", id="not ended"),
        pytest.param(ONE[:40], "no final boundary", id="cut off"),
        pytest.param(ONE.replace(b"Foo\r\n", b"Foo"), "no final boundary", id="not on its line"),
        pytest.param(b"x\r\n" + ONE, "missing headers", id="preamble"),
        pytest.param(b"x: y\r\n\r\nz\r\n" + ONE, "not form-data", id="preamble with headers"),
        pytest.param(b"x" + ONE, "Invalid header|no colon", id="boundary not on its line"),
        pytest.param(ONE.replace(b"\r\n", b"\n"), "not CRLF", id="LF only"),
        pytest.param(ONE.replace(b"\r\n\r\n", b"\r\n"), "missing headers", id="no empty line"),
        pytest.param(ONE.replace(b"form-data", b"attachment"), "not form-data", id="attachment"),
        pytest.param(ONE.replace(b' name="files";', b""), "missing name", id="no name"),
        pytest.param(ONE.replace(b"ab.txt", b"\xff"), "not UTF-8", id="not UTF-8"),
        pytest.param(ONE.replace(b"ab", b"a\rb"), "Invalid header value", id="bare CR"),
        pytest.param(ONE.replace(b'"\r\n', b'"\r\nX: y\r\r\n'), "Invalid header", id="CR CRLF"),
        pytest.param(ONE.replace(b'"\r\n', b'"\r\n X: y\r\n'), "folding", id="folded line"),
        pytest.param(ONE.replace(b"ab", b"a\0b"), "Invalid header value", id="NUL"),
    ],
)
def test_rule_1_a_broken_multipart_body_is_refused_whole(data: bytes, message: str) -> None:
    good = b'--1234\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    with pytest.raises(HTTPInputError, match=message):
        multipart(data)
    if data.startswith(b"--1234\r\n"):
        arguments: dict[str, list[bytes]] = {}
        with pytest.raises(HTTPInputError, match=message):
            parse_multipart_form_data(b"1234", good + data, arguments, {})
        assert arguments == {}


def test_rule_5_parts_are_counted_before_they_are_copied() -> None:
    part = b'--1234\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    arguments, _ = multipart(part * MAX_MULTIPART_PARTS + b"--1234--")
    assert len(arguments["a"]) == MAX_MULTIPART_PARTS
    with pytest.raises(HTTPInputError, match="max_parts"):
        multipart(part * (MAX_MULTIPART_PARTS + 1) + b"--1234--")
    flood = part * 200_000 + b"--1234--"
    tracemalloc.start()
    with pytest.raises(HTTPInputError, match="max_parts"):
        multipart(flood)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200_000


def test_rule_5_the_header_of_a_part_is_limited() -> None:
    size = ONE.index(b"\r\n\r\n") - ONE.index(b"Content")
    multipart(ONE, ParseMultipartConfig(max_part_header_size=size))
    with pytest.raises(HTTPInputError, match="max_part_header_size"):
        multipart(ONE, ParseMultipartConfig(max_part_header_size=size - 1))


def test_rule_6_boundaries_are_searched_in_one_pass() -> None:
    near = b"\r\n--123" * 500_000
    arguments, _ = multipart(
        b"--1234\r\nContent-Disposition: form-data; name=a\r\n\r\n" + near + b"\r\n--1234--"
    )
    assert arguments == {"a": [near]}


def test_a_body_that_was_not_decoded_is_refused() -> None:
    headers = HTTPHeaders({"Content-Encoding": "gzip"})
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=1234"):
        with pytest.raises(HTTPInputError, match="Content-Encoding: gzip") as caught:
            body(kind, ONE, headers=headers)
        assert caught.value.status == 415


def test_forms_can_be_switched_off_and_limited_for_the_process() -> None:
    config = ParseBodyConfig(
        multipart=ParseMultipartConfig(enabled=False),
        urlencoded=ParseUrlEncodedConfig(max_arguments=1),
    )
    before = _DEFAULT_PARSE_BODY_CONFIG
    default = ParseBodyConfig(before.multipart, before.urlencoded)
    set_parse_body_config(config)
    try:
        with pytest.raises(HTTPInputError, match="disabled"):
            body("multipart/form-data; boundary=1234", ONE)
        with pytest.raises(HTTPInputError, match="more than 1 "):
            body("application/x-www-form-urlencoded", b"a&b")
    finally:
        set_parse_body_config(default)
    body("application/x-www-form-urlencoded", b"a&b")


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary="])
def test_a_multipart_body_needs_a_boundary(kind: str) -> None:
    with pytest.raises(HTTPInputError, match="boundary not found"):
        body(kind, ONE)
