"""The watch for errors on sockets that libuv has stopped watching."""

from __future__ import annotations

import asyncio
import os
import socket

import pytest
import uvloop
from tests.support.streams import reset, tcp_sockets

from whirlwind._net.error_watch import ErrorWatch


def in_loop(scene: object) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(scene())  # type: ignore[operator]


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


async def until_told(told: list[int]) -> None:
    async with asyncio.timeout(10):
        while not told:
            await asyncio.sleep(0)


def test_a_reset_is_told_once() -> None:
    async def scene() -> None:
        told: list[int] = []
        watch = ErrorWatch(asyncio.get_running_loop(), told.append)
        ours, theirs = tcp_sockets()
        watch.add(ours.fileno())
        reset(theirs)
        await until_told(told)
        for _ in range(20):
            await asyncio.sleep(0)
        assert told == [ours.fileno()]
        watch.remove(ours.fileno())
        ours.close()

    in_loop(scene)


def test_bytes_and_the_end_of_them_are_not_told() -> None:
    async def scene() -> None:
        told: list[int] = []
        watch = ErrorWatch(asyncio.get_running_loop(), told.append)
        ours, theirs = tcp_sockets()
        watch.add(ours.fileno())
        theirs.sendall(b"x")
        theirs.shutdown(socket.SHUT_WR)
        for _ in range(20):
            await asyncio.sleep(0)
        assert told == []
        watch.remove(ours.fileno())
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
                watch.remove(other)

        watch = ErrorWatch(asyncio.get_running_loop(), on_error)
        for number in numbers:
            watch.add(number)
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
        watch = ErrorWatch(asyncio.get_running_loop(), print)
        before = descriptors()
        watch.add(ours.fileno())
        watch.add(other.fileno())
        assert descriptors() == before + 1
        other.close()
        watch.remove(other.fileno())
        watch.remove(12345)  # nobody's
        watch.remove(ours.fileno())
        assert descriptors() == before
        with pytest.raises(OSError, match="Operation not permitted"), open(os.devnull) as file:
            watch.add(file.fileno())
        assert descriptors() == before
        ours.close()
        theirs.close()

    in_loop(scene)
