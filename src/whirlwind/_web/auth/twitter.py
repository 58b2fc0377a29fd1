"""Logging in with an account of Twitter, and asking version 1.1 of its API.

Layer: web. Imports from ``_http``, ``_proto`` and within ``_web``.
"""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlencode

from whirlwind._proto.http.urls import url_concat
from whirlwind._web.auth.callbacks import takes_callback
from whirlwind._web.auth.oauth1 import OAuthMixin
from whirlwind._web.auth.provider import FORM, ask, decoded
from whirlwind._web.handler import RequestHandler


class TwitterMixin(OAuthMixin):
    """Logs users in with their account of Twitter, by OAuth 1.0a.

    The application's settings ``twitter_consumer_key`` and ``twitter_consumer_secret`` are those
    of the program. Deprecated in Tornado since 6.4: today's service has another API for most
    accounts.
    """

    _OAUTH_REQUEST_TOKEN_URL = "https://api.twitter.com/oauth/request_token"  # noqa: S105
    _OAUTH_ACCESS_TOKEN_URL = "https://api.twitter.com/oauth/access_token"  # noqa: S105
    _OAUTH_AUTHORIZE_URL = "https://api.twitter.com/oauth/authorize"
    _OAUTH_AUTHENTICATE_URL = "https://api.twitter.com/oauth/authenticate"
    _OAUTH_NO_CALLBACKS = False
    _TWITTER_BASE_URL = "https://api.twitter.com/1.1"

    @takes_callback
    async def authenticate_redirect(self, callback_uri: str | None = None) -> None:
        """Send the user to Twitter, and finish; one who allowed it before comes back at once.

        Args:
            callback_uri: Where Twitter sends the user back to, absolute or relative to the
                request; None for what Twitter has noted down.

        Raises:
            AuthError: Twitter answered with an error or without a token.
        """
        url = self._oauth_request_token_url(callback_uri=callback_uri)
        response = await ask(self.get_auth_http_client(), url)
        self._on_request_token(self._OAUTH_AUTHENTICATE_URL, None, response)

    @takes_callback
    async def twitter_request(
        self,
        path: str,
        access_token: dict[str, Any] | None = None,
        post_args: dict[str, Any] | None = None,
        **args: Any,
    ) -> Any:
        """Ask Twitter's API for something.

        Args:
            path: The path without ``.json``, for example ``"/statuses/user_timeline"``; or a
                whole URL.
            access_token: The user's, as ``get_authenticated_user`` returned it; None, which
                Tornado 4 had, for an unsigned request.
            post_args: The fields of a form, for a POST; None for a GET.
            **args: Parameters for the query.

        Returns:
            The JSON that came back.

        Raises:
            AuthError: Twitter answered with an error, or with something that is no JSON.
        """
        if path.startswith(("http:", "https:")):
            url = path
        else:
            url = f"{self._TWITTER_BASE_URL}{path}.json"
        method = "GET" if post_args is None else "POST"
        if access_token:
            signed = {**args, **(post_args or {})}
            args.update(self._oauth_request_parameters(url, access_token, signed, method=method))
        url = url_concat(url, args)
        http = self.get_auth_http_client()
        if post_args is None:
            return decoded(await ask(http, url))
        body = urlencode(post_args)
        return decoded(await ask(http, url, method="POST", body=body, headers=dict(FORM)))

    def _oauth_consumer_token(self) -> dict[str, Any]:
        handler = cast(RequestHandler, self)
        handler.require_setting("twitter_consumer_key", "Twitter OAuth")
        handler.require_setting("twitter_consumer_secret", "Twitter OAuth")
        return {
            "key": handler.settings["twitter_consumer_key"],
            "secret": handler.settings["twitter_consumer_secret"],
        }

    async def _oauth_get_user_future(self, access_token: dict[str, Any]) -> dict[str, Any]:
        user: dict[str, Any] = await self.twitter_request(
            "/account/verify_credentials", access_token=access_token
        )
        if user:
            user["username"] = user["screen_name"]
        return user
