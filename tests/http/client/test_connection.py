"""Connections that end under a request, against sockets whose every step a test decides."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.support.scripted_http import HELLO, run, serving, until

from whirlwind._http.client.pool import PoolStatistics
from whirlwind.httpclient import AsyncHTTPClient
from whirlwind.iostream import UnsatisfiableReadError
from whirlwind.simple_httpclient import HTTPStreamClosedError, SimpleAsyncHTTPClient


class Peer:
    """A server's side of one connection at a time; nothing happens but what a test calls."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"
        self.sockets: list[socket.socket] = []

    async def accept(self) -> socket.socket:
        accepted, _ = await asyncio.get_running_loop().sock_accept(self.listener)
        self.sockets.append(accepted)
        return accepted

    async def request(self, sock: socket.socket) -> bytes:
        return await asyncio.get_running_loop().sock_recv(sock, 65536)

    async def answered(self, client: SimpleAsyncHTTPClient) -> socket.socket:
        """Answer one request; the connection is in the client's pool afterwards."""
        fetch = client.fetch(self.url)
        sock = await self.accept()
        await self.request(sock)
        sock.send(HELLO)
        await fetch
        return sock

    async def answered_again(self, client: SimpleAsyncHTTPClient, sock: socket.socket) -> None:
        """Answer another one on it: the client knows that it is kept."""
        fetch = client.fetch(self.url)
        await self.request(sock)
        sock.send(HELLO)
        await fetch

    def close(self) -> None:
        for sock in [self.listener, *self.sockets]:
            sock.close()


@asynccontextmanager
async def peer() -> AsyncIterator[tuple[Peer, SimpleAsyncHTTPClient]]:
    server = Peer()
    client: SimpleAsyncHTTPClient = AsyncHTTPClient(force_instance=True)
    try:
        yield server, client
    finally:
        client.close()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        server.close()


def reset(sock: socket.socket) -> None:
    """Close at once, with a reset instead of an orderly end."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


GET: dict[str, Any] = {}
POST: dict[str, Any] = {"method": "POST", "body": b"x"}
closed_unread = pytest.param("unread", id="closed with the request unread")
closed_before = pytest.param(
    "before",
    id="closed before the request came",
    marks=pytest.mark.skipif(sys.platform != "linux", reason="needs to know what was received"),
)
was_reset = pytest.param("reset", id="reset before the request came")


@pytest.mark.parametrize("how", [closed_unread, closed_before, was_reset])
@pytest.mark.parametrize("options", [GET, POST], ids=["GET", "POST"])
def test_only_what_is_idempotent_and_was_not_read_is_sent_again(
    how: str, options: dict[str, Any]
) -> None:
    async def main() -> None:
        async with peer() as (server, client):
            sock = await server.answered(client)
            await server.answered_again(client, sock)
            # The loop has no turn in between: the client has not heard of the end.
            if how == "unread":
                fetch = client.fetch(server.url, **options)
                sock.close()
            elif how == "before":
                sock.close()
                fetch = client.fetch(server.url, **options)
            else:
                reset(sock)
                fetch = client.fetch(server.url, **options)
            if options and how == "unread":
                with pytest.raises(HTTPStreamClosedError, match="before a response came"):
                    await fetch
                return
            # A GET was sent twice; for a POST the client looked before.
            second = await server.accept()
            assert (await server.request(second)).startswith(b"POST /" if options else b"GET / ")
            second.send(HELLO)
            assert (await fetch).body == b"hello"

    run(main())


async def _produce(write: Callable[[bytes], Awaitable[None]]) -> None:
    await write(b"abc")


ONCE = [
    pytest.param(POST, id="POST"),
    pytest.param({"method": "PATCH", "body": b"x"}, id="PATCH"),
    pytest.param({"method": "PUT", "body_producer": _produce}, id="PUT with a body_producer"),
]


@pytest.mark.parametrize("options", ONCE)
@pytest.mark.parametrize("redirected", [False, True])
def test_what_is_sent_only_once_gets_by_a_server_that_closes_and_does_not_say_so(
    options: dict[str, Any], redirected: bool
) -> None:
    redirect = b"HTTP/1.1 307 There\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n"

    async def main() -> None:
        replies = [redirect, HELLO] * 3 if redirected else [HELLO] * 6
        async with serving(*replies, close=True) as (server, client):
            for _ in range(len(replies) // (1 + redirected)):
                assert (await client.fetch(server.url, **options)).body == b"hello"
            assert server.connections == len(replies)

    run(main())


@pytest.mark.parametrize("options", ONCE)
def test_what_is_sent_only_once_uses_connections_that_the_server_is_known_to_keep(
    options: dict[str, Any],
) -> None:
    async def main() -> None:
        async with serving() as (server, client):
            for _ in range(3):
                await client.fetch(server.url, **options)
            # None of them is proven, and one is enough to wait for a proof.
            assert server.connections == 3
            await until(lambda: client.statistics() == PoolStatistics(1, 1, 1))
            await client.fetch(server.url)  # takes it, and so proves it
            for _ in range(3):
                await client.fetch(server.url, **options)
            assert server.connections == 3

    run(main())


def test_a_request_that_its_server_read_and_died_of_is_not_sent_again() -> None:
    async def main() -> None:
        async with serving(HELLO, None) as (server, client):
            await client.fetch(server.url)
            with pytest.raises(HTTPStreamClosedError, match="closed before a response came"):
                await client.fetch(server.url)
            assert len(server.requests) == 2

    run(main())


def test_a_request_is_sent_no_third_time() -> None:
    async def main() -> None:
        async with peer() as (server, client):
            sock = await server.answered(client)
            reset(sock)
            fetch = client.fetch(server.url)
            second = await server.accept()
            await server.request(second)
            reset(second)
            with pytest.raises(HTTPStreamClosedError, match="reset before a response") as caught:
                await fetch
            assert isinstance(caught.value.__cause__, ConnectionResetError)
            assert caught.value.code == 599
            with pytest.raises(BlockingIOError):
                server.listener.accept()

    run(main())


PART = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"


@pytest.mark.parametrize(
    ("begun", "kept"), [(b"", False), (b"H", False), (b"H", True), (PART, False), (PART, True)]
)
def test_a_reset_is_an_error_of_the_client_and_repeats_nothing_that_was_answered(
    begun: bytes, kept: bool
) -> None:
    async def main() -> None:
        async with peer() as (server, client):
            if kept:
                sock = await server.answered(client)
                fetch = client.fetch(server.url)
            else:
                fetch = client.fetch(server.url)
                sock = await server.accept()
            await server.request(sock)
            if begun:
                connection = next(iter(client._shared.pool._open))
                sock.send(begun)
                await until(lambda: connection._parser is not None and connection._parser.begun)
            reset(sock)
            when = "in the middle of the response" if begun else "before a response came"
            with pytest.raises(HTTPStreamClosedError, match=f"reset {when}"):
                await fetch
            with pytest.raises(BlockingIOError):
                server.listener.accept()

    run(main())


HUGE = 20_000_000  # more than the buffers of both sides hold


@pytest.mark.parametrize("how", ["body", "producer"])
def test_an_answer_that_came_before_the_body_was_read_is_preferred_to_the_reset(how: str) -> None:
    async def produce(write: Any) -> None:
        for _ in range(HUGE // 100_000):
            await write(bytes(100_000))

    refused = b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"

    async def main() -> None:
        async with peer() as (server, client):
            given: dict[str, Any] = (
                {"body": bytes(HUGE)} if how == "body" else {"body_producer": produce}
            )
            fetch = client.fetch(server.url, method="POST", raise_error=False, **given)
            sock = await server.accept()
            await asyncio.get_running_loop().sock_recv(sock, 1000)
            # At once: the client is writing still when the reset comes.
            sock.send(refused)
            sock.close()
            response = await fetch
            assert (response.code, response.body) == (413, b"no")

    run(main())


def test_an_answer_is_found_even_if_a_write_fails_before_it_is_read() -> None:
    refused = b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno"
    begun = asyncio.Event()
    answered = asyncio.Event()

    async def produce(write: Any) -> None:
        await write(bytes(1000))
        begun.set()
        await answered.wait()
        write(bytes(1000))  # finds the connection reset, with the answer waiting to be read
        await asyncio.sleep(0)

    async def main() -> None:
        async with peer() as (server, client):
            fetch = client.fetch(
                server.url, method="POST", raise_error=False, body_producer=produce
            )
            sock = await server.accept()
            await begun.wait()
            sock.send(refused)
            sock.close()
            answered.set()
            response = await fetch
            assert (response.code, response.body) == (413, b"no")

    run(main())


def test_a_length_that_is_said_twice_is_taken_wherever_it_is_cut() -> None:
    async def main() -> None:
        reply = b"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\nA: b\r\n\r\nhello"
        async with serving(reply) as (server, client):
            for cut in range(1, len(reply)):
                server.replies = [[reply[:cut], reply[cut:]]]
                response = await client.fetch(server.url)
                assert (response.body, response.headers["Content-Length"]) == (b"hello", "5"), cut
            server.replies = [[reply[at : at + 1] for at in range(len(reply))]]
            assert (await client.fetch(server.url)).body == b"hello"
            assert server.connections == 1

    run(main())


@pytest.mark.parametrize(
    "length", [b"5, 6", b"5,", b"5\r\nContent-Length: 6", b"5,5\r\nContent-Length: 5,6"]
)
def test_rule_1_lengths_that_differ_are_refused_wherever_they_are_cut(length: bytes) -> None:
    async def main() -> None:
        reply = b"HTTP/1.1 200 OK\r\nContent-Length: %b\r\n\r\nhello" % length
        async with serving(reply) as (server, client):
            for cut in range(1, len(reply) - 5):
                server.replies = [[reply[:cut], reply[cut:]]]
                with pytest.raises(HTTPStreamClosedError, match="Connection closed"):
                    await client.fetch(server.url)
            # The header has its limit all the same.
            server.replies = [b"HTTP/1.1 200 OK\r\nContent-Length: 5,5" + b" " * 70_000]
            with pytest.raises(UnsatisfiableReadError, match="max_header_size"):
                await client.fetch(server.url)

    run(main())
