"""Names of Tornado 4 for services that were shut down."""

from __future__ import annotations

from typing import Any

import pytest

from whirlwind import auth, web


@pytest.mark.parametrize(
    ("mixin", "method", "message"),
    [
        (auth.GoogleMixin, "authenticate_redirect", "use GoogleOAuth2Mixin"),
        (auth.GoogleMixin, "authorize_redirect", "use GoogleOAuth2Mixin"),
        (auth.GoogleMixin, "get_authenticated_user", "use GoogleOAuth2Mixin"),
        (auth.FacebookMixin, "authenticate_redirect", "use FacebookGraphMixin"),
        (auth.FacebookMixin, "authorize_redirect", "use FacebookGraphMixin"),
        (auth.FacebookMixin, "get_authenticated_user", "use FacebookGraphMixin"),
        (auth.FacebookMixin, "facebook_request", "use FacebookGraphMixin"),
        (auth.FriendFeedMixin, "authorize_redirect", "FriendFeed was shut down"),
        (auth.FriendFeedMixin, "get_authenticated_user", "FriendFeed was shut down"),
        (auth.FriendFeedMixin, "friendfeed_request", "FriendFeed was shut down"),
    ],
)
def test_a_program_can_name_them_and_using_them_says_what_there_is(
    mixin: Any, method: str, message: str
) -> None:
    login: Any = type("Login", (web.RequestHandler, mixin), {})
    with pytest.raises(auth.AuthError, match=rf"Login\.{method}: .*{message}"):
        getattr(login, method)(object.__new__(login), "some", callback=print)
