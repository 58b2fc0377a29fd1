"""Handlers that log users in by OAuth 1.

Layer: web. Imports from ``_base``, ``_engine``, ``_http`` and within ``_web``.
"""

from __future__ import annotations

import secrets
import time
from typing import Any, ClassVar, cast
from urllib.parse import urlencode, urljoin

from whirlwind._engine.callbacks import Task
from whirlwind._http.client.async_client import AsyncHTTPClient
from whirlwind._http.client.response import HTTPResponse
from whirlwind._proto.http.urls import url_concat
from whirlwind._web.auth import signature
from whirlwind._web.auth.callbacks import takes_callback
from whirlwind._web.auth.errors import AuthError
from whirlwind._web.auth.login_cookie import set_login_cookie
from whirlwind._web.auth.provider import ask
from whirlwind._web.auth.request_token import COOKIE, cookie_of, token_from_cookie, token_of
from whirlwind._web.handler import RequestHandler


class OAuthMixin:
    """Logs users in at a provider of OAuth 1.0 or 1.0a; ``TwitterMixin`` is one made of it.

    Derive a handler from ``RequestHandler`` and this. The subclass says where the provider is,
    in ``_OAUTH_REQUEST_TOKEN_URL``, ``_OAUTH_AUTHORIZE_URL`` and ``_OAUTH_ACCESS_TOKEN_URL``, and
    defines ``_oauth_consumer_token`` and ``_oauth_get_user_future``. ``_OAUTH_VERSION = "1.0"`` is
    for providers of before revision A; ``_OAUTH_NO_CALLBACKS = True`` for those that know where
    to send users back.

    >>> class Login(RequestHandler, MyService):  # doctest: +SKIP
    ...     async def get(self):
    ...         if "oauth_token" not in self.request.arguments:
    ...             await self.authorize_redirect(callback_uri="/login")
    ...             return
    ...         user = await self.get_authenticated_user()

    Source: RFC 5849; OAuth Core 1.0 for the version before.
    """

    _OAUTH_REQUEST_TOKEN_URL: str
    _OAUTH_AUTHORIZE_URL: str
    _OAUTH_ACCESS_TOKEN_URL: str
    _OAUTH_VERSION: str = "1.0a"
    _OAUTH_NO_CALLBACKS: bool = False

    #: Tornado 4's form of ``_oauth_get_user_future``: takes the token and a callback.
    _oauth_get_user: ClassVar[Any]

    @takes_callback
    async def authorize_redirect(
        self,
        callback_uri: str | None = None,
        extra_params: dict[str, Any] | None = None,
        http_client: AsyncHTTPClient | None = None,
    ) -> None:
        """Send the user to the provider, and finish.

        Wait for it: the provider is asked for a token first. The token's secret stays in a
        cookie until the user comes back.

        Args:
            callback_uri: Where the provider sends the user back to, absolute or relative to the
                request; ``"oob"`` for a program without a page, which is answered with the
                provider's address; None for what the provider has noted down.
            extra_params: Further parameters for the provider.
            http_client: The client; None for ``get_auth_http_client()``.

        Raises:
            AuthError: The provider answered with an error or without a token, or it takes no
                ``callback_uri``.
        """
        if callback_uri and self._OAUTH_NO_CALLBACKS:
            raise AuthError("This service does not support oauth_callback: leave out callback_uri")
        http = self.get_auth_http_client() if http_client is None else http_client
        if self._OAUTH_VERSION == "1.0a":
            url = self._oauth_request_token_url(callback_uri, extra_params)
        else:
            url = self._oauth_request_token_url(extra_params=extra_params)
        response = await ask(http, url)
        self._on_request_token(self._OAUTH_AUTHORIZE_URL, callback_uri, response)

    @takes_callback
    async def get_authenticated_user(
        self, http_client: AsyncHTTPClient | None = None
    ) -> dict[str, Any]:
        """Find out who the user is that the provider sent back.

        Args:
            http_client: The client; None for ``get_auth_http_client()``.

        Returns:
            What ``_oauth_get_user_future`` says, and ``access_token``: a dictionary with ``key``
            and ``secret`` for further requests in the user's name.

        Raises:
            AuthError: The login is not one that this browser began, or the provider refused it.
            MissingArgumentError: The request is none that a provider sends users back with.
        """
        handler = cast(RequestHandler, self)
        key = handler.get_argument("oauth_token")
        verifier = handler.get_argument("oauth_verifier", None)
        cookie = handler.get_cookie(COOKIE)
        if not cookie:
            raise AuthError("Missing OAuth request token cookie")
        # A token is for one try, whatever comes of it.
        handler.clear_cookie(COOKIE)
        token = token_from_cookie(cookie, key)
        if verifier:
            token["verifier"] = verifier
        http = self.get_auth_http_client() if http_client is None else http_client
        response = await ask(http, self._oauth_access_token_url(token))
        access_token = token_of(response.body)
        user = await self._oauth_get_user_future(access_token)
        if not user:
            raise AuthError(f"Error getting user: the service said {user!r:.40}")
        user["access_token"] = access_token
        return user

    def _oauth_request_token_url(
        self, callback_uri: str | None = None, extra_params: dict[str, Any] | None = None
    ) -> str:
        """Return the address of a request token, signed."""
        handler = cast(RequestHandler, self)
        consumer = self._oauth_consumer_token()
        arguments = self._protocol_arguments(consumer)
        if callback_uri == "oob":
            arguments["oauth_callback"] = "oob"
        elif callback_uri:
            arguments["oauth_callback"] = urljoin(handler.request.full_url(), callback_uri)
        arguments.update(extra_params or {})
        return _signed(self._OAUTH_REQUEST_TOKEN_URL, arguments, consumer["secret"], "")

    def _oauth_access_token_url(self, request_token: dict[str, Any]) -> str:
        """Return the address that turns a request token into an access token, signed."""
        consumer = self._oauth_consumer_token()
        arguments = self._protocol_arguments(consumer, request_token)
        if "verifier" in request_token:
            arguments["oauth_verifier"] = request_token["verifier"]
        return _signed(
            self._OAUTH_ACCESS_TOKEN_URL, arguments, consumer["secret"], request_token["secret"]
        )

    def _on_request_token(
        self, authorize_url: str, callback_uri: str | None, response: HTTPResponse
    ) -> None:
        """Keep the request token in a cookie, and send the user on."""
        handler = cast(RequestHandler, self)
        token = token_of(response.body)
        set_login_cookie(handler, COOKIE, cookie_of(token))
        arguments = {"oauth_token": token["key"]}
        if callback_uri == "oob":
            handler.finish(url_concat(authorize_url, arguments))
            return
        if callback_uri:
            arguments["oauth_callback"] = urljoin(handler.request.full_url(), callback_uri)
        handler.redirect(url_concat(authorize_url, arguments))

    def _oauth_consumer_token(self) -> dict[str, Any]:
        """Override to return ``key`` and ``secret`` of the program at the provider."""
        raise NotImplementedError

    async def _oauth_get_user_future(self, access_token: dict[str, Any]) -> dict[str, Any]:
        """Override to say who the user is.

        It may be a ``gen.coroutine`` as well.

        Args:
            access_token: ``key`` and ``secret`` for requests in the user's name.

        Returns:
            What is known of the user; empty if nothing, which is an ``AuthError``.
        """
        if hasattr(self, "_oauth_get_user"):
            user: dict[str, Any] = await Task(self._oauth_get_user, access_token)
            return user
        raise NotImplementedError

    def _oauth_request_parameters(
        self,
        url: str,
        access_token: dict[str, Any],
        parameters: dict[str, Any] = {},  # noqa: B006
        method: str = "GET",
    ) -> dict[str, Any]:
        """Return the parameters that sign a request in a user's name.

        Args:
            url: The request's URL.
            access_token: The user's token.
            parameters: The request's own parameters, of query and form together; they are
                signed and not returned.
            method: The request's method.

        Returns:
            The parameters of OAuth; they go into the query beside the request's own.
        """
        consumer = self._oauth_consumer_token()
        arguments = self._protocol_arguments(consumer, access_token)
        base = signature.base_string(method, url, [*arguments.items(), *parameters.items()])
        arguments["oauth_signature"] = signature.sign(
            base, consumer["secret"], access_token["secret"]
        )
        return arguments

    def _protocol_arguments(
        self, consumer: dict[str, Any], token: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        arguments = {"oauth_consumer_key": signature.text_of(consumer["key"])}
        if token is not None:
            arguments["oauth_token"] = signature.text_of(token["key"])
        arguments["oauth_signature_method"] = "HMAC-SHA1"
        arguments["oauth_timestamp"] = str(int(time.time()))
        arguments["oauth_nonce"] = secrets.token_hex(16)
        arguments["oauth_version"] = "1.0"  # that of the protocol, for revision A as well
        return arguments

    def get_auth_http_client(self) -> AsyncHTTPClient:
        """Return the client that asks the provider; override for one with a proxy, for example."""
        client: AsyncHTTPClient = AsyncHTTPClient()
        return client


def _signed(url: str, arguments: dict[str, Any], consumer_secret: Any, token_secret: Any) -> str:
    base = signature.base_string("GET", url, arguments.items())
    arguments["oauth_signature"] = signature.sign(base, consumer_secret, token_secret)
    joint = "&" if "?" in url else "?"
    return url + joint + urlencode(arguments)
