"""What the process has loaded is put back after each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from whirlwind._web.locale.locales import CATALOGUE


@pytest.fixture(autouse=True)
def catalogue() -> Iterator[None]:
    yield
    CATALOGUE.set_default("en_US")
    CATALOGUE.replace({}, from_gettext=False)
