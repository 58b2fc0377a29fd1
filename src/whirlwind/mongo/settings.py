"""Properties of Motor 1's and 2's client that are found in its options today.

Layer: public package ``mongo``.

Without them ``client.max_pool_size`` would be a database of that name. None of them waits: what a
server decides is the default as long as no server is known.
"""

from __future__ import annotations

from typing import Any


def _option(find: Any, what: str) -> Any:
    def read(client: Any) -> Any:
        return find(client.delegate.options)

    return property(read, doc=f"{what}; in Motor 3 it is found in ``options``.")


def _smallest(name: str, what: str) -> Any:
    def read(client: Any) -> int:
        servers = client.topology_description.server_descriptions().values()
        known = [server for server in servers if server.is_server_type_known]
        size: int = min(getattr(server, name) for server in known or servers)
        return size

    return property(read, doc=f"{what}, as the servers that are known have it.")


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else int(seconds * 1000)


max_pool_size = _option(lambda o: o.pool_options.max_pool_size, "Most connections to one server")
min_pool_size = _option(lambda o: o.pool_options.min_pool_size, "Fewest connections to one server")
max_idle_time_ms = _option(
    lambda o: _milliseconds(o.pool_options.max_idle_time_seconds),
    "How long a connection may be idle, in milliseconds; None for ever",
)
local_threshold_ms = _option(
    lambda o: o.local_threshold_ms,
    "How much farther than the nearest server one may be that is asked, in milliseconds",
)
server_selection_timeout = _option(
    lambda o: o.server_selection_timeout,
    "How long an operation waits for a server, in seconds",
)
retry_writes = _option(lambda o: o.retry_writes, "Whether writes are repeated")
retry_reads = _option(lambda o: o.retry_reads, "Whether reads are repeated")
event_listeners = _option(lambda o: list(o.event_listeners), "The listeners of PyMongo's events")

max_bson_size = _smallest("max_bson_size", "Largest document, in bytes")
max_message_size = _smallest("max_message_size", "Largest message, in bytes")
max_write_batch_size = _smallest("max_write_batch_size", "Most writes in one command")
