"""Logins by OAuth 2, with a provider, a program and a browser that are all real."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.web.auth.provider import Browser, Provider, body_of, query_of, with_provider

from whirlwind import auth, web


def program(get: Any) -> Any:
    def make(provider: Provider) -> type[web.RequestHandler]:
        class Login(web.RequestHandler, auth.OAuth2Mixin):
            _OAUTH_AUTHORIZE_URL = provider.url + "/authorize?fixed=1"
            _OAUTH_ACCESS_TOKEN_URL = provider.url + "/token"

            async def get(self) -> None:
                try:
                    await get(self)
                except auth.AuthError as error:
                    self.finish({"error": str(error)})

        return Login

    return make


def test_the_user_is_sent_with_what_the_provider_needs_to_know() -> None:
    async def get(self: Any) -> None:
        returned = self.authorize_redirect(
            redirect_uri="http://here/back",
            client_id="i d",
            client_secret="hush",
            extra_params={"state": "s&"},
            scope=["a", "b"],
        )
        assert returned is None

    async def story(provider: Provider, browser: Browser) -> None:
        sent = await browser.get("/")
        assert sent.code == 302
        assert query_of(sent) == {
            "fixed": "1",
            "response_type": "code",
            "redirect_uri": "http://here/back",
            "client_id": "i d",
            "state": "s&",
            "scope": "a b",
        }

    with_provider(program(get), story)


async def with_state(self: Any) -> None:
    if self.request.path == "/back":
        self.check_oauth2_state()
        self.finish({"code": self.get_argument("code")})
    else:
        self.authorize_redirect(extra_params={"state": self.oauth2_state()})


def test_a_login_that_this_browser_began_is_taken_once() -> None:
    async def story(provider: Provider, browser: Browser) -> None:
        state = query_of(await browser.get("/login"))["state"]
        [cookie] = browser.set_cookies
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Max-Age=900" in cookie
        answer = await browser.get(f"/back?code=c&state={state}")
        assert body_of(answer) == {"code": "c"}
        assert browser.cookies == {}
        again = await browser.get(f"/back?code=c&state={state}")
        assert "there is no cookie of a login" in body_of(again)["error"]

    with_provider(program(with_state), story)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "the provider sent no state, and another one was expected"),
        ("&state=guess", "the provider sent state 'guess', and another one was expected"),
    ],
)
def test_a_login_that_another_browser_began_is_refused(query: str, message: str) -> None:
    async def story(provider: Provider, browser: Browser) -> None:
        await browser.get("/login")
        assert body_of(await browser.get(f"/back?code=c{query}")) == {"error": message}
        assert browser.cookies == {}

    with_provider(program(with_state), story)


def test_requests_are_of_the_kind_that_their_arguments_say() -> None:
    async def get(self: Any) -> None:
        service = self.get_argument("service")
        got = await self.oauth2_request(service + "/api?v=1", access_token="t", a="b c")
        form = {"p": "q"}
        posted = await self.oauth2_request(service + "/api", post_args=form, access_token="t")
        empty = await self.oauth2_request(service + "/api", post_args={})
        self.finish({"answers": [got, posted, empty]})

    async def story(provider: Provider, browser: Browser) -> None:
        provider.answers["/api"] = json.dumps([1])
        answer = await browser.get(f"/?service={provider.url}")
        assert body_of(answer) == {"answers": [[1], [1], [1]]}
        assert provider.asked == [
            ("GET", "/api", {"v": "1", "access_token": "t", "a": "b c"}, ""),
            ("POST", "/api", {"access_token": "t"}, "p=q"),
            ("POST", "/api", {}, ""),
        ]

    with_provider(program(get), story)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("junk", "127.0.0.1/api answered b'junk': no JSON"),
        (
            (400, {"error": "invalid_token", "error_description": "it ended"}),
            "HTTP 400: Bad Request from 127.0.0.1/api: invalid_token: it ended",
        ),
    ],
)
def test_what_the_provider_says_instead_is_in_the_error(answer: Any, message: str) -> None:
    async def get(self: Any) -> None:
        await self.oauth2_request(self.get_argument("service") + "/api", access_token="hush")

    async def story(provider: Provider, browser: Browser) -> None:
        provider.answers["/api"] = answer
        assert body_of(await browser.get(f"/?service={provider.url}")) == {"error": message}

    with_provider(program(get), story)


def test_a_callback_may_stand_where_tornado_4_had_it() -> None:
    async def get(self: Any) -> None:
        service = self.get_argument("service")
        self.oauth2_request(service + "/api", self.finish, "token")
        self._auto_finish = False

    async def story(provider: Provider, browser: Browser) -> None:
        provider.answers["/api"] = {"name": "n"}
        assert body_of(await browser.get(f"/?service={provider.url}")) == {"name": "n"}
        assert provider.last()[2] == {"access_token": "token"}

    with_provider(program(get), story)


def test_the_address_of_a_token_holds_what_is_known() -> None:
    async def get(self: Any) -> None:
        url = self._oauth_request_token_url("http://e/cb", "id", "hush", "c", {"z": 1})
        self.finish({"url": url, "bare": self._oauth_request_token_url()})

    async def story(provider: Provider, browser: Browser) -> None:
        answer = body_of(await browser.get("/"))
        query = "redirect_uri=http%3A%2F%2Fe%2Fcb&code=c&client_id=id&client_secret=hush&z=1"
        assert answer == {"url": f"{provider.url}/token?{query}", "bare": f"{provider.url}/token"}

    with_provider(program(get), story)
