"""Logins at Twitter, for which a local server stands."""

from __future__ import annotations

from typing import Any

import pytest
from tests.web.auth.provider import Browser, Provider, body_of, query_of, with_provider

from whirlwind import auth, web
from whirlwind._web.auth.signature import base_string, sign

SETTINGS = {"twitter_consumer_key": "tk", "twitter_consumer_secret": "ts"}


def program(get: Any) -> Any:
    def make(provider: Provider) -> type[web.RequestHandler]:
        provider.answers |= {
            "/request": "oauth_token=r&oauth_token_secret=rs",
            "/access": "oauth_token=a&oauth_token_secret=as",
            "/1.1/account/verify_credentials.json": {"name": "Foo", "screen_name": "foo"},
            "/1.1/statuses/update.json": {"id": 1},
            "/upload.json": {"id": 2},
        }

        class Login(web.RequestHandler, auth.TwitterMixin):
            _OAUTH_REQUEST_TOKEN_URL = provider.url + "/request"
            _OAUTH_ACCESS_TOKEN_URL = provider.url + "/access"
            _OAUTH_AUTHORIZE_URL = provider.url + "/authorize"
            _OAUTH_AUTHENTICATE_URL = provider.url + "/authenticate"
            _TWITTER_BASE_URL = provider.url + "/1.1"

            async def get(self) -> None:
                await get(self)

        return Login

    return make


async def login(self: Any) -> None:
    if self.request.path == "/back":
        self.finish(await self.get_authenticated_user())
    elif self.request.path == "/authenticate":
        await self.authenticate_redirect("/back")
    else:
        await self.authorize_redirect("/back")


@pytest.mark.parametrize("path", ["/authenticate", "/authorize"])
def test_a_user_goes_to_twitter_and_comes_back(path: str) -> None:
    async def story(provider: Provider, browser: Browser) -> None:
        sent = await browser.get(path)
        assert provider.last()[2]["oauth_callback"] == browser.url + "/back"
        assert sent.headers["Location"].startswith(f"{provider.url}{path}?oauth_token=r")
        assert query_of(sent)["oauth_token"] == "r"
        assert body_of(await browser.get("/back?oauth_token=r&oauth_verifier=v")) == {
            "name": "Foo",
            "screen_name": "foo",
            "username": "foo",
            "access_token": {"key": "a", "secret": "as"},
        }

    with_provider(program(login), story, **SETTINGS)


async def ask(self: Any) -> None:
    token = {"key": "a", "secret": "as"}
    service = self.get_argument("service")
    posted = await self.twitter_request("/statuses/update", token, post_args={"s": "h i"}, x="1")
    await self.twitter_request(service + "/upload.json", access_token=token)
    await self.twitter_request(service + "/upload.json", None, a="b")
    self.finish(posted)


def test_requests_are_signed_with_query_and_form() -> None:
    async def story(provider: Provider, browser: Browser) -> None:
        assert body_of(await browser.get(f"/?service={provider.url}")) == {"id": 1}
        [posted, whole, unsigned] = provider.asked
        method, path, query, form = posted
        assert (method, path, form) == ("POST", "/1.1/statuses/update.json", "s=h+i")
        signature = query.pop("oauth_signature")
        base = base_string("POST", provider.url + path, [*query.items(), ("s", "h i")])
        assert sign(base, "ts", "as") == signature
        assert query["x"] == "1"
        assert whole[:2] == ("GET", "/upload.json")
        assert unsigned[2] == {"a": "b"}

    with_provider(program(ask), story, **SETTINGS)


def test_errors_are_of_both_kinds_that_programs_catch() -> None:
    async def get(self: Any) -> None:
        try:
            await self.twitter_request("/nothing", {"key": "a", "secret": "as"})
        except auth.AuthError as error:
            self.finish({"code": error.code})  # type: ignore[attr-defined]

    async def story(provider: Provider, browser: Browser) -> None:
        assert body_of(await browser.get("/")) == {"code": 404}

    with_provider(program(get), story, **SETTINGS)


def test_settings_that_are_missing_are_named(logs: Any) -> None:
    async def story(provider: Provider, browser: Browser) -> None:
        with logs.expect("whirlwind.application", "Uncaught exception"):
            answer = await browser.get("/")
        assert b"You must define the 'twitter_consumer_secret' setting" in answer.body

    settings = {"twitter_consumer_key": "tk", "serve_traceback": True}
    with_provider(program(login), story, **settings)
