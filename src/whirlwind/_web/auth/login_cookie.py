"""The cookies that remember a login while the user is away at the provider.

Layer: web. Imports within ``_web``.
"""

from __future__ import annotations

from whirlwind._web.handler import RequestHandler


def set_login_cookie(
    handler: RequestHandler, name: str, value: str, *, max_age: int | None = None
) -> None:
    """Set a cookie that only this server sees again, when the provider sends the user back.

    Args:
        handler: Whose answer sets it.
        name: Its name.
        value: Its value.
        max_age: Seconds it lives; None for the browser's session.
    """
    handler.set_cookie(
        name,
        value,
        max_age=max_age,
        httponly=True,
        secure=handler.request.protocol == "https",
        # "Strict" would hold it back: the user comes from another site.
        samesite="Lax",
    )
