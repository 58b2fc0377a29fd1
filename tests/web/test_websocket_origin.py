"""Which pages may open a WebSocket."""

from __future__ import annotations

import pytest

from whirlwind._web.websocket_origin import websocket_refusal


@pytest.mark.parametrize(
    ("site", "origin", "host", "allowed"),
    [
        (None, None, "a.example", True),  # no browser
        (None, "http://a.example", "a.example", True),
        (None, "https://A.example", "a.EXAMPLE", True),
        (None, "http://a.example:80", "a.example", False),
        (None, "http://a.example", "a.example:8000", False),
        (None, "http://a.example:8000/path", "a.example:8000", True),
        (None, "http://b.example", "a.example", False),
        (None, "http://sub.a.example", "a.example", False),
        (None, "a.example", "a.example", False),
        (None, "null", "a.example", False),
        (None, "", "", False),
        (None, "http://", "", False),
        (None, "http://user@a.example", "a.example", False),
        (None, "http://[::1", "a.example", False),
        (None, "http://a.example", None, False),
        (None, "http://trusted.example", "a.example", True),
        ("same-origin", "http://b.example", "a.example", True),
        ("none", None, "a.example", True),
        ("same-site", "http://a.example", "a.example", False),
        ("cross-site", "http://b.example", "a.example", False),
        ("cross-site", "http://trusted.example", "a.example", True),
        ("cross-site", None, "a.example", False),
        ("Same-Origin", "http://b.example", "a.example", False),
    ],
)
def test_security_pages_of_other_origins_are_refused(
    site: str | None, origin: str | None, host: str | None, allowed: bool
) -> None:
    """Rule 14: origin default-deny, against cross-site WebSocket hijacking."""
    refusal = websocket_refusal(site, origin, host, lambda origin: "trusted" in origin)
    assert (refusal is None) is allowed


def test_the_refusal_says_what_was_found_and_not_more() -> None:
    refusal = websocket_refusal("cross-site", "http://" + "x" * 1000, "a", lambda _: False)
    assert refusal is not None
    assert "cross-site" in refusal
    assert len(refusal) < 200
