"""The servers of these tests, and the memory of warnings that were given."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.mongo_server import (
    any_uri,
    database_name,
    ferretdb_server,
    mongo_server,
    mongo_uri,
)

from whirlwind.mongo import delegation

__all__ = [
    "any_uri",
    "database_name",
    "ferretdb_server",
    "fresh_warnings",
    "mongo_server",
    "mongo_uri",
]


@pytest.fixture(autouse=True)
def fresh_warnings() -> Iterator[None]:
    """Each test is a process that has not been warned yet."""
    delegation.forget_warnings()
    yield
    delegation.forget_warnings()
