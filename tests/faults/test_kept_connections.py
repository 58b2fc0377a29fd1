"""Connections that are kept between requests: what is sent again, to whom, how often; and limits.

Counted at the server, which writes down every request that reaches it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from tests.support.certificates import authority
from tests.support.faulty_peer import FaultyPeer, Script, Wire
from tests.support.leftovers import nothing_is_left
from tests.support.scripted_http import run

from whirlwind.simple_httpclient import HTTPStreamClosedError, SimpleAsyncHTTPClient

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Server:
    """Answers a number of requests on each connection, and does something at the next.

    Args:
        answers: How many, connection by connection; the last number for all that follow.
        then: What to do with the request after them.
        secure: Whether over TLS.

    Attributes:
        seen: Connection and request line of each request that came.
    """

    def __init__(self, answers: list[int], then: Script, *, secure: bool = False) -> None:
        self.seen: list[tuple[int, str]] = []
        self._then = then
        self._context = authority().server_context() if secure else None
        self.scripts = [self._script(number, count) for number, count in enumerate(answers)]

    def _script(self, number: int, answers: int) -> Script:
        def script(wire: Wire) -> None:
            if self._context is not None:
                wire.secure(self._context)
            left = answers
            while True:
                head = wire.head()
                self.seen.append((number, head.split(b" HTTP")[0].decode()))
                if b"ontent-Length: 1\r\n" in head:
                    wire.read(1)
                if not left:
                    self._then(wire)
                    return
                left -= 1
                wire.send(OK[:-2] if head.startswith(b"HEAD") else OK)

        return script


async def client_and_url(peer: FaultyPeer, secure: bool) -> tuple[SimpleAsyncHTTPClient, str]:
    client = SimpleAsyncHTTPClient(
        force_instance=True, defaults={"ca_certs": authority().path, "request_timeout": 5}
    )
    return client, f"{'https' if secure else 'http'}://127.0.0.1:{peer.port}/"


def options_of(method: str) -> dict[str, Any]:
    return {"method": method, "body": b"x" if method in ("POST", "PUT", "PATCH") else None}


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_a_request_that_may_be_repeated_is_sent_once_more_on_a_new_connection(
    method: str, secure: bool
) -> None:
    async def main() -> None:
        server = Server([1, 9], Wire.reset, secure=secure)
        with FaultyPeer(*server.scripts) as peer:
            async with nothing_is_left():
                client, url = await client_and_url(peer, secure)
                await client.fetch(url)
                response = await client.fetch(url, **options_of(method))
                assert response.code == 200
                client.close()
        line = f"{method} /"
        assert server.seen == [(0, "GET /"), (0, line), (1, line)]

    run(main())


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_what_may_have_an_effect_is_never_sent_twice(method: str, secure: bool) -> None:
    async def main() -> None:
        server = Server([2, 9], Wire.reset, secure=secure)
        with FaultyPeer(*server.scripts) as peer:
            async with nothing_is_left():
                client, url = await client_and_url(peer, secure)
                await client.fetch(url)
                await client.fetch(url)  # the server keeps connections, as far as one can see
                with pytest.raises(HTTPStreamClosedError, match="reset before a response came"):
                    await client.fetch(url, **options_of(method))
                client.close()
        assert server.seen == [(0, "GET /"), (0, "GET /"), (0, f"{method} /")]

    run(main())


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("begun", [b"H", b"HTTP/1.1 103 Wait\r\n\r\n", OK[:-1]])
def test_what_was_answered_by_a_single_byte_is_never_sent_again(begun: bytes, secure: bool) -> None:
    async def main() -> None:
        gate = threading.Event()

        def begin_and_reset(wire: Wire) -> None:
            wire.send(begun)
            gate.wait(8)
            wire.reset()

        server = Server([1, 9], begin_and_reset, secure=secure)
        with FaultyPeer(*server.scripts) as peer:
            async with nothing_is_left():
                client, url = await client_and_url(peer, secure)
                await client.fetch(url)
                fetch = client.fetch(url)
                running = next(iter(client.active))
                while not running._first_byte_at:
                    await asyncio.sleep(0)
                del running
                gate.set()
                with pytest.raises(HTTPStreamClosedError, match="reset in the middle of"):
                    await fetch
                del fetch
                client.close()
        assert server.seen == [(0, "GET /"), (0, "GET /")]

    run(main())


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
def test_a_request_is_sent_no_third_time(secure: bool) -> None:
    async def main() -> None:
        server = Server([1, 0], Wire.reset, secure=secure)
        with FaultyPeer(*server.scripts) as peer:
            async with nothing_is_left():
                client, url = await client_and_url(peer, secure)
                await client.fetch(url)
                with pytest.raises(HTTPStreamClosedError, match="reset before a response came"):
                    await client.fetch(url)
                client.close()
        assert server.seen == [(0, "GET /"), (0, "GET /"), (1, "GET /")]

    run(main())


def test_a_dead_connection_in_a_pool_of_many_costs_one_try_and_not_one_for_each() -> None:
    """All of them died in the same moment, as when a server is started anew."""

    async def main() -> None:
        many = 20
        server = Server([1] * many + [9], Wire.reset)
        with FaultyPeer(*server.scripts) as peer:
            async with nothing_is_left():
                client, url = await client_and_url(peer, False)
                client.max_clients = many
                await asyncio.gather(*[client.fetch(url) for _ in range(many)])
                assert client.statistics().idle == many
                assert (await client.fetch(url)).body == b"ok"
                assert len(server.seen) == many + 2
                client.close()

    run(main())


def test_places_are_given_in_turn_and_each_host_has_its_own_limit() -> None:
    async def main() -> None:
        answered: list[str] = []
        gate = threading.Event()
        together: list[int] = []
        lock = threading.Lock()
        under_way = 0

        def answer(name: str) -> Callable[[Wire], None]:
            def script(wire: Wire) -> None:
                nonlocal under_way
                while True:
                    head = wire.head()
                    with lock:
                        under_way += 1
                        together.append(under_way)
                    gate.wait(8)
                    with lock:
                        under_way -= 1
                        answered.append(name + head.split(b" ")[1].decode())
                    wire.send(OK)

            return script

        with FaultyPeer(answer("a")) as one, FaultyPeer(answer("b")) as other:
            async with nothing_is_left():
                client = SimpleAsyncHTTPClient(
                    force_instance=True, max_clients=3, max_clients_per_host=1
                )
                fetches = []
                for number in range(5):
                    for peer in (one, other):
                        fetches.append(client.fetch(f"http://127.0.0.1:{peer.port}/{number}"))
                assert len(client.active) == 2  # the third place is for a third host
                assert len(client.queue) == 8
                gate.set()
                await asyncio.gather(*fetches)
                del fetches
                assert max(together) <= 2
                assert [name for name in answered if name[0] == "a"] == [f"a/{n}" for n in range(5)]
                assert [name for name in answered if name[0] == "b"] == [f"b/{n}" for n in range(5)]
                assert one.connections == other.connections == 1
                client.close()

    run(main())


def test_a_connection_that_nobody_uses_is_closed_in_time_and_leaves_no_timer() -> None:
    async def main() -> None:
        server = Server([9], Wire.reset)
        with FaultyPeer(*server.scripts) as peer:
            async with nothing_is_left():
                client = SimpleAsyncHTTPClient(force_instance=True, idle_connection_timeout=0.05)
                await client.fetch(f"http://127.0.0.1:{peer.port}/", request_timeout=0)
                assert client.statistics().idle == 1
                loop = asyncio.get_running_loop()
                await loop.run_in_executor(None, peer.join)  # until the server sees the end
                assert client.statistics().open == 0
                assert client._shared.pool._timer is None
                client.close()

    run(main())
