"""Bodies: chunks, forms, cookies."""

from __future__ import annotations

from http.cookies import SimpleCookie

from hypothesis import given
from hypothesis import strategies as st
from tests.fuzz.effort import effort

from whirlwind._http.messages import HTTPServerRequest
from whirlwind._proto.http.cookies import parse_cookie
from whirlwind._proto.http.errors import HTTPInputError
from whirlwind._proto.http.forms import HTTPFile, parse_multipart_form_data
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._proto.http1.chunked import ChunkedDecoder

CHUNKS = [
    *[b"0", b"1", b"5", b"a", b"10", b"00", b"g", b"-1", b"0x1", b"f" * 16, b";", b";a", b";a=b"],
    *[b'="', b'"', b"\\", b" ", b"\t", b"\r\n", b"\r\n", b"\r\n", b"\r", b"\n", b"x", b"hello"],
    *[b"X: y", b":", b"\0", b"\xff", b"1\r\nx\r\n", b"0\r\n\r\n"],
]
Outcome = tuple[bytes, bool, bytes, list[bytes]] | str


def decode(pieces: list[bytes], at_once: int | None = None) -> Outcome:
    """Body, whether it is complete, what is left, trailers; or that it was refused."""
    decoder = ChunkedDecoder(max_body=1000, at_once=at_once)
    body = left = b""
    try:
        for piece in pieces:
            wire = left + piece
            left = b""
            while wire and not decoder.done:
                body += b"".join(decoder.feed(wire))
                wire = decoder.leftover
            left = wire
    except HTTPInputError:
        return "refused"
    return body, decoder.done, left, decoder.trailers


@effort
@given(st.lists(st.sampled_from(CHUNKS), max_size=20).map(b"".join), st.data())
def test_chunks_mean_the_same_wherever_they_are_cut(wire: bytes, data: st.DataObject) -> None:
    whole = decode([wire])
    cut = data.draw(st.integers(0, len(wire)))
    assert decode([wire[:cut], wire[cut:]]) == whole
    assert decode([wire[at : at + 1] for at in range(len(wire))]) == whole
    assert decode([wire], at_once=1) == whole
    if not isinstance(whole, str) and whole[1]:
        # Written again in the plainest form, it says the same.
        body = whole[0]
        plain = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
        assert decode([plain]) == (body, True, b"", [])


@effort
@given(st.lists(st.binary(min_size=1, max_size=50), max_size=10), st.booleans())
def test_chunks_come_back_as_they_were(pieces: list[bytes], upper: bool) -> None:
    form = b"%X\r\n%b\r\n" if upper else b"%x;a=b\r\n%b\r\n"
    wire = b"".join([form % (len(piece), piece) for piece in pieces]) + b"0\r\n\r\nmore"
    assert decode([wire]) == (b"".join(pieces), True, b"more", [])


PARTS = [
    *[
        b"--b",
        b"--b--",
        b"\r\n",
        b"\r\n",
        b"\r\n\r\n",
        b"--",
        b"b",
        b"\r",
        b"\n",
        b"x",
        b"\xff",
        b"\0",
    ],
    *[
        b"Content-Disposition: form-data",
        b'; name="a"',
        b'; filename="f"',
        b"; filename*=utf-8''%ff",
    ],
    *[
        b'; name="',
        b"; name*0=a",
        b"; name*1*=%41",
        b"Content-Type: text/plain",
        b": ",
        b'"',
        b"\\",
    ],
    b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nvalue\r\n',
]


@effort
@given(st.lists(st.sampled_from(PARTS), max_size=25).map(b"".join))
def test_a_multipart_body_is_read_or_refused(data: bytes) -> None:
    arguments: dict[str, list[bytes]] = {}
    files: dict[str, list[HTTPFile]] = {}
    try:
        parse_multipart_form_data(b"b", data, arguments, files)
    except HTTPInputError:
        assert (arguments, files) == ({}, {})
        return
    values = [value for found in arguments.values() for value in found]
    bodies = [file["body"] for found in files.values() for file in found]
    assert all(value in data for value in [*values, *bodies])


names = st.text(
    st.characters(codec="ascii", exclude_categories=["C"], exclude_characters='"\\'), min_size=1
)


@effort
@given(st.lists(st.tuples(names, st.binary(max_size=60)), max_size=8))
def test_a_multipart_form_comes_back_as_it_was(fields: list[tuple[str, bytes]]) -> None:
    boundary = b"a-boundary-that-is-in-no-value-of-60-bytes-because-it-is-longer-than-that"
    data = b"".join(
        b'--%b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n'
        % (boundary, name.encode(), value)
        for name, value in fields
    )
    arguments: dict[str, list[bytes]] = {}
    parse_multipart_form_data(boundary, data + b"--" + boundary + b"--\r\n", arguments, {})
    expected: dict[str, list[bytes]] = {}
    for name, value in fields:
        expected.setdefault(name, []).append(value)
    assert arguments == expected


COOKIES = [
    "a",
    "b",
    "=",
    ";",
    " ",
    "\t",
    '"',
    "\\",
    "\\073",
    "\\3",
    ",",
    "\xff",
    "\x85",
    "$Path",
    "{}",
]


@effort
@given(st.lists(st.sampled_from(COOKIES), max_size=30).map("".join))
def test_cookies_are_read_whatever_they_are(text: str) -> None:
    cookies = parse_cookie(text)
    assert len(cookies) <= text.count(";") + 1
    assert not any(";" in name for name in cookies)
    request = HTTPServerRequest("GET", "/", headers=HTTPHeaders({"Cookie": text}))
    assert set(request.cookies) <= set(cookies)


@effort
@given(
    st.dictionaries(st.sampled_from("abcdef"), st.text("abc=,\"\\ '", max_size=8).map(str.strip))
)
def test_cookies_that_were_set_come_back(values: dict[str, str]) -> None:
    jar: SimpleCookie = SimpleCookie()
    for name, value in values.items():
        jar[name] = value
    header = "; ".join([f"{name}={jar[name].coded_value}" for name in values])
    assert parse_cookie(header) == values
