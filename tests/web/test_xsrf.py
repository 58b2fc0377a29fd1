"""XSRF tokens: their two forms without a loop, then requests with and without them."""

from __future__ import annotations

import hmac
import json
import re
from typing import Any

import pytest
from tests.conftest import LogWatch
from tests.support.handlers import Answer, ask, request

from whirlwind import web
from whirlwind._web.xsrf import decode_token, encode_token, token_refusal

NOW = 1_300_000_000
RAW = "61" * 16
COOKIE = f"2|00000000|{RAW}|5"
#: The same token as in COOKIE, under another mask and of another time.
MASKED = f"2|01010101|{'60' * 16}|77"


# --- tokens ---


def test_a_token_of_version_2_is_masked_and_comes_back() -> None:
    token = bytes(range(16))
    written = encode_token(2, token, 5.9, b"\x01\x02\x03\x04")
    assert written == b"2|01020304|0103010705070503090b090f0d0f0d0b|5"
    assert decode_token(written.decode(), NOW) == (2, token, 5)


def test_a_token_of_version_1_is_hexadecimal() -> None:
    assert encode_token(1, b"abc", 5, b"mask") == b"616263"
    assert decode_token("616263", NOW) == (1, b"abc", NOW)


def test_there_is_no_third_version() -> None:
    with pytest.raises(ValueError, match="xsrf_cookie_version is 3: expected 1 or 2"):
        encode_token(3, b"abc", 5, b"mask")


@pytest.mark.parametrize("text", ["abc", "x", "a|b", "|", "0|x", "02|0|61|5", "1000|x", "caf\xe9"])
def test_text_that_is_neither_is_a_token_of_its_own_bytes(text: str) -> None:
    assert decode_token(text, NOW) == (1, text.encode(), NOW)


@pytest.mark.parametrize(
    "text",
    [
        "2|",
        "2|||",
        "2|0|61|5",
        "2|zzzzzzzz|61|5",
        "2|00000000|6|5",
        "2|00000000|61",
        "2|00000000|61|",
        "2|00000000|61|x",
        "2|00000000|61|+5",
        "2|00000000|61|5_0",
        "2|00000000|61|5\n",
        "2|00000000|6 1|5",
        "2|00000000|61|\u0665",
        "2|00000000|61|" + "9" * 5000,
        "2|0000000000|61|5",
        "2|00000000|61|5|",
        "1|61",
        "3|00000000|61|5",
        "999|x",
    ],
)
def test_what_calls_itself_versioned_and_is_not_is_no_token(text: str) -> None:
    assert decode_token(text, NOW) == (None, None, None)


def test_a_lone_surrogate_is_no_error() -> None:
    assert decode_token("\udc80", NOW)[0] == 1


def test_rule_13_tokens_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[bytes, bytes]] = []

    def compared(a: bytes, b: bytes) -> bool:
        calls.append((a, b))
        return a == b

    monkeypatch.setattr(hmac, "compare_digest", compared)
    assert token_refusal(b"a", b"b") == "XSRF cookie does not match POST argument"
    assert token_refusal(b"a", b"a") is None
    assert calls == [(b"a", b"b"), (b"a", b"a")]
    assert token_refusal(None, b"a") == token_refusal(b"", b"") != None  # noqa: E711


# --- requests ---


class Page(web.RequestHandler):
    def get(self) -> None:
        self.write({"token": self.xsrf_token.decode(), "form": self.xsrf_form_html()})

    def post(self) -> None:
        self.write("changed")

    put = delete = patch = options = post


class User(Page):
    def get_current_user(self) -> str:
        return "ada"


def page(*lines: str, **settings: Any) -> tuple[dict[str, str], Answer]:
    handler = settings.pop("handler", Page)
    settings.setdefault("xsrf_cookies", True)
    [answer] = ask(handler, request("/", *lines), **settings)
    return json.loads(answer.body), answer


def change(
    *lines: str, path: str = "/", method: str = "POST", body: str = "", **settings: Any
) -> int:
    settings.setdefault("xsrf_cookies", True)
    if body:
        lines += ("Content-Type: application/x-www-form-urlencoded",)
    wire = request(path, *lines, method=method, body=body.encode())
    [answer] = ask(settings.pop("handler", Page), wire, **settings)
    return answer.status


def test_a_page_sets_the_cookie_once_and_shows_the_token() -> None:
    seen, answer = page()
    [cookie] = answer.cookies()
    assert re.fullmatch(r"_xsrf=2\|[0-9a-f]{8}\|[0-9a-f]{32}\|[0-9]{10}; Path=/", cookie)
    assert cookie == f"_xsrf={seen['token']}; Path=/"
    assert seen["form"] == f'<input type="hidden" name="_xsrf" value="{seen["token"]}"/>'
    again, answer = page(f"Cookie: _xsrf={seen['token']}")
    assert answer.cookies() == []
    assert again["token"] != seen["token"]


def test_the_token_is_masked_freshly_for_each_answer() -> None:
    """The advisory of 3.2.2 (BREACH): no two pages show the same bytes for the same token."""
    shown = {page(f"Cookie: _xsrf={COOKIE}")[0]["token"] for _ in range(5)}
    assert len(shown) == 5
    assert {decode_token(text, NOW) for text in shown} == {(2, b"a" * 16, 5)}
    assert not any(RAW in text for text in shown)


def test_tokens_of_two_clients_differ() -> None:
    tokens = {decode_token(page()[0]["token"], NOW)[1] for _ in range(5)}
    assert len(tokens) == 5


@pytest.mark.parametrize("given", [COOKIE, MASKED, RAW])
@pytest.mark.parametrize("cookie", [COOKIE, MASKED, RAW])
def test_a_request_that_repeats_its_cookie_is_let_through(given: str, cookie: str) -> None:
    field = f"Cookie: _xsrf={cookie}"
    assert change(field, body=f"_xsrf={given}") == 200
    assert change(field, path=f"/?_xsrf={given}") == 200
    for header in ("X-XSRFToken", "X-CSRFToken", "X-Csrftoken"):
        assert change(field, f"{header}: {given}") == 200


def test_what_comes_without_or_with_another_token_is_refused(logs: LogWatch) -> None:
    other = f"2|00000000|{'62' * 16}|5"
    for lines, reason in [
        ((), "'_xsrf' argument missing from POST"),
        ((f"Cookie: _xsrf={COOKIE}",), "'_xsrf' argument missing from POST"),
        ((f"X-XSRFToken: {COOKIE}",), "XSRF cookie does not match POST argument"),
        ((f"Cookie: _xsrf={COOKIE}", f"X-XSRFToken: {other}"), "does not match"),
        ((f"Cookie: _xsrf={COOKIE}", f"X-XSRFToken: {MASKED[:-4]}"), "has invalid format"),
        ((f"Cookie: _xsrf={COOKIE}", "X-XSRFToken: 2|00000000||5"), "has invalid format"),
        (("Cookie: _xsrf=2|00000000||5", "X-XSRFToken: 2|00000000||5"), "has invalid format"),
        (("Cookie: _xsrf=2|", "X-XSRFToken: 2|"), "has invalid format"),
        (("Cookie: _xsrf=2|", "X-XSRFToken: x"), "does not match"),
        ((f"Cookie: other={COOKIE}", f"X-XSRFToken: {COOKIE}"), "does not match"),
    ]:
        with logs.expect("whirlwind.general", f"^403 POST .*{reason}"):
            assert change(*lines) == 403


def test_the_argument_counts_before_the_headers(logs: LogWatch) -> None:
    lines = (f"Cookie: _xsrf={COOKIE}", f"X-XSRFToken: {COOKIE}")
    with logs.expect("whirlwind.general", "does not match"):
        assert change(*lines, path="/?_xsrf=bad") == 403
    assert change(*lines, body="_xsrf=") == 200


def test_no_header_alone_exempts_a_request(logs: LogWatch) -> None:
    """The advisory of 1.1.1: ``X-Requested-With`` can be forged by plugins."""
    for header in ("X-Requested-With: XMLHttpRequest", "Origin: http://h", "Referer: http://h/"):
        with logs.expect("whirlwind.general", "missing from POST"):
            assert change(header) == 403


def test_a_neighbours_cookie_cannot_set_the_token(logs: LogWatch) -> None:
    """The advisory of 4.4.2: only a semicolon divides cookies, as browsers have it."""
    for cookie in (f'_xsrf={RAW}; x="a, _xsrf=bad"', f"x=a _xsrf=bad, _xsrf=bad; _xsrf={RAW}"):
        assert change(f"Cookie: {cookie}", f"X-XSRFToken: {RAW}") == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_every_method_that_changes_things_needs_a_token(method: str, logs: LogWatch) -> None:
    with logs.expect("whirlwind.general", "missing from POST"):
        assert change(method=method) == 403
    assert change(method=method, xsrf_cookies=False) == 200


def test_reading_needs_no_token() -> None:
    assert change(method="OPTIONS") == 200
    assert page()[1].status == 200


def test_a_wrong_address_says_404_and_not_403() -> None:
    [answer] = ask(Page, request("/nowhere", method="POST"), xsrf_cookies=True, pattern="/")
    assert answer.status == 404


def test_a_token_that_is_no_utf_8_is_a_400(logs: LogWatch) -> None:
    with logs.expect("whirlwind.general", "Invalid unicode in _xsrf"):
        assert change(f"Cookie: _xsrf={COOKIE}", path="/?_xsrf=%FF") == 400


def test_the_cookie_may_have_another_name_and_the_argument_keeps_its_own() -> None:
    seen, answer = page(xsrf_cookie_name="mine")
    assert answer.cookies() == [f"mine={seen['token']}; Path=/"]
    cookie = f"Cookie: mine={COOKIE}"
    assert change(cookie, body=f"_xsrf={MASKED}", xsrf_cookie_name="mine") == 200


def test_the_cookie_may_have_attributes_which_stay_as_they_were_set() -> None:
    attributes: dict[str, Any] = {"httponly": True, "samesite": "Strict"}
    for handler, lasting in ((User, True), (Page, False)):
        _, answer = page(handler=handler, xsrf_cookie_kwargs=attributes)
        [cookie] = answer.cookies()
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert ("expires=" in cookie) is lasting
    assert attributes == {"httponly": True, "samesite": "Strict"}
    _, answer = page(handler=User, xsrf_cookie_kwargs={"expires_days": None})
    assert "expires=" not in answer.cookies()[0]


def test_version_1_shows_the_token_as_it_is() -> None:
    seen, answer = page(xsrf_cookie_version=1)
    assert re.fullmatch("[0-9a-f]{32}", seen["token"])
    assert answer.cookies() == [f"_xsrf={seen['token']}; Path=/"]
    assert page(f"Cookie: _xsrf={COOKIE}", xsrf_cookie_version=1)[0]["token"] == RAW
    assert page(f"Cookie: _xsrf={RAW}", xsrf_cookie_version=1)[0]["token"] == RAW


def test_a_cookie_that_is_no_token_is_replaced() -> None:
    for cookie in ("", "2|", "3|x|y|z"):
        _, answer = page(f"Cookie: _xsrf={cookie}")
        assert len(answer.cookies()) == 1


def test_programs_replace_the_parts() -> None:
    """jupyterhub and streamlit bring tokens of their own, under the names that Tornado has."""

    class Own(Page):
        def _get_raw_xsrf_token(self) -> tuple[int | None, bytes, float]:
            return 2, b"own-token", 5.0

    class Fixed(Page):
        def prepare(self) -> None:
            self._xsrf_token = b"fixed"

    class Decoded(Page):
        def _decode_xsrf_token(self, cookie: str) -> Any:
            return 1, cookie.upper().encode(), 5

    class Exempt(Page):
        def check_xsrf_cookie(self) -> None:
            pass

    assert decode_token(page(handler=Own)[0]["token"], NOW) == (2, b"own-token", 5)
    assert page(handler=Fixed)[0]["token"] == "fixed"
    assert change("Cookie: _xsrf=abc", "X-XSRFToken: ABC", handler=Decoded) == 200
    assert change(handler=Exempt) == 200


def test_requests_without_these_settings_never_ask() -> None:
    class Handler(Page):
        def check_xsrf_cookie(self) -> None:
            raise AssertionError("asked")

        def check_trusted_origin(self, origin: str) -> bool:
            raise AssertionError("asked")

    lines = ("Sec-Fetch-Site: cross-site", "Origin: http://elsewhere")
    assert change(*lines, handler=Handler, xsrf_cookies=False) == 200
