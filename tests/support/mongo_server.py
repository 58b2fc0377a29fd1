"""Real MongoDB wire servers for tests.

``mongo_server``, ``mongo_uri``: the server of the examples, in this process. ``any_uri``: each
of the servers that are to be had, one after the other: that one, FerretDB where it can be built,
and the one that ``WHIRLWIND_MONGO_URI`` names.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

import pytest
from examples.support.mongo_server import MongoServer
from tests.support import ferretdb

# A deployment to run tests against; those of transactions and change streams need a replica set.
GIVEN_URI: Final = os.environ.get("WHIRLWIND_MONGO_URI")

LOCAL_SERVERS: Final = ["briskdb", *(["ferretdb"] if ferretdb.is_available() else [])]
ALL_SERVERS: Final = [*LOCAL_SERVERS, *(["given"] if GIVEN_URI else [])]


class Server(Protocol):
    """A server that a test has started."""

    port: int
    uri: str

    def close(self) -> None:
        """Cut all connections and stop."""


def start_server(kind: str, folder: Path, port: int = 0) -> Server:
    """Start a server of one of the ``LOCAL_SERVERS``."""
    return MongoServer(folder, port) if kind == "briskdb" else ferretdb.FerretDB(folder, port)


@pytest.fixture(scope="session")
def mongo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MongoServer]:
    """One server for all tests; each takes a collection of its own."""
    folder: Path = tmp_path_factory.mktemp("mongo")
    with MongoServer(folder) as server:
        yield server


@pytest.fixture(scope="session")
def ferretdb_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ferretdb.FerretDB]:
    """One server for all tests; each takes a database of its own."""
    try:
        ferretdb.built()
    except RuntimeError as error:
        pytest.skip(str(error))  # a toolchain that reaches no source of modules
    with ferretdb.FerretDB(tmp_path_factory.mktemp("ferretdb")) as server:
        yield server


@pytest.fixture
def mongo_uri(mongo_server: MongoServer) -> str:
    """The URI of the server."""
    return mongo_server.uri


@pytest.fixture(params=ALL_SERVERS)
def any_uri(request: pytest.FixtureRequest) -> str:
    """The URI of each server in turn."""
    if request.param == "given":
        assert GIVEN_URI is not None
        return GIVEN_URI
    name = "mongo_server" if request.param == "briskdb" else "ferretdb_server"
    uri: str = request.getfixturevalue(name).uri
    return uri


@pytest.fixture
def database_name(request: pytest.FixtureRequest) -> str:
    """A database that no other test uses."""
    return f"t{zlib.crc32(request.node.nodeid.encode()):08x}"
