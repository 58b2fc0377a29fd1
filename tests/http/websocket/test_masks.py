"""Masking keys."""

from __future__ import annotations

from whirlwind._http.websocket.masks import masking_keys


def test_security_no_key_is_used_twice_on_a_connection() -> None:
    """RFC 6455, section 10.3: keys that nobody can foretell, new ones for each frame."""
    new_key = masking_keys()
    keys = [new_key() for _ in range(1000)]
    assert all(len(key) == 4 for key in keys)
    assert len(set(keys)) > 990
    assert masking_keys()() != masking_keys()()
