"""A MongoDB server in this process: briskdb, on a folder of SQLite files.

It speaks MongoDB's wire protocol on a port of the loopback interface, so that a program talks to
it as to any other server. It has a part of MongoDB's commands (no sessions, no transactions, no
``explain``, no ``renameCollection``) and takes eight connections.

briskdb 0.1.0b3 works with PyMongo up to 4.17: it refuses the handshake of later releases, and
presents itself as an older server than those accept (wire version 8, MongoDB 4.2).
"""

from __future__ import annotations

import atexit
from pathlib import Path
from types import TracebackType

import briskdb

# Two of the eight connections are PyMongo's own, for watching the server.
OPTIONS = "directConnection=true&maxPoolSize=5"


def start_mongo(folder: str | Path) -> str:
    """Start a server that runs until the program ends, and return its URI.

    Args:
        folder: Where the data is, or will be; made if it is not there.
    """
    server = MongoServer(folder)
    atexit.register(server.close)
    return server.uri


class MongoServer:
    """One server; ``close()`` ends it and keeps its data.

    Args:
        folder: Where the data is, or will be; made if it is not there.
        port: The port to listen on; 0 takes a free one.

    Attributes:
        port: The port that clients connect to.
        uri: What to give to ``MotorClient``.
    """

    def __init__(self, folder: str | Path, port: int = 0) -> None:
        Path(folder).mkdir(parents=True, exist_ok=True)
        self._database = briskdb.connect(folder, shards=2, documents=True)
        self._listener = self._database.serve(admin=None, mongo=f"127.0.0.1:{port}")
        address = self._listener.mongo_address
        assert address is not None  # it was asked for
        self.port = int(address.rpartition(":")[2])
        self.uri = f"mongodb://127.0.0.1:{self.port}/?{OPTIONS}"

    def close(self) -> None:
        """Cut all connections and stop; calling it again does nothing."""
        self._listener.close()
        self._database.close()

    def __enter__(self) -> MongoServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
