"""Logins at Google, for which a local server stands."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import pytest
from tests.web.auth.provider import Browser, Provider, body_of, with_provider

from whirlwind import auth, web


def program(**arguments: Any) -> Any:
    def make(provider: Provider) -> type[web.RequestHandler]:
        provider.answers |= {"/token": {"access_token": "t"}, "/me": {"name": "Foo"}}

        class Login(web.RequestHandler, auth.GoogleOAuth2Mixin):
            _OAUTH_ACCESS_TOKEN_URL = provider.url + "/token"
            _OAUTH_USERINFO_URL = provider.url + "/me"

            async def get(self) -> None:
                try:
                    access = await self.get_authenticated_user(
                        redirect_uri="http://here/back", code="c d", **arguments
                    )
                    token = access["access_token"]
                    user = await self.oauth2_request(self._OAUTH_USERINFO_URL, access_token=token)
                    self.finish({"user": user})
                except auth.AuthError as error:
                    self.finish({"error": str(error)})

        return Login

    return make


@pytest.mark.parametrize(
    ("arguments", "key", "secret"),
    [
        ({}, "gk", "gs"),
        ({"client_id": "k"}, "k", "gs"),
        ({"client_id": "k", "client_secret": "s"}, "k", "s"),
    ],
)
def test_the_code_is_turned_into_a_token_and_that_into_a_user(
    arguments: dict[str, str], key: str, secret: str
) -> None:
    async def story(provider: Provider, browser: Browser) -> None:
        assert body_of(await browser.get("/")) == {"user": {"name": "Foo"}}
        [(method, path, query, form), me] = provider.asked
        assert (method, path, query) == ("POST", "/token", {})
        assert dict(parse_qsl(form)) == {
            "redirect_uri": "http://here/back",
            "code": "c d",
            "client_id": key,
            "client_secret": secret,
            "grant_type": "authorization_code",
        }
        assert me == ("GET", "/me", {"access_token": "t"}, "")

    with_provider(program(**arguments), story, google_oauth={"key": "gk", "secret": "gs"})


def test_a_refused_code_says_why() -> None:
    async def story(provider: Provider, browser: Browser) -> None:
        provider.answers["/token"] = (400, {"error": "invalid_grant"})
        message = "HTTP 400: Bad Request from 127.0.0.1/token: invalid_grant"
        assert body_of(await browser.get("/")) == {"error": message}
        provider.answers["/token"] = "[1]"
        message = "127.0.0.1/token answered b'[1]': no JSON object"
        assert body_of(await browser.get("/")) == {"error": message}

    with_provider(program(), story, google_oauth={"key": "gk", "secret": "gs"})


def test_settings_that_are_missing_are_named(logs: Any) -> None:
    async def story(provider: Provider, browser: Browser) -> None:
        with logs.expect("whirlwind.application", "Uncaught exception"):
            assert b"You must define the 'google_oauth' setting" in (await browser.get("/")).body

    with_provider(program(), story, serve_traceback=True)
