"""Sockets that listen, given to the loop before it runs."""

from __future__ import annotations

import asyncio
import select
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


@pytest.mark.parametrize("make_loop", [asyncio.SelectorEventLoop, uvloop.new_event_loop])
def test_as_many_wait_to_be_accepted_as_the_socket_was_told(make_loop: Any) -> None:
    """A loop's own listen() would let 100 of them in, and the others try again after a second."""
    loop: asyncio.AbstractEventLoop = make_loop()
    clients = []
    connected = select.poll()
    with socket.create_server(("127.0.0.1", 0), backlog=300) as listening:
        server = accept_on(loop, asyncio.Protocol, listening, None)
        for _ in range(250):
            clients.append(socket.socket())
            clients[-1].setblocking(False)
            clients[-1].connect_ex(listening.getsockname())
            connected.register(clients[-1], select.POLLOUT)
        assert len(connected.poll(0)) == 250
        server.close()
        loop.run_until_complete(server.wait_closed())
    for client in clients:
        client.close()
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
