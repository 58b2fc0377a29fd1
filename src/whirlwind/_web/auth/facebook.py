"""Logging in with an account of Facebook.

Layer: web. Imports from ``_http`` and within ``_web``.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from typing import Any, Final

from whirlwind._web.auth.callbacks import takes_callback
from whirlwind._web.auth.errors import AuthError
from whirlwind._web.auth.oauth2 import OAuth2Mixin
from whirlwind._web.auth.provider import ask, decoded_object

_FIELDS: Final = ("id", "name", "first_name", "last_name", "locale", "picture", "link")


def proof_of_secret(access_token: str, client_secret: str) -> str:
    """Return what shows Facebook that the bearer of a token is the program it was made for.

    Source: Facebook's "Securing Graph API Calls": HMAC-SHA256 of the token, in hexadecimal.
    """
    return hmac.digest(client_secret.encode(), access_token.encode(), hashlib.sha256).hex()


class FacebookGraphMixin(OAuth2Mixin):
    """Logs users in with their account of Facebook, and asks its Graph API."""

    _OAUTH_ACCESS_TOKEN_URL = "https://graph.facebook.com/oauth/access_token?"  # noqa: S105
    _OAUTH_AUTHORIZE_URL = "https://www.facebook.com/dialog/oauth?"
    _OAUTH_NO_CALLBACKS = False
    _FACEBOOK_BASE_URL = "https://graph.facebook.com"

    @takes_callback
    async def get_authenticated_user(
        self,
        redirect_uri: str,
        client_id: str,
        client_secret: str,
        code: str,
        extra_fields: Iterable[str] | None = None,
    ) -> dict[str, Any] | None:
        """Find out who the user is that Facebook sent back.

        Args:
            redirect_uri: The one that ``authorize_redirect`` was given.
            client_id: The program's name at Facebook.
            client_secret: Its secret.
            code: The request's argument of that name.
            extra_fields: Names of further fields to ask for.

        Returns:
            The fields ``id``, ``name``, ``first_name``, ``last_name``, ``locale``, ``picture``,
            ``link`` and those of ``extra_fields``, None for what Facebook keeps to itself;
            ``access_token``; ``session_expires``, seconds as text. None if there is no such user.

        Raises:
            AuthError: Facebook refused the code, or answered without a token.
        """
        http = self.get_auth_http_client()
        url = self._oauth_request_token_url(
            redirect_uri=redirect_uri,
            client_id=client_id,
            client_secret=client_secret,
            code=code,
        )
        session = decoded_object(await ask(http, url))
        access_token = session.get("access_token")
        if not isinstance(access_token, str):
            raise AuthError(f"Facebook answered without an access_token: {sorted(session)!r:.40}")
        fields = [*dict.fromkeys([*_FIELDS, *(extra_fields or ())])]
        user = await self.facebook_request(
            path="/me",
            access_token=access_token,
            appsecret_proof=proof_of_secret(access_token, client_secret),
            fields=",".join(fields),
        )
        if user is None:
            return None
        found: dict[str, Any] = {field: user.get(field) for field in fields}
        expires = session.get("expires_in")
        found["access_token"] = access_token
        found["session_expires"] = None if expires is None else str(expires)
        return found

    @takes_callback
    async def facebook_request(
        self,
        path: str,
        access_token: str | None = None,
        post_args: dict[str, Any] | None = None,
        **args: Any,
    ) -> Any:
        """Ask Facebook's Graph API for something.

        Args:
            path: The path, for example ``"/me/feed"``.
            access_token: The user's token; None for nobody.
            post_args: The fields of a form, for a POST; None for a GET.
            **args: Parameters for the query.

        Returns:
            The JSON that came back.

        Raises:
            AuthError: Facebook answered with an error, or with something that is no JSON.
        """
        return await self.oauth2_request(
            self._FACEBOOK_BASE_URL + path,
            access_token=access_token,
            post_args=post_args,
            **args,
        )
