"""TLS that fails in every way, before four kinds of clients: what was wrong is said, once."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.conftest import LogWatch
from tests.support.certificates import authority
from tests.support.faulty_peer import FaultyPeer, Script, Wire, reply
from tests.support.leftovers import nothing_is_left
from tests.support.scripted_http import run

from whirlwind.curl_httpclient import CurlAsyncHTTPClient, CurlError
from whirlwind.httpclient import HTTPRequest
from whirlwind.iostream import StreamClosedError
from whirlwind.simple_httpclient import (
    HTTPStreamClosedError,
    HTTPTimeoutError,
    SimpleAsyncHTTPClient,
)
from whirlwind.tcpclient import TCPClient
from whirlwind.websocket import websocket_connect

TIMEOUT = 0.3  # seconds; only for the server that never shakes hands


def tls_server(make: Callable[[], ssl.SSLContext]) -> Callable[[], Script]:
    def prepare() -> Script:
        context = make()

        def script(wire: Wire) -> None:
            try:
                wire.secure(context)
                wire.head()
            except ssl.SSLError:
                wire.hold()  # so that what TLS has to say is not overtaken by a reset

        return script

    return prepare


def after_hello(then: Script) -> Callable[[], Script]:
    def script(wire: Wire) -> None:
        wire.sock.recv(1000)
        then(wire)

    return lambda: script


def says_http(wire: Wire) -> None:
    wire.send(b"HTTP/1.1 400 This is not the port for TLS\r\n\r\n")
    wire.hold()


def half_a_record(wire: Wire) -> None:
    wire.send(b"\x16\x03\x03\x01\x00\x02")
    wire.hang_up()


# What the server does; what Python's ssl says, and what libcurl's OpenSSL does.
REFUSED: dict[str, tuple[Callable[[], Script], str, str]] = {
    "expired": (
        tls_server(lambda: authority().server_context(days=(-10, -1))),
        "certificate has expired",
        "certificate has expired",
    ),
    "not yet valid": (
        tls_server(lambda: authority().server_context(days=(1, 10))),
        "certificate is not yet valid",
        "certificate is not yet valid",
    ),
    "self-signed": (
        tls_server(lambda: authority().server_context(signed=False)),
        "self-signed certificate",
        "self-signed certificate",
    ),
    "wrong host": (
        tls_server(lambda: authority().server_context(host="other.test")),
        "not valid for '127.0.0.1'",
        "127.0.0.1",
    ),
    "old protocol": (
        tls_server(lambda: authority().old_context()),
        "alert protocol version",
        "alert protocol version",
    ),
    "no client certificate, TLS 1.2": (
        tls_server(lambda: at_most_tls_1_2(authority().server_context(asks=True))),
        "handshake failure",
        "handshake failure",
    ),
    "no TLS at all": (after_hello(says_http), "wrong version number", "wrong version number"),
}
# The connection goes away while hands are shaken: whether it was an end in order.
CUT: dict[str, tuple[Script, bool]] = {
    "reset": (Wire.reset, False),
    "half-close": (Wire.hang_up, True),
    "in a record": (half_a_record, True),
}


def at_most_tls_1_2(context: ssl.SSLContext) -> ssl.SSLContext:
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


async def fetch(kind: Any, port: int) -> None:
    client = kind(force_instance=True)
    try:
        await client.fetch(
            f"https://127.0.0.1:{port}/", ca_certs=authority().path, connect_timeout=TIMEOUT
        )
    finally:
        client.close()


async def simple(port: int) -> None:
    await fetch(SimpleAsyncHTTPClient, port)


async def curl(port: int) -> None:
    await fetch(CurlAsyncHTTPClient, port)


async def websocket(port: int) -> None:
    url = f"wss://127.0.0.1:{port}/"
    await websocket_connect(HTTPRequest(url, ca_certs=authority().path, connect_timeout=TIMEOUT))


async def stream(port: int) -> None:
    client = TCPClient()
    context = ssl.create_default_context(cafile=authority().path)
    try:
        connected = await client.connect("127.0.0.1", port, ssl_options=context, timeout=TIMEOUT)
        try:
            await connected.write(b"GET / HTTP/1.1\r\n\r\n")
            await connected.read_until(b"\r\n")
        finally:
            connected.close()
    finally:
        client.close()


Connect = Callable[[int], Awaitable[None]]
CLIENTS: dict[str, Connect] = {
    "simple": simple,
    "curl": curl,
    "websocket": websocket,
    "stream": stream,
}


def error_of(connect: Connect, script: Script) -> BaseException:
    """Connect once; nothing may be left but the error."""
    caught: list[BaseException] = []

    async def main() -> None:
        with FaultyPeer(script) as peer:
            async with nothing_is_left():
                try:
                    await connect(peer.port)
                except Exception as error:
                    caught.append(error.with_traceback(None))
            assert peer.connections == 1

    run(main())
    return caught[0]


@pytest.mark.parametrize("kind", CLIENTS)
@pytest.mark.parametrize("case", REFUSED)
def test_a_server_that_cannot_be_trusted_is_refused(case: str, kind: str, logs: LogWatch) -> None:
    prepare, by_python, by_curl = REFUSED[case]
    script = prepare()
    if kind == "curl":
        error = error_of(curl, script)
        assert isinstance(error, CurlError)
        assert by_curl in str(error)
        return
    with logs.expect("whirlwind.general", "SSL Error on .*127.0.0.1"):
        error = error_of(CLIENTS[kind], script)
    assert isinstance(error, ssl.SSLError)
    assert by_python in str(error)


@pytest.mark.parametrize("kind", CLIENTS)
def test_a_certificate_that_is_missed_after_the_handshake_is_named(
    kind: str, logs: LogWatch
) -> None:
    """TLS 1.3 lets a client begin to speak before the server has looked at what it showed."""
    error = error_of(CLIENTS[kind], tls_server(lambda: authority().server_context(asks=True))())
    if kind == "stream":
        # As the reason for the end, or, as in Tornado, as it is where a read comes upon it.
        real = error.real_error if isinstance(error, StreamClosedError) else error
        assert isinstance(real, ssl.SSLError)
        assert "certificate required" in str(real)
        # Which of the two it is depends on when the alert comes; the first is logged, once.
        said = [record for record in logs.records if "error on read" in record.getMessage()]
        assert len(said) == (real is not error)
        logs.records[:] = [record for record in logs.records if record not in said]
    else:
        assert isinstance(error, CurlError if kind == "curl" else HTTPStreamClosedError)
        assert "certificate required" in str(error)


@pytest.mark.parametrize("kind", CLIENTS)
@pytest.mark.parametrize("case", CUT)
def test_a_connection_that_is_cut_while_hands_are_shaken_says_so(case: str, kind: str) -> None:
    then, in_order = CUT[case]
    error = error_of(CLIENTS[kind], after_hello(then)())
    if kind == "curl":
        assert isinstance(error, CurlError)
    elif kind == "stream":
        assert isinstance(error, ssl.SSLEOFError if in_order else ConnectionResetError)
    else:
        assert isinstance(error, ConnectionResetError)
        how = "closed" if in_order else "reset"
        assert f"Connection {how} during TLS handshake with 127.0.0.1:" in str(error)


@pytest.mark.parametrize("kind", CLIENTS)
def test_a_server_that_never_shakes_hands_is_given_up(kind: str) -> None:
    error = error_of(CLIENTS[kind], Wire.hold)
    assert "during TLS handshake" in str(error)
    if kind in ("simple", "websocket"):
        assert isinstance(error, HTTPTimeoutError)
        assert error.stage == "appconnect"
    else:
        assert isinstance(error, CurlError if kind == "curl" else TimeoutError)


def test_a_client_that_was_refused_by_one_server_goes_on_to_the_next(logs: LogWatch) -> None:
    async def main() -> None:
        good = authority().server_context()

        def serve(wire: Wire) -> None:
            wire.secure(good)
            reply(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")(wire)

        with FaultyPeer(REFUSED["expired"][0](), serve) as peer:
            async with nothing_is_left():
                client = SimpleAsyncHTTPClient(
                    force_instance=True, max_clients=1, defaults={"ca_certs": authority().path}
                )
                url = f"https://127.0.0.1:{peer.port}/"
                with logs.expect("whirlwind.general", "SSL Error"):
                    first, second = client.fetch(url), client.fetch(url)
                    with pytest.raises(ssl.SSLCertVerificationError):
                        await first
                    assert (await second).body == b"ok"
                del first, second
                client.close()

    run(main())
