"""The next request's head, wherever the wire is cut."""

from __future__ import annotations

import pytest

from whirlwind._proto.http.errors import HTTPInputError
from whirlwind._proto.http1.next_head import next_head
from whirlwind._proto.http1.request_head import RequestHead, RequestHeadReader

HEAD = b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
WITH_LF = HEAD.replace(b"\r\n", b"\n")


def taken(pieces: list[bytes], most: int = 1000) -> tuple[RequestHead | None, bytes, int]:
    """What comes of pieces that arrive one after the other."""
    heads = RequestHeadReader()
    head, rest, searched = None, b"", 0
    for piece in pieces:
        if head is None and rest + piece:
            head, rest, searched = next_head(rest + piece, searched, heads, most)
        else:
            rest += piece
    return head, rest, searched


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(HEAD, id="crlf"),
        pytest.param(b"\r\n\r\n\r\n" + HEAD, id="empty lines first"),
        pytest.param(WITH_LF, id="lf"),
        pytest.param(b"\n" + WITH_LF, id="an empty line with lf first"),
    ],
)
@pytest.mark.parametrize("rest", [b"", b"GET /b", b"\r\n\r\n"])
def test_where_the_wire_is_cut_does_not_matter(wire: bytes, rest: bytes) -> None:
    for cut in range(len(wire) + 1):
        head, left, searched = taken([wire[:cut], wire[cut:] + rest])
        assert head is not None, cut
        assert (head[:3], left, searched) == (("GET", "/a", "HTTP/1.1"), rest, 0), cut
    head, left, _ = taken([bytes([byte]) for byte in wire + rest])
    assert head is not None
    assert (head[1], left) == ("/a", rest)


def test_what_was_searched_begins_with_the_first_byte_of_a_head() -> None:
    heads = RequestHeadReader()
    assert next_head(b"\r\n\r\n", 0, heads, 100) == (None, b"", 0)
    assert next_head(b"\r\n\r", 0, heads, 100) == (None, b"\r", 0)
    assert next_head(b"\r\nG", 0, heads, 100) == (None, b"G", 1)
    assert next_head(b"GET /a", 1, heads, 100) == (None, b"GET /a", 3)


@pytest.mark.parametrize(
    ("wire", "most", "status"),
    [
        pytest.param(HEAD, 26, 431, id="whole"),
        pytest.param(HEAD[:27], 26, 431, id="without its end"),
        pytest.param(WITH_LF[:-1] + b"More", 26, 431, id="without its end, with lf"),
        pytest.param(HEAD, 14, 414, id="a line alone"),
    ],
)
def test_rule_5_a_head_has_a_limit_that_counts_before_its_end_has_come(
    wire: bytes, most: int, status: int
) -> None:
    assert taken([HEAD], most=len(HEAD))[0] is not None
    with pytest.raises(HTTPInputError, match=f"is over {most} bytes .max_header_size") as caught:
        taken([wire], most=most)
    assert caught.value.status == status


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(b"GET / HTTP/1.1\r\nHost: h\n", id="lf after crlf"),
        pytest.param(b"GET / HTTP/1.1\nHost: h\r\n\r\n", id="crlf after lf"),
    ],
)
def test_rule_1_both_kinds_of_line_ends_in_one_head_are_refused(wire: bytes) -> None:
    for cut in range(len(wire)):
        with pytest.raises(HTTPInputError):
            taken([wire[:cut], wire[cut:]])
