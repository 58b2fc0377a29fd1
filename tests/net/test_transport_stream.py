"""Streams over connections that a transport had, on both kinds of loop, with and without TLS."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import cast

import pytest
from tests.support.streams import (
    LOOPS,
    SERVER_OPTIONS,
    open_descriptors,
    trusting_context,
    turns,
    until,
    within,
)

from whirlwind._net.stream_errors import StreamBufferFullError, StreamClosedError
from whirlwind._net.transport_stream import TransportStream, protocol_for, stream_over
from whirlwind.iostream import IOStream, SSLIOStream

# More than the sockets of both sides take while nobody reads.
BEYOND_BUFFERS = 20_000_000


class _Server(asyncio.Protocol):
    """What a server's connection is before its transport goes to a stream."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.ahead = b""
        self.writable = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.ahead += data

    def pause_writing(self) -> None:
        self.writable = False

    def resume_writing(self) -> None:
        self.writable = True

    def stream(self) -> IOStream:
        assert self.transport is not None
        protocol = protocol_for(self.transport)
        self.transport.set_protocol(protocol)
        return stream_over(self.transport, protocol, self.ahead, writable=self.writable)


@asynccontextmanager
async def connected(*, tls: bool) -> AsyncIterator[tuple[_Server, IOStream]]:
    """A server's protocol, and the client's stream."""
    server_side = _Server()
    context = None
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(SERVER_OPTIONS["certfile"], SERVER_OPTIONS["keyfile"])
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: server_side, "127.0.0.1", 0, ssl=context)
    client = IOStream(socket.create_connection(server.sockets[0].getsockname()))
    if tls:
        client = await client.start_tls(False, trusting_context(), "localhost")
    await until(lambda: server_side.transport)
    server.close()
    try:
        yield server_side, client
    finally:
        client.close()
        await turns(3)


async def warm() -> None:
    """Open and close a server: what the loop opens late, and keeps, is open then."""
    server = await asyncio.get_running_loop().create_server(_Server, "127.0.0.1", 0)
    server.close()
    await turns(10)


Main = Callable[[_Server, IOStream], Awaitable[None]]
Go = Callable[[Main], None]


def go_on(kind: str, tls: bool) -> Go:
    def go(main: Main) -> None:
        async def body() -> None:
            async with connected(tls=tls) as (server, client):
                await within(main(server, client))

        with asyncio.Runner(loop_factory=LOOPS[kind]) as runner:
            runner.run(warm())
            before = open_descriptors()
            runner.run(body())
            for _ in range(100):  # uvloop has more open while it runs
                if open_descriptors() == before:
                    break
                runner.run(turns(3))
            assert open_descriptors() == before

    return go


@pytest.fixture(params=[(kind, tls) for kind in LOOPS for tls in (False, True)], ids=str)
def go(request: pytest.FixtureRequest) -> Go:
    """Runs a test with each kind of loop, over TLS and without."""
    return go_on(*request.param)


@pytest.fixture(params=LOOPS)
def go_tls(request: pytest.FixtureRequest) -> Go:
    return go_on(request.param, True)


@pytest.fixture(params=LOOPS)
def go_plain(request: pytest.FixtureRequest) -> Go:
    return go_on(request.param, False)


async def ahead(server: _Server, client: IOStream, data: bytes) -> None:
    """Have the transport read something before there is a stream."""
    await client.write(data)
    await until(lambda: server.ahead == data)


def test_every_kind_of_read_gets_what_came_before_and_what_comes_later(go: Go) -> None:
    async def main(server: _Server, client: IOStream) -> None:
        await ahead(server, client, b"early, ")
        stream = server.stream()
        assert await stream.read_bytes(5, partial=True) == b"early"
        reading = stream.read_until(b"\n")
        await client.write(b"late\none two")
        assert await reading == b", late\n"
        assert await stream.read_until_regex(rb"\s") == b"one "
        assert await stream.read_bytes(3) == b"two"
        memory = bytearray(4)
        await client.write(b"into")
        assert await stream.read_into(memory) == 4
        assert memory == b"into"
        await client.write(b"the rest")
        client.close()
        assert await stream.read_until_close() == b"the rest"
        assert stream.closed()

    go(main)


def test_what_the_transport_has_not_sent_goes_out_first(go: Go) -> None:
    async def main(server: _Server, client: IOStream) -> None:
        assert server.transport is not None
        first = b"1" * BEYOND_BUFFERS
        server.transport.write(first)
        stream = server.stream()
        written = [stream.write(b"2" * 100_000), stream.write(b"3")]
        # A transport of TLS has a buffer that the two fit in.
        assert written[1].done() == isinstance(stream, TransportStream)
        assert await client.read_bytes(len(first)) == first
        assert await client.read_bytes(100_001) == b"2" * 100_000 + b"3"
        await asyncio.gather(*written)
        stream.close()

    go(main)


def test_a_head_that_was_just_written_goes_out_first(go: Go) -> None:
    async def main(server: _Server, client: IOStream) -> None:
        assert server.transport is not None
        server.transport.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
        stream = server.stream()
        written = stream.write(b"next")
        assert await client.read_until(b"next") == b"HTTP/1.1 101 Switching Protocols\r\n\r\nnext"
        await written
        stream.close()

    go(main)


def test_writes_are_done_in_order_as_the_peer_takes_them(go: Go) -> None:
    async def main(server: _Server, client: IOStream) -> None:
        stream = server.stream()
        sizes = [BEYOND_BUFFERS, 5, 2_000_000]
        futures = [stream.write(bytes([number]) * size) for number, size in enumerate(sizes)]
        await turns(10)
        assert not futures[0].done()
        assert stream.writing()
        for number, size in enumerate(sizes):
            assert await client.read_bytes(size) == bytes([number]) * size
        await asyncio.gather(*futures)
        assert not stream.writing()
        stream.close()

    go(main)


def test_a_peer_that_sends_faster_than_is_read_is_held_back(go: Go) -> None:
    async def main(server: _Server, client: IOStream) -> None:
        stream = server.stream()
        stream.set_close_callback(lambda: None)
        size = 20_000_000
        writing = client.write(b"x" * size)
        await turns(200)
        assert not writing.done()
        assert stream._read_buffer.size <= stream.read_chunk_size
        if isinstance(stream, TransportStream):
            assert stream._arrived.size < 1_000_000
        got = 0
        while got < size:
            got += len(await stream.read_bytes(1_000_000, partial=True))
        await writing
        stream.close()

    go(main)


def test_the_close_callback_tells_of_a_peer_that_goes(go: Go) -> None:
    async def main(server: _Server, client: IOStream) -> None:
        stream = server.stream()
        closed: list[bool] = []
        stream.set_close_callback(lambda: closed.append(True))
        await turns(3)
        assert not closed
        client.close()
        await until(lambda: closed)
        assert stream.closed()
        with pytest.raises(StreamClosedError):
            await stream.write(b"x")

    go(main)


def test_a_read_that_is_pending_fails_when_the_peer_goes(go: Go) -> None:
    async def main(server: _Server, client: IOStream) -> None:
        stream = server.stream()
        reading = stream.read_until(b"\n")
        await client.write(b"no end")
        client.close()
        with pytest.raises(StreamClosedError) as caught:
            await reading
        assert caught.value.real_error is None
        # What had come can still be read.
        assert await stream.read_until_close() == b"no end"

    go(main)


def test_bytes_that_nobody_read_can_be_read_after_the_peer_has_gone(go_tls: Go) -> None:
    async def main(server: _Server, client: IOStream) -> None:
        stream = server.stream()
        # A socket that is closed with something unread, such as the tickets of TLS 1.3, resets
        # the connection; the peer's kernel may then throw away what its program has not read.
        await stream.write(b".")
        await client.read_bytes(1)
        await client.write(b"x" * 100_000)
        client.close()
        await until(stream.closed)
        assert await stream.read_bytes(100_000) == b"x" * 100_000

    go_tls(main)


def test_closing_lets_the_transport_send_what_it_has(go_tls: Go) -> None:
    async def main(server: _Server, client: IOStream) -> None:
        stream = server.stream()
        await stream.write(b"last words")
        stream.close()
        stream.close()
        assert stream.closed()
        assert await client.read_until_close() == b"last words"

    go_tls(main)


def test_closing_with_an_error_ends_the_connection_at_once(go_tls: Go) -> None:
    async def main(server: _Server, client: IOStream) -> None:
        stream = server.stream()
        reading = stream.read_bytes(1)
        stream.close(exc_info=ValueError("enough"))
        with pytest.raises(StreamClosedError) as caught:
            await reading
        assert isinstance(caught.value.real_error, ValueError)

    go_tls(main)


def test_a_cut_without_farewell_is_no_error_in_the_log(go_tls: Go) -> None:
    async def main(server: _Server, client: IOStream) -> None:
        stream = server.stream()
        reading = stream.read_bytes(1)
        client.socket.shutdown(socket.SHUT_RDWR)
        with pytest.raises(StreamClosedError):
            await reading
        assert stream.closed()

    go_tls(main)


def test_limits_of_a_stream_hold(go_tls: Go) -> None:
    async def main(server: _Server, client: IOStream) -> None:
        stream = server.stream()
        stream.max_write_buffer_size = 1000
        await stream.write(b"x" * 1000)
        with pytest.raises(StreamBufferFullError):
            stream.write(b"x" * 1001)
            stream.write(b"x" * 1001)
        reading = stream.read_until(b"\n", max_bytes=10)
        await client.write(b"y" * 20)
        with pytest.raises(StreamClosedError):
            await reading

    go_tls(main)


def test_a_stream_over_tls_is_an_ssl_stream_and_says_what_it_is(go_tls: Go) -> None:
    async def main(server: _Server, client: IOStream) -> None:
        stream = server.stream()
        assert isinstance(stream, SSLIOStream)
        assert isinstance(stream, TransportStream)
        assert await stream.wait_for_handshake() is stream
        assert stream.get_extra_info("ssl_object").version().startswith("TLS")
        assert stream.socket.getpeername() == client.socket.getsockname()
        assert stream.socket.cipher() == client.socket.cipher()
        stream.set_nodelay(True)
        assert not stream.reading()
        with pytest.raises(ValueError, match="TLS already"):
            stream.start_tls(True)
        with pytest.raises(ValueError, match="connected already"):
            stream.connect(("127.0.0.1", 1))
        stream.close()
        assert stream.get_extra_info("ssl_object", "gone") == "gone"
        stream.set_nodelay(True)

    go_tls(main)


def test_a_plain_stream_has_the_socket_and_can_begin_tls(go_plain: Go) -> None:
    async def main(server: _Server, client: IOStream) -> None:
        stream = server.stream()
        assert type(stream.socket) is socket.socket
        encrypted, other = await asyncio.gather(
            stream.start_tls(True, SERVER_OPTIONS),
            client.start_tls(False, trusting_context(), "localhost"),
        )
        await encrypted.write(b"secret")
        assert await other.read_bytes(6) == b"secret"
        encrypted.close()
        other.close()

    go_plain(main)


def test_a_stream_that_is_closed_before_the_transport_is_done_stays_closed(go_plain: Go) -> None:
    async def main(server: _Server, client: IOStream) -> None:
        assert server.transport is not None
        server.transport.write(b"1" * BEYOND_BUFFERS)
        stream = server.stream()
        written = stream.write(b"2")
        stream.close()
        with pytest.raises(StreamClosedError):
            await written
        await client.read_bytes(BEYOND_BUFFERS)

    go_plain(main)


def test_a_peer_that_goes_before_the_transport_is_done_closes_the_stream(go_plain: Go) -> None:
    async def main(server: _Server, client: IOStream) -> None:
        assert server.transport is not None
        server.transport.write(b"1" * BEYOND_BUFFERS)
        stream = server.stream()
        written = stream.write(b"2")
        client.close()  # with unread bytes, which resets the connection
        with pytest.raises(StreamClosedError):
            await written
        await until(stream.closed)

    go_plain(main)
