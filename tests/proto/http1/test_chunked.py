"""Chunked bodies: the grammar of RFC 9112, section 7.1, its limits, and every cut."""

from __future__ import annotations

from itertools import combinations

import pytest

from whirlwind._base.limits import (
    MAX_CHUNK_EXTENSION,
    MAX_CHUNK_EXTENSIONS,
    MAX_TRAILER_COUNT,
)
from whirlwind._proto.http.errors import HTTPInputError
from whirlwind._proto.http1.chunked import ChunkedDecoder

WIRE = b"4;a=b\r\nWiki\r\n5\r\npedia\r\n0\r\nExpires: never\r\n\r\nGET /"


def test_where_the_bytes_are_cut_does_not_matter() -> None:
    for first, second in combinations(range(len(WIRE) + 1), 2):
        decoder = ChunkedDecoder(max_body=9)
        body = unread = b""
        for wire in (WIRE[:first], WIRE[first:second], WIRE[second:]):
            if decoder.done:
                unread += wire
            else:
                body += b"".join(decoder.feed(wire))
        assert (body, decoder.trailers) == (b"Wikipedia", [b"Expires: never"]), (first, second)
        assert decoder.leftover + unread == b"GET /", (first, second)


@pytest.mark.parametrize(
    "line", [b"", b"+4", b"-1", b"0x4", b"4_0", b" 4", b"4\n", b"4\r", b"G", b"1" * 17, b"4;\x00"]
)
def test_a_size_line_that_int_would_forgive_is_refused(line: bytes) -> None:
    with pytest.raises(HTTPInputError, match="invalid chunk size"):
        ChunkedDecoder(max_body=None).feed(line + b"\r\n")


@pytest.mark.parametrize(
    "extension",
    [
        b";a",
        b" ;a",
        b"\t; a",
        b";a=b",
        b"; a = b",
        b';a="b"',
        b';a="; b=\\"c\\\\"',
        b';a=""',
        b";a;b=c;d",
        b";a=\x22\xff\x22",
    ],
)
def test_an_extension_of_the_grammar_is_taken_and_ignored(extension: bytes) -> None:
    decoder = ChunkedDecoder(max_body=None)
    assert decoder.feed(b"4" + extension + b"\r\nWiki\r\n0" + extension + b"\r\n\r\n") == [b"Wiki"]
    assert decoder.done


@pytest.mark.parametrize(
    "extension",
    [
        b";",
        b" ",
        b";=a",
        b";a=",
        b";a;",
        b";a b",
        b';a="b',
        b';a="b"c',
        b';a="\\"',
        b';a="\x00"',
        b";a=\xff",
        b";a=(b)",
        b";\x0b",
        b",a",
        b";a ",
    ],
)
def test_rule_1_an_extension_of_another_form_is_refused(extension: bytes) -> None:
    with pytest.raises(HTTPInputError, match="invalid chunk size"):
        ChunkedDecoder(max_body=None).feed(b"4" + extension + b"\r\n")


@pytest.mark.parametrize("wire", [b"4\n", b"4\rW", b"0\r\na: b\n", b"0\r\n\n", b"0\r\n\rX"])
def test_rule_1_a_line_that_ends_otherwise_is_refused_before_its_crlf_is_there(wire: bytes) -> None:
    with pytest.raises(HTTPInputError):
        ChunkedDecoder(max_body=None).feed(wire)
    one_by_one = ChunkedDecoder(max_body=None)
    with pytest.raises(HTTPInputError):
        for at in range(len(wire)):
            one_by_one.feed(wire[at : at + 1])


def test_rule_5_extensions_have_a_limit_in_all() -> None:
    decoder = ChunkedDecoder(max_body=None)
    chunk = b"1;" + b"x" * 1023 + b"\r\n.\r\n"
    for _ in range(MAX_CHUNK_EXTENSIONS // 1024):
        decoder.feed(chunk)
    decoder.feed(b"1\r\n.\r\n")
    with pytest.raises(HTTPInputError, match="MAX_CHUNK_EXTENSIONS"):
        decoder.feed(b"1;a\r\n")


def test_rule_6_so_many_chunks_are_taken_at_once_and_the_rest_is_given_back() -> None:
    decoder = ChunkedDecoder(max_body=None, at_once=3)
    wire = b"1\r\na\r\n" * 7 + b"0\r\n\r\nGET"
    taken = []
    while not decoder.done:
        taken.append(b"".join(decoder.feed(wire)))
        wire = decoder.leftover
    assert (taken, wire) == ([b"aaa", b"aaa", b"a"], b"GET")


@pytest.mark.parametrize("end", [b"XX", b"\n", b"\rX", b"\n\r", b"5\r\n"])
def test_a_chunk_that_does_not_end_with_crlf_is_refused(end: bytes) -> None:
    with pytest.raises(HTTPInputError, match="not CRLF"):
        ChunkedDecoder(max_body=None).feed(b"4\r\nWiki" + end)


def test_a_body_over_the_limit_is_refused_when_it_is_announced() -> None:
    assert ChunkedDecoder(max_body=16).feed(b"10\r\n") == []
    with pytest.raises(HTTPInputError, match="max_body_size"):
        ChunkedDecoder(max_body=15).feed(b"10\r\n")


def test_chunks_count_together_against_the_limit() -> None:
    decoder = ChunkedDecoder(max_body=5)
    assert decoder.feed(b"3\r\nabc\r\n2\r\nde\r\n") == [b"abc", b"de"]
    with pytest.raises(HTTPInputError, match="max_body_size"):
        decoder.feed(b"1\r\n")


def test_an_extension_has_a_limit() -> None:
    line = b"1;" + b"x" * (MAX_CHUNK_EXTENSION - 2)
    ChunkedDecoder(max_body=None).feed(line + b"\r\n")
    with pytest.raises(HTTPInputError, match="MAX_CHUNK_EXTENSION"):
        ChunkedDecoder(max_body=None).feed(line + b"x\r\n")
    with pytest.raises(HTTPInputError, match="MAX_CHUNK_EXTENSION"):
        ChunkedDecoder(max_body=None).feed(line + b"xxx")


def test_trailers_have_a_limit_in_number() -> None:
    decoder = ChunkedDecoder(max_body=None)
    decoder.feed(b"0\r\n" + b"a: b\r\n" * MAX_TRAILER_COUNT)
    with pytest.raises(HTTPInputError, match="MAX_TRAILER_COUNT"):
        decoder.feed(b"a: b\r\n")


@pytest.mark.parametrize("line", [b"no colon", b"a : b", b" a: b", b"a: \x00", b"a: b\rc"])
def test_a_trailer_that_is_no_field_is_refused(line: bytes) -> None:
    with pytest.raises(HTTPInputError, match="bad trailer"):
        ChunkedDecoder(max_body=None).feed(b"0\r\n" + line + b"\r\n")
