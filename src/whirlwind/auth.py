"""Logging in with somebody else's account: OAuth 1, OAuth 2, OpenID 2.

Door: names only. The mixins, and the functions they are made of, are in ``_web/auth/``. The
three of Tornado 4 whose services are gone raise ``AuthError`` when they are used
(``_web/auth/gone.py``).
"""

from whirlwind._base.publish import publish
from whirlwind._web.auth.errors import AuthError, ProviderError
from whirlwind._web.auth.facebook import FacebookGraphMixin
from whirlwind._web.auth.gone import FacebookMixin, FriendFeedMixin, GoogleMixin
from whirlwind._web.auth.google import GoogleOAuth2Mixin
from whirlwind._web.auth.oauth1 import OAuthMixin
from whirlwind._web.auth.oauth2 import OAuth2Mixin
from whirlwind._web.auth.openid import OpenIdMixin
from whirlwind._web.auth.twitter import TwitterMixin

__all__ = [
    "AuthError",
    "FacebookGraphMixin",
    "FacebookMixin",
    "FriendFeedMixin",
    "GoogleMixin",
    "GoogleOAuth2Mixin",
    "OAuth2Mixin",
    "OAuthMixin",
    "OpenIdMixin",
    "ProviderError",
    "TwitterMixin",
]

publish(__name__, globals())
