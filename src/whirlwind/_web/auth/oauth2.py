"""Handlers that log users in by OAuth 2.

Layer: web. Imports from ``_base``, ``_http``, ``_proto`` and within ``_web``.
"""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlencode

from whirlwind._base.limits import LOGIN_TIME
from whirlwind._http.client.async_client import AsyncHTTPClient
from whirlwind._proto.http.urls import url_concat
from whirlwind._web.auth import state
from whirlwind._web.auth.callbacks import takes_callback, takes_callback_at_once
from whirlwind._web.auth.errors import AuthError
from whirlwind._web.auth.login_cookie import set_login_cookie
from whirlwind._web.auth.provider import FORM, ask, decoded
from whirlwind._web.handler import RequestHandler


class OAuth2Mixin:
    """Logs users in at a provider of OAuth 2; ``GoogleOAuth2Mixin`` is one made of it.

    Derive a handler from ``RequestHandler`` and this. The subclass says where the provider is, in
    ``_OAUTH_AUTHORIZE_URL`` and ``_OAUTH_ACCESS_TOKEN_URL``.

    A login has two requests, and anybody can make a user's browser send the second one. Give the
    first a ``state`` and check it in the second, or a user may be logged in as somebody else:

    >>> class Login(RequestHandler, OAuth2Mixin):  # doctest: +SKIP
    ...     def get(self):
    ...         if self.get_argument("code", None):
    ...             self.check_oauth2_state()
    ...         else:
    ...             self.authorize_redirect(..., extra_params={"state": self.oauth2_state()})

    Source: RFC 6749.
    """

    _OAUTH_AUTHORIZE_URL: str
    _OAUTH_ACCESS_TOKEN_URL: str

    @takes_callback_at_once
    def authorize_redirect(
        self,
        redirect_uri: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        extra_params: dict[str, Any] | None = None,
        scope: list[str] | None = None,
        response_type: str = "code",
    ) -> None:
        """Send the user to the provider, and finish.

        Args:
            redirect_uri: Where the provider sends the user back to, as it was registered there.
            client_id: The program's name at the provider.
            client_secret: Not used, and never sent with the user: it is here because Tornado has
                it, where it is deprecated since 6.4.
            extra_params: Further parameters for the provider; ``state`` belongs here.
            scope: What the program wants to be allowed to do.
            response_type: ``"code"``, or what else the provider knows.

        Source: RFC 6749, section 4.1.1.
        """
        arguments: dict[str, Any] = {"response_type": response_type}
        if redirect_uri is not None:
            arguments["redirect_uri"] = redirect_uri
        if client_id is not None:
            arguments["client_id"] = client_id
        if extra_params:
            arguments.update(extra_params)
        if scope:
            arguments["scope"] = " ".join(scope)
        handler = cast(RequestHandler, self)
        handler.redirect(url_concat(self._OAUTH_AUTHORIZE_URL, arguments))

    def oauth2_state(self) -> str:
        """Return a new ``state`` for ``authorize_redirect``, and remember it in a cookie.

        The cookie lives for 15 minutes; ``check_oauth2_state`` looks at it.

        Source: RFC 6749, section 10.12.
        """
        value = state.new_state()
        handler = cast(RequestHandler, self)
        set_login_cookie(handler, state.COOKIE, value, max_age=LOGIN_TIME)
        return value

    def check_oauth2_state(self) -> None:
        """Refuse a request whose ``state`` is not the one that ``oauth2_state`` made last.

        The state counts once: its cookie is cleared.

        Raises:
            AuthError: There is none, or another one: this browser has not begun this login, or it
                began another one since, or too long ago.
        """
        handler = cast(RequestHandler, self)
        held = handler.get_cookie(state.COOKIE)
        received = handler.get_argument("state", None)
        if held is not None:
            handler.clear_cookie(state.COOKIE)
        if not state.is_same_state(held, received):
            found = "no state" if not received else f"state {received[:40]!r}"
            expected = "there is no cookie of a login" if not held else "another one was expected"
            raise AuthError(f"the provider sent {found}, and {expected}")

    def _oauth_request_token_url(
        self,
        redirect_uri: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        code: str | None = None,
        extra_params: dict[str, Any] | None = None,
    ) -> str:
        """Return the address of an access token, for providers that want a GET."""
        named = {
            "redirect_uri": redirect_uri,
            "code": code,
            "client_id": client_id,
            "client_secret": client_secret,
        }
        arguments = {name: value for name, value in named.items() if value is not None}
        return url_concat(self._OAUTH_ACCESS_TOKEN_URL, {**arguments, **(extra_params or {})})

    @takes_callback
    async def oauth2_request(
        self,
        url: str,
        access_token: str | None = None,
        post_args: dict[str, Any] | None = None,
        **args: Any,
    ) -> Any:
        """Ask the provider for something, in the name of a user or of nobody.

        Args:
            url: What to ask for.
            access_token: The user's token; None for nobody.
            post_args: The fields of a form, even an empty one, for a POST; None for a GET.
            **args: Parameters for the query.

        Returns:
            The JSON that came back.

        Raises:
            AuthError: The provider answered with an error, or with something that is no JSON.
        """
        arguments: dict[str, Any] = {}
        if access_token is not None:
            arguments["access_token"] = access_token
        arguments.update(args)
        url = url_concat(url, arguments)
        http = self.get_auth_http_client()
        if post_args is None:
            return decoded(await ask(http, url))
        body = urlencode(post_args)
        return decoded(await ask(http, url, method="POST", body=body, headers=dict(FORM)))

    def get_auth_http_client(self) -> AsyncHTTPClient:
        """Return the client that asks the provider; override for one with a proxy, for example."""
        client: AsyncHTTPClient = AsyncHTTPClient()
        return client
