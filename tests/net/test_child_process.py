"""Child processes of a loop."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.loops import FACTORIES

from whirlwind._net.child_process import Subprocess
from whirlwind._net.ioloop import IOLoop
from whirlwind._net.iostream import PipeIOStream


@pytest.fixture(params=FACTORIES)
def loop(request: pytest.FixtureRequest) -> Iterator[IOLoop]:
    made: IOLoop = IOLoop(asyncio_loop=FACTORIES[request.param]())
    yield made
    made.close(all_fds=True)


@pytest.fixture(params=["pidfd", "thread"])
def notice(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How the end of a process is noticed: as on Linux, and as elsewhere."""
    if request.param == "thread":
        monkeypatch.delattr(os, "pidfd_open", raising=False)
    kind: str = request.param
    return kind


def python(code: str, **kwargs: Any) -> Subprocess:
    return Subprocess([sys.executable, "-c", code], **kwargs)


def open_descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


def test_streams_carry_data_both_ways(loop: IOLoop) -> None:
    async def main() -> tuple[bytes, bytes, int]:
        process = Subprocess(
            ["sh", "-c", "cat; echo done >&2"],
            stdin=Subprocess.STREAM,
            stdout=Subprocess.STREAM,
            stderr=Subprocess.STREAM,
        )
        assert isinstance(process.stdin, PipeIOStream)
        assert isinstance(process.stdout, PipeIOStream)
        assert isinstance(process.stderr, PipeIOStream)
        await process.stdin.write(b"hello")
        process.stdin.close()
        return (
            await process.stdout.read_until_close(),
            await process.stderr.read_until_close(),
            await process.wait_for_exit(),
        )

    before = open_descriptors()
    assert loop.run_sync(main) == (b"hello", b"done\n", 0)
    gc.collect()
    assert open_descriptors() <= before | set()


def test_the_exit_status_reaches_all_who_wait(loop: IOLoop, notice: str) -> None:
    async def main() -> list[Any]:
        process = python("raise SystemExit(3)")
        called: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        process.set_exit_callback(called.set_result)
        quiet = process.wait_for_exit(raise_error=False)
        with pytest.raises(subprocess.CalledProcessError) as caught:
            await process.wait_for_exit()
        return [await called, await quiet, caught.value.returncode, process.returncode]

    assert loop.run_sync(main) == [3, 3, 3, 3]


def test_a_signal_is_a_negative_status(loop: IOLoop, notice: str) -> None:
    async def main() -> int:
        process = Subprocess(["cat"], stdin=subprocess.PIPE)
        assert process.returncode is None
        os.kill(process.pid, signal.SIGTERM)
        status = await process.wait_for_exit(raise_error=False)
        assert process.proc.stdin is process.stdin
        assert process.proc.stdin is not None
        process.proc.stdin.close()
        return status

    assert loop.run_sync(main) == -signal.SIGTERM


def test_a_process_that_ended_long_ago_still_reports(loop: IOLoop, notice: str) -> None:
    async def main() -> list[int]:
        process = python("pass")
        first = await process.wait_for_exit()
        second = await process.wait_for_exit()
        reaped = python("raise SystemExit(4)")
        reaped.proc.wait()
        return [first, second, await reaped.wait_for_exit(raise_error=False)]

    assert loop.run_sync(main) == [0, 0, 4]


def test_a_program_that_is_not_there_leaves_no_descriptor(loop: IOLoop) -> None:
    before = open_descriptors()
    for _ in range(2):
        with pytest.raises(FileNotFoundError):
            Subprocess(["/nonexistent"], stdin=Subprocess.STREAM, stdout=Subprocess.STREAM)
    assert open_descriptors() == before


def test_a_loop_that_is_closed_first_leaves_no_descriptor() -> None:
    before = open_descriptors()
    for factory in FACTORIES.values():
        loop: IOLoop = IOLoop(asyncio_loop=factory())
        process = Subprocess(["cat"], stdin=subprocess.PIPE)
        process.set_exit_callback(print)
        loop.close()
        assert process.proc.stdin is not None
        process.proc.stdin.close()
        process.proc.wait()
        del process, loop
    gc.collect()
    assert open_descriptors() == before


def test_a_cancelled_wait_does_not_disturb_the_others(loop: IOLoop) -> None:
    async def main() -> int:
        process = Subprocess(["cat"], stdin=subprocess.PIPE)
        process.wait_for_exit().cancel()
        kept = process.wait_for_exit()
        assert process.proc.stdin is not None
        process.proc.stdin.close()
        return await kept

    assert loop.run_sync(main) == 0


def test_loops_in_two_threads_wait_for_their_own_children() -> None:
    statuses: dict[int, int] = {}

    def run(status: int) -> None:
        loop: IOLoop = IOLoop()

        async def main() -> int:
            process = python(f"raise SystemExit({status})")
            return await process.wait_for_exit(raise_error=False)

        statuses[status] = loop.run_sync(main)
        loop.close()

    threads = [threading.Thread(target=run, args=(status,)) for status in (5, 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == {5: 5, 6: 6}


def test_initialize_and_uninitialize_can_be_called() -> None:
    Subprocess.initialize()
    Subprocess.uninitialize()
