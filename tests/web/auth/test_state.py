"""The state of OAuth 2."""

from __future__ import annotations

import hmac

import pytest

from whirlwind._web.auth import state


def test_states_are_long_and_different() -> None:
    made = {state.new_state() for _ in range(100)}
    assert len(made) == 100
    assert {len(one) for one in made} == {43}


@pytest.mark.parametrize(
    ("held", "received", "same"),
    [
        ("a", "a", True),
        ("a", "b", False),
        ("a", None, False),
        (None, "a", False),
        (None, None, False),
        ("", "", False),
        ("é", "é", True),
    ],
)
def test_only_a_state_that_is_there_matches(
    held: str | None, received: str | None, same: bool
) -> None:
    assert state.is_same_state(held, received) is same


def test_rule_13_states_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    compare = hmac.compare_digest

    def watched(a: bytes, b: bytes) -> bool:
        seen.append((a, b))
        return compare(a, b)

    monkeypatch.setattr(hmac, "compare_digest", watched)
    assert state.is_same_state("one", "two") is False
    assert seen == [(b"one", b"two")]
