"""What a program can say about connections: sockets of other kinds, addresses, certificates."""

from __future__ import annotations

import asyncio
import pathlib
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.conftest import LogWatch
from tests.support.peers import nginx_before
from tests.support.scripted_http import HELLO, ScriptedServer, run, serving, turns, until

from whirlwind import testing
from whirlwind.httpclient import AsyncHTTPClient
from whirlwind.netutil import Resolver
from whirlwind.simple_httpclient import HTTPTimeoutError, SimpleAsyncHTTPClient

CERTIFICATE = pathlib.Path(testing.__file__).parent / "test.crt"
KEY = CERTIFICATE.with_suffix(".key")


class UnixResolver(Resolver):
    """As programs have it that talk to a service on the same machine."""

    def initialize(self, path: str) -> None:
        self.path = path

    async def resolve(self, host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        if host == "service":
            return [(socket.AF_UNIX, self.path)]
        return [(socket.AF_INET, (host, port))]


class Caller:
    """A TLS server that looks at who calls.

    Attributes:
        names: The common name in the certificate of each connection; None for none.
        addresses: Where each came from.
    """

    def __init__(self) -> None:
        self.names: list[str | None] = []
        self.addresses: list[str] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        shown = writer.get_extra_info("peercert") or {}
        fields = dict(field for group in shown.get("subject", ()) for field in group)
        self.names.append(fields.get("commonName"))
        self.addresses.append(writer.get_extra_info("peername")[0])
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(HELLO)
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def caller(**client_options: Any) -> AsyncIterator[tuple[Caller, SimpleAsyncHTTPClient]]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, KEY)
    context.load_verify_locations(CERTIFICATE)
    context.verify_mode = ssl.CERT_OPTIONAL
    looking = Caller()
    server = await asyncio.start_server(looking.serve, "127.0.0.1", 0, ssl=context)
    looking.port = server.sockets[0].getsockname()[1]
    client: SimpleAsyncHTTPClient = AsyncHTTPClient(
        force_instance=True,
        hostname_mapping={"foo.example.com": ("127.0.0.1", looking.port)},
        defaults={"ca_certs": str(CERTIFICATE)},
        **client_options,
    )
    try:
        yield looking, client
    finally:
        client.close()
        await turns(5)
        server.close()
        await turns(5)


def test_a_resolver_may_lead_to_a_unix_socket_where_nginx_listens(tmp_path: pathlib.Path) -> None:
    async def main() -> None:
        async with serving() as (server, other):
            folder = pathlib.Path("/tmp") / f"w{server.port}"  # their paths have to be short
            folder.mkdir()
            try:
                async with nginx_before(server.port, folder) as front:
                    client: SimpleAsyncHTTPClient = AsyncHTTPClient(
                        force_instance=True, resolver=UnixResolver(front)
                    )
                    for _ in range(2):
                        response = await client.fetch("http://service/path")
                        assert response.body == b"hello"
                        assert response.headers["Server"].startswith("nginx")
                    assert (client.statistics().open, client.statistics().keys) == (1, 1)
                    assert server.requests[0].startswith(b"GET /path HTTP/1.1\r\n")
                    assert b"\r\nHost: service\r\n" in server.requests[0]
                    # Other names go where they always did.
                    assert (await client.fetch(server.url)).body == b"hello"
                    client.close()
                    await turns(3)
            finally:
                for path in sorted(folder.rglob("*"), reverse=True):
                    path.rmdir() if path.is_dir() else path.unlink()
                folder.rmdir()
            other.close()

    run(main())


def test_a_unix_socket_that_is_not_there_is_named(tmp_path: pathlib.Path) -> None:
    async def main() -> None:
        path = str(tmp_path / "none")
        client = AsyncHTTPClient(force_instance=True, resolver=UnixResolver(path))
        with pytest.raises(FileNotFoundError, match=path):
            await client.fetch("http://service/")
        client.close()

    run(main())


def test_requests_come_from_the_address_that_was_asked_for() -> None:
    async def main() -> None:
        async with caller() as (looking, client):
            for address in ("127.0.0.2", "127.0.0.3", "127.0.0.2"):
                await client.fetch("https://foo.example.com/", network_interface=address)
            # The third used the first one's connection.
            assert looking.addresses == ["127.0.0.2", "127.0.0.3"]
            with pytest.raises(OSError, match="no address that can be used"):
                await client.fetch("https://foo.example.com/", network_interface="::1")

    run(main())


def test_6_5_7_rule_9_a_client_certificate_is_shown_for_its_own_requests_only() -> None:
    own: dict[str, Any] = {"client_cert": str(CERTIFICATE), "client_key": str(KEY)}

    async def main() -> None:
        async with caller() as (looking, client):
            for options in (own, {}, own, {}):
                response = await client.fetch("https://foo.example.com/", **options)
                assert response.body == b"hello"
            assert looking.names == ["foo.example.com", None]
            context = ssl.create_default_context(cafile=str(CERTIFICATE))
            context.load_cert_chain(CERTIFICATE, KEY)
            for _ in range(2):
                await client.fetch("https://foo.example.com/", ssl_options=context)
            as_dict = {"ca_certs": str(CERTIFICATE), "certfile": own["client_cert"]}
            await client.fetch(
                "https://foo.example.com/",
                ssl_options={**as_dict, "keyfile": own["client_key"]},
            )
            # The dict says what the arguments said at first, and uses that connection.
            assert looking.names == ["foo.example.com", None, "foo.example.com"]

    run(main())


def test_certificates_are_trusted_as_the_client_or_the_request_says(logs: LogWatch) -> None:
    async def main() -> None:
        async with caller() as (looking, client):
            await client.fetch("https://foo.example.com/")
            with (
                logs.expect("whirlwind.general", "SSL Error on foo"),
                pytest.raises(ssl.SSLCertVerificationError),
            ):
                # The system's certificates, without the one that the defaults trust.
                await client.fetch(
                    "https://foo.example.com/", ssl_options=ssl.create_default_context()
                )
            assert len(looking.names) == 1

    run(main())


def test_what_configure_says_holds_for_new_clients_and_what_an_instance_says_for_itself() -> None:
    async def main() -> None:
        async with serving() as (server, other):
            AsyncHTTPClient.configure(
                None, max_clients=7, max_clients_per_host=3, defaults={"user_agent": "all"}
            )
            try:
                client = AsyncHTTPClient()
                assert (client.max_clients, client.max_clients_per_host) == (7, 3)
                own = AsyncHTTPClient(
                    force_instance=True, max_clients=1, defaults={"user_agent": "one"}
                )
                assert (own.max_clients, own.max_clients_per_host) == (1, 3)
                for one in (client, own):
                    await one.fetch(server.url)
                    one.close()
                agents = [one.partition(b"User-Agent: ")[2][:3] for one in server.requests]
                assert agents == [b"all", b"one"]
            finally:
                AsyncHTTPClient.configure(None)
            other.close()

    run(main())


def test_an_instance_says_how_long_and_how_many_connections_it_keeps() -> None:
    async def main() -> None:
        async with serving(max_idle_connections=0) as (server, client):
            for _ in range(2):
                await client.fetch(server.url)
            assert server.connections == 2
            assert all(b"\r\nConnection: close\r\n" in one for one in server.requests)
        async with serving(idle_connection_timeout=0.0) as (server, client):
            await client.fetch(server.url)
            await until(lambda: client.statistics().open == 0)
        with pytest.raises(ValueError, match="max_clients_per_host is 0"):
            AsyncHTTPClient(force_instance=True, max_clients_per_host=0)

    run(main())


@pytest.mark.parametrize("user_agent", [None, "it goes the longer way"])
@pytest.mark.parametrize("field", ["Connection", "connection", "X"])
def test_a_client_that_keeps_no_connection_says_so_unless_the_program_did(
    user_agent: str | None, field: str
) -> None:
    async def main() -> None:
        async with serving(max_idle_connections=0) as (server, client):
            await client.fetch(server.url, headers={field: "x"}, user_agent=user_agent)
            said = server.requests[0].count(b"\r\nConnection: ")
            assert said == 1
            assert (b"\r\nConnection: x\r\n" in server.requests[0]) == (field != "X")
        async with serving() as (server, client):
            await client.fetch(server.url, user_agent=user_agent)
            assert b"\r\nConnection: " not in server.requests[0]

    run(main())


def test_the_stages_of_a_fetch_follow_one_another() -> None:
    async def main() -> None:
        async with caller() as (_, client):
            for kept in (False, True):
                info = (await client.fetch("https://foo.example.com/")).time_info
                stages = ["namelookup", "connect", "appconnect"]
                reached = [info[stage] for stage in stages]
                assert reached == ([0, 0, 0] if kept else sorted(reached))
                assert reached[-1] <= info["pretransfer"] <= info["starttransfer"] <= info["total"]
                assert (info["queue"], info["redirect"]) == (0, 0)

    run(main())


@pytest.mark.parametrize(
    ("replies", "stage"),
    [
        pytest.param([], "starttransfer", id="no answer"),
        pytest.param([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"], "total", id="half"),
    ],
)
def test_a_timeout_says_which_stage_took_too_long(replies: list[bytes], stage: str) -> None:
    async def main() -> None:
        async with serving(*replies) as (server, client):
            server.hang = not replies
            fetch = client.fetch(server.url, request_timeout=100)
            await server.arrived.wait()
            running = next(iter(client.active))
            await until(lambda: bool(running._first_byte_at) == bool(replies))
            running.expire()
            with pytest.raises(HTTPTimeoutError, match=r"^Timeout during request$") as caught:
                await fetch
            assert caught.value.stage == stage
            # uvloop's clock goes in steps of a millisecond, which is more than all of this takes.
            assert set(caught.value.time_info) > {"queue", "connect", "starttransfer", "total"}

    run(main())


def test_a_timeout_before_the_request_says_so_as_well() -> None:
    class Stuck(Resolver):
        def initialize(self) -> None:
            self.asked = asyncio.Event()

        async def resolve(self, *args: Any, **kwargs: Any) -> Any:
            self.asked.set()
            await asyncio.get_running_loop().create_future()

    async def main() -> None:
        resolver = Stuck()
        async with serving(resolver=resolver) as (_, client):
            fetch = client.fetch("http://nowhere/")
            await resolver.asked.wait()
            next(iter(client.active)).expire()
            with pytest.raises(HTTPTimeoutError, match="while resolving nowhere") as caught:
                await fetch
            assert caught.value.stage == "namelookup"
        # A server without TLS waits for a request, and the client for its handshake.
        async with serving() as (server, client):
            fetch = client.fetch(f"https://127.0.0.1:{server.port}/", validate_cert=False)
            await until(lambda: server.connections == 1)
            next(iter(client.active)).expire()
            with pytest.raises(HTTPTimeoutError, match="during TLS handshake") as caught:
                await fetch
            assert caught.value.stage == "appconnect"
            # The same for a proxy that never says whether the tunnel is open.
            fetch = client.fetch(
                "https://name.example/", proxy_host="127.0.0.1", proxy_port=server.port
            )
            server.hang = True
            await until(lambda: any(one.startswith(b"CONNECT") for one in server.requests))
            next(iter(client.active)).expire()
            with pytest.raises(HTTPTimeoutError, match=r"connects to name\.example:443") as caught:
                await fetch
            assert caught.value.stage == "appconnect"

    run(main())


def test_cancelling_ends_a_fetch_that_waits_for_a_proxy() -> None:
    async def main() -> None:
        server = ScriptedServer()
        server.hang = True
        await server.start()
        client = AsyncHTTPClient(force_instance=True)
        fetch = client.fetch(
            "https://name.example/", proxy_host="127.0.0.1", proxy_port=server.port
        )
        await server.arrived.wait()
        fetch.cancel()
        await server.closed.wait()
        assert not client.active
        client.close()
        await server.stop()
        await turns(3)

    run(main())
