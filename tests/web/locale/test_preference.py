"""Accept-Language: which languages, in which order, and in which time."""

from __future__ import annotations

import sys

import pytest

from whirlwind._web.locale.preference import preferred_languages


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("fr", ["fr"]),
        ("es, fr", ["es", "fr"]),
        ("pt-BR, en;q=0.5", ["pt-BR", "en"]),
        ("en;q=0.5, pt-BR", ["pt-BR", "en"]),
        ("es;q=.1,fr;q=.9", ["fr", "es"]),
        ("es; q=0.2 , fr ; Q = 0.3", ["fr", "es"]),
        ("es;q=1.0,fr;q=1", ["es", "fr"]),
        ("fr;q=0, en", ["en"]),
        ("fr;q=many, en;q=0.1", ["en"]),
        ("fr;q=nan, en", ["en"]),
        ("fr;q=-1, en;q=2", ["en"]),
        ("fr;level=1, en", ["fr", "en"]),
        ("fr;level=1;q=0.2, es;q=0.5", ["fr", "es"]),
        ("fr;q=0", []),
        ("*", ["*"]),
        ("", [""]),
    ],
)
def test_languages_come_in_the_order_of_their_weights(field: str, expected: list[str]) -> None:
    assert preferred_languages(field) == expected


def steps(count: int) -> int:
    """How many calls it takes to read a field of ``count`` languages."""
    field = ",".join(f"x{number};q=0.{number % 10}1" for number in range(count))
    calls = 0

    def profile(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        assert len(preferred_languages(field)) == count
    finally:
        sys.setprofile(None)
    return calls


def test_ten_times_the_field_takes_ten_times_the_steps() -> None:
    """Rule 6: time linear in the length of Accept-Language."""
    assert steps(5000) <= 10 * steps(500)
