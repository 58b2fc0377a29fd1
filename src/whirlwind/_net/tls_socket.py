"""The socket of a TLS connection that a transport has, to be asked as an ``ssl.SSLSocket`` is.

Layer: net. Standard library only.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

# What TLS knows of a connection. The rest of an SSLSocket is the socket's own.
_OF_TLS: Final = frozenset(
    {
        "cipher",
        "compression",
        "context",
        "get_channel_binding",
        "getpeercert",
        "selected_alpn_protocol",
        "server_hostname",
        "server_side",
        "session",
        "session_reused",
        "shared_ciphers",
        "version",
    }
)


class _HasExtraInfo(Protocol):
    def get_extra_info(self, name: str, default: Any = None) -> Any: ...


class TLSSocket:
    """What programs find in ``stream.socket`` where a transport speaks TLS for them.

    To look at: ``getpeercert()``, ``version()``, ``cipher()`` and their like are those of the
    connection, everything else is the transport's socket's.

    Args:
        socket: The transport's socket.
        tls: Its ``ssl.SSLObject``.
    """

    __slots__ = ("_socket", "_tls")

    def __init__(self, socket: Any, tls: Any) -> None:
        self._socket = socket
        self._tls = tls

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tls if name in _OF_TLS else self._socket, name)

    def __repr__(self) -> str:
        return f"<TLS over {self._socket!r}>"


def socket_of(transport: _HasExtraInfo) -> Any:
    """Return the socket of a transport for a program to look at; None if it has none any more.

    Args:
        transport: A transport, or whatever else can be asked as one.
    """
    socket = transport.get_extra_info("socket")
    tls = transport.get_extra_info("ssl_object")
    return socket if socket is None or tls is None else TLSSocket(socket, tls)
