"""Heads of requests: what they say, and what is refused although a parser may forgive it."""

from __future__ import annotations

import pytest

from whirlwind._base.limits import MAX_HEADER_COUNT
from whirlwind._proto.http.errors import HTTPInputError
from whirlwind._proto.http1.request_head import HeaderBlock, RequestHeadReader


def read(*lines: bytes) -> tuple[str, str, str, HeaderBlock]:
    return RequestHeadReader().read(b"".join([line + b"\r\n" for line in lines]) + b"\r\n")


def fields(*lines: bytes) -> HeaderBlock:
    return read(b"POST / HTTP/1.1", b"Host: h", *lines)[3]


def test_a_head_is_taken_apart() -> None:
    method, target, version, block = read(
        b"PUT /a?b HTTP/1.1", b"Host: h:1", b"cOntent-length: 3", b"Expect: 100-Continue"
    )
    assert (method, target, version) == ("PUT", "/a?b", "HTTP/1.1")
    assert (block.content_length, block.chunked, block.expects_continue) == (3, False, True)
    assert block.headers["Host"] == "h:1"


def test_the_same_block_is_read_once_and_the_line_anew() -> None:
    reader = RequestHeadReader()
    first = reader.read(b"GET /1 HTTP/1.1\r\nHost: h\r\n\r\n")
    second = reader.read(b"GET /2 HTTP/1.1\r\nHost: h\r\n\r\n")
    assert first[3] is second[3]
    assert (first[1], second[1]) == ("/1", "/2")


def test_a_remembered_block_does_not_excuse_the_next_line() -> None:
    reader = RequestHeadReader()
    reader.read(b"GET / HTTP/1.0\r\nA: b\r\n\r\n")
    with pytest.raises(HTTPInputError, match="Missing Host"):
        reader.read(b"GET / HTTP/1.1\r\nA: b\r\n\r\n")


def test_after_a_head_with_a_body_an_upgrade_or_an_error_the_next_is_read_all_the_same() -> None:
    reader = RequestHeadReader()
    for block in (
        b"Content-Length: 5\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Connection: upgrade\r\nUpgrade: websocket\r\n",
        b"Connection: close\r\n",
    ):
        reader.read(b"GET / HTTP/1.1\r\nHost: h\r\n" + block + b"\r\n")
        with pytest.raises(HTTPInputError):
            reader.read(b"GET / HTTP/1.1\r\nHost: h\r\n" + block + b"A\x00: b\r\n\r\n")
        assert reader.read(b"GET / HTTP/1.1\r\nHost: h2\r\nX: " + block[:4] + b"\r\n\r\n")


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"GET /", id="no version"),
        pytest.param(b"GET  / HTTP/1.1", id="two spaces"),
        pytest.param(b"GET /a b HTTP/1.1", id="space in target"),
        pytest.param(b"GET\t/ HTTP/1.1", id="tab"),
        pytest.param(b"G(T / HTTP/1.1", id="method no token"),
        pytest.param(b"GET /\x00 HTTP/1.1", id="NUL"),
        pytest.param(b"GET #a HTTP/1.1", id="fragment alone"),
        pytest.param(b"GET / http/1.1", id="lower case"),
        pytest.param(b"GET / HTTP/1.1 ", id="space at the end"),
        pytest.param(b" GET / HTTP/1.1", id="space at the start"),
    ],
)
def test_rule_1_a_malformed_request_line_is_refused(line: bytes) -> None:
    with pytest.raises(HTTPInputError) as caught:
        read(line, b"Host: h")
    assert caught.value.status == 400


def test_another_major_version_is_refused_with_505() -> None:
    with pytest.raises(HTTPInputError) as caught:
        read(b"GET / HTTP/2.0", b"Host: h")
    assert caught.value.status == 505


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"A : b", id="space before colon"),
        pytest.param(b" folded", id="obs-fold with space"),
        pytest.param(b"\tfolded", id="obs-fold with tab"),
        pytest.param(b"no colon", id="no colon"),
        pytest.param(b": b", id="no name"),
        pytest.param(b"A: b\x00", id="NUL"),
        pytest.param(b"A: b\x0b", id="control"),
        pytest.param(b"A: b\nC: d", id="lone LF"),
        pytest.param(b"A: b\rC: d", id="lone CR"),
        pytest.param(b"A(: b", id="name no token"),
        pytest.param(b"Content-Length: 5", id="second Content-Length, equal"),
        pytest.param(b"Content-Length: 6", id="second Content-Length, unequal"),
        pytest.param(b"Transfer-Encoding: chunked", id="both framings"),
    ],
)
def test_rule_1_a_malformed_or_ambiguous_field_is_refused(line: bytes) -> None:
    with pytest.raises(HTTPInputError):
        fields(b"Content-Length: 5", line)


@pytest.mark.parametrize(
    "value", [b"+5", b"-5", b"5 5", b"5,5", b"0x5", b"5_0", b"", b"5.0", b"\xb25", b"9" * 19]
)
def test_rule_1_a_content_length_that_is_not_digits_is_refused(value: bytes) -> None:
    with pytest.raises(HTTPInputError, match="Content-Length"):
        fields(b"Content-Length: " + value)


@pytest.mark.parametrize(
    "lines",
    [
        [b"Transfer-Encoding: gzip, chunked"],
        [b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"],
        [b"Transfer-Encoding: chunked, chunked"],
        [b"Transfer-Encoding: identity"],
        [b"Transfer-Encoding: chunked;a=b"],
        [b"Transfer-Encoding: \x0bchunked"],
        [b"Transfer-Encoding:"],
    ],
)
def test_rule_1_a_transfer_encoding_other_than_chunked_once_is_refused(lines: list[bytes]) -> None:
    with pytest.raises(HTTPInputError):
        fields(*lines)


@pytest.mark.parametrize(
    "host",
    [
        *[b"a b", b"a/b", b"a@b", b"a:b", b"a,b", b"[::1", b"a\\b", b"<a>", b'"a"', b"a?b"],
        *[b"a:65536", b"a:-1", b"[::::]", b"[]", b"%zz", b"a%", b"a:1:2"],
    ],
)
def test_rule_11_a_host_that_is_none_is_refused(host: bytes) -> None:
    with pytest.raises(HTTPInputError, match="Host"):
        read(b"GET / HTTP/1.1", b"Host: " + host)


@pytest.mark.parametrize("host", [b"a", b"a.b:80", b"[::1]:80", b"127.0.0.1", b"a:", b"a_b-c~%41"])
def test_rule_11_a_host_that_is_one_is_taken(host: bytes) -> None:
    assert read(b"GET / HTTP/1.1", b"Host: " + host)[3].headers["Host"] == host.decode()


def test_rule_11_one_host_and_only_http_1_0_may_leave_it_out() -> None:
    with pytest.raises(HTTPInputError, match="Missing Host"):
        read(b"GET / HTTP/1.1")
    with pytest.raises(HTTPInputError, match="Empty Host"):
        read(b"GET / HTTP/1.1", b"Host:")
    assert read(b"GET / HTTP/1.0", b"Host:")[3].hosts == 0
    with pytest.raises(HTTPInputError, match="Multiple host"):
        read(b"GET / HTTP/1.1", b"Host: a", b"Host: a")
    assert read(b"GET / HTTP/1.0")[2] == "HTTP/1.0"


def test_rule_5_header_fields_have_a_limit_in_number() -> None:
    many = [b"A: b"] * (MAX_HEADER_COUNT - 1)
    assert len(fields(*many).headers.get_list("A")) == MAX_HEADER_COUNT - 1
    with pytest.raises(HTTPInputError, match="MAX_HEADER_COUNT") as caught:
        fields(*many, b"A: b")
    assert caught.value.status == 431


def test_rule_5_what_is_remembered_has_a_limit() -> None:
    reader = RequestHeadReader()
    for number in range(2000):
        head = b"GET / HTTP/1.1\r\nHost: h\r\nA: %d\r\n\r\n" % number
        first = reader.read(head)
        assert reader.read(head) == first
        assert reader.remembered[head] == first
    assert len(reader._blocks) <= 512
    assert len(reader.remembered) <= 512
    reader.read(b"GET / HTTP/1.1\r\nHost: h\r\nA: %b\r\n\r\n" % (b"x" * 3000))
    assert max(map(len, reader._blocks)) < 3000


def test_rule_8_input_is_checked_without_assert_statements() -> None:
    # python -O drops them; what they checked would then come in.
    import ast
    import inspect

    import whirlwind._proto.http1.chunked as chunked
    import whirlwind._proto.http1.request_head as request_head
    import whirlwind._proto.http1.request_target as request_target

    for module in (chunked, request_head, request_target):
        tree = ast.parse(inspect.getsource(module))
        assert not [node for node in ast.walk(tree) if isinstance(node, ast.Assert)]


def test_rule_2_a_connect_is_the_last_request_of_its_connection() -> None:
    reader = RequestHeadReader()
    block = b"Host: h:1\r\nConnection: keep-alive\r\n\r\n"
    for method in (b"CONNECT h:1", b"GET /"):
        for version in (b"1.0", b"1.1"):
            for _ in range(3):  # unknown, a known block, a known head
                head = b"%b HTTP/%b\r\n%b" % (method, version, block)
                found = (reader.remembered.get(head) or reader.read(head))[3]
                closes = method.startswith(b"CONNECT")
                assert (found.close, found.keep_alive) == (closes, not closes)


@pytest.mark.parametrize(
    ("value", "known", "unknown"),
    [
        (b"100-continue", True, None),
        (b" , 100-CONTINUE ,", True, None),
        (b"100-continue, more", True, "more"),
        (b"x=y", False, "x=y"),
    ],
)
def test_an_expectation_that_nobody_knows_is_refused_by_http_1_1_alone(
    value: bytes, known: bool, unknown: str | None
) -> None:
    block = read(b"GET / HTTP/1.0", b"Expect: " + value)[3]
    assert (block.expects_continue, block.unknown_expectation) == (known, unknown)
    if unknown is None:
        return
    with pytest.raises(HTTPInputError, match="expected 100-continue") as caught:
        fields(b"Expect: " + value)
    assert caught.value.status == 417


@pytest.mark.parametrize("version", [b"HTTP/1", b"HTTP/1.10", b"HTTP/01.1", b"HTTP/20", b"HTTP/"])
def test_a_version_of_another_form_is_a_malformed_line(version: bytes) -> None:
    with pytest.raises(HTTPInputError) as caught:
        read(b"GET / " + version, b"Host: h")
    assert caught.value.status == 400


def test_a_target_of_another_form_than_its_method_is_refused() -> None:
    with pytest.raises(HTTPInputError, match="expected a path"):
        read(b"GET * HTTP/1.1", b"Host: h")
    head = b"GET https://h/ HTTP/1.1\r\nHost: h\r\n\r\n"
    assert RequestHeadReader(takes_https=True).read(head)[1] == "https://h/"
    with pytest.raises(HTTPInputError) as caught:
        RequestHeadReader(takes_https=False).read(head)
    assert caught.value.status == 421
