"""What fails before there is a server: names, addresses, proxies; and which time ran out."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pycares
import pytest
from tests.support.certificates import authority
from tests.support.faulty_peer import FaultyPeer, Script, Wire, reply
from tests.support.leftovers import nothing_is_left
from tests.support.name_server import name_server
from tests.support.scripted_http import run

from whirlwind.curl_httpclient import CurlAsyncHTTPClient, CurlError
from whirlwind.httpclient import AsyncHTTPClient, HTTPRequest
from whirlwind.iostream import StreamClosedError
from whirlwind.platform.caresresolver import CaresResolver
from whirlwind.simple_httpclient import (
    HTTPProxyError,
    HTTPTimeoutError,
    SimpleAsyncHTTPClient,
)
from whirlwind.tcpclient import TCPClient
from whirlwind.websocket import websocket_connect

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SHORT = 0.2  # seconds; all that is waited for in vain


@contextmanager
def full_queue() -> Iterator[int]:
    """A port that takes no further connection: whoever connects hears nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listening:
        waiting = []
        # The queue of a system that was asked for none has room for one, or two.
        for _ in range(4):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(listening.getsockname())
            waiting.append(sock)
        try:
            yield listening.getsockname()[1]
        finally:
            for sock in waiting:
                sock.close()


@asynccontextmanager
async def simple(**options: Any) -> AsyncIterator[SimpleAsyncHTTPClient]:
    client = SimpleAsyncHTTPClient(force_instance=True, **options)
    try:
        yield client
    finally:
        assert not client.active
        assert not client.queue
        assert len(client._shared.stages) == len(client._shared.totals) == 0
        client.close()


class Failing:
    """A resolver that finds no name, or never ends."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error
        self.cancelled = False

    async def resolve(self, host: str, port: int, family: int = 0) -> Any:
        if self.error is not None:
            raise self.error
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            self.cancelled = True
            raise


# --- names ---


@pytest.mark.parametrize("kind", ["http", "websocket", "stream"])
def test_a_name_that_nobody_knows_is_an_error_of_the_resolver(kind: str) -> None:
    """Over a name server on a socket, which says NXDOMAIN."""

    async def main() -> None:
        async with name_server() as server:
            resolver: Any = CaresResolver()
            resolver.channel.close()
            resolver.channel = pycares.Channel(
                sock_state_cb=resolver._sock_state_cb,
                servers=["127.0.0.1"],
                udp_port=server.port,
                lookups="b",
            )
            with pytest.raises(OSError, match=r"unknown\.test"):
                if kind == "http":
                    async with simple(resolver=resolver) as client:
                        await client.fetch("http://unknown.test/")
                elif kind == "websocket":
                    await websocket_connect("ws://unknown.test/", resolver=resolver)
                else:
                    await TCPClient(resolver=resolver).connect("unknown.test", 80)
            assert server.asked.is_set()
            resolver.close()

    run(main())


@pytest.mark.parametrize("kind", ["http", "websocket", "stream"])
def test_a_resolver_that_never_ends_is_given_up_and_stopped(kind: str) -> None:
    async def main() -> None:
        async with nothing_is_left():
            resolver: Any = Failing(None)
            with pytest.raises((HTTPTimeoutError, TimeoutError), match=r"resolving h\.test") as got:
                if kind == "http":
                    async with simple(resolver=resolver) as client:
                        await client.fetch("http://h.test/", connect_timeout=SHORT)
                elif kind == "websocket":
                    await websocket_connect(
                        "ws://h.test/", connect_timeout=SHORT, resolver=resolver
                    )
                else:
                    await TCPClient(resolver=resolver).connect("h.test", 80, timeout=SHORT)
            if isinstance(got.value, HTTPTimeoutError):
                assert got.value.stage == "namelookup"
            del got
            await asyncio.sleep(0)
            assert resolver.cancelled

    run(main())


@pytest.mark.parametrize(
    "error", [socket.gaierror(socket.EAI_NONAME, "not known"), OSError("name server is gone")]
)
@pytest.mark.parametrize("kind", ["http", "websocket", "stream"])
def test_what_a_resolver_says_is_the_error(kind: str, error: OSError) -> None:
    async def main() -> None:
        async with nothing_is_left():
            resolver: Any = Failing(error)
            with pytest.raises(OSError, match=r"not known|is gone") as got:
                if kind == "http":
                    async with simple(resolver=resolver) as client:
                        await client.fetch("http://h.test/")
                elif kind == "websocket":
                    await websocket_connect("ws://h.test/", resolver=resolver)
                else:
                    await TCPClient(resolver=resolver).connect("h.test", 80)
            assert got.value is error
            del got
            error.__traceback__ = None

    run(main())


# --- addresses ---


@pytest.mark.parametrize("kind", ["simple", "curl", "websocket", "stream"])
def test_an_address_that_does_not_answer_is_given_up_while_connecting(kind: str) -> None:
    async def main() -> None:
        with full_queue() as port:
            async with nothing_is_left():
                errors = (HTTPTimeoutError, CurlError, TimeoutError)
                with pytest.raises(errors, match="while connecting") as got:
                    if kind == "simple":
                        async with simple() as client:
                            await client.fetch(f"http://127.0.0.1:{port}/", connect_timeout=SHORT)
                    elif kind == "curl":
                        other = CurlAsyncHTTPClient(force_instance=True)
                        try:
                            await other.fetch(f"http://127.0.0.1:{port}/", connect_timeout=SHORT)
                        finally:
                            other.close()
                    elif kind == "websocket":
                        await websocket_connect(f"ws://127.0.0.1:{port}/", connect_timeout=SHORT)
                    else:
                        tcp = TCPClient()
                        try:
                            await tcp.connect("127.0.0.1", port, timeout=SHORT)
                        finally:
                            tcp.close()
                if isinstance(got.value, HTTPTimeoutError):
                    assert got.value.stage == "connect"
                del got

    run(main())


def test_a_stream_that_is_refused_or_reset_tells_each_waiter_the_reason() -> None:
    async def main() -> None:
        with FaultyPeer(Wire.hold) as peer:
            port = peer.port
        async with nothing_is_left():
            client = TCPClient()
            with pytest.raises(StreamClosedError) as got:
                await client.connect("127.0.0.1", port)
            assert isinstance(got.value.real_error, ConnectionRefusedError)
            del got
            client.close()

        def cut(wire: Wire) -> None:
            wire.read(5)
            wire.reset()

        with FaultyPeer(cut) as peer:
            async with nothing_is_left():
                client = TCPClient()
                stream = await client.connect("127.0.0.1", peer.port)
                reading = stream.read_until(b"\r\n")
                closed: list[bool] = []
                stream.set_close_callback(lambda: closed.append(True))
                await stream.write(b"hello")
                with pytest.raises(StreamClosedError) as got:
                    await reading
                assert isinstance(got.value.real_error, ConnectionResetError)
                await asyncio.sleep(0)
                assert closed == [True]
                with pytest.raises(StreamClosedError):
                    await stream.write(b"more")
                with pytest.raises(StreamClosedError):
                    await stream.read_bytes(1)
                client.close()
                del stream, reading, got

    run(main())


# --- proxies ---

REFUSES: dict[str, tuple[Script, str]] = {
    "407": (
        reply(
            b"HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n"
        ),
        "no tunnel: 407 Who",
    ),
    "502": (reply(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"), "no tunnel: 502"),
    "garbage": (reply(b"SSH-2.0-OpenSSH\r\n\r\n"), "no HTTP"),
    "endless": (reply(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 20_000), "answer is over"),
    "endless interim": (reply(b"HTTP/1.1 102 Wait\r\n\r\n" * 100), "1xx"),
    "bytes behind": (reply(b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"), "bytes came before"),
    "closes": (reply(b"", Wire.hang_up), "closed the connection without an answer"),
    "closes in the head": (reply(b"HTTP/1.1 200 O", Wire.hang_up), "closed the connection"),
}


def proxied(kind: str, port: int, **options: Any) -> Callable[[], Any]:
    """Return a function that asks for something through a proxy."""
    options = {"proxy_host": "127.0.0.1", "proxy_port": port, **options}

    async def ask() -> Any:
        if kind == "websocket":
            return await websocket_connect(HTTPRequest("wss://h.test/", **options))
        client: AsyncHTTPClient
        if kind == "simple":
            async with simple() as client:
                return await client.fetch("https://h.test/", **options)
        client = CurlAsyncHTTPClient(force_instance=True)
        try:
            return await client.fetch("https://h.test/", **options)
        finally:
            client.close()

    return ask


@pytest.mark.parametrize("kind", ["simple", "curl", "websocket"])
@pytest.mark.parametrize("case", REFUSES)
def test_a_proxy_that_opens_no_tunnel_is_named_with_what_it_said(case: str, kind: str) -> None:
    script, said = REFUSES[case]

    async def main() -> None:
        with FaultyPeer(script) as peer:
            async with nothing_is_left():
                if kind == "curl":
                    with pytest.raises(CurlError):
                        # libcurl would wait for the rest of a head, or believe what follows.
                        await proxied(kind, peer.port, request_timeout=SHORT)()
                else:
                    with pytest.raises(HTTPProxyError, match=said) as got:
                        await proxied(kind, peer.port)()
                    assert f"proxy 127.0.0.1:{peer.port}" in str(got.value)
                    del got

    run(main())


@pytest.mark.parametrize("kind", ["simple", "curl", "websocket"])
@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 Connec"])
def test_a_proxy_that_hangs_is_given_up_at_its_stage(kind: str, sent: bytes) -> None:
    async def main() -> None:
        with FaultyPeer(reply(sent)) as peer:
            async with nothing_is_left():
                with pytest.raises((HTTPTimeoutError, CurlError), match="proxy") as got:
                    await proxied(kind, peer.port, connect_timeout=SHORT)()
                if isinstance(got.value, HTTPTimeoutError):
                    assert got.value.stage == "appconnect"
                    assert "connects to h.test:443" in str(got.value)
                del got

    run(main())


@pytest.mark.parametrize("kind", ["simple", "websocket"])
def test_a_proxy_that_resets_the_connection_is_named(kind: str) -> None:
    async def main() -> None:
        with FaultyPeer(reply(b"", Wire.reset)) as peer:
            async with nothing_is_left():
                with pytest.raises(ConnectionResetError, match=r"while proxy 127\.0\.0\.1:"):
                    await proxied(kind, peer.port)()

    run(main())


@pytest.mark.parametrize("kind", ["simple", "websocket"])
@pytest.mark.parametrize("end", ["reset", "closed"])
def test_a_server_that_ends_behind_the_tunnel_is_named_and_not_the_proxy(
    kind: str, end: str
) -> None:
    def script(wire: Wire) -> None:
        wire.head()
        wire.send(b"HTTP/1.1 200 Connected\r\n\r\n")
        wire.read(5)
        (Wire.reset if end == "reset" else Wire.hang_up)(wire)

    async def main() -> None:
        with FaultyPeer(script) as peer:
            async with nothing_is_left():
                message = f"Connection {end} during TLS handshake with h.test"
                with pytest.raises(ConnectionResetError, match=message):
                    await proxied(kind, peer.port)()

    run(main())


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (reply(b"", Wire.hang_up), "closed before a response came"),
        (reply(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"), "HTTP 502"),
        (reply(b"\x16\x03\x01garbage\r\n\r\n"), "Connection closed: "),
    ],
    ids=["closes", "502", "garbage"],
)
def test_a_proxy_that_forwards_fails_like_a_server(script: Script, message: str) -> None:
    async def main() -> None:
        with FaultyPeer(script) as peer:
            async with nothing_is_left(), simple() as client:
                with pytest.raises(Exception, match=message):
                    await client.fetch(
                        "http://h.test/", proxy_host="127.0.0.1", proxy_port=peer.port
                    )

    run(main())


# --- times ---


def test_each_time_out_says_which_time_ran_out() -> None:
    async def main() -> None:
        stuck: Any = Failing(None)
        scripts: list[Script] = [Wire.hold, reply(b""), reply(OK[:-1])]
        with full_queue() as unanswered, FaultyPeer(*scripts) as peer:
            async with nothing_is_left():
                url = f"http://127.0.0.1:{peer.port}/"
                secure = f"https://127.0.0.1:{peer.port}/"
                stages: list[tuple[str, str]] = []
                async with simple(defaults={"ca_certs": authority().path}) as client:
                    for where in (secure, url, url, f"http://127.0.0.1:{unanswered}/"):
                        with pytest.raises(HTTPTimeoutError) as got:
                            await client.fetch(where, request_timeout=SHORT)
                        stages.append((got.value.stage, str(got.value)))
                        del got
                async with simple(resolver=stuck, max_clients=1) as client:
                    first = client.fetch("http://h.test/", connect_timeout=SHORT)
                    second = client.fetch("http://h.test/", connect_timeout=SHORT / 4)
                    for fetch in (second, first):
                        with pytest.raises(HTTPTimeoutError) as got:
                            await fetch
                        stages.append((got.value.stage, str(got.value)))
                        del got
                    del first, second, fetch
                assert [stage for stage, _ in stages] == [
                    "appconnect",
                    "starttransfer",
                    "total",
                    "connect",
                    "queue",
                    "namelookup",
                ]
                assert len({message for _, message in stages}) == 5

    run(main())


def test_a_deadline_holds_over_redirects() -> None:
    """Each hop ends in time, all together do not."""

    async def main() -> None:
        redirect = b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n"

        def keep_redirecting(wire: Wire) -> None:
            while True:
                wire.head()
                wire.send(redirect)

        with FaultyPeer(keep_redirecting) as peer:
            async with nothing_is_left(), simple() as client:
                with pytest.raises(HTTPTimeoutError) as got:
                    await client.fetch(
                        f"http://127.0.0.1:{peer.port}/",
                        request_timeout=SHORT,
                        max_redirects=10**9,
                    )
                assert got.value.stage in ("starttransfer", "total")
                del got

    run(main())


# --- cancelling ---


@pytest.mark.parametrize(
    "stage", ["queue", "namelookup", "connect", "appconnect", "starttransfer", "total", "proxy"]
)
def test_a_fetch_that_is_cancelled_at_any_stage_leaves_nothing(stage: str) -> None:
    async def main() -> None:
        reached = asyncio.Event()
        loop = asyncio.get_running_loop()

        def tell(wire: Wire) -> None:
            loop.call_soon_threadsafe(reached.set)
            wire.hold()

        def hello(wire: Wire) -> None:
            wire.sock.recv(1000)
            tell(wire)

        script = {"appconnect": hello, "total": reply(OK[:-1], tell)}.get(stage, reply(b"", tell))
        with full_queue() as unanswered, FaultyPeer(script) as peer:
            async with nothing_is_left():
                options: dict[str, Any] = {}
                kept: dict[str, Any] = {}
                url = f"http://127.0.0.1:{peer.port}/"
                stuck: Any = Failing(None)
                if stage == "namelookup":
                    url, kept["resolver"] = "http://h.test/", stuck
                elif stage == "connect":
                    url = f"http://127.0.0.1:{unanswered}/"
                elif stage == "appconnect":
                    url = f"https://127.0.0.1:{peer.port}/"
                elif stage == "proxy":
                    url = "https://h.test/"
                    options = {"proxy_host": "127.0.0.1", "proxy_port": peer.port}
                async with simple(max_clients=1, **kept) as client:
                    fetch = client.fetch(url, **options)
                    before = None
                    if stage == "queue":
                        before, fetch = fetch, client.fetch(url)
                    if stage in ("namelookup", "connect"):
                        for _ in range(5):
                            await asyncio.sleep(0)
                    else:
                        await reached.wait()
                    fetch.cancel()
                    with pytest.raises(asyncio.CancelledError):
                        await fetch
                    if before is not None:
                        assert list(client.active.values()) == [before]
                        before.cancel()
                    # The connection is gone as well, or the script would wait on.
                    await loop.run_in_executor(None, peer.join)
                    await asyncio.sleep(0)
                    assert client.statistics().open == 0
                    if stage == "namelookup":
                        assert stuck.cancelled
                    del fetch, before

    run(main())


def test_a_fetch_that_is_done_cannot_be_cancelled() -> None:
    """And has its response."""

    async def main() -> None:
        with FaultyPeer(reply(OK)) as peer:
            async with nothing_is_left(), simple() as client:
                fetch = client.fetch(f"http://127.0.0.1:{peer.port}/")
                while not fetch.done():
                    await asyncio.sleep(0)
                assert not fetch.cancel()
                assert (await fetch).body == b"ok"

    run(main())


def test_an_answer_that_nobody_asked_for_is_no_answer_to_the_next_request() -> None:
    """An answer before any question is no answer to the next one."""

    def unasked(wire: Wire) -> None:
        wire.head()
        wire.send(OK + OK.replace(b"ok", b"no"))
        wire.hold()

    async def main() -> None:
        with FaultyPeer(unasked, reply(OK)) as peer:
            async with nothing_is_left(), simple() as client:
                for _ in range(2):
                    assert (await client.fetch(f"http://127.0.0.1:{peer.port}/")).body == b"ok"
                assert peer.connections == 2

    run(main())
