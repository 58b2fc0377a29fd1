"""Sockets that listen, given to the loop before it runs."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import Any

import pytest
import uvloop

from whirlwind._http.server.listening import accept_on, log_handshakes


@pytest.mark.parametrize("make_loop", [asyncio.SelectorEventLoop, uvloop.new_event_loop])
def test_a_server_accepts_although_its_loop_has_not_run_yet(make_loop: Any) -> None:
    class Greeting(asyncio.Protocol):
        def connection_made(self, transport: Any) -> None:
            transport.write(b"hello")
            transport.close()

    async def ask(port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        said = await reader.read()
        writer.close()
        await writer.wait_closed()
        return said

    loop: asyncio.AbstractEventLoop = make_loop()
    listening = socket.create_server(("127.0.0.1", 0))
    try:
        server = accept_on(loop, Greeting, listening, None)
        assert loop.run_until_complete(ask(listening.getsockname()[1])) == b"hello"
        server.close()
        loop.run_until_complete(server.wait_closed())
    finally:
        loop.close()


def test_a_kind_of_object_that_a_program_chose_stays() -> None:
    class Own(ssl.SSLObject):
        pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    log_handshakes(context)
    assert context.sslobject_class is not ssl.SSLObject
    context.sslobject_class = Own
    log_handshakes(context)
    assert context.sslobject_class is Own
