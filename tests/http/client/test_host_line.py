"""The line of requests where each host has a limit: who is next, in every order of events."""

from __future__ import annotations

import random

import pytest
from tests.support.scripted_http import run, serving, until

from whirlwind._http.client.host_line import HostLine, Place
from whirlwind.httpclient import AsyncHTTPClient
from whirlwind.simple_httpclient import HTTPTimeoutError

A, B, C = ("a", 80), ("b", 80), ("c", 80)


def test_who_waited_longest_is_next_unless_its_host_is_busy() -> None:
    line: HostLine[str] = HostLine(1)
    line.begin(A)
    assert not line.has_room(A)
    assert line.has_room(B)
    for thing, place in (("a1", A), ("b1", B), ("a2", A), ("b2", B)):
        line.add(thing, place)
    assert [line.pop(), line.pop()] == ["b1", None]
    line.end(A)
    assert [line.pop(), line.pop()] == ["a1", None]
    line.end(B)
    line.end(A)
    assert [line.pop(), line.pop(), line.pop()] == ["a2", "b2", None]


def test_who_gives_up_lets_the_next_of_its_host_forward() -> None:
    line: HostLine[str] = HostLine(1)
    for thing in ("a1", "a2", "a3"):
        line.add(thing, A)
    line.remove("a1", A)
    line.remove("a3", A)
    assert [line.pop(), line.pop()] == ["a2", None]


def test_what_has_no_host_has_no_limit() -> None:
    line: HostLine[int] = HostLine(1)
    for number in range(3):
        line.add(number, None)
    assert [line.pop() for _ in range(4)] == [0, 1, 2, None]


def test_it_does_as_a_search_through_the_whole_line_does() -> None:
    chance = random.Random(7)
    for _ in range(200):
        line: HostLine[int] = HostLine(2)
        waiting: list[tuple[int, Place]] = []
        begun: list[Place] = []
        for number in range(60):
            what = chance.random()
            if what < 0.5:
                place = chance.choice([A, B, C])
                waiting.append((number, place))
                line.add(number, place)
            elif what < 0.6 and waiting:
                gone = waiting.pop(chance.randrange(len(waiting)))
                line.remove(*gone)
            elif what < 0.8 and begun:
                line.end(begun.pop(chance.randrange(len(begun))))
            else:
                may = [one for one in waiting if begun.count(one[1]) < 2]
                expected = may[0][0] if may else None
                assert line.pop() == expected
                if may:
                    waiting.remove(may[0])
                    begun.append(may[0][1])


def test_a_slow_host_holds_up_nobody_but_itself() -> None:
    async def main() -> None:
        async with serving() as (slow, _), serving() as (fast, other):
            other.close()
            client = AsyncHTTPClient(force_instance=True, max_clients=3, max_clients_per_host=2)
            slow.hang = True
            held = [client.fetch(slow.url, request_timeout=0) for _ in range(4)]
            await until(lambda: len(slow.requests) == 2)
            for _ in range(3):
                assert (await client.fetch(fast.url)).body == b"hello"
            assert (len(client.active), len(client.queue), len(slow.requests)) == (2, 2, 2)
            # The one that gives up leaves its place to the one that waits longest.
            held[0].cancel()
            await until(lambda: len(slow.requests) == 3)
            assert (len(client.active), len(client.queue)) == (2, 1)
            held[3].cancel()
            assert len(client.queue) == 0
            for future in held:
                future.cancel()
            assert len(client.active) == 0
            client.close()

    run(main())


def test_waiting_for_a_host_is_waiting_in_the_queue() -> None:
    async def main() -> None:
        async with serving(max_clients_per_host=1) as (server, client):
            server.hang = True
            first = client.fetch(server.url)
            with pytest.raises(HTTPTimeoutError, match=r"^Timeout in request queue$") as caught:
                await client.fetch(server.url, connect_timeout=0.01)
            assert caught.value.stage == "queue"
            assert caught.value.time_info["queue"] > 0
            first.cancel()

    run(main())


def test_a_url_that_is_none_fails_and_holds_no_place() -> None:
    async def main() -> None:
        async with serving(max_clients_per_host=1) as (server, client):
            for _ in range(3):
                with pytest.raises(ValueError, match="Unsupported url scheme"):
                    await client.fetch("nonsense:")
                assert len(client.active) == 0
            assert (await client.fetch(server.url)).code == 200

    run(main())
