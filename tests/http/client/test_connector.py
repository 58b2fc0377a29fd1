"""Connections: addresses in turn, the losers closed, and TLS."""

from __future__ import annotations

import asyncio
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import LogWatch
from tests.support.scripted_http import ScriptedServer, run, serving, turns

from whirlwind import gen, testing
from whirlwind._http.client.address import interleaved, is_address
from whirlwind._http.client.connection_key import TLSOptions
from whirlwind._http.client.connector import open_socket
from whirlwind.httpclient import AsyncHTTPClient
from whirlwind.netutil import DefaultLoopResolver, Resolver
from whirlwind.websocket import WebSocketError, websocket_connect

V4, V6 = socket.AF_INET, socket.AF_INET6


def test_families_take_turns() -> None:
    addresses = [(V6, 1), (V6, 2), (V6, 3), (V4, 4)]
    assert interleaved(addresses) == [(V6, 1), (V4, 4), (V6, 2), (V6, 3)]
    assert interleaved([]) == []


def test_an_address_is_in_numbers() -> None:
    assert is_address("127.0.0.1")
    assert is_address("::1")
    assert not is_address("localhost")
    assert not is_address("1.2.3.4\n")


def unused_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def test_the_next_address_is_tried_when_one_refuses() -> None:
    async def main() -> None:
        server = ScriptedServer()
        await server.start()
        loop = asyncio.get_running_loop()
        dead = (V4, ("127.0.0.1", unused_port()))
        sock = await open_socket(loop, [dead, dead, (V4, ("127.0.0.1", server.port))], None)
        assert sock.getpeername()[1] == server.port
        sock.close()
        with pytest.raises(ConnectionRefusedError, match="Connection refused"):
            await open_socket(loop, [dead, dead], None)
        with pytest.raises(OSError, match="no address"):
            await open_socket(loop, [], None)
        await server.stop()

    run(main())


def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    class SlowLoop:
        """Connects to port 1 only once it is cancelled."""

        def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
            self.loop = loop
            self.given_up: list[Any] = []

        def create_task(self, coroutine: Any) -> asyncio.Task[Any]:
            return self.loop.create_task(coroutine)

        async def sock_connect(self, sock: socket.socket, where: Any) -> None:
            if where[1] == 1:
                try:
                    await self.loop.create_future()
                finally:
                    self.given_up.append(sock)
            await self.loop.sock_connect(sock, where)

    async def main() -> None:
        server = ScriptedServer()
        await server.start()
        loop = SlowLoop(asyncio.get_running_loop())
        addresses = [(V4, ("127.0.0.1", 1)), (V4, ("127.0.0.1", server.port))]
        sock = await open_socket(loop, addresses, None)  # type: ignore[arg-type]
        assert sock.getpeername()[1] == server.port
        sock.close()
        await turns(3)
        assert [loser.fileno() for loser in loop.given_up] == [-1]
        await server.stop()

    run(main())


def test_a_mapping_and_a_resolver_say_where_a_name_leads() -> None:
    class Resolver:
        def __init__(self) -> None:
            self.asked: list[tuple[str, int, int]] = []

        async def resolve(self, host: str, port: int, family: int = 0) -> Any:
            self.asked.append((host, port, family))
            return [(V4, ("127.0.0.1", port))]

    async def main() -> None:
        resolver = Resolver()
        async with serving(resolver=resolver) as (server, client):
            await client.fetch(f"http://name.example:{server.port}/")
            assert resolver.asked == [("name.example", server.port, 0)]
            assert b"Host: name.example:" in server.requests[0]
        for key in ("name", ("name", 80), ("name", 80, 0)):
            async with serving() as (server, _):
                mapping = {key: ("127.0.0.1", server.port)}
                client = AsyncHTTPClient(force_instance=True, hostname_mapping=mapping)
                await client.fetch("http://name/")
                assert b"Host: name\r\n" in server.requests[0]
                client.close()
                await turns(3)

    run(main())


def test_an_address_that_refuses_is_named() -> None:
    async def main() -> None:
        port = unused_port()
        client = AsyncHTTPClient(force_instance=True)
        with pytest.raises(ConnectionRefusedError, match=f"127.0.0.1 port {port}"):
            await client.fetch(f"http://127.0.0.1:{port}/")
        with pytest.raises(socket.gaierror):
            await client.fetch("http://name.invalid/")
        client.close()

    run(main())


CERTIFICATE = Path(testing.__file__).parent / "test.crt"


async def serve_tls() -> ScriptedServer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, CERTIFICATE.with_suffix(".key"))
    server = ScriptedServer()
    await server.start(ssl=context)
    return server


def test_tls_is_checked_unless_told_otherwise(logs: LogWatch) -> None:
    trusting = ssl.create_default_context(cafile=str(CERTIFICATE))
    trusting.check_hostname = False
    accepted: list[dict[str, Any]] = [
        {"validate_cert": False},
        {"ssl_options": trusting},
        {"ssl_options": {"cert_reqs": ssl.CERT_NONE}},
        {"ssl_options": {"cert_reqs": ssl.CERT_NONE, "ssl_version": ssl.PROTOCOL_TLSv1_2}},
    ]

    async def main() -> None:
        server = await serve_tls()
        url = f"https://127.0.0.1:{server.port}/"
        client = AsyncHTTPClient(force_instance=True)
        with (
            logs.expect("whirlwind.general", r"SSL Error on 127\.0\.0\.1"),
            pytest.raises(ssl.SSLCertVerificationError),
        ):
            await client.fetch(url)
        assert server.requests == []
        for number, options in enumerate(accepted):
            before = server.connections
            for _ in range(2):
                response = await client.fetch(url, **options)
                assert response.body == b"hello"
                assert response.time_info["appconnect"] >= 0
            assert server.connections <= before + 1
            # The third says the same as the first, in other words.
            assert client.statistics().keys == (1, 2, 2, 3)[number]
        client.close()
        await turns(5)
        await server.stop()
        await turns(5)

    run(main())


def test_rule_9_the_identity_of_tls_tells_connections_apart() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    options = [
        TLSOptions(),
        TLSOptions(validate_cert=False),
        TLSOptions(ca_certs="a"),
        TLSOptions(client_cert="a"),
        TLSOptions(client_cert="a", client_key="b"),
        TLSOptions(context=context),
    ]
    assert len(set(options)) == len(options)


def test_the_resolver_that_was_configured_is_asked() -> None:
    asked: list[str] = []

    class Configured(DefaultLoopResolver):
        @gen.coroutine
        def resolve(self, host: str, port: int, *_: Any) -> Any:
            asked.append(host)
            yield gen.moment
            return [(socket.AF_INET, ("127.0.0.1", port))]

    async def main() -> None:
        async with serving() as (server, client):
            assert isinstance(client.resolver, Configured)
            assert client.own_resolver
            assert client.tcp_client.resolver is client.resolver
            await client.fetch(f"http://name.example:{server.port}/")
            with pytest.raises(WebSocketError):
                await websocket_connect(f"ws://socket.example:{server.port}/")
        assert asked == ["name.example", "socket.example"]

    Resolver.configure(Configured)
    try:
        run(main())
    finally:
        Resolver.configure(None)


@pytest.mark.parametrize("own", [True, False])
def test_a_client_closes_the_resolver_that_it_made_after_its_last_fetch(own: bool) -> None:
    closed: list[bool] = []

    class Closing(DefaultLoopResolver):
        def close(self) -> None:
            closed.append(True)

    async def main() -> None:
        options = {} if own else {"resolver": Closing()}
        async with serving(**options) as (server, client):
            server.hang = True
            fetch = client.fetch(server.url)
            assert len(client.waiting) == 0
            await server.arrived.wait()
            client.close()
            assert not closed
            fetch.cancel()
            assert closed == [True] * own

    Resolver.configure(Closing)
    try:
        run(main())
    finally:
        Resolver.configure(None)
