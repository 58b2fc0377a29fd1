"""Logins by OpenID 2, with a provider, a program and a browser that are all real."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode

from tests.web.auth.provider import Browser, Provider, body_of, query_of, with_provider

from whirlwind import auth, web


def make(provider: Provider) -> type[web.RequestHandler]:
    class Login(web.RequestHandler, auth.OpenIdMixin):
        _OPENID_ENDPOINT = provider.url + "/openid?fixed=1"

        async def get(self) -> None:
            try:
                if self.get_argument("openid.mode", None):
                    self.finish(await self.get_authenticated_user())
                else:
                    self.authenticate_redirect(ax_attrs=["email"])
            except auth.AuthError as error:
                self.finish({"error": str(error)})

        async def post(self) -> None:
            self.finish(self._openid_args("http://here/x", oauth_scope="sc"))

    provider.answers["/openid"] = "is_valid:true\n"
    return Login


ASSERTION = {
    "openid.mode": "id_res",
    "openid.claimed_id": "http://me",
    "openid.ns.ax": "http://openid.net/srv/ax/1.0",
    "openid.ax.type.email": "http://axschema.org/contact/email",
    "openid.ax.value.email": "a@b",
}


def test_the_user_is_sent_with_what_the_provider_needs_to_know() -> None:
    async def story(provider: Provider, browser: Browser) -> None:
        asked = query_of(await browser.get("/login?next=1"))
        assert asked["fixed"] == "1"
        assert asked["openid.mode"] == "checkid_setup"
        assert asked["openid.return_to"] == browser.url + "/login?next=1"
        assert asked["openid.realm"] == browser.url + "/"
        assert asked["openid.ax.required"] == "email"

    with_provider(make, story)


def test_what_came_back_is_checked_at_the_provider_and_believed() -> None:
    async def story(provider: Provider, browser: Browser) -> None:
        said = ASSERTION | {"openid.return_to": browser.url + "/login?next=1"}
        answer = await browser.get("/login?next=1&" + urlencode(said))
        assert body_of(answer) == {"name": "a", "email": "a@b", "claimed_id": "http://me"}
        method, _, _, form = provider.last()
        assert method == "POST"
        # All that the provider said, and nothing that is the program's own.
        assert dict(parse_qsl(form)) == said | {"openid.mode": "check_authentication"}

    with_provider(make, story)


def test_what_the_provider_does_not_confirm_is_refused() -> None:
    async def story(provider: Provider, browser: Browser) -> None:
        provider.answers["/openid"] = "is_valid:false\n"
        answer = await browser.get("/login?" + urlencode(ASSERTION))
        assert body_of(answer) == {"error": "Invalid OpenID response: b'is_valid:false\\n'"}

    with_provider(make, story)


def test_what_was_meant_for_another_site_is_not_even_checked() -> None:
    async def story(provider: Provider, browser: Browser) -> None:
        said = ASSERTION | {"openid.return_to": "http://evil/login"}
        answer = body_of(await browser.get("/login?" + urlencode(said)))
        assert answer["error"].startswith("OpenID response is for 'http://evil/login'")
        assert provider.asked == []

    with_provider(make, story)


def test_a_scope_of_oauth_is_asked_for_along_with_it() -> None:
    def scoped(provider: Provider) -> type[web.RequestHandler]:
        handler: Any = make(provider)
        handler.get = handler.post
        return handler  # type: ignore[no-any-return]

    async def story(provider: Provider, browser: Browser) -> None:
        asked = body_of(await browser.get("/"))
        assert asked["openid.oauth.consumer"] == "127.0.0.1"
        assert asked["openid.oauth.scope"] == "sc"
        assert "openid.ns.ax" not in asked

    with_provider(scoped, story)
