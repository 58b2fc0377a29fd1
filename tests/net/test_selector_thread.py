"""Readers and writers made of a thread, on a loop that is not asked for its own."""

from __future__ import annotations

import asyncio
import gc
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from tests.conftest import LogWatch

from whirlwind._net.selector_thread import AddThreadSelectorEventLoop, SelectorThread


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    left, right = socket.socketpair()
    left.setblocking(False)
    yield left, right
    left.close()
    right.close()


@pytest.fixture
def loop() -> Iterator[AddThreadSelectorEventLoop]:
    made = AddThreadSelectorEventLoop(asyncio.new_event_loop())  # type: ignore[abstract]
    yield made
    made.close()
    assert not any(thread.name == "whirlwind-selector" for thread in threading.enumerate())


def test_readers_and_writers_are_called_on_the_loop(
    loop: AddThreadSelectorEventLoop, pair: tuple[socket.socket, socket.socket]
) -> None:
    left, right = pair

    async def main() -> bytes:
        received: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        def write() -> None:
            assert asyncio.get_running_loop() is not None
            assert loop.remove_writer(left)
            right.send(b"x")

        def read(limit: int) -> None:
            assert loop.remove_reader(left)
            received.set_result(left.recv(limit))

        loop.add_reader(left, read, 10)
        loop.add_writer(left, write)
        return await received

    assert loop.run_until_complete(main()) == b"x"
    assert not loop.remove_reader(left)
    assert not loop.remove_writer(left)


def test_a_reader_added_while_the_thread_waits_is_heard(
    loop: AddThreadSelectorEventLoop, pair: tuple[socket.socket, socket.socket]
) -> None:
    left, right = pair
    right.send(b"abc")

    async def main() -> list[bytes]:
        await asyncio.sleep(0.001)  # the thread waits by now, or finds the wake-up when it does
        seen: list[bytes] = []
        done = asyncio.Event()

        def read() -> None:
            seen.append(left.recv(1))
            if len(seen) == 3:
                loop.remove_reader(left)
                done.set()

        loop.add_reader(left, read)
        await done.wait()
        return seen

    assert loop.run_until_complete(main()) == [b"a", b"b", b"c"]


def test_a_descriptor_that_was_closed_does_not_stop_the_others(
    loop: AddThreadSelectorEventLoop, pair: tuple[socket.socket, socket.socket]
) -> None:
    left, right = pair
    lost, other = socket.socketpair()

    async def main() -> None:
        done = asyncio.Event()
        loop.add_reader(lost.fileno(), print)
        lost_fd = lost.fileno()
        lost.close()
        other.close()

        def read() -> None:
            loop.remove_reader(left)
            done.set()

        loop.add_reader(left, read)
        loop.call_soon(loop.remove_reader, lost_fd)
        right.send(b"x")
        await done.wait()

    loop.run_until_complete(main())


def test_an_exception_of_a_reader_goes_to_the_handler_of_the_loop(
    loop: AddThreadSelectorEventLoop, pair: tuple[socket.socket, socket.socket], logs: LogWatch
) -> None:
    left, right = pair
    right.send(b"x")

    async def main() -> None:
        done = asyncio.Event()

        def fail() -> None:
            loop.remove_reader(left)
            done.set()
            raise ZeroDivisionError

        loop.add_reader(left, fail)
        await done.wait()
        await asyncio.sleep(0)

    with logs.expect("asyncio", "Exception in callback"):
        loop.run_until_complete(main())


def test_the_end_of_asyncio_run_ends_the_thread() -> None:
    threads: list[threading.Thread] = []

    async def main() -> None:
        selector = SelectorThread(asyncio.get_running_loop())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        threads.append(selector._thread)
        assert selector._thread.is_alive()

    asyncio.run(main())
    assert not threads[0].is_alive()


def test_closing_before_the_thread_has_started_leaves_nothing_behind() -> None:
    loop = asyncio.new_event_loop()
    selector = SelectorThread(loop)
    selector.close()
    selector.close()
    loop.close()
    assert not selector._thread.is_alive()


def test_a_loop_that_never_ran_is_collected_without_complaint() -> None:
    loop = asyncio.new_event_loop()
    SelectorThread(loop).close()
    loop.close()
    del loop
    gc.collect()


def test_a_program_that_forgets_to_close_still_ends() -> None:
    script = (
        "import asyncio\n"
        "from whirlwind._net.selector_thread import SelectorThread\n"
        "loop = asyncio.new_event_loop()\n"
        "kept = SelectorThread(loop)\n"
        "loop.run_until_complete(asyncio.sleep(0.01))\n"
        "print(kept._thread.is_alive())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=20
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")
