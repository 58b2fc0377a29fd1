"""Logging in with an account of Google.

Layer: web. Imports from ``_http`` and within ``_web``.
"""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlencode

from whirlwind._web.auth.callbacks import takes_callback
from whirlwind._web.auth.oauth2 import OAuth2Mixin
from whirlwind._web.auth.provider import FORM, ask, decoded_object
from whirlwind._web.handler import RequestHandler


class GoogleOAuth2Mixin(OAuth2Mixin):
    """Logs users in with their account of Google, by OAuth 2.

    The application's setting ``google_oauth`` is a dictionary with ``key`` and ``secret`` of the
    program, from Google's console. Where the names are others, set ``_OAUTH_SETTINGS_KEY`` or
    override ``get_google_oauth_settings``.
    """

    _OAUTH_AUTHORIZE_URL = "https://accounts.google.com/o/oauth2/v2/auth"
    _OAUTH_ACCESS_TOKEN_URL = "https://www.googleapis.com/oauth2/v4/token"  # noqa: S105
    _OAUTH_USERINFO_URL = "https://www.googleapis.com/oauth2/v1/userinfo"
    _OAUTH_NO_CALLBACKS = False
    _OAUTH_SETTINGS_KEY = "google_oauth"

    def get_google_oauth_settings(self) -> dict[str, str]:
        """Return ``key`` and ``secret`` of the program.

        Raises:
            Exception: The application has no setting of the name in ``_OAUTH_SETTINGS_KEY``.
        """
        handler = cast(RequestHandler, self)
        handler.require_setting(self._OAUTH_SETTINGS_KEY, "Google OAuth")
        settings: dict[str, str] = handler.settings[self._OAUTH_SETTINGS_KEY]
        return settings

    @takes_callback
    async def get_authenticated_user(
        self,
        redirect_uri: str,
        code: str,
        client_id: str | None = None,
        client_secret: str | None = None,
    ) -> dict[str, Any]:
        """Turn the code that Google sent the user back with into an access token.

        Args:
            redirect_uri: The one that ``authorize_redirect`` was given.
            code: The request's argument of that name.
            client_id: The program's name at Google; None for the settings' ``key``.
            client_secret: Its secret; None for the settings' ``secret``.

        Returns:
            What Google answers: ``access_token``, ``expires_in`` and others. Who the user is says
            ``oauth2_request(self._OAUTH_USERINFO_URL, access_token=...)``.

        Raises:
            AuthError: Google refused the code.

        Source: RFC 6749, section 4.1.3.
        """
        if client_id is None or client_secret is None:
            settings = self.get_google_oauth_settings()
            client_id = settings["key"] if client_id is None else client_id
            client_secret = settings["secret"] if client_secret is None else client_secret
        form = {
            "redirect_uri": redirect_uri,
            "code": code,
            "client_id": client_id,
            "client_secret": client_secret,
            "grant_type": "authorization_code",
        }
        response = await ask(
            self.get_auth_http_client(),
            self._OAUTH_ACCESS_TOKEN_URL,
            method="POST",
            headers=dict(FORM),
            body=urlencode(form),
        )
        return decoded_object(response)
