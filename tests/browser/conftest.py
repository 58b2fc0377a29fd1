"""A browser for the tests of one file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome
from tests.support.browsers import Browsers


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """A browser with a profile of its own; its cookies stay from test to test."""
    opened = Browsers(tmp_path_factory.mktemp("browser"))
    yield opened.open()
    opened.close()
