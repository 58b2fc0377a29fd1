"""Handlers of file descriptors, on asyncio's loop and on uvloop."""

from __future__ import annotations

import asyncio
import fractions
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from tests.conftest import LogWatch
from tests.support.loops import FACTORIES, LoopFactory

from whirlwind import gen, locks, queues
from whirlwind._net.asyncio_loop import PollIOLoop
from whirlwind._net.ioloop import IOLoop
from whirlwind._net.poller import Poller


@pytest.fixture(params=[*FACTORIES, "uvloop without a poller"])
def loop(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[IOLoop]:
    name, without, _ = request.param.partition(" without")
    if without:  # as on systems that have no epoll
        monkeypatch.setattr(Poller, "is_there", staticmethod(lambda: False))
    made: IOLoop = IOLoop(asyncio_loop=FACTORIES[name]())
    yield made
    made.close(all_fds=True)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    left, right = socket.socketpair()
    left.setblocking(False)
    right.setblocking(False)
    yield left, right
    left.close()
    right.close()


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for fd in ends:
        try:
            os.close(fd)
        except OSError:
            pass


def test_a_handler_of_a_pipe_is_called_until_it_has_read(
    loop: IOLoop, pipe: tuple[int, int]
) -> None:
    seen: list[tuple[int, int, bytes]] = []

    def read(fd: int, events: int) -> None:
        seen.append((fd, events, os.read(fd, 2)))
        if len(seen) == 2:
            loop.stop()

    loop.add_handler(pipe[0], read, loop.READ)
    os.write(pipe[1], b"abcd")
    loop.start()
    assert seen == [(pipe[0], loop.READ, b"ab"), (pipe[0], loop.READ, b"cd")]
    loop.remove_handler(pipe[0])


def test_a_handler_is_given_the_object_it_was_added_with(
    loop: IOLoop, pair: tuple[socket.socket, socket.socket]
) -> None:
    left, right = pair
    seen: list[tuple[object, int]] = []

    def ready(sock: socket.socket, events: int) -> None:
        seen.append((sock, events))
        if events == loop.WRITE:
            loop.update_handler(sock, loop.READ)
            right.send(b"x")
        else:
            loop.remove_handler(sock)
            loop.stop()

    loop.add_handler(left, ready, loop.READ | loop.WRITE)
    loop.start()
    assert seen == [(left, loop.WRITE), (left, loop.READ)]
    assert loop.split_fd(left) == (left.fileno(), left)
    assert loop.split_fd(left.fileno()) == (left.fileno(), left.fileno())


def test_a_handler_without_events_is_not_called(
    loop: IOLoop, pair: tuple[socket.socket, socket.socket]
) -> None:
    left, right = pair
    seen: list[int] = []
    right.send(b"x")
    loop.add_handler(left, lambda sock, events: seen.append(events), loop.NONE)
    loop.call_later(0.001, loop.stop)
    loop.start()
    assert seen == []

    def ready(sock: socket.socket, events: int) -> None:
        loop.stop()

    loop.remove_handler(left)
    loop.add_handler(left, ready, loop.READ)
    loop.start()


def test_two_handlers_for_one_descriptor_are_refused(
    loop: IOLoop, pair: tuple[socket.socket, socket.socket]
) -> None:
    loop.add_handler(pair[0], print, loop.READ)
    with pytest.raises(ValueError, match=f"fd {pair[0].fileno()} added twice"):
        loop.add_handler(pair[0].fileno(), print, loop.READ)


def test_the_end_of_the_other_side_arrives_as_readable(
    loop: IOLoop, pair: tuple[socket.socket, socket.socket]
) -> None:
    left, right = pair
    seen: list[bytes] = []

    def ready(sock: socket.socket, events: int) -> None:
        seen.append(sock.recv(10))
        loop.remove_handler(sock)
        loop.stop()

    loop.add_handler(left, ready, loop.READ)
    loop.add_callback(right.close)
    loop.start()
    assert seen == [b""]


def test_a_refused_connection_arrives_as_writable(loop: IOLoop) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = unused.getsockname()
    client = socket.socket()
    client.setblocking(False)
    errors: list[int] = []

    def ready(sock: socket.socket, events: int) -> None:
        errors.append(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
        loop.remove_handler(sock)
        loop.stop()

    client.connect_ex(address)
    loop.add_handler(client, ready, loop.WRITE)
    loop.start()
    client.close()
    assert errors == [111]


def test_a_pipe_that_nobody_reads_arrives_as_writable(loop: IOLoop, pipe: tuple[int, int]) -> None:
    os.close(pipe[0])
    errors: list[type[OSError]] = []

    def ready(fd: int, events: int) -> None:
        try:
            os.write(fd, b"x")
        except OSError as error:
            errors.append(type(error))
        loop.remove_handler(fd)
        loop.stop()

    loop.add_handler(pipe[1], ready, loop.WRITE)
    loop.start()
    assert errors == [BrokenPipeError]


def test_a_socket_that_is_watched_closes_when_the_program_says_so(
    loop: IOLoop, pair: tuple[socket.socket, socket.socket]
) -> None:
    left, right = pair
    loop.add_handler(left, print, loop.READ)
    left.close()
    right.setblocking(True)
    assert right.recv(1) == b""
    loop.handlers.clear()  # type: ignore[attr-defined]


def test_a_descriptor_that_was_closed_first_can_still_be_removed_and_used_again(
    loop: IOLoop, pipe: tuple[int, int]
) -> None:
    read_end, _write_end = pipe
    loop.add_handler(read_end, print, loop.READ)
    loop.run_sync(lambda: None)
    # Another file takes the closed one's number.
    again, other_write = os.pipe()
    os.dup2(again, read_end)
    os.close(again)
    loop.remove_handler(read_end)
    seen: list[bytes] = []

    def ready(fd: int, events: int) -> None:
        seen.append(os.read(fd, 10))
        loop.stop()

    loop.add_handler(read_end, ready, loop.READ)
    os.write(other_write, b"new")
    loop.start()
    os.close(other_write)
    assert seen == [b"new"]


def test_a_regular_file_is_refused_and_leaves_nothing_behind(loop: IOLoop) -> None:
    with open(__file__) as file:
        for _ in range(2):
            with pytest.raises(PermissionError):
                loop.add_handler(file, print, loop.READ)


def test_a_closed_descriptor_is_refused(loop: IOLoop) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    os.close(write_end)
    with pytest.raises(OSError, match="Bad file descriptor"):
        loop.add_handler(read_end, print, loop.READ)


def test_removing_a_handler_that_is_not_there_does_no_harm(loop: IOLoop) -> None:
    loop.remove_handler(12345)
    loop.close_fd(12345)


@pytest.mark.parametrize("blocking", [True, False])
def test_watching_a_descriptor_does_not_change_whether_it_blocks(
    loop: IOLoop, pipe: tuple[int, int], blocking: bool
) -> None:
    os.set_blocking(pipe[0], blocking)
    loop.add_handler(pipe[0], print, loop.READ)
    assert os.get_blocking(pipe[0]) is blocking
    loop.update_handler(pipe[0], loop.NONE)
    loop.update_handler(pipe[0], loop.READ)
    assert os.get_blocking(pipe[0]) is blocking


def test_an_exception_of_a_handler_is_logged_and_the_handler_stays(
    loop: IOLoop, logs: LogWatch, pair: tuple[socket.socket, socket.socket]
) -> None:
    left, right = pair
    right.send(b"ab")

    def ready(sock: socket.socket, events: int) -> None:
        if sock.recv(1) == b"b":
            loop.stop()
        raise ZeroDivisionError

    loop.add_handler(left, ready, loop.READ)
    with logs.expect("whirlwind.application", "Exception in callback", count=2):
        loop.start()


def test_a_coroutine_function_can_be_a_handler(
    loop: IOLoop, pair: tuple[socket.socket, socket.socket]
) -> None:
    left, right = pair
    right.send(b"x")

    async def ready(sock: socket.socket, events: int) -> None:
        loop.remove_handler(sock)
        loop.stop()

    loop.add_handler(left, ready, loop.READ)
    loop.start()


@pytest.mark.parametrize("all_fds", [True, False])
def test_close_closes_descriptors_if_it_is_told_to(all_fds: bool) -> None:
    for factory in FACTORIES.values():
        loop: IOLoop = IOLoop(asyncio_loop=factory())
        left, right = socket.socketpair()
        loop.add_handler(left, print, loop.READ)
        loop.close(all_fds=all_fds)
        assert (left.fileno() == -1) is all_fds
        left.close()
        right.close()


def test_an_error_that_a_handler_ignores_does_not_silence_the_descriptor(loop: IOLoop) -> None:
    """uvloop stops watching on an error; programs count on being asked again."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = unused.getsockname()
    client = socket.socket()
    client.setblocking(False)
    calls: list[int] = []

    def ready(sock: socket.socket, events: int) -> None:
        calls.append(events)
        if len(calls) == 5:
            loop.stop()

    client.connect_ex(address)
    loop.add_handler(client, ready, loop.WRITE)
    loop.start()
    loop.remove_handler(client)
    client.close()
    assert calls[:5] == [loop.WRITE] * 5


@pytest.mark.parametrize("updated", [False, True])
@pytest.mark.parametrize("factory", FACTORIES.values(), ids=FACTORIES)
def test_a_descriptor_may_be_closed_in_the_turn_in_which_its_watch_changed(
    factory: LoopFactory, pair: tuple[socket.socket, socket.socket], updated: bool
) -> None:
    """libuv would end the process: it takes descriptors to the system later."""
    loop: Any = IOLoop(asyncio_loop=factory())
    left = pair[0]

    def close() -> None:
        if updated:
            loop.update_handler(left, loop.READ)
        else:
            loop.add_handler(left, print, loop.READ)
        number = left.fileno()
        left.close()
        loop.add_callback(loop.remove_handler, number)
        loop.add_timeout(loop.time() + 0.001, loop.stop)

    if updated:
        loop.add_handler(left, lambda sock, events: close(), loop.WRITE)
    else:
        loop.add_callback(close)
    loop.start()
    assert not loop.handlers
    loop.close()


def test_a_handler_that_goes_on_stopping_the_loop_does_not_stop_the_next_run(
    loop: IOLoop, pair: tuple[socket.socket, socket.socket]
) -> None:
    loop.add_handler(pair[0], lambda sock, events: loop.stop(), loop.WRITE)
    for _ in range(3):
        loop.start()
    loop.remove_handler(pair[0])
    assert loop.run_sync(lambda: asyncio.sleep(0.001, "ran")) == "ran"


def test_a_loop_is_stopped_as_often_as_it_was_started_by_whomever(loop: IOLoop) -> None:
    for run in (loop.start, loop.asyncio_loop.run_forever) * 2:
        loop.add_callback(loop.stop)
        run()
    loop.stop()
    loop.start()
    loop.add_callback(loop.stop)
    loop.start()


def test_a_poll_loop_counts_on_the_clock_it_was_given() -> None:
    loop = PollIOLoop(impl=object(), time_func=lambda: 42.0, make_current=False)
    assert loop.time() == 42.0
    loop.close()


@pytest.mark.parametrize("events", [IOLoop.READ, IOLoop.READ | IOLoop.WRITE])
def test_a_datagram_that_found_no_receiver_does_not_make_the_socket_deaf(
    loop: IOLoop, events: int
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unused:
        unused.bind(("127.0.0.1", 0))
        address = unused.getsockname()
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.setblocking(False)
    client.connect(address)
    seen: list[str] = []
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def ready(sock: socket.socket, event: int) -> None:
        if event != loop.READ:
            return
        try:
            seen.append(sock.recv(10).decode())
            loop.stop()
        except ConnectionRefusedError:
            seen.append("refused")
            server.bind(address)
            server.sendto(b"hello", sock.getsockname())

    loop.add_handler(client, ready, events)
    client.send(b"is anybody there?")
    loop.start()
    loop.remove_handler(client)
    client.close()
    server.close()
    assert seen == ["refused", "hello"]


def test_a_thread_adds_a_handler_by_way_of_a_callback(loop: IOLoop, pipe: tuple[int, int]) -> None:
    seen: list[Any] = []

    def ready(fd: int, events: int) -> None:
        seen.append(os.read(fd, 10))
        loop.remove_handler(fd)
        loop.stop()

    thread = threading.Thread(
        target=lambda: loop.add_callback(loop.add_handler, pipe[0], ready, loop.READ)
    )
    thread.start()
    os.write(pipe[1], b"line\n")
    loop.start()
    thread.join()
    assert seen == [b"line\n"]


def test_close_closes_the_connections_that_a_program_forgot() -> None:
    # With warnings as errors, as here, uvloop would stop halfway and raise an OSError.
    uvloop = pytest.importorskip("uvloop")
    loop: IOLoop = IOLoop(asyncio_loop=uvloop.new_event_loop())
    near, far = socket.socketpair()
    near.setblocking(False)

    async def forget() -> None:
        await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=near)

    with far:
        loop.run_sync(forget)
        loop.close(all_fds=True)
        assert loop.asyncio_loop.is_closed()
        far.settimeout(10)
        assert far.recv(1) == b""


# From 3.14 on get_event_loop() makes no loops any more.
_UNSET = "a loop" if sys.version_info < (3, 14) else "RuntimeError"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("", _UNSET, id="nothing was set"),
        pytest.param("asyncio.set_event_loop(None)", "RuntimeError", id="none was set"),
        pytest.param("asyncio.set_event_loop(old)", "the old", id="a loop was set"),
    ],
)
def test_a_closed_loop_leaves_its_thread_as_it_was(before: str, after: str) -> None:
    # Programs make futures, or ask asyncio for a loop, after a test case has closed its own.
    script = (
        "import asyncio, warnings; warnings.simplefilter('ignore')\n"
        "from whirlwind.ioloop import IOLoop\n"
        "old = asyncio.new_event_loop()\n"
        f"{before}\n"
        "IOLoop().close()\n"
        "try: found = asyncio.get_event_loop()\n"
        "except RuntimeError: print('RuntimeError')\n"
        "else: print('the old' if found is old else 'a loop'); found.close()\n"
        "old.close()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == (after, "")


# Mistakes of the program


@pytest.mark.parametrize("wrong", [None, 5, "name"])
def test_what_is_no_function_is_refused_where_it_is_given(loop: IOLoop, wrong: Any) -> None:
    for add in (loop.add_callback, loop.spawn_callback):
        with pytest.raises(TypeError):
            add(wrong)
    for plan in (loop.call_later, loop.call_at, loop.add_timeout):
        with pytest.raises(TypeError):
            plan(0, wrong)
    loop.run_sync(lambda: asyncio.sleep(0))


@pytest.mark.parametrize("kind", FACTORIES)
def test_stopping_a_loop_that_is_closed_does_nothing(kind: str) -> None:
    made: IOLoop = IOLoop(asyncio_loop=FACTORIES[kind]())
    made.close()
    made.stop()
    made.add_callback(print)


def test_an_unknown_argument_of_a_loop_is_refused() -> None:
    with pytest.raises(TypeError, match="nosuch"):
        IOLoop(nosuch=True)
    assert IOLoop.current(instance=False) is None


def test_clearing_the_current_loop_leaves_none_behind_that_nobody_closes() -> None:
    adopted = IOLoop.current()
    for _ in range(3):
        with pytest.warns(DeprecationWarning, match="clear_current"):
            IOLoop.clear_current()
        assert IOLoop.current() is adopted
    adopted.close()
    assert IOLoop.current(instance=False) is None


@pytest.mark.parametrize("deadline", [fractions.Fraction(1, 100), 1, True, 0.5])
def test_a_deadline_may_be_a_number_of_any_kind(loop: IOLoop, deadline: Any) -> None:
    seen: list[str] = []

    async def main() -> None:
        loop.add_timeout(deadline, seen.append, "timer")
        loop.call_later(0 * deadline, seen.append, "later")
        with pytest.raises(TimeoutError):
            await locks.Event().wait(deadline)
        with pytest.raises(TimeoutError):
            await gen.with_timeout(deadline, asyncio.Future())
        with pytest.raises(TimeoutError):
            await queues.Queue().get(deadline)
        while len(seen) < 2:
            await asyncio.sleep(0)

    loop.run_sync(main)
    for wrong in ("1", None, [1], 1j):
        with pytest.raises(TypeError, match="Unsupported deadline"):
            loop.add_timeout(wrong, print)  # type: ignore[arg-type]
