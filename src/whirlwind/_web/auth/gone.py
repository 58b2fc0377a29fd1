"""Names of Tornado 4 for services that were shut down.

Layer: web. Imports within ``_web``.

An old program often has a login of this kind beside others. So the classes are here: the program
can be imported and its other handlers run. What cannot work any more says so when it is used, and
names what there is instead, rather than ask a server that is gone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from whirlwind._web.auth.errors import AuthError


def _gone(method: str, why: str) -> Callable[..., NoReturn]:
    def raise_error(self: object, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise AuthError(f"{type(self).__name__}.{method}: {why}")

    raise_error.__name__ = method
    raise_error.__doc__ = f"Raises AuthError: {why}."
    return raise_error


_GOOGLE = "Google shut its OpenID 2 service down in 2015; use GoogleOAuth2Mixin"
_FACEBOOK = "Facebook shut its REST API down in 2012; use FacebookGraphMixin"
_FRIENDFEED = "FriendFeed was shut down in 2015"


class GoogleMixin:
    """Google's OpenID 2 of Tornado 4; every use raises ``AuthError``."""

    authenticate_redirect = _gone("authenticate_redirect", _GOOGLE)
    authorize_redirect = _gone("authorize_redirect", _GOOGLE)
    get_authenticated_user = _gone("get_authenticated_user", _GOOGLE)


class FacebookMixin:
    """Facebook's REST API of Tornado 4; every use raises ``AuthError``."""

    authenticate_redirect = _gone("authenticate_redirect", _FACEBOOK)
    authorize_redirect = _gone("authorize_redirect", _FACEBOOK)
    get_authenticated_user = _gone("get_authenticated_user", _FACEBOOK)
    facebook_request = _gone("facebook_request", _FACEBOOK)


class FriendFeedMixin:
    """FriendFeed's API of Tornado 4; every use raises ``AuthError``."""

    authorize_redirect = _gone("authorize_redirect", _FRIENDFEED)
    get_authenticated_user = _gone("get_authenticated_user", _FRIENDFEED)
    friendfeed_request = _gone("friendfeed_request", _FRIENDFEED)
