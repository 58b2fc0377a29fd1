"""Asks a proxy for a tunnel: CONNECT, on a socket that is TLS's or another protocol's afterwards.

Layer: HTTP. Imports from ``_base``, ``_proto`` and this package.

What follows the proxy's answer belongs to the other end of the tunnel. It has nothing to say
before it has heard from us, so bytes behind the answer are the proxy's own: they are refused, and
never reach what comes next.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Final, NamedTuple

from whirlwind._base.errors import LocalProtocolError
from whirlwind._base.limits import MAX_HEADER_SIZE, MAX_INFORMATIONAL
from whirlwind._http.client.errors import HTTPProxyError
from whirlwind._http.client.proxy import Proxy
from whirlwind._proto.http.errors import HTTPInputError
from whirlwind._proto.http.headers import HTTPHeaders, encode_fields
from whirlwind._proto.http1.response_head import read_response_head

_PIECE: Final = 4096


class TunnelAnswer(NamedTuple):
    """What a proxy said to CONNECT.

    Attributes:
        code, reason: Its status; the tunnel is open if the code is one of 200 to 299.
        headers: Its header fields.
    """

    code: int
    reason: str
    headers: HTTPHeaders

    @property
    def is_open(self) -> bool:
        return 200 <= self.code < 300


def connect_head(authority: str, user_agent: str, authorization: str | None) -> bytes:
    """Write the head of a CONNECT request.

    Args:
        authority: Host and port of the other end.
        user_agent: Who is asking.
        authorization: The ``Proxy-Authorization`` field; None for none.

    Raises:
        ValueError: A field holds what may not be sent.
    """
    headers = HTTPHeaders({"Host": authority})
    headers["User-Agent"] = user_agent
    if authorization is not None:
        headers["Proxy-Authorization"] = authorization
    try:
        lines = encode_fields(headers)
    except LocalProtocolError as error:
        raise ValueError(f"Illegal characters (CR or LF) in header: {error}") from error
    return f"CONNECT {authority} HTTP/1.1\r\n".encode("ascii") + lines + b"\r\n"


async def ask_for_tunnel(
    loop: asyncio.AbstractEventLoop, sock: socket.socket, proxy: Proxy, head: bytes
) -> TunnelAnswer:
    """Send a CONNECT request and read the head of its answer.

    Args:
        loop: The loop.
        sock: Connected to the proxy, not blocking.
        proxy: For messages.
        head: The request.

    Returns:
        The answer; of one that opens no tunnel, the body is not read.

    Raises:
        HTTPProxyError: The proxy said what is no answer, or too much, or hung up.
        OSError: The connection to it failed.

    Source: RFC 9110, section 9.3.6.
    """
    await loop.sock_sendall(sock, head)
    received = b""
    for _ in range(MAX_INFORMATIONAL + 1):
        # A head that comes byte by byte is searched from where it could have ended on.
        searched = 0
        while (end := received.find(b"\r\n\r\n", searched)) < 0:
            if len(received) > MAX_HEADER_SIZE:
                raise HTTPProxyError(proxy.authority, f"answer is over {MAX_HEADER_SIZE} bytes")
            searched = max(0, len(received) - 3)
            piece = await loop.sock_recv(sock, _PIECE)
            if not piece:
                raise HTTPProxyError(proxy.authority, "closed the connection without an answer")
            received += piece
        try:
            start_line, headers = read_response_head(received[: end + 4])
        except HTTPInputError as error:
            raise HTTPProxyError(proxy.authority, f"no HTTP: {error}") from error
        received = received[end + 4 :]
        if start_line.code >= 200:
            break
    else:
        raise HTTPProxyError(proxy.authority, f"more than {MAX_INFORMATIONAL} 1xx responses")
    answer = TunnelAnswer(start_line.code, start_line.reason or "", headers)
    if answer.is_open and received:
        raise HTTPProxyError(proxy.authority, "bytes came before the tunnel was used")
    return answer
