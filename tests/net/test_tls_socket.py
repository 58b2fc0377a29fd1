"""What a program finds in the socket of a TLS connection that a transport has."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import Any

import pytest
from tests.support.streams import LOOPS, SERVER_OPTIONS, trusting_context, turns, within

from whirlwind._net.tls_socket import TLSSocket, socket_of


@pytest.mark.parametrize("kind", LOOPS)
def test_it_tells_of_tls_and_of_the_socket(kind: str) -> None:
    async def body() -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(SERVER_OPTIONS["certfile"], SERVER_OPTIONS["keyfile"])
        context.load_verify_locations(SERVER_OPTIONS["certfile"])
        context.verify_mode = ssl.CERT_OPTIONAL
        context.set_alpn_protocols(["whirl"])
        mine = trusting_context()
        mine.load_cert_chain(SERVER_OPTIONS["certfile"], SERVER_OPTIONS["keyfile"])
        mine.set_alpn_protocols(["whirl"])
        accepted: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
        server = await asyncio.start_server(
            lambda _reader, writer: accepted.put_nowait(writer), "127.0.0.1", 0, ssl=context
        )
        address = server.sockets[0].getsockname()
        reader, client = await asyncio.open_connection(*address, ssl=mine)
        writer = await within(accepted.get())
        seen = socket_of(writer)
        ours: ssl.SSLObject = client.get_extra_info("ssl_object")
        assert isinstance(seen, TLSSocket)
        assert seen.version() == ours.version()
        assert seen.cipher() == ours.cipher()
        assert seen.selected_alpn_protocol() == "whirl"
        assert seen.server_side is True
        assert seen.getpeercert(binary_form=True) == ours.getpeercert(binary_form=True)
        assert seen.getpeername() == client.get_extra_info("sockname")
        assert seen.family == socket.AF_INET
        assert seen.fileno() > 0
        with pytest.raises(AttributeError):
            _ = seen.nosuch
        writer.close()
        assert await within(reader.read()) == b""
        client.close()
        server.close()
        await turns(10)

    with asyncio.Runner(loop_factory=LOOPS[kind]) as runner:
        runner.run(body())


def test_a_connection_without_tls_has_its_socket_and_one_that_is_gone_has_none() -> None:
    class Plain:
        info: Any = {"socket": "the socket"}

        def get_extra_info(self, name: str, default: Any = None) -> Any:
            return self.info.get(name, default)

    transport = Plain()
    assert socket_of(transport) == "the socket"
    transport.info = {}
    assert socket_of(transport) is None
