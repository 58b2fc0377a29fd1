"""A real MongoDB wire server for tests: the one of the examples, on a temporary folder."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from examples.support.mongo_server import MongoServer


@pytest.fixture(scope="session")
def mongo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MongoServer]:
    """One server for all tests; each takes a collection of its own."""
    folder: Path = tmp_path_factory.mktemp("mongo")
    with MongoServer(folder) as server:
        yield server


@pytest.fixture
def mongo_uri(mongo_server: MongoServer) -> str:
    """The URI of the server."""
    return mongo_server.uri


@pytest.fixture
def database_name(request: pytest.FixtureRequest) -> str:
    """A database that no other test uses."""
    return f"t{zlib.crc32(request.node.nodeid.encode()):08x}"
