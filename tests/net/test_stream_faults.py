"""What goes wrong between two streams, at every stage; and that nothing of it stays behind.

Descriptors are counted by ``runner_of``, and futures and timers here.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import os
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

import pytest
from tests.conftest import LogWatch
from tests.support.streams import (
    LOOPS,
    SERVER_OPTIONS,
    Run,
    runner_of,
    tcp_sockets,
    tls_pair,
    trusting_context,
    turns,
    until,
    within,
)

from whirlwind._net.resets import reset_when_closed
from whirlwind.ioloop import IOLoop
from whirlwind.iostream import IOStream, SSLIOStream, StreamClosedError
from whirlwind.tcpclient import TCPClient
from whirlwind.tcpserver import TCPServer


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest) -> Run:
    counted = runner_of(request.param)

    def run(body: Callable[[], Coroutine[Any, Any, None]]) -> None:
        async def watched() -> None:
            gc.collect()
            known = {id(future) for future in pending()}
            await body()
            await turns(5)
            gc.collect()
            left = [future for future in pending() if id(future) not in known]
            assert left == []
            loop = IOLoop.current()
            assert not loop.handlers  # type: ignore[attr-defined]
            timers = getattr(loop.asyncio_loop, "_scheduled", [])  # uvloop shows none
            assert [timer for timer in timers if not timer.cancelled()] == []

        counted(watched)

    return run


def pending() -> list[Any]:
    """Futures that nobody has resolved, of both kinds, without the tasks that run the test."""
    current = asyncio.current_task()
    found = []
    for thing in gc.get_objects():
        # By type: asking for __class__ would run code of whatever it is.
        name = type(thing).__name__
        if name not in ("Future", "CoroutineFuture", "Task") or thing is current:
            continue
        if not thing.done():
            found.append(thing)
    return found


Start = Callable[[IOStream], Awaitable[Any]]
STAGES: dict[str, Start] = {
    "until": lambda stream: stream.read_until(b"\n"),
    "regex": lambda stream: stream.read_until_regex(rb"\n"),
    "bytes": lambda stream: stream.read_bytes(10),
    "large": lambda stream: stream.read_bytes(1_000_000),
    "into": lambda stream: stream.read_into(bytearray(10)),
    "writing": lambda stream: stream.write(bytes(50_000_000)),
}


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("how", ["reset", "end", "own close"])
@pytest.mark.parametrize("stage", STAGES)
def test_whoever_waits_is_told(run: Run, stage: str, how: str, encrypted: bool) -> None:
    async def body() -> None:
        if encrypted:
            stream, peer = await tcp_tls_pair()
        else:
            ours, theirs = tcp_sockets()
            stream, peer = IOStream(ours), IOStream(theirs)
        told: list[bool] = []
        waiting = STAGES[stage](stream)
        stream.set_close_callback(lambda: told.append(waiting.done()))  # type: ignore[attr-defined]
        await turns(2)
        if how == "own close":
            stream.close()
        elif how == "reset":
            cut(peer)
        else:
            peer.close()
        with pytest.raises(StreamClosedError) as caught:
            await within(waiting)
        real = caught.value.real_error
        if how == "own close":
            assert real is None
        elif how == "reset":
            assert isinstance(real, ConnectionError | ssl.SSLError)
        await until(lambda: told)
        assert told == [True]
        assert stream.closed()
        with pytest.raises(StreamClosedError):
            stream.write(b"more")
        with pytest.raises(StreamClosedError):
            await stream.read_bytes(2_000_000)
        peer.close()

    run(body)


def cut(stream: IOStream) -> None:
    """End a TCP connection with a reset."""
    reset_when_closed(stream.socket)
    stream.close(exc_info=OSError("a test wants it so"))  # without a farewell


async def tcp_tls_pair() -> tuple[IOStream, IOStream]:
    ours, theirs = tcp_sockets()
    return await asyncio.gather(
        IOStream(ours).start_tls(True, SERVER_OPTIONS),
        IOStream(theirs).start_tls(False, trusting_context(), "localhost"),
    )


def test_a_cut_in_the_middle_of_tls_is_no_end_in_order(run: Run) -> None:
    async def body() -> None:
        server, client = await tls_pair()
        await client.write(b"half a mess")
        # Without the farewell of TLS (RFC 8446, 6.1), as somebody on the way could do it.
        with socket.socket(fileno=os.dup(client.socket.fileno())) as same:
            same.shutdown(socket.SHUT_RDWR)
        with pytest.raises(StreamClosedError) as caught:
            await within(server.read_until(b"\n"))
        assert isinstance(caught.value.real_error, ssl.SSLEOFError)
        client.close()
        server.close()

    run(body)


def old_client() -> ssl.SSLContext:
    context = trusting_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256")
    return context


def server_context(**more: Any) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(SERVER_OPTIONS["certfile"], SERVER_OPTIONS["keyfile"])
    for name, value in more.items():
        setattr(context, name, value)
    return context


def other_cipher() -> ssl.SSLContext:
    context = server_context(maximum_version=ssl.TLSVersion.TLSv1_2)
    context.set_ciphers("ECDHE-RSA-AES256-GCM-SHA384")
    return context


def wants_certificate() -> ssl.SSLContext:
    context = server_context(verify_mode=ssl.CERT_REQUIRED)
    context.load_verify_locations(SERVER_OPTIONS["certfile"])
    return context


def checks_name() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=SERVER_OPTIONS["certfile"])


# What the server has, what the client has, what the client is told.
# And how many lines there are in the log: one of each side that learned of it in its handshake.
FAILURES: dict[str, tuple[Callable[[], Any], Callable[[], Any], str, int]] = {
    "unknown authority": (
        server_context,
        ssl.create_default_context,
        "CERTIFICATE_VERIFY_FAILED",
        2,
    ),
    "another name": (server_context, checks_name, "CERTIFICATE_VERIFY_FAILED", 2),
    "no version in common": (
        functools.partial(server_context, minimum_version=ssl.TLSVersion.TLSv1_3),
        old_client,
        "ALERT_PROTOCOL_VERSION",
        2,
    ),
    "no cipher in common": (other_cipher, old_client, "HANDSHAKE_FAILURE", 2),
    "no client's certificate": (
        wants_certificate,
        trusting_context,
        "CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE",
        2,
    ),
}


@contextlib.asynccontextmanager
async def server_of(options: Any, opened: list[IOStream]) -> AsyncIterator[int]:
    class Server(TCPServer):
        async def handle_stream(self, stream: IOStream, address: Any) -> None:
            opened.append(stream)
            with contextlib.suppress(StreamClosedError):
                await stream.read_until_close()

    server = Server(ssl_options=options)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        server.add_socket(listening)
        yield listening.getsockname()[1]
        server.stop()
    for stream in opened:
        stream.close()


@pytest.mark.parametrize("kind", FAILURES)
def test_a_handshake_that_fails_says_why_on_both_sides(run: Run, logs: LogWatch, kind: str) -> None:
    of_server, of_client, reason, lines = FAILURES[kind]

    async def body() -> None:
        opened: list[IOStream] = []
        async with server_of(of_server(), opened) as port:
            with pytest.raises((ssl.SSLError, StreamClosedError), match=reason) as caught:
                # With TLS 1.3 the client is done before the server has looked at its certificate.
                stream = await within(
                    TCPClient().connect("127.0.0.1", port, ssl_options=of_client())
                )
                try:
                    await within(stream.read_bytes(1))
                except StreamClosedError as closed:
                    raise closed.real_error or closed from None
                finally:
                    stream.close()
            assert isinstance(caught.value, OSError)
            await until(lambda: opened and opened[0].closed())
            assert isinstance(opened[0].error, ssl.SSLError | ConnectionError)

    with logs.expect("whirlwind.general", "SSL Error on |error on read", lines):
        run(body)


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "tls"])
def test_a_server_that_never_answers_is_given_up_by_name(run: Run, encrypted: bool) -> None:
    async def body() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            port = listening.getsockname()[1]
            if encrypted:
                with pytest.raises(TimeoutError, match=f"TLS handshake with 127.0.0.1:{port}"):
                    await within(
                        TCPClient().connect(
                            "127.0.0.1", port, ssl_options=trusting_context(), timeout=0.05
                        )
                    )
                return
            stream = await within(TCPClient().connect("127.0.0.1", port, timeout=5))
            reading = stream.read_bytes(1)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(reading, 0.01)
            assert reading.cancelled()
            stream.close()

    run(body)


def test_a_name_that_does_not_exist_says_so(run: Run) -> None:
    async def body() -> None:
        with pytest.raises(socket.gaierror):
            await within(TCPClient().connect("no-such-host.invalid", 80))

    run(body)


def test_a_thousand_clients_that_leave_at_once_leave_nothing(run: Run) -> None:
    async def body() -> None:
        opened: list[IOStream] = []
        async with server_of(None, opened) as port:
            for _ in range(10):
                clients = [await TCPClient().connect("127.0.0.1", port) for _ in range(100)]
                await until(lambda: len(opened) == 100)
                for number, client in enumerate(clients):
                    if number % 2:
                        cut(client)
                    client.close()
                await until(lambda: all(stream.closed() for stream in opened))
                opened.clear()

    run(body)


def test_half_a_connection_ends_the_reads_and_not_what_was_written(run: Run) -> None:
    async def body() -> None:
        ours, theirs = tcp_sockets()
        stream, peer = IOStream(ours), IOStream(theirs)
        written = stream.write(bytes(3_000_000))
        theirs.shutdown(socket.SHUT_WR)
        await turns(3)
        # Nobody reads here, so nobody learns of the end, and what was written still goes out.
        assert len(await within(peer.read_bytes(3_000_000))) == 3_000_000
        await within(written)
        with pytest.raises(StreamClosedError) as caught:
            await within(stream.read_bytes(1))
        assert caught.value.real_error is None
        peer.close()

    run(body)


def test_a_connection_that_is_closed_while_it_is_made_fails_what_waits(run: Run) -> None:
    async def body() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            for kind in (IOStream, functools.partial(SSLIOStream, ssl_options=trusting_context())):
                stream = kind(socket.socket())
                made: list[asyncio.Future[Any]] = [
                    stream.connect(listening.getsockname(), server_hostname="localhost"),
                    stream.read_bytes(1),
                    stream.write(b"x"),
                ]
                stream.close()
                for future in made:
                    with pytest.raises(StreamClosedError):
                        await within(future)

    run(body)
