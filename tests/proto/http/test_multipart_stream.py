"""Multipart bodies as they come in: where they are cut, what breaks them, each of their limits."""

from __future__ import annotations

from itertools import combinations

import pytest

from whirlwind._base.errors import LocalProtocolError
from whirlwind._base.limits import MAX_BOUNDARY_SIZE
from whirlwind._proto.http.errors import HTTPInputError
from whirlwind._proto.http.multipart_stream import (
    MultipartDecoder,
    PartBegan,
    PartData,
    PartEnded,
    PartEvent,
)

FIELD = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
FILE = (
    b'--b\r\nContent-Disposition: form-data; name="f"; filename="x.txt"\r\n'
    b"Content-Type: text/plain\r\n\r\n"
)
BODY = (
    FIELD + b"one\r\n" + FILE + b"\r\n--bc\r\n\r--b\r\r\n-\r\n" + FIELD + b"\r\n--b--\r\nepilogue"
)

Parts = list[tuple[str, str | None, bytes]]


def parts_of(events: list[PartEvent]) -> Parts:
    """Events with their data joined, checked for their order."""
    parts: Parts = []
    opened = False
    for event in events:
        match event:
            case PartBegan():
                assert not opened
                parts.append((event.name, event.filename, b""))
                opened = True
            case PartData():
                assert opened
                assert event.data
                parts[-1] = (*parts[-1][:2], parts[-1][2] + event.data)
            case PartEnded():
                assert opened
                opened = False
    return parts


def read(*wires: bytes, boundary: bytes = b"b", **limits: int) -> Parts:
    decoder = MultipartDecoder(boundary, **limits)
    events: list[PartEvent] = []
    for wire in wires:
        events += decoder.feed(wire)
    decoder.feed_eof()
    return parts_of(events)


EXPECTED = [("a", None, b"one"), ("f", "x.txt", b"\r\n--bc\r\n\r--b\r\r\n-"), ("a", None, b"")]


def test_a_part_begins_with_its_header_has_data_and_ends() -> None:
    decoder = MultipartDecoder(b"b")
    [began, data, ended] = decoder.feed(FILE + b"text\r\n--b--")
    assert isinstance(began, PartBegan)
    assert (began.name, began.filename) == ("f", "x.txt")
    assert began.headers["content-type"] == "text/plain"
    assert data == PartData(b"text")
    assert isinstance(ended, PartEnded)
    assert decoder.done
    assert decoder.feed(b" epilogue") == []
    assert decoder.feed_eof() == []


def test_where_the_bytes_are_cut_does_not_matter() -> None:
    assert read(BODY) == EXPECTED
    assert read(*[BODY[at : at + 1] for at in range(len(BODY))]) == EXPECTED
    for first, second in combinations(range(len(BODY) + 1), 2):
        wires = (BODY[:first], BODY[first:second], BODY[second:])
        assert read(*wires) == EXPECTED, (first, second)


def test_data_is_held_back_only_where_a_delimiter_may_begin() -> None:
    decoder = MultipartDecoder(b"b")
    decoder.feed(FILE)
    assert decoder.feed(b"abc\n-") == [PartData(b"abc\n-")]
    assert decoder.feed(b"d\r\n--") == [PartData(b"d")]
    assert decoder.feed(b"c\r") == [PartData(b"\r\n--c")]
    assert decoder.feed(b"\r\n--b") == [PartData(b"\r")]
    assert decoder.feed(b"-") == []
    (ended,) = decoder.feed(b"-")
    assert isinstance(ended, PartEnded)


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        pytest.param(b"--b--", [], id="no parts"),
        pytest.param(b"\r\n--b--\r\n", [], id="an empty line before the first boundary"),
        pytest.param(FIELD + b"\r\n--b--", [("a", None, b"")], id="empty data"),
        pytest.param(FIELD + b"--b--", [("a", None, b"")], id="a header alone"),
        pytest.param(FIELD + b"--bb\r\n--b--", [("a", None, b"--bb")], id="like a boundary"),
        pytest.param(FIELD + b"x\r\n--b \r\n--b--", [("a", None, b"x\r\n--b ")], id="padding"),
    ],
)
def test_what_stands_at_the_edges_is_understood(wire: bytes, expected: Parts) -> None:
    assert read(wire) == expected
    assert read(*[wire[at : at + 1] for at in range(len(wire))]) == expected


@pytest.mark.parametrize(
    ("disposition", "filename"),
    [
        ('filename="a b.txt"', "a b.txt"),
        ('filename="a\\"b\\\\c"', 'a"b\\c'),
        ('filename="C:\\dir\\file.txt"', "C:\\dir\\file.txt"),
        ('filename="%22%0D%0A"', "%22%0D%0A"),
        ("filename*=UTF-8''na%C3%AFve%20plan.txt", "naïve plan.txt"),
        ("filename=\"plain\"; filename*=UTF-8''%E2%82%AC", "€"),
        ('filename="naïve.txt"', "naïve.txt"),
        ('filename=""', None),
        ("filename*=UTF-7''+AC8-", "UTF-7''+AC8-"),
    ],
)
def test_the_filename_is_read_as_senders_write_it(disposition: str, filename: str | None) -> None:
    """RFC 7578, section 4.2; RFC 8187; what browsers do by WHATWG HTML, section 4.10.21.8."""
    wire = f'--b\r\nContent-Disposition: form-data; name="f"; {disposition}\r\n\r\nx\r\n--b--'
    assert read(wire.encode()) == [("f", filename, b"x")]


def part(header: bytes) -> bytes:
    return b"--b\r\n" + header + b"\r\n\r\nx\r\n--b--"


DISPOSITION = b'Content-Disposition: form-data; name="a"'


@pytest.mark.parametrize(
    ("wire", "message"),
    [
        (b"preamble\r\n" + BODY, "not with its boundary"),
        (b"\r\n\r\n" + BODY, "not with its boundary"),
        (b"\n" + BODY, "not with its boundary"),
        (b"--bx\r\n", "followed by"),
        (b"--b\n", "followed by"),
        (b"--b -", "followed by"),
        (b"--b\r\n\r\nx\r\n--b--", "missing headers"),
        (part(b"Content-Type: text/plain"), "not form-data"),
        (part(b"Content-Disposition: attachment; name=a"), "not form-data"),
        (part(b"Content-Disposition: form-data; filename=a"), "missing name"),
        (part(b'Content-Disposition: form-data; name=""'), "missing name"),
        (part(DISPOSITION + b"\r\n" + DISPOSITION), "more than one"),
        (part(DISPOSITION + b"\r\n folded"), "whitespace"),
        (part(DISPOSITION + b"\r\nX: a\rb"), "value"),
        (part(DISPOSITION + b"\nX: a"), "lone LF"),
        (part(DISPOSITION + b"\r\nX: a\x00b"), "value"),
        (part(DISPOSITION + b"\r\nX : a"), "name"),
        (part(DISPOSITION + b"\r\nno colon"), "colon"),
        (part(DISPOSITION + b"\r\nX: \xff"), "UTF-8"),
        (part(b"Content-Disposition: form-data; name*=UTF-8''a%0ab"), "control"),
        (part(DISPOSITION + b"; filename*=UTF-8''a%00.txt"), "control"),
        (b"--b\r\n" + DISPOSITION + b"\r\n--b--\r\n\r\n", "missing headers"),
    ],
)
def test_what_breaks_the_format_is_refused_wherever_it_is_cut(wire: bytes, message: str) -> None:
    for wires in ([wire], [wire[at : at + 1] for at in range(len(wire))]):
        decoder = MultipartDecoder(b"b")
        with pytest.raises(HTTPInputError, match=message) as caught:
            for each in wires:
                assert decoder.feed(each) == []
        assert caught.value.status == 400


def test_a_boundary_that_could_be_a_field_is_no_header() -> None:
    wire = b"--a:b\r\n" + DISPOSITION + b"\r\n--a:b\r\n\r\nx\r\n--a:b--"
    with pytest.raises(HTTPInputError, match="boundary stands in its header"):
        read(wire, boundary=b"a:b")


@pytest.mark.parametrize("size", range(len(BODY) - len(b"\r\nepilogue")))
def test_rule_7_a_body_that_ends_early_is_an_error(size: int) -> None:
    decoder = MultipartDecoder(b"b")
    decoder.feed(BODY[:size])
    with pytest.raises(HTTPInputError, match="no final boundary"):
        decoder.feed_eof()


def test_events_before_an_error_are_returned_and_the_error_stays() -> None:
    decoder = MultipartDecoder(b"b")
    began, _, ended, second = decoder.feed(FIELD + b"x\r\n" + FIELD + b"y\r\n--b\r\n\r\n")[:4]
    assert (type(began), type(ended), type(second)) == (PartBegan, PartEnded, PartBegan)
    for wire in (b"more", b"", None):
        with pytest.raises(HTTPInputError, match="missing headers"):
            decoder.feed_eof() if wire is None else decoder.feed(wire)


def test_nothing_is_fed_after_the_end() -> None:
    decoder = MultipartDecoder(b"b")
    decoder.feed(b"--b--")
    decoder.feed_eof()
    with pytest.raises(LocalProtocolError, match="fed already"):
        decoder.feed(b"")
    with pytest.raises(LocalProtocolError, match="fed already"):
        decoder.feed_eof()


def test_rule_5_parts_are_counted_before_they_are_read() -> None:
    wire = (FIELD + b"x\r\n") * 3 + b"--b--"
    assert len(read(wire, max_parts=3)) == 3
    decoder = MultipartDecoder(b"b", max_parts=2)
    assert len(parts_of(decoder.feed(wire))) == 2
    with pytest.raises(HTTPInputError, match="max_parts") as caught:
        decoder.feed(b"")
    assert caught.value.status == 413


def test_rule_5_a_parts_header_has_a_limit_wherever_it_is_cut() -> None:
    size = len(DISPOSITION)
    assert read(part(DISPOSITION), max_part_header_size=size) == [("a", None, b"x")]
    for wires in ([part(DISPOSITION)], [bytes([byte]) for byte in part(DISPOSITION)]):
        decoder = MultipartDecoder(b"b", max_part_header_size=size - 1)
        with pytest.raises(HTTPInputError, match="max_part_header_size") as caught:
            for wire in wires:
                decoder.feed(wire)
        assert caught.value.status == 413


@pytest.mark.parametrize(("header", "limit"), [(FIELD, "max_field_size"), (FILE, "max_file_size")])
def test_rule_5_fields_and_files_have_limits_of_their_own(header: bytes, limit: str) -> None:
    wire = header + b"12345\r\n--b--"
    others = {"max_field_size": 5, "max_file_size": 5}
    decoder = MultipartDecoder(b"b", **others)
    assert parts_of(decoder.feed(wire))[0][2] == b"12345"
    for wires in ([wire], [bytes([byte]) for byte in wire]):
        decoder = MultipartDecoder(b"b", **{**others, limit: 4})
        events: list[PartEvent] = []
        with pytest.raises(HTTPInputError, match=limit) as caught:
            for each in [*wires, b""]:
                events += decoder.feed(each)
        assert caught.value.status == 413
        assert parts_of(events)[0][2] == b"1234"


def test_rule_5_the_boundary_has_a_limit() -> None:
    longest = b"b" * MAX_BOUNDARY_SIZE
    assert read(b"--" + longest + b"--", boundary=longest) == []
    for boundary in (b"", longest + b"b", b"a\nb", b"a\rb"):
        with pytest.raises(HTTPInputError, match="boundary"):
            MultipartDecoder(boundary)


@pytest.mark.parametrize("unit", [b"\r", b"\r\n", b"\r\n-", b"\r\n--bx", b"\r\n--b\r"])
def test_rule_6_what_looks_like_boundaries_is_not_kept_to_be_searched_again(unit: bytes) -> None:
    decoder = MultipartDecoder(b"b")
    decoder.feed(FILE + b"x")
    wire = unit * 1000
    given = 0
    for at in range(0, len(wire), 7):
        for event in decoder.feed(wire[at : at + 7]):
            assert isinstance(event, PartData)
            given += len(event.data)
        assert min(at + 7, len(wire)) - given <= len(b"\r\n--b\r")
