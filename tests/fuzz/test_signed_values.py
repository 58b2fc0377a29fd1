"""What strangers may put into cookies: signed values, tokens against XSRF, the Cookie field itself.

The examples are the same in each run (``derandomize``), and few enough for every run.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from http.cookies import CookieError

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from whirlwind._http.messages import HTTPServerRequest
from whirlwind._proto.http.cookies import parse_cookie, unquote_cookie
from whirlwind._proto.http.headers import HTTPHeaders
from whirlwind._web.origins import is_origin_of, origin_refusal
from whirlwind._web.response_cookies import make_cookie
from whirlwind._web.signed_values import (
    create_signed_value,
    decode_signed_value,
    get_signature_key_version,
)
from whirlwind._web.xsrf import decode_token, encode_token

NOW = 1_300_000_000
SECRETS: list[str | dict[int, str]] = ["secret", {0: "secret", 7: "another"}]

bounded = settings(max_examples=300, derandomize=True, deadline=None, database=None)

# What looks like a signed value and is none: pieces of real ones in any order.
pieces = st.lists(
    st.one_of(
        st.sampled_from(["2|", "1|", "|", ":", "1:0|", "10:1300000000|", "1:k|", "4:dg==|", "="]),
        st.sampled_from(["dg==|1300000000|", "999|", "-", "+", "\0", "\udc80", "\xe9"]),
        st.integers(-5, 10**20).map(str),
        st.text(max_size=5),
    ),
    max_size=12,
).map("".join)


@pytest.fixture(autouse=True, scope="module")
def no_warnings() -> Iterator[None]:
    """One line for each value that is not ours is right, and not what is looked at here."""
    logger = logging.getLogger("whirlwind.general")
    logger.setLevel(logging.ERROR)
    yield
    logger.setLevel(logging.NOTSET)


@bounded
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200), pieces))
@example("2|1:0|10:1300000000|1:k|4:dg==|")
@example("2|" + "9" * 5000 + ":")
def test_no_value_that_a_client_makes_up_is_read_or_raises(value: str | bytes) -> None:
    for secret in SECRETS:
        assert decode_signed_value(secret, "k", value, clock=lambda: NOW) is None
    key_version = get_signature_key_version(value)
    assert key_version is None or isinstance(key_version, int)


@bounded
@given(
    value=st.binary(max_size=100),
    name=st.text("abcXYZ_-\xe9|:0123", min_size=1, max_size=20),
    version=st.sampled_from([1, 2]),
    place=st.integers(0, 10_000),
    byte=st.integers(0, 255),
)
def test_what_we_sign_comes_back_and_one_changed_byte_spoils_it(
    value: bytes, name: str, version: int, place: int, byte: int
) -> None:
    wire = create_signed_value("secret", name, value, version=version, clock=lambda: NOW)

    def read(sent: bytes) -> bytes | None:
        return decode_signed_value("secret", name, sent, clock=lambda: NOW)

    assert read(wire) == value
    place %= len(wire)
    changed = wire[:place] + bytes([byte]) + wire[place + 1 :]
    if changed != wire:
        assert read(changed) is None
    assert read(wire[:place]) is None


@bounded
@given(
    st.binary(min_size=1, max_size=60), st.binary(min_size=4, max_size=4), st.integers(0, 10**12)
)
def test_tokens_come_back_under_every_mask(token: bytes, mask: bytes, stamp: int) -> None:
    written = encode_token(2, token, stamp, mask).decode()
    assert decode_token(written, NOW) == (2, token, stamp)
    assert decode_token(encode_token(1, token, stamp, mask).decode(), NOW) == (1, token, NOW)


@bounded
@given(st.one_of(st.text(max_size=100), pieces))
def test_tokens_that_a_client_makes_up_do_not_raise(text: str) -> None:
    version, token, stamp = decode_token(text, NOW)
    assert (version is None) == (token is None) == (stamp is None)


@bounded
@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=30))
def test_origins_do_not_raise_and_belong_to_one_host(site: str, origin: str, host: str) -> None:
    assert origin_refusal(site, origin, host, lambda _: False) is None or site not in (
        "same-origin",
        "none",
    )
    if is_origin_of(origin, "h.example"):
        assert origin.partition("://")[2].lower().startswith("h.example")


# --- the Cookie field ---

cookie_text = st.one_of(
    st.text(st.characters(max_codepoint=255), max_size=100),
    st.lists(
        st.sampled_from(['"', "\\", ";", "=", ",", " ", "\\073", "a", "b=c", "_xsrf=1", "\\377"]),
        max_size=20,
    ).map("".join),
)


@bounded
@given(cookie_text)
def test_only_semicolons_divide_cookies(text: str) -> None:
    cookies = parse_cookie(text)
    assert len(cookies) <= text.count(";") + 1
    for name in cookies:
        assert not {";", "="} & set(name)
    # Whatever stands in one pair, the pairs beside it stay what they are.
    assert parse_cookie(f"first=1;{text};last=2") == {"first": "1"} | cookies | {"last": "2"} | (
        {"first": cookies["first"]} if "first" in cookies else {}
    )


@bounded
@given(cookie_text)
def test_a_request_keeps_the_cookies_beside_one_that_is_broken(text: str) -> None:
    header = f"first=1;{text};last=2"
    try:
        headers = HTTPHeaders({"Cookie": header})
    except ValueError:
        return  # no server takes it in
    cookies = HTTPServerRequest("GET", "/", headers=headers).cookies
    assert cookies["last"].value == "2"
    assert "first" in cookies


@bounded
@given(st.text(max_size=60))
def test_unquoting_undoes_what_we_write(text: str) -> None:
    try:
        jar = make_cookie("a", text, {})
    except (CookieError, UnicodeEncodeError):
        return
    written = jar["a"].OutputString().removeprefix("a=")
    assert not {";", "\r", "\n", "\0"} & set(written)
    if text.isascii():
        assert unquote_cookie(written) == text


@bounded
@given(
    st.text(max_size=30),
    st.text(max_size=30),
    st.sampled_from(["domain", "path", "samesite", "comment", "expires", "Max_Age", "Path"]),
    st.text(max_size=30),
)
@example("a", "b", "path", "/; Domain=evil")
def test_what_is_set_is_one_cookie_with_the_attributes_that_were_meant(
    name: str, value: str, key: str, attribute: str
) -> None:
    try:
        jar = make_cookie(name, value, {key: attribute})
    except CookieError:
        return
    written = jar[name].OutputString()
    assert written.count(";") <= 1
    assert not any(ord(c) < 0x20 or c == "\x7f" for c in written)
