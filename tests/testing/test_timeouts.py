"""How long a test may wait."""

from __future__ import annotations

import pytest

from whirlwind.testing import get_async_test_timeout


@pytest.mark.parametrize(("variable", "seconds"), [(None, 5), ("0.5", 0.5), ("", 5), ("long", 5)])
def test_the_environment_says_how_long_if_it_holds_a_number(
    monkeypatch: pytest.MonkeyPatch, variable: str | None, seconds: float
) -> None:
    if variable is None:
        monkeypatch.delenv("ASYNC_TEST_TIMEOUT", raising=False)
    else:
        monkeypatch.setenv("ASYNC_TEST_TIMEOUT", variable)
    assert get_async_test_timeout() == seconds
