"""Logins by OAuth 1, with a provider, a program and a browser that are all real."""

from __future__ import annotations

from typing import Any

import pytest
from tests.web.auth.provider import Browser, Provider, body_of, query_of, with_provider

from whirlwind import auth, gen, web
from whirlwind._web.auth.signature import base_string, sign

TOKEN = "oauth_token=request+token&oauth_token_secret=request+secret"
ACCESS = "oauth_token=access&oauth_token_secret=access+secret&user_id=7"


def program(provider: Provider, **members: Any) -> type[web.RequestHandler]:
    """A program that a provider knows as ``key`` with the secret ``se&cret``."""

    class Login(web.RequestHandler, auth.OAuthMixin):
        _OAUTH_REQUEST_TOKEN_URL = provider.url + "/request?fixed=1"
        _OAUTH_AUTHORIZE_URL = provider.url + "/authorize?fixed=1"
        _OAUTH_ACCESS_TOKEN_URL = provider.url + "/access"

        def _oauth_consumer_token(self) -> dict[str, Any]:
            return {"key": "key", "secret": "se&cret"}

        async def _oauth_get_user_future(self, access_token: dict[str, Any]) -> dict[str, Any]:
            return {"id": access_token["user_id"]}

        async def get(self) -> None:
            try:
                if self.request.path == "/back":
                    self.finish(await self.get_authenticated_user())
                else:
                    await self.authorize_redirect(self.get_argument("callback", None))
            except auth.AuthError as error:
                self.finish({"error": str(error)})

    for name, value in members.items():
        setattr(Login, name, value)
    provider.answers |= {"/request": TOKEN, "/access": ACCESS}
    return Login


def check_signature(provider: Provider, token_secret: str) -> None:
    """Do what a provider does: sign what came, and compare."""
    method, path, query, _ = provider.last()
    signature = query.pop("oauth_signature")
    base = base_string(method, provider.url + path, query.items())
    assert sign(base, "se&cret", token_secret) == signature


def test_a_user_goes_to_the_provider_and_comes_back() -> None:
    async def story(provider: Provider, browser: Browser) -> None:
        sent = await browser.get("/login?callback=/back")
        _, _, asked, _ = provider.last()
        assert asked["fixed"] == "1"
        assert asked["oauth_consumer_key"] == "key"
        assert asked["oauth_callback"] == browser.url + "/back"
        assert asked["oauth_version"] == "1.0"
        check_signature(provider, "")
        assert sent.code == 302
        assert sent.headers["Location"].startswith(provider.url + "/authorize?fixed=1&")
        assert query_of(sent)["oauth_token"] == "request token"

        user = await browser.get("/back?oauth_token=request%20token&oauth_verifier=v")
        _, _, asked, _ = provider.last()
        assert (asked["oauth_token"], asked["oauth_verifier"]) == ("request token", "v")
        check_signature(provider, "request secret")
        token = {"key": "access", "secret": "access secret", "user_id": "7"}
        assert body_of(user) == {"id": "7", "access_token": token}

    with_provider(program, story)


def test_the_request_token_is_for_one_try_and_kept_from_scripts() -> None:
    async def story(provider: Provider, browser: Browser) -> None:
        await browser.get("/login")
        [cookie] = browser.set_cookies
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Secure" not in cookie  # this server is no https one
        assert "_oauth_request_token" in browser.cookies
        await browser.get("/back?oauth_token=request%20token")
        assert browser.cookies == {}
        again = await browser.get("/back?oauth_token=request%20token")
        assert body_of(again) == {"error": "Missing OAuth request token cookie"}

    with_provider(program, story)


def test_the_cookie_goes_over_tls_only_where_there_is_tls() -> None:
    def over_tls(handler: web.RequestHandler) -> None:
        handler.request.protocol = "https"

    async def story(provider: Provider, browser: Browser) -> None:
        await browser.get("/login")
        assert "Secure" in browser.set_cookies[0]

    with_provider(lambda provider: program(provider, prepare=over_tls), story)


def test_a_token_of_another_login_is_refused_and_the_cookie_cleared() -> None:
    async def story(provider: Provider, browser: Browser) -> None:
        await browser.get("/login")
        answer = await browser.get("/back?oauth_token=other")
        assert body_of(answer) == {"error": "Request token does not match cookie: 'other'"}
        assert browser.cookies == {}
        assert [path for _, path, _, _ in provider.asked] == ["/request"]

    with_provider(program, story)


def test_a_request_that_no_provider_sent_is_a_bad_request(logs: Any) -> None:
    async def story(provider: Provider, browser: Browser) -> None:
        with logs.expect("whirlwind.general", "Missing argument oauth_token"):
            assert (await browser.get("/back")).code == 400

    with_provider(program, story)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("junk", "the provider answered b'junk': no oauth_token"),
        ((401, "go away"), "HTTP 401: Unauthorized from 127.0.0.1/request: b'go away'"),
    ],
)
def test_what_the_provider_says_instead_of_a_token_is_in_the_error(
    answer: Any, message: str
) -> None:
    async def story(provider: Provider, browser: Browser) -> None:
        provider.answers["/request"] = answer
        assert body_of(await browser.get("/login")) == {"error": message}

    with_provider(program, story)


def test_a_program_without_a_page_is_told_the_address() -> None:
    async def story(provider: Provider, browser: Browser) -> None:
        answer = await browser.get("/login?callback=oob")
        assert provider.last()[2]["oauth_callback"] == "oob"
        there = f"{provider.url}/authorize?fixed=1&oauth_token=request+token"
        assert answer.body.decode() == there

    with_provider(program, story)


def test_version_1_0_gives_the_callback_with_the_user() -> None:
    async def story(provider: Provider, browser: Browser) -> None:
        sent = await browser.get("/login?callback=/back")
        assert "oauth_callback" not in provider.last()[2]
        assert query_of(sent)["oauth_callback"] == browser.url + "/back"

    with_provider(lambda provider: program(provider, _OAUTH_VERSION="1.0"), story)


def test_a_provider_without_callbacks_is_asked_for_none() -> None:
    async def story(provider: Provider, browser: Browser) -> None:
        answer = body_of(await browser.get("/login?callback=/back"))
        assert "does not support oauth_callback" in answer["error"]
        assert provider.asked == []

    with_provider(lambda provider: program(provider, _OAUTH_NO_CALLBACKS=True), story)


def test_a_user_that_is_nobody_is_an_error() -> None:
    async def nobody(self: Any, access_token: dict[str, Any]) -> None:
        return None

    async def story(provider: Provider, browser: Browser) -> None:
        await browser.get("/login")
        answer = await browser.get("/back?oauth_token=request%20token")
        assert body_of(answer)["error"].startswith("Error getting user")

    with_provider(lambda p: program(p, _oauth_get_user_future=nobody), story)


def test_the_user_may_be_found_as_tornado_4_had_it() -> None:
    def get_user(self: Any, access_token: dict[str, Any], callback: Any) -> None:
        callback({"name": "old " + access_token["key"]})

    async def story(provider: Provider, browser: Browser) -> None:
        await browser.get("/login")
        answer = await browser.get("/back?oauth_token=request%20token")
        assert body_of(answer)["name"] == "old access"

    def old(provider: Provider) -> type[web.RequestHandler]:
        login = program(provider, _oauth_get_user=get_user)
        del login._oauth_get_user_future  # type: ignore[attr-defined]
        return login

    with_provider(old, story)


def test_the_user_may_be_found_by_a_gen_coroutine() -> None:
    @gen.coroutine
    def get_user(self: Any, access_token: dict[str, Any]) -> Any:
        yield gen.moment
        return {"name": access_token["key"]}

    async def story(provider: Provider, browser: Browser) -> None:
        await browser.get("/login")
        answer = await browser.get("/back?oauth_token=request%20token")
        assert body_of(answer)["name"] == "access"

    with_provider(lambda p: program(p, _oauth_get_user_future=get_user), story)


def test_request_parameters_sign_the_request_s_own_ones_too() -> None:
    async def get(self: Any) -> None:
        token = {"key": "access", "secret": "access secret"}
        url = "http://api.example/x?q=1"
        own = {"a": "b c", "n": 7}
        self.finish(self._oauth_request_parameters(url, token, own, method="POST"))

    async def story(provider: Provider, browser: Browser) -> None:
        first = body_of(await browser.get("/"))
        second = body_of(await browser.get("/"))
        assert first["oauth_nonce"] != second["oauth_nonce"]
        assert len(first["oauth_nonce"]) == 32
        assert "a" not in first
        signature = first.pop("oauth_signature")
        pairs = [*first.items(), ("a", "b c"), ("n", "7")]
        base = base_string("POST", "http://api.example/x?q=1", pairs)
        assert sign(base, "se&cret", "access secret") == signature

    with_provider(lambda provider: program(provider, get=get), story)


def test_callbacks_of_tornado_4_get_the_user() -> None:
    @web.asynchronous
    def get(self: Any) -> None:
        if self.request.path == "/back":
            self.get_authenticated_user(self.async_callback)
        else:
            self.authorize_redirect("/back", callback=lambda nothing: None)

    def async_callback(self: Any, user: Any) -> None:
        self.finish(user or "nobody")

    async def story(provider: Provider, browser: Browser) -> None:
        assert (await browser.get("/login")).code == 302
        answer = await browser.get("/back?oauth_token=request%20token")
        assert body_of(answer)["id"] == "7"

    with_provider(lambda p: program(p, get=get, async_callback=async_callback), story)
