"""Handlers that log users in by OpenID 2.

Layer: web. Imports from ``_http``, ``_proto`` and within ``_web``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast
from urllib.parse import urlencode, urljoin

from whirlwind._http.client.async_client import AsyncHTTPClient
from whirlwind._http.client.response import HTTPResponse
from whirlwind._proto.http.urls import split_host_and_port, url_concat
from whirlwind._web.auth import assertion
from whirlwind._web.auth.callbacks import takes_callback, takes_callback_at_once
from whirlwind._web.auth.errors import AuthError
from whirlwind._web.auth.provider import FORM, ask
from whirlwind._web.handler import RequestHandler


class OpenIdMixin:
    """Logs users in at a provider of OpenID 2, and asks it for their name and address.

    Derive a handler from ``RequestHandler`` and this; the subclass says where the provider is, in
    ``_OPENID_ENDPOINT``. OpenID 2 has few providers left, and Tornado is to drop this class in
    6.7: take OAuth 2 for something new.

    Each login is checked at the provider (``check_authentication``), which lets every one be used
    once. ``openid.return_to`` has to be the URL that the request came to; behind a proxy that hides
    host or path, set ``_OPENID_CHECK_RETURN_TO = False``.

    Source: OpenID Authentication 2.0; OpenID Attribute Exchange 1.0.
    """

    _OPENID_ENDPOINT: str
    _OPENID_CHECK_RETURN_TO: bool = True

    @takes_callback_at_once
    def authenticate_redirect(
        self,
        callback_uri: str | None = None,
        ax_attrs: list[str] = ["name", "email", "language", "username"],  # noqa: B006
    ) -> None:
        """Send the user to the provider, and finish.

        Args:
            callback_uri: Where the provider sends the user back to, absolute or relative to the
                request; None for the URL of this request.
            ax_attrs: What to ask for: ``name``, ``email``, ``language``, ``username``, or fewer.

        Raises:
            AuthError: ``ax_attrs`` holds something else.
        """
        handler = cast(RequestHandler, self)
        arguments = self._openid_args(callback_uri or str(handler.request.uri), ax_attrs=ax_attrs)
        handler.redirect(url_concat(self._OPENID_ENDPOINT, arguments))

    @takes_callback
    async def get_authenticated_user(
        self, http_client: AsyncHTTPClient | None = None
    ) -> dict[str, Any]:
        """Find out who the user is that the provider sent back.

        Args:
            http_client: The client; None for ``get_auth_http_client()``.

        Returns:
            As far as the provider told: ``name``, ``first_name``, ``last_name``, ``email``,
            ``locale``, ``username``; ``claimed_id``, which is the user's name at the provider.

        Raises:
            AuthError: The user refused, the provider did not confirm what the request says, or it
                was made for another site.
        """
        handler = cast(RequestHandler, self)
        said = self._openid_response()
        url = handler.request.full_url()
        assertion.check_return(said, url, place=self._OPENID_CHECK_RETURN_TO)
        said["openid.mode"] = "check_authentication"
        http = self.get_auth_http_client() if http_client is None else http_client
        response = await ask(
            http, self._OPENID_ENDPOINT, method="POST", body=urlencode(said), headers=dict(FORM)
        )
        return self._on_authentication_verified(response)

    def _openid_args(
        self, callback_uri: str, ax_attrs: Iterable[str] = (), oauth_scope: str | None = None
    ) -> dict[str, str]:
        """Return the arguments for the provider."""
        handler = cast(RequestHandler, self)
        return_to = urljoin(handler.request.full_url(), callback_uri)
        anybody = f"{assertion.NAMESPACE}/identifier_select"
        arguments = {
            "openid.ns": assertion.NAMESPACE,
            "openid.claimed_id": anybody,
            "openid.identity": anybody,
            "openid.return_to": return_to,
            "openid.realm": urljoin(return_to, "/"),
            "openid.mode": "checkid_setup",
            **assertion.attribute_request(ax_attrs),
        }
        if oauth_scope:
            arguments["openid.ns.oauth"] = "http://specs.openid.net/extensions/oauth/1.0"
            arguments["openid.oauth.consumer"] = split_host_and_port(handler.request.host)[0]
            arguments["openid.oauth.scope"] = oauth_scope
        return arguments

    def _on_authentication_verified(self, response: HTTPResponse) -> dict[str, Any]:
        """Read the provider's answer to ``check_authentication``; return the user."""
        if not assertion.is_confirmed(response.body):
            raise AuthError(f"Invalid OpenID response: {response.body[:40]!r}")
        return assertion.user_of(self._openid_response())

    def _openid_response(self) -> dict[str, str]:
        """Return the arguments of the provider, its own only, the last value of each."""
        handler = cast(RequestHandler, self)
        return {
            name: handler.decode_argument(values[-1], name=name)
            for name, values in handler.request.arguments.items()
            if name.startswith("openid.")
        }

    def get_auth_http_client(self) -> AsyncHTTPClient:
        """Return the client that asks the provider; override for one with a proxy, for example."""
        client: AsyncHTTPClient = AsyncHTTPClient()
        return client
