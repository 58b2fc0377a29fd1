"""Tokens of OAuth 1 in answers and cookies."""

from __future__ import annotations

import pytest

from whirlwind._web.auth.errors import AuthError
from whirlwind._web.auth.request_token import cookie_of, token_from_cookie, token_of


def test_a_token_is_read_with_all_that_came_beside_it() -> None:
    body = b"oauth_token=k+1&oauth_token_secret=s%26&user_id=7&key=other"
    assert token_of(body) == {"key": "k 1", "secret": "s&", "user_id": "7"}


def test_a_secret_may_be_empty() -> None:
    assert token_of(b"oauth_token=k&oauth_token_secret=") == {"key": "k", "secret": ""}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "answered b'': no oauth_token$"),
        (b"junk", "answered b'junk': no oauth_token$"),
        (b"oauth_token=&oauth_token_secret=s", "no oauth_token$"),
        (b"oauth_token=k", "no oauth_token_secret$"),
        (b"oauth_token=%ff&oauth_token_secret=s", "no token$"),
        (b"x" * 100, f"answered b'{'x' * 40}': "),
    ],
)
def test_an_answer_without_a_token_is_refused_with_what_it_was(body: bytes, message: str) -> None:
    with pytest.raises(AuthError, match=message):
        token_of(body)


def test_a_token_survives_its_cookie() -> None:
    token = {"key": "k|é", "secret": b"s="}
    assert token_from_cookie(cookie_of(token), "k|é") == {"key": "k|é", "secret": "s="}
    assert cookie_of({"key": "zxcv", "secret": "1234"}) == "enhjdg==|MTIzNA=="


def test_a_token_of_another_login_is_refused_without_naming_the_right_one() -> None:
    cookie = cookie_of({"key": "held", "secret": "s"})
    with pytest.raises(AuthError, match=r"does not match cookie: 'other'$"):
        token_from_cookie(cookie, "other")


@pytest.mark.parametrize(
    "cookie", ["", "eA==", "eA==|eA==|eA==", "%%|eA==", "eA|eA==", "/w==|eA=="]
)
def test_a_damaged_cookie_is_refused(cookie: str) -> None:
    with pytest.raises(AuthError, match="cookie is damaged"):
        token_from_cookie(cookie, "x")
