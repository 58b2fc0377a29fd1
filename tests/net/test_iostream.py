"""Connecting, TLS over real sockets, pipes."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
from typing import Any

import pytest
from tests.conftest import LogWatch
from tests.support.streams import (
    LOOPS,
    SERVER_OPTIONS,
    Run,
    pair,
    reset,
    runner_of,
    tcp_sockets,
    tls_pair,
    trusting_context,
    turns,
    until,
    within,
)

from whirlwind.iostream import IOStream, PipeIOStream, SSLIOStream, StreamClosedError
from whirlwind.netutil import ssl_wrap_socket


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest) -> Run:
    return runner_of(request.param)


def test_reads_and_writes_wait_for_the_connection(run: Run) -> None:
    async def body() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            stream = IOStream(socket.socket())
            connected = stream.connect(listening.getsockname())
            reading = stream.read_bytes(2)
            writing = stream.write(b"hi")
            assert not writing.done()
            peer, _ = listening.accept()
            peer.send(b"ho")
            assert await within(connected) is stream
            await within(writing)
            assert await within(reading) == b"ho"
            assert peer.recv(2) == b"hi"
            stream.set_nodelay(True)
            assert stream.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            stream.set_nodelay(False)
            assert not stream.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            stream.close()
            peer.close()

    run(body)


def test_a_refused_connection_tells_everybody_why(run: Run) -> None:
    async def body() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            address = listening.getsockname()
        stream = IOStream(socket.socket())
        closed: list[BaseException | None] = []
        stream.set_close_callback(lambda: closed.append(stream.error))
        futures: list[asyncio.Future[Any]] = [
            stream.connect(address),
            stream.read_bytes(1),
            stream.write(b"x"),
        ]
        for future in futures:
            with pytest.raises(StreamClosedError) as caught:
                await within(future)
            assert isinstance(caught.value.real_error, ConnectionRefusedError)
        await until(lambda: closed)
        assert isinstance(closed[0], ConnectionRefusedError)

    run(body)


def test_tls_carries_bytes_both_ways(run: Run) -> None:
    async def body() -> None:
        server, client = await tls_pair()
        big = os.urandom(3_000_000)
        sent = [server.write(big), client.write(b"line\n")]
        assert await within(client.read_bytes(len(big))) == big
        assert await within(server.read_until(b"\n")) == b"line\n"
        await within(asyncio.gather(*sent))
        await within(server.write(b"end"))
        server.close()
        assert await within(client.read_until_close()) == b"end"
        assert client.error is None

    run(body)


def test_bytes_that_tls_decrypted_ahead_are_found(run: Run) -> None:
    async def body() -> None:
        server, client = await tls_pair(read_chunk_size=100)
        await within(client.write(b"x" * 16_000))
        await turns(3)
        # One record, read in 160 pieces: only the first of them is an event of the socket.
        assert await within(server.read_bytes(8_000)) == b"x" * 8_000
        await turns(3)
        assert await within(server.read_bytes(8_000)) == b"x" * 8_000
        server.close()
        client.close()

    run(body)


def test_closing_says_farewell_so_that_a_cut_can_be_told_from_an_end(run: Run) -> None:
    async def body() -> None:
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        stream = IOStream(ours)
        opening = stream.start_tls(True, SERVER_OPTIONS)
        wrapped = trusting_context().wrap_socket(
            theirs, do_handshake_on_connect=False, suppress_ragged_eofs=False
        )
        while True:
            try:
                wrapped.do_handshake()
                break
            except ssl.SSLWantReadError:
                await asyncio.sleep(0)
        server = await within(opening)
        server.close()
        # The end of the stream, not an SSLEOFError.
        assert wrapped.recv(1) == b""
        wrapped.close()

    run(body)


def test_connect_shakes_hands_and_checks_the_name(run: Run, logs: LogWatch) -> None:
    async def body() -> None:
        ours, theirs = tcp_sockets()
        server = SSLIOStream(
            ssl_wrap_socket(theirs, SERVER_OPTIONS, server_side=True, do_handshake_on_connect=False)
        )
        ours.close()
        with pytest.raises(OSError):
            await within(server.wait_for_handshake())
        with socket.create_server(("127.0.0.1", 0)) as listening:
            client = SSLIOStream(socket.socket(), ssl_options=trusting_context())
            connected = client.connect(listening.getsockname(), server_hostname="localhost")
            peer, _ = listening.accept()
            server = SSLIOStream(
                ssl_wrap_socket(
                    peer, SERVER_OPTIONS, server_side=True, do_handshake_on_connect=False
                )
            )
            early = server.read_bytes(5)
            late = client.write(b"early")
            assert await within(server.wait_for_handshake()) is server
            assert await within(server.wait_for_handshake()) is server
            assert await within(connected) is client
            assert await within(early) == b"early"
            await within(late)
            server.close()
            client.close()

            nameless = SSLIOStream(socket.socket())
            connecting = nameless.connect(listening.getsockname())
            peer, _ = listening.accept()
            with pytest.raises(ValueError, match="server_hostname"):
                await within(connecting)
            peer.close()

            unknown = SSLIOStream(socket.socket())
            connecting = unknown.connect(listening.getsockname(), "localhost")
            peer, _ = listening.accept()
            other = IOStream(peer).start_tls(True, SERVER_OPTIONS)
            with pytest.raises(ssl.SSLCertVerificationError):
                await within(connecting)
            with pytest.raises(OSError):
                await within(other)

    # The client's line says what it did not like; the server's that the client did not.
    with logs.expect("whirlwind.general", "SSL Error on .*: .*(VERIFY_FAILED|UNKNOWN_CA)", 2):
        run(body)


@pytest.mark.parametrize("side", ["server", "client"])
@pytest.mark.parametrize("turn", range(6))
def test_a_peer_that_leaves_during_the_handshake_fails_it(run: Run, side: str, turn: int) -> None:
    async def body() -> None:
        ours, theirs = tcp_sockets()
        stream = IOStream(ours)
        if side == "server":
            opening = stream.start_tls(True, SERVER_OPTIONS)
        else:
            opening = stream.start_tls(False, trusting_context(), "localhost")
        await turns(turn)
        reset(theirs)
        with pytest.raises(OSError) as caught:
            await within(opening)
        assert isinstance(caught.value, ConnectionError | ssl.SSLError)

    run(body)


def test_a_peer_that_does_not_speak_tls_is_refused_and_logged(run: Run, logs: LogWatch) -> None:
    async def body() -> None:
        server, client = pair()
        opening = server.start_tls(True, SERVER_OPTIONS)
        client.write(b"GET / HTTP/1.1\r\n\r\n")
        with pytest.raises(ssl.SSLError):
            await within(opening)
        client.close()

    with logs.expect("whirlwind.general", "SSL Error on "):
        run(body)


def test_who_asks_late_hears_that_the_handshake_was_done(run: Run) -> None:
    async def body() -> None:
        server, client = await tls_pair()
        await within(client.write(b"bye"))
        client.close()
        reading = server.read_until_close()
        await until(server.closed)
        assert await within(server.wait_for_handshake()) is server  # type: ignore[attr-defined]
        assert await within(reading) == b"bye"

    run(body)


def test_a_connected_socket_that_nobody_wrapped_is_not_written_to_in_the_clear(run: Run) -> None:
    async def body() -> None:
        ours, theirs = socket.socketpair()
        stream = SSLIOStream(ours)  # a client's, and no name to look for
        writing = stream.write(b"secret")
        with pytest.raises(ValueError, match="server_hostname"):
            await within(stream.wait_for_handshake())
        with pytest.raises(StreamClosedError):
            await within(writing)
        assert theirs.recv(100) == b""
        theirs.close()
        ours, theirs = socket.socketpair()
        peer = IOStream(theirs).start_tls(True, SERVER_OPTIONS)
        stream = SSLIOStream(ours, ssl_options=trusting_context())
        await within(stream.write(b"secret"))
        assert await within((await within(peer)).read_bytes(6)) == b"secret"
        stream.close()
        peer.result().close()

    run(body)


def test_start_tls_refuses_bytes_that_came_in_the_clear(run: Run) -> None:
    async def body() -> None:
        server, client = pair()
        client.write(b"STARTTLS\ninjected")
        await within(server.read_until(b"\n"))
        with pytest.raises(ValueError, match="not idle"):
            server.start_tls(True, SERVER_OPTIONS)
        reading = client.read_bytes(1)
        with pytest.raises(ValueError, match="not idle"):
            client.start_tls(False)
        server.close()
        with pytest.raises(StreamClosedError):
            await within(reading)

    run(body)


def test_start_tls_moves_the_close_callback_and_ends_the_old_stream(run: Run) -> None:
    async def body() -> None:
        old, other = pair()
        closed: list[str] = []
        old.set_close_callback(lambda: closed.append("closed"))
        server, client = await asyncio.gather(
            old.start_tls(True, SERVER_OPTIONS),
            other.start_tls(False, trusting_context(), "localhost"),
        )
        assert old.socket is None
        with pytest.raises(StreamClosedError):
            old.write(b"in the clear")
        client.close()
        await until(lambda: closed)
        assert server.closed()

    run(body)


def test_cancelling_start_tls_closes_the_connection(run: Run) -> None:
    async def body() -> None:
        server, client = pair()
        opening = server.start_tls(True, SERVER_OPTIONS)
        opening.cancel()
        assert await within(client.read_until_close()) == b""

    run(body)


def test_pipes_are_streams(run: Run) -> None:
    async def body() -> None:
        out, into = os.pipe()
        reader, writer = PipeIOStream(out), PipeIOStream(into)
        big = os.urandom(500_000)
        written = writer.write(big + b"\n")
        assert await within(reader.read_bytes(len(big))) == big
        assert await within(reader.read_until(b"\n")) == b"\n"
        await within(written)
        writer.close()
        assert await within(reader.read_until_close()) == b""

    run(body)


def test_a_pipe_without_reader_is_closed(run: Run) -> None:
    async def body() -> None:
        out, into = os.pipe()
        writer = PipeIOStream(into)
        closed: list[None] = []
        writer.set_close_callback(lambda: closed.append(None))
        os.close(out)
        await until(lambda: closed)
        with pytest.raises(StreamClosedError):
            writer.write(b"x")
        out, into = os.pipe()
        writer = PipeIOStream(into)
        os.close(out)
        with pytest.raises(StreamClosedError) as caught:
            await within(writer.write(b"x"))
        assert isinstance(caught.value.real_error, BrokenPipeError)
        out, into = os.pipe()
        writer = PipeIOStream(into)
        with pytest.raises(StreamClosedError) as caught:
            await within(writer.read_bytes(1))  # the wrong end
        assert isinstance(caught.value.real_error, OSError)
        assert caught.value.real_error.errno == errno.EBADF
        os.close(out)

    run(body)
