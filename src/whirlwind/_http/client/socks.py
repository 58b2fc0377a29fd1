"""Asks a SOCKS proxy for a connection, on a socket that is the server's afterwards.

Layer: HTTP. Imports from ``_base``, ``_proto`` and this package.
"""

from __future__ import annotations

import asyncio
import socket

from whirlwind._base.errors import RemoteProtocolError
from whirlwind._http.client.errors import HTTPProxyError
from whirlwind._http.client.proxy import Proxy
from whirlwind._proto.socks.handshake import Socks4Handshake, Socks5Handshake, SocksHandshake


def socks_handshake(proxy: Proxy, host: str, port: int) -> SocksHandshake:
    """Return the handshake that a proxy of its kind wants.

    Args:
        proxy: The proxy; not one of HTTP.
        host: What it is to connect to: an address where names are ours to resolve.
        port: The port.

    Raises:
        LocalProtocolError: Host, name or password cannot be sent.
    """
    if proxy.version == 5:
        return Socks5Handshake(host, port, proxy.username, proxy.password)
    return Socks4Handshake(host, port, proxy.username)


async def ask_for_connection(
    loop: asyncio.AbstractEventLoop, sock: socket.socket, proxy: Proxy, handshake: SocksHandshake
) -> None:
    """Go through the handshake; the proxy has connected to the server after it.

    Args:
        loop: The loop.
        sock: Connected to the proxy, not blocking.
        proxy: For messages.
        handshake: A new one.

    Raises:
        HTTPProxyError: The proxy refuses, says what is no SOCKS, or hung up.
        OSError: The connection to it failed.

    Source: RFC 1928.
    """
    await loop.sock_sendall(sock, handshake.begin())
    while not handshake.done:
        received = b""
        # No byte more than it wants: what follows is the server's.
        while len(received) < handshake.wants:
            piece = await loop.sock_recv(sock, handshake.wants - len(received))
            if not piece:
                raise HTTPProxyError(proxy.authority, "closed the connection without an answer")
            received += piece
        try:
            answer = handshake.feed(received)
        except RemoteProtocolError as error:
            raise HTTPProxyError(proxy.authority, str(error)) from error
        if answer:
            await loop.sock_sendall(sock, answer)
