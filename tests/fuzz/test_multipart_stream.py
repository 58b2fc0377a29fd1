"""The multipart machine against the reader of whole bodies, and against bytes of any kind."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from whirlwind._proto.http.errors import HTTPInputError
from whirlwind._proto.http.forms import HTTPFile, parse_multipart_form_data
from whirlwind._proto.http.multipart_stream import (
    MultipartDecoder,
    PartBegan,
    PartData,
    PartEnded,
)

Read = tuple[list[tuple[str, str | None, bytes]], bool]

BOUNDED = settings(derandomize=True, max_examples=400, deadline=None, database=None)

# Pieces of what the machine looks for, so that they meet at every edge.
FRAGMENTS = [
    b"--b", b"--", b"\r\n", b"\r", b"\n", b"b", b"-", b":", b"x", b"\r\n--b", b"\r\n--b--",
    b"\r\n--b\r\n", b"\r\n\r\n", b"\x00", b"\xff", b" ", b"X: y", b'Content-Disposition: form-data',
    b'Content-Disposition: form-data; name="a"\r\n\r\n',
    b'Content-Disposition: form-data; name="a"; filename="f"\r\nContent-Type: t\r\n\r\n',
    b'--b\r\nContent-Disposition: form-data; name="c"\r\n\r\n',
]  # fmt: skip
NOISE = st.lists(st.sampled_from(FRAGMENTS), max_size=12).map(b"".join)
CUTS = st.lists(st.integers(1, 9), max_size=30)
NAMES = st.text(st.characters(codec="utf-8", categories=["L", "N"]), min_size=1, max_size=6)


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    pieces = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    return [*pieces, data]


def streamed(pieces: list[bytes]) -> Read:
    """Read a body in pieces; return its parts as far as they go, and whether it was whole."""
    decoder = MultipartDecoder(b"b", max_parts=20, max_part_header_size=200, max_field_size=99)
    parts: list[tuple[str, str | None, bytes]] = []
    ended = 0
    try:
        for piece in [*pieces, b""]:
            for event in decoder.feed(piece):
                match event:
                    case PartBegan():
                        parts.append((event.name, event.filename, b""))
                    case PartData():
                        parts[-1] = (*parts[-1][:2], parts[-1][2] + event.data)
                    case PartEnded():
                        ended += 1
        decoder.feed_eof()
    except HTTPInputError:
        return parts, False
    assert ended == len(parts)
    return parts, True


def whole(data: bytes) -> dict[str, list[tuple[str | None, bytes]]] | None:
    arguments: dict[str, list[bytes]] = {}
    files: dict[str, list[HTTPFile]] = {}
    try:
        parse_multipart_form_data(b"b", data, arguments, files)
    except HTTPInputError:
        return None
    by_name: dict[str, list[tuple[str | None, bytes]]] = {}
    for name, values in arguments.items():
        by_name.setdefault(name, []).extend((None, value) for value in values)
    for name, found in files.items():
        by_name.setdefault(name, []).extend((file.filename, file.body) for file in found)
    return by_name


def grouped(
    parts: list[tuple[str, str | None, bytes]],
) -> dict[str, list[tuple[str | None, bytes]]]:
    by_name: dict[str, list[tuple[str | None, bytes]]] = {}
    # The reader of whole bodies keeps fields and files apart.
    for files in (False, True):
        for name, filename, data in parts:
            if (filename is not None) is files:
                by_name.setdefault(name, []).append((filename, data))
    return by_name


@BOUNDED
@given(NOISE, CUTS)
def test_where_bytes_of_any_kind_are_cut_does_not_matter(data: bytes, sizes: list[int]) -> None:
    expected = streamed([data])
    assert streamed(cut(data, sizes)) == expected
    assert streamed([data[at : at + 1] for at in range(len(data))]) == expected


@BOUNDED
@given(NOISE)
def test_what_the_machine_takes_the_reader_of_whole_bodies_takes_as_well(data: bytes) -> None:
    """Rule 1: the accepted bodies nest, and mean the same."""
    parts, is_whole = streamed([data])
    if is_whole:
        assert whole(data) == grouped(parts)


@BOUNDED
@given(st.lists(st.tuples(NAMES, st.none() | NAMES, NOISE), max_size=5), CUTS)
def test_well_formed_bodies_are_read_alike(
    fields: list[tuple[str, str | None, bytes]], sizes: list[int]
) -> None:
    parts = [(name, filename, data.replace(b"--b", b"==")[:99]) for name, filename, data in fields]
    body = b""
    for name, filename, data in parts:
        more = "" if filename is None else f'; filename="{filename}"'
        head = f'--b\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
        body += head.encode() + data + b"\r\n"
    body += b"--b--\r\n"
    assert streamed(cut(body, sizes)) == (parts, True)
    assert whole(body) == grouped(parts)
