"""The poller that watches descriptors beside libuv."""

from __future__ import annotations

import asyncio
import os
import select
import socket
from collections.abc import Callable

import pytest
import uvloop
from tests.support.streams import reset, tcp_sockets

from whirlwind._net.poller import Poller


def in_loop(scene: object) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(scene())  # type: ignore[operator]


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def errors_of(on_error: Callable[[int], object]) -> Poller:
    def unexpected(number: int, events: int) -> None:
        raise AssertionError(f"{events} on {number}")

    return Poller(asyncio.get_running_loop(), unexpected, on_error)


async def until_told(told: list[int]) -> None:
    async with asyncio.timeout(10):
        while not told:
            await asyncio.sleep(0)


def test_a_reset_is_told_once() -> None:
    async def scene() -> None:
        told: list[int] = []
        watch = errors_of(told.append)
        ours, theirs = tcp_sockets()
        watch.watch_for_errors(ours.fileno())
        reset(theirs)
        await until_told(told)
        for _ in range(20):
            await asyncio.sleep(0)
        assert told == [ours.fileno()]
        watch.forget(ours.fileno())
        ours.close()

    in_loop(scene)


def test_bytes_and_the_end_of_them_are_not_told() -> None:
    async def scene() -> None:
        told: list[int] = []
        watch = errors_of(told.append)
        ours, theirs = tcp_sockets()
        watch.watch_for_errors(ours.fileno())
        theirs.sendall(b"x")
        theirs.shutdown(socket.SHUT_WR)
        for _ in range(20):
            await asyncio.sleep(0)
        assert told == []
        watch.forget(ours.fileno())
        ours.close()
        theirs.close()

    in_loop(scene)


def test_one_that_was_removed_by_another_in_the_same_turn_is_not_told() -> None:
    async def scene() -> None:
        told: list[int] = []
        pairs = [tcp_sockets() for _ in range(3)]
        numbers = [ours.fileno() for ours, _ in pairs]

        def on_error(number: int) -> None:
            told.append(number)
            for other in numbers:
                watch.forget(other)

        watch = errors_of(on_error)
        for number in numbers:
            watch.watch_for_errors(number)
        for _, theirs in pairs:
            reset(theirs)
        await until_told(told)
        assert len(told) == 1
        for ours, _ in pairs:
            ours.close()

    in_loop(scene)


def test_nothing_is_open_while_nothing_is_watched() -> None:
    async def scene() -> None:
        ours, theirs = tcp_sockets()
        other = socket.socket()
        watch = errors_of(print)
        before = descriptors()
        watch.watch_for_errors(ours.fileno())
        watch.watch_for_errors(other.fileno())
        assert descriptors() == before + 1
        other.close()
        watch.forget(other.fileno())
        watch.forget(12345)  # nobody's
        watch.forget(ours.fileno())
        assert descriptors() == before
        with pytest.raises(OSError, match="Operation not permitted"), open(os.devnull) as file:
            watch.watch_for_errors(file.fileno())
        assert descriptors() == before
        ours.close()
        theirs.close()

    in_loop(scene)


def test_events_are_told_as_long_as_they_are_there() -> None:
    async def scene() -> None:
        told: list[tuple[int, int]] = []
        poller = Poller(
            asyncio.get_running_loop(), lambda number, events: told.append((number, events)), print
        )
        ours, theirs = tcp_sockets()
        number = ours.fileno()
        poller.watch(number, select.EPOLLOUT)
        while len(told) < 2:
            await asyncio.sleep(0)
        assert set(told) == {(number, select.EPOLLOUT)}
        poller.watch(number, select.EPOLLIN)
        told.clear()
        theirs.sendall(b"x")
        while len(told) < 2:
            await asyncio.sleep(0)
        assert set(told) == {(number, select.EPOLLIN)}
        poller.watch(number, 0)
        told.clear()
        for _ in range(20):
            await asyncio.sleep(0)
        assert told == []
        ours.close()
        theirs.close()

    in_loop(scene)


def test_one_that_was_watched_for_errors_can_be_watched_for_events() -> None:
    async def scene() -> None:
        told: list[int] = []
        seen: list[int] = []
        poller = Poller(
            asyncio.get_running_loop(), lambda _, events: seen.append(events), told.append
        )
        ours, theirs = tcp_sockets()
        poller.watch_for_errors(ours.fileno())
        reset(theirs)
        while not told:
            await asyncio.sleep(0)
        poller.watch(ours.fileno(), select.EPOLLIN)
        while not seen:
            await asyncio.sleep(0)
        assert seen[0] & select.EPOLLERR
        poller.forget(ours.fileno())
        ours.close()

    in_loop(scene)
