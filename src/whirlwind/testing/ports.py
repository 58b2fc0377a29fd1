"""Ports that nobody else uses.

Layer: public package ``testing``.
"""

from __future__ import annotations

import socket

from whirlwind._base.limits import BACKLOG


def bind_unused_port(
    reuse_port: bool = False, address: str = "127.0.0.1"
) -> tuple[socket.socket, int]:
    """Bind a listening socket to a port that the system picks.

    Hand the socket to ``server.add_socket``; no other process can have the port meanwhile.

    Args:
        reuse_port: Whether other sockets of this user may bind the same port (SO_REUSEPORT).
        address: An IPv4 or IPv6 address of this machine.

    Returns:
        The socket, non-blocking, and its port.

    Raises:
        ValueError: ``reuse_port`` is not known on this system.
    """
    listening = socket.create_server(
        (address, 0),
        family=socket.AF_INET6 if ":" in address else socket.AF_INET,
        backlog=BACKLOG,
        reuse_port=reuse_port,
    )
    listening.setblocking(False)
    return listening, listening.getsockname()[1]


def get_unused_port() -> int:
    """Return a port that nothing listened on a moment ago.

    Whoever binds it next has it: only for programs that must be told a port number, and for
    connections that are to be refused. ``bind_unused_port`` is safe.
    """
    with socket.create_server(("127.0.0.1", 0)) as briefly:
        port: int = briefly.getsockname()[1]
    return port
