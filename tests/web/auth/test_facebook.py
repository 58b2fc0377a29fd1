"""Logins at Facebook, for which a local server stands."""

from __future__ import annotations

import json
from typing import Any

from tests.web.auth.provider import Browser, Provider, body_of, with_provider

from whirlwind import auth, web
from whirlwind._web.auth.facebook import proof_of_secret


def make(provider: Provider) -> type[web.RequestHandler]:
    provider.answers |= {
        "/token": {"access_token": "t", "expires_in": 3600},
        "/me": {"id": "1", "name": "Foo", "email": "f@b"},
        "/me/feed": {"id": "post"},
    }

    class Login(web.RequestHandler, auth.FacebookGraphMixin):
        _OAUTH_ACCESS_TOKEN_URL = provider.url + "/token?"
        _FACEBOOK_BASE_URL = provider.url

        async def get(self) -> None:
            try:
                if self.request.path == "/post":
                    form = {"message": "hi"}
                    answer = await self.facebook_request("/me/feed", "t", post_args=form, a="b")
                    self.finish(answer)
                    return
                user = await self.get_authenticated_user(
                    "http://here/back", "id", "hush", "c", extra_fields={"email"}
                )
                self.finish({"user": user})
            except auth.AuthError as error:
                self.finish({"error": str(error)})

    return Login


def test_the_code_is_turned_into_a_user() -> None:
    async def story(provider: Provider, browser: Browser) -> None:
        assert body_of(await browser.get("/"))["user"] == {
            "id": "1",
            "name": "Foo",
            "first_name": None,
            "last_name": None,
            "locale": None,
            "picture": None,
            "link": None,
            "email": "f@b",
            "access_token": "t",
            "session_expires": "3600",
        }
        [(_, _, token, _), (_, _, me, _)] = provider.asked
        assert token == {
            "redirect_uri": "http://here/back",
            "code": "c",
            "client_id": "id",
            "client_secret": "hush",
        }
        assert me["fields"] == "id,name,first_name,last_name,locale,picture,link,email"
        assert me["appsecret_proof"] == proof_of_secret("t", "hush")

    with_provider(make, story)


def test_the_proof_is_an_hmac_sha256_of_the_token() -> None:
    # RFC 4231, test case 2.
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert proof_of_secret("what do ya want for nothing?", "Jefe") == expected


def test_no_user_is_none_and_no_token_an_error() -> None:
    async def story(provider: Provider, browser: Browser) -> None:
        provider.answers["/me"] = "null"
        assert body_of(await browser.get("/")) == {"user": None}
        provider.answers["/token"] = json.dumps({"expires_in": 1})
        message = "Facebook answered without an access_token: ['expires_in']"
        assert body_of(await browser.get("/")) == {"error": message}

    with_provider(make, story)


def test_requests_go_to_the_graph() -> None:
    async def story(provider: Provider, browser: Browser) -> None:
        assert body_of(await browser.get("/post")) == {"id": "post"}
        expected: Any = ("POST", "/me/feed", {"access_token": "t", "a": "b"}, "message=hi")
        assert provider.last() == expected

    with_provider(make, story)
